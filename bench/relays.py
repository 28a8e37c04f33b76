# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays under test, each with a load generator of its own. A relay that is not being
measured is stopped, so that it costs nothing while another one is."""

import ctypes
import json
import os
import signal
import subprocess
import time

import ng

CM, GCM = 1, 7  # registered numbers of the SRTP protection profiles
PR_SET_PDEATHSIG = 1  # dies with the one that started it
GENERATOR = "127.0.0.20"


def cpu_seconds(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as text:
                total += int(text.read().split()[0])
        except FileNotFoundError:
            continue
    return total / 1e9


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        for line in text:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def take_core():
    """In a child: the second core, and before everybody else on it. The machine may be busy
    with other things; what is measured is the relay, not its neighbours' time slices."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, {1})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    except PermissionError:
        pass


class Asker:
    """A program that reads commands, one a line, and answers each with a line of JSON."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.hello = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the generator is gone")
        return json.loads(line)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self._answer()
        if answer.get("error"):
            raise RuntimeError(f"generator: {words}: {answer}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Generator(Asker):
    def __init__(self, build, profile):
        super().__init__([f"{build}/bench/generator", GENERATOR, str(profile)])
        self.fingerprint, self.ports = self.hello["fingerprint"], self.hello["ports"]


class Relay:
    """A process, the generator that loads it, and an address of its own."""

    count = 0

    def __init__(self, build, name, profile):
        Relay.count += 1
        self.build, self.name, self.profile = build, name, profile
        self.address = f"127.0.0.{20 + Relay.count}"
        self.sessions = 0
        self.generator = Generator(build, profile)
        self.process = self._start()
        self.generator.ask("relay", self.process.pid)

    def grow(self, sessions, connect=True):
        """So many sessions in all: what they cost in CPU seconds and kB."""
        more = sessions - self.sessions
        if more <= 0:
            return None
        self.wake()
        pid = self.process.pid
        cpu, memory = cpu_seconds(pid), memory_kb(pid)
        for ports in self._open(more):
            self.generator.ask("leg", self.address, *ports)
            self._opened_leg()
        self.sessions = sessions
        if not connect:
            return None
        answer = self.generator.ask("connect")
        if answer["failed"] or answer["pending"]:
            raise RuntimeError(f"{self.name}: {answer}")
        time.sleep(0.1)
        cpu = cpu_seconds(pid) - cpu
        # Established is one that has carried media, in each direction.
        self.generator.ask("run", 0.2, 10 * sessions, sessions, 0)
        return {"sessions": more, "cpu": cpu, "kb": memory_kb(pid) - memory}

    def _opened_leg(self):
        pass

    def wake(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def sleep(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def close(self):
        self.generator.close()
        self.wake()
        self.process.kill()
        self.process.wait()


class Ours(Relay):
    def __init__(self, build, name, profile, options=()):
        self.options = options
        super().__init__(build, name, profile)

    def _start(self):
        process = subprocess.Popen(
            [f"{self.build}/bench/host", self.address, str(self.profile), *self.options],
            text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=take_core)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{self.name} does not start")
        return process

    def _open(self, count):
        a, b = self.generator.ports
        # The generator's address is told with its ports.
        self.process.stdin.write(
            f"open {count} {GENERATOR} {a} {b} {self.generator.fingerprint}\n")
        ports = []
        while True:
            words = self.process.stdout.readline().split()
            if words[0] == "session":
                ports.append(words[1:])
            elif words[0] == "opened":
                return ports
            elif words[0] != "secured":
                raise RuntimeError(f"{self.name}: {words}")


class Floor(Relay):
    FIRST_PORT = 10000
    SESSIONS = 4000

    def __init__(self, build, name, profile, options=()):
        self.options = options
        super().__init__(build, name, profile)

    def _start(self):
        self.next_port = self.FIRST_PORT
        process = subprocess.Popen(
            [f"{self.build}/bench/floor", self.address, str(self.FIRST_PORT),
             str(self.SESSIONS), GENERATOR, *map(str, self.generator.ports), *self.options],
            text=True, stdout=subprocess.PIPE, preexec_fn=take_core)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{self.name} does not start")
        return process

    def _open(self, count):
        if "shared" in self.options:
            return [(self.FIRST_PORT, self.FIRST_PORT + 1)] * count
        first = self.next_port
        self.next_port += 2 * count
        return [(p, p + 1) for p in range(first, self.next_port, 2)]

    def _opened_leg(self):
        self.generator.ask("preset")


class Rtpengine(Relay):
    def _start(self):
        control = (self.address, 22222)
        process = subprocess.Popen(
            ["rtpengine", "--foreground", "--log-stderr",
             "--log-level=3", "--table=-1", f"--interface={self.address}",
             f"--listen-ng={control[0]}:{control[1]}", "--port-min=10000",
             "--port-max=60000", "--num-threads=2", "--timeout=36000",
             "--silent-timeout=36000", "--config-file=none"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            preexec_fn=take_core)
        self.client = ng.Client(control)
        for _ in range(100):
            time.sleep(0.1)
            try:
                self.client.ask(command="ping")
                return process
            except OSError:
                continue
        raise RuntimeError("rtpengine does not start")

    def _open(self, count):
        sdp = [ng.description(GENERATOR, port, self.generator.fingerprint)
               for port in self.generator.ports]
        return [self.client.call(f"bench-{self.sessions + i}", *sdp) for i in range(count)]
