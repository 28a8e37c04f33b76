# SPDX-License-Identifier: GPL-3.0-or-later
"""The interop gateway with real peers: SIPp sends plain RTP over a trunk, baresip speaks
DTLS-SRTP or SDES over TLS, and each hears the other through countersip."""

import os
import subprocess
import time

from tests.peers import g711
from tests.peers.lab import DOMAIN, Lab
from tests.peers.phones import Phones

import tone
from procs import wait_for

TRUNK = """\
  - name: trunk
    domain: trunk.test
    address: 127.0.0.1:5099
    transport: udp
    profile: trunk-rtp
"""
SIPP_HERTZ, ALICE_HERTZ, BOB_HERTZ = 1000, 440, 620

SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="trunk">
<send retrans="500"><![CDATA[
INVITE sip:alice@atlanta.test SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:+4930123@trunk.test>;tag=[pid]SIPp[call_number]
To: <sip:alice@atlanta.test>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"><action>
<ereg regexp="m=audio [0-9]+ RTP/AVP 0" search_in="body" check_it="true" assign_to="1"/>
</action></recv>
<Reference variables="1"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="{file},-1,0,PCMU/8000"/></action></nop>
<pause milliseconds="4000"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""


class Keying(Phones, Lab):
    SETTINGS = {"more_peers": TRUNK,
                "user_keys": {"alice": ["allow_downgrade: true"],
                              "bob": ["media: sdes"]}}

    def record(self):
        return wait_for(self.sbc.records, 10, "the call record")[-1]

    def assert_heard(self, phone, hertz):
        heard = tone.measure(phone.recording())
        self.assertAlmostEqual(hertz, heard.hertz, delta=40)

    def assert_leg(self, leg, keying, profile):
        self.assertEqual(keying, leg["keying"])
        self.assertIn(profile, leg["srtp_profile"])
        self.assertGreater(leg["rtp_relayed"], 50, leg)
        for cause in ("replay", "malformed", "send"):
            self.assertEqual(0, leg["dropped"][cause], leg)
        # baresip forgets its keys at hangup before its last RTCP is out.
        self.assertLessEqual(leg["dropped"]["auth"], 1, leg)
        stream = leg["streams"][0]
        self.assertEqual(("audio", "PCMU", 0), (stream["kind"], stream["codec"], stream["lost"]))
        self.assertGreater(stream["mos"], 4.0, stream)

    def test_plain_trunk_to_dtls_phone(self):
        alice = self.phone("alice", 60, ALICE_HERTZ, answer="auto")
        sound = os.path.join(self.folder, "tone.ul")
        with open(sound, "wb") as out:
            out.write(g711.tone(SIPP_HERTZ, 2))
        path = os.path.join(self.folder, "trunk.xml")
        with open(path, "w", encoding="ascii") as out:
            out.write(SCENARIO.format(file="tone.ul"))
        done = subprocess.run(
            ["sipp", f"127.0.0.1:{self.sip_port}", "-sf", path, "-t", "u1", "-i", "127.0.0.1",
             "-p", str(self.base + 75), "-m", "1", "-nostdin", "-timeout", "20",
             "-timeout_error", "-mp", str(self.base + 80), "-trace_err"],
            cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=40, check=False)
        self.assertEqual(0, done.returncode, done.stderr[-2000:] + self.log_text()[-3000:])
        a, b = self.record()["legs"]
        self.assert_leg(a, "none", "")
        self.assert_leg(b, "dtls", "SRTP_")
        self.assertTrue(b["fingerprint_match"])
        alice.stop()
        self.assert_heard(alice, SIPP_HERTZ)
        self.assert_clean_log()

    def test_dtls_phone_to_sdes_phone(self):
        before = len(self.sbc.records())
        alice = self.phone("alice", 60, ALICE_HERTZ)
        bob = self.phone("bob", 76, BOB_HERTZ, answer="auto", mediaenc="srtp-mand")
        alice.command("dial", f"sip:bob@{DOMAIN}")
        alice.wait_event("CALL_ESTABLISHED", 10)
        time.sleep(3)
        alice.command("hangup")
        wait_for(lambda: len(self.sbc.records()) > before, 10, "the call record")
        a, b = self.record()["legs"]
        self.assert_leg(a, "dtls", "SRTP_")
        self.assert_leg(b, "sdes", "SRTP_")
        alice.stop()
        bob.stop()
        self.assert_heard(alice, BOB_HERTZ)
        self.assert_heard(bob, ALICE_HERTZ)
        self.assert_clean_log()
        # Keys are in nobody's log.
        self.assertNotIn("inline:", self.log_text())
