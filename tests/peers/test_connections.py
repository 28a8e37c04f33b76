# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows S3 to S5 against the daemon: connections that lie, hang, reset or do not read. Others are
served meanwhile, no descriptor and no memory stays behind."""

import os
import socket
import ssl
import struct
import time

from tests.peers.lab import DOMAIN, IS_SLOW, PASSWORDS, Lab, wait_for
from tests.peers.ua import Ua, token

MANY = 100 if IS_SLOW else 400
INVITE = ("INVITE sip:bob@atlanta.test SIP/2.0\r\n"
          "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{token}\r\nMax-Forwards: 70\r\n"
          "From: <sip:alice@atlanta.test>;tag=1\r\nTo: <sip:bob@atlanta.test>\r\n"
          "Call-ID: {token}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:9>\r\n"
          "Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n")
OPTIONS = ("OPTIONS sip:atlanta.test SIP/2.0\r\n"
           "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{token}\r\nMax-Forwards: 70\r\n"
           "From: <sip:x@x.test>;tag=1\r\nTo: <sip:atlanta.test>\r\n"
           "Call-ID: {token}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


class Connections(Lab):
    SETTINGS = {"more": "limits:\n  connections_per_address: 600\n"}

    def setUp(self):
        self.ua = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(self.ua.close)
        self.assert_serves()
        self.descriptors = self.count_descriptors()

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.sbc.program.process.pid}/fd"))

    def resident_kib(self):
        with open(f"/proc/{self.sbc.program.process.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def assert_serves(self):
        self.assert_alive()
        self.ua.request("OPTIONS", f"sip:{DOMAIN}", token())
        self.assertEqual(200, self.ua.wait_final("OPTIONS").code)

    def assert_all_gone(self):
        wait_for(lambda: self.count_descriptors() <= self.descriptors, 10, "descriptors")
        self.assert_serves()
        self.assert_clean_log()

    def connect(self, port=None):
        return socket.create_connection(("127.0.0.1", port or self.sip_port), 5)

    def reset(self, end):
        """RST instead of FIN."""
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    def test_reset_in_the_middle_of_an_invite(self):
        """S4: before, within and behind it, before and after its answer."""
        def one(n):
            text = INVITE.format(token=token(), length=200).encode() + b"v=0\r\n" * 40
            end = self.connect()
            end.sendall(text[:(len(text) * (n % 5 + 1)) // 5])
            if n % 7 == 0:
                end.recv(10) if n % 5 == 4 else time.sleep(0.01)
            self.reset(end)
        for n in range(50):
            one(n)
        before = self.resident_kib()
        for n in range(MANY):
            one(n)
        self.assert_all_gone()
        if not IS_SLOW:
            self.assertLess(self.resident_kib() - before, 8000)

    def test_hidden_request_behind_a_lie(self):
        """S3: what a length of 2^32 + 32 hides is never answered, and the stream ends."""
        hidden = OPTIONS.format(token="hidden")
        for length in ("4294967328", "-1", "0, 32", "32\r\nContent-Length: 0", "0x20", ""):
            with self.connect() as end:
                end.settimeout(3)
                head = OPTIONS.format(token=token()).replace(
                    "Content-Length: 0", f"Content-Length: {length}")
                end.sendall((head + hidden).encode())
                heard = b""
                while True:
                    piece = end.recv(65536)
                    if not piece:
                        break
                    heard += piece
                self.assertNotIn(b"hidden", heard, length)
                self.assertNotIn(b"SIP/2.0 200", heard, length)
        self.assert_all_gone()

    def test_idle_slow_and_half_open(self):
        """S5: hundreds that say nothing, begin and do not go on, or stop in a handshake."""
        ends = []
        try:
            for n in range(300):
                end = self.connect(self.tls_port if n % 3 == 2 else self.sip_port)
                ends.append(end)
                if n % 3 == 1:
                    end.sendall(INVITE.format(token=token(), length=9).encode()[:n])
                elif n % 6 == 2:
                    end.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            self.assert_serves()
            self.assertGreater(self.count_descriptors(), self.descriptors + 290)
        finally:
            for end in ends:
                end.close()
        self.assert_all_gone()

    def never_reads(self, end):
        """Pours OPTIONS until nobody takes any more; True when the other side ended it."""
        end.settimeout(0.5)
        deadline = time.monotonic() + 20
        try:
            while time.monotonic() < deadline:
                end.sendall(b"".join(OPTIONS.format(token=token()).encode()
                                     for _ in range(50)))
        except socket.timeout:
            return False
        except (OSError, ssl.SSLError):
            return True
        return False

    def test_who_does_not_read_is_cut_off(self):
        """S5: its answers do not pile up."""
        before = self.resident_kib()
        with self.connect() as end:
            self.assertTrue(self.never_reads(end))
            self.assert_serves()
        with self.connect(self.tls_port) as raw, \
                self.tls_context().wrap_socket(raw, server_hostname=DOMAIN) as end:
            self.assertTrue(self.never_reads(end))
            self.assert_serves()
        if not IS_SLOW:
            self.assertLess(self.resident_kib() - before, 100000)
        self.assert_all_gone()
        self.assertIn("the peer does not read", self.log_text())
