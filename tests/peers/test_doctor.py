# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl doctor fifo against real users, groups, ACLs, namespaces and servers. Runs as
root, changes nothing outside of a folder of its own (fs.protected_fifos is put back), and ends
only what it started."""

import contextlib
import errno
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

from tests.peers.lab import BUILD, ROOT

CTL = os.path.join(BUILD, "countersipctl")
PROTECTED = "/proc/sys/fs/protected_fifos"
# Numbers that nobody has: the server's user and group, the client's.
SERVER, SERVER_GROUP, CLIENT, CLIENT_GROUP = 61110, 61115, 61033, 61034

# Each begins as root, since others may not reach the interpreter, and then becomes UID with
# GROUPS (the first is its primary one) and UMASK.
BECOME = """
import os, sys, time
name, uid, groups, umask = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4], 8)
open('/proc/self/comm', 'w').write(name)
groups = [int(group) for group in groups.split(',')]
os.umask(umask)
os.setgroups(groups)
os.setresgid(*[groups[0]] * 3)
os.setresuid(*[uid] * 3)
"""
# A server as OpenSIPS and Kamailio are: makes its FIFO, reads, keeps a writing end (MI-7).
SERVER_CODE = BECOME + """
path, mode = sys.argv[5], int(sys.argv[6], 8)
if mode:
    os.mkfifo(path, mode)
fds = [os.open(path, os.O_RDONLY | os.O_NONBLOCK), os.open(path, os.O_WRONLY)]
print('ready', flush=True)
time.sleep(600)
"""
CLIENT_CODE = BECOME + """
print('ready', flush=True)
time.sleep(600)
"""
# Ends with the errno of opening the path.
OPEN_CODE = BECOME + """
try:
    os.open(sys.argv[5], int(sys.argv[6]))
except OSError as error:
    sys.exit(error.errno)
"""


class Doctor(unittest.TestCase):
    def setUp(self):
        self.assertEqual(0, os.geteuid(), "these tests need root")
        self.dir = tempfile.mkdtemp(prefix="fifo-doctor-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        self.run_dir = os.path.join(self.dir, "run")
        self.replies = os.path.join(self.dir, "replies/")
        os.mkdir(self.run_dir)
        os.mkdir(self.replies)
        os.chmod(self.run_dir, 0o755)
        os.chmod(self.replies, 0o1733)
        os.chown(self.run_dir, SERVER, SERVER_GROUP)
        self.fifo = os.path.join(self.run_dir, "sip_fifo")

    def spawn(self, command):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.addCleanup(self.end, process)
        self.assertEqual("ready\n", process.stdout.readline())
        return process

    @staticmethod
    def end(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its session: unshare has a child
        process.wait()
        process.stdout.close()

    @staticmethod
    def acting(code, name, uid, groups, umask, *more):
        return [sys.executable, "-c", code, name, str(uid), ",".join(map(str, groups)),
                oct(umask), *map(str, more)]

    def server(self, path=None, mode="660", name="opensips", umask=0):
        return self.spawn(self.acting(SERVER_CODE, name, SERVER, [SERVER_GROUP], umask,
                                      path or self.fifo, mode))

    def client(self, groups=(CLIENT_GROUP,), name="php-fpm", uid=CLIENT, before=None, umask=0):
        command = self.acting(CLIENT_CODE, name, uid, groups, umask)
        if before:  # in a mount namespace of its own
            command = ["unshare", "-m", "sh", "-c", before + ' && exec "$@"', "sh", *command]
        return self.spawn(command)

    def command(self, client, *more, path=None):
        return [CTL, "doctor", "fifo", "--json", "--path", path or self.fifo, "--client",
                str(client.pid), "--reply-dir", self.replies, *more]

    def diagnose(self, client, *more, path=None, before=None):
        command = self.command(client, *more, path=path)
        if before:
            command = ["unshare", "-m", "sh", "-c", before + ' && exec "$@"', "sh", *command]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60,
                              check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(["ok", "blocked", "unknown"][done.returncode], report["verdict"])
        return report

    @staticmethod
    def rows(report, severity):
        return [f["id"] for f in report["findings"] if f["severity"] == severity]

    def assert_first(self, row, report, *words):
        self.assertIsNotNone(report["first"], report)
        self.assertEqual(row, report["first"]["id"], report["first"])
        for word in words:
            self.assertIn(word, json.dumps(report["first"]))
        return report["first"]

    def assert_ok(self, report):
        self.assertEqual([], self.rows(report, "blocked"),
                         [f for f in report["findings"] if f["severity"] == "blocked"])

    def assert_mended(self, first, client):
        """The command that is told does what it promises."""
        subprocess.run(shlex.split(first["fix"]), check=True)
        self.assert_ok(self.diagnose(client))

    # FIFO-1 to FIFO-4

    def test_all_is_well(self):
        self.server()
        report = self.diagnose(self.client(groups=(CLIENT_GROUP, SERVER_GROUP)))
        self.assert_ok(report)
        if os.environ.get("COUNTERSIP_SAN") != "thread":  # its own thread forbids setns()
            self.assertNotIn("FIFO-40", self.rows(report, "info"), "not tried as the client")

    def test_wrong_path(self):
        """FIFO-1."""
        self.server()
        other = os.path.join(self.dir, "other_opensips")
        first = self.assert_first("FIFO-1", self.diagnose(self.client(), path=other))
        self.assertIn("listens on", first["sentence"])

    def test_blanks(self):
        """FIFO-2."""
        self.server()
        client = self.client(groups=(SERVER_GROUP,))
        self.assert_first("FIFO-2", self.diagnose(client, path=self.fifo + " \r"), "\\\\r")

    def test_regular_file(self):
        """FIFO-4."""
        with open(self.fifo, "w", encoding="utf-8"):
            pass
        self.assert_first("FIFO-4", self.diagnose(self.client()), "regular file", "rm ")

    def test_links(self):
        """FIFO-4."""
        link = os.path.join(self.dir, "link")
        os.symlink(link, link)
        self.assert_first("FIFO-4", self.diagnose(self.client(), path=link), "ELOOP")
        os.unlink(link)
        os.symlink("/nonexistent/fifo", link)
        self.assert_first("FIFO-4", self.diagnose(self.client(), path=link), "symbolic link")

    # FIFO-5 to FIFO-7, FIFO-35

    def test_stale(self):
        """FIFO-5, really."""
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        self.assert_first("FIFO-5", self.diagnose(self.client()), "ENXIO")

    def test_orphan(self):
        """FIFO-6, really."""
        server = self.server()
        os.unlink(self.fifo)
        self.assert_first("FIFO-1", self.diagnose(self.client(groups=(SERVER_GROUP,))))
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        self.assert_first("FIFO-6", self.diagnose(self.client()), str(server.pid), "(deleted)")

    def test_two_servers(self):
        """FIFO-7, really."""
        first = self.server()
        os.unlink(self.fifo)
        second = self.server()
        report = self.diagnose(self.client(groups=(SERVER_GROUP,)))
        self.assertIn("FIFO-7", self.rows(report, "warn"))
        told = json.dumps(report)
        self.assertIn(str(first.pid), told)
        self.assertIn(str(second.pid), told)

    def test_full(self):
        """FIFO-35."""
        self.server()
        fd = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(fd, b"x" * 4096)
        client = self.client(groups=(SERVER_GROUP,))
        self.assert_first("FIFO-35", self.diagnose(client), "65536")

    def test_stopped(self):
        """FIFO-35."""
        server = self.server()
        os.kill(server.pid, signal.SIGSTOP)
        os.waitpid(server.pid, os.WUNTRACED)
        client = self.client(groups=(SERVER_GROUP,))
        self.assert_first("FIFO-35", self.diagnose(client), "kill -CONT %d" % server.pid)

    # FIFO-8 to FIFO-17

    def test_mode(self):
        """FIFO-8."""
        self.server()
        client = self.client()
        report = self.diagnose(client)
        first = self.assert_first("FIFO-8", report, "prw-rw----", "other")
        self.assertEqual("usermod -aG %d %d && restart php-fpm (PID %d)"
                         % (SERVER_GROUP, CLIENT, client.pid), first["fix"])
        os.chown(self.fifo, SERVER, 0)
        self.assert_mended(self.diagnose(client)["first"], client)  # setfacl

    def test_only_the_owners_bits_count(self):
        """FIFO-8."""
        self.server()
        os.chown(self.fifo, CLIENT, SERVER_GROUP)
        os.chmod(self.fifo, 0o060)
        client = self.client(groups=(SERVER_GROUP,))
        self.assert_mended(self.assert_first("FIFO-8", self.diagnose(client), "owner"), client)

    def test_parent(self):
        """FIFO-9."""
        self.server()
        os.chmod(self.fifo, 0o666)
        os.chown(self.run_dir, SERVER, 0)
        os.chmod(self.run_dir, 0o750)
        client = self.client()
        first = self.assert_first("FIFO-9", self.diagnose(client), self.run_dir)
        self.assert_mended(first, client)

    def test_group_is_new(self):
        """FIFO-10, with a group of its own. In /etc/group, seen through a mount of the doctor's own, but not in the process."""
        self.server()
        client = self.client()
        for name, line in (("passwd", "cp:x:%d:%d::/:/bin/false\n" % (CLIENT, CLIENT_GROUP)),
                           ("group", "sip:x:%d:cp\n" % SERVER_GROUP)):
            with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
                file.write(line)
        mounts = " && ".join("mount --bind %s/%s /etc/%s" % (self.dir, name, name)
                             for name in ("passwd", "group"))
        self.assert_first("FIFO-10", self.diagnose(client, before=mounts), "group sip",
                          "restart php-fpm")

    def test_acl(self):
        """FIFO-12."""
        self.server()
        client = self.client()
        subprocess.run(["setfacl", "-m", "u:%d:rw" % CLIENT, self.fifo], check=True)
        self.assert_ok(self.diagnose(client))
        subprocess.run(["setfacl", "-m", "m::r", self.fifo], check=True)
        first = self.assert_first("FIFO-12", self.diagnose(client), "mask")
        self.assert_mended(first, client)
        subprocess.run(["setfacl", "-m", "u:%d:r" % CLIENT, self.fifo], check=True)
        first = self.assert_first("FIFO-12", self.diagnose(client), "r--")
        self.assert_mended(first, client)

    def test_acl_of_a_directory(self):
        """FIFO-12 and FIFO-9."""
        self.server()
        os.chmod(self.fifo, 0o666)
        subprocess.run(["setfacl", "-m", "u:%d:r" % CLIENT, self.run_dir], check=True)
        client = self.client()
        first = self.assert_first("FIFO-9", self.diagnose(client), "setfacl")
        self.assert_mended(first, client)

    def test_root_may(self):
        """FIFO-11."""
        self.server(mode="600")
        report = self.diagnose(self.client(uid=0))
        self.assert_ok(report)
        self.assertIn("FIFO-11", self.rows(report, "info"))

    def test_umask(self):
        """FIFO-15, really."""
        self.server(umask=0o022)
        report = self.diagnose(self.client(groups=(SERVER_GROUP,)))
        self.assert_first("FIFO-8", report)
        self.assertIn("FIFO-15", self.rows(report, "warn"))

    def test_decimal_mode(self):
        """FIFO-17."""
        self.server()
        os.chmod(self.fifo, 660)  # the mistake itself
        report = self.diagnose(self.client(groups=(SERVER_GROUP,)))
        self.assertIn("FIFO-17", self.rows(report, "warn"))

    def test_protected_fifos(self):
        """FIFO-13: the kernel refuses O_CREAT, as is told, and nothing else."""
        sticky = os.path.join(self.dir, "sticky")
        os.mkdir(sticky)
        os.chmod(sticky, 0o1777)
        path = os.path.join(sticky, "fifo")
        self.server(path, "666")
        lock = open(PROTECTED, encoding="ascii")  # one setting for the whole machine
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.addCleanup(self.set_protected, lock.read())
        self.set_protected("1\n")
        self.assert_first("FIFO-13", self.diagnose(self.client(), path=path),
                          "fs.protected_fifos")
        for flags, expected in ((os.O_CREAT, errno.EACCES), (0, 0)):
            self.assertEqual(expected, self.try_open(path, flags, CLIENT, [CLIENT_GROUP]))
        self.set_protected("0\n")
        self.assert_ok(self.diagnose(self.client(), path=path))

    @staticmethod
    def set_protected(value):
        with open(PROTECTED, "w", encoding="ascii") as file:
            file.write(value)

    def try_open(self, path, flags, uid, groups):
        """The errno of really opening it, by a process with these rights."""
        command = self.acting(OPEN_CODE, "php-fpm", uid, groups, 0, path,
                              flags | os.O_WRONLY | os.O_NONBLOCK)
        return subprocess.run(command, check=False).returncode

    def test_sticky(self):
        """FIFO-14."""
        os.chmod(self.run_dir, 0o1777)
        os.chown(self.run_dir, 0, 0)
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        self.server(mode="0")
        report = self.diagnose(self.client())
        self.assertIn("FIFO-14", self.rows(report, "warn"))

    def test_predicts_what_happens(self):
        """DX-3: judged and tried alike, for every class and right."""
        self.server()
        clients = {groups: self.client(groups=groups)
                   for groups in ((CLIENT_GROUP,), (CLIENT_GROUP, SERVER_GROUP))}
        for mode in (0o600, 0o620, 0o602, 0o660, 0o666, 0o646, 0o606, 0o400):
            for owner in (SERVER, CLIENT):
                os.chown(self.fifo, owner, SERVER_GROUP)
                os.chmod(self.fifo, mode)
                for groups, client in clients.items():
                    really = self.try_open(self.fifo, 0, CLIENT, list(groups))
                    report = self.diagnose(client)
                    blocked = self.rows(report, "blocked")
                    self.assertEqual(["FIFO-8"] if really else [], blocked,
                                     (oct(mode), owner, groups))

    # FIFO-18 to FIFO-20, FIFO-31 to FIFO-34

    def test_mount_namespace(self):
        """FIFO-18."""
        self.server()
        os.chmod(self.fifo, 0o666)
        client = self.client(before="mount -t tmpfs none " + self.run_dir)
        first = self.assert_first("FIFO-18", self.diagnose(client), "ns/mnt")
        self.assertIn("mount namespaces differ", first["sentence"])

    def test_private_tmp(self):
        """FIFO-18, as systemd does it: a folder of another name, bound over the one that all use."""
        self.server()
        os.chmod(self.fifo, 0o666)
        private = os.path.join(self.dir, "systemd-private-0123-php-fpm.service-x")
        os.mkdir(private)
        client = self.client(before="mount --bind %s %s" % (private, self.run_dir))
        self.assert_first("FIFO-18", self.diagnose(client), "PrivateTmp")

    def test_same_file_in_another_namespace(self):
        self.server()
        os.chmod(self.fifo, 0o666)
        self.assert_ok(self.diagnose(self.client(before="true")))

    def test_read_only_replies(self):
        """FIFO-31."""
        self.server()
        client = self.client(
            groups=(CLIENT_GROUP, SERVER_GROUP),
            before="mount --bind {0} {0} && mount -o remount,bind,ro {0}".format(self.replies))
        self.assert_first("FIFO-31", self.diagnose(client), "EROFS")

    def test_reply_directory_is_closed(self):
        """FIFO-31."""
        self.server()
        os.chmod(self.replies, 0o755)
        client = self.client(groups=(CLIENT_GROUP, SERVER_GROUP))
        first = self.assert_first("FIFO-31", self.diagnose(client))
        self.assert_mended(first, client)

    def test_reply_fifo(self):
        """FIFO-32 and FIFO-33."""
        self.server()
        client = self.client(groups=(CLIENT_GROUP, SERVER_GROUP))
        reply = os.path.join(self.replies, "cp_1")
        os.mkfifo(reply, 0o600)
        os.chown(reply, CLIENT, CLIENT_GROUP)
        report = self.diagnose(client, "--reply-name", "cp_1")
        self.assert_first("FIFO-32", report, "prw-------")
        self.assertIn("FIFO-33", self.rows(report, "warn"))
        os.chmod(reply, 0o666)
        fd = os.open(reply, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        report = self.diagnose(client, "--reply-name", "cp_1")
        self.assert_ok(report)
        self.assertNotIn("FIFO-33", self.rows(report, "warn"))

    def test_reply_slash(self):
        """FIFO-34."""
        self.server()
        client = self.client(groups=(CLIENT_GROUP, SERVER_GROUP))
        report = self.diagnose(client, "--reply-dir", self.replies.rstrip("/"))
        self.assert_first("FIFO-34", report)

    def test_protect_home(self):
        """FIFO-20: what systemd does for ProtectHome= and InaccessiblePaths=: a closed mount over it."""
        self.server()
        os.chmod(self.fifo, 0o666)
        empty = os.path.join(self.dir, "systemd", "inaccessible", "dir")
        os.makedirs(empty, 0o700)
        client = self.client(before="mount --bind %s %s" % (empty, self.run_dir))
        self.assert_first("FIFO-20", self.diagnose(client), self.run_dir)

    def test_server_on_a_read_only_mount(self):
        """FIFO-19: writing to the FIFO that is there works; making it again would not."""
        self.fifo = os.path.join(self.run_dir, "made_before")
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        code = "mount --bind {0} {0} && mount -o remount,bind,ro {0}".format(self.run_dir)
        self.spawn(["unshare", "-m", "sh", "-c", code + ' && exec "$@"', "sh",
                    *self.acting(SERVER_CODE, "opensips", 0, [0], 0, self.fifo, "0")])
        report = self.diagnose(self.client())
        self.assert_ok(report)
        self.assertIn("FIFO-19", self.rows(report, "warn"))

    def test_user_namespace(self):
        """FIFO-23: a rootless container: the FIFO's owner has no number in it."""
        self.server()
        os.chmod(self.fifo, 0o666)
        command = self.acting(CLIENT_CODE, "php-fpm", 0, [0], 0)
        command[2] = command[2].replace("os.setgroups(groups)", "pass")
        client = self.spawn(["unshare", "-U", "-r", *command])
        self.assertIn("FIFO-23", self.rows(self.diagnose(client), "warn"))

    def test_pid_namespace(self):
        """FIFO-39, a real one."""
        self.server()
        os.chmod(self.fifo, 0o666)
        inside = self.acting(CLIENT_CODE, "php-fpm-ns", CLIENT, [CLIENT_GROUP], 0)
        self.spawn(["unshare", "-f", "-p", *inside])
        done = subprocess.run([CTL, "doctor", "fifo", "--json", "--path", self.fifo, "--client",
                               "php-fpm-ns", "--reply-dir", self.replies],
                              capture_output=True, text=True, check=False)
        self.assertIn("FIFO-39", self.rows(json.loads(done.stdout), "info"))

    def test_layers(self):
        """FIFO-38, a FIFO on a real overlay."""
        layers = [os.path.join(self.dir, name) for name in ("lower", "upper", "work", "all")]
        for layer in layers:
            os.mkdir(layer)
        path = os.path.join(layers[3], "fifo")
        os.mkfifo(os.path.join(layers[0], "fifo"), 0o666)
        os.chmod(os.path.join(layers[0], "fifo"), 0o666)
        mount = "mount -t overlay -o lowerdir=%s,upperdir=%s,workdir=%s none %s" % tuple(layers)
        report = self.diagnose(self.client(before=mount), path=path, before=mount)
        self.assertIn("FIFO-38", self.rows(report, "warn"), report)

    def test_no_new_privileges(self):
        """FIFO-26."""
        self.server()
        command = self.acting(CLIENT_CODE, "php-fpm", CLIENT, [CLIENT_GROUP, SERVER_GROUP], 0)
        report = self.diagnose(self.spawn(["setpriv", "--no-new-privs", *command]))
        self.assert_ok(report)
        self.assertIn("FIFO-26", self.rows(report, "info"))

    def test_requests(self):
        """FIFO-36 and FIFO-37."""
        self.server()
        client = self.client(groups=(CLIENT_GROUP, SERVER_GROUP))
        report = self.diagnose(client, "--request", '{"method":"which"}')
        self.assert_first("FIFO-36", report, "OpenSIPS")
        report = self.diagnose(client, "--request", ":cp:" + "x" * 5000)
        self.assert_first("FIFO-37", report, "4096")
        self.assert_ok(self.diagnose(client, "--request", ':cp:{"method":"which"}'))

    # FIFO-39, FIFO-40, DX-2, DX-4

    def test_no_such_server(self):
        """FIFO-39."""
        os.mkfifo(self.fifo)
        report = self.diagnose(self.client(), "--server", "no-such-server")
        self.assertIn("FIFO-39", self.rows(report, "unknown"))

    def test_without_root_it_says_so(self):
        self.server()
        os.chmod(self.fifo, 0o666)
        client = self.client(uid=CLIENT + 1)
        ctl = shutil.copy(CTL, os.path.join(self.dir, "countersipctl"))
        done = subprocess.run([ctl, *self.command(client)[1:]], capture_output=True, text=True,
                              check=False, user=CLIENT, group=CLIENT_GROUP, extra_groups=[])
        report = json.loads(done.stdout)
        self.assertEqual(2, done.returncode)
        self.assertEqual("unknown", report["verdict"])
        self.assertIn("FIFO-18", self.rows(report, "unknown"))
        self.assertIn("FIFO-40", self.rows(report, "info"))

    def test_who(self):
        """FIFO-30: by PID, by name."""
        self.server()
        for options, status in ((("--client", "no-such-client"), 2), (("--colour",), 64),
                                (("--client",), 64)):
            done = subprocess.run([CTL, "doctor", "fifo", "--path", self.fifo, *options],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(status, done.returncode, options)
            self.assertTrue(done.stderr)
        name = "php-fpm-t%d" % (os.getpid() % 10000)
        client = self.client(groups=(CLIENT_GROUP, SERVER_GROUP), name=name)
        done = subprocess.run([CTL, "doctor", "fifo", "--path", self.fifo, "--client", name,
                               "--reply-dir", self.replies], capture_output=True, text=True,
                              check=False)
        self.assertIn("PID %d" % client.pid, done.stdout)

    def test_a_lone_reader_is_not_disturbed(self):
        """A reader without a writing end of its own would meet an end of file if we opened."""
        os.mkfifo(self.fifo)
        os.chmod(self.fifo, 0o666)
        reader = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        trace = self.trace(self.client())
        self.assertNotIn("FIFO-5", self.rows(trace[1], "blocked"))
        self.assertFalse([line for line in trace[0] if self.fifo in line and "open" in line])

    def trace(self, client):
        out = os.path.join(self.dir, "strace")
        done = subprocess.run(["strace", "-f", "-qq", "-o", out, *self.command(client)],
                              capture_output=True, text=True, timeout=120, check=False,
                              env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        with open(out, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        # Its first look; before it, loader and sanitizer open what is theirs.
        first = next(i for i, line in enumerate(lines) if '/status"' in line)
        return lines[first:], json.loads(done.stdout)

    def test_it_only_looks(self):
        """DX-2: by the system calls that it makes."""
        self.server()
        before = os.stat(self.fifo)
        lines, report = self.trace(self.client(groups=(CLIENT_GROUP, SERVER_GROUP)))
        self.assert_ok(report)
        opened = [line for line in lines if self.fifo in line and "open" in line]
        self.assertTrue(opened)
        for line in opened:
            for flag in ("O_WRONLY", "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW"):
                self.assertIn(flag, line)
        changes = re.compile(r"\b(creat|mknod|mknodat|mkdir|mkdirat|unlink|unlinkat|rename\w*|"
                             r"link|linkat|symlink\w*|f?truncate|f?chmod\w*|f?chown\w*|lchown|"
                             r"f?setxattr|utime\w*|sendto|sendmsg|kill)\(")
        for line in lines:
            self.assertNotRegex(line, changes)
            self.assertNotRegex(line, r"open\w*\(.*(O_CREAT|O_TRUNC|O_RDWR|O_APPEND|O_TMPFILE)")
            self.assertNotRegex(line, r"\bp?write\w*\((?!1,|2,)")
        after = os.stat(self.fifo)
        self.assertEqual((before.st_ino, before.st_mode, before.st_mtime_ns),
                         (after.st_ino, after.st_mode, after.st_mtime_ns))
        self.assertTrue(stat.S_ISFIFO(after.st_mode))


if __name__ == "__main__":
    unittest.main()
