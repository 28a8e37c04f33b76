# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl explain of real calls: one that is fine, one with the wrong certificate, one whose
callee says nothing, one whose signature is forged, and one that was refused before it was a call."""

import json
import os
import pty
import re
import subprocess
import time
import unittest

from tests.peers import srtp
from tests.peers.handshakes import Handshakes, OpenSsl
from tests.peers.hostile import FetchLab, answer, b64, texts
from tests.peers.interop import DTLS_SDP, PATIENCE, rtp
from tests.peers.lab import BUILD, DOMAIN, Lab
from tests.peers.link import Link
from tests.peers.ua import FINGERPRINT, Ua, token
from procs import wait_for

CTL = os.path.join(BUILD, "countersipctl")
PACKETS = 60


class Explains:
    """Of a class with a daemon whose files are below self.folder."""

    def command(self, *arguments):
        return [CTL, "explain", "--socket",
                os.path.join(self.folder, "run", "countersip_rpc.sock"), *arguments]

    def run_explain(self, *arguments, status=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr

    def page(self, name, *more):
        return self.run_explain("--width", "110", *more, name)

    def facts(self, name):
        return json.loads(self.run_explain("--json", name))


class Talk(Explains, Handshakes):
    """alice in the clear, bob with DTLS-SRTP."""

    PEERS = ()

    def begin(self, fingerprint):
        """(the call, its Call-ID, bob's link, alice's end, bob's program)."""
        link, plain = Link(takes_media=True), self.plain_end()
        self.addCleanup(link.close)
        call = self.call(plain, DTLS_SDP.format(port=link.outer, setup="active",
                                                fingerprint=fingerprint))
        link.sbc = call.ours.address
        peer = self.start(OpenSsl, "openssl", False, link, self.keys["ECDSA"], 1)
        return call, call.answered.get("Call-ID"), link, plain, peer

    def wait_over(self, name):
        wait_for(lambda: self.facts(name)["state"] == "over", PATIENCE, "its end")

    def test_a_good_call(self):
        call, name, link, plain, peer = self.begin(self.fingerprints["ECDSA"])
        out, into = srtp.pair(1, self.wait_key(peer), True)
        self.addCleanup(out.close)
        self.addCleanup(into.close)
        for n in range(1, PACKETS + 1):
            link.send_media(out.protect(rtp(n, b"x" * 160, 0x77)))
            plain.send(b"y" * 160)
            time.sleep(0.02)
        told = self.facts(name)
        self.assertEqual(("live", "fine"), (told["state"], told["headline"]["word"]), told)
        self.assertLess(told["record"]["duration"], 100)
        page = self.page(name)
        self.assertTrue(page.startswith("Audio goes both ways.\n"), page)
        self.assertRegex(page, rf"\npackets +{PACKETS} received, \d+ relayed, 0 lost +"
                               rf"{PACKETS} received, \d+ relayed, 0 lost\n")
        self.assertRegex(page, r"\nstreams +audio PCMU, jitter \d+\.\d ms, MOS 4\.\d\d +"
                               r"audio PCMU, jitter \d+\.\d ms, MOS 4\.\d\d\n")
        self.assertRegex(page, r"\nDTLS +DTLSv1\.2\n")
        self.assertRegex(page, r"\nthe same +yes\n")
        self.assertRegex(page, r"\n  m=audio \d+ RTP/AVP 0 +~ m=audio \d+ UDP/TLS/RTP/SAVP 0\n")
        self.assertRegex(page, r"\n  a=setup:active +-\n")
        self.assertRegex(page, r"\n +0\.\d{3}  \| +\|-INVITE, SDP-+>\|\n")
        self.assertRegex(page, r"\n +\d\.\d{3}    \* media\.secured, leg b: keying=dtls ")
        self.assertNotIn("leg.state", page)
        self.assertIn("* leg.state, leg b: ", self.page(name, "--verbose"))
        self.assertTrue(page.endswith("\nTimers that fired\nnone\n"))
        call.end()
        self.wait_over(name)
        page = self.page(name)
        self.assertTrue(page.startswith("Audio went both ways.\n"), page)
        self.assertIn("\nended by caller; the caller heard 200\n", page)

    def test_one_says_nothing(self):
        call, name, _, plain, peer = self.begin(self.fingerprints["ECDSA"])
        self.wait_key(peer)
        wait_for(lambda: "media.secured call" in self.log_text(), PATIENCE, "the key")
        for _ in range(PACKETS):
            plain.send(b"y" * 160)
            time.sleep(0.02)
        for page in (self.page(name), self.page("bob"), self.page(f"sip:alice@{DOMAIN}")):
            self.assertTrue(page.startswith(
                "Audio goes one way only: the callee sends us nothing, so the caller hears "
                f"nothing.\n  shown by: {PACKETS} packets came from the caller\n"
                "  shown by: 0 packets came from the callee\n"), page)
        call.end()
        self.wait_over(name)
        self.assertEqual("one-way", self.facts(name)["headline"]["word"])

    def test_a_wrong_certificate(self):
        call, name, _, plain, _ = self.begin(FINGERPRINT)
        self.assert_refused(call, plain)
        self.wait_over(name)
        told = self.facts(name)
        self.assertEqual("fingerprint-mismatch", told["headline"]["word"])
        self.assertEqual([f"announced sha-256 {FINGERPRINT}",
                          f"presented sha-256 {self.fingerprints['ECDSA']}"],
                         told["headline"]["shown_by"])
        page = self.page(name)
        self.assertTrue(page.startswith("No audio: the callee's DTLS certificate is not the one"))
        self.assertRegex(page, r"\nthe same +NO\n")
        self.assertRegex(page, r'\* media\.failed, leg b: why="fingerprint mismatch"\n')

    def test_in_parts(self):
        """More than one answer's worth: a caller who acknowledges again and again."""
        call, name, *_ = self.begin(self.fingerprints["ECDSA"])
        for _ in range(100):
            self.alice.ack_answer(call.answered, self.alice.cseq)
        wait_for(lambda: sum("ACK" in entry["text"][:3] for entry in
                             self.facts(name)["entries"]) >= 100, PATIENCE, "what came")
        entries = self.facts(name)["entries"]
        times = [entry["time"] for entry in entries]
        self.assertEqual(sorted(times), times)
        self.assertEqual(1, sum(entry["text"].startswith("SIP/2.0 100") for entry in entries))
        self.assertGreater(self.page(name).count("-ACK-"), 100)
        call.end()

    def test_colours(self):
        """On a terminal alone, and not where they are not wanted."""
        call, name, *_ = self.begin(self.fingerprints["ECDSA"])

        def on_terminal(**more):
            main, side = pty.openpty()
            process = subprocess.Popen(
                self.command(name), stdout=side,
                env=dict({k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **more))
            os.close(side)
            text = b""
            try:
                while block := os.read(main, 65536):
                    text += block
            except OSError:
                pass  # its end has been closed
            os.close(main)
            self.assertEqual(0, process.wait(20))
            return text

        self.assertIn(b"\x1b[1", on_terminal(TERM="xterm"))
        for more in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn(b"\x1b", on_terminal(**more))
        self.assertNotIn("\x1b", self.run_explain(name))
        self.assertIn("\x1b[1", self.run_explain("--color", "always", name))
        call.end()


class Refused(Explains, FetchLab):
    MORE = "rpc:\n  run_dir: {folder}/run\n"

    def test_a_forged_signature(self):
        certificate, _ = self.pki.certify("biloxi", "biloxi.test")
        with open(certificate, "rb") as file:
            url = self.serve({"/cert": answer(file.read())}).url + "/cert"
        head, claims = texts(url, "dave")
        agent = self.agent("dave")
        self.invite_with(agent,
                         f"{b64(head)}.{b64(claims)}.{b64(bytes(range(64)))};info=<{url}>")
        final = agent.wait_final("INVITE", 10)
        self.assertEqual(438, final.code)
        wait_for(lambda: self.facts("dave")["state"] == "over", PATIENCE, "its end")
        page = self.page("dave")
        self.assertEqual(page, self.page(final.get("Call-ID")))
        self.assertTrue(page.startswith(
            "Refused with 438: the caller's identity is not proved: signature does not verify.\n"
            "  shown by: it claims to be sip:dave@biloxi.test, by RFC 8224\n"
            f"  shown by: the certificate is at {url}\n"
            "  shown by: it came from biloxi\n"), page)
        self.assertRegex(page, r"\nverdict +refused, signature does not verify \(438\)\n")
        self.assertRegex(page, r"\n  received from biloxi +not sent on to the callee\n")
        self.assertRegex(page, r"\|<-438 Invalid Identity Header-+\|")

    def test_a_stranger(self):
        """Refused before anything is made of it; and bytes that would steer a terminal."""
        evil = Ua("mallory", DOMAIN, "", self.port)
        self.addCleanup(evil.close)
        evil.request("INVITE", "sip:bob@atlanta.test", token(), body=evil.offer(),
                     headers=["Subject: \x1b]0;x\x07\x1b[2J \u009b2J"])
        self.assertEqual(407, evil.wait_final("INVITE").code)
        page = self.page(f"mallory@{DOMAIN}", "--verbose")
        self.assertTrue(page.startswith("Refused with 407 Proxy Authentication Required: the "
                                        "caller did not prove a password.\n"), page)
        self.assertIn(f"it was asked from 127.0.0.1:{evil.port} over UDP\n", page)
        self.assertIn("no call came of it, over", page)
        self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page))

    def test_no_such_call(self):
        self.assertEqual(
            "countersipctl: explain: Nothing is known about such a call (any more)\n",
            self.run_explain("c4711", status=1))
        for wrong in ((), ("a", "b"), ("--color", "blue", "a"), ("--width", "x", "a"), ("",)):
            self.assertIn("usage", self.run_explain(*wrong, status=64))
        self.assertIn("does not run", self.run_explain(
            "--socket", os.path.join(self.folder, "none"), "c1", status=2))
        self.assertIn("usage", self.run_explain("--help"))


class Silent(Explains, Lab):
    """A callee that is registered, and gone."""

    def test_nothing_is_heard(self):
        alice, bob = (Ua(name, DOMAIN, word, self.sip_port) for name, word in
                      (("alice", "wonderland"), ("bob", "builder")))
        self.addCleanup(alice.close)
        self.addCleanup(bob.close)
        self.assertEqual(200, bob.register().code)
        alice.invite("bob")
        wait_for(lambda: self.facts("bob")["headline"]["word"] == "not-answered-yet", PATIENCE,
                 "the call")
        self.assertEqual(408, alice.wait_final("INVITE", 50).code)
        page = self.page("bob")
        self.assertTrue(page.startswith(
            "Not answered: no response at all came to our INVITE.\n"
            "  shown by: the timer B of the callee's leg fired\n"), page)
        self.assertRegex(page, r"\n +\d+\.\d{3}  \| +\|-INVITE, SDP, again-+>\|\n")
        self.assertRegex(page, r"\nTimers that fired\n +3[12]\.\d{3}    \* call\.timer, leg b: "
                               r'timer=B why="no response at all came to our INVITE"\n')


if __name__ == "__main__":
    unittest.main()
