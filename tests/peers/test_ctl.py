# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl against a daemon's side that answers with recorded bytes, and against none."""

import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from tests.peers.lab import BUILD, ROOT, Lab

CTL = os.path.join(BUILD, "countersipctl")
VECTORS = os.path.join(ROOT, "tests", "vectors", "ctl")
COMMANDS = {"core.version": ("", "name, version and platform"),
            "core.uptime": ("", "the time, the start, seconds between"),
            "core.psx": ("", "threads, a record each"),
            "dlg.list": ("[INDEX COUNT]", "calls"), "which": ("", "the commands there are"),
            "help": ("METHOD", "one command's parameters and help")}


def vector(name):
    with open(os.path.join(VECTORS, name), "rb") as file:
        return file.read()


class FakeDaemon(threading.Thread):
    """A datagram socket; what it was asked is in requests."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.requests, self.silent, self.late, self.raw = [], False, None, None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)

    def run(self):
        while True:
            try:
                bytes_, client = self.socket.recvfrom(65536)
            except OSError:
                return
            if bytes_ == b"end":
                return
            request = json.loads(bytes_)
            self.requests.append(request)
            if self.late:
                self.socket.sendto(self.late, client)
            if not self.silent:
                self.socket.sendto(self.answer(request), client)

    def answer(self, request):
        recorded = {"core.version": "dgram-core.version.rep", "dlg.list": "dgram-dlg.list.rep",
                    "core.uptime": "fifo-core.uptime.rep", "core.psx": "fifo-core.psx.rep",
                    "stats.get_statistics": "fifo-stats.get_statistics-dialog.rep"}
        method, params = request["method"], request.get("params", [])
        answer = {"jsonrpc": "2.0", "id": request["id"]}
        if self.raw:
            return self.raw % request["id"]
        if method == "which":
            answer["result"] = list(COMMANDS)
        elif method == "help":
            command = COMMANDS[params[0]]
            answer["result"] = {"Command": params[0], "Params": command[0], "Help": command[1]}
        else:  # as recorded, with this request's id instead
            name = recorded.get(method, "fifo-no.such.rep")
            head, _, _ = vector(name).decode().rpartition('"id":')
            return (head + '"id":\t%d\n}\n' % request["id"]).encode()
        return json.dumps(answer).encode()

    def close(self):
        path = self.socket.getsockname()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"end", path)
        self.join()
        self.socket.close()


class Ctl(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="countersip-ctl-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.path = os.path.join(self.dir, "rpc.sock")

    def start(self):
        daemon = FakeDaemon(self.path)
        daemon.start()
        self.addCleanup(daemon.close)
        return daemon

    def run_ctl(self, *arguments, status=0):
        done = subprocess.run([CTL, "--socket", self.path, *arguments], capture_output=True,
                              text=True, timeout=60, check=False,
                              env=dict(os.environ, HOME=self.dir))
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr

    def test_tables(self):
        self.start()
        self.assertEqual("kamailio 5.6.3 (x86_64/linux) \n", self.run_ctl("core.version"))
        self.assertEqual("now       Mon Nov 23 14:44:35 2026\n"
                         "up_since  Mon Nov 23 14:44:31 2026\n"
                         "uptime    4\n", self.run_ctl("core.uptime"))
        lines = self.run_ctl("core.psx").splitlines()
        self.assertRegex(lines[0], r"^IDX +PID +DSC$")
        self.assertRegex(lines[1], r"^0 +\d+ +main process")
        self.assertIn("dialog:active_dialogs = 1\n", self.run_ctl("stats.get_statistics"))
        text = self.run_ctl("dlg.list")
        self.assertRegex(text, r"(?m)^call-id +1-18526@127\.0\.0\.30$")
        self.assertRegex(text, r"(?m)^caller\n  tag +18526SIPpTag001$")

    def test_json(self):
        self.start()
        self.assertEqual(json.loads(vector("dgram-dlg.list.rep"))["result"],
                         json.loads(self.run_ctl("--json", "dlg.list")))

    def test_arguments(self):
        daemon = self.start()
        self.run_ctl("dlg.list", "0", "-5", "007", "s:7", "i:8", 'a"b\\', "--x", "")
        self.assertEqual([0, -5, "007", "7", 8, 'a"b\\', "--x", ""],
                         daemon.requests[0]["params"])
        self.assertIn("name of a command", self.run_ctl('a"b', status=64))
        self.assertEqual(1, len(daemon.requests))

    def test_fault(self):
        self.start()
        self.assertEqual("countersipctl: no.such: Method Not Found (500)\n",
                         self.run_ctl("no.such", status=1))

    def test_no_daemon(self):
        self.assertIn("does not run", self.run_ctl("core.version", status=2))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(self.path)
        self.assertIn("refused", self.run_ctl("core.version", status=2))

    def test_silent_daemon(self):
        daemon = self.start()
        daemon.silent = True
        began = time.monotonic()
        self.assertIn("no answer", self.run_ctl("--timeout", "1", "core.version", status=2))
        self.assertLess(time.monotonic() - began, 20)

    def test_passes_over_old_answers(self):
        daemon = self.start()
        daemon.late = b'{"jsonrpc":"2.0","result":"old","id":99}'
        self.assertIn("kamailio", self.run_ctl("core.version"))

    def test_strange_answers(self):
        daemon = self.start()
        for raw, word in ((b'{"id":%d}', "not JSON-RPC"),
                          (b'{"error":{"message":"\\u001b[2J"},"id":%d}', "?[2J"),
                          (b'{"error":7,"id":%d}', "no message")):
            daemon.raw = raw
            self.assertIn(word, self.run_ctl("core.version", status=1))
        daemon.raw = b'{"result":"\x1b]0;x\x07\\u009b2J","id":%d}'
        self.assertEqual("?]0;x??2J\n", self.run_ctl("core.version"))
        for raw in (b"", b"[", b'"id":%d', b"{" * 60000, b'{"id":%d'):
            daemon.raw = raw if b"%d" in raw else raw + b"%.0d"
            self.run_ctl("--timeout", "1", "core.version", status=2)

    def test_help_and_list(self):
        self.assertIn("--socket", self.run_ctl("--help"))
        self.start()
        text = self.run_ctl("--help")
        self.assertRegex(text, r"(?m)^  dlg\.list \[INDEX COUNT\] +calls$")
        self.assertEqual(list(COMMANDS), self.run_ctl("--list").split())
        self.assertRegex(self.run_ctl("--version"), r"^countersipctl \d+\.\d+\.\d+\n$")
        self.assertIn("usage", self.run_ctl("--nonsense", status=64))

    def complete(self, *words):
        """What bash offers for the last of words, with our file."""
        script = ('source contrib/countersipctl.bash; COMP_WORDS=("$@"); '
                  'COMP_CWORD=$(($# - 1)); _countersipctl; printf "%s\\n" "${COMPREPLY[@]}"')
        env = dict(os.environ, PATH=os.path.abspath(BUILD) + ":" + os.environ["PATH"])
        done = subprocess.run(["bash", "-c", script, "bash", "countersipctl", *words],
                              capture_output=True, text=True, cwd=ROOT, env=env, timeout=60,
                              check=False)
        self.assertEqual("", done.stderr)
        return set(done.stdout.split())

    def test_completion(self):
        """Commands, options and names, each from its table or from the daemon."""
        self.start()
        socket_ = ("--socket", self.path)
        own = {"doctor", "explain", "identity", "peer", "rules"}
        self.assertEqual({"dlg.list"}, self.complete(*socket_, "dlg."))
        self.assertEqual(own | set(COMMANDS), self.complete(*socket_, ""))
        self.assertEqual({"--socket", "--timeout", "--json", "--list", "--version", "--help"},
                         self.complete("--"))
        self.assertEqual({"fifo", "tls", "identity", "ports"}, self.complete("doctor", ""))
        self.assertEqual({"verify", "sign", "keygen", "cert"}, self.complete("identity", ""))
        self.assertEqual({"test"}, self.complete("rules", ""))
        self.assertEqual({"show"}, self.complete("peer", ""))
        self.assertEqual({"--verbose"}, self.complete("explain", "--verb"))
        self.assertEqual({"auto", "always", "never"}, self.complete("explain", "--color", ""))
        self.assertEqual({"apache"}, self.complete("doctor", "fifo", "--client", "apa"))
        self.assertEqual({"contrib/countersipctl.bash"},
                         self.complete("identity", "verify", "contrib/countersipctl.b"))
        self.assertEqual({"contrib/countersipctl.bash"},
                         self.complete("doctor", "tls", "--ca", "contrib/countersipctl.b"))
        self.assertEqual(set(), self.complete(*socket_, "dlg.list", ""))

    def test_completion_of_traces(self):
        self.assertEqual({"from=", "to=", "peer="}, self.complete("call.trace", ""))
        self.assertEqual({"peer="}, self.complete("call.trace", "p"))
        self.assertEqual({"all"}, self.complete("call.trace_stop", ""))

    def test_completion_knows_every_option(self):
        """What --words says is what --help says, of each command; and values of every option
        that has one are completed or plainly free."""
        for path in ([], ["explain"], ["doctor", "fifo"], ["doctor", "tls"],
                     ["doctor", "identity"], ["doctor", "ports"], ["identity", "verify"],
                     ["identity", "sign"], ["identity", "keygen"], ["identity", "cert"],
                     ["rules", "test"], ["peer", "show"]):
            told = {}
            for word, end in (("--words", r"=?$"), ("--help", r"\b")):
                done = subprocess.run([CTL, *path, word], capture_output=True, text=True,
                                      timeout=20, check=True)
                told[word] = set(re.findall(rf"(?m)--[a-z][a-z-]*(?={end})", done.stdout))
            self.assertLessEqual(told["--words"] - {"--help"}, told["--help"], path)
            self.assertGreater(len(told["--words"]), 1, path)
            self.assertEqual(told["--words"], self.complete(*path, "--"), path)

    def test_interactive(self):
        """On a terminal: completion, an answer, an error, history that is kept."""
        self.start()
        text = self.type_in(b"core.ver\t\n", b"no.such\n", b"dlg.list 'a b\n", b"quit\n")
        self.assertIn("kamailio 5.6.3", text)
        self.assertIn("Method Not Found", text)
        self.assertIn("a quote is not closed", text)
        history = os.path.join(self.dir, ".countersipctl_history")
        with open(history, encoding="utf-8") as file:
            self.assertIn("core.version", file.read())
        self.assertEqual(0o600, os.stat(history).st_mode & 0o777)

    def type_in(self, *lines):
        main, side = pty.openpty()
        process = subprocess.Popen([CTL, "--socket", self.path], stdin=side, stdout=side,
                                   stderr=side, start_new_session=True,
                                   env=dict(os.environ, HOME=self.dir, TERM="dumb"))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(side)
        text = b""
        for line in lines:
            text += self.read_until(main, b"countersip> ")
            os.write(main, line)
        text += self.read_until(main, None)
        os.close(main)
        text = text.decode(errors="replace")
        self.assertEqual(0, process.wait(20), text)
        return text

    @staticmethod
    def read_until(fd, word):
        text, deadline = b"", time.monotonic() + 20
        while time.monotonic() < deadline and not (word and text.endswith(word)):
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            try:
                text += os.read(fd, 4096)
            except OSError:
                break  # its end has been closed
        return text


class RealDaemon(Lab):
    """The same program and the doctor, against countersip itself."""

    def find(self, suffix):
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith(suffix):
                    return os.path.abspath(os.path.join(folder, name))
        self.fail("no *%s below %s" % (suffix, self.folder))

    def test_every_command_of_the_table(self):
        path = self.find("_rpc.sock")

        def run(*arguments):
            return subprocess.run([CTL, "--socket", path, *arguments], capture_output=True,
                                  text=True, timeout=60, check=False)

        names = run("--list").stdout.split()
        self.assertIn("dlg.list", names)
        self.assertIn("  dlg.list [INDEX COUNT]", run("--help").stdout)
        for name in ("core.version", "core.uptime", "core.psx", "dlg.list", "tls.list",
                     "stats.get_statistics", "identity.domains", "media.info"):
            self.assertIn(name, names)
            done = run(name)
            self.assertEqual((0, ""), (done.returncode, done.stderr), name)
            json.loads(run("--json", name).stdout)

    def test_peer_show(self):
        """Of the running daemon, with its state; and of its file, which knows none."""
        path, config = self.find("_rpc.sock"), self.sbc.config

        def show(*arguments):
            return subprocess.run([CTL, "peer", "show", *arguments], capture_output=True,
                                  text=True, timeout=60, check=False)

        done = show("--socket", path, "biloxi")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertRegex(done.stdout, r"(?m)^domain +biloxi\.test +file$")
        self.assertRegex(done.stdout, r"(?m)^state +A[PX] +now$")
        self.assertRegex(done.stdout, r"(?m)^calls now +0 +now$")
        rows = json.loads(show("--json", "--socket", path, "biloxi").stdout)
        offline = json.loads(show("--json", "--config", config, "biloxi").stdout)
        self.assertEqual(offline, [row for row in rows if row["origin"] != "now"])
        done = show("--socket", path, "nobody")
        self.assertEqual((1, "countersipctl: peer.show: there is no such peer (404)\n"),
                         (done.returncode, done.stderr))
        self.assertEqual(2, show("--socket", path + "x", "biloxi").returncode)

    def test_completion_of_peers(self):
        script = ('source contrib/countersipctl.bash; COMP_WORDS=(countersipctl peer show bi); '
                  'COMP_CWORD=3; countersipctl() { [ "$1" = --timeout ] && set -- --socket '
                  '"$SOCKET" "$@"; command countersipctl "$@"; }; _countersipctl; '
                  'echo "${COMPREPLY[@]}"')
        env = dict(os.environ, PATH=os.path.abspath(BUILD) + ":" + os.environ["PATH"],
                   SOCKET=self.find("_rpc.sock"))
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=ROOT,
                              env=env, timeout=60, check=False)
        self.assertEqual(("biloxi\n", ""), (done.stdout, done.stderr))

    def test_doctor(self):
        path = self.find("_rpc.fifo")
        done = subprocess.run([CTL, "doctor", "fifo", "--json", "--path", path, "--client",
                               str(os.getpid())], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
