# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the demo that judge: what they do with good and bad input."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "demo"))

import acts  # noqa: E402
import ladder  # noqa: E402
import mitm  # noqa: E402
import procs  # noqa: E402
import tone  # noqa: E402

SDP = b"v=0\r\na=fingerprint:sha-256 4A:AD\r\na=setup:actpass\r\n"
INVITE = (b"INVITE sip:bob@biloxi.test SIP/2.0\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n"
          b"Content-Length: %d\r\n\r\n%s" % (len(SDP), SDP))


class Mitm(unittest.TestCase):
    def test_frames(self):
        whole = INVITE + b"\r\n\r\n" + INVITE
        for cut in range(len(whole) + 1):
            first, rest = mitm.take_messages(whole[:cut])
            then, rest = mitm.take_messages(rest + whole[cut:])
            self.assertEqual([INVITE, b"\r\n\r\n", INVITE], first + then, cut)
            self.assertEqual(b"", rest)

    def test_frames_compact_length(self):
        message = b"BYE sip:a SIP/2.0\r\nl : 3\r\n\r\nabc"
        self.assertEqual(([message], b"BYE"), mitm.take_messages(message + b"BYE"))

    def test_alters_one_digit(self):
        self.assertEqual(INVITE.replace(b"4A:AD", b"0A:AD"), mitm.alter_fingerprint(INVITE))
        zero = b"a=fingerprint:sha-256 0A:AD"
        self.assertEqual(b"a=fingerprint:sha-256 1A:AD", mitm.alter_fingerprint(zero))
        self.assertEqual(b"a=setup:active\r\n", mitm.alter_fingerprint(b"a=setup:active\r\n"))


class Tone(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "tone.wav")

    def test_measures_what_was_written(self):
        for hertz in (300, 440, 660, 1004):
            tone.write(self.path, hertz, 3)
            heard = tone.measure(self.path)
            self.assertAlmostEqual(hertz, heard.hertz, delta=1)
            self.assertAlmostEqual(0.354, heard.level, delta=0.01)
            self.assertGreater(heard.purity, 0.99)
            self.assertEqual(3.0, heard.seconds)

    def test_silence_is_no_tone(self):
        tone.write(self.path, 440, 3, level=0.001)
        self.assertEqual((0.0, 0.0), tone.measure(self.path)[1:3])

    def test_half_a_tone_is_not_pure(self):
        tone.write(self.path, 440, 3)
        samples, _ = tone.read(self.path)
        noise = [(n * 7919 % 1009 - 504) * 32 for n in range(len(samples))]
        mixed = [a // 2 + b for a, b in zip(samples, noise)]
        power = sum(s * s for s in mixed[:8000]) / 8000
        self.assertLess(tone._goertzel_power(mixed[:8000], 8000, 440) / power, 0.5)


def traced(direction, time_s, message):
    return {"time": time_s, "direction": direction, "message": message}


class Ladder(unittest.TestCase):
    def test_labels(self):
        for message, expected in (
                ("INVITE sip:b SIP/2.0\r\nIdentity: x\r\n\r\n", "INVITE + Identity"),
                ("SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n", "180 Ringing"),
                ("SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n", "200 OK (BYE)"),
                ("garbage", "?")):
            self.assertEqual(expected, ladder.label(message))

    def test_merges_two_traces(self):
        invite = "INVITE sip:b SIP/2.0\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n\r\n"
        first = [traced("in", 1.0, invite % "a"), traced("out", 2.0, invite % "m"),
                 traced("in", 2.5, invite % "other")]
        second = [traced("in", 2.1, invite % "m"), traced("out", 3.0, invite % "b")]
        merged = ladder.merge(list(ladder.steps(first, 1, {"a": 0, "m": 2})),
                              list(ladder.steps(second, 2, {"m": 1, "b": 3})), {"m"})
        self.assertEqual([(0, 1), (1, 2), (2, 3)],
                         [(step.sender, step.receiver) for step in merged])

    def test_draws_within_the_page(self):
        for sender, receiver in ((0, 1), (1, 0), (1, 2), (2, 3), (3, 2)):
            step = ladder.Step(1.5, sender, receiver, "481 Call/Transaction Does Not Exist",
                               "x", "BYE")
            line = ladder.draw(step, 1.0)
            self.assertLessEqual(len(line), 96)
            self.assertTrue(line.startswith("   0.500"))
            self.assertIn(">" if sender < receiver else "<", line)


def end(**changes):
    """One leg of a call record as it should be, but for changes."""
    leg = {"identity": {"outcome": "authenticated", "identity": "", "url": ""},
           "fingerprint_match": True, "dtls": "DTLSv1.2", "rtp_relayed": 250,
           "rtcp_relayed": 1}
    return {**leg, **changes}


class Verdicts(unittest.TestCase):
    """The demo fails when something is not as it should be."""

    def judge(self, judge, *records):
        checks = acts.Checks()
        with contextlib.redirect_stdout(io.StringIO()):
            judge(checks, *records)
        return len(checks.failures)

    def test_verified_call(self):
        verified = {"outcome": "verified", "identity": "sip:a@b", "url": "https://b/cert"}
        absent = {**verified, "outcome": "absent"}
        for count, changes in ((0, {}), (1, {"fingerprint_match": False}), (1, {"dtls": ""}),
                               (1, {"rtp_relayed": 3}), (1, {"identity": absent})):
            biloxi = {"legs": [end(**{"identity": verified, **changes}), end()]}
            self.assertEqual(count, self.judge(acts._check_verified, {"legs": [end(), end()]},
                                               biloxi), changes)

    def test_leaks(self):
        quiet = {"rtp_relayed": 0, "rtcp_relayed": 0}
        for count, changes in ((0, {}), (1, {"rtp_relayed": 1}), (1, {"rtcp_relayed": 1})):
            record = {"legs": [end(**quiet), end(**{**quiet, **changes})]}
            self.assertEqual(count, self.judge(acts._check_nothing_relayed, record), changes)

    def test_tones(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "heard.wav")
            for count, hertz, level in ((0, 440, 0.5), (1, 660, 0.5), (1, 440, 0.3)):
                tone.write(path, hertz, 3, level)
                self.assertEqual(count, self.judge(acts._check_tone, "bob", path, 440))
        self.assertEqual(1, self.judge(acts._check_tone, "bob", None, 440))


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.programs = procs.Programs(folder.name)
        self.addCleanup(self.programs.stop_all)

    def test_stops_on_request(self):
        program = self.programs.start("sleep", ["sleep", "60"])
        self.assertTrue(program.is_running())
        self.programs.stop_all()
        self.assertFalse(program.is_running())

    def test_kills_the_stubborn(self):
        program = self.programs.start("deaf", ["sh", "-c", "trap '' TERM; echo up; sleep 60 & "
                                               "wait; sleep 60"])
        procs.wait_for(lambda: os.path.getsize(program.log), 5, "the trap")
        self.assertIsNone(program.stop(patience=0.5))
        self.assertFalse(program.is_running())

    def test_tells_who_died(self):
        program = self.programs.start("false", ["false"])
        program.process.wait(5)
        self.assertRaisesRegex(procs.DemoError, "false ended with status 1", program.check)

    def test_killed_demo_leaves_nobody(self):
        script = ("import sys, time; sys.path.insert(0, %r); import procs; "
                  "p = procs.Programs(%r).start('s', ['sleep', '60']); "
                  "print(p.process.pid, flush=True); time.sleep(60)"
                  % (os.path.join(ROOT, "tools", "demo"), self.programs.logs))
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        with parent.stdout:
            child = int(parent.stdout.readline())
        time.sleep(0.2)  # setpriv has become sleep
        parent.send_signal(signal.SIGKILL)
        parent.wait(5)
        procs.wait_for(lambda: not _is_alive(child), 5, "the child to go")


def _is_alive(pid):
    """A zombie that nobody has waited for yet is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
