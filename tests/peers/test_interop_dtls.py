# SPDX-License-Identifier: GPL-3.0-or-later
"""DTLS libraries as peers, in both roles: the handshake of a call, the key that both ends
export, shown by SRTP that crosses to the other leg and back; and no media for a certificate that
was not signalled."""

import os
import re
import time

from tests.peers import srtp
from tests.peers.interop import (DTLS_SDP, PATIENCE, Interop, Row, fingerprint_of, rtp)
from tests.peers.lab import ROOT
from tests.peers.link import Link
from tests.peers.ua import FINGERPRINT
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


class Dtls(Interop):
    PEERS = ("OpenSSL", "GnuTLS", "Botan", "Mbed TLS", "wolfSSL")

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

    def try_peer(self, name, program, role, profile=1, certificate="ECDSA", kind=Program,
                 bob_calls=False):
        is_server = role == "server"
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)
        setup = "passive" if is_server else "active"
        if is_server:
            peer = self.start(kind, program, True, link, self.keys[certificate], profile)
        call = self.call(plain, DTLS_SDP.format(port=link.outer, setup=setup,
                                                fingerprint=self.fingerprints[certificate]),
                         bob_calls)
        link.sbc = call.ours.address
        if not is_server:
            peer = self.start(kind, program, False, link, self.keys[certificate], profile)
        material = self.wait_key(peer)
        self.assert_crosses(plain, link, material, profile, not is_server)
        if peer.fingerprint():
            self.assertEqual(call.ours.fingerprint, peer.fingerprint())
        call.end()
        leg = self.record_of(call)["legs"][0 if bob_calls else 1]
        self.assertTrue(leg["fingerprint_match"], leg)
        self.assertIn(OPENSSL_NAMES[profile].split("_SHA1")[0], leg["srtp_profile"])
        self.assertEqual(0, leg["dropped"]["auth"], leg)
        self.saw(Row(name, role, "to it" if not bob_calls else "from it", leg["dtls"],
                     leg["cipher_suite"], leg["srtp_profile"], certificate,
                     "both ways, with its exported key"))

    def try_impostor(self, program, role, kind=Program):
        """Its certificate is another one than SDP said."""
        is_server = role == "server"
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)
        if is_server:
            self.start(kind, program, True, link, self.keys["ECDSA"], 1)
        call = self.call(plain, DTLS_SDP.format(
            port=link.outer, setup="passive" if is_server else "active",
            fingerprint=FINGERPRINT))
        link.sbc = call.ours.address
        if not is_server:
            self.start(kind, program, False, link, self.keys["ECDSA"], 1)
        self.assert_refused(call, plain)

    def test_openssl(self):
        for row in (("client", 1, "ECDSA"), ("server", 1, "ECDSA"), ("client", 7, "RSA"),
                    ("server", 8, "RSA")):
            with self.subTest(row):
                self.try_peer("OpenSSL", "openssl", *row, kind=OpenSsl)
        with self.subTest("it calls"):
            self.try_peer("OpenSSL", "openssl", "client", 8, kind=OpenSsl, bob_calls=True)
            self.try_peer("OpenSSL", "openssl", "server", 7, kind=OpenSsl, bob_calls=True)
        for role in ("client", "server"):
            with self.subTest("impostor", role=role):
                self.try_impostor("openssl", role, kind=OpenSsl)

    def try_library(self, name, program, rows):
        for row in rows:
            with self.subTest(row):
                self.try_peer(name, program, *row)
        for role in ("client", "server"):
            with self.subTest("impostor", role=role):
                self.try_impostor(program, role)

    def test_gnutls(self):
        self.try_library("GnuTLS", "dtls_gnutls", (
            ("client", 1, "ECDSA"), ("server", 1, "ECDSA"), ("client", 1, "RSA"),
            ("server", 1, "RSA")))

    def test_mbedtls(self):
        self.try_library("Mbed TLS", "dtls_mbedtls", (
            ("client", 1, "ECDSA"), ("server", 1, "ECDSA"), ("client", 1, "RSA"),
            ("server", 1, "RSA")))

    def test_botan(self):
        self.try_library("Botan", "dtls_botan", (
            ("client", 1, "ECDSA"), ("server", 7, "ECDSA"), ("client", 8, "ECDSA"),
            ("server", 1, "RSA")))
        self.try_strict_rsa_client()

    def try_strict_rsa_client(self):
        """wolfSSL, with a certificate on a curve, asks for such certificates alone (RFC 5246
        section 7.4.4). Others show their RSA certificate all the same; Botan shows none."""
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)
        call = self.call(plain, DTLS_SDP.format(port=link.outer, setup="active",
                                                fingerprint=self.fingerprints["RSA"]))
        link.sbc = call.ours.address
        peer = self.start(Program, "dtls_botan", False, link, self.keys["RSA"], 1)
        wait_for(peer.has_ended, PATIENCE, "botan to give up")
        self.assertIsNone(peer.key())
        call.end()
        self.saw(Row("Botan", "client", "to it", "", "", "", "RSA",
                     "none: asked for ECDSA, it shows no certificate"))

    def test_wolfssl(self):
        self.try_library("wolfSSL", "dtls_wolfssl", (
            ("client", 1, "ECDSA"), ("server", 7, "ECDSA"), ("client", 8, "RSA"),
            ("server", 1, "RSA")))

    def test_wolfssl_dtls13(self):
        self.try_library("wolfSSL", "dtls_wolfssl13", (
            ("client", 8, "ECDSA"), ("server", 1, "ECDSA"), ("client", 7, "RSA"),
            ("server", 7, "RSA")))

    def test_zz_table(self):
        self.check_table()
        self.assert_clean_log()
