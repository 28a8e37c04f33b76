#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates: what `make check` holds the source against. One line for each violation:

    file:line: what (rule)

Each gate is a function of a Tree that yields violations; GATES names them. The rules that
need lists read them beside this file: layers.txt, houses.txt, variables.txt."""

import os
import re
import subprocess
import sys
from collections import namedtuple

import csource
import rows

FILE_LINES = 800
FUNCTION_LINES = 100
COMPLEXITY = 20
CLANG_FORMAT = 14
TOP_LEVEL = {"sbc", "media", "policy", "include", "tests", "config", "docs", "tools", "bench",
             "contrib", ".ci"}
BANNED = ("strcpy strcat sprintf vsprintf atoi atol atof strtok gets rand srand alloca").split()
ALLOCATORS = ("malloc calloc realloc free strdup strndup asprintf vasprintf aligned_alloc "
              "posix_memalign").split()
ALLOCATOR_HOUSE = "sbc/base/mem.c"
# Words that promise work instead of doing it; cut in two so that this file passes.
PROMISES = ("TO" "DO", "FIX" "ME", "XX" "X")

Violation = namedtuple("Violation", "file line what rule")
Room = namedtuple("Room", "name where below sees")


def _list(path):
    """Rows of a list: blank-separated fields, without comments."""
    with open(path, encoding="utf-8") as lines:
        rows = [line.split("#")[0].split() for line in lines]
    return [row for row in rows if row]


class Tree:
    """The files under root that git would commit, and what is known about them."""

    def __init__(self, root, lists=None):
        self.root = root
        self.lists = lists or os.path.join(root, "tools")
        self.files = sorted(self._find())
        self.c_files = [f for f in self.files if f.endswith((".c", ".h"))]
        self._text = {}
        self._tags = None

    def _find(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], text=True,
                                  cwd=self.root, capture_output=True, check=False)
            if done.returncode == 0:
                return [f for f in done.stdout.splitlines()
                        if os.path.isfile(os.path.join(self.root, f))]
        found = []  # an unpacked archive, or a clone that git does not trust
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
        return found

    def text(self, file):
        if file not in self._text:
            with open(os.path.join(self.root, file), encoding="utf-8", errors="replace") as f:
                self._text[file] = f.read()
        return self._text[file]

    def rows(self, name):
        return _list(os.path.join(self.lists, name))

    def tags(self, kind):
        if self._tags is None:
            self._tags = csource.tags(self.root, self.c_files)
        return [tag for tag in self._tags if tag["kind"] == kind]


def _words(field):
    return [] if field == "-" else field.split(",")


def _library(path):
    """The first word of a system header's path: srtp2/srtp.h is srtp2, uv.h is uv."""
    return path.split("/")[0].removesuffix(".h")


def gate_format(tree):
    """clang-format has nothing to change."""
    if not tree.c_files:
        return
    told = subprocess.run(["clang-format", "--version"], text=True, capture_output=True,
                          check=True).stdout
    if f"version {CLANG_FORMAT}." not in told:
        yield Violation(".clang-format", 1, f"wants clang-format {CLANG_FORMAT}: {told.strip()}",
                        "format")
        return
    done = subprocess.run(["clang-format", "--dry-run", *tree.c_files], cwd=tree.root, text=True,
                          capture_output=True, check=False)
    seen = set()
    for match in re.finditer(r"^(\S+?):(\d+):\d+: \w+: ", done.stderr, re.M):
        if match.groups() not in seen:
            seen.add(match.groups())
            yield Violation(match[1], int(match[2]), "clang-format would change this", "format")


def _room_of(rooms, path):
    """The room whose folder is nearest to path; None: nobody's."""
    best, best_len = None, -1
    for room in rooms:
        for where in room.where:
            if path.startswith(where + "/") and len(where) > best_len:
                best, best_len = room, len(where)
    return best


def _including_room(rooms, file):
    """A unit test stands in its room, and sees nothing above it."""
    match = re.match(r"tests/unit/(\w+)/", file)
    if match:
        return next((room for room in rooms if room.name == match[1]), None)
    return _room_of(rooms, file)


def _check_own(tree, rooms, room, file, include):
    line, path, _ = include
    door = os.path.join("include", path)
    is_door = os.path.exists(os.path.join(tree.root, door))
    other = _room_of(rooms, door if is_door else path)
    if other is None or other.name == room.name:
        return
    if other.name not in room.below:
        yield Violation(file, line, f"{room.name} may not include {path}", "layers")
    elif not is_door:
        yield Violation(file, line, f"{path} is private to {other.name}", "layers")


def gate_layers(tree):
    """Rooms include only the rooms and libraries that layers.txt allows them."""
    rooms = [Room(r[0], r[1].split(","), _words(r[2]), _words(r[3]))
             for r in tree.rows("layers.txt")]
    libraries = {library for room in rooms for library in room.sees}
    for file in tree.c_files:
        room = _including_room(rooms, file)
        if not room:
            continue
        for include in csource.includes(tree.text(file)):
            line, path, is_system = include
            library = _library(path)
            if not is_system:
                yield from _check_own(tree, rooms, room, file, include)
            elif (library in libraries and library not in room.sees
                  and not file.startswith("tests/")):
                yield Violation(file, line, f"{room.name} may not see <{path}>", "layers")


def gate_houses(tree):
    """A library's headers, and a neighbour's door, are included in their houses only."""
    houses = {row[0]: _words(row[1]) for row in tree.rows("houses.txt")}
    for file in tree.c_files:
        if file.startswith("tests/"):
            continue
        for line, path, is_system in csource.includes(tree.text(file)):
            key = _library(path) if is_system else path
            allowed = houses.get(key)
            own_door = os.path.join("include", path) == file
            room = key.split("/")[0]
            if allowed is None or file in allowed or own_door:
                continue
            if not is_system and file.startswith((room + "/", f"include/{room}/")):
                continue  # a room may know its own door
            yield Violation(file, line, f"{path} belongs to {', '.join(allowed)}", "houses")


def gate_functions(tree):
    """No function is too long or has too many ways through it."""
    for tag in tree.tags("function"):
        file, first, last = tag["path"], tag["line"], tag.get("end", tag["line"])
        count = last - first + 1
        if count > FUNCTION_LINES:
            yield Violation(file, first, f"{tag['name']}() has {count} lines, {FUNCTION_LINES} "
                            "at most", "function-lines")
        body = csource.without_directives(csource.strip(tree.text(file)))
        ways = csource.complexity("\n".join(body.split("\n")[first - 1:last]))
        if ways > COMPLEXITY:
            yield Violation(file, first, f"{tag['name']}() has complexity {ways}, {COMPLEXITY} "
                            "at most", "complexity")


def gate_files(tree):
    """No source file is too long."""
    for file in tree.files:
        if not file.endswith((".c", ".h", ".py", ".sh")):
            continue
        count = tree.text(file).count("\n")
        if count > FILE_LINES:
            yield Violation(file, count, f"{count} lines, {FILE_LINES} at most", "file-lines")


def gate_variables(tree):
    """Nothing that changes lives at file scope; a test's process may."""
    allowed = {(row[0], row[1]) for row in tree.rows("variables.txt")}
    for tag in tree.tags("variable"):
        file, name = tag["path"], tag["name"]
        if file.startswith("tests/") or (file, name) in allowed:
            continue
        stripped = csource.strip(tree.text(file))
        if not csource.is_constant(csource.declaration(stripped, name, tag["line"])):
            yield Violation(file, tag["line"], f"{name} is mutable and at file scope",
                            "variables")


def gate_calls(tree):
    """Functions that cannot be used safely, and memory taken behind mem.c's back."""
    for file in tree.c_files:
        names = BANNED + ([] if file == ALLOCATOR_HOUSE else ALLOCATORS)
        call = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))
        stripped = csource.strip(tree.text(file))
        for match in call.finditer(stripped):
            line = stripped.count("\n", 0, match.start()) + 1
            yield Violation(file, line, f"{match[1]}() is not used here", "calls")


def gate_text(tree):
    """Source names its licence and promises nothing."""
    promise = re.compile(r"\b(%s)\b" % "|".join(PROMISES))
    for file in tree.files:
        if not (file.endswith((".c", ".h", ".py", ".sh")) or file == "Makefile"):
            continue
        lines = tree.text(file).split("\n")
        if not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in lines[:2]):
            yield Violation(file, 1, "no SPDX line", "licence")
        for number, line in enumerate(lines, 1):
            match = promise.search(line)
            if match:
                yield Violation(file, number, f"{match[1]}: do it or drop it", "promise")


def gate_folders(tree):
    """The top level stays as it is."""
    for folder in sorted({f.split("/")[0] for f in tree.files if "/" in f}):
        if folder not in TOP_LEVEL:
            yield Violation(folder, 1, "no folder of the top level", "folders")


def gate_rows(tree):
    """Every row of the requirements has a test that names it."""
    for name, kind in rows.KINDS.items():
        if os.path.exists(os.path.join(tree.root, kind.file)):
            for file, line, words in rows.Table(tree.root, name).faults():
                yield Violation(file, line, words, "rows")


GATES = {
    "format": gate_format,
    "layers": gate_layers,
    "houses": gate_houses,
    "functions": gate_functions,
    "files": gate_files,
    "variables": gate_variables,
    "calls": gate_calls,
    "text": gate_text,
    "folders": gate_folders,
    "rows": gate_rows,
}


def describe(violation):
    return f"{violation.file}:{violation.line}: {violation.what} ({violation.rule})"


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    tree = Tree(root)
    found = [v for gate in GATES.values() for v in gate(tree)]
    for violation in sorted(found):
        print(describe(violation))
    print(f"check: {len(tree.c_files)} files, {len(found)} violations", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
