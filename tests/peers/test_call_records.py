# SPDX-License-Identifier: GPL-3.0-or-later
"""Call records outlive what happens to the disk and to the process. The full disk is a real
one: a small tmpfs that only the daemon sees, in a mount namespace of its own."""

import json
import os
import re
import signal
import subprocess
import time

from tests.peers.lab import BUILD, DOMAIN, PASSWORDS, Lab, wait_for
from tests.peers.ua import Ua, connect

DISK_KIB = 512
CALLS = 40


class Records(Lab):
    def setUp(self):
        self.addCleanup(self.sbc.stop)  # each test has a fresh one
        if not self.sbc.program.is_running():
            self.sbc.start()
        self.agents = [Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                       for name in ("alice", "bob")]
        for agent in self.agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        self.alice, self.bob = self.agents

    def call(self):
        """A whole call; its Call-ID, and how long setting it up took."""
        began = time.monotonic()
        answered, _ = connect(self.alice, self.bob)
        seconds = time.monotonic() - began
        self.alice.bye(answered)
        self.bob.respond(self.bob.wait(lambda m: m.method == "BYE"), 200, "OK")
        self.alice.wait_final("BYE")
        return answered.get("Call-ID"), seconds

    def statistics(self):
        """countersipctl's, of the group call_records."""
        done = subprocess.run(
            [os.path.join(BUILD, "countersipctl"), "--json", "--socket",
             os.path.join(self.sbc.folder, "run", "countersip_rpc.sock"),
             "stats.fetchn", "call_records:"],
            capture_output=True, text=True, timeout=20, check=True)
        return {name.removeprefix("call_records."): value
                for name, value in json.loads(done.stdout).items()}


class FullDisk(Records):
    @classmethod
    def before_start(cls):
        disk = os.path.join(cls.folder, "disk")
        os.makedirs(disk)
        cls.sbc.settings.update(
            call_records=os.path.join(os.path.abspath(disk), "calls.jsonl"),
            prefix=["unshare", "-m", "sh", "-c",
                    f'mount -t tmpfs -o size={DISK_KIB}k none {disk} && exec "$@"', "sh"])

    def path(self, name):
        """As the daemon sees it."""
        return (f"/proc/{self.sbc.program.process.pid}/root"
                + os.path.join(os.path.abspath(self.folder), "disk", name))

    def fill(self):
        with open(self.path("ballast"), "wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass

    def lines(self):
        """Each is whole, or json says so."""
        with open(self.path("calls.jsonl"), encoding="utf-8") as records:
            text = records.read()
        self.assertTrue(not text or text.endswith("\n"), text[-200:])
        return [json.loads(line) for line in text.splitlines()]

    def test_full_disk(self):
        self.assertFalse(os.path.exists(os.path.join(self.folder, "disk", "calls.jsonl")),
                         "the tmpfs is not the daemon's own")
        called = [self.call()[0]]
        wait_for(lambda: len(self.lines()) == 1, 5, "the first record")
        self.fill()
        slowest = 0
        for _ in range(CALLS):
            call_id, seconds = self.call()
            called.append(call_id)
            slowest = max(slowest, seconds)
        self.assertLess(slowest, 2, "calls wait for the disk")
        self.wait_log(r'file.failing name=call_records .*why="No space left on device"')
        told = self.statistics()
        self.assertEqual(1, told["failing"])
        self.assertEqual(0, told["dropped"])
        self.assertEqual(CALLS + 1, told["written"] + told["waiting"])
        self.assertLess(len(self.lines()), 5)  # and each of them whole
        time.sleep(2.5)  # it is tried again meanwhile
        self.assertGreater(self.statistics()["failures"], told["failures"])
        self.assertEqual(1, self.log_text().count("file.failing"), "one line, not one a try")
        os.unlink(self.path("ballast"))
        self.wait_log("file.normal name=call_records")
        told = self.statistics()
        self.assertEqual((0, 0, 0, CALLS + 1),
                         (told["failing"], told["waiting"], told["dropped"], told["written"]))
        records = self.lines()
        self.assertEqual(sorted(called), sorted(r["legs"][0]["call_id"] for r in records))
        # In the order in which they were made, which is that of media's last word.
        self.assertEqual(re.findall(r"call\.end call=(c\d+)", self.log_text()),
                         [record["call"] for record in records])
        self.assert_alive()
        self.assert_clean_log()

    def test_stop_while_full(self):
        """It ends all the same, and tells what is lost."""
        self.fill()
        for _ in range(3):
            self.call()
        self.wait_log("file.failing name=call_records")
        self.assertEqual(0, self.sbc.stop())  # and its disk is gone with it
        self.assertRegex(self.log_text(), r"file.lost name=call_records .* lines=3\n")


class Killed(Records):
    """kill -9 as soon as the log says that the call is over."""

    def test_record_is_there(self):
        called = []
        for _ in range(5):
            if not self.sbc.program.is_running():
                self.sbc.start()
                for agent in self.agents:
                    self.assertEqual(200, agent.register().code)
            called.append(self.call()[0])
            self.wait_log(r"(?s)(call\.end .*){%d}" % len(called))
            os.killpg(self.sbc.program.process.pid, signal.SIGKILL)
            self.sbc.program.process.wait()
        self.assertEqual(called, [r["legs"][0]["call_id"] for r in self.sbc.records()])


del Records  # it is a base
