# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy signalling thread: new calls get 503 with Retry-After at once, the call that is there
goes on, OPTIONS are answered, and afterwards calls are taken again."""

import socket
import threading
import time

from tests.peers.lab import DOMAIN, IS_SLOW, PASSWORDS, Lab, wait_for
from tests.peers.ua import Ua, connect, token


STRANGERS = 8


class Overload(Lab):
    # What a test can keep up; a sanitizer makes everything busier.
    SETTINGS = {"more": f"limits:\n  busy_percent: {20 if IS_SLOW else 6}\n"
                        "  transactions: 500000\n"}

    def is_calm(self):
        text = self.log_text()
        return text.count(" overload state=on") == text.count(" overload state=off")

    def flood(self, until):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", self.sip_port))
            stranger.settimeout(0.01)  # one at a time: none is lost on the way
            while not until.is_set():
                name = token()
                text = (f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n"
                        f"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{name};rport\r\n"
                        f"Max-Forwards: 70\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:{DOMAIN}>\r\n"
                        f"Call-ID: {name}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
                try:
                    stranger.send(text.encode())
                    stranger.recv(4096)
                except OSError:
                    continue

    def test_new_calls_are_shed(self):
        """KAM-14."""
        alice, bob = (Ua(name, DOMAIN, PASSWORDS[name], self.sip_port)
                      for name in ("alice", "bob"))
        for agent in (alice, bob):
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        wait_for(self.is_calm, 20, "the start to be over")
        time.sleep(2)  # until all are let in again
        answered, _ = connect(alice, bob)
        over = threading.Event()
        threads = [threading.Thread(target=self.flood, args=(over,)) for _ in range(STRANGERS)]
        for thread in threads:
            thread.start()
        self.addCleanup(over.set)
        try:
            wait_for(lambda: not self.is_calm(), 20, "overload")
            time.sleep(3)  # until but a few are let in
            refused = 0
            for _ in range(5):
                alice.request("INVITE", f"sip:bob@{DOMAIN}", token(), body=alice.offer())
                heard = alice.wait_final("INVITE")
                refused += heard.code == 503 and heard.get("Retry-After").isdigit()
            self.assertGreaterEqual(refused, 4)
            alice.request("OPTIONS", f"sip:{DOMAIN}", token())
            self.assertEqual(200, alice.wait_final("OPTIONS").code)
            alice.bye(answered)
            bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")
            self.assertEqual(200, alice.wait_final("BYE").code)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        wait_for(self.is_calm, 30, "its end")
        answered, _ = connect(alice, bob)
        alice.bye(answered)
        bob.respond(bob.wait(lambda m: m.method == "BYE"), 200, "OK")
