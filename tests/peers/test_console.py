# SPDX-License-Identifier: GPL-3.0-or-later
"""The web console in a real Chromium, with real calls: two baresip phones talk, two more agents
ring. Screenshots stay in build/*/peers/Console/screenshots."""

import json
import os
import re
import shutil
import subprocess

from tests.peers.lab import DOMAIN, PASSWORDS, ROOT, wait_for
from tests.peers.phones import Phones
from tests.peers.test_http import HttpLab
from tests.peers.ua import Ua

PLAYWRIGHT = os.path.join(ROOT, "build", "deps", "npm", "playwright-core")
MORE = {"carol": "in-between-us", "dave": "never-mind-me"}
SILENT = """\
  - name: silent
    domain: silent.test
    address: 127.0.0.1:{port}
    transport: udp
    profile: trunk-rtp
    probe: true
    calls_max: 30
"""


class ConsoleLab(HttpLab):
    MORE = "  http_console: {root}/build/console\n"


class Files(ConsoleLab):
    def test_policy(self):
        """Nothing but our own files may run, and nobody may frame us."""
        answer = self.ask("GET", "/")
        self.assertEqual((200, "text/html; charset=utf-8"),
                         (answer.status, answer.headers["content-type"]))
        policy = answer.headers["content-security-policy"]
        for words in ("default-src 'none'", "script-src 'self'", "connect-src 'self'",
                      "frame-ancestors 'none'", "base-uri 'none'"):
            self.assertIn(words, policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual("nosniff", answer.headers["x-content-type-options"])
        self.assertNotRegex(answer.body.decode(), r"<script>|style=|\bon\w+=|https?://")

    def test_files(self):
        for name in os.listdir(os.path.join(ROOT, "build", "console")):
            answer = self.ask("GET", "/" + name)
            self.assertEqual(200, answer.status, name)
            with open(os.path.join(ROOT, "build", "console", name), "rb") as file:
                self.assertEqual(file.read(), answer.body)
            again = self.ask("GET", "/" + name,
                             headers={"If-None-Match": answer.headers["etag"]})
            self.assertEqual((304, b""), (again.status, again.body))
        for path in ("/../rpc_token", "/%2e%2e/state/rpc_token", "/console", "/app.js/x"):
            self.assertEqual(404, self.ask("GET", path).status, path)

    def test_imports_are_there(self):
        """Every module and file that a page names is served."""
        folder = os.path.join(ROOT, "build", "console")
        for name in os.listdir(folder):
            if name in ("uplot.js", "preact.js") or not name.endswith((".js", ".html")):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            for wanted in re.findall(r'(?:from "\./|(?:src|href)=")([\w.-]+\.\w+)"', text):
                self.assertTrue(os.path.exists(os.path.join(folder, wanted)), wanted)


class Missing(HttpLab):
    MORE = "  http_console: /nowhere/console\n"

    def test_everything_else_is_there(self):
        self.assertEqual(404, self.ask("GET", "/").status)
        self.assertEqual(200, self.rpc("core.version").status)
        wait_for(lambda: "console.missing" in self.log_text(), 5, "the log")


class Console(Phones, ConsoleLab):
    @classmethod
    def before_start(cls):
        super().before_start()
        cls.sbc.settings["users"] = dict(PASSWORDS, **MORE)
        cls.sbc.settings["more_peers"] = SILENT.format(port=cls.base + 8)
        cls.sbc.settings["more"] = ("dispatcher:\n  ds_ping_interval: 1\n")

    def calls(self):
        """alice and bob talk, carol rings at dave."""
        agents = [Ua(name, DOMAIN, password, self.sip_port) for name, password in MORE.items()]
        for agent in agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        alice = self.phone("alice", 60, 440)
        self.phone("bob", 76, 620, answer="auto")
        alice.command("dial", f"sip:bob@{DOMAIN}")
        alice.wait_event("CALL_ESTABLISHED", 10)
        carol, dave = agents
        carol.invite("dave")
        dave.respond(dave.wait(lambda m: m.method == "INVITE"), 180, "Ringing")

    def restart(self):
        self.sbc.start()
        self.sbc.program.wait_for_port(self.rpc_port)

    def do(self, step):
        {"calls": self.calls, "stop": self.sbc.stop, "start": self.restart}[step]()

    def has_history(self):
        return "call.explain" in self.rpc("system.listMethods").json()["result"]

    def test_a_person(self):
        out = os.path.join(self.folder, "screenshots")
        os.makedirs(out)
        self.assertTrue(os.path.exists(PLAYWRIGHT), "make deps fetches playwright-core")
        profile = os.path.join(self.folder, "profile")
        config = {"base": self.origin(), "token": self.token, "out": out, "profile": profile,
                  "hasHistory": self.has_history()}
        browser = subprocess.Popen(
            ["node", os.path.join(ROOT, "tests", "peers", "console.mjs"), PLAYWRIGHT,
             shutil.which("chromium"), json.dumps(config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        try:
            for line in browser.stdout:
                said.append(line)
                if line.startswith("@"):
                    self.do(line[1:].strip())
                    browser.stdin.write("\n")
                    browser.stdin.flush()
            browser.wait(30)
        finally:
            browser.kill()
            browser.communicate()
        self.assertEqual("passed\n", said[-1] if said else "", "".join(said))
        self.assertEqual(0, browser.returncode)
        for name in ("login", "calls-none", "calls", "call", "call-over", "peers", "no-answer"):
            for kind in ("light", "dark", "phone"):
                self.assertGreater(os.path.getsize(f"{out}/{name}-{kind}.png"), 5000)
        self.assert_clean_log()
