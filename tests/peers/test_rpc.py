# SPDX-License-Identifier: GPL-3.0-or-later
"""Management through each door, with the tools that operators have: kamctl, kamcmd, kamcli and
PHP, all unmodified; and with clients that nobody should have."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from tests.peers.lab import BINARY, DOMAIN, IS_SLOW, PASSWORDS, ROOT, Lab, free_block
from procs import wait_for
from tests.peers.ua import SDP, FINGERPRINT, Ua, connect

PATIENCE = 40 if IS_SLOW else 10
PHP_CLIENT = os.path.join(ROOT, "contrib", "php", "countersip_rpc.php")
PHP_PANEL = os.path.join(ROOT, "tests", "peers", "php", "panel.php")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn|info|debug) ")


class Desk(Lab):
    """A countersip, and a directory of its own for answers' FIFOs where a client lets us."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_dir = os.path.join(cls.sbc.folder, "run")
        cls.fifo = os.path.join(cls.run_dir, "countersip_rpc.fifo")
        cls.dgram = os.path.join(cls.run_dir, "countersip_rpc.sock")
        cls.ctl = os.path.join(cls.run_dir, "countersip_ctl")
        cls.wait_until_open()

    @classmethod
    def wait_until_open(cls):
        """The doors open after the ports that Lab waits for; the last one is ctl's."""
        def answers():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                return probe.connect_ex(cls.ctl) == 0
        wait_for(answers, PATIENCE, "the last door to open")

    def run_tool(self, *command, env=None, status=0):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, check=False,
                              env=dict(os.environ, **(env or {})))
        if status is not None:
            self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def kamctl(self, *words):
        return self.run_tool("kamctl", *words, env={"RPCFIFOPATH": self.fifo})

    def kamcmd(self, *words, status=0):
        return self.run_tool("kamcmd", "-s", f"unix:{self.ctl}", *words, status=status)

    def kamcli(self, *words):
        path = os.path.join(self.folder, "kamcli.ini")
        with open(path, "w", encoding="ascii") as ini:
            ini.write("[main]\n[db]\n[ctl]\ntype=jsonrpc\nkamgroup=root\n[jsonrpc]\n"
                      f"transport=socket\nsrvaddr={self.dgram}\nrcvaddr=/tmp\n"
                      f"outformat=json\npath={self.fifo}\nrplnamebase=kamcli_reply\nrpldir=/tmp\n")
        return self.run_tool("kamcli", "--no-default-configs", "-c", path, *words)

    def panel(self, command, wait_us=0, status=0):
        return self.run_tool("php", PHP_PANEL, self.fifo, "/tmp", command, str(wait_us),
                             status=status)

    def write(self, data):
        fd = os.open(self.fifo, os.O_WRONLY)
        try:
            os.write(fd, data if isinstance(data, bytes) else data.encode())
        finally:
            os.close(fd)

    def ask(self, method, params=(), seconds=PATIENCE):
        """Through the FIFO, without any tool: the decoded answer."""
        name = f"test_rpc_{os.getpid()}_{time.monotonic_ns()}"
        path = f"/tmp/{name}"
        os.mkfifo(path)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": list(params),
                                   "reply_name": name, "id": 1}))
            data, until = b"", time.monotonic() + seconds
            while time.monotonic() < until:
                try:
                    piece = os.read(fd, 65536)
                except BlockingIOError:
                    piece = None
                if piece:
                    data += piece
                elif piece == b"" and data:
                    break
                else:
                    time.sleep(0.01)
            os.close(fd)
        finally:
            os.unlink(path)
        return json.loads(data)

    def phone(self, user):
        ua = Ua(user, DOMAIN, PASSWORDS[user], self.sip_port)
        self.addCleanup(ua.close)
        self.assertEqual(200, ua.register().code)
        return ua


class Tools(Desk):
    def test_kamctl(self):
        self.assertRegex(self.kamctl("uptime"), r'"uptime":\s*\d+')
        self.assertIn('"core:rcv_requests = ', self.kamctl("stats"))
        self.assertIn('"DSC":  "signalling"', self.kamctl("ps"))
        self.assertIn("countersip ", self.kamctl("rpc", "core.version"))
        self.assertIn("dialog:active_dialogs = ",
                      self.kamctl("rpc", "stats.get_statistics", "dialog:"))
        self.assertIn("Method Not Found", self.kamctl("rpc", "no.such"))
        self.assertIn('"id":', self.kamctl("dialog", "show"))

    def test_kamcmd(self):
        self.assertRegex(self.kamcmd("core.version"), r"^countersip \d")
        self.assertRegex(self.kamcmd("core.uptime"), r"\tuptime: \d+\n")
        self.assertIn("\tongoing: ", self.kamcmd("dlg.stats_active"))
        self.assertIn("core:rcv_requests = ", self.kamcmd("stats.get_statistics", "all"))
        self.assertIn("dlg.end_dlg", self.kamcmd("system.listMethods"))
        self.assertIn("500 - command no.such not found", self.kamcmd("no.such", status=None))
        for command in ("core.info", "core.shmmem", "core.psx", "tm.stats", "sl.stats",
                        "tls.list", "tls.info", "core.tcp_info", "identity.domains",
                        "media.info", "stats.fetch"):
            self.assertNotIn("error", self.kamcmd(command), command)

    def test_kamcli(self):
        self.assertRegex(self.kamcli("uptime"), r'"uptime":\s*\d+')
        self.assertIn("core:rcv_requests = ", self.kamcli("jsonrpc", "stats.get_statistics",
                                                          "all"))
        self.assertIn('"ongoing":', self.kamcli("dialog", "stats_active"))
        self.assertIn("countersip", self.kamcli("jsonrpc", "core.version"))

    def test_php(self):
        self.assertIn('"uptime":', self.run_tool("php", PHP_CLIENT, self.fifo, "core.uptime"))
        told = self.run_tool("php", PHP_CLIENT, self.fifo, "no.such", status=1)
        self.assertIn("Method Not Found", told)
        told = self.run_tool("php", PHP_CLIENT, self.fifo, "stats.fetchn", "dialog:")
        self.assertIn('"dialog.active_dialogs": ', told)

    def test_panel(self):
        """OpenSIPS-CP's way: it opens its FIFO late and reads once."""
        self.assertRegex(self.panel("uptime"), r"^200 OK\nNow:: .*\nUp since:: .*\n"
                                               r"Up time:: \d+ \[sec\]\n\n$")
        self.assertRegex(self.panel("dlg_list 0 10"), r"^200 OK\ndlg_counter:: \d+\n")
        self.assertIn("\n:: dlg_list\n", self.panel("which", 300000))
        self.assertIn("\ncore:rcv_requests:: ", self.panel("get_statistics core:", 1000000))
        self.assertEqual("500 command 'no_such' not available\n",
                         self.panel("no_such", status=1))

    def test_opensips_3(self):
        """:reply:{json}, one line."""
        path = f"/tmp/test_rpc3_{os.getpid()}"
        os.mkfifo(path)
        self.addCleanup(os.unlink, path)
        self.write(f':{os.path.basename(path)}:{{"jsonrpc":"2.0","method":"uptime","id":"1"}}\n')
        with open(path, encoding="ascii") as reply:
            text = reply.read()
        self.assertNotIn("\n", text)
        self.assertIn("Up time", json.loads(text)["result"])

    def test_calls(self):
        """Early, then confirmed; each tool sees it, and one ends it."""
        alice, bob = self.phone("alice"), self.phone("bob")
        cseq = alice.invite("bob")
        invite = bob.wait(lambda m: m.method == "INVITE")
        bob.respond(invite, 180, "Ringing")
        alice.wait(lambda m: m.code == 180)
        self.assertIn('"early_dialogs = 1"'.replace('"', ""),
                      self.kamcmd("stats.get_statistics", "dialog:"))
        self.assertIn("state: 2\n", self.kamcmd("dlg.list"))
        bob.respond(invite, 200, "OK", SDP.format(port=bob.port, setup="active",
                                                  fingerprint=FINGERPRINT))
        answered = alice.wait_final("INVITE")
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))
        alice.ack(contact[1], answered, cseq)
        bob.wait(lambda m: m.method == "ACK")
        [dialog] = self.ask("dlg.list")["result"]
        self.assertEqual(4, dialog["state"])
        self.assertEqual(f"sip:alice@{DOMAIN}", dialog["from_uri"])
        self.assertEqual("authenticated", dialog["legs"][0]["identity"]["outcome"])
        self.assertNotEqual(dialog["legs"][0]["call_id"], dialog["legs"][1]["call_id"])
        self.assertIn('"state": 4,', self.kamcli("dialog", "list"))
        self.assertIn("\tstate:: 4\n", self.panel("dlg_list"))
        self.kamcmd("dlg.end_dlg", str(dialog["h_entry"]), str(dialog["h_id"]))
        bye = alice.wait(lambda m: m.method == "BYE")
        self.assertIn("ended by an operator", bye.get("Reason"))
        alice.respond(bye, 200, "OK")
        bye = bob.wait(lambda m: m.method == "BYE")
        bob.respond(bye, 200, "OK")
        wanted = re.compile(r'rpc\.write command=dlg\.end_dlg by="ctl pid=\d+ uid=%d"' % os.getuid())
        wait_for(lambda: wanted.search(self.log_text()), PATIENCE, "the log to tell who did it")


class Docs(Desk):
    @classmethod
    def before_start(cls):
        super().before_start()
        cls.sbc.settings["more_rpc"] = f"  http_address: 127.0.0.1:{cls.base + 3}\n"

    def test_examples(self):
        """What docs/management.md says can be copied and pasted."""
        with open(os.path.join(ROOT, "docs", "management.md"), encoding="utf-8") as page:
            section = page.read().split("## Ask\n")[1].split("\n## ")[0]
        blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.M)
        self.assertGreater(len(blocks), 5)
        for block in blocks:
            script = re.sub(r"^    ", "", block, flags=re.M)
            script = script.replace("build/run", os.path.abspath(self.run_dir))
            script = script.replace("build/state", os.path.join(self.folder, "state"))
            script = script.replace("127.0.0.1:8480", f"127.0.0.1:{self.base + 3}")
            done = subprocess.run(["bash", "-e", "-c", script], capture_output=True, text=True,
                                  timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False,
                                  cwd=ROOT)
            self.assertEqual(0, done.returncode, script + done.stdout + done.stderr)
            self.assertTrue(done.stdout, script)
            self.assertNotIn('"error"', done.stdout, script)


class Hostile(Desk):
    """Whoever may write to the FIFO may do much, but not this."""

    def assert_serves(self):
        self.assert_alive()
        self.assertIn("uptime", self.ask("core.uptime")["result"])
        ua = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(ua.close)
        self.assertEqual(200, ua.register().code)

    def assert_log_is_whole(self, most):
        lines = self.log_text().splitlines()
        for line in lines[1:]:
            self.assertRegex(line, LOG_LINE)
        self.assertLess(sum("rpc." in line for line in lines), most)

    def test_bytes(self):
        """HCF-1, HCF-2: too long, half, and nothing that makes sense."""
        for piece in (b"{" * 100000, b"\x00" * 50000, b":" * 50000, b"\n" * 50000,
                      b'{"jsonrpc":"2.0","method":"' + b"a" * 60000 + b'"}\n',
                      b":cmd:reply\n" + b"argument\n" * 5000, b'{"jsonrpc":"2.0","method"',
                      b"[" * 5000 + b"]" * 5000, os.urandom(60000)):
            self.write(piece)
        time.sleep(2.5)  # what was left half is dropped
        self.assert_serves()
        self.assert_log_is_whole(60)

    def test_log_forging(self):
        """HCF-7."""
        name = "x\\n2026-01-01T00:00:00.000Z error sbc forged why=\\u0000\\u001b[31m"
        self.write('{"jsonrpc":"2.0","method":"dlg.end_dlg","params":["' + name + '"]}\n')
        self.write(":dlg_end_dlg:\nx\r2026-01-01T00:00:00.000Z error sbc forged\n\n")
        self.assert_serves()
        for line in self.log_text().splitlines():
            self.assertNotRegex(line, r"^2026-01-01")
            self.assertNotIn("\x1b", line)

    def test_reply_tricks(self):
        """HCF-4, HCF-5."""
        target = os.path.join(self.folder, "target")
        os.mkfifo(target)
        reader = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        link, regular = f"/tmp/test_rpc_link_{os.getpid()}", f"/tmp/test_rpc_file_{os.getpid()}"
        os.symlink(os.path.abspath(target), link)
        self.addCleanup(os.unlink, link)
        with open(regular, "w", encoding="ascii"):
            self.addCleanup(os.unlink, regular)
        for name in (os.path.basename(link), os.path.basename(regular), "../etc/passwd", ".",
                     "a/b", "", "x" * 3000, "\\u0000", os.path.abspath(target)):
            self.write('{"jsonrpc":"2.0","method":"core.version","reply_name":"%s","id":1}\n'
                       % name)
            self.write(f":uptime:{name}\n\n")
        self.assert_serves()
        self.assertEqual(0, os.path.getsize(regular))
        with self.assertRaises(BlockingIOError):
            if os.read(reader, 1) == b"":  # no writer ever came
                raise BlockingIOError

    def test_thousands_without_a_reader(self):
        """HCF-3, HCF-6."""
        path = f"/tmp/test_rpc_unread_{os.getpid()}"
        os.mkfifo(path)
        self.addCleanup(os.unlink, path)
        request = json.dumps({"jsonrpc": "2.0", "method": "stats.get_statistics",
                              "reply_name": os.path.basename(path), "id": 1}) + "\n"
        for _ in range(3000):
            self.write(request)
        self.assert_serves()
        time.sleep(2.5)
        self.assert_serves()
        self.assert_log_is_whole(80)

    def test_a_flood_delays_no_call(self):
        stop = threading.Event()

        def pour():
            while not stop.is_set():
                self.write('{"jsonrpc":"2.0","method":"stats.get_statistics"}\n' * 20)
        thread = threading.Thread(target=pour)
        thread.start()
        try:
            alice, bob = self.phone("alice"), self.phone("bob")
            began = time.monotonic()
            connect(alice, bob)
            self.assertLess(time.monotonic() - began, 5 if IS_SLOW else 1)
        finally:
            stop.set()
            thread.join()
        self.assert_serves()

    def test_datagrams(self):
        """HCD-1, HCD-2."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            for piece in (b"", b"\x00", b"{", b"[" * 60000, os.urandom(1000), b"x" * 100000):
                client.sendto(piece, self.dgram)
        self.assert_serves()

    def test_streams(self):
        """HCS-1, HCS-2: and more who say nothing than there is room for."""
        for piece in (b"GET / HTTP/1.1\r\n\r\n", b"\xa1", b"\xa1\x0f\xff\xff\xff\xff" + b"x" * 9,
                      os.urandom(1000), b"\xa1\x03\x0f" * 30000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.connect(self.ctl)
                try:
                    client.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        silent = []
        for _ in range(60):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(self.ctl)
            silent.append(client)
        self.assertRegex(self.kamcmd("core.version"), "countersip")
        for client in silent:
            client.close()
        self.assert_serves()

    FORGED = "x\n2026-01-01T00:00:00.000Z error sbc forged why=\x00\x1b[31m"

    def assert_not_forged(self):
        for line in self.log_text().splitlines():
            self.assertNotRegex(line, r"^2026-01-01")
            self.assertNotIn("\x1b", line)

    def bound(self):
        """A datagram socket that can be answered."""
        path = os.path.join(self.folder, f"client_{time.monotonic_ns()}")
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.bind(path)
        self.addCleanup(os.unlink, path)
        client.settimeout(PATIENCE)
        return client

    def tell(self, client, method, *params, identity=1):
        client.sendto(json.dumps({"jsonrpc": "2.0", "method": method, "params": params,
                                  "id": identity}).encode(), self.dgram)

    def test_datagrams_by_the_thousand(self):
        """HCD-3, HCD-6: who reads none of its answers keeps nobody from theirs."""
        deaf, polite = self.bound(), self.bound()
        for i in range(3000):
            self.tell(deaf, "stats.get_statistics")
            if i % 500 == 0:
                self.tell(polite, "core.uptime", identity=i)
                self.assertEqual(i, json.loads(polite.recv(65536))["id"])
        self.assert_serves()
        time.sleep(2.5)
        self.assert_serves()
        self.assert_log_is_whole(80)

    def test_datagrams_forge_no_log(self):
        """HCD-7."""
        client = self.bound()
        for method in ("dlg.end_dlg", self.FORGED):
            self.tell(client, method, self.FORGED, 1)
            self.assertIn("error", json.loads(client.recv(65536)))
        self.assert_not_forged()

    def dialled(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(client.close)
        client.connect(self.ctl)
        client.settimeout(PATIENCE)
        return client

    @staticmethod
    def packet(*words):
        """A BINRPC request of strings, cookie 1."""
        body = b"".join(
            bytes([0xA1]) + len(word.encode() + b"\0").to_bytes(2, "big") + word.encode() + b"\0"
            for word in words)
        return b"\xa1\x04" + len(body).to_bytes(2, "big") + b"\x01" + body

    def test_streams_by_the_thousand(self):
        """HCS-3, HCS-6: one that asks and asks and never reads, beside one that does."""
        deaf, asked = self.dialled(), 0
        deaf.settimeout(0.2)
        try:
            while asked < 3000:
                deaf.sendall(self.packet("stats.get_statistics"))
                asked += 1
        except OSError:
            pass  # it is not read any more, or was cut off
        self.assertRegex(self.kamcmd("core.version"), "countersip")
        polite = self.dialled()
        for _ in range(2000):
            polite.sendall(self.packet("core.version"))
            self.assertEqual(b"\xa1", polite.recv(65536)[:1])
        self.assert_serves()
        self.assert_log_is_whole(80)

    def test_streams_forge_no_log(self):
        """HCS-7."""
        client = self.dialled()
        text = self.FORGED.replace("\0", "")
        for words in (("dlg.end_dlg", text, text), (text,)):
            client.sendall(self.packet(*words))
            self.assertEqual(3, client.recv(65536)[1] >> 4)  # a fault
        self.assert_not_forged()


class Files(Desk):
    """What stands at the path, and who made it."""

    def second(self, **changes):
        """Another countersip with this one's run_dir: its status and what it said."""
        with open(self.sbc.config, encoding="ascii") as file:
            text = file.read()
        base = free_block(100, first=28000)
        for old, new in ((self.sip_port, base), (self.tls_port, base + 1),
                         (self.https_port, base + 2)):
            text = text.replace(f"127.0.0.1:{old}\n", f"127.0.0.1:{new}\n")
        text = text.replace(f"{self.media_first}-{self.media_last}", f"{base + 20}-{base + 59}")
        for old, new in changes.items():
            text = text.replace(f"  run_dir: {self.run_dir}", f"  run_dir: {self.run_dir}\n"
                                f"  {old}: {new}")
        path = os.path.join(self.folder, "second.yaml")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return subprocess.run([BINARY, "-f", path], capture_output=True, text=True, check=False,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL)

    def test_a_second_instance_is_refused(self):
        done = self.second()
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(f"another instance uses {self.fifo}", done.stderr)
        self.assertIn("result", self.ask("core.version"))

    def test_files_of_others_are_left_alone(self):
        path = os.path.join(self.folder, "precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("data")
        done = self.second(fifo_name=os.path.abspath(path))
        self.assertEqual(1, done.returncode)
        self.assertIn("is a regular file", done.stderr)
        self.assertEqual(4, os.path.getsize(path))

    def test_not_in_tmp(self):
        done = self.second(fifo_name="/tmp/countersip_test_fifo")
        self.assertEqual(1, done.returncode)
        self.assertIn("/run/countersip", done.stderr)

    def test_faults_of_the_configuration(self):
        """MI-1, MI-2, MI-6."""
        for key, value, words in (
                ("fifo_mode", "660", "write 0660"),
                ("fifo_mode", "0999", "octal"),
                ("fifo_name", '"x.fifo "', '"x.fifo "'),
                ("fifo_name", "a b", "has a blank"),
                ("fifo_reply_dir", '""', "may not be empty"),
                ("fifo_nam", "x", 'did you mean "fifo_name"'),
                ("reply_dir", "/tmp\n  fifo_reply_dir: /var", "is the same key as")):
            done = self.second(**{key: value})
            self.assertEqual(1, done.returncode, key)
            self.assertIn(words, done.stderr)

    def test_survives_a_crash(self):
        """Killed: what it left is its own and nobody reads it, so the next one takes it."""
        self.sbc.program.process.send_signal(signal.SIGKILL)
        self.sbc.program.process.wait(10)
        self.assertTrue(os.path.exists(self.fifo))
        self.sbc.start()
        self.wait_until_open()
        self.assertIn("result", self.ask("core.version"))
        self.assertEqual(0o660, os.stat(self.fifo).st_mode & 0o7777)
        self.assertEqual(0, self.sbc.stop())
        self.assertEqual([], os.listdir(self.run_dir))
        self.sbc.start()
        self.wait_until_open()
