#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make interop: runs the tests with real peers and writes down what they saw, docs/interop.md."""

import argparse
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIELDS = ("peer", "role", "call", "dtls", "cipher", "profile", "certificate", "media")
# name in the table, Debian's package, what stands for it in the test
PEERS = (
    ("OpenSSL", "openssl", "the programs `s_client` and `s_server`"),
    ("GnuTLS", "libgnutls28-dev", "`tests/peers/dtls/gnutls.c`"),
    ("Botan", "libbotan-2-dev", "`tests/peers/dtls/botan.cc`"),
    ("Mbed TLS", "libmbedtls-dev", "`tests/peers/dtls/mbedtls.c`"),
    ("wolfSSL", "", "`tests/peers/dtls/wolfssl.c`, with the library that countersip is built with"),
    ("GStreamer", "gstreamer1.0-plugins-bad", "its elements `dtlssrtpenc` and `dtlssrtpdec`"),
    ("rtpengine", "rtpengine-daemon", "in user space, between the test's plain RTP and countersip"),
    ("baresip", "baresip-core", "a phone, registered over TLS"),
    ("Linphone", "linphone-cli", "the phone `linphonec`, registered over UDP"),
)

HEAD = """\
# Interoperation

Which DTLS-SRTP implementations countersip was seen to speak with, as `make interop` wrote it
from what the tests saw. The tests of `make test T=peers/interop` see it again each time and
fail when a row differs, or is missing, or is there without having been seen.

Every row is a call through a whole countersip. One leg is the peer's, with the fingerprint of
its certificate in the SDP; the other one is plain RTP in the test's hands, so that what crosses
can be looked at. *Role* is the peer's in the DTLS handshake; *call* tells who called whom. A
peer that has DTLS but no media of its own prints its exported key (RFC 5764 section 4.2): with
it the test protects a packet, which must come out in the clear on the other leg, and opens one
that was said there. Others do SRTP themselves: both sides play a tone, and each must hear the
other's. With all but the phones, who write their own SDP, the call is also made with another
fingerprint than its certificate's, in both roles: nothing crosses then, and the call ends with
a Reason (for baresip the third act of [the demo](demo.md) shows it).

| peer | role | call | DTLS | cipher suite | SRTP profile | its certificate | media |
|---|---|---|---|---|---|---|---|
"""

VERSIONS = """
## Versions

These were there when the table was written.

| peer | version | what it is in the tests |
|---|---|---|
"""

TAIL = """
MatrixSSL: not tried. It is in no registry that the tests can take it from, and its public
source (4.x) does not have `use_srtp`, so that it cannot do DTLS-SRTP at all.

## Remarks

- GStreamer as client sends its ClientHello in two records of 255 and 72 bytes, each a datagram;
  they are joined before the handshake begins. Its first packets leave before its encoder has
  the keys: they do not verify, and are dropped.
- Phones on OpenSSL and Mbed TLS have RSA certificates; with those the suite is an ECDHE_RSA one
  where they are the server.

## Known limits

- An RSA certificate in a client that goes strictly by the kinds of certificate it is asked for
  (RFC 5246 section 7.4.4), as Botan does: wolfSSL asks for those of its own kind alone, which is
  ECDSA. As a server the same peer may have an RSA certificate. OpenSSL, GnuTLS, Mbed TLS, and so
  all phones that stand on them, show theirs all the same.
- A browser needs ICE, which countersip does not have yet. What Chromium sends as its first
  flight, a ClientHello in two datagrams, is taken (`tests/unit/media/test_dtls.c`).
"""


def run_tests(build):
    env = dict(os.environ, COUNTERSIP_INTEROP="write", COUNTERSIP_BUILD=build,
               PYTHONDONTWRITEBYTECODE="1")
    modules = [path[:-3].replace("/", ".")
               for path in sorted(glob.glob("tests/peers/test_interop*.py"))]
    return subprocess.run([sys.executable, "-m", "unittest", "-v", *modules], env=env,
                          check=False).returncode


def read_rows(build):
    rows = []
    for path in sorted(glob.glob(os.path.join(build, "interop", "*.json"))):
        with open(path, encoding="ascii") as file:
            rows += json.load(file)
    order = [peer for peer, _, _ in PEERS]
    return sorted(rows, key=lambda row: (order.index(row["peer"]),
                                         *(row[field] for field in FIELDS[1:])))


def version(package):
    if not package:
        with open("tools/deps.sh", encoding="utf-8") as file:
            return next(line for line in file
                        if line.startswith("wolfssl_version=")).strip().split("=")[1]
    return subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True,
                          text=True, check=True).stdout


def write(rows, path):
    there = {row["peer"] for row in rows}
    with open(path, "w", encoding="utf-8") as out:
        out.write(HEAD)
        for row in rows:
            out.write("| " + " | ".join(row[field] for field in FIELDS) + " |\n")
        out.write(VERSIONS)
        for peer, package, what in PEERS:
            if peer in there:
                out.write(f"| {peer} | {version(package)} | {what} |\n")
        out.write(TAIL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/plain")
    args = parser.parse_args()
    os.chdir(ROOT)
    for old in glob.glob(os.path.join(args.build, "interop", "*.json")):
        os.unlink(old)
    status = run_tests(args.build)
    if status:
        print("interop: a test failed; docs/interop.md is as it was")
        return status
    write(read_rows(args.build), "docs/interop.md")
    print("interop: docs/interop.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
