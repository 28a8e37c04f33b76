# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole phones with SIP of their own: baresip and Linphone, called and calling."""

import os
import time
import wave

from tests.peers.interop import PATIENCE, Interop, Row, read_media
from tests.peers.lab import DOMAIN, PASSWORDS
from tests.peers.linphone import Linphone
from tests.peers.phones import Phones
from procs import wait_for

import tone

OURS_HERTZ, THEIRS_HERTZ = 1000, 440
SECONDS = 2


class PhoneCalls(Interop):
    """alice is the test's, in the clear; bob is the phone."""

    def connect_to_it(self, plain):
        alice = self.user_agent("alice")
        alice.description = plain.sdp
        cseq = alice.invite("bob")
        answered = alice.wait_final("INVITE", PATIENCE)
        self.assertEqual(200, answered.code, answered.first)
        alice.ack_answer(answered, cseq)
        plain.to = read_media(answered.body).address
        return alice, answered.get("Call-ID")

    def connect_from_it(self, plain, dial):
        alice = self.user_agent("alice")
        alice.description = plain.sdp
        dial(f"sip:alice@{DOMAIN}")
        invite = alice.wait(lambda m: m.method == "INVITE", PATIENCE)
        plain.to = read_media(invite.body).address
        alice.respond(invite, 200, "OK", plain.sdp)
        alice.wait(lambda m: m.method == "ACK", PATIENCE)
        return alice, invite.get("Call-ID")

    def talk(self, plain):
        heard = plain.talk(SECONDS, OURS_HERTZ, os.path.join(self.folder, "plain.wav"))
        self.assertAlmostEqual(THEIRS_HERTZ, heard.hertz, delta=10)

    def record_named(self, call_id):
        def found():
            return [record for record in self.sbc.records()
                    if call_id in (leg["call_id"] for leg in record["legs"])]
        return wait_for(found, PATIENCE, "the call record")[0]

    def role_of_phone(self, leg):
        """By the answer, which says who begins (RFC 5763 section 5)."""
        answer = [m for m in self.sbc.trace() if m["message"].startswith("SIP/2.0 200")
                  and leg["call_id"] in m["message"] and "a=setup:" in m["message"]][-1]
        is_active = "a=setup:active" in answer["message"]
        return "client" if is_active == (answer["direction"] == "in") else "server"

    def saw_leg(self, name, call, leg):
        self.assertTrue(leg["fingerprint_match"], leg)
        self.assertGreater(leg["rtp_relayed"], 50, leg)
        role = self.role_of_phone(leg)
        # Both show the same certificate in both roles; a server's kind is in the suite.
        self.kind = "RSA" if "RSA" in leg["cipher_suite"] else "ECDSA" if role == "server" \
            else self.KIND
        self.assertEqual(self.KIND, self.kind)
        self.saw(Row(name, role, call, leg["dtls"], leg["cipher_suite"], leg["srtp_profile"],
                     self.kind, "tones both ways"))


class Baresip(Phones, PhoneCalls):
    PEERS, KIND = ("baresip",), "RSA"

    def heard(self, phone, since):
        def recorded():
            path = phone.recording(since=since)
            try:
                return path and tone.measure(path).hertz
            except (EOFError, wave.Error):
                return None  # it is still being written
        self.assertAlmostEqual(OURS_HERTZ, wait_for(recorded, PATIENCE, "its recording"),
                               delta=40)

    def test_calls(self):
        bob = self.phone("bob", 60, THEIRS_HERTZ, answer="auto")
        plain, began = self.plain_end(), time.time()
        alice, call_id = self.connect_to_it(plain)
        self.talk(plain)
        bob.command("hangup")
        bye = alice.wait(lambda m: m.method == "BYE", PATIENCE)
        alice.respond(bye, 200, "OK")
        self.saw_leg("baresip", "to it", self.record_named(call_id)["legs"][1])
        self.heard(bob, began)

        plain, began = self.plain_end(), time.time()
        alice, call_id = self.connect_from_it(plain, lambda to: bob.command("dial", to))
        self.talk(plain)
        bob.command("hangup")
        alice.respond(alice.wait(lambda m: m.method == "BYE", PATIENCE), 200, "OK")
        self.saw_leg("baresip", "from it", self.record_named(call_id)["legs"][0])
        self.heard(bob, began)

    def test_zz_table(self):
        self.check_table()
        self.assert_clean_log()


class LinphonePhone(PhoneCalls):
    PEERS, KIND = ("Linphone",), "RSA"

    def linphone(self):
        folder = os.path.join(self.folder, "linphone")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "tone.wav")
        tone.write(path, THEIRS_HERTZ, 60)
        phone = Linphone(self.programs, "bob", folder=folder, port=self.base + 60,
                         rtp_port=self.base + 70, server_port=self.sip_port, domain=DOMAIN,
                         password=PASSWORDS["bob"], tone=path, patience=PATIENCE)
        self.addCleanup(phone.stop)
        return phone

    def test_calls(self):
        phone = self.linphone()
        plain = self.plain_end()
        alice, call_id = self.connect_to_it(plain)
        self.talk(plain)
        phone.say("terminate")
        alice.respond(alice.wait(lambda m: m.method == "BYE", PATIENCE), 200, "OK")
        self.saw_leg("Linphone", "to it", self.record_named(call_id)["legs"][1])

        plain = self.plain_end()
        alice, call_id = self.connect_from_it(plain, lambda to: phone.say(f"call {to}"))
        self.talk(plain)
        phone.say("terminate")
        alice.respond(alice.wait(lambda m: m.method == "BYE", PATIENCE), 200, "OK")
        self.saw_leg("Linphone", "from it", self.record_named(call_id)["legs"][0])
        phone.stop()
        self.assertAlmostEqual(OURS_HERTZ, tone.measure(phone.heard).hertz, delta=40)

    def test_zz_table(self):
        self.check_table()
        self.assert_clean_log()
