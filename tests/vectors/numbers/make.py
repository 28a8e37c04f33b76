#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the certificates beside it: what RFC 8226 puts into them, and revocation lists.

All leaves have the key ../certs/leaf.key. Needs python3-cryptography. The results are
committed; this is how they came to be."""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

HERE = os.path.dirname(os.path.abspath(__file__))
FROM, TO = datetime.datetime(2026, 1, 1), datetime.datetime(2046, 1, 1)
REVOKED = 0x7e70ced
TN_AUTH, CONSTRAINTS, ENHANCED = (f"1.3.6.1.5.5.7.1.{n}" for n in (26, 27, 33))


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else bytes([0x82]) + len(body).to_bytes(2, "big")
    return bytes([tag]) + length + body


def ia5(text):
    return der(0x16, text.encode())


def spc(code):
    return der(0xa0, ia5(code))


def numbers(first, count):
    size = count.to_bytes((count.bit_length() + 8) // 8, "big")
    return der(0xa1, der(0x30, ia5(first), der(0x02, size)))


def one(number):
    return der(0xa2, ia5(number))


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(thing):
    return thing.public_bytes(serialization.Encoding.PEM)


def usage(is_ca):
    return x509.KeyUsage(not is_ca, False, False, False, False, is_ca, is_ca, False, False)


def main():
    with open(os.path.join(HERE, "../certs/leaf.key"), "rb") as file:
        leaf = serialization.load_pem_private_key(file.read(), None).public_key()
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = name("numbers CA")

    def make(subject, public, *extensions, san=None, when=(FROM, TO), is_ca=False,
             serial=None, issuer=None):
        above, key = issuer or (None, ca_key)
        b = (x509.CertificateBuilder().subject_name(subject).issuer_name(above.subject if above else ca_name)
             .public_key(public).serial_number(serial or x509.random_serial_number())
             .not_valid_before(when[0]).not_valid_after(when[1])
             .add_extension(x509.BasicConstraints(is_ca, None), True)
             .add_extension(usage(is_ca), True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                 key.public_key()), False))
        if san:
            b = b.add_extension(x509.SubjectAlternativeName([x509.DNSName(san)]), False)
        for oid, value, is_critical in extensions:
            b = b.add_extension(x509.UnrecognizedExtension(ObjectIdentifier(oid), value),
                                is_critical)
        return b.sign(key, hashes.SHA256())

    def write(file, *extensions, **more):
        """One leaf: (OID, value, is critical) for each extension."""
        cert = make(name("signer"), leaf, *extensions, **more)
        with open(os.path.join(HERE, file), "wb") as out:
            out.write(pem(cert))
        return cert

    def write_chain(file, *extensions):
        """A leaf under a CA of its own that has these extensions, both in one file."""
        middle = ec.generate_private_key(ec.SECP256R1())
        above = make(name("middle CA"), middle.public_key(), *extensions, is_ca=True)
        below = make(name("signer"), leaf, tn(one("12155551212")), issuer=(above, middle))
        with open(os.path.join(HERE, file), "wb") as out:
            out.write(pem(below) + pem(above))

    def tn(*entries, is_critical=False):
        return TN_AUTH, der(0x30, *entries), is_critical

    with open(os.path.join(HERE, "ca.pem"), "wb") as out:
        out.write(pem(make(ca_name, ca_key.public_key(), is_ca=True)))
    write("one.pem", tn(one("12155551212")))
    write("range.pem", tn(numbers("12155551200", 100)))
    write("spc.pem", tn(spc("709J")))
    write("several.pem", tn(spc("123X"), numbers("442079460000", 1000), one("12155551212")))
    write("both.pem", tn(one("12155551212")), san="atlanta.test")
    write("later.pem", tn(one("12155551212")), when=(datetime.datetime(2026, 12, 1), TO))
    write("next.pem", san="atlanta.test", when=(datetime.datetime(2026, 12, 1), TO))
    write("empty.pem", tn())
    write("implicit.pem", (TN_AUTH, der(0x30, der(0x82, b"12155551212")), False))
    write("letters.pem", tn(one("1215FLOWERS")))
    write("short-range.pem", tn(numbers("12155551212", 1)))
    write("trailing.pem", (TN_AUTH, der(0x30, one("12155551212")) + b"\x05\x00", False))
    write("constrained.pem", tn(one("12155551212")), (CONSTRAINTS, der(0x30, der(
        0xa0, der(0x30, ia5("attest")))), False))
    write("constrained-critical.pem", tn(one("12155551212")), (CONSTRAINTS, der(0x30, der(
        0xa0, der(0x30, ia5("attest")))), True))
    write("enhanced.pem", (ENHANCED, der(0x30, der(0xa0, der(0x30, ia5("attest")))), False),
          san="atlanta.test")
    # What must be understood (RFC 5280 section 4.2), and is or is not.
    write("critical.pem", tn(one("12155551212"), is_critical=True))
    write("critical-both.pem", tn(one("12155551212"), is_critical=True), san="atlanta.test")
    write("critical-broken.pem", (TN_AUTH, der(0x30), True))
    write("critical-twice.pem", tn(one("12155551212"), is_critical=True),
          ("1.3.6.1.4.1.99999.1", der(0x05), True))
    write("critical-other.pem", tn(one("12155551212")), ("1.3.6.1.4.1.99999.1", der(0x05), True))
    # Above and below the arc of TNAuthList, and its number in another one.
    for file, oid in (("critical-near.pem", f"{TN_AUTH}.1"),
                      ("critical-above.pem", TN_AUTH.rpartition(".")[0]),
                      ("critical-else.pem", "1.3.6.1.5.5.7.2.26")):
        write(file, tn(one("12155551212")), (oid, der(0x30, one("12155551212")), True))
    write("critical-constrained.pem", tn(one("12155551212"), is_critical=True), (
        CONSTRAINTS, der(0x30, der(0xa0, der(0x30, ia5("attest")))), True))
    write("critical-revoked.pem", tn(one("12155551212"), is_critical=True), san="atlanta.test",
          serial=REVOKED)
    write_chain("chain.pem")
    write_chain("bounded.pem", tn(numbers("12155551200", 100)))
    write_chain("bounded-elsewhere.pem", tn(numbers("12155551300", 100)))
    write_chain("bounded-broken.pem", (TN_AUTH, der(0x30), False))
    write_chain("bounded-provider.pem", tn(spc("709J")))
    write_chain("critical-ca.pem", tn(one("12155551212"), is_critical=True))
    # RFC 5924, and what certificates of web servers have instead.
    for file, usages in (("usage-sip.pem", ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.20")),
                         ("usage-any.pem", ("2.5.29.37.0",)),
                         ("usage-web.pem", ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"))):
        value = x509.ExtendedKeyUsage([ObjectIdentifier(usage) for usage in usages])
        write(file, ("2.5.29.37", value.public_bytes(), False), san="atlanta.test")
    revoked = write("revoked.pem", san="atlanta.test", serial=REVOKED)
    good = write("not-revoked.pem", san="atlanta.test")
    assert good.serial_number != revoked.serial_number

    def crl(file, key, issuer, when):
        entry = (x509.RevokedCertificateBuilder().serial_number(revoked.serial_number)
                 .revocation_date(FROM).build())
        made = (x509.CertificateRevocationListBuilder().issuer_name(issuer)
                .last_update(when[0]).next_update(when[1]).add_revoked_certificate(entry)
                .add_extension(x509.CRLNumber(1), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    key.public_key()), False).sign(key, hashes.SHA256()))
        with open(os.path.join(HERE, file), "wb") as out:
            out.write(pem(made))

    crl("crl.pem", ca_key, ca_name, (FROM, TO))
    crl("crl-expired.pem", ca_key, ca_name, (FROM, datetime.datetime(2026, 2, 1)))
    crl("crl-imposter.pem", ec.generate_private_key(ec.SECP256R1()), ca_name, (FROM, TO))


main()
