# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the demo: each in a process group of its own, with a log, and none left over.

setpriv asks the kernel to end a program when the demo itself is killed outright (a phone that
is only asked to would try to unregister first); every other way out goes through
Programs.stop_all()."""

import atexit
import fcntl
import os
import re
import signal
import socket
import subprocess
import tempfile
import time


WRITTEN = 0.1  # s until a line of a log is in its file


class DemoError(Exception):
    """What went wrong, as a sentence for the person who watches."""


def wait_for(condition, seconds, what):
    """The first true value of condition(), or DemoError."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise DemoError(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)


class Program:
    def __init__(self, name, command, log, env=None):
        self.name = name
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=env)

    def is_running(self):
        return self.process.poll() is None

    def log_text(self):
        """Once more than what was said a moment ago is written: logs are, in batches."""
        time.sleep(WRITTEN)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_log(self, pattern, seconds=10):
        wait_for(lambda: re.search(pattern, self.log_text()), seconds,
                 f"{self.name}'s log to say {pattern}")

    def check(self):
        if not self.is_running():
            raise DemoError(f"{self.name} ended with status {self.process.returncode}, "
                            f"see {self.log}")

    def wait_for_port(self, port, seconds=10):
        """Until it accepts TCP connections there."""
        def accepts():
            self.check()
            with socket.socket() as probe:
                probe.settimeout(1)
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_for(accepts, seconds, f"{self.name} to listen on port {port}")

    def stop(self, patience=7):
        """SIGTERM and patience, then SIGKILL. The exit status; None when it was killed."""
        status = self.process.poll()
        if status is not None:
            return status
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                status = self.process.wait(patience)
                return status if sign == signal.SIGTERM else None
            except ProcessLookupError:
                return self.process.wait()
            except subprocess.TimeoutExpired:
                continue
        return None


class Programs:
    """Everything that was started, newest last."""

    def __init__(self, logs):
        self.logs = logs
        self.started = []
        os.makedirs(logs, exist_ok=True)
        atexit.register(self.stop_all)

    def start(self, name, command, env=None):
        program = Program(name, command, os.path.join(self.logs, f"{name}.log"), env)
        self.started.append(program)
        return program

    def stop_all(self):
        while self.started:
            self.started.pop().stop()


def _is_free(port, kind):
    """Nor waiting in TIME_WAIT: baresip cannot listen there."""
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


SLOT = 10  # ports that are taken together
_taken = []  # open lock files: taken until this process ends


def _take(base, size):
    """Locks every slot that the block touches, so that two who look at the same time do not
    find the same ports. False: somebody has one of them."""
    folder = os.path.join(tempfile.gettempdir(), f"countersip-ports-{os.getuid()}")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    locks = []
    for slot in range(base // SLOT, (base + size - 1) // SLOT + 1):
        lock = open(os.path.join(folder, str(slot * SLOT)), "w", encoding="ascii")
        locks.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            for other in locks:
                other.close()
            return False
    _taken.extend(locks)
    return True


def free_block(size, first=25000, last=32000):
    """The first port of a block in which nobody listens, this process's own until it ends.
    Below the ephemeral range."""
    for base in range(first, last - size, size):
        if _take(base, size) and all(
                _is_free(port, kind) for port in range(base, base + size)
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return base
    raise DemoError("no free ports on 127.0.0.1")
