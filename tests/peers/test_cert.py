# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain's certificate, as anybody can fetch it at /cert (curl and openssl are the
clients)."""

import hashlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import time

from tests.peers.lab import BUILD, DOMAIN, PASSWORDS, Lab, wait_for
from tests.peers.ua import Ua, token


PEM, DER = "application/pem-certificate-chain", "application/pkix-cert"


class Answer:
    def __init__(self, text):
        head, _, self.body = text.rpartition(b"\r\n\r\n") if text else (b"", b"", b"")
        head = head or text
        first, *lines = head.decode("ascii", "replace").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value.strip() for name, _, value in
                        (line.partition(":") for line in lines)}


def curl(lab, path, *options):
    """What curl got: the status, the headers, the body as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = (os.path.join(folder, name) for name in ("head", "body"))
        subprocess.run(
            ["curl", "-sS", "--path-as-is", "--max-time", "10", "--noproxy", "*",
             "--cacert", lab.pki.ca, "--resolve", f"{DOMAIN}:{lab.https_port}:127.0.0.1",
             "-D", head, "-o", body, *options, f"https://{DOMAIN}:{lab.https_port}{path}"],
            check=True, timeout=20, capture_output=True)
        with open(head, "rb") as file:
            answer = Answer(file.read().rstrip() + b"\r\n\r\n")
        if os.path.exists(body):
            with open(body, "rb") as file:
                answer.body = file.read()
        return answer


def der_of(path):
    return subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True,
                          capture_output=True).stdout


def id_of(path):
    return hashlib.sha256(der_of(path)).hexdigest()[:16]


def pem_of(path):
    with open(path, "rb") as file:
        return file.read()


class Cert(Lab):
    def openssl(self, request, *options):
        """What `openssl s_client` got for these bytes."""
        done = subprocess.run(
            ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{self.https_port}",
             "-servername", DOMAIN, "-CAfile", self.pki.ca, "-verify_return_error",
             "-verify_hostname", DOMAIN, *options],
            input=request.encode(), capture_output=True, timeout=20, check=False)
        return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def get(self, path, method="GET", *options):
        return self.openssl(f"{method} {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n"
                            "Connection: close\r\n\r\n", *options)[0]

    def test_serves_the_certificate(self):
        mine = self.pki.path("atlanta.pem")
        for path in ("/cert", f"/cert/{DOMAIN}", f"/cert?domain={DOMAIN}",
                     f"/cert/id/{id_of(mine)}"):
            answer = curl(self, path)
            self.assertEqual((200, PEM), (answer.status, answer.headers["content-type"]), path)
            self.assertEqual(pem_of(mine), answer.body)
            answer = curl(self, path, "-H", f"Accept: {DER}")
            self.assertEqual((200, DER), (answer.status, answer.headers["content-type"]), path)
            self.assertEqual(der_of(mine), answer.body)
            self.assertEqual("accept", answer.headers["vary"])
            self.assertEqual("public, max-age=3600", answer.headers["cache-control"])

    def test_validators(self):
        pem, der = curl(self, "/cert"), curl(self, "/cert", "-H", f"Accept: {DER}")
        self.assertNotEqual(pem.headers["etag"], der.headers["etag"])
        again = curl(self, "/cert", "-H", f"If-None-Match: {pem.headers['etag']}")
        self.assertEqual((304, b""), (again.status, again.body))
        self.assertEqual(pem.headers["etag"], again.headers["etag"])
        other = curl(self, "/cert", "-H", f"If-None-Match: {der.headers['etag']}")
        self.assertEqual((200, pem.body), (other.status, other.body))
        head = curl(self, "/cert", "-I")
        self.assertEqual((200, str(len(pem.body))),
                         (head.status, head.headers["content-length"]))

    def test_refuses_the_rest(self):
        for path in ("/", "/cert/biloxi.test", "/cert/../keys/atlanta.key", "/etc/passwd",
                     "/cert?domain=biloxi.test", "/cert/id/0123456789abcdef", "/certificate",
                     "/metrics", "/rpc", "/healthz"):
            self.assertEqual(404, curl(self, path).status, path)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = curl(self, "/cert", "-X", method)
            self.assertEqual((405, "GET, HEAD"), (answer.status, answer.headers["allow"]))

    def test_connection_is_kept(self):
        done = subprocess.run(
            ["curl", "-sS", "--cacert", self.pki.ca, "--noproxy", "*", "-w", "%{num_connects} ",
             *["-o", "/dev/null", f"https://127.0.0.1:{self.https_port}/cert"] * 3],
            check=True, capture_output=True, text=True, timeout=20)
        self.assertEqual("1 0 0 ", done.stdout)

    def test_versions(self):
        self.assertIn("HTTP/1.1 200", self.get("/cert", "GET", "-tls1_2"))
        self.assertIn("HTTP/1.1 200", self.get("/cert", "GET", "-tls1_3"))
        said = self.openssl("", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        self.assertNotIn("HTTP/1.1", said[0])


class Strangers(Lab):
    """Who is slow, huge, or many loses its connection; nobody else notices."""

    def context(self):
        return self.tls_context()

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.https_port), timeout=20)
        return self.context().wrap_socket(raw, server_hostname=DOMAIN)

    def is_served(self):
        return curl(self, "/cert").status == 200

    def lasts(self, connection, drip, most):
        """Seconds until the server closes it, while a byte comes now and then."""
        began = time.monotonic()
        connection.settimeout(0.5)
        while time.monotonic() < began + most:
            try:
                if drip:
                    connection.sendall(drip)
                if not connection.recv(4096):
                    break
            except (socket.timeout, ssl.SSLWantReadError):
                continue
            except OSError:
                break
        return time.monotonic() - began

    def test_slow_head(self):
        for drip in (b"", b"X"):
            with self.connect() as slow:
                slow.sendall(b"GET /cert HTTP/1.1\r\nX: ")
                self.assertLess(self.lasts(slow, drip, 30), 15, drip)
        self.assertTrue(self.is_served())

    def test_nothing_at_all(self):
        with socket.create_connection(("127.0.0.1", self.https_port)) as silent:
            self.assertLess(self.lasts(silent, b"", 30), 15)

    def test_huge_head(self):
        for line in (b"X: " + b"a" * 100000, b"\r\n".join(b"X-%d: a" % i for i in range(20000)),
                     b"Cookie: " + b"a" * 7000):
            with self.connect() as huge:
                try:
                    huge.sendall(b"GET /cert HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
                    huge.recv(4096)
                except OSError:
                    pass
        self.assert_alive()
        self.assertTrue(self.is_served())

    def test_no_body_is_read(self):
        with self.connect() as sender:
            sender.sendall(b"POST /cert HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            self.assertIn(b" 405 ", sender.recv(4096))

    def test_pipelined(self):
        """It need not be served, but it must not make the loop turn."""
        with self.connect() as eager:
            eager.sendall(b"GET /cert HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
            before = self.cpu()
            time.sleep(1)
            self.assertLess(self.cpu() - before, 0.5)
        self.assertTrue(self.is_served())

    def cpu(self):
        with open(f"/proc/{self.sbc.program.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_too_many(self):
        crowd = [socket.create_connection(("127.0.0.1", self.https_port)) for _ in range(300)]
        time.sleep(0.5)
        for one in crowd:
            one.close()
        wait_for(self.is_served, 15, "the crowd to be gone")
        self.assertLess(self.log_lines(), 200)


class Replaced(Lab):
    """The domain gets a new certificate and key: what was signed just before can be checked
    just after, and for an hour."""

    def signed_call(self):
        """The INVITE as it was signed, in a file, and the URL that it names."""
        alice = Ua("alice", DOMAIN, PASSWORDS["alice"], self.sip_port)
        self.addCleanup(alice.close)
        before = len(self.invites())
        alice.invite("bob@biloxi.test")
        invite = wait_for(lambda: self.invites()[before:], 10, "the signed INVITE")[-1]
        url = re.search(r"^Identity: [^\r\n]*;info=<([^>]+)>", invite, re.M)[1]
        path = os.path.join(self.folder, f"{token()}.sip")
        with open(path, "w", encoding="ascii", newline="") as file:
            file.write(invite)
        return path, url.partition(f":{self.https_port}")[2]

    def invites(self):
        return [line["message"] for line in self.sbc.trace() if line["direction"] == "out"
                and line["message"].startswith("INVITE ")]

    def verify(self, message, certificate):
        path = os.path.join(self.folder, "fetched.pem")
        with open(path, "wb") as file:
            file.write(certificate)
        done = subprocess.run(
            [os.path.join(BUILD, "countersipctl"), "identity", "verify", "--then", "--ca",
             self.pki.ca, "--certificate", path, message], capture_output=True, text=True,
            timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_over_a_restart(self):
        message, path = self.signed_call()
        old = self.pki.path("atlanta.pem")
        self.assertEqual(f"/cert/id/{id_of(old)}", path)
        certificate, key = self.pki.certify("atlanta2", DOMAIN)
        self.assertEqual(0, self.sbc.stop())
        self.sbc.start(certificate=certificate, key=key)
        self.assertEqual(pem_of(certificate), curl(self, "/cert").body)
        fetched = curl(self, path)
        self.assertEqual(pem_of(old), fetched.body)
        status, said = self.verify(message, fetched.body)
        self.assertEqual(0, status, said)
        self.assertNotEqual(0, self.verify(message, curl(self, "/cert").body)[0])
        # What is signed now names the new one.
        self.assertNotEqual(path, self.signed_call()[1])
        # An hour later (the file's time is when it was replaced).
        kept = os.path.join(self.folder, "state", "certificates", f"{id_of(old)}.pem.old")
        os.utime(kept, (time.time() - 3601,) * 2)
        self.assertEqual(0, self.sbc.stop())
        self.sbc.start()
        self.assertEqual(404, curl(self, path).status)
        self.assertFalse(os.path.exists(kept))


class SipOverTls(Lab):
    def test_options(self):
        for version in ("-tls1_2", "-tls1_3"):
            request = ("OPTIONS sip:atlanta.test SIP/2.0\r\n"
                       "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKtls;rport\r\n"
                       "Max-Forwards: 70\r\nFrom: <sip:a@atlanta.test>;tag=1\r\n"
                       f"To: <sip:atlanta.test>\r\nCall-ID: {version}\r\n"
                       "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
            client = subprocess.Popen(
                ["openssl", "s_client", "-quiet", version, "-CAfile", self.pki.ca,
                 "-verify_return_error", "-verify_hostname", DOMAIN,
                 "-connect", f"127.0.0.1:{self.tls_port}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                client.stdin.write(request.encode())
                client.stdin.flush()
                self.assertEqual(b"SIP/2.0 200 Keepalive\r\n", client.stdout.readline())
            finally:
                client.kill()
                client.communicate()
