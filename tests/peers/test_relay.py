# SPDX-License-Identifier: GPL-3.0-or-later
"""Registrations relayed to a real Kamailio that is the registrar and has the passwords: its
challenge crosses, refreshes are answered here, calls come and go, and the last contact's
leaving is told."""

import os
import re
import time

from tests.peers.lab import DOMAIN, PASSWORDS, Lab  # first: it finds tools/demo
from tests.peers.kamailio import TRUNK, Kamailio
from tests.peers.ua import FINGERPRINT, SDP, Ua, connect, credentials, token

CORE = """  - name: core
    domain: core.test
    address: 127.0.0.33:{port}
    transport: udp
    profile: lab
    authenticates: true
    auth_user: sbc
    auth_password_file: {folder}/core.password
    auth_realm: atlanta.test
"""


class Relay(Lab):
    SETTINGS = {"more_domain": "    registrar: core\n",
                "more_routes": '  - prefix: "+49"\n    peer: core\n'}

    @classmethod
    def before_start(cls):
        cls.core_port = cls.base + 3
        path = os.path.join(cls.folder, "core.password")
        with open(path, "w", encoding="ascii") as out:
            out.write(PASSWORDS["alice"] + "\n")
        os.chmod(path, 0o600)
        cls.sbc.settings["more_peers"] = CORE.format(port=cls.core_port, folder=cls.folder)
        cls.carol = Ua("carol", DOMAIN, "", cls.core_port, host="127.0.0.33")
        cls.addClassCleanup(cls.carol.close)
        Kamailio(cls.programs, cls.folder, "core", TRUNK, address="127.0.0.33",
                 port=cls.core_port, sbc_port=cls.sip_port, user_port=cls.carol.port,
                 hash="SHA-256", qop="1", realm=DOMAIN, password=PASSWORDS["alice"],
                 max_expires=3600)

    def setUp(self):
        self.alice = self.phone()
        self.answer = self.alice.register()
        self.assertEqual(200, self.answer.code)

    def phone(self):
        ua = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(ua.close)
        return ua

    def asked(self):
        """REGISTERs that went to the registrar. The trace is a little late."""
        time.sleep(0.5)
        with open(f"{self.folder}/sip_trace.jsonl", encoding="utf-8") as trace:
            return sum(f"<sip:alice@127.0.0.1:{self.sip_port};transport=udp>" in line
                       and "REGISTER sip:" in line for line in trace)

    def ask(self, ua, headers=()):
        uri = f"sip:{DOMAIN}"
        ua.request("REGISTER", uri, token(), to=f"<sip:alice@{DOMAIN}>", headers=headers)
        return ua.wait_final("REGISTER")

    def test_a_short_time_and_refreshes_here(self):
        expires = re.search(r"<sip:alice@127\.0\.0\.1:%d>;expires=(\d+)" % self.alice.port,
                            self.answer.get("Contact"))
        self.assertLessEqual(int(expires[1]), 60)
        before = self.asked()
        self.assertGreater(before, 0)
        for _ in range(3):
            again = self.ask(self.alice)
            self.assertEqual(200, again.code)
            self.assertIn(f":{self.alice.port}>;expires=60", again.get("Contact"))
        self.assertEqual(before, self.asked())

    def test_another_one_is_asked(self):
        """KAM-16. Same name, another port: the registrar's word is needed."""
        before = self.asked()
        self.assertEqual(401, self.ask(self.phone()).code)
        self.assertEqual(before + 1, self.asked())
        wrong = Ua("alice", DOMAIN, "guess", self.sip_port)
        self.addCleanup(wrong.close)
        self.assertEqual(401, wrong.register().code)
        nobody = Ua("nobody", DOMAIN, "guess", self.sip_port)
        self.addCleanup(nobody.close)
        nobody.request("REGISTER", f"sip:{DOMAIN}", token(), to=f"<sip:nobody@{DOMAIN}>")
        self.assertEqual(404, nobody.wait_final("REGISTER").code)

    def test_a_call_in(self):
        cseq = self.carol.invite_unasked("alice")
        answered, invite = connect(self.carol, self.alice, cseq)
        self.assertIn(f"carol@{DOMAIN}", invite.get("From"))
        self.carol.bye(answered)
        self.alice.respond(self.alice.wait(lambda m: m.method == "BYE"), 200, "OK")

    def test_a_call_out(self):
        """Without a password: who is registered from there may call."""
        cseq = self.alice.invite_unasked("+4930123")
        self.carol.respond(self.carol.wait(lambda m: m.method == "INVITE"), 200, "OK",
                           SDP.format(port=self.carol.port, setup="active",
                                      fingerprint=FINGERPRINT))
        answered = self.alice.wait_final("INVITE")
        self.assertEqual(200, answered.code)
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))[1]
        self.alice.ack(contact, answered, cseq, answered.all("Record-Route"))
        self.carol.wait(lambda m: m.method == "ACK")
        self.alice.bye(answered)
        self.carol.respond(self.carol.wait(lambda m: m.method == "BYE"), 200, "OK")
        stranger = self.phone()
        stranger.invite_unasked("+4930123")
        self.assertEqual(407, stranger.wait_final("INVITE").code)

    def leave(self, ua, headers=()):
        uri = f"sip:{DOMAIN}"
        ua.request("REGISTER", uri, token(), to=f"<sip:bob@{DOMAIN}>",
                   headers=["Expires: 0", *headers])
        return ua.wait_final("REGISTER")

    def test_the_last_one_leaves(self):
        phones = [Ua("bob", DOMAIN, PASSWORDS["alice"], self.sip_port) for _ in range(2)]
        for ua in phones:
            self.addCleanup(ua.close)
            self.assertEqual(200, ua.register().code)
        gone = self.leave(phones[1])
        self.assertEqual(200, gone.code)  # the registrar need not know
        self.assertNotIn(str(phones[1].port), gone.get("Contact"))
        self.carol.invite_unasked("bob")
        phones[0].respond(phones[0].wait(lambda m: m.method == "INVITE"), 486, "Busy")
        self.assertEqual(486, self.carol.wait_final("INVITE").code)
        challenge = self.leave(phones[0])
        self.assertEqual(401, challenge.code)
        answer = credentials(challenge.get("WWW-Authenticate"), "bob", PASSWORDS["alice"],
                             "REGISTER", f"sip:{DOMAIN}")
        left = self.leave(phones[0], [f"Authorization: {answer}"])
        self.assertEqual((200, ""), (left.code, left.get("Contact")))
        self.carol.invite_unasked("bob")
        self.assertEqual("SIP/2.0 404 Not Registered",
                         self.carol.wait(lambda m: m.code >= 400).first)
