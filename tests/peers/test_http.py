# SPDX-License-Identifier: GPL-3.0-or-later
"""Management over HTTP: JSON-RPC, metrics, sessions; who may, and who only tries."""

import http.client
import json
import os
import re
import socket
import stat
import subprocess
import threading
import time

from tests.peers.lab import BINARY, BUILD, DOMAIN, IS_SLOW, PASSWORDS, ROOT, Lab, wait_for
from tests.peers.ua import Ua, connect

JSON = "application/json"
COOKIE = "countersip_session"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def json(self):
        return json.loads(self.body)


class HttpLab(Lab):
    MORE = ""  # of the section rpc

    @classmethod
    def before_start(cls):
        cls.rpc_port = cls.base + 3
        cls.sbc.settings["more_rpc"] = (f"  http_address: 127.0.0.1:{cls.rpc_port}\n"
                                        + cls.MORE.format(keys=cls.pki.folder, root=ROOT))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sbc.program.wait_for_port(cls.rpc_port)
        with open(os.path.join(cls.folder, "state", "rpc_token"), encoding="ascii") as file:
            cls.token = file.read().strip()

    def ask(self, method, path, body=None, headers=None):
        """Only the headers given, Host and Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rpc_port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def post(self, path, value, **headers):
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        headers.setdefault("Content-Type", JSON)
        body = value if isinstance(value, (str, bytes)) else json.dumps(value)
        return self.ask("POST", path, body, headers)

    def rpc(self, method, *params, **headers):
        headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.post("/rpc", {"jsonrpc": "2.0", "method": method, "params": params,
                                  "id": 7}, **headers)

    def log_in(self, token=None):
        return self.post("/login", {"token": token or self.token}, Origin=self.origin())

    def origin(self):
        return f"http://127.0.0.1:{self.rpc_port}"

    def cookie(self):
        return self.log_in().headers["set-cookie"].partition(";")[0]

    def call(self):
        """Alice and Bob talk: what their agents say of it."""
        agents = [Ua(name, DOMAIN, PASSWORDS[name], self.sip_port) for name in
                  ("alice", "bob")]
        for agent in agents:
            self.addCleanup(agent.close)
            self.assertEqual(200, agent.register().code)
        return agents, connect(*agents)


class Rpc(HttpLab):
    def test_answers(self):
        answer = self.rpc("core.version")
        self.assertEqual((200, JSON), (answer.status, answer.headers["content-type"]))
        self.assertEqual("no-store", answer.headers["cache-control"])
        self.assertIn("countersip", answer.json()["result"])
        self.assertEqual(7, answer.json()["id"])
        self.assertEqual({"code": 500, "message": "Method Not Found"},
                         self.rpc("core.nothing").json()["error"])
        for text in ("{", "[]", "null", "{}", '{"method":1}', "\xff" * 10):
            answer = self.post("/rpc", text.encode("latin-1"),
                               Authorization=f"Bearer {self.token}")
            self.assertEqual(200, answer.status)
            self.assertIn(answer.json()["error"]["code"], (-32700, -32600))

    def test_curl(self):
        """As docs/management.md writes it."""
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "-H", f"Authorization: Bearer {self.token}",
             "--json", '{"jsonrpc":"2.0","method":"core.uptime","id":1}',
             f"http://127.0.0.1:{self.rpc_port}/rpc"], check=True, capture_output=True,
            timeout=20)
        self.assertIn("uptime", json.loads(done.stdout)["result"])

    def test_same_rows_as_the_other_doors(self):
        done = subprocess.run(
            [os.path.join(BUILD, "countersipctl"), "--json", "--socket",
             os.path.join(self.folder, "run", "countersip_rpc.sock"), "system.listMethods"],
            check=True, capture_output=True, timeout=20)
        self.assertEqual(json.loads(done.stdout), self.rpc("system.listMethods").json()["result"])

    def test_a_call(self):
        agents, _ = self.call()
        listed = wait_for(lambda: self.rpc("dlg.list").json()["result"], 5, "the call")
        self.assertEqual(4, listed[0]["state"])
        ended = self.rpc("dlg.end_dlg", listed[0]["h_entry"], listed[0]["h_id"])
        self.assertEqual({}, ended.json()["result"])
        for agent in agents:
            agent.respond(agent.wait(lambda m: m.method == "BYE"), 200, "OK")
        wait_for(lambda: not self.rpc("dlg.list").json()["result"], 10, "its end")
        wait_for(lambda: "rpc.write command=dlg.end_dlg" in self.log_text(), 5, "the log")
        self.wait_log(r'dlg.end_dlg by="http 127\.0\.0\.1:\d+ token"')

    def test_explain(self):
        """A call's messages and decisions, while it goes on and when it is over."""
        agents, _ = self.call()
        call = self.rpc("dlg.list").json()["result"][0]
        name = call["legs"][0]["call"]
        told = self.rpc("call.explain", name).json()["result"]
        self.assertEqual(("live", 0), (told["state"], told["is_begin_lost"]))
        messages = [entry for entry in told["entries"] if entry["kind"] == "message"]
        first = [(m["leg"], m["direction"], m["text"].split()[0 if "SIP/2.0 " not in
                  m["text"][:8] else 1]) for m in messages]
        self.assertEqual(("a", "in", "INVITE"), first[0])
        for wanted in (("a", "out", "407"), ("b", "out", "INVITE"), ("b", "in", "200"),
                       ("a", "out", "200"), ("a", "in", "ACK")):
            self.assertIn(wanted, first)
        proof = next(m["text"] for m in messages if "Proxy-Authorization" in m["text"])
        self.assertRegex(proof, r'response="\*+"')
        self.assertIn("record", told)
        self.assertEqual(told["entries"],
                         self.rpc("call.explain", call["call-id"]).json()["result"]["entries"])
        self.rpc("dlg.end_dlg", call["h_entry"], call["h_id"])
        for agent in agents:
            agent.respond(agent.wait(lambda m: m.method == "BYE"), 200, "OK")
        wait_for(lambda: self.rpc("call.explain", name).json()["result"]["state"] == "over",
                 10, "its end")
        told = self.rpc("call.explain", name).json()["result"]
        self.assertEqual("record", told["entries"][-1]["kind"])
        self.assertEqual(404, self.rpc("call.explain", "c4711").json()["error"]["code"])

    def test_exporter_queries(self):
        """What kamailio_exporter asks for, and what it must find there."""
        wanted = {"tm.stats": "current", "sl.stats": "2xx", "core.shmmem": "total",
                  "core.uptime": "uptime", "dlg.stats_active": "all", "core.tcp_info": "readers"}
        for method, member in wanted.items():
            self.assertIn(member, self.rpc(method).json()["result"], method)
        self.assertIn("core.rcv_requests", self.rpc("stats.fetch", "all").json()["result"])

    def test_who_may_not(self):
        body = {"jsonrpc": "2.0", "method": "core.version", "id": 1}
        for authorization in ("Bearer x", f"Bearer {self.token}x", f"Bearer {self.token[:-1]}",
                              "Bearer ", f"Basic {self.token}", self.token, "Bearer " + "a" * 3000):
            answer = self.post("/rpc", body, Authorization=authorization)
            self.assertEqual(401, answer.status, authorization[:40])
            self.assertIn("Bearer", answer.headers["www-authenticate"])
        self.assertEqual(401, self.post("/rpc", body).status)

    def test_methods_and_types(self):
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
            answer = self.ask(method, "/rpc")
            self.assertEqual((405, "POST"), (answer.status, answer.headers["allow"]), method)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            self.assertEqual(415, self.rpc("core.version", Content_Type=kind).status)
        self.assertEqual(200, self.rpc("core.version",
                                       Content_Type="application/json; charset=utf-8").status)

    def test_paths(self):
        """HCH-5: nothing but the pages, however it is written."""
        for path in ("/", "/rpc/", "/cert", "/../../etc/passwd", "/index.html", "//etc/passwd",
                     "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
                     "/%00", "/metrics%00", "/./metrics/.", "/\\..\\..\\etc"):
            try:
                self.assertIn(self.ask("GET", path).status, (400, 404), path)
            except http.client.RemoteDisconnected:
                pass  # not HTTP at all
        self.assertEqual(200, self.rpc("core.version").status)

    def test_token_is_a_secret(self):
        path = os.path.join(self.folder, "state", "rpc_token")
        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        self.assertRegex(self.token, r"^[a-z0-9]{52}$")
        self.assertNotIn(self.token, self.log_text())

    def test_guesses_write_few_lines(self):
        before = self.log_lines()
        for _ in range(300):
            self.post("/rpc", "{}", Authorization="Bearer guess-guess-guess-guess")
        self.assertLess(self.log_lines() - before, 20)


class Browser(HttpLab):
    """Pages of others, shown by the operator's browser."""

    MORE = "  http_names: sbc.atlanta.test\n"

    def test_rebinding(self):
        for host, status in (("127.0.0.1", 200), (f"127.0.0.1:{self.rpc_port}", 200),
                             ("localhost", 200), ("[::1]:80", 200), ("sbc.atlanta.test", 200),
                             ("SBC.atlanta.test:1", 200), ("evil.test", 421),
                             ("evil.test:8480", 421), ("localhost.evil.test", 421),
                             ("127.0.0.1.evil.test", 421), ("", 421)):
            self.assertEqual(status, self.rpc("core.version", Host=host).status, host)
            if status == 421:
                for path in ("/metrics", "/healthz", "/"):
                    self.assertEqual(421, self.ask("GET", path, headers={"Host": host}).status)

    def test_origin(self):
        for origin, status in ((self.origin(), 200), ("http://evil.test", 403), ("null", 403),
                               (f"http://127.0.0.1:{self.rpc_port + 1}", 403), ("", 200),
                               (f"https://127.0.0.1:{self.rpc_port}", 200)):
            self.assertEqual(status, self.rpc("core.version", Origin=origin).status, origin)
        answer = self.ask("OPTIONS", "/rpc", headers={
            "Origin": "http://evil.test", "Access-Control-Request-Method": "POST"})
        self.assertEqual(403, answer.status)
        self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_session(self):
        answer = self.log_in()
        self.assertEqual(204, answer.status)
        for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            self.assertIn(word, answer.headers["set-cookie"])
        cookie = answer.headers["set-cookie"].partition(";")[0]
        mine = {"Cookie": f"a=b; {cookie}", "Origin": self.origin(), "Authorization": ""}
        self.assertEqual(200, self.rpc("core.version", **mine).status)
        # A POST of a browser always says whose page sent it.
        self.assertEqual(401, self.rpc("core.version", Cookie=cookie, Authorization="").status)
        self.assertEqual(403, self.rpc("core.version", Cookie=cookie, Authorization="",
                                       Origin="http://evil.test").status)
        self.assertEqual(415, self.rpc("core.version", Content_Type="text/plain",
                                       **mine).status)
        other = dict(mine, Cookie=f"{COOKIE}={'a' * 32}")
        self.assertEqual(401, self.rpc("core.version", **other).status)
        empty = dict(mine, Cookie=f"{COOKIE}=" + "\0" * 0)
        self.assertEqual(401, self.rpc("core.version", **empty).status)
        gone = self.post("/logout", {}, Cookie=cookie, Origin=self.origin())
        self.assertEqual(204, gone.status)
        self.assertIn("Max-Age=0", gone.headers["set-cookie"])
        self.assertEqual(401, self.rpc("core.version", **mine).status)

    def test_many_sessions(self):
        first = self.cookie()
        for _ in range(20):
            self.cookie()
        self.assertEqual(401, self.rpc("core.version", Cookie=first, Origin=self.origin(),
                                       Authorization="").status)


class Guess(HttpLab):
    def test_login_is_slow_for_who_guesses(self):
        codes = [self.log_in("wrong-wrong-wrong").status for _ in range(20)]
        self.assertEqual([401] * 5 + [429] * 15, codes)
        self.assertEqual(429, self.log_in().status)
        self.assertEqual(200, self.rpc("core.version").status)
        time.sleep(3.2)
        self.assertEqual(204, self.log_in().status)
        for text in ("", "{", "[]", '{"token": 1}', '{"token": "a", "token": "b"}'):
            self.assertIn(self.post("/login", text).status, (400, 401, 429))


class Metrics(HttpLab):
    def text(self):
        answer = self.ask("GET", "/metrics")
        self.assertEqual(200, answer.status)
        self.assertEqual("text/plain; version=0.0.4; charset=utf-8",
                         answer.headers["content-type"])
        return answer.body.decode()

    def test_promtool(self):
        agents, _ = self.call()
        text = self.text()
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, timeout=30, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))
        self.assertRegex(text, r'countersip_calls\{state="confirmed"\} [12]\n')
        self.assertIn('countersip_peer_up{peer="biloxi"} 1\n', text)
        self.assertIn('countersip_sip_requests_received_total{method="INVITE"}', text)
        for private in ("alice", "bob", agents[0].tag, "@", "127.0.0.1"):
            self.assertNotIn(private, text)
        names = set(re.findall(r"^(\w+)", re.sub(r"^#.*\n", "", text, flags=re.M), re.M))
        self.assertTrue(all(name.startswith("countersip_") for name in names))
        self.assertEqual(names, set(re.findall(r"^# HELP (\w+) \S", text, re.M)) & names)

    def test_dashboard(self):
        """Every metric that the dashboard draws is there."""
        self.call()
        with open(os.path.join(ROOT, "config", "grafana", "countersip.json"),
                  encoding="utf-8") as file:
            dashboard = json.load(file)
        asked = [target["expr"] for panel in dashboard["panels"]
                 for target in panel.get("targets", ())]
        names = set(re.findall(r"\bcountersip_\w+", " ".join(asked)))
        text = self.text()
        self.assertGreater(len(names), 12)
        for name in names:
            self.assertRegex(text, rf"(?m)^# TYPE {name} ", name)
        for expression in asked:
            for name, labels in re.findall(r"\b(countersip_\w+)\{([^}]*)\}", expression):
                for label in re.findall(r"(\w+)=", labels):
                    if label != "instance":
                        self.assertRegex(text, rf"(?m)^{name}\{{[^}}]*\b{label}=")

    def test_healthz(self):
        answer = self.ask("GET", "/healthz")
        self.assertEqual((200, b"ok\n"), (answer.status, answer.body))
        self.assertEqual(405, self.ask("POST", "/healthz", "").status)

    def test_log_level(self):
        def level(*word):
            return self.rpc("log.level", *word).json()

        self.addCleanup(level, "info")
        self.assertEqual("info", level()["result"])
        self.assertIn("warn", level("loud")["error"]["message"])
        self.addCleanup(self.rpc, "sbc.drain", "off")
        before = self.log_text().count("drain state=off")
        for word, state in (("warn", "on"), ("warn", "off"), ("debug", "on"), ("debug", "off")):
            self.assertEqual(word, level(word)["result"])
            self.rpc("sbc.drain", state)
        wait_for(lambda: self.log_text().count("drain state=off") > before, 5, "the log")
        self.assertEqual(before + 1, self.log_text().count("drain state=off"))

    def test_draining(self):
        """KAM-2: a balancer is told while new calls are refused."""
        def draining():
            return re.search(r"(?m)^countersip_draining (\d)$",
                             self.ask("GET", "/metrics").body.decode())[1]

        self.addCleanup(self.rpc, "sbc.drain", "off")
        for word, status, body, value in (("on", 503, b"draining\n", "1"),
                                          ("off", 200, b"ok\n", "0")):
            result = self.rpc("sbc.drain", word).json()["result"]
            self.assertEqual(word, result["state"])
            answer = self.ask("GET", "/healthz")
            self.assertEqual((status, body), (answer.status, answer.body))
            self.assertEqual(value, draining())
        self.wait_log(r"drain state=on calls=\d")


class Tls(HttpLab):
    """With TLS a client certificate is as good as a token."""

    MORE = ("  http_certificate: {keys}/rpc.pem\n  http_key: {keys}/rpc.key\n"
            "  http_ca: {keys}/ca.pem\n")

    @classmethod
    def before_start(cls):
        cls.pki.certify("rpc", "localhost")
        cls.client = cls.pki.certify("operator", "operator.test")
        super().before_start()
        stranger = os.path.join(cls.folder, "stranger")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=operator.test", "-days", "2",
             "-keyout", stranger + ".key", "-out", stranger + ".pem"],
            check=True, capture_output=True)
        cls.stranger = (stranger + ".pem", stranger + ".key")

    def curl(self, *options):
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "--cacert", self.pki.ca, "-w", "\n%{http_code}",
             *options, f"https://localhost:{self.rpc_port}/rpc"], capture_output=True,
            text=True, timeout=20, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def test_certificate(self):
        question = ("--json", '{"jsonrpc":"2.0","method":"core.version","id":1}')
        pair = ("--cert", self.client[0], "--key", self.client[1])
        self.assertEqual(401, self.curl(*question)[0])
        status, body = self.curl(*question, *pair)
        self.assertEqual(200, status)
        self.assertIn("countersip", json.loads(body)["result"])
        stranger = ("--cert", self.stranger[0], "--key", self.stranger[1])
        self.assertIn(self.curl(*question, *stranger)[0], (0, 401))
        bearer = ("-H", f"Authorization: Bearer {self.token}")
        self.assertEqual(200, self.curl(*question, *bearer)[0])
        self.assert_alive()


class Start(HttpLab):
    """What must not be opened is told, with its line."""

    def faults(self, more):
        path = os.path.join(self.folder, "other.yaml")
        with open(self.sbc.config, encoding="ascii") as file:
            text = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace(f"  http_address: 127.0.0.1:{self.rpc_port}\n", more))
        done = subprocess.run([BINARY, "-c", path], capture_output=True, text=True,
                              timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_configuration(self):
        self.assertEqual(0, self.faults("  http_address: 127.0.0.1\n")[0])
        self.assertEqual(0, self.faults("  http_address: '[::1]:80'\n")[0])
        for more, words in (
                ("  http_address: 0.0.0.0:8480\n", "give http_certificate and http_key"),
                ("  http_address: 192.0.2.1\n", "others than this machine get to 192.0.2.1:8480"),
                ("  http_address: '[2001:db8::1]'\n", "others than this machine"),
                ("  http_certificate: a.pem\n", "go together"),
                ("  http_ca: a.pem\n", "without TLS"),
                (f"  http_address: 127.0.0.1:{self.https_port}\n", "taken by the section http")):
            status, said = self.faults(more)
            self.assertNotEqual(0, status, more)
            self.assertIn(words, said)

    def test_open_token(self):
        token = os.path.join(self.folder, "state", "rpc_token")
        self.assertEqual(0, self.sbc.stop())
        try:
            os.chmod(token, 0o640)
            done = subprocess.run([BINARY, "-f", self.sbc.config], capture_output=True,
                                  text=True, timeout=20, check=False)
            self.assertNotEqual(0, done.returncode)
            self.assertIn("chmod 600", done.stdout + done.stderr)
        finally:
            os.chmod(token, 0o600)
            self.sbc.start()
            self.sbc.program.wait_for_port(self.rpc_port)


class Hostile(HttpLab):
    def raw(self):
        return socket.create_connection(("127.0.0.1", self.rpc_port), timeout=20)

    def lasts(self, connection, drip, most=40):
        """Seconds until it is closed, while a byte goes out now and then."""
        began = time.monotonic()
        connection.settimeout(0.5)
        while time.monotonic() < began + most:
            try:
                connection.sendall(drip)
                if not connection.recv(4096):
                    break
            except socket.timeout:
                continue
            except OSError:
                break
        return time.monotonic() - began

    def head(self, length):
        return (f"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Length: {length}\r\n\r\n").encode()

    def options_ms(self):
        """How long SIP takes, the worst of some."""
        worst = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.connect(("127.0.0.1", self.sip_port))
            agent.settimeout(5)
            for i in range(20):
                began = time.monotonic()
                agent.send((f"OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;"
                            f"branch=z9hG4bK{time.monotonic_ns()}{i};rport\r\n"
                            f"Max-Forwards: 70\r\nFrom: <sip:a@{DOMAIN}>;tag=1\r\n"
                            f"To: <sip:{DOMAIN}>\r\nCall-ID: o{i}\r\nCSeq: 1 OPTIONS\r\n"
                            "Content-Length: 0\r\n\r\n").encode())
                agent.recv(4096)
                worst = max(worst, time.monotonic() - began)
        return worst * 1000

    def test_slow(self):
        """HCH-2."""
        for start, drip in ((b"GET /metrics HTTP/1.1\r\nX: ", b"x"), (b"", b"\r"),
                            (self.head(60000), b" "), (self.head(100), b"")):
            with self.raw() as slow:
                slow.sendall(start)
                self.assertLess(self.lasts(slow, drip), 20, start[:30])
        self.assertEqual(200, self.rpc("core.version").status)

    def test_half_a_body(self):
        """HCH-2."""
        for _ in range(200):
            with self.raw() as half:
                half.sendall(self.head(1000) + b'{"jsonrpc"')
        self.assertEqual(200, self.rpc("core.version").status)

    def test_too_large(self):
        """HCH-1."""
        with self.raw() as large:
            large.sendall(self.head(65537))
            self.assertIn(b" 413 ", large.recv(4096))
        with self.raw() as large:
            large.sendall(self.head(2**63))
            self.assertIn(b" 400 ", large.recv(4096))
        with self.raw() as chunked:
            chunked.sendall(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            self.assertIn(b" 501 ", chunked.recv(4096))
        with self.raw() as none:
            none.sendall(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 411 ", none.recv(4096))
        for junk in (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", os.urandom(20000),
                     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\0" * 5000,
                     b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 30000 + b"\r\n"):
            with self.raw() as one:
                try:
                    one.sendall(junk)
                    one.settimeout(1)
                    one.recv(4096)
                except OSError:
                    pass
        self.assert_alive()
        self.assertEqual(200, self.rpc("core.version").status)

    def test_deep(self):
        for body in (b"[" * 60000, b'{"a":' * 5000, b'{"method":"' + b"a" * 60000 + b'"}',
                     b'{"method":"core.version","params":[' + b"1," * 30000 + b"1]}"):
            answer = self.post("/rpc", body, Authorization=f"Bearer {self.token}")
            self.assertIn("error", answer.json())

    def test_log_injection(self):
        """HCH-7."""
        self.post("/rpc", {"method": "core.x\nINFO forged", "id": 1},
                  Authorization=f"Bearer {self.token}")
        self.ask("GET", "/%0aINFO%20forged")
        self.assertNotIn("\nINFO forged", self.log_text())

    def test_thousands(self):
        """HCH-6: each gets its own answer, and SIP goes on."""
        count, failed = (100 if IS_SLOW else 500), []

        def many(number):
            connection = http.client.HTTPConnection("127.0.0.1", self.rpc_port, timeout=30)
            for i in range(count):
                identity = number * 100000 + i
                connection.request("POST", "/rpc", json.dumps(
                    {"jsonrpc": "2.0", "method": "core.uptime", "id": identity}),
                    {"Content-Type": JSON, "Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                if answer.status != 200 or json.loads(answer.read())["id"] != identity:
                    failed.append(identity)
            connection.close()

        crowd = [threading.Thread(target=many, args=(number,)) for number in range(8)]
        for one in crowd:
            one.start()
        self.assertLess(self.options_ms(), 500 if IS_SLOW else 100)
        for one in crowd:
            one.join()
        self.assertEqual([], failed)

    def test_who_does_not_read(self):
        """HCH-3."""
        crowd = [self.raw() for _ in range(40)]
        for one in crowd:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            one.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
        time.sleep(1)
        self.assertLess(self.options_ms(), 500 if IS_SLOW else 50)
        self.assertEqual(200, self.rpc("core.version").status)
        for one in crowd:
            one.close()
        self.assert_clean_log()

    def test_gone_before_the_answer(self):
        question = json.dumps({"jsonrpc": "2.0", "method": "dlg.list", "id": 1}).encode()
        for _ in range(300):
            with self.raw() as one:
                one.sendall(self.head(len(question)) + question)
        self.assertEqual(200, self.rpc("core.version").status)
        self.assert_clean_log()
