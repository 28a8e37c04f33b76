# SPDX-License-Identifier: GPL-3.0-or-later
"""countersip as a service: it gives root's privileges away, and tells the service manager
(sd_notify) what it does."""

import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from tests.peers.lab import BINARY, BUILD, Programs, free_block, wait_for

CONFIG = """\
state_dir: {folder}/state
{more}
domains:
  - name: atlanta.test
listeners:
  - transport: udp
    address: 127.0.0.1:{port}
  - transport: tcp
    address: 127.0.0.1:{port}
media:
  interfaces:
    - address: 127.0.0.1
  ports: {first}-{last}
  loops: 2
rpc:
  run_dir: {folder}/run
{rpc}
"""
NOBODY = pwd.getpwnam("nobody")
PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000  # ptrace(2), waitpid(2)
CAP_CHOWN, CAP_FOWNER, CAP_NET_BIND_SERVICE = 1 << 0, 1 << 3, 1 << 10


class Service(unittest.TestCase):
    """In a folder that any user may come to: a checkout need not be one."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="countersip-service-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.binary = shutil.copy(BINARY, self.folder)
        self.programs = Programs(os.path.join(self.folder, "logs"))
        self.addCleanup(self.programs.stop_all)
        self.base = free_block(40, first=28000)

    def write(self, more="", rpc="", port=None):
        path = os.path.join(self.folder, "countersip.yaml")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=self.folder, more=more, rpc=rpc,
                                     port=port or self.base, first=self.base + 2,
                                     last=self.base + 39))
        return path

    def start(self, path, port=None, env=None):
        program = self.programs.start("countersip", [self.binary, "-f", path], env)
        program.wait_for_port(port or self.base, 20)
        return program

    def refused(self, path, **how):
        """What a start that does not succeed says."""
        done = subprocess.run([self.binary, "-f", path], capture_output=True, text=True,
                              timeout=20, check=False, **how)
        self.assertEqual(1, done.returncode, done.stderr)
        return done.stderr


class Privileges(Service):
    def each_thread(self, program):
        """The lines of /proc/PID/task/*/status."""
        threads = []
        for path in glob.glob(f"/proc/{program.process.pid}/task/*/status"):
            with open(path, encoding="ascii") as status:
                threads.append(dict(line.rstrip("\n").split(":\t", 1) for line in status
                                    if ":\t" in line))
        self.assertGreater(len(threads), 3)
        return threads

    def assert_dropped(self, program, capabilities):
        for thread in self.each_thread(program):
            self.assertEqual({str(NOBODY.pw_uid)}, set(thread["Uid"].split()), thread["Name"])
            self.assertEqual({str(NOBODY.pw_gid)}, set(thread["Gid"].split()))
            self.assertNotIn("0", thread["Groups"].split())
            for kind in ("CapEff", "CapPrm"):
                self.assertEqual(capabilities, int(thread[kind], 16), thread["Name"])
            for kind in ("CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(0, int(thread[kind], 16), kind)
            self.assertEqual("1", thread["NoNewPrivs"])

    def test_nothing_is_kept(self):
        program = self.start(self.write("user: nobody"))
        self.assert_dropped(program, 0)
        program.wait_log(f"uid={NOBODY.pw_uid} gid={NOBODY.pw_gid} capabilities=none")
        for name, mode in (("state", 0o700), ("run", 0o755)):
            made = os.stat(os.path.join(self.folder, name))
            self.assertEqual((NOBODY.pw_uid, NOBODY.pw_gid, mode),
                             (made.st_uid, made.st_gid, made.st_mode & 0o777), name)
        answer = subprocess.run(
            [os.path.join(BUILD, "countersipctl"), "--socket",
             os.path.join(self.folder, "run", "countersip_rpc.sock"), "core.version"],
            capture_output=True, text=True, timeout=10, check=False)
        self.assertIn("countersip", answer.stdout, answer.stderr)
        self.assertEqual(0, program.stop())
        self.assertFalse(os.listdir(os.path.join(self.folder, "run")))

    def test_a_low_port_keeps_one_capability(self):
        for port in range(1023, 600, -1):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    break
        program = self.start(self.write("user: nobody", port=port), port)
        self.assert_dropped(program, CAP_NET_BIND_SERVICE)
        program.wait_log("capabilities=net_bind_service")

    def test_another_owner_of_the_fifo_keeps_chown(self):
        program = self.start(self.write("user: nobody", rpc="  fifo_user: daemon"))
        self.assert_dropped(program, CAP_CHOWN | CAP_FOWNER)
        self.assert_owner(pwd.getpwnam("daemon").pw_uid, NOBODY.pw_gid)
        # What it left there is another's, and yet its own to take over.
        program.process.kill()
        program.process.wait(10)
        self.start(os.path.join(self.folder, "countersip.yaml"))
        self.assert_owner(pwd.getpwnam("daemon").pw_uid, NOBODY.pw_gid)

    def test_another_group_of_the_fifo(self):
        program = self.start(self.write("user: nobody", rpc="  fifo_group: daemon"))
        self.assert_dropped(program, CAP_CHOWN)
        self.assert_owner(NOBODY.pw_uid, pwd.getpwnam("daemon").pw_gid)

    def assert_owner(self, uid, gid):
        fifo = os.stat(os.path.join(self.folder, "run", "countersip_rpc.fifo"))
        self.assertEqual((uid, gid, 0o660), (fifo.st_uid, fifo.st_gid, fifo.st_mode & 0o777))

    def test_root_is_warned(self):
        program = self.start(self.write())
        program.wait_log("uid=0 ")
        program.wait_log("warn sbc root why=.*user:")

    def test_what_cannot_be(self):
        for more, words in (("user: nobody-of-that-name", 'no user "nobody-of-that-name"'),
                            ("user: nobody\ngroup: no-such-group", 'no group "no-such-group"'),
                            ("user: root", "is root"), ("group: daemon", "needs user:")):
            self.assertIn(words, self.refused(self.write(more)), more)

    def test_only_root_becomes_another(self):
        as_nobody = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
        self.assertIn("by root only", self.refused(self.write("user: daemon"), **as_nobody))

    def test_the_user_itself_may_start(self):
        path = self.write("user: nobody")
        for name in ("state", "run"):
            os.mkdir(os.path.join(self.folder, name), 0o700)
            os.chown(os.path.join(self.folder, name), NOBODY.pw_uid, NOBODY.pw_gid)
        command = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}",
                   "--clear-groups", self.binary, "-f", path]
        program = self.programs.start("countersip", command)
        program.wait_for_port(self.base, 20)
        program.wait_log("capabilities=none")


class Notify(Service):
    """A service manager that is a socket of ours."""

    def setUp(self):
        super().setUp()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.settimeout(10)
        name = os.path.join(self.folder, "notify")
        self.manager.bind(name)
        self.env = dict(os.environ, NOTIFY_SOCKET=name, WATCHDOG_USEC="400000")

    def hear(self, *unwanted):
        """The next message that is none of unwanted."""
        while True:
            message = self.manager.recv(4096).decode().split("\n")
            if message[0] not in unwanted:
                return message

    def test_a_life(self):
        program = self.start(self.write(), env=self.env)
        self.assertIn("READY=1", self.hear("WATCHDOG=1"))
        self.assertEqual(["WATCHDOG=1"], self.hear())
        self.assertEqual(["WATCHDOG=1"], self.hear())
        program.process.send_signal(signal.SIGHUP)
        self.assertEqual("RELOADING=1", self.hear("WATCHDOG=1")[0])
        self.assertEqual(["READY=1", "STATUS=running"], self.hear("WATCHDOG=1"))
        self.write(more="nonsense: 1")
        program.process.send_signal(signal.SIGHUP)
        self.assertEqual("RELOADING=1", self.hear("WATCHDOG=1")[0])
        ready = self.hear("WATCHDOG=1")
        self.assertEqual("READY=1", ready[0])
        self.assertIn("refused", ready[1])
        program.process.send_signal(signal.SIGTERM)
        self.assertEqual("STOPPING=1", self.hear("WATCHDOG=1")[0])
        self.assertEqual(0, program.process.wait(10))

    def test_not_ready_when_it_does_not_start(self):
        with socket.create_server(("127.0.0.1", self.base)):
            self.refused(self.write(), env=self.env)
        self.manager.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            self.hear("WATCHDOG=1")

    def test_a_stopped_process_is_not_alive(self):
        program = self.start(self.write(), env=self.env)
        self.assertEqual(["WATCHDOG=1"], self.hear("READY=1"))
        program.process.send_signal(signal.SIGSTOP)
        self.addCleanup(program.process.send_signal, signal.SIGCONT)
        wait_for(lambda: not self.drain(), 5, "the last message")
        self.manager.settimeout(1)
        with self.assertRaises(TimeoutError):
            self.manager.recv(4096)

    def test_a_stopped_media_loop_is_not_alive(self):
        program = self.start(self.write(), env=self.env)
        self.assertEqual(["WATCHDOG=1"], self.hear("READY=1"))
        pid = program.process.pid
        thread = None
        for path in glob.glob(f"/proc/{pid}/task/*/comm"):
            with open(path, encoding="ascii") as name:
                if name.read() == "media/1\n":
                    thread = int(path.split("/")[-2])
        self.assertIsNotNone(thread)
        libc = ctypes.CDLL(None, use_errno=True)
        self.assertEqual(0, libc.ptrace(PTRACE_ATTACH, thread, None, None),
                         os.strerror(ctypes.get_errno()))
        os.waitpid(thread, WALL)  # and it alone has stopped
        program.wait_log("error sbc media.stuck loops=1")
        wait_for(lambda: not self.drain(), 5, "the last message")
        self.manager.settimeout(1)
        with self.assertRaises(TimeoutError):
            self.manager.recv(4096)
        self.manager.settimeout(10)
        self.assertEqual(0, libc.ptrace(PTRACE_DETACH, thread, None, None))
        self.assertEqual(["WATCHDOG=1"], self.hear())
        self.assertEqual(0, program.stop())

    def drain(self):
        """What is there; a stopped process sends no more."""
        self.manager.setblocking(False)
        try:
            return self.manager.recv(4096)
        except BlockingIOError:
            return b""


if __name__ == "__main__":
    unittest.main()
