#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which test proves which row of the requirements on identity, media, calls and management.

Each file of KINDS has the rows of one kind; a test claims one by naming its id in a comment, and
the claim counts for the test function that the comment stands in or before. What the head of a
file says (before its first #include, or in its docstring) is about no test and claims nothing.
Run alone it prints the tables, row by row; `make test T=identity`, T=media_rows, T=calls_rows and
T=management_rows run all the tests that one names and print it after them. `make check` refuses a
row that nobody proves and an id that is no row."""

import ast
import glob
import io
import os
import re
import sys
import tokenize
from collections import defaultdict, namedtuple

SOURCES = ("tests/unit/*/test_*.c", "tests/scenario/test_*.c", "tests/peers/test_*.py",
           "tests/tools/test_*.py")

Kind = namedtuple("Kind", "file ids")

KINDS = {
    "identity": Kind("tests/identity_rows.txt", re.compile(
        r"\b(?:(?:ID4474|ID8224|DS|CAN|PP|MKY|CERT|EXT|BR|CI|RSP|NEG|KAI)-\d+"
        r"|I(?:[1-9]|1[0-4])\b(?!\.))")),
    "media_rows": Kind("tests/media_rows.txt", re.compile(
        r"\b(?:SDP|DTLS|D12|D13|MUX|SRTP|MB|WOLF)-\d+\b")),
    "calls_rows": Kind("tests/calls_rows.txt", re.compile(
        r"\b(?:(?:SIP|REL|UPD|OA|ST|RF|AU)-\d+|ID-[1-5])\b")),
    "management_rows": Kind("tests/management_rows.txt", re.compile(
        r"\b(?:KAM|MI|FIFO|DX|HC[FDSH])-[1-9]\d*\b")),
}

_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
_FUNCTION = re.compile(r"^static void (\w+)\(void \*\*state\)", re.M)

Row = namedtuple("Row", "name title")
Claim = namedtuple("Claim", "row file line test")


def read_rows(root, name):
    """Every row in the order of the file; a line with # in front is a comment."""
    rows = []
    with open(os.path.join(root, name), encoding="utf-8") as file:
        for line in file:
            words = [] if line.startswith("#") else line.split(None, 1)
            if words:
                rows.append(Row(words[0], words[1].strip() if len(words) > 1 else ""))
    return rows


def _claims_of_c(file, text, ids):
    """A comment, or a table row's reason, counts for the test it is in or stands before."""
    head = text.find("#include")
    tests = [(match.start(), match[1]) for match in _FUNCTION.finditer(text)]
    ends = [text.find("\n}", start) for start, _ in tests]
    for match in _COMMENT.finditer(text):
        for row in ids.findall(match[0]):
            at = match.start()
            test = next((name for (_, name), end in zip(tests, ends) if head < at < end), None)
            yield Claim(row, file, text.count("\n", 0, at) + 1, test)


def _claims_of_python(file, text, ids):
    tests = sorted((node.lineno, node.end_lineno, node.name)
                   for node in ast.walk(ast.parse(text))
                   if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))
    notes = [(token.start[0], token.string)
             for token in tokenize.generate_tokens(io.StringIO(text).readline)
             if token.type == tokenize.COMMENT or token.string.startswith('"""')]
    head = min((line for line, note in notes if note.startswith('"""')), default=0)
    if tests and head >= tests[0][0]:
        head = 0
    for line, note in notes:
        for row in ids.findall(note):
            test = next((name for _, end, name in tests if head < line <= end), None)
            yield Claim(row, file, line, test)


def read_claims(root, ids):
    """Every mention of a row in a comment of a test."""
    claims = []
    for pattern in SOURCES:
        for path in sorted(glob.glob(os.path.join(root, pattern))):
            file = os.path.relpath(path, root)
            with open(path, encoding="utf-8") as source:
                text = source.read()
            read = _claims_of_python if file.endswith(".py") else _claims_of_c
            claims += read(file, text, ids)
    return claims


def job_of(file):
    """The name under which tools/run_tests.py knows this source."""
    parts = file.split("/")
    room = parts[2] if parts[1] == "unit" else parts[1]
    return f"{room}/{os.path.splitext(parts[-1])[0][len('test_'):]}"


class Table:
    """Rows of one kind and their tests."""

    def __init__(self, root, kind):
        self.kind = kind
        self.file = KINDS[kind].file
        self.rows = read_rows(root, self.file)
        self.claims = read_claims(root, KINDS[kind].ids)
        self.tests = defaultdict(list)
        for claim in self.claims:
            name = f"{job_of(claim.file)}:{claim.test}"
            if claim.test and name not in self.tests[claim.row]:
                self.tests[claim.row].append(name)

    def faults(self):
        """(file, line, words) of each row without a test and each claim without a row."""
        known = {row.name for row in self.rows}
        for number, row in enumerate(self.rows, 1):
            if not self.tests[row.name]:
                yield self.file, number, f"{row.name}: no test names it ({row.title})"
        for claim in self.claims:
            if claim.row not in known:
                yield claim.file, claim.line, f"{claim.row} is no row of {self.file}"

    def jobs(self):
        """The programs whose tests prove something here."""
        known = {row.name for row in self.rows}
        return {job_of(claim.file) for claim in self.claims if claim.row in known}

    def print(self, failed_jobs=()):
        """The table and its last line; False when a row is not proved."""
        proved = 0
        for row in self.rows:
            tests = self.tests[row.name]
            bad = [test for test in tests if test.split(":")[0] in failed_jobs]
            proved += bool(tests) and not bad
            mark = "FAILED " if bad else "" if tests else "NO TEST"
            print(f"{row.name:<11} {row.title:<58} {mark}{', '.join(tests)}")
        print(f"{self.kind}: {proved} of {len(self.rows)} rows")
        return proved == len(self.rows)


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return 0 if all([Table(root, kind).print() for kind in KINDS]) else 1


if __name__ == "__main__":
    sys.exit(main())
