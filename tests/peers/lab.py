# SPDX-License-Identifier: GPL-3.0-or-later
"""One whole countersip on loopback for the tests of this folder: atlanta.test with the users
alice and bob. A program that is missing fails the test: nothing is skipped."""

import os
import shutil
import ssl
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "demo"))

from pki import Pki  # noqa: E402
from procs import Programs, free_block, wait_for  # noqa: E402,F401
from sbc import Sbc  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("COUNTERSIP_BUILD", "build/plain"))
BINARY = os.path.join(BUILD, "countersip")
IS_SLOW = bool(os.environ.get("COUNTERSIP_SAN"))  # sanitizers: several times slower
PASSWORDS = {"alice": "wonderland", "bob": "builder"}
DOMAIN = "atlanta.test"


class Lab(unittest.TestCase):
    """A fresh countersip for each test class."""

    SETTINGS = {}  # more of Sbc's, of a class

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(BUILD, "peers", cls.__name__)
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.programs = Programs(os.path.join(cls.folder, "logs"))
        cls.addClassCleanup(cls.programs.stop_all)
        cls.pki = Pki(os.path.join(cls.folder, "keys"))
        cls.base = free_block(100, first=26000)
        domain = cls.SETTINGS.get("domain", DOMAIN)
        certificate, key = cls.pki.certify("atlanta", domain)
        cls.sip_port, cls.tls_port, cls.https_port = cls.base, cls.base + 1, cls.base + 2
        cls.media_first, cls.media_last = cls.base + 20, cls.base + 59
        settings = dict(domain=domain, users=PASSWORDS, ca=cls.pki.ca,
                        certificate=certificate, key=key, sip_port=cls.sip_port,
                        tls_port=cls.tls_port, https_port=cls.https_port,
                        peer_domain="biloxi.test", peer_port=cls.base + 9,
                        media_first=cls.media_first, media_last=cls.media_last)
        cls.sbc = Sbc(cls.programs, BINARY, cls.folder, **dict(settings, **cls.SETTINGS))
        cls.before_start()
        cls.sbc.start()

    @classmethod
    def before_start(cls):
        """What a class wants to add: cls.sbc is there, and not started."""

    def wait_log(self, pattern, seconds=10):
        self.sbc.program.wait_log(pattern, seconds)

    def log_text(self):
        return self.sbc.program.log_text()

    def log_lines(self):
        return self.log_text().count("\n")

    def assert_alive(self):
        self.assertTrue(self.sbc.program.is_running(), self.log_text()[-4000:])

    def tls_context(self):
        context = ssl.create_default_context(cafile=self.pki.ca)
        return context

    def assert_clean_log(self):
        """What a sanitizer would say goes to the same log."""
        for word in ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
                     "ERROR: LeakSanitizer"):
            self.assertNotIn(word, self.log_text())
