# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Kamailio 5.6 as the neighbour domain, both ways: auth_identity (RFC 4474) and secsipid
(RFC 8224, shaken) sign and we verify, we sign and they verify."""

import base64
import json
import os
import re
import shutil
import subprocess
import unittest

from tests.peers.lab import BINARY, BUILD, IS_SLOW  # first: it finds tools/demo
from tests.peers.kamailio import AUTH_IDENTITY, SECSIPID, Files, Kamailio
from tests.peers.ua import FINGERPRINT, SDP, Ua, token

from pki import Pki  # noqa: E402
from procs import Programs, free_block  # noqa: E402
from sbc import users_yaml  # noqa: E402

PATIENCE = 20 if IS_SLOW else 8
PASSWORDS = {"alice": "wonderland", "bob": "builder", "+12155551212": "one",
             "+12155551213": "two"}
# TNAuthList (RFC 8226): a range of a hundred numbers from 12155551200.
TN_AUTH = ("1.3.6.1.5.5.7.1.26=DER:30:14:A1:12:30:10:16:0B:"
           + ":".join(f"{byte:02X}" for byte in b"12155551200") + ":02:01:64\n")
PARTS = ("--sip\r\nContent-Type: application/isup\r\n"
         "Content-Disposition: signal;handling=optional\r\n\r\nisup\r\n"
         "--sip\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--sip--\r\n")
CONFIG = """\
state_dir: {folder}/state
call_records: {folder}/call_records.jsonl
ca: {ca}
domains:
  - name: atlanta.test
    certificate: {keys}/atlanta.pem
    key: {keys}/atlanta.key
    info_url: {info_url}
    rsa_certificate: {keys}/atlanta-rsa.pem
    rsa_key: {keys}/atlanta-rsa.key
    rsa_info_url: {rsa_info_url}
{more}listeners:
  - transport: udp
    address: 127.0.0.1:{sip_port}
  - transport: tls
    address: 127.0.0.1:{tls_port}
users:
{users}
peers:
  - name: biloxi
    domain: biloxi.test
    address: {address}:{peer_port}
    transport: udp
    allow_http: true
{peer}
routes:
  - domain: biloxi.test
    peer: biloxi
media:
  interfaces:
    - address: 127.0.0.1
  ports: {media_first}-{media_last}
fetch:
  allow: [127.0.0.0/8]
"""


class Neighbour(unittest.TestCase):
    """countersip as atlanta.test, one Kamailio as biloxi.test, and their users."""

    script = peer = address = None
    more = ""  # of the configuration
    first_port = 27000

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(BUILD, "peers", cls.__name__)
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.programs = Programs(os.path.join(cls.folder, "logs"))
        cls.addClassCleanup(cls.programs.stop_all)
        cls.keys = os.path.abspath(os.path.join(cls.folder, "keys"))
        cls.pki = Pki(cls.keys)
        for domain in ("atlanta", "biloxi"):
            cls.pki.certify(domain, f"{domain}.test")
            cls.pki.certify(f"{domain}-rsa", f"{domain}.test", rsa=True)
            # KAI-3: auth_identity takes DER; secsipid takes PEM.
            subprocess.run(["openssl", "x509", "-in", cls.pki.path(f"{domain}-rsa.pem"),
                            "-outform", "der", "-out", cls.pki.path(f"{domain}-rsa.der")],
                           check=True)
        cls.pki.certify("numbers", "numbers.test", more=TN_AUTH)
        cls.files = Files(cls.keys)
        cls.addClassCleanup(cls.files.close)
        cls.base = free_block(100, first=cls.first_port)
        cls.sip_port, cls.peer_port = cls.base, cls.base + 2
        cls.start_sbc()
        cls.carol = Ua("carol", "biloxi.test", "", cls.peer_port, host=cls.address)
        cls.addClassCleanup(cls.carol.close)
        cls.start_kamailio()

    @classmethod
    def start_sbc(cls):
        config = os.path.join(cls.folder, "countersip.yaml")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(
                folder=cls.folder, ca=cls.pki.ca, keys=cls.keys, sip_port=cls.sip_port,
                tls_port=cls.base + 1, users=users_yaml("atlanta.test", PASSWORDS),
                address=cls.address, peer_port=cls.peer_port, peer=cls.peer,
                more=cls.more.format(keys=cls.keys, url=cls.files.url("numbers.pem")),
                info_url=cls.files.url("atlanta.pem"),
                rsa_info_url=cls.files.url("atlanta-rsa.der"), media_first=cls.base + 20,
                media_last=cls.base + 59))
        os.chmod(config, 0o600)
        cls.sbc = cls.programs.start("countersip", [BINARY, "-f", config])
        cls.sbc.wait_for_port(cls.base + 1)

    @classmethod
    def start_kamailio(cls):
        kind = "-rsa" if cls.script is AUTH_IDENTITY else ""
        url = cls.files.url("biloxi-rsa.der" if kind else "biloxi.pem")
        cls.kamailio = Kamailio(
            cls.programs, cls.folder, "kamailio", cls.script, address=cls.address,
            port=cls.peer_port, sbc_port=cls.sip_port, user_port=cls.carol.port,
            key=cls.pki.path(f"biloxi{kind}.key"), ca=cls.pki.ca, url=url,
            certificate=cls.pki.path(f"biloxi{kind}.pem"))

    def our_user(self, name):
        user = Ua(name, "atlanta.test", PASSWORDS[name], self.sip_port)
        self.addCleanup(user.close)
        self.assertEqual(200, user.register().code)
        return user

    def call_us(self, callee, wrap="{}", headers=()):
        """Carol offers through her Kamailio. The INVITE as our user heard it. wrap: what is
        around her session description."""
        uri = f"sip:{callee.user}@atlanta.test"
        body = SDP.format(port=self.carol.port, setup="actpass", fingerprint=FINGERPRINT)
        self.carol.request("INVITE", uri, token(), body=wrap.format(body), headers=headers)
        invite = callee.wait(lambda m: m.method == "INVITE", PATIENCE)
        callee.respond(invite, 200, "OK", SDP.format(
            port=callee.port, setup="active", fingerprint=FINGERPRINT))
        answered = self.carol.wait_final("INVITE", PATIENCE)
        self.assertEqual(200, answered.code, answered.first)
        contact = re.search(r"<([^>]+)>", answered.get("Contact"))
        self.carol.ack(contact[1], answered, self.carol.cseq)
        callee.wait(lambda m: m.method == "ACK", PATIENCE)
        return invite

    def call_them(self, caller, user="carol"):
        """Our user calls carol. The INVITE as Kamailio let it through."""
        caller.invite(f"{user}@biloxi.test")
        return self.carol.wait(lambda m: m.method == "INVITE", PATIENCE)


class Rfc4474(Neighbour):
    script = AUTH_IDENTITY
    address = "127.0.0.2"
    peer = "    sign: [rfc4474]\n    accept: [rfc4474]\n"

    def test_it_signs_and_we_verify(self):
        """KAI-4, KAI-10; ID4474-3: carol has a name for display."""
        self.carol.name = '"Carol, of Biloxi"'
        invite = self.call_us(self.our_user("bob"))
        self.assertEqual([], invite.all("Identity") + invite.all("Identity-Info"))
        self.sbc.wait_log('outcome=verified mechanism="RFC 4474" '
                          'identity="sip:carol@biloxi.test"')

    def test_it_signs_several_parts(self):
        """MKY-7, DS-6: its signature is over the whole body, of which one part is for us."""
        invite = self.call_us(self.our_user("bob"), PARTS,
                              ["Content-Type: multipart/mixed;boundary=sip"])
        self.assertEqual("application/sdp", invite.get("Content-Type"))
        self.assertNotIn("isup", invite.body)
        self.sbc.wait_log('outcome=verified mechanism="RFC 4474" '
                          'identity="sip:carol@biloxi.test"')

    def test_we_sign_and_it_verifies(self):
        """KAM-19, KAI-2, KAI-3, KAI-5, KAI-8, KAI-9: date, certificate, signature, Call-ID."""
        invite = self.call_them(self.our_user("alice"))
        self.assertRegex(invite.get("Identity"), r'^"[A-Za-z0-9+/]{342}=="$')
        self.assertTrue(self.kamailio.said("VERIFIED sip:alice@atlanta.test"))


class Rfc8224(Neighbour):
    script = SECSIPID
    address = "127.0.0.3"
    first_port = 27200
    peer = "    sign: [rfc8224]\n    accept: [rfc8224]\n    require_mky: false\n"

    def test_it_signs_and_we_verify(self):
        """shaken, numbers with '+', no Date, PEM over http: EXT-1, ID8224-35, CERT-6."""
        self.carol.user = "+12155551299"
        invite = self.call_us(self.our_user("+12155551213"))
        self.assertEqual([], invite.all("Identity"))
        self.sbc.wait_log('outcome=verified mechanism="RFC 8224" '
                          'identity="12155551299"')

    def test_we_sign_and_it_verifies(self):
        """KAM-19: its library checks the chain, the times and the signature: ID8224-14, CERT-5."""
        invite = self.call_them(self.our_user("alice"))
        self.assertRegex(invite.get("Identity"), r"^eyJ[\w-]+\.[\w-]+\.[\w-]{86};info=<http:")
        self.assertTrue(self.kamailio.said("VERIFIED sip:alice@atlanta.test"))


class Shaken(Neighbour):
    """A trunk that wants RFC 8588."""

    script = SECSIPID
    address = "127.0.0.4"
    first_port = 27400
    peer = "    sign: [rfc8224]\n    shaken: true\n    accept: [rfc8224]\n    require_mky: false\n"
    more = ("keys:\n  - name: numbers\n    certificate: {keys}/numbers.pem\n"
            "    key: {keys}/numbers.key\n    info_url: {url}\n")

    def test_we_sign_shaken_and_it_verifies(self):
        """EXT-1, CERT-3, KAM-19: by the key whose certificate has the number."""
        invite = self.call_them(self.our_user("+12155551212"), "+12155551299")
        self.assertRegex(invite.get("Identity"),
                         r";info=<http:[^>]*/numbers\.pem>;alg=ES256;ppt=shaken$")
        head, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in
                         invite.get("Identity").split(".")[:2])
        self.assertEqual("shaken", head["ppt"])
        self.assertEqual(("A", {"tn": "12155551212"}, {"tn": ["12155551299"]}),
                         (payload["attest"], payload["orig"], payload["dest"]))
        self.assertTrue(self.kamailio.said("VERIFIED sip:+12155551212@atlanta.test"))
