# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers of real phones, with sound: who is given to another one hears that one, without a
handshake of its own beginning anew, and the phones say nothing but what phones say."""

import os
import re
import time
import wave

from tests.peers.lab import DOMAIN, Lab, PASSWORDS, wait_for
from tests.peers.phones import Phones

import tone  # noqa: E402

ALICE_HERTZ, BOB_HERTZ, CAROL_HERTZ = 440, 660, 880
USERS = dict(PASSWORDS, carol="songbook")


def last_seconds(path, seconds, out):
    """The end of a recording, as a file of its own."""
    with wave.open(path, "rb") as file:
        skip = max(0, file.getnframes() - int(seconds * file.getframerate()))
        file.setpos(skip)
        with wave.open(out, "wb") as cut:
            cut.setparams(file.getparams())
            cut.writeframes(file.readframes(file.getnframes() - skip))
    return out


class Transfer(Phones, Lab):
    SETTINGS = {"users": USERS}

    def start_phones(self):
        self.alice = self.phone("alice", 60, ALICE_HERTZ)
        self.bob = self.phone("bob", 74, BOB_HERTZ, answer="auto")
        self.carol = self.phone("carol", 86, CAROL_HERTZ, answer="auto")

    def assert_heard(self, phone, hertz):
        end = last_seconds(phone.recording(), 2, os.path.join(self.folder, "end.wav"))
        self.assertAlmostEqual(hertz, tone.measure(end).hertz, delta=40)

    def legs_of(self, record):
        return {leg["peer"]: leg for leg in record["legs"]}

    def test_blind(self):
        self.start_phones()
        self.alice.command("dial", f"sip:bob@{DOMAIN}")
        self.alice.wait_event("CALL_ESTABLISHED", 10)
        time.sleep(1)
        self.alice.command("transfer", f"sip:carol@{DOMAIN}")
        self.carol.wait_event("CALL_ESTABLISHED", 10)
        self.alice.wait_event("CALL_CLOSED", 10)
        first = wait_for(self.sbc.records, 10, "the first call's record")[0]
        self.assertIn("transferred", first["reason"])
        time.sleep(4)
        self.bob.command("hangup")
        records = wait_for(lambda: self.sbc.records()[1:], 10, "the second call's record")
        legs = self.legs_of(records[0])
        self.assertEqual({"bob", "carol"}, set(legs), records[0])
        self.assertIn(f"alice@{DOMAIN}", records[0]["from"])
        for name, leg in legs.items():
            self.assertEqual("dtls", leg["keying"])
            self.assertTrue(leg["fingerprint_match"], leg)
            self.assertGreater(leg["rtp_relayed"], 100, (name, leg))
        self.assertEqual(1, len(re.findall(r"media.secured call=\S+ leg=. .*",
                                           self.of_call(records[0]))), self.log_text()[-3000:])
        for phone in (self.alice, self.bob, self.carol):
            phone.stop()
        self.assert_heard(self.bob, CAROL_HERTZ)
        self.assert_heard(self.carol, BOB_HERTZ)
        self.assert_clean_log()

    def of_call(self, record):
        return "\n".join(line for line in self.log_text().splitlines()
                         if f"call={record['call']} " in line)


    def test_nobody_there(self):
        """Who asked is told why; the call is not ended by us."""
        self.start_phones()
        before = len(self.sbc.records())
        self.alice.command("dial", f"sip:bob@{DOMAIN}")
        self.alice.wait_event("CALL_ESTABLISHED", 10)
        self.alice.command("transfer", f"sip:nobody@{DOMAIN}")
        self.wait_log(r"call\.refer_failed call=\S+ code=404")
        self.alice.wait_event("TRANSFER_FAILED", 10)
        # This phone hangs up then by itself.
        records = wait_for(lambda: self.sbc.records()[before + 1:], 10, "the call's record")
        self.assertEqual({"alice", "bob"}, set(self.legs_of(records[0])), records)
        self.assertEqual("caller", records[0]["ended_by"])
        self.assert_clean_log()
