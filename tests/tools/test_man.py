# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages: man has nothing to say against them, and they know every option."""

import glob
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("COUNTERSIP_BUILD", "build/plain"))


class Man(unittest.TestCase):
    def test_no_warnings(self):
        pages = glob.glob(os.path.join(ROOT, "docs", "man", "*.[1-9]"))
        pages += glob.glob(os.path.join(BUILD, "man", "*.[1-9]"))
        self.assertEqual({"countersip.8", "countersipctl.8", "countersip.yaml.5"},
                         set(map(os.path.basename, pages)))
        for page in pages:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))
            self.assertEqual((0, ""), (done.returncode, done.stderr), page)

    def test_every_option_of_countersipctl(self):
        with open(os.path.join(ROOT, "docs", "man", "countersipctl.8"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        for source in ("main.c", "doctor_fifo.c", "ctl_explain.c"):
            path = os.path.join(ROOT, "tools", "ctl", source)
            with open(path, encoding="utf-8") as file:
                options = re.findall(r'\{"([a-z-]+)", \w+_argument', file.read())
            self.assertTrue(options)
            for option in options:
                if option != "help":
                    self.assertIn("--" + option, page, source)

    def test_every_option_of_countersip(self):
        with open(os.path.join(ROOT, "docs", "man", "countersip.8"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        with open(os.path.join(ROOT, "sbc", "main.c"), encoding="utf-8") as file:
            options = re.findall(r'\{"([a-z-]+)", \w+_argument', file.read())
        self.assertTrue(options)
        for option in options:
            self.assertIn("--" + option, page)

    def test_every_key_is_in_its_page(self):
        keys = subprocess.run([os.path.join(BUILD, "countersip"), "--config-keys"], text=True,
                              capture_output=True, check=True).stdout.splitlines()[::2]
        shown = subprocess.run(["man", "-E", "ascii", "-l",
                                os.path.join(BUILD, "man", "countersip.yaml.5")],
                               capture_output=True, text=True, check=True,
                               env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="200")).stdout
        self.assertGreater(len(keys), 100)
        for key in keys:
            name = key.split()[0]
            wanted = name.removesuffix("[]").upper() if "." not in name else name
            self.assertTrue(wanted in shown or name in shown, name)


if __name__ == "__main__":
    unittest.main()
