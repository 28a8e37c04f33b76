# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP: a good file is taken over while a call goes on; a bad one changes nothing, and the
log says why."""

import signal

from tests.peers.lab import DOMAIN, PASSWORDS, Lab, wait_for
from tests.peers.ua import Ua, connect


class Reload(Lab):
    def setUp(self):
        self.agents = [Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                       for name in ("alice", "bob")]
        for agent in self.agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)

    def rewrite(self, old, new):
        with open(self.sbc.config, encoding="ascii") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.sbc.config, "w", encoding="ascii") as file:
            file.write(text.replace(old, new, 1))
        self.addCleanup(self.put_back, text)

    def put_back(self, text):
        with open(self.sbc.config, "w", encoding="ascii") as file:
            file.write(text)
        self.hang_up("result=ok")

    def hang_up(self, expected):
        """SIGHUP, and what the log then says."""
        before = len(self.log_text())
        self.sbc.program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: " reload result=" in self.log_text()[before:], 5, "the reload")
        said = self.log_text()[before:]
        self.assertIn(expected, said)
        self.assert_clean_log()
        return said

    def test_a_user_goes_while_a_call_goes_on(self):
        alice, bob = self.agents
        answered, _ = connect(alice, bob)
        self.rewrite("  - name: bob\n", "  - name: bill\n")
        self.hang_up("result=ok users=2")
        again = Ua("bob", DOMAIN, PASSWORDS["bob"], self.sip_port)
        self.addCleanup(again.close)
        self.assertNotEqual(200, again.register().code)
        cseq = alice.bye(answered)
        self.assertTrue(cseq)
        bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")

    def test_a_bad_file_changes_nothing(self):
        self.rewrite("log_level: info", "log_levle: info")
        said = self.hang_up("result=refused")
        self.assertIn('unknown key "log_levle"', said.replace("?", '"'))
        self.assertEqual(200, self.agents[0].register().code)

    def test_what_needs_a_restart_changes_nothing(self):
        self.rewrite(f"127.0.0.1:{self.sip_port}", f"127.0.0.1:{self.base + 8}")
        said = self.hang_up("result=refused")
        self.assertIn("listeners[].address cannot change while we run", said)

    def test_many_at_once(self):
        for _ in range(20):
            self.sbc.program.process.send_signal(signal.SIGHUP)
        self.hang_up("result=ok")
        self.assert_alive()
