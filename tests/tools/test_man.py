# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages: man has nothing to say against them, and they know every option."""

import glob
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Man(unittest.TestCase):
    def test_no_warnings(self):
        pages = glob.glob(os.path.join(ROOT, "docs", "man", "*.[1-9]"))
        self.assertTrue(pages)
        for page in pages:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))
            self.assertEqual((0, ""), (done.returncode, done.stderr), page)

    def test_every_option_of_countersipctl(self):
        with open(os.path.join(ROOT, "docs", "man", "countersipctl.8"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        for source in ("main.c", "doctor.c"):
            path = os.path.join(ROOT, "tools", "ctl", source)
            with open(path, encoding="utf-8") as file:
                options = re.findall(r'\{"([a-z-]+)", \w+_argument', file.read())
            self.assertTrue(options)
            for option in options:
                if option != "help":
                    self.assertIn("--" + option, page, source)


if __name__ == "__main__":
    unittest.main()
