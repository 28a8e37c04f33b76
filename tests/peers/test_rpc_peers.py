# SPDX-License-Identifier: GPL-3.0-or-later
"""dispatcher.list, dispatcher.set_state and the commands that read the configuration again,
as kamcmd and kamctl ask for them."""

import json
import os
import re
import shutil
import ssl

from tests.peers import test_rpc
from tests.peers.lab import DOMAIN, wait_for
from tests.peers.ua import Ua

TRUNK = """  - name: trunk
    domain: trunk.test
    address: 127.0.0.1:{port}
    transport: udp
    profile: lab
"""


class Peers(test_rpc.Desk):
    @classmethod
    def before_start(cls):
        cls.trunk = Ua("trunk", "trunk.test", "", cls.sip_port)
        cls.addClassCleanup(cls.trunk.close)
        cls.sbc.settings["more_peers"] = TRUNK.format(port=cls.trunk.port)
        cls.sbc.settings["more_routes"] = "  - prefix: \"+49\"\n    peer: trunk\n"

    def state_of(self, name):
        records = self.ask("dispatcher.list")["result"]["RECORDS"]
        found = [t["DEST"] for t in records[0]["SET"]["TARGETS"]]
        return {d["ATTRS"]["DUID"]: d["FLAGS"] for d in found}[name]

    def test_list(self):
        said = self.kamcmd("dispatcher.list")
        self.assertRegex(said, r"(?s)NRSETS: 1\s+RECORDS: \{\s+SET: \{\s+ID: 1\s+TARGETS: \{"
                               r"\s+DEST: \{\s+URI: sip:127\.0\.0\.1:\d+;transport=tls\s+"
                               r"FLAGS: AX\s+PRIORITY: 0\s+ATTRS: \{\s+BODY: duid=biloxi")
        self.assertIn(f"URI: sip:127.0.0.1:{self.trunk.port}\n", said)
        answer = json.loads(self.kamctl("rpc", "dispatcher.list"))["result"]
        self.assertEqual(1, answer["NRSETS"])
        self.assertEqual(1, answer["RECORDS"][0]["SET"]["ID"])
        self.assertEqual("biloxi",
                         answer["RECORDS"][0]["SET"]["TARGETS"][0]["DEST"]["ATTRS"]["DUID"])

    def test_set_state(self):
        alice = self.phone("alice")
        uri = f"sip:127.0.0.1:{self.trunk.port}"
        self.assertIn("Ok. Dispatcher state updated.",
                      self.kamcmd("dispatcher.set_state", "dx", "1", uri))
        self.assertEqual("DX", self.state_of("trunk"))
        alice.invite("+4930123")
        self.assertGreaterEqual(alice.wait_final("INVITE").code, 400)
        self.assertIn("Ok.", self.kamcmd("dispatcher.set_state", "a", "1", "trunk"))
        self.assertEqual("AX", self.state_of("trunk"))
        alice.invite("+4930124")
        self.trunk.respond(self.trunk.wait(lambda m: m.method == "INVITE"), 486, "Busy")
        self.assertEqual(486, alice.wait_final("INVITE").code)
        for words, said in ((("xx", "1", uri), "500 - Unknown State Value"),
                            (("a", "1"), "500 - Invalid Parameters"),
                            (("a", "2", uri), "404"), (("a", "1", "sip:nobody"), "404")):
            self.assertIn(said, self.kamcmd("dispatcher.set_state", *words, status=None))
        self.assertIn("by command", self.log_text())

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

    def test_reload(self):
        self.assertIn("Ok. Configuration reloaded.", self.kamcmd("reload"))
        self.assertIn("Ok. Dispatcher successfully reloaded.",
                      self.kamcmd("dispatcher.reload"))
        self.assertIn("Ok. TLS configuration reloaded.", self.kamctl("rpc", "tls.reload"))
        self.rewrite("  - name: trunk\n", "  - name: carrier\n")
        self.rewrite("    peer: trunk\n", "    peer: carrier\n")
        self.kamcmd("reload")
        self.assertEqual("AX", self.state_of("carrier"))
        self.doCleanups()
        self.kamcmd("reload")
        self.assertEqual("AX", self.state_of("trunk"))

    def test_reload_is_refused(self):
        """By key and line, and nothing changes."""
        self.rewrite("log_level: info", "log_level: loud")
        self.assertRegex(self.kamcmd("reload", status=None), r"500 - .*countersip\.yaml:\d+:")
        self.rewrite("log_level: loud", "log_level: info")
        self.rewrite(f"ports: {self.media_first}-", f"ports: {self.media_first + 2}-")
        with open(self.sbc.config, encoding="ascii") as file:
            lines = file.read().split("\n")
        line = 1 + next(i for i, text in enumerate(lines) if text.startswith("  ports: "))
        said = self.kamcmd("reload", status=None)
        self.assertRegex(said, rf"countersip\.yaml:{line}: needs a restart: media\.ports")
        self.assertEqual("AX", self.state_of("biloxi"))

    def test_location(self):
        """kamctl ul show and rm."""
        alice, bob = self.phone("alice"), self.phone("bob")
        said = self.kamcmd("ul.dump")
        self.assertRegex(said, r"(?s)Domains: \{\s+Domain: \{\s+Domain: location\s+AoRs: \{\s+"
                               r"Info: \{\s+AoR: (alice|bob)@atlanta\.test\s+Contacts: \{\s+"
                               r"Contact: \{\s+Address: sip:")
        self.assertIn(f"Address: sip:alice@127.0.0.1:{alice.port}\n", said)
        self.assertRegex(said, r"Stats: \{\s+Records: 2\s")
        self.assertRegex(self.kamcmd("ul.dump", "brief"), r"AoR: bob@atlanta\.test\s")
        shown = json.loads(self.kamctl("ul", "show"))["result"]["Domains"][0]["Domain"]
        self.assertEqual({"alice@atlanta.test", "bob@atlanta.test"},
                         {info["Info"]["AoR"] for info in shown["AoRs"]})
        contact = self.ask("ul.lookup", ["location", "bob@atlanta.test"])["result"]
        contact = contact["Contacts"][0]["Contact"]
        self.assertEqual(f"sip:bob@127.0.0.1:{bob.port}", contact["Address"])
        self.assertEqual(f"sip:127.0.0.1:{bob.port}", contact["Received"])
        self.assertIn("Ok.", self.kamcmd("ul.rm", "location", "bob"))
        for words in (("ul.lookup", "location", "bob"), ("ul.rm", "location", "bob")):
            self.assertIn("500 - AOR not found in location table",
                          self.kamcmd(*words, status=None))
        self.assertIn("500 - Invalid Parameters",
                      self.kamcmd("ul.lookup", "elsewhere", "bob", status=None))
        alice.invite("bob@atlanta.test")
        self.assertEqual(480, alice.wait_final("INVITE").code)

    def presented(self):
        """The serial of the certificate on the TLS port."""
        return re.sub(r"\s", "", ssl.get_server_certificate(("127.0.0.1", self.tls_port)))

    def test_certificates_are_renewed(self):
        """KAM-12: new files under the old names, with a connection that stands; a broken one changes
        nothing."""
        settings = self.sbc.settings
        certificate, key = settings["certificate"], settings["key"]
        before = self.presented()
        with open(certificate, encoding="ascii") as file:
            self.assertIn(before, re.sub(r"\s", "", file.read()))
        context = self.tls_context()
        with __import__("socket").create_connection(("127.0.0.1", self.tls_port), 5) as raw, \
                context.wrap_socket(raw, server_hostname=DOMAIN) as old:
            new, new_key = self.pki.certify("renewed", DOMAIN)
            shutil.copy(new, certificate)
            refused = self.kamcmd("tls.reload", status=None)
            self.assertIn("500 - atlanta.test: the P-256 key does not belong", refused)
            self.assertEqual(before, self.presented())
            shutil.copy(new_key, key)
            os.chmod(key, 0o600)
            self.assertIn("Ok.", self.kamcmd("tls.reload"))
            self.assertNotEqual(before, self.presented())
            old.sendall(b"\r\n\r\n")
            self.assertEqual(b"\r\n", old.recv(16))
        wait_for(lambda: "result=ok" in self.log_text(), 5, "the log")
