# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 3327, KAM-6: bob registers through a real Kamailio that adds its Path, and a call to him
goes back through it; a Path that a phone sends by itself is refused."""

import re
import time

from tests.peers.lab import DOMAIN, PASSWORDS, Lab  # first: it finds tools/demo
from tests.peers.kamailio import PATH_PROXY, Kamailio
from tests.peers.ua import Ua, connect, token

EDGE = """  - name: edge
    domain: edge.test
    address: 127.0.0.32:{port}
    transport: udp
    profile: lab
"""


class Path(Lab):
    @classmethod
    def before_start(cls):
        port = cls.base + 3
        cls.sbc.settings["more_peers"] = EDGE.format(port=port)
        cls.bob = Ua("bob", DOMAIN, PASSWORDS["bob"], port, host="127.0.0.32")
        cls.addClassCleanup(cls.bob.close)
        Kamailio(cls.programs, cls.folder, "edge", PATH_PROXY, address="127.0.0.32",
                 port=port, sbc_port=cls.sip_port, sbc_address="127.0.0.1")

    def test_a_call_comes_back_by_the_path(self):
        """KAM-6, by a real Kamailio."""
        self.assertEqual(200, self.bob.register().code)
        alice = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(alice.close)
        self.assertEqual(200, alice.register().code)
        answered, invite = connect(alice, self.bob)
        self.assertEqual(2, len(invite.all("Via")))  # ours and the proxy's
        self.assertIn("127.0.0.32", invite.get("Record-Route"))
        alice.bye(answered)
        bye = self.bob.wait(lambda m: m.method == "BYE")
        self.assertEqual(2, len(bye.all("Via")))
        self.bob.respond(bye, 200, "OK")
        invites = [line for line in self.sent("INVITE sip:bob@127.0.0.1")
                   if re.search(r"Route: <sip:127\.0\.0\.32:\d+;lr>", line)]
        self.assertEqual(1, len(invites))

    def sent(self, what):
        time.sleep(0.5)  # the trace is a little late
        with open(f"{self.folder}/sip_trace.jsonl", encoding="utf-8") as trace:
            return [line for line in trace if what in line]

    def test_a_phones_own_path_is_refused(self):
        stranger = Ua("bob", DOMAIN, PASSWORDS["bob"], self.sip_port)
        self.addCleanup(stranger.close)
        stranger.request("REGISTER", f"sip:{DOMAIN}", token(), to=f"<sip:bob@{DOMAIN}>",
                         headers=["Path: <sip:192.0.2.1;lr>", "Supported: path"])
        refused = stranger.wait_final("REGISTER")
        self.assertEqual(420, refused.code)
        self.assertEqual("path", refused.get("Unsupported"))
