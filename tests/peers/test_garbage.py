# SPDX-License-Identifier: GPL-3.0-or-later
"""Garbage on each port: it stays alive, goes on serving, and hardly logs."""

import random
import re
import socket
import ssl

from tests.peers.lab import DOMAIN, IS_SLOW, PASSWORDS, Lab
from tests.peers.ua import Ua, connect

PIECES = 300 if IS_SLOW else 1500
# Lines for a thousand faults: a few of each kind, each with a count.
LINES_MAX = 60

BROKEN = [
    b"INVITE sip:bob@atlanta.test SIP/2.0\r\n\r\n",
    b"INVITE sip:bob@atlanta.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: x\r\nCSeq: 1 BYE\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnobody\r\n"
    b"From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\n" + b"a:\r\n" * 16000,
    b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4294967328\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
    b"OPTIONS sip:a SIP/2.0\r\nVia: " + b";" * 30000 + b"\r\n\r\n",
    b"\x00" * 1000,
    b"\r\n" * 2000,
    b"A" * 60000,
]


class Garbage(Lab):
    def setUp(self):
        self.random = random.Random(self.id())  # the same each time
        self.before = self.log_lines()
        self.ua = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(self.ua.close)

    def pieces(self, count=PIECES, size=1400):
        yield from BROKEN
        for n in range(count):
            noise = self.random.randbytes(self.random.randrange(1, size))
            base = BROKEN[n % len(BROKEN)]
            cut = self.random.randrange(len(base[:800]) + 1)
            yield (noise, base[:cut] + noise[:40] + base[cut:1400], base[:cut])[n % 3]

    def assert_serves(self):
        self.assert_alive()
        text = self.ua.request("OPTIONS", f"sip:{DOMAIN}", self.id())
        for _ in range(20):  # as any client repeats it: the socket's queue may be full
            heard = self.ua.receive(0.5)
            if heard:
                break
            self.ua.send(text)
        self.assertTrue(heard and heard.code == 200, self.log_text()[-3000:])
        self.assert_clean_log()
        self.assertLess(self.log_lines() - self.before, LINES_MAX,
                        self.log_text()[-3000:])

    def test_udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", self.sip_port))
            for piece in self.pieces():
                stranger.send(piece)
        self.assert_serves()

    def pour(self, port, wrap=None):
        for piece in self.pieces(PIECES // 5, 8000):
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as stranger:
                    stranger.settimeout(0.02)
                    with wrap(stranger) if wrap else stranger as end:
                        end.sendall(piece)
                        end.recv(4096)
            except (OSError, ssl.SSLError):
                continue  # closed on us: as it should

    def wrap(self, stranger):
        stranger.settimeout(5)
        end = self.tls_context().wrap_socket(stranger, server_hostname=DOMAIN)
        end.settimeout(0.02)
        return end

    def test_tcp(self):
        self.pour(self.sip_port)
        self.assert_serves()

    def test_tls_port_in_the_clear(self):
        self.pour(self.tls_port)
        self.assert_serves()

    def test_within_tls(self):
        self.pour(self.tls_port, self.wrap)
        self.assert_serves()

    def test_https_port_in_the_clear(self):
        self.pour(self.https_port)
        self.assert_serves()

    def test_within_https(self):
        self.pour(self.https_port, self.wrap)
        self.assert_serves()

    def test_silent_connections(self):
        """Many that say nothing keep nobody else out."""
        waiting = [socket.create_connection(("127.0.0.1", port), 5)
                   for port in (self.sip_port, self.tls_port, self.https_port)
                   for _ in range(20)]
        try:
            self.assert_serves()
        finally:
            for connection in waiting:
                connection.close()

    def test_media_ports_of_a_call(self):
        bob = Ua("bob", DOMAIN, PASSWORDS["bob"], self.sip_port)
        self.addCleanup(bob.close)
        self.assertEqual(200, self.ua.register().code)
        self.assertEqual(200, bob.register().code)
        answered, invite = connect(self.ua, bob)
        ports = [int(re.search(r"m=audio (\d+)", m.body)[1]) for m in (answered, invite)]
        headers = [bytes([first]) for first in (0, 22, 23, 63, 64, 128, 191, 192, 255)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for n, piece in enumerate(self.pieces()):
                port = ports[n % 2] + (n // 2) % 2
                first = headers[n % len(headers)]
                for datagram in (piece[:1400], first + piece[1:1400],
                                 b"\x16\xfe\xff" + piece[:200]):
                    try:
                        stranger.sendto(datagram, ("127.0.0.1", port))
                    except ConnectionRefusedError:
                        pass
        self.assert_serves()


class Answers(Lab):
    """What can be understood but is wrong is answered, and says why."""

    CASES = (
        (400, "CSeq of another method", "CSeq: 1 OPTIONS", "CSeq: 1 BYE"),
        (400, "no number in CSeq", "CSeq: 1 OPTIONS", "CSeq: one OPTIONS"),
        (400, "a negative length", "Content-Length: 0", "Content-Length: -5"),
        (400, "two Call-IDs", "Call-ID: answers", "Call-ID: answers\r\nCall-ID: other"),
        (505, "another version", "SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
    )

    def test_broken_requests(self):
        ua = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(ua.close)
        for n, (code, why, good, bad) in enumerate(self.CASES):
            text = ("OPTIONS sip:atlanta.test SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP 127.0.0.1:{ua.port};branch=z9hG4bKanswers{n};rport\r\n"
                    "Max-Forwards: 70\r\nFrom: <sip:alice@atlanta.test>;tag=1\r\n"
                    "To: <sip:atlanta.test>\r\nCall-ID: answers\r\nCSeq: 1 OPTIONS\r\n"
                    "Content-Length: 0\r\n\r\n")
            self.assertIn(good, text)
            ua.send(text.replace(good, bad))
            heard = ua.receive(3)
            self.assertIsNotNone(heard, why)
            self.assertEqual(code, heard.code, f"{why}: {heard.first}")
        self.assert_alive()
