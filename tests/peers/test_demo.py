# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo, interrupted: it ends at once and leaves no process behind. (The demo itself is
the test `demo`.)"""

import os
import signal
import subprocess
import sys
import time
import unittest

from tests.peers.lab import BUILD, ROOT

STARTING, CALLING = "1. alice@", "alice calls bob"
MARK = os.path.join(ROOT, "build", "demo")


def left_behind():
    """Command lines of living processes that work in build/demo."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended in between
        if MARK in command:
            found.append(command)
    return found


class Interrupted(unittest.TestCase):
    def interrupt(self, sign, line, seconds=0.0):
        """A demo that gets the signal so long after it said that. (status, what it said)"""
        demo = subprocess.Popen([sys.executable, "tools/demo/demo.py", "--build", BUILD],
                                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True, text=True)
        said = ""
        try:
            while line not in said:
                heard = demo.stdout.readline()
                self.assertTrue(heard, said)
                said += heard
            time.sleep(seconds)
            demo.send_signal(sign)
            said += demo.communicate(timeout=20)[0]
        finally:
            demo.kill()
            demo.communicate()
        time.sleep(0.5)  # what the kernel ends after its parent
        self.assertEqual([], left_behind())
        return demo.returncode, said

    def assert_interrupted(self, *how):
        status, said = self.interrupt(*how)
        self.assertEqual(130, status, said)
        self.assertIn("interrupted", said)

    def test_ctrl_c_while_starting(self):
        for seconds in (0, 0.2, 0.5):
            self.assert_interrupted(signal.SIGINT, STARTING, seconds)

    def test_ctrl_c_during_the_call(self):
        self.assert_interrupted(signal.SIGINT, CALLING, 1)

    def test_terminated(self):
        self.assert_interrupted(signal.SIGTERM, CALLING)

    def test_killed(self):
        status, said = self.interrupt(signal.SIGKILL, CALLING)
        self.assertEqual(-signal.SIGKILL, status, said)
