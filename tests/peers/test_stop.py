# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM ends calls with BYE and then the process; a second one ends it at once."""

import signal
import time

from tests.peers.lab import DOMAIN, PASSWORDS, Lab
from tests.peers.ua import Ua, connect


class Stop(Lab):
    def setUp(self):
        if not self.sbc.program.is_running():
            self.sbc.start()
        self.agents = [Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                       for name in ("alice", "bob")]
        for agent in self.agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        self.alice, self.bob = self.agents

    def terminate(self):
        self.began = time.monotonic()
        self.sbc.program.process.send_signal(signal.SIGTERM)

    def wait_end(self, seconds):
        status = self.sbc.program.process.wait(seconds)
        self.assert_clean_log()
        return status, time.monotonic() - self.began

    def hear_byes(self, answer=True):
        for agent in self.agents:
            bye = agent.wait(lambda m: m.method == "BYE")
            if answer:
                agent.respond(bye, 200, "OK")

    def test_without_calls(self):
        self.terminate()
        self.assertEqual(0, self.wait_end(5)[0])

    def test_with_a_call(self):
        connect(self.alice, self.bob)
        self.terminate()
        self.hear_byes()
        status, seconds = self.wait_end(6)
        self.assertEqual(0, status)
        self.assertLess(seconds, 5)

    def test_with_a_call_and_nobody_answers(self):
        connect(self.alice, self.bob)
        self.terminate()
        self.hear_byes(answer=False)
        status, seconds = self.wait_end(6)
        self.assertEqual(0, status)
        self.assertLess(seconds, 5.5)

    def test_no_new_call_while_stopping(self):
        connect(self.alice, self.bob)
        self.terminate()
        self.hear_byes(answer=False)
        self.alice.request("OPTIONS", f"sip:{DOMAIN}", "stopping")
        self.assertEqual(503, self.alice.wait_final("OPTIONS", 2).code)
        self.wait_end(6)

    def test_twice(self):
        connect(self.alice, self.bob)
        self.terminate()
        self.hear_byes(answer=False)
        self.began = time.monotonic()
        self.sbc.program.process.send_signal(signal.SIGTERM)
        self.assertLess(self.wait_end(5)[1], 1)
