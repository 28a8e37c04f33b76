# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 listeners beside IPv4 ones, one with an advertised name: what we say in Via and Contact,
answers where they came from, and a call from one family to the other."""

import re
import socket

from tests.peers.lab import DOMAIN, PASSWORDS, Lab
from tests.peers.ua import Ua, connect, token

NAME = "sbc.atlanta.test"


class Ua6(Ua):
    """The same over [::1]."""

    def bind_to(self, own, port):
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.bind(("::1", own))
        self.socket.connect(("::1", port))
        self.port = self.socket.getsockname()[1]

    def send(self, text):
        head, end, body = text.partition("\r\n\r\n")
        body = body.replace("IN IP4 127.0.0.1", "IN IP6 ::1")
        head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(body)}",
                      head.replace("127.0.0.1", "[::1]"))
        self.socket.send((head + end + body).encode())


class Ipv6(Lab):
    @classmethod
    def before_start(cls):
        cls.named = cls.base + 4
        cls.sbc.settings["more_interfaces"] = "    - address: \"::1\"\n"
        # Behind the others: the first of a transport is the one that calls go out from.
        cls.sbc.settings["more_listeners"] = (
            f"  - transport: udp\n    address: \"[::1]:{cls.sip_port}\"\n"
            f"  - transport: udp\n    address: \"[::1]:{cls.named}\"\n"
            f"    advertised: {NAME}:{cls.named}\n")

    def phone(self, kind, user, port):
        ua = kind(user, DOMAIN, PASSWORDS[user], port)
        self.addCleanup(ua.close)
        return ua

    def test_answers(self):
        ua = self.phone(Ua6, "alice", self.sip_port)
        ua.request("OPTIONS", f"sip:{DOMAIN}", token())
        answer = ua.wait_final("OPTIONS")
        self.assertEqual(200, answer.code)
        self.assertRegex(answer.get("Via"), rf";received=\[?::1\]?;rport={ua.port}$")

    def call(self, port, wanted):
        """alice over IPv4 calls bob over IPv6; what bob is told to answer to."""
        bob, alice = self.phone(Ua6, "bob", port), self.phone(Ua, "alice", self.sip_port)
        for ua in (bob, alice):
            self.assertEqual(200, ua.register().code)
        answered, invite = connect(alice, bob)
        self.assertTrue(invite.get("Via").startswith(f"SIP/2.0/UDP {wanted};branch="),
                        invite.get("Via"))
        self.assertIn(f"@{wanted}" if "@" in invite.get("Contact") else f"sip:{wanted}",
                      invite.get("Contact"))
        self.assertIn(f"127.0.0.1:{self.sip_port}", answered.get("Contact"))
        self.assertIn("c=IN IP4 127.0.0.1", answered.body)
        self.assertIn("c=IN IP6 ::1", invite.body)
        alice.bye(answered)
        bye = bob.wait(lambda m: m.method == "BYE")
        self.assertTrue(re.match(r"BYE sip:bob@\[::1\]:\d+ ", bye.first), bye.first)
        bob.respond(bye, 200, "OK")

    def test_from_one_family_to_the_other(self):
        self.call(self.sip_port, f"[::1]:{self.sip_port}")

    def test_advertised(self):
        self.call(self.named, f"{NAME}:{self.named}")
