# SPDX-License-Identifier: GPL-3.0-or-later
"""A neighbour whose certificates hang, crawl, are huge, move elsewhere or are none: each call
is refused in time, and nobody else's SIP waits (ID4474-32, ID4474-47)."""

import base64
import json
import os
import shutil
import socket
import threading
import time
import unittest

from tests.peers.lab import BINARY, BUILD, IS_SLOW  # first: it finds tools/demo
from tests.peers.ua import FINGERPRINT, SDP, Ua, token

from pki import Pki  # noqa: E402
from procs import Programs, free_block  # noqa: E402

STALL_S = 0.5 if IS_SLOW else 0.05
CONFIG = """\
state_dir: {folder}/state
ca: {ca}
domains:
  - name: atlanta.test
    certificate: {certificate}
    key: {key}
    info_url: https://atlanta.test/cert
listeners:
  - transport: udp
    address: 127.0.0.1:{port}
  - transport: tcp
    address: 127.0.0.1:{port}
peers:
  - name: biloxi
    domain: biloxi.test
    address: 127.0.0.1:{peer_port}
    transport: udp
    sign: []
    allow_http: true
media:
  interfaces:
    - address: 127.0.0.1
  ports: {media_first}-{media_last}
fetch:
  allow: [127.0.0.1]
  timeout_ms: 2000
"""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"


def crawl(connection):
    """A byte now and then: never silent, never done."""
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.2)


def flood(connection):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def headers_without_end(connection):
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"X-More: " + b"y" * 4000 + b"\r\n")


WAYS = {
    "/hang": lambda connection: time.sleep(30),
    "/crawl": crawl,
    "/flood": flood,
    "/headers": headers_without_end,
    "/away": lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/\r\n"
                                 b"Content-Length: 0\r\n\r\n"),
    "/none": lambda c: c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "/page": lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                                 b"Content-Length: 15\r\n\r\n<html>no</html>"),
    "/close": lambda c: None,
    "/rubbish": lambda c: c.sendall(b"\x16\x03\x01 not HTTP at all\r\n\r\n"),
}


class Hostile:
    """An HTTP server that answers each path in its own bad way."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection):
        with connection:
            try:
                path = connection.recv(4096).decode(errors="replace").split(" ")[1]
                WAYS["/" + path.split("/")[1]](connection)
            except (OSError, IndexError, KeyError):
                pass

    def close(self):
        self.socket.close()


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def identity(url, user):
    """All that can be checked without the certificate is right."""
    head = {"alg": "ES256", "typ": "passport", "x5u": url}
    claims = {"dest": {"uri": ["sip:bob@atlanta.test"]}, "iat": int(time.time()),
              "mky": [{"alg": "sha-256", "dig": FINGERPRINT.replace(":", "")}],
              "orig": {"uri": f"sip:{user}@biloxi.test"}}
    texts = [b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)]
    return ".".join(texts + [b64(os.urandom(64))]) + f";info=<{url}>;alg=ES256"


class Fetch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(BUILD, "peers", cls.__name__)
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.programs = Programs(os.path.join(cls.folder, "logs"))
        cls.addClassCleanup(cls.programs.stop_all)
        pki = Pki(os.path.join(cls.folder, "keys"))
        certificate, key = pki.certify("atlanta", "atlanta.test")
        base = free_block(100, first=27600)
        cls.port = base
        cls.server = Hostile()
        cls.addClassCleanup(cls.server.close)
        config = os.path.join(cls.folder, "countersip.yaml")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(folder=cls.folder, ca=pki.ca, certificate=certificate,
                                    key=key, port=base, peer_port=base + 9,
                                    media_first=base + 20, media_last=base + 59))
        cls.sbc = cls.programs.start("countersip", [BINARY, "-f", config])
        cls.sbc.wait_for_port(base)

    def agent(self, user):
        agent = Ua(user, "biloxi.test", "", self.port)
        self.addCleanup(agent.close)
        return agent

    def invite(self, agent, path):
        body = SDP.format(port=agent.port, setup="actpass", fingerprint=FINGERPRINT)
        url = f"http://127.0.0.1:{self.server.port}{path}"
        agent.request("INVITE", "sip:bob@atlanta.test", token(), body=body,
                      headers=[f"Identity: {identity(url, agent.user)}"])

    def longest_answer(self, seconds):
        """How long the slowest of many OPTIONS took, one after the other."""
        pinger, worst = self.agent("pinger"), 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            pinger.request("OPTIONS", "sip:atlanta.test", token())
            self.assertEqual(200, pinger.wait_final("OPTIONS").code)
            worst = max(worst, time.monotonic() - began)
            time.sleep(0.005)
        return worst

    def test_ten_hang_and_nobody_waits(self):
        """NEG-13. A busy machine may be slow once; what we did ourselves would be each time."""
        worst = []
        for attempt in range(3):
            agents = [self.agent(f"carol{i}") for i in range(10)]
            for i, agent in enumerate(agents):
                self.invite(agent, f"/hang/{attempt}/{i}")
            worst.append(self.longest_answer(1.5))
            for agent in agents:
                self.assertEqual(436, agent.wait_final("INVITE", 10).code)
            if worst[-1] < STALL_S:
                return
        self.fail(f"SIP waited {', '.join(f'{w * 1000:.0f} ms' for w in worst)}")

    def test_every_bad_way_is_436_in_time(self):
        """RSP-436, ID4474-32, ID4474-47: of each kind one; redirects are not followed."""
        agents = {way: self.agent("dave") for way in WAYS}
        began = time.monotonic()
        for way, agent in agents.items():
            self.invite(agent, way + "/one")
        for way, agent in agents.items():
            with self.subTest(way):
                self.assertEqual(436, agent.wait_final("INVITE", 10).code)
        self.assertLess(time.monotonic() - began, 20 if IS_SLOW else 6)
        self.assertTrue(self.sbc.is_running())
