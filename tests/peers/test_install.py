# SPDX-License-Identifier: GPL-3.0-or-later
"""make install, and the unit that it puts there: what systemd says of it, that the program
makes no system call which the unit forbids, and that clients outside its mounts are answered."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from tests.peers.lab import BINARY, BUILD, IS_SLOW, ROOT, Programs, free_block, wait_for

UNITS = ("countersip.service", "countersip@.service")
EXPOSURE_MAX = 2.0  # of 10, as systemd-analyze security counts
CONFIG = """\
state_dir: {folder}/state
sip_trace: {folder}/log/sip.jsonl
call_records: {folder}/log/calls.jsonl
domains:
  - name: atlanta.test
listeners:
  - transport: udp
    address: 127.0.0.1:{port}
  - transport: tls
    address: 127.0.0.1:{tls}
http:
  address: 127.0.0.1:{https}
media:
  interfaces:
    - address: 127.0.0.1
  ports: {first}-{last}
rpc:
  run_dir: {folder}/run
  fifo_group: {group}
  fifo_reply_dir: {replies}
"""


def run(*command, **how):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False,
                          timeout=60, **how)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="countersip-install-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        san = os.environ.get("COUNTERSIP_SAN", "")
        cls.done = run("make", "-s", "install", f"DESTDIR={cls.folder}", f"SAN={san}")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def unit(self, name):
        with open(self.path("usr/local/lib/systemd/system", name), encoding="utf-8") as file:
            return file.read()

    def test_everything_is_there(self):
        self.assertEqual(0, self.done.returncode, self.done.stderr)
        for name in ("sbin/countersip", "sbin/countersipctl", "share/man/man8/countersip.8",
                     "share/man/man8/countersipctl.8", "share/man/man5/countersip.yaml.5",
                     "share/countersip/console/index.html"):
            self.assertTrue(os.path.exists(self.path("usr/local", name)), name)
        self.assertIn("systemctl enable --now countersip", self.done.stdout)

    def test_its_configuration_is_good_and_stays(self):
        config = self.path("etc/countersip/countersip.yaml")
        self.assertEqual(0, run(BINARY, "-c", config).returncode)
        with open(config, "r+", encoding="utf-8") as file:
            text = file.read()
            self.assertNotIn("build/", text)
            self.assertIn("state_dir: /var/lib/countersip\n", text)
            file.write("# mine\n")
        san = os.environ.get("COUNTERSIP_SAN", "")
        again = run("make", "-s", "install", f"DESTDIR={self.folder}", f"SAN={san}")
        self.assertIn("is yours and stays", again.stdout)
        with open(config, encoding="utf-8") as file:
            self.assertTrue(file.read().endswith("# mine\n"))

    def test_another_prefix(self):
        with tempfile.TemporaryDirectory() as folder:
            san = os.environ.get("COUNTERSIP_SAN", "")
            run("make", "-s", "install", f"DESTDIR={folder}", "PREFIX=/opt/sip", f"SAN={san}")
            unit = os.path.join(folder, "opt/sip/lib/systemd/system/countersip.service")
            with open(unit, encoding="utf-8") as file:
                self.assertIn("ExecStart=/opt/sip/sbin/countersip -f", file.read())

    def test_systemd_knows_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in UNITS:
                copy = os.path.join(folder, name.replace("@.", "@lab."))
                with open(copy, "w", encoding="utf-8") as file:
                    file.write(self.unit(name).replace("/usr/local/sbin/countersip",
                                                       os.path.abspath(BINARY)))
                done = run("systemd-analyze", "verify", "--man=no", copy)
                said = [line for line in (done.stdout + done.stderr).splitlines()
                        if "countersip" in line]
                self.assertFalse(said)

    def test_how_exposed_it_is(self):
        for name in UNITS:
            done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                       self.path("usr/local/lib/systemd/system", name))
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
            self.assertTrue(level, done.stdout + done.stderr)
            self.assertLessEqual(float(level[1]), EXPOSURE_MAX, done.stdout)


class Sandbox(unittest.TestCase):
    """What the unit takes away is not missed. systemd itself does not run in a test: its
    lists of system calls and its mounts are taken one by one."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="countersip-sandbox-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("state", "run", "log", "replies"):
            os.mkdir(os.path.join(self.folder, name), 0o700 if name == "state" else 0o755)
        self.programs = Programs(os.path.join(self.folder, "logs"))
        self.addCleanup(self.programs.stop_all)
        base = free_block(40, first=28500)
        self.port, self.tls = base, base + 1
        self.config = os.path.join(self.folder, "countersip.yaml")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=self.folder, port=base, tls=base + 1,
                                     https=base + 2, first=base + 4, last=base + 39,
                                     group=os.getegid(),
                                     replies=os.path.join(self.folder, "replies")))

    def ask(self, *words):
        return run(os.path.join(BUILD, "countersipctl"), "--socket",
                   os.path.join(self.folder, "run", "countersip_rpc.sock"), *words)

    def live_a_little(self, program):
        """A start, clients at its doors, a reload, a stop."""
        self.assertEqual(0, run(BINARY, "-c", self.config).returncode)
        program.wait_for_port(self.tls, 60)
        wait_for(lambda: "countersip" in self.ask("core.version").stdout, 20, "its doors")
        run("openssl", "s_client", "-connect", f"127.0.0.1:{self.tls}",
            input="OPTIONS sip:x SIP/2.0\r\n\r\n")
        run("openssl", "s_client", "-connect", f"127.0.0.1:{self.tls + 1}",
            input="GET /cert HTTP/1.0\r\n\r\n")

    def allowed_calls(self):
        """As the unit says, of systemd's own sets."""
        with open(os.path.join(ROOT, "contrib/systemd/countersip.service"),
                  encoding="utf-8") as file:
            filters = re.findall(r"^SystemCallFilter=(~?)(.*)$", file.read(), re.M)
        allowed = set()
        for is_denied, names in filters:
            for name in names.split():
                calls = self.calls_of(name)
                allowed = allowed - calls if is_denied else allowed | calls
        return allowed

    def calls_of(self, name):
        if not name.startswith("@"):
            return {name}
        calls = set()
        done = run("systemd-analyze", "syscall-filter", "--no-pager", name)
        self.assertEqual(0, done.returncode, done.stderr)
        for line in done.stdout.splitlines()[1:]:
            word = line.strip()
            if word and not word.startswith("#"):
                calls |= self.calls_of(word)
        return calls

    def test_no_system_call_is_missed(self):
        if IS_SLOW:
            return  # a sanitizer's own calls are not the program's
        seen = os.path.join(self.folder, "calls")
        program = self.programs.start("countersip", [
            "strace", "-f", "-qq", "-e", "signal=none", "-o", seen, BINARY, "-f", self.config])
        self.live_a_little(program)
        with open(seen, encoding="utf-8", errors="replace") as file:
            pid = int(file.readline().split()[0])
        os.kill(pid, signal.SIGHUP)
        program.wait_log("reload")
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(0, program.process.wait(20))
        with open(seen, encoding="utf-8", errors="replace") as file:
            made = set(re.findall(r"^\d+ +(\w+)\(", file.read(), re.M))
        self.assertIn("sendto", made)
        self.assertIn("fchownat", made)
        self.assertFalse(made - self.allowed_calls())

    def test_answers_leave_its_mounts(self):
        """Everything read-only but its own folders, and /proc with its own process alone; a
        client outside makes its FIFO for the answer where the daemon could make nothing."""
        own = " && ".join(f"mount --bind {self.folder}/{name} {self.folder}/{name}"
                          for name in ("state", "run", "log"))
        script = (f"mount --bind {self.folder} {self.folder} && {own} && "
                  f"mount -o remount,bind,ro {self.folder} && "
                  "mount -t proc -o subset=pid,hidepid=invisible proc /proc && "
                  f"! touch {self.folder}/replies/probe 2>/dev/null && "
                  f"exec {os.path.abspath(BINARY)} -f {self.config}")
        program = self.programs.start("countersip", ["unshare", "--mount", "--propagation",
                                                     "private", "sh", "-c", script])
        self.live_a_little(program)
        reply = os.path.join(self.folder, "replies", "answer")
        os.mkfifo(reply)
        with open(os.path.join(self.folder, "run", "countersip_rpc.fifo"), "w",
                  encoding="ascii") as fifo:
            fifo.write('{"jsonrpc": "2.0", "method": "core.version", '
                       '"reply_name": "answer", "id": 1}\n')
        with open(reply, encoding="utf-8") as answer:
            self.assertIn('"result":\t"countersip', answer.read())
        self.assertEqual(0, program.stop())


if __name__ == "__main__":
    unittest.main()
