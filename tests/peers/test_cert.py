# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain's certificate, as anybody can fetch it at /cert (openssl is the client)."""

import subprocess

from tests.peers.lab import DOMAIN, Lab


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

    def expected(self):
        with open(self.pki.path("atlanta.pem"), encoding="ascii") as file:
            return file.read().strip()

    def test_serves_the_certificate(self):
        for path in ("/cert", f"/cert/{DOMAIN}", f"/cert?domain={DOMAIN}"):
            answer = self.get(path)
            self.assertTrue(answer.startswith("HTTP/1.1 200"), f"{path}: {answer[:200]}")
            self.assertIn("application/pem-certificate-chain", answer)
            self.assertIn(self.expected(), answer.replace("\r\n", "\n"))
            self.assertNotIn("PRIVATE KEY", answer)
            self.assertRegex(answer.lower(), r"etag: |cache-control: ")

    def test_refuses_the_rest(self):
        for path in ("/", "/cert/biloxi.test", "/cert/../keys/atlanta.key", "/etc/passwd",
                     "/cert?domain=biloxi.test"):
            self.assertRegex(self.get(path), r"^HTTP/1\.1 40[0-9]", path)
        self.assertRegex(self.get("/cert", "POST"), r"^HTTP/1\.1 40[0-9]")
        self.assertRegex(self.get("/cert", "DELETE"), r"^HTTP/1\.1 40[0-9]")

    def test_versions(self):
        self.assertIn("HTTP/1.1 200", self.get("/cert", "GET", "-tls1_2"))
        self.assertIn("HTTP/1.1 200", self.get("/cert", "GET", "-tls1_3"))
        said = self.openssl("", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        self.assertNotIn("HTTP/1.1", said[0])


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
