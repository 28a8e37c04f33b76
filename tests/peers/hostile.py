# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that hand out certificates in every bad way, in the clear and over TLS, and a
countersip whose neighbour's signatures name them."""

import base64
import gzip
import json
import os
import shutil
import socket
import ssl
import threading
import time
import unittest

from tests.peers.lab import BINARY, BUILD  # first: it finds tools/demo
from tests.peers.ua import FINGERPRINT, SDP, Ua, token

from pki import Pki  # noqa: E402
from procs import Programs, free_block  # noqa: E402

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
  redirects: {redirects}
{more}"""
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


def answer(body, kind="application/pkix-cert"):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def moved(to, code=302):
    head = f"HTTP/1.1 {code} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
    return lambda connection: connection.sendall(head.encode())


# A megabyte of nothing in a kilobyte: it is not unpacked.
GZIP = gzip.compress(bytes(1 << 20))
WAYS = {
    "/hang": lambda connection: time.sleep(30),
    "/crawl": crawl,
    "/flood": flood,
    "/headers": headers_without_end,
    "/away": moved("http://127.0.0.2:9/"),
    "/loop": moved("/loop"),
    "/file": moved("file:///etc/passwd"),
    "/none": lambda c: c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "/page": answer(b"<html>no</html>", "text/html"),
    "/gzip": lambda c: c.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
        + str(len(GZIP)).encode() + b"\r\n\r\n" + GZIP),
    # DER that says it is 4 GB long, that never ends to nest, and of no length at all.
    "/der-length": answer(b"\x30\x84\xff\xff\xff\xff" + b"\x30" * 500),
    "/der-depth": answer(b"\x30\x82\x40\x00" + b"\x30\x80" * 8192),
    "/der-none": answer(b"\x30\x80\x00\x00"),
    "/empty": answer(b""),
    "/close": lambda c: None,
    "/rubbish": lambda c: c.sendall(b"\x16\x03\x01 not HTTP at all\r\n\r\n"),
}


class Hostile:
    """An HTTP server that answers each path in its own way: WAYS, and more of its own. With
    a certificate (its file, its key's) over TLS; the handshakes too are on their threads."""

    def __init__(self, more=None, pair=None):
        self.ways = {**WAYS, **(more or {})}
        self.asked = []  # paths, in the order of their arrival
        self.tls = None
        if pair:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*pair)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.url = f"http{'s' if pair else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                path = connection.recv(4096).decode(errors="replace").split(" ")[1]
                self.asked.append(path)
                self.ways["/" + path.split("/")[1]](connection)
            except (OSError, IndexError, KeyError):
                pass
            finally:
                connection.close()

    def close(self):
        self.socket.close()


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def texts(url, user, **header):
    """Header and payload of a PASSporT in which all is right. header: members of it that are
    other ones, or more."""
    head = {"alg": "ES256", "typ": "passport", "x5u": url, **header}
    claims = {"dest": {"uri": ["sip:bob@atlanta.test"]}, "iat": int(time.time()),
              "mky": [{"alg": "sha-256", "dig": FINGERPRINT.replace(":", "")}],
              "orig": {"uri": f"sip:{user}@biloxi.test"}}
    return [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]


def identity(url, user):
    """All that can be checked without the certificate is right."""
    parts = [b64(text) for text in texts(url, user)] + [b64(os.urandom(64))]
    return ".".join(parts) + f";info=<{url}>;alg=ES256"


class FetchLab(unittest.TestCase):
    """One countersip for each class."""

    REDIRECTS = "off"
    MORE = ""  # of its configuration

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(BUILD, "peers", cls.__name__)
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.programs = Programs(os.path.join(cls.folder, "logs"))
        cls.addClassCleanup(cls.programs.stop_all)
        cls.pki = Pki(os.path.join(cls.folder, "keys"))
        certificate, key = cls.pki.certify("atlanta", "atlanta.test")
        base = free_block(100, first=27600)
        cls.port = base
        config = os.path.join(cls.folder, "countersip.yaml")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(folder=cls.folder, ca=cls.pki.ca, certificate=certificate,
                                    key=key, port=base, peer_port=base + 9,
                                    media_first=base + 20, media_last=base + 59,
                                    redirects=cls.REDIRECTS,
                                    more=cls.MORE.format(folder=cls.folder)))
        cls.sbc = cls.programs.start("countersip", [BINARY, "-f", config])
        cls.sbc.wait_for_port(base)

    @classmethod
    def serve(cls, more=None, pair=None):
        server = Hostile(more, pair)
        cls.addClassCleanup(server.close)
        return server

    def agent(self, user):
        agent = Ua(user, "biloxi.test", "", self.port)
        self.addCleanup(agent.close)
        return agent

    @staticmethod
    def invite_with(agent, *values):
        """A call with these Identity values."""
        body = SDP.format(port=agent.port, setup="actpass", fingerprint=FINGERPRINT)
        agent.request("INVITE", "sip:bob@atlanta.test", token(), body=body,
                      headers=[f"Identity: {value}" for value in values])

    @classmethod
    def invite(cls, agent, url):
        """A call whose signature names url: right but for the signature itself."""
        cls.invite_with(agent, identity(url, agent.user))

    def code_for(self, url):
        """What a call gets whose certificate is there: 438 when it was had, and fits the
        caller; 436 when it was not."""
        agent = self.agent("dave")
        self.invite(agent, url)
        return agent.wait_final("INVITE", 10).code

    def why(self, url):
        """What the log has about the fetch from there. The answer may be here before it."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with open(self.sbc.log, encoding="utf-8", errors="replace") as log:
                lines = [line for line in log if "identity.fetch" in line and url in line]
            if lines:
                return lines[-1].partition('result="')[2].split('"')[0]
            time.sleep(0.02)
        return ""
