# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-ups of docs/howto: each file of config/examples runs as it is (but for its ports,
which a test may not take), with a real Kamailio on either side, and calls go through."""

import os
import re
import shutil
import unittest

from tests.peers.lab import BINARY, BUILD, ROOT, Programs, free_block, wait_for
from tests.peers.kamailio import TOPOH
from tests.peers.ua import Ua, connect

EXAMPLES = os.path.join(ROOT, "config", "examples")
PORTS = (5060, 5061, 8443, 5070, 5080, 6060, 6061, 9443, 5090)
DB_TEXT = "/usr/share/kamailio/dbtext/kamailio"
TOPOS = '''loadmodule "db_text.so"
loadmodule "topos.so"
modparam("topos", "db_url", "text://'''
MEDIA = ("20000-20499", "20500-20999")


class Howto(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(BUILD, "peers", self.id().rsplit(".", 1)[1])
        shutil.rmtree(self.folder, ignore_errors=True)
        self.programs = Programs(os.path.join(self.folder, "logs"))
        self.addCleanup(self.programs.stop_all)
        self.base = free_block(100, first=28000)
        self.logs = {}

    def port(self, number):
        return self.base + PORTS.index(number)

    def example(self, name, *changes):
        """A copy with ports of our own; its path."""
        with open(os.path.join(EXAMPLES, name), encoding="ascii") as file:
            text = file.read()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        for i, media in enumerate(MEDIA):
            first = self.base + 20 + 40 * i
            text = text.replace(media, f"{first}-{first + 39}")
        text = re.sub(r"\b(%s)\b" % "|".join(map(str, PORTS)),
                      lambda found: str(self.port(int(found[0]))), text)
        text = text.replace("build/state", os.path.join(self.folder, "state"))
        text = text.replace("config/examples/", self.folder + "/")
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def countersip(self, name, port, *changes):
        path = self.example(name, *changes)
        program = self.programs.start(name, [BINARY, "-f", path])
        program.wait_for_port(self.port(port))
        self.logs[name] = program.log

    def kamailio(self, name, *changes):
        path = self.example(name, *changes)
        rundir = os.path.join(self.folder, name + ".run")
        os.makedirs(rundir, exist_ok=True)
        program = self.programs.start(name, [
            "kamailio", "-DD", "-E", "-f", path, "-m", "32", "-M", "4", "-Y", rundir,
            "-P", os.path.join(rundir, "pid")])
        self.logs[name] = program.log
        return program

    def log(self, name):
        with open(self.logs[name], encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, name, words, seconds=20):
        wait_for(lambda: words in self.log(name), seconds, f"{words} in {name}")

    def phone(self, user, domain, port, register=True):
        agent = Ua(user, domain, "secret", self.port(port))
        self.addCleanup(agent.close)
        if register:
            self.assertEqual(200, agent.register().code)
        return agent

    def register_at_kamailio(self, agent):
        def is_there():
            agent.request("REGISTER", f"sip:{agent.domain}", "r", to=(
                f"<sip:{agent.user}@{agent.domain}>"))
            answer = agent.receive(0.5)
            return answer and answer.code == 200
        wait_for(is_there, 20, "Kamailio")

    def hang_up(self, caller, answered, callee):
        caller.bye(answered)
        bye = callee.wait(lambda m: m.method == "BYE")
        callee.respond(bye, 200, "OK")
        caller.wait_final("BYE")
        for name in self.logs:
            for word in ("AddressSanitizer", "runtime error:", "CRITICAL"):
                self.assertNotIn(word, self.log(name))

    def test_edge(self):
        self.countersip("edge-atlanta.yaml", 8443)
        self.countersip("edge-biloxi.yaml", 9443)
        alice = self.phone("alice", "atlanta.test", 5060)
        carol = self.phone("carol", "biloxi.test", 6060)
        # Probed while the other one was not there yet, then found again.
        self.wait_log("edge-atlanta.yaml", "peer=biloxi flags=AP")
        answered, _ = connect(alice, carol, alice.invite("carol@biloxi.test"))
        self.wait_log("edge-biloxi.yaml", "outcome=verified")
        self.hang_up(alice, answered, carol)
        answered, _ = connect(carol, alice, carol.invite("alice@atlanta.test"))
        self.wait_log("edge-atlanta.yaml", "outcome=verified")
        self.hang_up(carol, answered, alice)

    def test_front_of_kamailio(self):
        """KAM-8, KAM-9, KAM-15, KAM-22: its default script's checks, each way."""
        self.countersip("edge-biloxi.yaml", 9443)
        self.countersip("front-of-kamailio.yaml", 8443)
        self.kamailio("kamailio-behind.cfg")
        alice = self.phone("alice", "atlanta.test", 5070, register=False)
        self.register_at_kamailio(alice)
        carol = self.phone("carol", "biloxi.test", 6060)
        # Out: Kamailio's user is signed for.
        answered, _ = connect(alice, carol, alice.invite_unasked("carol@biloxi.test"))
        self.wait_log("edge-biloxi.yaml", "outcome=verified")
        self.hang_up(alice, answered, carol)
        self.wait_log("edge-biloxi.yaml", "peer=atlanta flags=AP")
        # In: proved by countersip, and Kamailio's user hears so.
        self.wait_log("front-of-kamailio.yaml", "peer=kamailio flags=AP")
        answered, invite = connect(carol, alice, carol.invite("alice@atlanta.test"))
        self.wait_log("front-of-kamailio.yaml", "outcome=verified")
        self.assertEqual("<sip:carol@biloxi.test;verstat=TN-Validation-Passed>",
                         invite.get("P-Asserted-Identity"))
        self.hang_up(carol, answered, alice)

    def behind_kamailio(self, *changes):
        self.countersip("behind-kamailio.yaml", 8443)
        self.countersip("edge-biloxi.yaml", 9443, ("127.0.0.1:5061", "127.0.0.1:5070"),
                        ("transport: tls\n    probe", "transport: udp\n    probe"))
        self.example("dispatcher.list")
        kamailio = self.kamailio("kamailio-before.cfg", *changes)
        alice = self.phone("alice", "atlanta.test", 5060)
        carol = self.phone("carol", "biloxi.test", 6060)
        answered, invite = connect(alice, carol, alice.invite("carol@biloxi.test"))
        self.wait_log("edge-biloxi.yaml", "outcome=verified")
        self.assertEqual("", invite.get("Record-Route"))
        self.hang_up(alice, answered, carol)
        answered, _ = connect(carol, alice, carol.invite("alice@atlanta.test"))
        self.wait_log("behind-kamailio.yaml", "outcome=verified")
        self.hang_up(carol, answered, alice)
        return kamailio

    def test_behind_kamailio(self):
        """KAM-8, KAM-9, KAM-15, KAM-22: the same with Kamailio before us."""
        self.behind_kamailio()

    def test_behind_kamailio_that_hides_its_topology(self):
        """KAM-20: RFC 8224 signs nothing that topoh changes, so signatures come through."""
        self.behind_kamailio(('loadmodule "rr.so"\n', 'loadmodule "rr.so"\n' + TOPOH))
        self.assertIn('call_id="!!:', self.log("edge-biloxi.yaml"))

    def test_behind_kamailio_that_strips_its_topology(self):
        """KAM-20: topos keeps Via, Record-Route and Contact to itself, in a store of its own."""
        store = os.path.join(self.folder, "store")
        shutil.copytree(DB_TEXT, store)
        for table in ("topos_d", "topos_t"):  # whose columns it leaves empty
            path = os.path.join(store, table)
            with open(path, encoding="ascii") as file:
                columns = file.read()
            with open(path, "w", encoding="ascii") as file:
                file.write(re.sub(r"\((string|int)\)", r"(\1,null)", columns))
        kamailio = self.behind_kamailio(
            ('loadmodule "rr.so"\n', f'loadmodule "rr.so"\n{TOPOS}{store}")\n'))
        kamailio.stop()  # writes its tables
        with open(os.path.join(store, "topos_d"), encoding="ascii") as dialogs:
            self.assertEqual(2, dialogs.read().count(":INVITE:"))

    def test_between_two_kamailios(self):
        """One that faces the other domain, and one that has the users."""
        edge = "127.0.0.1:5090"
        self.countersip("edge-biloxi.yaml", 9443, ("127.0.0.1:5061", edge),
                        ("transport: tls\n    probe", "transport: udp\n    probe"))
        self.countersip(
            "front-of-kamailio.yaml", 8443,
            ("listeners:\n", "listeners:\n  - transport: udp\n    address: 127.0.0.1:5060\n"),
            ("domain: biloxi.test\n    address: 127.0.0.1:6061",
             f"domain: edge.atlanta.test\n    address: {edge}\n    transport: udp"))
        self.example("dispatcher.list")
        self.kamailio("kamailio-before.cfg", ("127.0.0.1:5070", edge))
        self.kamailio("kamailio-behind.cfg")
        alice = self.phone("alice", "atlanta.test", 5070, register=False)
        self.register_at_kamailio(alice)
        carol = self.phone("carol", "biloxi.test", 6060)
        self.wait_log("front-of-kamailio.yaml", "peer=kamailio flags=AP")
        answered, _ = connect(alice, carol, alice.invite_unasked("carol@biloxi.test"))
        self.wait_log("edge-biloxi.yaml", "outcome=verified")
        self.hang_up(alice, answered, carol)
        answered, _ = connect(carol, alice, carol.invite("alice@atlanta.test"))
        self.wait_log("front-of-kamailio.yaml", "outcome=verified")
        self.hang_up(carol, answered, alice)

    def test_lab_relay(self):
        self.countersip("lab-relay.yaml", 5060)
        left, right = (self.neighbour(name, port) for name, port in (("left", 5070),
                                                                   ("right", 5080)))
        cseq = left.invite_unasked("0049301@relay.test", ["X-Account: 4711", "Subject: s"])
        answered, invite = connect(left, right, cseq)
        self.assertEqual("INVITE sip:+49301@right.test SIP/2.0", invite.first)
        self.assertEqual("4711", invite.get("X-Account"))
        self.assertEqual("s", invite.get("Subject"))
        self.hang_up(left, answered, right)

    def neighbour(self, name, port):
        """A peer is known by its address: it says everything from there."""
        agent = self.phone(name, f"{name}.test", 5060, register=False)
        agent.socket.close()
        agent.bind_to(self.port(port), self.port(5060))
        return agent

    def test_all_of_them_are_right(self):
        for name in os.listdir(EXAMPLES):
            with self.subTest(name):
                if name.endswith(".yaml"):
                    program = self.programs.start("check", [
                        BINARY, "-c", os.path.join(EXAMPLES, name)])
                    self.assertEqual(0, program.process.wait(10))
