# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP: a good file is taken over while a call goes on; a bad one changes nothing, and the
log says why."""

import os
import signal
import socket

from tests.peers.hostile import FetchLab, answer
from tests.peers.lab import DOMAIN, PASSWORDS, Lab, wait_for
from tests.peers.test_cert import curl, id_of, pem_of
from tests.peers.ua import Ua, connect, token

from pki import Pki  # noqa: E402


class Rewriting:
    """Beside what has config(), program() and said(): the configuration file, changed and read
    again."""

    original = None  # as it was before the test, or None: it still is

    def rewrite(self, old, new):
        with open(self.config(), encoding="ascii") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.config(), "w", encoding="ascii") as file:
            file.write(text.replace(old, new, 1))
        if self.original is None:
            self.original = text
            self.addCleanup(self.put_back)

    def put_back(self):
        if self.original is None:
            return
        with open(self.config(), "w", encoding="ascii") as file:
            file.write(self.original)
        self.original = None
        self.hang_up("result=ok")

    def hang_up(self, expected):
        """SIGHUP, and what the log then says."""
        before = len(self.said())
        self.program().process.send_signal(signal.SIGHUP)
        wait_for(lambda: " reload result=" in self.said()[before:], 10, "the reload")
        said = self.said()[before:]
        self.assertIn(expected, said)
        for word in ("AddressSanitizer", "runtime error:", "ThreadSanitizer"):
            self.assertNotIn(word, said)
        return said


class ReloadLab(Rewriting, Lab):
    def config(self):
        return self.sbc.config

    def program(self):
        return self.sbc.program

    def said(self):
        return self.log_text()


class Reload(ReloadLab):
    def setUp(self):
        self.agents = [Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                       for name in ("alice", "bob")]
        for agent in self.agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)

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
        for old, new, key in (
                (f"ports: {self.media_first}-", f"ports: {self.media_first + 2}-", "media.ports"),
                ("interfaces:\n    - address: 127.0.0.1", "interfaces:\n    - address: 127.0.0.3",
                 "media.interfaces"),
                (f"address: 127.0.0.1:{self.sip_port}",
                 f"advertised: sip.atlanta.test\n    address: 127.0.0.1:{self.sip_port}",
                 "listeners[].advertised"),
                ("log_level: info", "log_level: info\nlimits: {calls: 7}", "limits.calls")):
            with self.subTest(key):
                self.rewrite(old, new)
                self.assertIn(f"needs a restart: {key}", self.hang_up("result=refused"))
                self.put_back()
                self.assertEqual(200, self.agents[0].register().code)

    def test_many_at_once(self):
        """The last of them counts: its level is in force."""
        for _ in range(10):
            self.program().process.send_signal(signal.SIGHUP)
        self.rewrite("log_level: info", "log_level: debug")
        for _ in range(10):
            self.program().process.send_signal(signal.SIGHUP)
        self.hang_up("result=ok")
        alice, bob = self.agents
        answered, _ = connect(alice, bob)
        alice.bye(answered)
        bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")
        wait_for(lambda: " debug " in self.said(), 5, "the level of the last one")
        self.assert_alive()


class Listeners(ReloadLab):
    """New ones are bound, or nothing changes; those that go refuse what is new."""

    def setUp(self):
        self.new = self.base + 10

    def ask(self, port):
        """What OPTIONS is answered there; None: nobody."""
        agent = Ua("alice", DOMAIN, "", port)
        self.addCleanup(agent.close)
        agent.request("OPTIONS", f"sip:{DOMAIN}", token())
        try:
            return agent.wait_final("OPTIONS", 1).code
        except (AssertionError, OSError, TimeoutError):
            return None

    def add(self, *more):
        lines = "".join(f"  - transport: {kind}\n    address: 127.0.0.1:{port}\n"
                        for kind, port in more)
        self.rewrite("listeners:\n", f"listeners:\n{lines}")

    def test_one_comes_and_goes(self):
        self.assertIsNone(self.ask(self.new))
        self.add(("udp", self.new), ("tls", self.new + 1))
        said = self.hang_up("result=ok")
        self.assertIn(f"listening transport=UDP address=127.0.0.1:{self.new}", said)
        self.assertEqual(200, self.ask(self.new))
        with socket.create_connection(("127.0.0.1", self.new + 1), 2) as plain, \
                self.tls_context().wrap_socket(plain, server_hostname=DOMAIN) as tls:
            self.assertTrue(tls.version())
        # The others have kept their numbers, though they are further down now.
        self.assertEqual(200, self.ask(self.sip_port))
        self.put_back()
        self.assertIn(f"listener.leaving transport=UDP address=127.0.0.1:{self.new}", self.said())
        self.assertEqual(503, self.ask(self.new))
        self.assertEqual(200, self.ask(self.sip_port))

    def test_one_port_that_is_taken_undoes_all(self):
        first, second = self.new + 2, self.new + 3
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", second))
            self.add(("udp", first), ("udp", second))
            said = self.hang_up("result=refused")
            self.assertIn(f"UDP 127.0.0.1:{second}: address already in use", said)
        self.assertIsNone(self.ask(first))
        self.assertEqual(200, self.ask(self.sip_port))
        self.hang_up("result=ok")  # now it is free
        self.assertEqual(200, self.ask(first))
        self.assertEqual(200, self.ask(second))


class Interfaces(ReloadLab):
    SETTINGS = {"more_interfaces": "    - name: second\n      address: 127.0.0.2"}

    def test_one_comes_and_stays(self):
        self.rewrite("      address: 127.0.0.2\n", "      address: 127.0.0.2\n"
                     "    - name: third\n      address: 127.0.0.3\n")
        self.rewrite("  - name: bob\n", "  - name: bob\n    interface: third\n")
        self.hang_up("result=ok")
        alice, bob = (Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                      for name in ("alice", "bob"))
        for agent in (alice, bob):
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        answered, invite = connect(alice, bob)
        self.assertIn("c=IN IP4 127.0.0.3", invite.body)
        self.assertIn("c=IN IP4 127.0.0.1", answered.body)
        alice.bye(answered)
        bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")
        self.original = ""  # without it, it needs a restart
        self.rewrite("    - name: third\n      address: 127.0.0.3\n", "")
        self.rewrite("    interface: third\n", "")
        self.assertIn("needs a restart: media.interfaces", self.hang_up("result=refused"))
        self.original = None


class Keys(ReloadLab):
    """Signing keys, domains, CAs and revocation lists."""

    def test_another_certificate_is_served_and_the_old_one_kept(self):
        old = self.pki.path("atlanta.pem")
        certificate, key = self.pki.certify("atlanta-2", DOMAIN)
        before = pem_of(old)
        self.assertEqual(before, curl(self, "/cert").body)
        self.rewrite(f"certificate: {old}", f"certificate: {certificate}")
        said = self.hang_up("result=refused")
        self.assertIn("the P-256 key does not belong to its certificate", said)
        self.assertEqual(before, curl(self, "/cert").body)
        self.rewrite(f"key: {self.pki.path('atlanta.key')}", f"key: {key}")
        said = self.hang_up("result=ok")
        self.assertIn("reload.stale", said)  # the HTTPS server itself shows the old one
        self.assertEqual(pem_of(certificate), curl(self, "/cert").body)
        for path in (old, certificate):
            self.assertEqual(pem_of(path), curl(self, f"/cert/id/{id_of(path)}").body)
        kept = os.path.join(self.folder, "state", "certificates", f"{id_of(certificate)}.pem")
        self.assertEqual(pem_of(certificate), pem_of(kept))

    def test_a_domain_comes_and_goes(self):
        certificate, key = self.pki.certify("denver", "denver.test")
        self.assertEqual(404, curl(self, "/cert/denver.test").status)
        self.rewrite("listeners:\n", "  - name: denver.test\n"
                     f"    certificate: {certificate}\n    key: {key}\nlisteners:\n")
        self.hang_up("result=ok")
        self.assertEqual(pem_of(certificate), curl(self, "/cert/denver.test").body)
        self.put_back()
        self.assertEqual(404, curl(self, "/cert/denver.test").status)

    def test_what_is_no_ca_or_list_is_refused(self):
        nothing = self.pki.path("nothing.pem")
        with open(nothing, "w", encoding="ascii") as file:
            file.write("nothing\n")
        for new, why in ((f"ca: {nothing}", "trusted CAs: there is none that can be read"),
                         (f"ca: {self.pki.ca}\ncrl: {nothing}",
                          "revocation lists: there is none that can be read")):
            with self.subTest(why):
                self.rewrite(f"ca: {self.pki.ca}", new)
                self.assertIn(why, self.hang_up("result=refused"))
                self.put_back()


class Trust(Rewriting, FetchLab):
    """Another CA: for what is fetched from, and for who signs."""

    def config(self):
        return os.path.join(self.folder, "countersip.yaml")

    def program(self):
        return self.sbc

    def said(self):
        return self.sbc.log_text()

    def test_another_ca(self):
        stranger = Pki(self.pki.path("stranger"))
        with open(self.pki.certify("biloxi", "biloxi.test")[0], "rb") as file:
            ways = {"/cert": answer(file.read())}
        server = self.serve(ways, stranger.certify("server", "server.test"))
        self.assertEqual(436, self.code_for(f"{server.url}/cert/1"))
        self.assertEqual("its TLS certificate is not trusted", self.why("/cert/1"))
        both = self.pki.path("both.pem")
        with open(both, "wb") as file:
            for path in (self.pki.ca, stranger.ca):
                with open(path, "rb") as one:
                    file.write(one.read())
        self.rewrite(f"ca: {self.pki.ca}", f"ca: {both}")
        self.hang_up("result=ok")
        self.assertEqual(438, self.code_for(f"{server.url}/cert/2"))
        self.assertEqual("ok", self.why("/cert/2"))
