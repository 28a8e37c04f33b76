# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that bench-calls loads: countersip and Kamailio, each on an address of its own
with a generator of its own. Who is not measured is stopped and costs nothing."""

import glob
import os
import signal
import socket
import subprocess
import time

import relays

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 5060
MODULES = "/usr/lib/*/kamailio/modules"
PROBE = ("OPTIONS sip:bench SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKstart{n}\r\n"
         "Max-Forwards: 70\r\nFrom: <sip:b@bench>;tag=1\r\nTo: <sip:b@bench>\r\n"
         "Call-ID: start{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def fill(name, path, **words):
    with open(os.path.join(HERE, name), encoding="ascii") as text:
        body = text.read()
    for word, value in words.items():
        body = body.replace(f"@{word.upper()}@", str(value))
    with open(path, "w", encoding="ascii") as out:
        out.write(body)
    os.chmod(path, 0o600)


def pss_kb(pid):
    """What it has for itself, and its share of the rest."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as text:
        for line in text:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class Server:
    """A process, the generator that loads it, and addresses of their own."""

    count = 0

    def __init__(self, build, folder, name):
        Server.count += 1
        n = Server.count
        self.build, self.name = build, name
        self.address = f"127.0.{60 + n}.1"
        self.folder = os.path.join(os.path.abspath(folder), name)
        os.makedirs(self.folder, exist_ok=True)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.generator = relays.Asker([f"{build}/bench/calls"] +
                                      [f"127.0.{60 + n}.{i}" for i in (2, 3, 4)])
        self.caller = f"127.0.{60 + n}.2:{self.generator.hello['caller']}"
        self.callee = f"127.0.{60 + n}.3:{self.generator.hello['callee']}"
        self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log,
                                        preexec_fn=relays.take_core)
        self._wait()
        self.generator.ask("target", self.address, PORT)
        self.generator.ask("pids", *self.pids())

    def _wait(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.address, 0))
            probe.settimeout(0.2)
            local = "%s:%d" % probe.getsockname()
            for n in range(100):
                if self.process.poll() is not None:
                    break
                probe.sendto(PROBE.format(local=local, n=n).encode(), (self.address, PORT))
                try:
                    if probe.recv(4096).startswith(b"SIP/2.0 200"):
                        return
                except OSError:
                    continue
        raise RuntimeError(f"{self.name} does not start, see {self.folder}/log")

    def pids(self):
        """Its own and those of its children."""
        found = [self.process.pid]
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(stat, encoding="ascii", errors="replace") as text:
                    words = text.read().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(words[1]) == self.process.pid:
                found.append(int(stat.split("/")[2]))
        return found

    def kb(self):
        return sum(map(pss_kb, self.pids()))

    def _signal(self, number):
        for pid in self.pids():
            os.kill(pid, number)

    def sleep(self):
        self._signal(signal.SIGSTOP)

    def wake(self):
        self._signal(signal.SIGCONT)
        time.sleep(0.05)

    def end_generator(self):
        if self.generator:
            self.generator.close()
        self.generator = None

    def close(self):
        self.end_generator()
        self.wake()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Ours(Server):
    """words: what countersip.yaml leaves open."""

    def __init__(self, build, folder, name, **words):
        self.words = {"ca": "", "more": "", "domain_keys": "", "caller_domain": "caller.test", "caller_keys": "",
                      "callee_keys": "", **words}
        super().__init__(build, folder, name)

    def _command(self):
        path = os.path.join(self.folder, "countersip.yaml")
        fill("countersip.yaml", path, folder=self.folder, address=self.address, port=PORT,
             caller=self.caller, callee=self.callee, **self.words)
        return [f"{self.build}/countersip", "-f", path]


class Kamailio(Server):
    def _command(self):
        path = os.path.join(self.folder, "kamailio.cfg")
        modules = glob.glob(MODULES)
        if not modules:
            raise FileNotFoundError(2, "no", "kamailio")
        fill("kamailio.cfg", path, address=self.address, port=PORT, callee=self.callee,
             modules=modules[0])
        return ["kamailio", "-DD", "-E", "-m", "512", "-M", "16", "-f", path, "-Y",
                self.folder, "-P", os.path.join(self.folder, "pid")]
