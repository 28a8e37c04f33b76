# SPDX-License-Identifier: GPL-3.0-or-later
"""Handshakes and calls of the media room under valgrind: no read of what was never written, and
nothing that depends on how fast the machine is. Everything takes twenty times as long there,
while the tests' own clocks and their deadlines stay what they are."""

import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("COUNTERSIP_BUILD", "build/plain")
SEEDS = "12"  # of each link of test_dtls_pair
FOUND = 99  # valgrind's status when it found something
OPTIONS = ["--quiet", f"--error-exitcode={FOUND}", "--leak-check=full"]


@unittest.skipIf(re.search("address|thread", BUILD), "a sanitizer has its own eyes")
class Valgrind(unittest.TestCase):
    def run_one(self, test, *arguments, under=()):
        command = [*under, os.path.join(BUILD, "tests", "unit", "media", test), *arguments]
        environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True,
                              timeout=110, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done

    def run_under(self, test, *arguments):
        done = self.run_one(test, *arguments, under=("valgrind", *OPTIONS))
        planned = int(re.search(r"^1\.\.(\d+)", done.stdout, re.M)[1])
        self.assertEqual(planned, len(re.findall(r"^ok ", done.stdout, re.M)), done.stdout)
        self.assertGreater(planned, 0)
        return done

    def test_two_ends_over_bad_links(self):
        """In virtual time: each handshake takes what it takes elsewhere, to the microsecond."""
        outcomes = [re.findall(r"link \d+, seed \d+: \d+ us", done.stdout + done.stderr)
                    for done in (self.run_one("test_dtls_pair", SEEDS),
                                 self.run_under("test_dtls_pair", SEEDS))]
        self.assertGreater(len(outcomes[0]), int(SEEDS))
        self.assertEqual(*outcomes)

    def test_associations_of_a_call(self):
        """With real sockets, threads and time."""
        self.run_under("test_media_association")


if __name__ == "__main__":
    unittest.main()
