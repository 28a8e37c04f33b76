# SPDX-License-Identifier: GPL-3.0-or-later
"""DTLS libraries as programs that do the handshake of a call and print the key that they
export; with it the test protects and opens SRTP itself."""

import os
import re
import time

from tests.peers import srtp
from tests.peers.interop import PATIENCE, Interop, fingerprint_of, rtp
from tests.peers.lab import ROOT
from procs import wait_for

MTU = 1200
PROFILE_NAMES = {1: "SRTP_AES128_CM_HMAC_SHA1_80", 2: "SRTP_AES128_CM_HMAC_SHA1_32",
                 7: "SRTP_AEAD_AES_128_GCM", 8: "SRTP_AEAD_AES_256_GCM"}
MATERIAL = {1: 60, 2: 60, 7: 56, 8: 88}
OPENSSL_NAMES = {1: "SRTP_AES128_CM_SHA1_80", 2: "SRTP_AES128_CM_SHA1_32",
                 7: "SRTP_AEAD_AES_128_GCM", 8: "SRTP_AEAD_AES_256_GCM"}


class Program:
    """A peer of tests/peers/dtls. argument 0 tells it what it is."""

    def __init__(self, lab, program, is_server, port, keys, profile, mtu=MTU):
        certificate, key = keys
        self.log = lab.new_log(program)
        role = "server" if is_server else "client"
        self.program = lab.programs.start(
            self.log, [os.path.join(ROOT, "build", "peers", program), role, str(port), key,
                       certificate, str(profile), str(mtu)])
        if is_server:
            wait_for(lambda: "listening" in self.output(), PATIENCE, f"{program} to listen")

    def output(self):
        with open(self.program.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def value(self, word):
        found = re.search(rf"^{word} (.*)$", self.output(), re.M)
        return found and found[1]

    def key(self):
        return self.value("key")

    def has_ended(self):
        return not self.program.is_running()

    def fingerprint(self):
        return self.value("fingerprint")

    def stop(self):
        self.program.stop(2)


class OpenSsl(Program):
    """The openssl program: it prints the same things in words of its own."""

    def __init__(self, lab, program, is_server, port, keys, profile, mtu=MTU):
        certificate, key = keys
        self.log = lab.new_log("openssl")
        where = ["s_server", "-accept", f"127.0.0.1:{port}", "-Verify", "1", "-listen"] \
            if is_server else ["s_client", "-connect", f"127.0.0.1:{port}", "-showcerts"]
        words = [program, *where, "-dtls1_2", "-timeout", "-mtu", str(mtu), "-cert", certificate,
                 "-key", key, "-use_srtp", OPENSSL_NAMES[profile],
                 "-keymatexport", "EXTRACTOR-dtls_srtp",
                 "-keymatexportlen", str(MATERIAL[profile])]
        # It ends when its input does.
        line = "sleep 60 | exec " + " ".join(words)
        self.program = lab.programs.start(self.log, ["sh", "-c", line])
        if is_server:
            wait_for(lambda: "ACCEPT" in self.output(), PATIENCE, "openssl to listen")

    def key(self):
        found = re.search(r"Keying material: ([0-9A-F]+)", self.output())
        return found and found[1]

    def fingerprint(self):
        return None  # it shows the certificate in too many ways


class Handshakes(Interop):
    """bob's media is a DTLS library's, behind a Link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.started = 0
        cls.keys = {"ECDSA": cls.pki.certify("peer-ecdsa", "peer.test"),
                    "RSA": cls.pki.certify("peer-rsa", "peer.test", rsa=True)}
        cls.fingerprints = {kind: fingerprint_of(keys[0]) for kind, keys in cls.keys.items()}

    def new_log(self, program):
        type(self).started += 1
        return f"{program}-{self.started}"

    def peer_port(self):
        return self.base + 60 + self.started % 40

    def start(self, kind, program, is_server, link, keys, profile):
        if is_server:
            port = self.peer_port()
            link.peer = ("127.0.0.1", port)
        else:
            port = link.inner
        peer = kind(self, program, is_server, port, keys, profile)
        self.addCleanup(peer.stop)
        return peer

    def wait_key(self, peer):
        def told():
            return peer.key() or peer.has_ended()
        wait_for(told, PATIENCE, f"the handshake, see {peer.program.log}")
        self.assertTrue(peer.key(), peer.output() + self.log_text()[-2000:])
        return bytes.fromhex(peer.key())

    def assert_crosses(self, plain, link, material, profile, is_client):
        """A packet each way: what the peer's key protects is heard on the other leg, and what
        is said there opens with the peer's key."""
        out, into = srtp.pair(profile, material, is_client)
        self.addCleanup(out.close)
        self.addCleanup(into.close)
        deadline = time.monotonic() + PATIENCE
        heard, number = None, 0
        while not heard and time.monotonic() < deadline:
            number += 1
            link.send_media(out.protect(rtp(number, b"from the peer" * 10, 0x77)))
            heard = plain.receive(0.05)
        self.assertIsNotNone(heard, self.log_text()[-2000:])
        self.assertEqual(b"from the peer" * 10, heard[12:])
        plain.send(b"to the peer" * 10)
        opened = link.take_media(into.unprotect, PATIENCE)
        self.assertIsNotNone(opened)
        self.assertEqual(b"to the peer" * 10, opened[12:])
