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
    def interrupt(self, sign, seconds):
        demo = subprocess.Popen([sys.executable, "tools/demo/demo.py", "--build", BUILD],
                                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, start_new_session=True)
        try:
            time.sleep(seconds)
            demo.send_signal(sign)
            _, said = demo.communicate(timeout=20)
        finally:
            demo.kill()
            demo.wait()
        time.sleep(0.5)  # what the kernel ends after its parent
        self.assertEqual([], left_behind())
        return demo.returncode, said.decode()

    def test_ctrl_c_while_starting(self):
        status, said = self.interrupt(signal.SIGINT, 0.6)
        self.assertEqual((130, True), (status, "interrupted" in said), said)

    def test_ctrl_c_during_the_call(self):
        status, said = self.interrupt(signal.SIGINT, 3)
        self.assertEqual((130, True), (status, "interrupted" in said), said)

    def test_terminated(self):
        status, said = self.interrupt(signal.SIGTERM, 2)
        self.assertEqual((130, True), (status, "interrupted" in said), said)

    def test_killed(self):
        self.assertEqual(-signal.SIGKILL, self.interrupt(signal.SIGKILL, 2)[0])
