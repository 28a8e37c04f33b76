# SPDX-License-Identifier: GPL-3.0-or-later
"""A neighbour whose certificates hang, crawl, are huge, move elsewhere or are none: each call
is refused in time, and nobody else's SIP waits (ID4474-32, ID4474-47)."""

import time

from tests.peers.hostile import WAYS, FetchLab, answer, identity, moved
from tests.peers.lab import IS_SLOW
from tests.peers.ua import token

from pki import Pki  # noqa: E402

STALL_S = 0.5 if IS_SLOW else 0.05


class Fetch(FetchLab):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.serve()

    def longest_answer(self, seconds):
        """How long the slowest of many OPTIONS took, one after the other."""
        pinger, worst = self.agent("pinger"), 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            pinger.request("OPTIONS", "sip:atlanta.test", token())
            self.assertEqual(200, pinger.wait_final("OPTIONS").code)
            worst = max(worst, time.monotonic() - began)
            time.sleep(0.005)
        return worst

    def test_ten_hang_and_nobody_waits(self):
        """NEG-13. A busy machine may be slow once; what we did ourselves would be each time."""
        worst = []
        for attempt in range(3):
            agents = [self.agent(f"carol{i}") for i in range(10)]
            for i, agent in enumerate(agents):
                self.invite(agent, f"{self.server.url}/hang/{attempt}/{i}")
            worst.append(self.longest_answer(1.5))
            for agent in agents:
                self.assertEqual(436, agent.wait_final("INVITE", 10).code)
            if worst[-1] < STALL_S:
                return
        self.fail(f"SIP waited {', '.join(f'{w * 1000:.0f} ms' for w in worst)}")

    def test_every_bad_way_is_436_in_time(self):
        """RSP-436, ID4474-32, ID4474-47, I13: of each kind one; redirects are not followed."""
        agents = {way: self.agent("dave") for way in WAYS}
        began = time.monotonic()
        for way, agent in agents.items():
            self.invite(agent, f"{self.server.url}{way}/one")
        for way, agent in agents.items():
            with self.subTest(way):
                # What looks like a certificate was had, and is none to go by.
                wanted = 437 if way == "/der-depth" else 436
                self.assertEqual(wanted, agent.wait_final("INVITE", 10).code)
        self.assertLess(time.monotonic() - began, 20 if IS_SLOW else 6)
        self.assertTrue(self.sbc.is_running())


    def test_four_fetches_for_one_call(self):
        """I13: eight signatures do not make eight fetches."""
        agent, server = self.agent("dave"), self.serve()
        self.invite_with(agent, *(identity(f"{server.url}/none/{i}", "dave") for i in range(8)))
        self.assertEqual(436, agent.wait_final("INVITE", 10).code)
        self.assertEqual([f"/none/{i}" for i in range(4)], server.asked)


class Tls(FetchLab):
    """Over https: what the server shows must be good for the name in the URL."""

    REDIRECTS = "https"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.pki.certify("biloxi", "biloxi.test")[0], "rb") as file:
            biloxi = file.read()
        cls.ways = {"/cert": answer(biloxi)}
        cls.good = cls.serve(cls.ways, cls.pki.certify("server", "server.test"))

    def bad_servers(self):
        """(what its log line says, the server)"""
        certify = self.pki.certify
        stranger = Pki(self.pki.path("stranger")).certify("server", "server.test")
        not_trusted = "its TLS certificate is not trusted"
        return {"expired": (not_trusted, certify("expired", "server.test", days="-1")),
                "wrong name": (not_trusted, certify("name", "server.test", is_local=False)),
                "unknown CA": (not_trusted, stranger)}

    def test_good_one(self):
        """The measure for the others: the certificate is had, and the signature judged by
        it (438). In the clear as well, since the peer may."""
        self.assertEqual(438, self.code_for(f"{self.good.url}/cert/1"))
        self.assertEqual("ok", self.why("/cert/1"))
        self.assertEqual(438, self.code_for(f"{self.serve(self.ways).url}/cert/2"))

    def test_wrong_tls_certificate(self):
        """ID4474-32, RSP-436: nothing is asked of who shows another's certificate, at the
        first URL nor at one that it leads to."""
        for name, (words, pair) in self.bad_servers().items():
            with self.subTest(name):
                bad = self.serve(self.ways, pair)
                self.assertEqual(436, self.code_for(f"{bad.url}/cert/1"))
                self.assertEqual(words, self.why(f"{bad.url}/cert/1"))
                lure = self.serve({"/to": moved(f"{bad.url}/cert/2")})
                self.assertEqual(436, self.code_for(f"{lure.url}/to/1"))
                self.assertEqual(words, self.why(f"{lure.url}/to/1"))
                self.assertEqual([], bad.asked)

    def test_handshake_without_end(self):
        """A port that speaks no TLS, and one that never says a word in it."""
        plain = self.serve(self.ways)
        url = plain.url.replace("http:", "https:")
        self.assertEqual(436, self.code_for(f"{url}/cert/1"))
        began = time.monotonic()
        silent = self.serve()
        silent.tls = _Silence()
        url = silent.url.replace("http:", "https:")
        self.assertEqual(436, self.code_for(f"{url}/cert/1"))
        self.assertLess(time.monotonic() - began, 20 if IS_SLOW else 4)

    def test_redirects_by_rule(self):
        """ID4474-47: to https anywhere, never down to http, never out of what is allowed."""
        plain = self.serve(self.ways)
        lure = self.serve({"/up": moved(f"{self.good.url}/cert/up"),
                           "/permanent": moved(f"{self.good.url}/cert/p", 308),
                           "/out": moved("https://127.0.0.2:9/cert")})
        fall = self.serve({"/down": moved(f"{plain.url}/cert/down")},
                          self.pki.certify("server", "server.test"))
        for url, code, why in ((f"{lure.url}/up/1", 438, "ok"),
                               (f"{lure.url}/permanent/1", 438, "ok"),
                               (f"{fall.url}/down/1", 436, "redirects to where it may not"),
                               (f"{lure.url}/file/1", 436, "redirects to where it may not"),
                               (f"{lure.url}/loop/1", 436, "redirects without end"),
                               (f"{lure.url}/out/1", 436, "its address is not one")):
            with self.subTest(url):
                self.assertEqual(code, self.code_for(url))
                self.assertTrue(self.why(url).startswith(why), self.why(url))
        self.assertEqual([], plain.asked)


class _Silence:
    """In the place of a TLS context: no handshake."""

    @staticmethod
    def wrap_socket(connection, server_side):
        assert server_side
        time.sleep(30)
        return connection
