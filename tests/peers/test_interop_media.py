# SPDX-License-Identifier: GPL-3.0-or-later
"""GStreamer's dtlssrtpenc and dtlssrtpdec as a phone's media, and rtpengine as the server of
somebody else's: each tone is heard on the other side."""

import os
import re
import sys
import threading

from tests.peers.interop import (DTLS_SDP, PATIENCE, Interop, Row, fingerprint_of,
                                 read_media)
from tests.peers.lab import ROOT
from tests.peers.link import Link
from tests.peers.ua import FINGERPRINT
from procs import wait_for

sys.path.insert(0, os.path.join(ROOT, "bench"))

import ng  # noqa: E402
import tone  # noqa: E402

OURS_HERTZ, THEIRS_HERTZ = 1000, 440
SECONDS = 1.2


class GStreamer(Interop):
    PEERS = ("GStreamer",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {"ECDSA": cls.pki.certify("gst-ecdsa", "peer.test"),
                    "RSA": cls.pki.certify("gst-rsa", "peer.test", rsa=True)}

    def start(self, role, kind, link, port):
        certificate, key = self.keys[kind]
        wav = os.path.join(self.folder, f"gst-{port}.wav")
        link.peer = ("127.0.0.1", port)
        program = self.programs.start(f"gst-{port}", [
            "/usr/bin/python3", os.path.join(ROOT, "tests", "peers", "gst_phone.py"), role,
            str(port), str(link.inner), key, certificate, str(THEIRS_HERTZ), str(SECONDS + 0.5), wav])
        self.addCleanup(program.stop)

        def output():
            program.check()
            with open(program.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        wait_for(lambda: "listening" in output(), PATIENCE, "GStreamer to start")
        return program, wav

    def connect(self, plain, role, kind, port, fingerprint):
        link = Link()
        self.addCleanup(link.close)
        description = DTLS_SDP.format(port=link.outer, fingerprint=fingerprint,
                                      setup="active" if role == "client" else "passive")
        if role == "server":
            program, wav = self.start(role, kind, link, port)
        call = self.call(plain, description)
        link.sbc = call.ours.address
        if role == "client":
            program, wav = self.start(role, kind, link, port)
        return call, program, wav

    def try_media(self, role, kind, port):
        plain = self.plain_end()
        call, program, wav = self.connect(plain, role, kind, port,
                                          fingerprint_of(self.keys[kind][0]))
        heard = plain.talk(SECONDS, OURS_HERTZ, os.path.join(self.folder, f"plain-{port}.wav"))
        self.assertAlmostEqual(THEIRS_HERTZ, heard.hertz, delta=10)
        wait_for(lambda: not program.is_running(), PATIENCE, "GStreamer to end")
        self.assertAlmostEqual(OURS_HERTZ, tone.measure(wav).hertz, delta=10)
        call.end()
        leg = self.record_of(call)["legs"][1]
        self.assertTrue(leg["fingerprint_match"], leg)
        # Its first packets are out before its encoder has the keys.
        self.assertLessEqual(leg["dropped"]["auth"], 3, leg)
        self.saw(Row("GStreamer", role, "to it", leg["dtls"], leg["cipher_suite"],
                     leg["srtp_profile"], kind, "tones both ways"))

    def try_impostor(self, role, port):
        plain = self.plain_end()
        call, _, wav = self.connect(plain, role, "ECDSA", port, FINGERPRINT)
        self.assert_refused(call, plain)
        self.assertFalse(os.path.getsize(wav) > 1000)

    def test_media(self):
        for n, (role, kind) in enumerate((("client", "ECDSA"), ("server", "RSA"),
                                          ("client", "RSA"), ("server", "ECDSA"))):
            with self.subTest(role=role, kind=kind):
                self.try_media(role, kind, self.base + 60 + n)

    def test_impostor(self):
        for n, role in enumerate(("client", "server")):
            with self.subTest(role):
                self.try_impostor(role, self.base + 70 + n)

    def test_zz_table(self):
        self.check_table()
        self.assert_clean_log()


class Rtpengine(Interop):
    """It ends DTLS for a far end in the clear, which is the test's as well."""

    PEERS = ("rtpengine",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        first = cls.base + 70
        cls.rtpengine = cls.programs.start("rtpengine", [
            "rtpengine", "--foreground", "--log-stderr", "--log-level=6", "--table=-1",
            "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{cls.base + 60}",
            f"--port-min={first}", f"--port-max={first + 28}", "--num-threads=1",
            "--config-file=none"])
        cls.client = ng.Client(("127.0.0.1", cls.base + 60), 1)
        wait_for(cls.answers, PATIENCE, "rtpengine to answer")

    @classmethod
    def answers(cls):
        cls.rtpengine.check()
        try:
            return cls.client.ask(command="ping")
        except OSError:
            return None

    def ask(self, command, sdp, protocol, **more):
        answer = self.client.ask(command=command, sdp=sdp, ICE="remove", SDES=["off"],
                                 replace=["origin"],
                                 **{"call-id": self.id() + self.name, "from-tag": "one",
                                    "transport-protocol": protocol, **more})
        return answer["sdp"].decode()

    def connect(self, role, bob_calls, fault=lambda sdp: sdp):
        """Its DTLS is bob's media. fault: what becomes of its description."""
        plain, far = self.plain_end(), self.plain_end()
        self.name = f"{role}-{bob_calls}"
        dtls = {"rtcp-mux": ["offer", "require"]}
        if bob_calls:
            offer = fault(self.ask("offer", far.sdp, "UDP/TLS/RTP/SAVP", **dtls))
            call = self.call(plain, offer, bob_calls=True)
            back = self.ask("answer", call.answered.body, "RTP/AVP", **{"to-tag": "two"})
        else:
            def answer(invite):
                offered = self.ask("offer", invite.body, "RTP/AVP")
                far.to = read_media(offered).address
                more = {"DTLS": "passive"} if role == "server" else {}
                return fault(self.ask("answer", far.sdp, "UDP/TLS/RTP/SAVP",
                                      **{"to-tag": "two", **dtls, **more}))
            call = self.call(plain, answer)
            back = None
        if back:
            far.to = read_media(back).address
        return call, plain, far

    def try_media(self, role, bob_calls=False):
        call, plain, far = self.connect(role, bob_calls)
        there = []

        def talk_there():
            there.append(far.talk(SECONDS, THEIRS_HERTZ,
                                  os.path.join(self.folder, f"far-{self.name}.wav")))
        speaker = threading.Thread(target=talk_there)
        speaker.start()
        here = plain.talk(SECONDS, OURS_HERTZ,
                          os.path.join(self.folder, f"plain-{self.name}.wav"))
        speaker.join()
        self.assertAlmostEqual(THEIRS_HERTZ, here.hertz, delta=10)
        self.assertAlmostEqual(OURS_HERTZ, there[0].hertz, delta=10)
        call.end()
        leg = self.record_of(call)["legs"][0 if bob_calls else 1]
        self.assertTrue(leg["fingerprint_match"], leg)
        self.assertEqual(0, leg["dropped"]["auth"], leg)
        self.assertIn("ECDSA", leg["cipher_suite"])  # as a server it is its own; the same one
        self.saw(Row("rtpengine", role, "from it" if bob_calls else "to it", leg["dtls"],
                     leg["cipher_suite"], leg["srtp_profile"], "ECDSA", "tones both ways"))

    def test_to_it(self):
        for role in ("client", "server"):
            with self.subTest(role):
                self.try_media(role)

    def test_from_it(self):
        self.try_media("server", bob_calls=True)

    def test_impostor(self):
        def fault(sdp):
            return re.sub(r"(a=fingerprint:sha-\d+ )\S+", r"\g<1>" + FINGERPRINT, sdp)
        for role in ("client", "server"):
            with self.subTest(role):
                call, plain, _ = self.connect(role, False, fault)
                self.assert_refused(call, plain)

    def test_zz_table(self):
        self.check_table()
        self.assert_clean_log()
