# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl rules test and peer show --config: what a configuration would do, without a
daemon."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("COUNTERSIP_BUILD", "build/plain"))
CONFIG = """\
state_dir: /nonexistent
domains: [{name: atlanta.test, info_url: "https://atlanta.test/cert"}]
listeners: [{transport: udp, address: "127.0.0.1:5060"}]
media: {interfaces: [{address: 127.0.0.1}], ports: 20000-20999}
peers:
  - name: left
    domain: left.test
    address: 127.0.0.2
    transport: udp
    profile: lab
    headers:
      - {direction: in, action: rename, name: X-Foo, value: X-Bar}
      - {direction: in, action: allow, name: X-Bar}
  - {name: right, domain: right.test, address: 127.0.0.3, transport: udp,
     profile: domain-dtls, headers: [{direction: out, action: allow, name: X-Bar}]}
"""
MESSAGE = """\
INVITE sip:bob@right.test SIP/2.0
Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKx
From: <sip:alice@left.test>;tag=1
To: <sip:bob@right.test>
Call-ID: 7
CSeq: 1 INVITE
Max-Forwards: 70
Contact: <sip:alice@127.0.0.2>
Subject: a\x1b[2Jb
X-Foo: one
X-Foo: two
X-Other: three
Content-Length: 0

"""


class Offline(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="countersip-ctl-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.config = self.write("countersip.yaml", CONFIG)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_ctl(self, *arguments, stdin=None, status=0):
        done = subprocess.run([os.path.join(BUILD, "countersipctl"), *arguments], input=stdin,
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stderr if status else done.stdout

    def test_rules(self):
        message = self.write("m.sip", MESSAGE)
        options = ["rules", "test", "--config", self.config]
        text = self.run_ctl(*options, "--from", "left", "--to", "right", message)
        lines = text.splitlines()
        for line in ("o Via: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKx", "- X-Foo: one",
                     "- X-Foo: two", "- X-Other: three", "+ X-Bar: one", "+ X-Bar: two"):
            self.assertIn(line, lines)
        self.assertNotIn("\x1b", text)
        # The other way no rule lets it through.
        text = self.run_ctl(*options, "--from", "right", "--to", "left", "-", stdin=MESSAGE)
        self.assertNotIn("X-Bar", text)
        self.assertIn("- X-Foo: one", text)

    def test_rules_that_cannot_be_tried(self):
        message = self.write("m.sip", MESSAGE)
        options = ["rules", "test", "--config", self.config]
        self.assertIn("no such peer", self.run_ctl(*options, "--to", "x", message, status=1))
        self.assertIn("not a SIP message", self.run_ctl(*options, "-", stdin="hi\n", status=1))
        self.assertIn("cannot be read", self.run_ctl(*options, "/nonexistent", status=1))
        for wrong in ((), ("--nonsense", message), (message, message)):
            self.run_ctl(*options, *wrong, status=64)
        bad = self.write("bad.yaml", CONFIG.replace("profile: lab", "profile: lob"))
        self.assertIn("bad.yaml:10:", self.run_ctl("rules", "test", "--config", bad, message,
                                                   status=1))

    def test_peer(self):
        text = self.run_ctl("peer", "show", "--config", self.config, "left")
        self.assertRegex(text, r"(?m)^profile +lab +file$")
        self.assertRegex(text, r"(?m)^accept +\[rfc8224\] +profile$")
        shown = json.loads(self.run_ctl("peer", "show", "--json", "--config", self.config,
                                        "right"))
        self.assertIn({"key": "media", "value": "dtls", "origin": "profile"}, shown)
        self.assertIn('no peer "x"', self.run_ctl("peer", "show", "--config", self.config, "x",
                                                  status=1))
        self.run_ctl("peer", "show", status=64)
        self.assertIn("usage", self.run_ctl("peer", "show", "--help"))


if __name__ == "__main__":
    unittest.main()
