# SPDX-License-Identifier: GPL-3.0-or-later
"""DTLS libraries as peers, in both roles: the handshake of a call, the key that both ends
export, shown by SRTP that crosses to the other leg and back; and no media for a certificate that
was not signalled."""

from tests.peers.handshakes import OPENSSL_NAMES, Handshakes, OpenSsl, Program
from tests.peers.interop import DTLS_SDP, PATIENCE, Row
from tests.peers.link import Link
from tests.peers.ua import FINGERPRINT
from procs import wait_for


class Dtls(Handshakes):
    PEERS = ("OpenSSL", "GnuTLS", "Botan", "Mbed TLS", "wolfSSL")

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
