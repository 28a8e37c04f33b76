#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the certificates beside it: one honest leaf and everything that can be wrong with one.

All P-256 leaves have the same key (leaf.key), so that a test can sign with it and serve any of
them. Needs python3-cryptography, and openssl for what it refuses to make. The results are
committed; this is how they came to be.
"""
import datetime
import ipaddress
import os
import shutil
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

HERE = os.path.dirname(os.path.abspath(__file__))
FROM, TO = datetime.datetime(2026, 1, 1), datetime.datetime(2046, 1, 1)


def year(n):
    return datetime.datetime(n, 1, 1)


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def write(name, *certs):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(b"".join(pem(c) for c in certs))


def write_key(name, key):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.TraditionalOpenSSL,
                                  serialization.NoEncryption()))


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def usage(**bits):
    all_bits = dict(digital_signature=False, content_commitment=False, key_encipherment=False,
                    data_encipherment=False, key_agreement=False, key_cert_sign=False,
                    crl_sign=False, encipher_only=False, decipher_only=False)
    return x509.KeyUsage(**{**all_bits, **bits})


def make(subject, public, issuer, issuer_key, san=None, ca=None, ku="default",
         when=(FROM, TO), more=()):
    b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(issuer)
         .public_key(public).serial_number(x509.random_serial_number())
         .not_valid_before(when[0]).not_valid_after(when[1]))
    if ca is not None:
        b = b.add_extension(x509.BasicConstraints(True, None if ca < 0 else ca), True)
    if ku == "default":
        ku = usage(key_cert_sign=True, crl_sign=True) if ca is not None else usage(
            digital_signature=True)
    if ku:
        b = b.add_extension(ku, True)
    b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
        issuer_key.public_key()), False)
    if san:
        b = b.add_extension(x509.SubjectAlternativeName(san), False)
    for extension, critical in more:
        b = b.add_extension(extension, critical)
    return b.sign(issuer_key, hashes.SHA256())


def dns(*names):
    return [x509.DNSName(n) for n in names]


def new():
    return ec.generate_private_key(ec.SECP256R1())


def main():
    ca_key, other_key, leaf_key = new(), new(), new()
    leaf, ca_name = leaf_key.public_key(), name("test CA")
    ca = make("test CA", ca_key.public_key(), ca_name, ca_key, ca=-1)
    other = make("other CA", other_key.public_key(), name("other CA"), other_key, ca=-1)
    write("ca.pem", ca)
    write("other-ca.pem", other)
    write_key("leaf.key", leaf_key)
    write_key("other.key", new())

    def leaf_of_ca(file, subject="signer", **more):
        cert = make(subject, more.pop("public", leaf), ca_name, ca_key, **more)
        write(file, cert)
        return cert

    atlanta = dns("atlanta.test")
    good = leaf_of_ca("leaf.pem", san=atlanta)
    with open(os.path.join(HERE, "leaf.der"), "wb") as f:
        f.write(good.public_bytes(serialization.Encoding.DER))
    leaf_of_ca("biloxi.pem", san=dns("biloxi.test"))
    leaf_of_ca("expired.pem", san=atlanta, when=(year(2020), year(2021)))
    leaf_of_ca("future.pem", san=atlanta, when=(year(2044), year(2045)))
    leaf_of_ca("after-2050.pem", san=atlanta, when=(FROM, year(2060)))
    leaf_of_ca("cn-only.pem", "atlanta.test")
    leaf_of_ca("cn-and-ip.pem", "atlanta.test",
               san=[x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf_of_ca("cn-and-san.pem", "atlanta.test", san=dns("biloxi.test"))
    leaf_of_ca("wildcard.pem", san=dns("*.test", "*.atlanta.test"))
    leaf_of_ca("longer.pem", san=dns("atlanta.test.evil.test", "xatlanta.test", "test"))
    leaf_of_ca("uri.pem", san=[x509.UniformResourceIdentifier("sip:atlanta.test")])
    leaf_of_ca("uri-user.pem", "atlanta.test",
               san=[x509.UniformResourceIdentifier("sip:alice@atlanta.test")])
    leaf_of_ca("several.pem", san=dns("biloxi.test", "ATLANTA.test"))
    nul = b"atlanta.test\0.evil.test"
    nul = bytes([0x30, len(nul) + 2, 0x82, len(nul)]) + nul
    leaf_of_ca("nul.pem", more=[(x509.UnrecognizedExtension(
        ObjectIdentifier("2.5.29.17"), nul), False)])
    leaf_of_ca("critical.pem", san=atlanta, more=[(x509.UnrecognizedExtension(
        ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)])
    leaf_of_ca("no-signing.pem", san=atlanta, ku=usage(key_agreement=True))
    leaf_of_ca("no-usage.pem", san=atlanta, ku=None)
    leaf_of_ca("purposes.pem", san=atlanta, more=[(x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH]), False)])
    leaf_of_ca("p384.pem", san=atlanta,
               public=ec.generate_private_key(ec.SECP384R1()).public_key())
    leaf_of_ca("ed25519.pem", san=atlanta,
               public=ed25519.Ed25519PrivateKey.generate().public_key())
    rsa_key = rsa.generate_private_key(65537, 2048)
    write_key("rsa.key", rsa_key)
    leaf_of_ca("rsa.pem", san=atlanta, public=rsa_key.public_key())
    short_key = rsa.generate_private_key(65537, 1024)
    write_key("rsa1024.key", short_key)
    leaf_of_ca("rsa1024.pem", san=atlanta, public=short_key.public_key())

    write("untrusted.pem", make("signer", leaf, name("other CA"), other_key, san=atlanta))
    write("untrusted-with-root.pem",
          make("signer", leaf, name("other CA"), other_key, san=atlanta), other)
    write("self-signed.pem", make("signer", leaf, name("signer"), leaf_key, san=atlanta))
    write("imposter.pem", make("signer", leaf, ca_name, other_key, san=atlanta))
    write("signed-by-leaf.pem",
          make("below", leaf, name("signer"), leaf_key, san=atlanta), good)

    middle_key = new()

    def chain(file, *extra, middle=None, san=atlanta):
        middle = {"ca": 0, **(middle or {})}
        inter = make("middle CA", middle_key.public_key(), ca_name, ca_key, **middle)
        write(file, make("signer", leaf, name("middle CA"), middle_key, san=san),
              inter, *extra)

    chain("chain.pem")
    chain("chain-with-root.pem", ca)
    chain("chain-expired.pem", middle={"when": (year(2020), year(2026))})
    chain("chain-no-ca.pem", middle={"ca": None, "ku": usage(key_cert_sign=False,
                                                             digital_signature=True)})
    chain("chain-no-usage.pem", middle={"ku": None})
    chain("chain-constrained.pem", middle={"more": [(x509.NameConstraints(
        dns("biloxi.test"), None), True)]})
    write("chain-without-middle.pem",
          make("signer", leaf, name("middle CA"), middle_key, san=atlanta))
    low_key = new()
    write("chain-too-long.pem", make("signer", leaf, name("low CA"), low_key, san=atlanta),
          make("low CA", low_key.public_key(), name("middle CA"), middle_key, ca=0),
          make("middle CA", middle_key.public_key(), ca_name, ca_key, ca=0))
    write("chain-of-three.pem", make("signer", leaf, name("low CA"), low_key, san=atlanta),
          make("low CA", low_key.public_key(), name("middle CA"), middle_key, ca=0),
          make("middle CA", middle_key.public_key(), ca_name, ca_key, ca=1))
    write("nine.pem", *[good] * 9)

    # cryptography signs nothing with SHA-1 any more.
    work = tempfile.mkdtemp()
    key_file, request_file = work + "/ca.key", work + "/leaf.csr"
    with open(key_file, "wb") as f:
        f.write(ca_key.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    try:
        request = subprocess.run(["openssl", "req", "-new", "-key", HERE + "/leaf.key",
                                  "-subj", "/CN=signer"], check=True, capture_output=True)
        with open(request_file, "wb") as f:
            f.write(request.stdout)
        subprocess.run(["openssl", "x509", "-req", "-sha1", "-days", "7000", "-CA",
                        HERE + "/ca.pem", "-CAkey", key_file, "-extfile",
                        "/dev/stdin", "-in", request_file, "-out",
                        HERE + "/sha1.pem"], check=True, capture_output=True,
                       input=b"subjectAltName=DNS:atlanta.test\n")
    finally:
        shutil.rmtree(work)


main()
