# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/call_rows.txt: each row names tests, and each of them is there."""

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROWS = os.path.join(ROOT, "tests", "call_rows.txt")


def rows():
    """(id, words, tests) of each line."""
    with open(ROWS, encoding="utf-8") as file:
        for line in file:
            if not line.strip() or line.startswith("#"):
                continue
            about, _, tests = line.partition("|")
            name, _, words = about.strip().partition(" ")
            yield name, words.strip(), tests.split()


def source_of(program):
    """As tools/run_tests.py names it."""
    room, _, name = program.partition("/")
    if room == "peers":
        return os.path.join(ROOT, "tests", "peers", f"test_{name}.py")
    if room == "scenario":
        return os.path.join(ROOT, "tests", "scenario", f"test_{name}.c")
    return os.path.join(ROOT, "tests", "unit", room, f"test_{name}.c")


class CallRows(unittest.TestCase):
    def test_every_row_has_its_tests(self):
        for name, words, tests in rows():
            with self.subTest(row=name):
                self.assertTrue(words)
                self.assertTrue(tests)
                for test in tests:
                    self.check(test)

    def check(self, test):
        program, _, function = test.partition(":")
        path = source_of(program)
        self.assertTrue(os.path.exists(path), test)
        if function == "*":
            return
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if path.endswith(".py"):
            self.assertTrue(re.search(rf"\bdef {function}\(self", text), test)
            return
        defined = rf"(?m)^static void {function}\(void \*\*state\)"
        self.assertTrue(re.search(defined, text), test)
        tests = text[text.rindex("struct CMUnitTest"):]  # and it is in the list that is run
        self.assertTrue(re.search(rf"\b{function}[,)]", tests), test)

    def test_every_row_is_there_once(self):
        names = [name for name, _, _ in rows()]
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertEqual([f"OS-{n}" for n in range(1, 31)],
                         [name for name in names if name.startswith("OS-")])


if __name__ == "__main__":
    unittest.main()
