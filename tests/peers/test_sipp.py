# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals that RFC 3261 section 8.2 names, asked for by SIPp over UDP and TCP."""

import glob
import os
import subprocess
from xml.sax.saxutils import escape

from tests.peers.lab import Lab

SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="{name}">
<send retrans="500"><![CDATA[
{method} sip:{target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: {hops}
From: <sip:sipp@elsewhere.test>;tag=[pid]SIPp[call_number]
To: <sip:{target}>{to_tag}
Call-ID: [call_id]
CSeq: 1 {method}
Contact: <sip:sipp@[local_ip]:[local_port]>
{extra}Content-Length: [len]

{body}]]></send>
<recv response="100" optional="true"/>
<recv response="{code}"><action>
<ereg regexp="{expected}" search_in="msg" check_it="true" assign_to="1"/>
</action></recv>
<Reference variables="1"/>
{ack}</scenario>
"""
# RFC 3261 section 17.1.1.3: the ACK of a refusal belongs to its INVITE's transaction.
ACK = """<send><![CDATA[
ACK sip:{target} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-1];rport
Max-Forwards: 70
From: <sip:sipp@elsewhere.test>;tag=[pid]SIPp[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
"""

# name, code, a header that the answer must have (a SIPp expression), and what differs from a
# plain OPTIONS.
CASES = (
    ("options", 200, "Allow: ", {}),
    ("message", 405, "Allow: .*INVITE", {"method": "MESSAGE"}),
    ("subscribe", 405, "Allow: ", {"method": "SUBSCRIBE"}),
    ("unknown-method", 501, "Allow: ", {"method": "DANCE"}),
    ("require", 420, "Unsupported: .*teleport", {"extra": "Require: teleport\n"}),
    ("content-type", 415, "Accept: application/sdp",
     {"method": "INVITE", "target": "bob@atlanta.test", "extra": "Content-Type: text/plain\n",
      "body": "hello\n"}),
    ("bye-without-dialog", 481, "CSeq: 1 BYE", {"method": "BYE", "to_tag": ";tag=gone"}),
    ("max-forwards", 483, "CSeq: 1 INVITE",
     {"method": "INVITE", "target": "bob@atlanta.test", "hops": "0"}),
    ("register-elsewhere", 404, "CSeq: 1 REGISTER",
     {"method": "REGISTER", "target": "elsewhere.test"}),
)


class Sipp(Lab):
    def write(self, name, code, expected, changes):
        words = {"method": "OPTIONS", "target": "atlanta.test", "hops": "70", "extra": "",
                 "body": "", "to_tag": ""}
        words.update(changes)
        ack = ACK.format(target=words["target"]) if words["method"] == "INVITE" else ""
        path = os.path.join(self.folder, f"{name}.xml")
        text = SCENARIO.format(name=name, code=code, expected=escape(expected), ack=ack, **words)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        return path

    def sipp(self, path, transport, port):
        command = ["sipp", f"127.0.0.1:{self.sip_port}", "-sf", path, "-t", transport,
                   "-i", "127.0.0.1", "-p", str(port), "-m", "5", "-r", "50", "-nostdin",
                   "-timeout", "15", "-timeout_error", "-trace_err", "-trace_screen"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=30, check=False)

    def errors(self):
        texts = []
        for path in glob.glob(os.path.join(self.folder, "*_errors.log")):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        return "\n".join(texts)[-3000:]

    def run_cases(self, transport):
        for n, (name, code, expected, changes) in enumerate(CASES):
            with self.subTest(name):
                path = self.write(name, code, expected, changes)
                done = self.sipp(path, transport, self.base + 70 + n)
                self.assertEqual(0, done.returncode, self.errors() or done.stderr[-2000:])
        self.assert_alive()
        self.assert_clean_log()

    def test_udp(self):
        """SIP-21, SIP-22: refused, and told what would have been taken."""
        self.run_cases("u1")

    def test_tcp(self):
        self.run_cases("t1")
