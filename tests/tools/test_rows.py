# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/rows.py: which test a mention counts for, and what it refuses."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import rows  # noqa: E402

# Put together so that this file claims nothing itself.
A, B, C, D = ("D" "S-1", "D" "S-2", "D" "S-3", "D" "S-9")
C_TEST = f"""/* {A}: before the first test. */
static void first(void **state)
{{
	char *text = "{B}";
}}

/* {C}. */
static void second(void **state)
{{
}}

/* {D}: behind the last one. */
"""
PYTHON_TEST = f'''class T:
    def test_a(self):
        """{B}"""

    # {A}
    def test_b(self):
        pass
'''


class Rows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.write("tests/unit/room/test_x.c", C_TEST)
        self.write("tests/peers/test_y.py", PYTHON_TEST)

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def table(self, text):
        self.write(rows.KINDS["identity"].file, text)
        return rows.Table(self.root, "identity")

    def test_finds_the_tests(self):
        table = self.table(f"# rows\n{A} one\n{B} two, * and # too\n{C} three\n")
        self.assertEqual(["room/x:first", "peers/y:test_b"], table.tests[A])
        self.assertEqual(["room/x:first", "peers/y:test_a"], table.tests[B])
        self.assertEqual(["room/x:second"], table.tests[C])
        self.assertEqual({"room/x", "peers/y"}, table.jobs())
        self.assertEqual("two, * and # too", table.rows[1].title)

    def test_tells_what_is_missing(self):
        table = self.table(f"{A} one\n{B} two\n{C} three\nD" "S-4 four\n")
        faults = [(line, words.split(":")[0]) for _, line, words in table.faults()]
        self.assertEqual([(4, "D" "S-4"), (12, f"{D} is no row of tests/identity_rows.txt")], faults)

    def test_a_file_s_head_claims_nothing(self):
        self.write("tests/unit/room/test_x.c", f"/* {A} */\n#include \"a.h\"\n" + C_TEST)
        self.write("tests/unit/room/test_z.c", f"/* {D} */\n#include \"a.h\"\n" +
                   "static void one(void **state)\n{\n}\n")
        self.write("tests/peers/test_y.py", f'"""{C}."""\n' + PYTHON_TEST)
        table = self.table(f"{A} one\n{B} two\n{C} three\n{D} four\n")
        self.assertEqual(["room/x:first", "peers/y:test_b"], table.tests[A])
        self.assertEqual(["room/x:second"], table.tests[C])
        self.assertEqual([f"{D}: no test names it (four)"],
                         [words for _, _, words in table.faults()])

    def test_kinds_are_apart(self):
        row = "SD" "P-1"
        self.write("tests/unit/room/test_z.c",
                   f"/* {row}. */\nstatic void one(void **state)\n{{\n}}\n")
        self.write(rows.KINDS["media_rows"].file, f"{row} one\n")
        table = rows.Table(self.root, "media_rows")
        self.assertEqual(["room/z:one"], table.tests[row])
        self.assertEqual([], list(table.faults()))
        self.assertEqual([], [c for c in self.table(f"{A} one\n").claims if c.row == row])

    def test_a_failed_job_proves_nothing(self):
        table = self.table(f"{C} three\n")
        self.assertTrue(table.print())
        self.assertFalse(table.print({"room/x"}))
