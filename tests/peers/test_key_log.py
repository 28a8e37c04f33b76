# SPDX-License-Identifier: GPL-3.0-or-later
"""lab.key_log: what it writes down is the handshake's. From a line and the randoms that were on
the wire the SRTP keys are made anew (RFC 5705, 5764; RFC 8446 section 7.5) and are those that the
other end exported; tshark decrypts the handshake with it."""

import hashlib
import hmac
import os
import subprocess

from tests.peers.handshakes import MATERIAL, Handshakes, OpenSsl, Program
from tests.peers.interop import DTLS_SDP
from tests.peers.lab import BINARY, wait_for
from tests.peers.link import Impairment, Link
from tests.peers.test_call_trace import write_pcap

LABEL = b"EXTRACTOR-dtls_srtp"
PROFILE = 7


class Tap(Impairment):
    """Nothing is spoiled, everything is remembered, in the order of both directions."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def times(self, datagram):
        self.seen.append((self, datagram))
        return super().times(datagram)


def hello_random(datagrams, is_client):
    """Of the last ClientHello or ServerHello: the first has no cookie."""
    found = [d for client, d in datagrams
             if client == is_client and d[0] == 22 and d[13] == (1 if is_client else 2)]
    return found[-1][27:59]


def export_12(master, client, server, length, algorithm):
    """RFC 5705 section 4 with the PRF of RFC 5246 section 5."""
    seed = LABEL + client + server
    out, a = b"", seed
    while len(out) < length:
        a = hmac.digest(master, a, algorithm)
        out += hmac.digest(master, a + seed, algorithm)
    return out[:length]


def expand_label(secret, label, context, length, algorithm):
    """RFC 8446 section 7.1 with the prefix of RFC 9147 section 5.9."""
    label = b"dtls13" + label
    info = (length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)])
            + context)
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([n]), algorithm)
        out, n = out + block, n + 1
    return out[:length]


def export_13(secret, length, algorithm):
    """RFC 8446 section 7.5, without a context."""
    empty = hashlib.new(algorithm, b"").digest()
    derived = expand_label(secret, LABEL, empty, len(empty), algorithm)
    return expand_label(derived, b"exporter", empty, length, algorithm)


class KeyLog(Handshakes):
    @classmethod
    def before_start(cls):
        cls.log = os.path.join(os.path.abspath(cls.folder), "keys.log")
        cls.sbc.settings["more"] = f"lab:\n  enabled: true\n  key_log: {cls.log}\n"

    def handshake(self, kind, program, role):
        """The peer's exported keys, the record of its leg, and the datagrams: (is it the
        client's, bytes)."""
        is_server, seen = role == "server", []
        link, plain = Link(True, Tap(seen), Tap(seen)), self.plain_end()
        self.addCleanup(link.close)
        if is_server:
            peer = self.start(kind, program, True, link, self.keys["ECDSA"], PROFILE)
        call = self.call(plain, DTLS_SDP.format(
            port=link.outer, setup="passive" if is_server else "active",
            fingerprint=self.fingerprints["ECDSA"]))
        link.sbc = call.ours.address
        if not is_server:
            peer = self.start(kind, program, False, link, self.keys["ECDSA"], PROFILE)
        key = self.wait_key(peer)
        call.end()
        leg = self.record_of(call)["legs"][1]
        peer.stop()
        client = link.to_peer if is_server else link.from_peer
        return key, leg, [(tap is client, datagram) for tap, datagram in seen]

    def secrets_of(self, client_random, label):
        """Each secret that was written down for it, within a while."""
        def found():
            with open(self.log, encoding="ascii") as log:
                lines = [line.split() for line in log.read().splitlines()]
            return [bytes.fromhex(secret) for word, random, secret in lines
                    if word == label and bytes.fromhex(random) == client_random]
        return wait_for(found, 5, f"{label} {client_random.hex()}")

    def test_dtls_12(self):
        for role in ("client", "server"):
            with self.subTest(role):
                key, leg, datagrams = self.handshake(OpenSsl, "openssl", role)
                self.assertEqual("DTLSv1.2", leg["dtls"])
                algorithm = "sha384" if "SHA384" in leg["cipher_suite"] else "sha256"
                randoms = hello_random(datagrams, True), hello_random(datagrams, False)
                secrets = self.secrets_of(randoms[0], "CLIENT_RANDOM")
                self.assertEqual(1, len(secrets))
                self.assertEqual(48, len(secrets[0]))
                self.assertEqual(key.hex(), export_12(secrets[0], *randoms, MATERIAL[PROFILE],
                                                      algorithm).hex())
                self.assert_tshark_decrypts(datagrams)

    def assert_tshark_decrypts(self, datagrams):
        """Both Finished messages are encrypted: it sees that they are such."""
        path = os.path.join(self.folder, "handshake.pcap")
        write_pcap(path, [(9999, 4433, datagram) if is_client else (4433, 9999, datagram)
                          for is_client, datagram in datagrams])
        for log, wanted in (("/dev/null", 0), (self.log, 2)):
            done = subprocess.run(
                ["tshark", "-r", path, "-d", "udp.port==4433,dtls", "-o",
                 f"tls.keylog_file:{log}", "-T", "fields", "-e", "dtls.handshake.type"],
                capture_output=True, text=True, timeout=60, check=True)
            kinds = done.stdout.replace("\n", ",").split(",")
            self.assertEqual(wanted, kinds.count("20"), done.stdout)

    def test_dtls_13(self):
        for role in ("client", "server"):
            with self.subTest(role):
                key, leg, datagrams = self.handshake(Program, "dtls_wolfssl13", role)
                self.assertEqual("DTLSv1.3", leg["dtls"])
                algorithm = "sha384" if "SHA384" in leg["cipher_suite"] else "sha256"
                random = hello_random(datagrams, True)
                secret = self.secrets_of(random, "EXPORTER_SECRET")[-1]
                self.assertEqual(key.hex(),
                                 export_13(secret, MATERIAL[PROFILE], algorithm).hex())
                for label in ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                              "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"):
                    self.assertTrue(self.secrets_of(random, label))

    def test_nobody_else_reads_it(self):
        self.assertEqual(0o600, os.stat(self.log).st_mode & 0o7777)
        self.assertRegex(self.log_text(), r'warn sbc weak key_log=".*keys\.log" why=')

    def test_refused_elsewhere(self):
        """Without the word that it is a laboratory."""
        with open(self.sbc.config, encoding="ascii") as config:
            text = config.read()
        path = os.path.join(self.folder, "refused.yaml")
        for words in ("", "  enabled: false\n"):
            with open(path, "w", encoding="ascii") as out:
                out.write(text.replace("  enabled: true\n", words))
            os.chmod(path, 0o600)
            done = subprocess.run([BINARY, "-c", path], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertNotEqual(0, done.returncode)
            self.assertIn("it gives away the media of all calls", done.stdout + done.stderr)
