# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP-27: a request too long for a datagram goes to a UDP trunk over TCP, and over UDP when the
trunk refuses that; CANCEL follows it; long requests of the trunk over TCP count as its own."""

import re
import socket

from tests.peers.lab import DOMAIN, PASSWORDS, Lab
from tests.peers.ua import Message, Ua, token

TRUNK = """  - name: trunk
    domain: trunk.test
    address: 127.0.0.1:{port}
    transport: udp
    profile: lab
"""


class Stream:
    """A connection that messages come over."""

    def __init__(self, end):
        self.end, self.rest = end, b""
        self.close, self.sendall = end.close, end.sendall
        end.settimeout(5)

    def read(self):
        while True:
            head, end, body = self.rest.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if end and len(body) >= int(length[1]):
                self.rest = body[int(length[1]):]
                return Message((head + end + body[:int(length[1])]).decode())
            self.rest += self.end.recv(65536)


class Large(Lab):
    SETTINGS = {"more": "limits:\n  udp_request_max: 400\n",
                "more_routes": "  - prefix: \"+49\"\n    peer: trunk\n"}

    @classmethod
    def setUpClass(cls):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            cls.trunk_port = probe.getsockname()[1]
        cls.SETTINGS = dict(cls.SETTINGS, more_peers=TRUNK.format(port=cls.trunk_port))
        super().setUpClass()

    def setUp(self):
        self.udp = Ua("trunk", "trunk.test", "", self.sip_port)
        self.udp.close()
        self.udp.bind_to(self.trunk_port, self.sip_port)
        self.addCleanup(self.udp.close)
        self.alice = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(self.alice.close)
        self.assertEqual(200, self.alice.register().code)

    def listen(self):
        server = socket.create_server(("127.0.0.1", self.trunk_port))
        server.settimeout(5)
        self.addCleanup(server.close)
        return server

    def answer(self, stream, request, code, reason):
        lines = [f"SIP/2.0 {code} {reason}", f"Via: {request.get('Via')}",
                 f"From: {request.get('From')}", f"To: {request.get('To')};tag=t",
                 f"Call-ID: {request.get('Call-ID')}", f"CSeq: {request.get('CSeq')}",
                 "Content-Length: 0", "", ""]
        stream.sendall("\r\n".join(lines).encode())

    def test_1_refused_over_tcp_goes_over_udp(self):
        for _ in range(2):
            self.alice.invite("+4930123")
            invite = self.udp.wait(lambda m: m.method == "INVITE")
            self.assertIn("SIP/2.0/UDP", invite.get("Via"))
            self.udp.respond(invite, 486, "Busy")
            self.assertEqual(486, self.alice.wait_final("INVITE").code)
        self.wait_log("request.narrowed")
        self.assertEqual(1, self.log_text().count("request.narrowed"))

    def test_0_over_tcp_and_its_cancel_too(self):
        """SIP-27."""
        server = self.listen()
        cseq = self.alice.invite("+4930124")
        stream = Stream(server.accept()[0])
        self.addCleanup(stream.close)
        invite = stream.read()
        self.assertEqual("INVITE", invite.method)
        self.assertTrue(invite.get("Via").startswith(
            f"SIP/2.0/TCP 127.0.0.1:{self.sip_port};branch="), invite.get("Via"))
        self.answer(stream, invite, 180, "Ringing")
        ringing = self.alice.wait(lambda m: m.code == 180)
        self.cancel(ringing, cseq)
        cancel = stream.read()
        self.assertEqual("CANCEL", cancel.method)
        self.assertEqual(invite.get("Via"), cancel.get("Via"))
        self.answer(stream, cancel, 200, "OK")
        self.answer(stream, invite, 487, "Request Terminated")
        self.assertEqual("ACK", stream.read().method)
        self.assertIsNone(self.udp.receive(0.3))

    def cancel(self, ringing, cseq):
        via = re.sub(r";(received|rport)(=[^;]*)?", "", ringing.get("Via")) + ";rport"
        self.alice.send(f"CANCEL sip:+4930124@{DOMAIN} SIP/2.0\r\nVia: {via}\r\n"
                        f"Max-Forwards: 70\r\nFrom: {ringing.get('From')}\r\n"
                        f"To: <sip:+4930124@{DOMAIN}>\r\n"
                        f"Call-ID: {ringing.get('Call-ID')}\r\nCSeq: {cseq} CANCEL\r\n"
                        "Content-Length: 0\r\n\r\n")

    def test_the_trunk_over_tcp_is_the_trunk(self):
        """Not a stranger, who gets 403."""
        call = token()
        stream = Stream(socket.create_connection(("127.0.0.1", self.sip_port), 5))
        self.addCleanup(stream.close)
        body = self.alice.offer()
        stream.sendall((
            f"INVITE sip:bob@{DOMAIN} SIP/2.0\r\n"
            f"Via: SIP/2.0/TCP 127.0.0.1:{self.trunk_port};branch=z9hG4bK{call}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:x@trunk.test>;tag=1\r\n"
            f"To: <sip:bob@{DOMAIN}>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:x@127.0.0.1>\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        heard = stream.read()
        heard = stream.read() if heard.code == 100 else heard
        self.assertEqual(480, heard.code)  # bob is not here
