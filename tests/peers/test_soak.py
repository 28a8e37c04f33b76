# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make soak`: calls come and go at the whole daemon, with real DTLS-SRTP and
media, and leave nothing behind."""

import os
import unittest

from tests.peers.lab import BUILD
from tests.peers.soak import Soak

SECONDS = 20  # and as long again until the last transaction is over


class Short(unittest.TestCase):
    def test_calls_leave_nothing_behind(self):
        soak = Soak(BUILD, os.path.join(BUILD, "peers", "Soak"))
        self.addCleanup(soak.close)
        try:
            result = soak.run(SECONDS)
        except Exception:
            print(soak.sbc.program.log_text()[-4000:])
            raise
        self.assertGreater(result["calls"], 20)
        self.assertGreater(result["packets"], 1000)
        self.assertEqual(0, result["descriptors"])
        self.assertEqual(0, soak.sbc.stop(), "it ends as it should, and leaks nothing")
        log = soak.sbc.program.log_text()
        for word in ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
                     "ERROR: LeakSanitizer"):
            self.assertNotIn(word, log)


if __name__ == "__main__":
    unittest.main()
