# SPDX-License-Identifier: GPL-3.0-or-later
"""Call churn at one whole countersip: calls with DTLS-SRTP on both legs are set up, carry media
for a few seconds and end, in every way that calls end, for as long as one likes. Memory and
descriptors are looked at all the time; at the end nothing may be left.

`make soak` runs it for ten minutes, tests/peers/test_soak.py for a moment."""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

from tests.peers.lab import BUILD, DOMAIN, IS_SLOW, Pki, Programs, Sbc, free_block, wait_for
from tests.peers.ua import SDP, Ua, token

LINES = 16  # calls at a time
PORTS = 8 * LINES  # of the SBC's media: four a call, and as many that rest
HOLD = (1.0, 4.0)  # s that a call stands
PATIENCE = 60 if IS_SLOW else 20
SETTLE = 40  # s until no transaction of the last call is left (RFC 3261: 64 T1), and a little
WARM = 40  # s until transactions of old calls end as fast as new ones begin
SAMPLE = 1.0  # s
TOLD = 10  # s between two lines of progress
GROWTH_KB = 1024  # that memory may move between the first third after warming up and the last
GROWTH_SHARE = 0.02
REGISTER = 240  # s between two REGISTERs of a user; a binding lives 600
ENDS = ("caller", "callee", "caller", "callee", "busy", "cancel")


class Phones:
    """bench/phones: the media of all lines."""

    def __init__(self, build):
        self.lock = threading.Lock()
        self.process = subprocess.Popen([os.path.join(build, "bench", "phones")], text=True,
                                        bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def ask(self, *words):
        with self.lock:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            answer = json.loads(self.process.stdout.readline() or '{"error": "gone"}')
        if answer.get("error"):
            raise RuntimeError(f"phones: {words}: {answer}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def media_port(message):
    return int(re.search(r"^m=audio (\d+) ", message.body, re.M)[1])


def setup_of(message):
    return re.search(r"^a=setup:(\w+)", message.body, re.M)[1]


class Line(threading.Thread):
    """Two users who call each other again and again."""

    def __init__(self, soak, number):
        super().__init__(name=f"line {number}")
        self.soak, self.number = soak, number
        self.random = random.Random(number)
        self.caller, self.callee = (
            Ua(f"{who}{number}", DOMAIN, f"{who}{number}", soak.sip_port)
            for who in ("alice", "bob"))
        self.made = dict.fromkeys(ENDS, 0)
        self.sums = {}
        self.fault = None

    def run(self):
        try:
            registered = None
            while not self.soak.is_over.is_set():
                if registered is None or time.monotonic() - registered > REGISTER:
                    registered = time.monotonic()
                    self._register()
                self._call(self.random.choice(ENDS))
        except Exception as fault:  # told at the end, whatever it is
            self.fault = fault
            self.soak.is_over.set()
        finally:
            self.caller.close()
            self.callee.close()

    def _register(self):
        for ua in (self.caller, self.callee):
            if ua.register().code != 200:
                raise AssertionError(f"{ua.user} does not register")

    def _call(self, end):
        pair = self.soak.phones.ask("open")
        number, ports, prints = pair["number"], pair["ports"], pair["fingerprints"]
        # RFC 5763 section 5: the callee chooses, and each role comes up on each leg.
        ours, theirs = self.random.choice(("active", "actpass")), self.random.choice(
            ("active", "passive"))
        self.caller.description = SDP.format(port=ports[0], setup=ours,
                                             fingerprint=prints[0].split()[1])
        self.callee.description = SDP.format(port=ports[1], setup=theirs,
                                             fingerprint=prints[1].split()[1])
        try:
            if end == "busy":
                self._refuse()
            elif end == "cancel":
                self._cancel()
            else:
                self._talk(number, theirs, end)
        finally:
            told = self.soak.phones.ask("end", number)
            for key, value in told.items():
                self.sums[key] = self.sums.get(key, 0) + value
        if end in ("caller", "callee") and not (told["connected"] == 2 and told["received"]):
            raise AssertionError(f"a call without media: {told}")
        self.made[end] += 1

    def _connect(self):
        cseq, invite = self._ring()
        self.callee.respond(invite, 200, "OK", self.callee.answer(invite))
        answered = self._final(cseq)
        if answered.code != 200:
            raise AssertionError(f"the call was refused: {answered.first}")
        self.caller.ack_answer(answered, cseq)
        self.callee.wait(lambda m: m.method == "ACK", PATIENCE)
        return answered, invite

    def _final(self, cseq):
        """Not the challenge once more, which a slow machine sends again."""
        return self.caller.wait(
            lambda m: m.code >= 200 and m.get("CSeq") == f"{cseq} INVITE", PATIENCE)

    def _talk(self, number, theirs, end):
        answered, invite = self._connect()
        caller_role = "client" if setup_of(answered) == "passive" else "server"
        callee_role = "client" if theirs == "active" else "server"
        self.soak.phones.ask("talk", number, media_port(answered), caller_role,
                             media_port(invite), callee_role)
        time.sleep(self.random.uniform(*HOLD) * (2 if IS_SLOW else 1))
        if end == "caller":
            self.caller.bye(answered)
            self._answer_bye(self.callee)
            self.caller.wait_final("BYE", PATIENCE)
            return
        contact = re.search(r"<([^>]+)>", invite.get("Contact"))
        self.callee.request("BYE", contact[1], invite.get("Call-ID"), to=invite.get("From"))
        self._answer_bye(self.caller)
        self.callee.wait_final("BYE", PATIENCE)

    @staticmethod
    def _answer_bye(ua):
        ua.respond(ua.wait(lambda m: m.method == "BYE", PATIENCE), 200, "OK")

    def _ring(self):
        # Of the last call: what was sent again because somebody was slow.
        for ua in (self.caller, self.callee):
            while ua.receive(0.001):
                pass
        cseq = self.caller.invite(self.callee.user)
        invite = self.callee.wait(lambda m: m.method == "INVITE", PATIENCE)
        return cseq, invite

    def _refuse(self):
        cseq, invite = self._ring()
        self.callee.respond(invite, 486, "Busy Here")
        self.callee.wait(lambda m: m.method == "ACK", PATIENCE)
        self._ack_failure(cseq, 486)

    def _cancel(self):
        cseq, invite = self._ring()
        self.callee.respond(invite, 180, "Ringing")
        ringing = self.caller.wait(lambda m: m.code == 180, PATIENCE)
        self.caller.send(self._hop_by_hop("CANCEL", ringing))
        cancel = self.callee.wait(lambda m: m.method == "CANCEL", PATIENCE)
        self.callee.respond(cancel, 200, "OK")
        self.callee.respond(invite, 487, "Request Terminated")
        self.callee.wait(lambda m: m.method == "ACK", PATIENCE)
        self._ack_failure(cseq, 487)

    def _ack_failure(self, cseq, code):
        failed = self._final(cseq)
        if failed.code != code:
            raise AssertionError(f"{code} awaited: {failed.first}")
        self.caller.send(self._hop_by_hop("ACK", failed))

    def _hop_by_hop(self, method, response):
        """Of the INVITE that was answered so (RFC 3261 sections 9.1, 17.1.1.3)."""
        to = response.get("To") if method == "ACK" else response.get("To").partition(";tag")[0]
        return (f"{method} {self.caller.uri_of(self.callee.user)} SIP/2.0\r\n"
                f"Via: {response.get('Via')}\r\nMax-Forwards: 70\r\n"
                f"From: {response.get('From')}\r\nTo: {to}\r\n"
                f"Call-ID: {response.get('Call-ID')}\r\n"
                f"CSeq: {response.get('CSeq').split()[0]} {method}\r\n"
                "Content-Length: 0\r\n\r\n")


class Soak:
    def __init__(self, build, folder):
        self.folder, self.is_over = folder, threading.Event()
        shutil.rmtree(folder, ignore_errors=True)
        self.programs = Programs(os.path.join(folder, "logs"))
        pki = Pki(os.path.join(folder, "keys"))
        base = free_block(20 + PORTS, first=26000)
        certificate, key = pki.certify("atlanta", DOMAIN)
        self.sip_port = base
        users = {f"{who}{n}": f"{who}{n}" for n in range(LINES) for who in ("alice", "bob")}
        self.sbc = Sbc(self.programs, os.path.join(build, "countersip"), folder, domain=DOMAIN,
                       users=users, ca=pki.ca, certificate=certificate, key=key,
                       sip_port=base, tls_port=base + 1, https_port=base + 2,
                       peer_domain="biloxi.test", peer_port=base + 9,
                       media_first=base + 20, media_last=base + 19 + PORTS)
        self.sbc.start()
        self.pid = self.sbc.program.process.pid
        self.door = Ua("admin", DOMAIN, "", base)
        self.phones = Phones(build)
        self.samples = []  # (s, kB, descriptors, calls)
        self.began = time.monotonic()
        self.lines = []

    def close(self):
        self.is_over.set()
        for line in self.lines:
            line.join(PATIENCE)
        self.phones.close()
        self.door.close()
        self.programs.stop_all()

    # ---- what is looked at ----

    def statistics(self):
        """All counters, by name."""
        answer = self.rpc("stats.get_statistics", "all")
        return {name: int(value) for name, _, value in
                (line.partition(" = ") for line in answer)}

    def rpc(self, method, *params):
        """Through the FIFO, as Kamailio's tools do."""
        name = f"soak_{os.getpid()}_{token()}"
        path = os.path.join("/tmp", name)
        os.mkfifo(path)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                with open(os.path.join(self.folder, "run", "countersip_rpc.fifo"), "w",
                          encoding="ascii") as fifo:
                    json.dump({"jsonrpc": "2.0", "method": method, "params": list(params),
                               "reply_name": name, "id": 1}, fifo)
                return json.loads(self._read_reply(fd))["result"]
            finally:
                os.close(fd)
        finally:
            os.unlink(path)

    @staticmethod
    def _read_reply(fd):
        data, until = b"", time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                piece = os.read(fd, 65536)
            except BlockingIOError:
                piece = None
            if piece:
                data += piece
            elif data and piece == b"":
                break
            else:
                time.sleep(0.01)
        return data

    def memory_kb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as text:
            return int(re.search(r"^VmRSS:\s+(\d+)", text.read(), re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def calls(self):
        return sum(sum(line.made.values()) for line in self.lines)

    def sample(self):
        self.samples.append((time.monotonic() - self.began, self.memory_kb(),
                             self.descriptors(), self.calls()))
        return self.samples[-1]

    # ---- the run ----

    def run(self, seconds, say=lambda text: None):
        """Calls for so long. Raises AssertionError when something was not as it should be."""
        wait_for(lambda: os.path.exists(os.path.join(self.folder, "run", "countersip_ctl")),
                 PATIENCE, "the doors to open")
        before = self.descriptors()
        self.lines = [Line(self, n) for n in range(LINES)]
        for line in self.lines:
            line.start()
        told = self.began = time.monotonic()
        while time.monotonic() - self.began < seconds and not self.is_over.wait(SAMPLE):
            at, kb, descriptors, calls = self.sample()
            if not self.sbc.program.is_running():
                break
            if time.monotonic() - told >= TOLD:
                told += TOLD
                say(f"{at:5.0f} s  {calls:6d} calls  {kb:7d} kB  {descriptors:4d} descriptors")
        self.is_over.set()
        for line in self.lines:
            line.join(2 * PATIENCE)
        say("hung up; waiting for the last transactions")
        return self._judge(before, seconds)

    def _judge(self, before, seconds):
        faults = [f"{line.name}: {line.fault}" for line in self.lines
                  if line.fault or line.is_alive()]
        if faults:
            raise AssertionError("\n".join(faults))
        counters = self._wait_until_empty(before)
        result = self._growth(seconds)
        result.update(self._check_counters(counters))
        result.update(seconds=round(seconds), descriptors=self.descriptors() - before)
        return result

    def _wait_until_empty(self, before):
        """Nothing is left of the calls: sockets soon, transactions in their time."""
        wait_for(lambda: self.descriptors() <= before, PATIENCE,
                 f"descriptors to be {before} as before the calls")
        state = {}

        def is_empty():
            state.update(self.statistics())
            return not any(state[name] for name in (
                "dialog:active_dialogs", "dialog:early_dialogs", "tmx:active_transactions"))
        wait_for(is_empty, SETTLE + PATIENCE, "calls and transactions to end")
        return state

    def _growth(self, seconds):
        """Medians of the first third after warming up, and of the last."""
        warm = min(WARM, seconds / 2)
        steady = [kb for at, kb, _, _ in self.samples if at >= warm]
        third = max(1, len(steady) // 3)
        first, last = (round(statistics.median(part))
                       for part in (steady[:third], steady[-third:]))
        allowed = max(GROWTH_KB, first * GROWTH_SHARE)
        # A sanitizer keeps what was freed; it looks for leaks itself.
        if not IS_SLOW and last - first > allowed:
            raise AssertionError(f"memory grew from {first} kB to {last} kB")
        return {"kb": last, "growth_kb": last - first,
                "most_descriptors": max(sample[2] for sample in self.samples)}

    def _check_counters(self, counters):
        made = {end: sum(line.made[end] for line in self.lines) for end in ENDS}
        sums = {key: sum(line.sums.get(key, 0) for line in self.lines)
                for key in ("sent", "received", "rtcp_received", "bad")}
        talked = made["caller"] + made["callee"]
        relayed = counters["media:rtp_relayed"]
        lost = sums["sent"] - sums["received"]
        found = []

        def expect(is_so, text):
            if not is_so:
                found.append(text)
        expect(talked and made["busy"] and made["cancel"], f"calls of each kind: {made}")
        expect(counters["dialog:processed_dialogs"] == sum(made.values()), "processed_dialogs")
        expect(counters["media:failed"] == 0, "media:failed")
        expect(counters["media:one_way"] == 0, "media:one_way")
        # What was on its way when the call ended is neither heard nor known here.
        expect(sums["received"] <= relayed <= sums["sent"], "rtp_relayed")
        expect(lost <= 4 * talked + sums["sent"] * 0.01, f"{lost} packets did not arrive")
        expect(sums["bad"] == 0, f"{sums['bad']} packets did not verify at a phone")
        for name in ("auth", "replay", "malformed", "source", "send"):
            expect(counters[f"media:dropped_{name}"] == 0, f"dropped_{name}")
        if found:
            raise AssertionError(f"{'; '.join(found)}: {made} {sums} {counters}")
        return {"calls": sum(made.values()), "packets": sums["received"], "lost": lost}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=BUILD)
    parser.add_argument("--seconds", type=float, default=600)
    args = parser.parse_args()
    soak = Soak(args.build, os.path.join(args.build, "soak"))
    try:
        result = soak.run(args.seconds, lambda text: print(f"  {text}", flush=True))
    except Exception as fault:
        print(soak.sbc.program.log_text()[-3000:])
        print(f"soak: FAILED {fault}")
        return 1
    finally:
        soak.close()
    print("soak: " + " ".join(f"{key}={value}" for key, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
