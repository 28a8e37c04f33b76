# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl identity verify on recorded requests: each check is told, the first that fails
with its reason."""

import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("COUNTERSIP_BUILD", "build/plain"))
VECTORS = os.path.join(ROOT, "tests", "vectors")
PKI = os.path.join(VECTORS, "pki-kamailio")
OLD = os.path.join(VECTORS, "rfc4474-kamailio", "01-INVITE.sip")
NEW = os.path.join(VECTORS, "rfc8224-kamailio", "01-INVITE.sip")
RSA = ["--ca", f"{PKI}/ca.pem", "--certificate", f"{PKI}/atlanta.example.rsa.der"]
EC = ["--ca", f"{PKI}/ca.pem", "--certificate", f"{PKI}/atlanta.example.ec.pem"]


class Verify(unittest.TestCase):
    def run_verify(self, *arguments, stdin=None):
        command = [os.path.join(BUILD, "countersipctl"), "identity", "verify", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=30, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def failed(self, text):
        return re.findall(r"^✗ (.*)$", text, re.M)

    def changed(self, path, before, after):
        with open(path, "rb") as file:
            text = file.read()
        self.assertIn(before, text)
        out = tempfile.NamedTemporaryFile(delete=False)
        self.addCleanup(os.unlink, out.name)
        with out:
            out.write(text.replace(before, after, 1))
        return out.name

    def test_what_is_right(self):
        for arguments, checks in ((["--then", *RSA, OLD], 7),
                                  (["--then", "--without-mky", *EC, NEW], 8)):
            status, text, _ = self.run_verify(*arguments)
            self.assertEqual((0, checks, []),
                             (status, text.count("✓ "), self.failed(text)), text)
            self.assertRegex(text, r"\nverified: .*, by atlanta.example ")
        self.assertIn('payload  {"attest":"A"', text)

    def test_reads_standard_input_with_any_line_ends(self):
        with open(NEW, "rb") as file:
            plain = file.read().replace(b"\r\n", b"\n")
        status, text, _ = self.run_verify("--then", "--without-mky", *EC, "-", stdin=plain)
        self.assertEqual(0, status, text)

    def test_the_first_thing_that_is_wrong(self):
        stranger = ["--ca", f"{PKI}/ca.pem", "--certificate", f"{PKI}/biloxi.example.rsa.der"]
        body = self.changed(OLD, b"m=audio 4", b"m=audio 5")
        caller = self.changed(NEW, b"From: \"Alice\" <sip:+12155551212@",
                              b"From: \"Alice\" <sip:+12155551219@")
        cases = (
            ([*RSA, OLD], "it is fresh: Date is too old", "403 Stale Date"),
            (["--then", *RSA[2:], OLD], "the certificate may vouch for it: certificate does "
             "not chain to a trusted CA", "437 "),
            (["--then", *stranger, OLD], "the certificate may vouch for it: certificate does "
             "not name the domain in From", "437 "),
            (["--then", *RSA, body], "the signature verifies: signature does not verify", "438 "),
            (["--then", *EC, NEW], "it says what the message says: no mky", "438 "),
            (["--then", "--without-mky", *EC, caller],
             "it says what the message says: orig is not From", "438 "),
        )
        for arguments, why, refused in cases:
            status, text, _ = self.run_verify(*arguments)
            self.assertEqual(1, status, text)
            self.assertEqual(1, len(self.failed(text)), text)
            self.assertTrue(self.failed(text)[0].startswith(why), self.failed(text))
            self.assertIn(f"refused: {refused}", text)

    def test_says_what_to_fetch(self):
        status, text, _ = self.run_verify("--then", "--without-mky", NEW)
        self.assertEqual(1, status)
        self.assertIn("which is at\n  http://127.0.0.21:8081/atlanta.example.ec.pem\n", text)

    def test_what_is_no_request(self):
        for arguments in ((), ("--nonsense", NEW), (NEW, OLD)):
            self.assertEqual(64, self.run_verify(*arguments)[0])
        for stdin in (b"", b"hello\n", b"INVITE sip:a SIP/2.0\r\nFrom: x\r\n\r\n"):
            status, text, error = self.run_verify("-", stdin=stdin)
            self.assertEqual((1, ""), (status, text))
            self.assertTrue(error.startswith("-: "), error)
