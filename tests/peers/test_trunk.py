# SPDX-License-Identifier: GPL-3.0-or-later
"""AU-1, KAM-10: a real Kamailio as a trunk that wants a password for registrations and calls.
We register there, calls go out through it, and come in to what we registered."""

import os
import re
import time

from tests.peers.lab import DOMAIN, PASSWORDS, Lab, wait_for  # first: it finds tools/demo
from tests.peers.kamailio import TRUNK, Kamailio
from tests.peers.ua import FINGERPRINT, SDP, Ua, connect

PASSWORD = "open sesame"
PEER = """  - name: trunk
    domain: trunk.test
    address: 127.0.0.31:{port}
    transport: udp
    profile: lab
    auth_user: atlanta
    auth_password_file: {folder}/trunk.password
{keys}"""
MORE = """rewrites:
  - from: trunk
    prefix: "4930"
    strip: 4
    prepend: alice
    domain: atlanta.test
"""


class Trunk(Lab):
    HASH, QOP, KEYS, MAX_EXPIRES = "SHA-256", "1", "    register: 4930@trunk.test\n", 3600
    REALM = "trunk.test"
    PASSWORD = PASSWORD  # in the file

    SETTINGS = {"more_routes": '  - prefix: "+49"\n    peer: trunk\n', "more": MORE}

    @classmethod
    def before_start(cls):
        cls.trunk_port, cls.password = cls.base + 3, os.path.join(cls.folder, "trunk.password")
        with open(cls.password, "w", encoding="ascii") as out:
            out.write(cls.PASSWORD + "\n")
        os.chmod(cls.password, 0o600)
        cls.sbc.settings["more_peers"] = PEER.format(
            port=cls.trunk_port, folder=cls.folder, keys=cls.KEYS)
        cls.carol = Ua("carol", "trunk.test", "", cls.trunk_port, host="127.0.0.31")
        cls.addClassCleanup(cls.carol.close)
        cls.kamailio = Kamailio(
            cls.programs, cls.folder, "trunk", TRUNK, address="127.0.0.31",
            port=cls.trunk_port, sbc_port=cls.sip_port, user_port=cls.carol.port,
            hash=cls.HASH, qop=cls.QOP, realm=cls.REALM, password=PASSWORD,
            max_expires=cls.MAX_EXPIRES)

    def setUp(self):
        self.alice = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(self.alice.close)
        self.assertEqual(200, self.alice.register().code)

    def wait_for_state(self, state):
        wait_for(lambda: f"peer=trunk state={state}" in self.log_text(), 10, state)

    def sent_registers(self):
        path = os.path.join(self.folder, "sip_trace.jsonl")
        with open(path, encoding="utf-8") as trace:
            return [line for line in trace if "REGISTER sip:trunk.test" in line]


class Sha256(Trunk):
    def test_out(self):
        """KAM-10: 407, the INVITE again with credentials, and the password is nowhere."""
        cseq = self.alice.invite("+4930123")
        invite = self.carol.wait(lambda m: m.method == "INVITE")
        self.assertEqual("", invite.get("Proxy-Authorization"))
        self.carol.respond(invite, 200, "OK", SDP.format(
            port=self.carol.port, setup="active", fingerprint=FINGERPRINT))
        answered = self.alice.wait_final("INVITE")
        self.assertEqual(200, answered.code)
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))[1]
        self.alice.ack(contact, answered, cseq, answered.all("Record-Route"))
        self.carol.wait(lambda m: m.method == "ACK")
        self.alice.bye(answered)
        bye = self.carol.wait(lambda m: m.method == "BYE")
        self.carol.respond(bye, 200, "OK")
        self.assertNotIn(PASSWORD, self.log_text())

    def test_in(self):
        """To what we registered: 4930@trunk.test is alice here."""
        self.wait_for_state("registered")
        cseq = self.carol.invite_unasked("4930")
        answered, invite = connect(self.carol, self.alice, cseq)
        self.assertIn("carol@trunk.test", invite.get("From"))
        self.carol.bye(answered)
        self.alice.respond(self.alice.wait(lambda m: m.method == "BYE"), 200, "OK")


class Md5WithoutQop(Sha256):
    """kamailio.cfg as it comes; and with a short expiry, that is refreshed in time."""
    HASH, QOP, MAX_EXPIRES = "MD5", "0", 3
    KEYS = "    register: 4930@trunk.test\n    auth_md5: true\n"

    def test_refresh(self):
        self.wait_for_state("registered")
        wait_for(lambda: self.log_text().count("state=registered") == 1, 1, "one line")
        count = len(self.sent_registers())
        wait_for(lambda: len(self.sent_registers()) >= count + 4, 8, "two refreshes")
        self.assertEqual(1, self.log_text().count("peer=trunk state=registered"))


class Refused(Trunk):
    """What must not be answered: MD5 where it is not allowed."""
    HASH = "MD5"

    def test_no_answer(self):
        self.wait_for_state("refused")
        self.alice.invite("+4930123")
        self.assertGreaterEqual(self.alice.wait_final("INVITE").code, 400)
        self.assertIsNone(self.carol.receive(0.3))


class OtherRealm(Refused):
    """S7: a realm that nobody named gets no answer."""
    HASH, REALM = "SHA-256", "elsewhere.test"


class WrongPassword(Refused):
    """Once, and no loop."""
    HASH, PASSWORD = "SHA-256", "open barley"

    def test_no_loop(self):
        self.wait_for_state("refused")
        time.sleep(0.5)  # the trace is a little late
        self.assertEqual(2, len(self.sent_registers()))


del Trunk  # it is a base
