# SPDX-License-Identifier: GPL-3.0-or-later
"""PASSporTs that somebody without the signer's key makes (the classics of JOSE), against the
whole daemon, with openssl and Python's hmac as the forger's tools."""

import hashlib
import hmac
import json
import os
import subprocess

from tests.peers.hostile import FetchLab, answer, b64, texts
from tests.peers.lab import IS_SLOW

PATIENCE = 20 if IS_SLOW else 10


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def es256_der(key, text):
    return openssl("dgst", "-sha256", "-sign", key, data=text)


def raw(der):
    """r and s of 32 bytes out of SEQUENCE { INTEGER r, INTEGER s }."""
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big")
        at += 2 + length
    return numbers


class Forgery(FetchLab):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate, cls.key = cls.pki.certify("biloxi", "biloxi.test")
        with open(cls.certificate, "rb") as file:
            cls.pem = file.read()
        cls.url = cls.serve({"/cert": answer(cls.pem)}).url + "/cert"

    def code_of(self, sign, said=None, payload=None, **header):
        """What a call gets. sign(text) makes the signature; said: the field's alg parameter;
        header: members of the PASSporT's header that are other ones, or more."""
        head, claims = texts(self.url, "dave", **header)
        text = b64(head) + "." + b64(payload(claims) if payload else claims)
        value = f"{text}.{b64(sign(text.encode()))};info=<{self.url}>"
        agent = self.agent("dave")
        self.invite_with(agent, value + (f";alg={said}" if said else ""))
        return agent.wait_final("INVITE", PATIENCE).code

    def honest(self, text):
        return raw(es256_der(self.key, text))

    def test_honest_one(self):
        """The measure for the others: bob is not there, but that is all."""
        self.assertEqual(404, self.code_of(self.honest))

    def test_no_algorithm(self):
        """I3: alg none, with nothing, with rubbish and with a good signature of ES256; said in
        the PASSporT alone, or in the field too (ID8224-3: then it is 437)."""
        for alg in ("none", "nOnE", "NONE", "", None):
            for sign in (lambda text: b"", lambda text: bytes(64), self.honest):
                with self.subTest(alg):
                    self.assertEqual(438, self.code_of(sign, alg=alg))
                    if alg:
                        self.assertIn(self.code_of(sign, said=alg, alg=alg), (437, 438))

    def test_public_key_as_secret(self):
        """I3: HS256, with everything as its secret that a naive library would take."""
        public = openssl("x509", "-in", self.certificate, "-noout", "-pubkey")
        secrets = {"public key": public, "without its last line end": public.rstrip(),
                   "as DER": openssl("pkey", "-pubin", "-outform", "der", data=public),
                   "certificate": self.pem,
                   "as its DER": openssl("x509", "-outform", "der", data=self.pem)}
        for name, secret in secrets.items():
            def sign(text, secret=secret):
                return hmac.new(secret, text, hashlib.sha256).digest()
            with self.subTest(name):
                for length in (1, 2):
                    for alg in ("HS256", "ES256"):
                        self.assertEqual(438, self.code_of(
                            lambda text, n=length: sign(text) * n, alg=alg))

    def test_der_signature(self):
        """I2, ID8224-48, NEG-5: the right signature in the other form."""
        self.assertEqual(438, self.code_of(lambda text: es256_der(self.key, text)))

    def test_key_of_its_own(self):
        """I3: a signature that is good by the key that the PASSporT brings along."""
        own, own_key = self.pki.certify("mallory", "mallory.test")
        public = openssl("pkey", "-in", own_key, "-pubout", "-outform", "der")
        jwk = {"kty": "EC", "crv": "P-256", "x": b64(public[-64:-32]), "y": b64(public[-32:])}
        with open(own, "rb") as file:
            chain = openssl("x509", "-outform", "der", data=file.read())

        def sign(text):
            return raw(es256_der(own_key, text))
        for name, header in (("jwk", {"jwk": jwk}), ("x5c", {"x5c": [b64(chain)]}),
                             ("jku", {"jku": self.url}), ("none of them", {})):
            with self.subTest(name):
                self.assertEqual(438, self.code_of(sign, **header))

    def test_member_twice(self):
        """I8, PP-8, NEG-14: signed by biloxi itself, but it says two things."""
        def twice(claims):
            other = json.dumps({"orig": {"uri": "sip:ceo@biloxi.test"}},
                               separators=(",", ":")).encode()
            return claims[:-1] + b"," + other[1:]
        self.assertEqual(438, self.code_of(self.honest, payload=twice))

    def test_zero(self):
        """I2: r and s of nought (CVE-2022-21449), and of chance."""
        for signature in (bytes(64), os.urandom(64)):
            self.assertEqual(438, self.code_of(lambda text: signature))
