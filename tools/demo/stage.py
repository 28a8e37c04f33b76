# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of the demo: two countersips, two phones, keys, tones and ports."""

import os
import shutil

import ladder
import tone
from pki import Pki
from phone import Phone
from procs import DemoError, Programs, free_block
from sbc import Sbc

ALICE_HERTZ, BOB_HERTZ = 440, 660  # what each plays, so that each can be told apart
TONE_LEVEL = 0.354  # RMS of a sine at half scale
TONE_SECONDS = 30
PASSWORDS = {"alice": "wonderland", "bob": "builder"}

# Offsets into one free block of ports.
PORTS = {
    "atlanta_sip": 0, "atlanta_tls": 1, "atlanta_https": 2,
    "biloxi_sip": 4, "biloxi_tls": 5, "biloxi_https": 6,
    "alice": 10, "bob": 14, "mitm_middle": 20, "mitm_alice": 21,
    "alice_rtp": 30, "bob_rtp": 50, "atlanta_media": 100, "biloxi_media": 150,
}
BLOCK = 200
MEDIA_PORTS = 50
NEEDED = {"baresip": "baresip-core", "openssl": "openssl", "setpriv": "util-linux"}


class Stage:
    def __init__(self, build):
        self.folder = os.path.abspath("build/demo")
        self.logs = os.path.join(self.folder, "logs")
        self._binary = os.path.join(build, "countersip")
        shutil.rmtree(self.logs, ignore_errors=True)
        self.programs = Programs(self.logs)
        self.atlanta = self.biloxi = self.alice = self.bob = None

    def port(self, name):
        return self._base + PORTS[name]

    def open(self):
        """Keys, programs, registrations."""
        for program, package in NEEDED.items():
            if not shutil.which(program):
                raise DemoError(f"{program} is missing (Debian package {package}): make deps")
        if not os.access(self._binary, os.X_OK):
            raise DemoError(f"{self._binary} is not built: make")
        self._base = free_block(BLOCK)
        self.pki = Pki(os.path.join(self.folder, "keys"))
        self._phone_certificate = self._make_phone_certificate()
        for name, hertz in (("alice", ALICE_HERTZ), ("bob", BOB_HERTZ)):
            tone.write(self._tone(name), hertz, TONE_SECONDS)
        self.atlanta = self._sbc("atlanta", "alice", "biloxi")
        self.biloxi = self._sbc("biloxi", "bob", "atlanta")
        self.atlanta.start()
        self.biloxi.start()
        self.bob = self._phone("bob", "biloxi", answer="auto")
        self.alice = self._phone("alice", "atlanta")
        self.bob.wait_registered()
        self.alice.wait_registered()

    def _tone(self, name):
        return os.path.join(self.folder, f"{name}.wav")

    def _make_phone_certificate(self):
        """baresip wants certificate and key of its TLS listener in one file."""
        path = self.pki.path("phone-both.pem")
        certificate, key = self.pki.certify("phone", "phone.test")
        with open(path, "w", encoding="ascii") as out:
            for part in (key, certificate):
                with open(part, encoding="ascii") as text:
                    out.write(text.read())
        os.chmod(path, 0o600)
        return path

    def _sbc(self, name, user, peer):
        certificate, key = self.pki.certify(name, f"{name}.test")
        return Sbc(self.programs, self._binary, os.path.join(self.folder, name),
                   domain=f"{name}.test", users={user: PASSWORDS[user]},
                   ca=self.pki.ca, certificate=certificate, key=key,
                   sip_port=self.port(f"{name}_sip"), tls_port=self.port(f"{name}_tls"),
                   https_port=self.port(f"{name}_https"), peer_domain=f"{peer}.test",
                   peer_port=self.port(f"{peer}_tls"),
                   media_first=self.port(f"{name}_media"),
                   media_last=self.port(f"{name}_media") + MEDIA_PORTS - 1)

    def _phone(self, name, home, proxy_port=None, answer="manual"):
        return Phone(self.programs, name, folder=os.path.join(self.folder, name),
                     port=self.port(name), rtp_port=self.port(f"{name}_rtp"),
                     certificate=self._phone_certificate, ca=self.pki.ca,
                     tone=self._tone(name), domain=f"{home}.test",
                     password=PASSWORDS[name], answer=answer,
                     proxy_port=proxy_port or self.port(f"{home}_tls"))

    def restart_atlanta(self, peer_port=None, proxy_port=None):
        """atlanta with another way to its peer, alice with another way to atlanta."""
        self.alice.stop()
        self._stop_sbc(self.atlanta)
        self.atlanta.start(peer_port=peer_port or self.port("biloxi_tls"))
        self.alice = self._phone("alice", "atlanta", proxy_port)
        self.alice.wait_registered()

    @staticmethod
    def _stop_sbc(sbc):
        status = sbc.stop()
        if status != 0:
            raise DemoError(f"countersip ({sbc.name}) did not stop well after SIGTERM: "
                            f"status {status}, see {sbc.program.log}")

    def reasons_of_byes(self, record):
        """The Reason headers of the BYEs that atlanta sent on this call's legs."""
        call_ids = {leg["call_id"] for leg in record["legs"]}
        sent = [row["message"] for row in self.atlanta.trace() if row["direction"] == "out"
                and row["message"].startswith("BYE ")]
        found = [ladder.header(m, "Reason") for m in sent
                 if ladder.header(m, "Call-ID") in call_ids]
        return sorted({reason for reason in found if reason})

    def close(self):
        """What did not stop as it should, as sentences."""
        failures = []
        for phone in (self.alice, self.bob):
            phone.stop()
        for sbc in (self.atlanta, self.biloxi):
            try:
                self._stop_sbc(sbc)
            except DemoError as error:
                failures.append(str(error))
        return failures
