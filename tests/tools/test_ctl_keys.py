# SPDX-License-Identifier: GPL-3.0-or-later
"""countersipctl identity keygen, sign and cert, and verify --fetch: what they make is read by
OpenSSL, what OpenSSL makes is judged by them, and what is signed verifies."""

import base64
import functools
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("COUNTERSIP_BUILD", "build/plain"))
FINGERPRINT = ":".join(["AB"] * 32)
BODY = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 {FINGERPRINT}\r\n"
MESSAGE = """\
INVITE sip:bob@biloxi.test SIP/2.0\r
Via: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKx\r
Date: Thu, 21 Feb 2002 13:02:03 GMT\r
From: <sip:{user}@atlanta.test>;tag=1\r
To: <sip:{to}@biloxi.test>\r
Call-ID: {call}\r
CSeq: 1 INVITE\r
Contact: <sip:alice@127.0.0.1>\r
Identity: old\r
Content-Length: {length}\r
\r
{body}"""
URL = "https://atlanta.test/cert"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


class Keys(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="countersip-keys-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return self.path(name)

    def message(self, user="alice", to="bob"):
        return self.write("message.sip", MESSAGE.format(user=user, to=to, call=os.urandom(8).hex(),
                                                        body=BODY, length=len(BODY)))

    def run_ctl(self, command, *arguments, status=0, stdin=None):
        done = subprocess.run([os.path.join(BUILD, "countersipctl"), "identity", command,
                               *arguments], capture_output=True, cwd=self.dir, timeout=60,
                              input=stdin, check=False)
        out, error = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(status, done.returncode, out + error)
        return out + error if status else out

    def openssl(self, *arguments, stdin=None, status=0):
        done = subprocess.run(["openssl", *arguments], capture_output=True, cwd=self.dir,
                              input=stdin, timeout=60, check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done.stdout.decode()

    def keygen(self, *arguments):
        return self.run_ctl("keygen", "--self-signed", *arguments)

    # keygen

    def test_request_that_openssl_certifies(self):
        text = self.run_ctl("keygen", "--tn", "+12155551212,12155551300-12155551399,spc:709J",
                            "atlanta.test")
        self.assertIn("identity cert --key atlanta.test.key", text)
        self.assertEqual(0o600, os.stat(self.path("atlanta.test.key")).st_mode & 0o7777)
        self.assertFalse(os.path.exists(self.path("atlanta.test.pem")))
        self.openssl("req", "-in", "atlanta.test.csr", "-noout", "-verify")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA", "-days",
                     "30", "-addext", "keyUsage=keyCertSign")
        self.openssl("x509", "-req", "-in", "atlanta.test.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-copy_extensions", "copy", "-days", "20", "-out", "leaf.pem")
        self.openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem",
                     "leaf.pem")
        text = self.run_ctl("cert", "--ca", "ca.pem", "--key", "atlanta.test.key", "--domain",
                            "atlanta.test", "--number", "+12155551399", "leaf.pem")
        self.assertRegex(text, r"(?m)^numbers +12155551212, 12155551300 and 99 more, SPC 709J$")
        self.assertIn("ok: nothing is wrong with the certificate", text)

    def test_self_signed_is_believed_by_openssl_too(self):
        self.keygen("--days", "2", "atlanta.test")
        self.openssl("verify", "-CAfile", "atlanta.test.pem", "atlanta.test.pem")
        text = self.openssl("x509", "-in", "atlanta.test.pem", "-noout", "-ext", "subjectAltName")
        self.assertIn("DNS:atlanta.test", text)

    def test_nothing_is_overwritten(self):
        self.keygen("atlanta.test")
        before = self.read("atlanta.test.key")
        self.assertIn("is not overwritten", self.run_ctl("keygen", "atlanta.test", status=1))
        self.assertIn("is not overwritten", self.run_ctl("keygen", "--key", "atlanta.test.key",
                                                         "atlanta.test", status=1))
        os.symlink("/nonexistent", self.path("link.key"))
        self.assertIn("is not overwritten", self.run_ctl("keygen", "--out", "link",
                                                         "atlanta.test", status=1))
        # A renewal has a request of its own for the same key.
        self.run_ctl("keygen", "--key", "atlanta.test.key", "--out", "new", "atlanta.test")
        self.assertFalse(os.path.exists(self.path("new.key")))
        public = [self.openssl("req", "-in", name, "-noout", "-pubkey")
                  for name in ("atlanta.test.csr", "new.csr")]
        self.assertEqual(public[0], public[1])
        self.assertEqual(before, self.read("atlanta.test.key"))

    def test_what_no_key_is_made_for(self):
        for arguments in (("a b",), ("*.test",), ("--tn", "12-", "x.test"),
                          ("--tn", "9-1", "x.test"), ("--tn", "abc", "x.test")):
            self.assertIn("no domain name, or no numbers",
                          self.run_ctl("keygen", "--out", "x", *arguments, status=1))
        self.openssl("genrsa", "-out", "rsa.key", "2048")
        self.assertIn("no P-256", self.run_ctl("keygen", "--key", "rsa.key", "x.test", status=1))
        for arguments in ((), ("a.test", "b.test"), ("--days", "0", "x.test"), ("--tn", "1215")):
            self.run_ctl("keygen", *arguments, status=64)
        self.assertEqual(["rsa.key"], os.listdir(self.dir))

    # sign and verify

    def sign(self, *arguments, user="alice", to="bob", status=0):
        return self.run_ctl("sign", "--url", URL, *arguments, self.message(user, to),
                            status=status)

    def verify(self, signed, *arguments, status=0):
        self.write("signed.sip", signed)
        return self.run_ctl("verify", *arguments, "signed.sip", status=status)

    def test_full_and_compact(self):
        """ID8224: the compact form has the same signature without header and payload."""
        self.keygen("atlanta.test")
        key = ("--key", "atlanta.test.key", "--certificate", "atlanta.test.pem")
        given = ("--ca", "atlanta.test.pem", "--certificate", "atlanta.test.pem")
        full, compact = self.sign(*key), self.sign("--form", "compact", *key)
        for signed in (full, compact):
            self.assertEqual(1, len(re.findall(r"(?m)^Identity: ", signed)))
            self.assertEqual(1, len(re.findall(r"(?m)^Date: ", signed)))
            self.assertNotIn("2002", signed)
            self.assertTrue(signed.endswith("\r\n\r\n" + BODY))
            text = self.verify(signed, *given)
            self.assertIn("verified: sip:alice@atlanta.test", text)
        self.assertRegex(compact, r"(?m)^Identity: \.\.[\w-]{86};info=<")
        # Another body has other fingerprints: the signature does not cover it.
        changed = full.replace("AB:AB", "AB:AC")
        self.assertIn("mky", self.verify(changed, *given, status=1))

    def test_openssl_verifies_what_was_signed(self):
        self.keygen("atlanta.test")
        signed = self.sign("--key", "atlanta.test.key", "--certificate", "atlanta.test.pem")
        token = re.search(r"(?m)^Identity: ([\w.-]+);", signed).group(1)
        head, payload, signature = token.split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        self.assertEqual(64, len(raw))
        numbers = [int.from_bytes(part, "big") for part in (raw[:32], raw[32:])]
        der = b"".join(b"\x02" + bytes([len(n)]) + n for n in
                       (n.to_bytes(n.bit_length() // 8 + 1, "big") for n in numbers))
        with open(self.path("signature"), "wb") as file:
            file.write(b"\x30" + bytes([len(der)]) + der)
        self.write("public.pem", self.openssl("x509", "-in", "atlanta.test.pem", "-noout",
                                              "-pubkey"))
        text = self.openssl("dgst", "-sha256", "-verify", "public.pem", "-signature", "signature",
                            stdin=f"{head}.{payload}".encode())
        self.assertIn("Verified OK", text)
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        self.assertEqual({"uri": ["sip:bob@biloxi.test"]}, claims["dest"])
        self.assertEqual([{"alg": "sha-256", "dig": "AB" * 32}], claims["mky"])

    def test_shaken(self):
        self.keygen("--tn", "12155551212", "--out", "tn")
        key = ("--form", "shaken", "--key", "tn.key", "--certificate", "tn.pem")
        signed = self.sign(*key, "--attest", "B", user="+12155551212", to="+12155551213")
        self.assertIn(";ppt=shaken", signed)
        text = self.verify(signed, "--ca", "tn.pem", "--certificate", "tn.pem", "--without-mky")
        self.assertIn("attestation B", text)
        self.assertIn("no certificate's TNAuthList covers it",
                      self.sign(*key, user="+12155550000", to="+12155551213", status=1))

    def test_rfc4474(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "rsa.key", "-out",
                     "rsa.pem", "-subj", "/CN=atlanta.test", "-days", "9", "-addext",
                     "subjectAltName=DNS:atlanta.test", "-addext",
                     "keyUsage=digitalSignature,keyCertSign")
        signed = self.sign("--form", "rfc4474", "--key", "rsa.key", "--certificate", "rsa.pem")
        self.assertRegex(signed, r'(?m)^Identity: "[\w+/=]+"\r$')
        self.assertIn(f"Identity-Info: <{URL}>;alg=rsa-sha1", signed)
        text = self.verify(signed, "--ca", "rsa.pem", "--certificate", "rsa.pem")
        self.assertIn("digest-string\nsip:alice@atlanta.test|sip:bob@biloxi.test|", text)
        # OpenSSL over the digest-string that verify shows.
        digest = re.search(r"(?s)digest-string\n(.*)\n✓ there", text).group(1).rstrip("\n") + "\n"
        with open(self.path("signature"), "wb") as file:
            file.write(base64.b64decode(re.search(r'(?m)^Identity: "(.*)"', signed).group(1)))
        self.write("public.pem", self.openssl("x509", "-in", "rsa.pem", "-noout", "-pubkey"))
        self.assertIn("Verified OK", self.openssl(
            "dgst", "-sha1", "-verify", "public.pem", "-signature", "signature",
            stdin=digest.replace("\n", "\r\n").encode()))

    def test_what_is_not_signed(self):
        self.keygen("atlanta.test")
        self.keygen("biloxi.test")
        key = ("--key", "atlanta.test.key", "--certificate", "atlanta.test.pem")
        for arguments, why in (
                (("--key", "biloxi.test.key", *key[2:]), "does not belong to its certificate"),
                (("--key", "biloxi.test.key", "--certificate", "biloxi.test.pem"),
                 "does not name the domain"),
                (("--form", "rfc4474", *key), "RSA"),
                (("--url", "ftp://x/", *key), "no http(s) URL"),
                (("--key", "none", *key[2:]), "cannot be read")):
            self.assertIn(why, self.sign(*arguments, status=1))
        for arguments in (("--form", "x", *key), ("--attest", "D", *key), key[:2]):
            self.sign(*arguments, status=64)

    # cert

    def make(self, name, *arguments, days="30", subject="/CN=atlanta.test",
             names="DNS:atlanta.test", ca=None):
        above = ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key") if ca else ()
        names = ("-addext", f"subjectAltName={names}") if names else ()
        self.openssl("req", "-x509", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", subject, "-days", days, *names, *above,
                     *(arguments or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")))
        return f"{name}.pem"

    def first(self, *arguments, status=1):
        """The finding on top: its row and its sentence."""
        text = self.run_ctl("cert", "--json", *arguments, status=status)
        first = json.loads(text)["doctor"]["first"]
        return first["id"], first["sentence"] + " | " + (first["evidence"] or "")

    def test_what_is_wrong_is_found(self):
        ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        ca = self.make("ca", names=None, subject="/CN=CA")
        other = self.make("other", names=None, subject="/CN=Other")
        good = self.make("good", *ec, "-addext", "basicConstraints=CA:FALSE", ca="ca")
        self.make("middle", *ec, "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                  "keyUsage=keyCertSign", names=None, subject="/CN=Middle", ca="ca")
        below = self.make("below", *ec, "-addext", "basicConstraints=CA:FALSE", ca="middle")
        with open(self.path("chain.pem"), "wb") as chain:
            for part in (below, "middle.pem"):
                chain.write(self.read(part))
        with open(self.path("leak.pem"), "wb") as leak:
            for part in (good, "good.key"):
                leak.write(self.read(part))
        self.run_ctl("cert", "--ca", ca, "--domain", "atlanta.test", good)
        self.run_ctl("cert", "--ca", ca, "chain.pem")
        os.chmod(self.path("good.key"), 0o644)
        rsa = ("-newkey", "rsa:2048", "-addext", "basicConstraints=CA:FALSE")
        cases = (
            (("--ca", other, good), "CERT-4", "does not chain to a trusted CA"),
            (("--ca", ca, below), "CERT-4", "issued by /CN=Middle, which does not come with it"),
            (("--ca", ca, "--domain", "biloxi.test", good), "CERT-6", "it names atlanta.test"),
            (("--ca", ca, "--number", "1215", good), "CERT-6", "has not the number 1215"),
            (("--ca", ca, "leak.pem"), "CERT-1", "private key"),
            (("--ca", ca, self.write("page", "<html>")), "CERT-1", "no certificate"),
            (("--ca", ca, self.write("empty", "")), "CERT-1", "no certificate"),
            (("--ca", ca, "--for", "sign", self.make("rsa", *rsa, ca="ca")), "CERT-7",
             "RSA of 2048 bits"),
            (("--ca", ca, "--for", "rfc4474", good), "CERT-7", "this one is P-256"),
            (("--ca", ca, self.make("weak", "-newkey", "rsa:1024", ca="ca")), "CERT-7",
             "RSA of 1024 bits"),
            (("--ca", ca, self.make("p384", "-newkey", "ec", "-pkeyopt",
                                    "ec_paramgen_curve:P-384", ca="ca")), "CERT-7", "384"),
            (("--ca", ca, self.make("usage", *ec, "-addext", "keyUsage=keyAgreement", ca="ca")),
             "CERT-8", "without digitalSignature"),
            (("--ca", ca, "--for", "tls",
              self.make("mail", *ec, "-addext", "extendedKeyUsage=emailProtection", ca="ca")),
             "CERT-8", "without serverAuth"),
            (("--ca", ca, "--key", "other.key", good), "CERT-10", "belongs to another"),
            (("--ca", ca, "--key", "good.key", good), "CERT-10", "mode 0644"),
        )
        for arguments, row, words in cases:
            found = self.first(*arguments)
            self.assertEqual(row, found[0], arguments)
            self.assertIn(words, found[1], arguments)
        self.assertEqual("CERT-4", self.first(good, status=2)[0])
        self.assertIn("is its own CA", self.first("--ca", other, ca)[1])

    def test_time(self):
        self.make("ca", names=None, subject="/CN=CA")
        self.make("soon", days="3", ca="ca")
        text = self.run_ctl("cert", "--ca", "ca.pem", "soon.pem")
        self.assertRegex(text, r"warn +CERT-3 +the certificate or a CA above runs out in \d days")
        self.openssl("req", "-new", "-key", "ca.key", "-subj", "/CN=x", "-out", "x.csr", "-addext",
                     "subjectAltName=DNS:atlanta.test")
        for name, begin, end, words in (
                ("old", "20200101000000Z", "20200201000000Z", "ran out 2"),
                ("young", "20480101000000Z", "20490101000000Z", "not valid before 2048-01-01")):
            os.makedirs(self.path(name))
            self.write(f"{name}/index", "")
            self.write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\npolicy=p\nemail_in_dn=no\n"
                                 f"database={name}/index\nrand_serial=yes\nnew_certs_dir={name}\n"
                                 "copy_extensions=copy\ndefault_md=sha256\n"
                                 "[p]\ncommonName=supplied\n")
            self.openssl("ca", "-batch", "-config", "ca.cnf", "-in", "x.csr", "-cert", "ca.pem",
                         "-keyfile", "ca.key", "-startdate", begin, "-enddate", end, "-out",
                         f"{name}.pem", "-notext")
            found = self.first("--ca", "ca.pem", f"{name}.pem")
            self.assertEqual("CERT-2", found[0])
            self.assertIn(words, found[1])

    def test_a_stranger_does_not_talk_to_the_terminal(self):
        self.make("odd", subject="/CN=a\x1b[2J\nok: fine")
        text = self.run_ctl("cert", "--ca", "odd.pem", "odd.pem")
        self.assertNotIn("\x1b", text)

    # fetching

    def serve(self, folder, certificate, key):
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://127.0.0.1:{server.server_port}"

    def test_fetch(self):
        """LESSONS I12: without --allow an address of ours is not fetched from."""
        self.keygen("atlanta.test")
        self.make("web", names="IP:127.0.0.1", subject="/CN=web")
        os.makedirs(self.path("www"))
        shutil.copy(self.path("atlanta.test.pem"), self.path("www/cert"))
        base = self.serve(self.path("www"), self.path("web.pem"), self.path("web.key"))
        key = ("--key", "atlanta.test.key", "--certificate", "atlanta.test.pem")
        signed = self.run_ctl("sign", "--url", base + "/cert", *key, self.message())
        given = ("--ca", "atlanta.test.pem", "--fetch", "--fetch-ca", "web.pem")
        text = self.verify(signed, *given, "--allow", "127.0.0.0/8")
        self.assertIn(f"fetching {base}/cert\n", text)
        self.assertIn("verified: sip:alice@atlanta.test", text)
        text = self.verify(signed, *given, status=1)
        self.assertIn("✗ its certificate can be had: certificate cannot be had: its address is "
                      "not one to fetch from", text)
        text = self.verify(signed, *given[:3], "--fetch-ca", "atlanta.test.pem", "--allow",
                           "127.0.0.1", status=1)
        self.assertIn("its TLS certificate is not trusted", text)
        self.verify(signed, *given, "--allow", "127.0.0.x", status=1)
        # cert takes a URL too.
        text = self.run_ctl("cert", "--ca", "atlanta.test.pem", "--allow", "127.0.0.1",
                            "--fetch-ca", "web.pem", base + "/cert")
        self.assertIn("/CN=atlanta.test", text)
        self.assertIn("answered 404", self.run_ctl("cert", "--allow", "127.0.0.1", "--fetch-ca",
                                                   "web.pem", base + "/none", status=1))
        self.assertIn("not https", self.run_ctl("cert", "http://127.0.0.1/", status=1))

    def test_fetch_as_configured(self):
        """CAs, addresses and names come from the configuration."""
        self.keygen("atlanta.test")
        self.make("web", names="DNS:pki.atlanta.test", subject="/CN=web")
        os.makedirs(self.path("www"))
        shutil.copy(self.path("atlanta.test.pem"), self.path("www/cert"))
        base = self.serve(self.path("www"), self.path("web.pem"), self.path("web.key"))
        url = base.replace("127.0.0.1", "pki.atlanta.test") + "/cert"
        config = self.write("countersip.yaml", f"""
state_dir: {self.dir}
ca: {self.dir}/atlanta.test.pem
domains: [{{name: x.test, info_url: "https://x.test/cert"}}]
listeners: [{{transport: udp, address: "127.0.0.1:5060"}}]
media: {{interfaces: [{{address: 127.0.0.1}}], ports: 20000-20999}}
hosts: {{pki.atlanta.test: 127.0.0.1}}
fetch: {{ca: {self.dir}/web.pem, allow: [127.0.0.1]}}
""")
        signed = self.run_ctl("sign", "--url", url, "--key", "atlanta.test.key", "--certificate",
                              "atlanta.test.pem", self.message())
        self.assertIn("verified", self.verify(signed, "--fetch", "--config", config))

    def test_help(self):
        for command in ("verify", "sign", "keygen", "cert"):
            self.assertTrue(self.run_ctl(command, "--help").startswith("usage: "))
            self.run_ctl(command, "--nonsense", status=64)


if __name__ == "__main__":
    unittest.main()
