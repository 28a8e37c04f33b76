# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kamailio as operators run one beside a border controller: probing, sanity checks, two
Record-Routes, hidden topology. carol is behind it, alice and bob are ours."""

import json
import os
import re
import subprocess
import time

from tests.peers.lab import DOMAIN, PASSWORDS, Lab, wait_for  # first: it finds tools/demo
from tests.peers.kamailio import EDGE, TOPOH, Kamailio
from tests.peers.ua import FINGERPRINT, SDP, Message, Ua, connect, token

PATIENCE = 10
PEER = """  - name: edge
    domain: edge.test
    address: 127.0.0.45:{port}
    transport: udp
    profile: lab
  - name: edge-out
    domain: out.test
    address: 127.0.0.45:{outer}
    transport: udp
    profile: lab
"""


class Edge(Lab):
    TOPOH = ""
    SETTINGS = {"more_routes": '  - prefix: "+49"\n    peer: edge\n'}

    @classmethod
    def before_start(cls):
        cls.port, cls.inner = cls.base + 3, cls.base + 4
        cls.sbc.settings["more_peers"] = PEER.format(port=cls.inner, outer=cls.port)
        cls.carol = Ua("carol", "edge.test", "", cls.port, host="127.0.0.45")
        cls.addClassCleanup(cls.carol.close)
        cls.control = os.path.abspath(os.path.join(cls.folder, "kamailio_ctl"))
        targets = os.path.abspath(os.path.join(cls.folder, "dispatcher.list"))
        with open(targets, "w", encoding="ascii") as out:
            out.write(f"1 sip:127.0.0.1:{cls.sip_port} 0 0\n")
        cls.kamailio = Kamailio(
            cls.programs, cls.folder, "edge", EDGE, address="127.0.0.45", port=cls.port,
            inner_port=cls.inner, sbc_port=cls.sip_port, user_port=cls.carol.port,
            control=cls.control, targets=targets, topoh=cls.TOPOH)

    def phone(self, name):
        ua = Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
        self.addCleanup(ua.close)
        self.assertEqual(200, ua.register().code)
        return ua

    def tearDown(self):
        self.assertFalse(self.kamailio.said("INSANE"), "sanity_check() refuses what we send")

    def target(self):
        return subprocess.run(["kamcmd", "-s", f"unix:{self.control}", "dispatcher.list"],
                              capture_output=True, text=True, timeout=20, check=True).stdout

    def test_its_dispatcher_finds_us(self):
        """KAM-1: OPTIONS without user, from sip:dispatcher@localhost; only 200 counts."""
        wait_for(lambda: "FLAGS: AP" in self.target(), PATIENCE, "us to be probed and active")

    def call_in(self, bob, headers=()):
        cseq = self.carol.invite_unasked(f"bob@{DOMAIN}", headers)
        return connect(self.carol, bob, cseq)

    def test_a_call_in(self):
        """KAM-4, KAM-5: our user's BYE comes back by both Record-Routes, one of them r2=on.
        KAM-8: what Kamailio let through with 69 is less here. KAM-9, KAM-15."""
        bob = self.phone("bob")
        answered, invite = self.call_in(bob)
        self.assertEqual([], invite.all("Record-Route") + invite.all("P-Hint"))
        self.assertLess(int(invite.get("Max-Forwards")), 69)
        contact = re.search(r"<([^>]+)>", invite.get("Contact"))[1]
        bob.request("BYE", contact, invite.get("Call-ID"), to=invite.get("From"))
        self.carol.respond(self.carol.wait(lambda m: m.method == "BYE"), 200, "OK")
        self.assertEqual(200, bob.wait_final("BYE").code)
        self.assert_routes(self.sent("BYE sip:"))

    def assert_routes(self, bye):
        routes = re.findall(r"(?m)^Route: (.*?)\r?$", bye)
        self.assertEqual(2, ",".join(routes).count("<sip:127.0.0.45"), routes)
        self.assertEqual(2, ",".join(routes).count(";r2=on"), routes)
        self.assertIn(";ftag=", routes[0])

    def sent(self, what):
        """The last message of that kind that went to Kamailio."""
        def found():
            with open(os.path.join(self.folder, "sip_trace.jsonl"), encoding="utf-8") as trace:
                lines = [json.loads(line) for line in trace]
            return [line["message"] for line in lines if line["direction"] == "out" and
                    what in line["message"] and line["peer"].startswith("127.0.0.45:")]
        return wait_for(found, PATIENCE, what)[-1]

    def test_a_call_in_that_carol_ends(self):
        bob = self.phone("bob")
        answered, _ = self.call_in(bob)
        self.assertTrue(answered.all("Record-Route"))
        self.carol.bye(answered)
        bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")
        self.assertEqual(200, self.carol.wait_final("BYE").code)

    def test_a_call_in_that_is_cancelled(self):
        """KAM-22: CANCEL and ACK come with the INVITE's branch of that hop."""
        bob = self.phone("bob")
        carol = self.carol
        sent = Message(carol.request("INVITE", f"sip:bob@{DOMAIN}", token(), body=carol.offer()))
        invite = bob.wait(lambda m: m.method == "INVITE")
        bob.respond(invite, 180, "Ringing")
        carol.wait(lambda m: m.code == 180)
        carol.send("\r\n".join(
            [f"CANCEL sip:bob@{DOMAIN} SIP/2.0", f"CSeq: {carol.cseq} CANCEL",
             *(f"{name}: {sent.get(name)}" for name in ("Via", "From", "To", "Call-ID")),
             "Max-Forwards: 70", "Content-Length: 0", "", ""]))
        cancel = bob.wait(lambda m: m.method == "CANCEL")
        bob.respond(cancel, 200, "OK")
        bob.respond(invite, 487, "Request Terminated")
        bob.wait(lambda m: m.method == "ACK")
        final = carol.wait_final("INVITE")
        self.assertEqual(487, final.code)
        carol.send("\r\n".join(
            [f"ACK sip:bob@{DOMAIN} SIP/2.0", f"To: {final.get('To')}",
             f"CSeq: {carol.cseq} ACK",
             *(f"{name}: {sent.get(name)}" for name in ("Via", "From", "Call-ID")),
             "Max-Forwards: 70", "Content-Length: 0", "", ""]))
        time.sleep(1.2)  # two retransmissions, were its ACK lost on us
        self.assertEqual(1, self.count_sent("SIP/2.0 487", sent.get("Call-ID")))

    def count_sent(self, what, call_id):
        with open(os.path.join(self.folder, "sip_trace.jsonl"), encoding="utf-8") as trace:
            messages = [json.loads(line) for line in trace]
        return sum(m["direction"] == "out" and m["message"].startswith(what) and
                   call_id in m["message"] for m in messages)

    def test_a_call_out(self):
        """KAM-9: it checks our INVITE, ACK and BYE; KAM-5: its loose_route() leads them."""
        alice = self.phone("alice")
        cseq = alice.invite("+4930123")
        invite = self.carol.wait(lambda m: m.method == "INVITE")
        self.assertLessEqual(int(invite.get("Max-Forwards")), 70)
        self.carol.respond(invite, 200, "OK", SDP.format(
            port=self.carol.port, setup="active", fingerprint=FINGERPRINT))
        answered = alice.wait_final("INVITE")
        self.assertEqual(200, answered.code)
        alice.ack_answer(answered, cseq)
        self.carol.wait(lambda m: m.method == "ACK")
        alice.bye(answered)
        self.carol.respond(self.carol.wait(lambda m: m.method == "BYE"), 200, "OK")
        self.assertEqual(200, alice.wait_final("BYE").code)
        self.assertTrue(self.kamailio.said("LOOSE ACK") and self.kamailio.said("LOOSE BYE"))


class Masked(Edge):
    """KAM-20, KAM-21: Contact, Via and Record-Route are masked, and Call-IDs begin with "!!:"."""

    TOPOH = TOPOH

    def assert_routes(self, bye):
        """Masked, and given back byte for byte: Kamailio found its way."""
        self.assertRegex(bye, r"Route: <sip:127\.0\.0\.8;line=sr-")

    def count_sent(self, what, call_id):
        return super().count_sent(what, "!!:")  # masked on the way to us

    def test_the_call_id_that_we_get(self):
        """KAM-20, KAM-21: any characters and any length."""
        self.call_in(self.phone("bob"))
        with open(os.path.join(self.folder, "sip_trace.jsonl"), encoding="utf-8") as trace:
            text = trace.read()
        for wanted in ("Call-ID: !!:", r"Contact: <sip:127\.0\.0\.8;line=sr-[^>]{30,}>"):
            self.assertTrue(re.search(wanted, text), wanted)
