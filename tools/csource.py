# SPDX-License-Identifier: GPL-3.0-or-later
"""C source as the gates see it: without comments and strings, cut into functions."""

import json
import re
import subprocess

_TOKENS = re.compile(
    r"""//(?:[^\n\\]|\\.|\\\n)*          # a line comment
      | /\*.*?(?:\*/|\Z)                 # a block comment
      | "(?:[^"\\\n]|\\.|\\\n)*"         # a string
      | '(?:[^'\\\n]|\\.)*'              # a character""",
    re.S | re.X)

_BRANCH = re.compile(r"\b(?:if|for|while)\b|&&|\|\||\?")
# Labels that follow each other lead to the same arm: one way, not several.
_CASES = re.compile(r"(?:\b(?:case\b[^:;{}]*|default\s*):\s*)+")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M | re.S)


def _blank(match):
    text = match.group(0)
    quote = text[0] if text[0] in "\"'" else ""
    lines = "\n" * text.count("\n")
    return quote + lines + quote if quote else " " + lines


def strip(text):
    """Comments become blanks, strings become empty; lines keep their numbers."""
    return _TOKENS.sub(_blank, text)


def without_directives(stripped):
    """Preprocessor lines become empty; lines keep their numbers."""
    return _DIRECTIVE.sub(lambda m: "\n" * m.group(0).count("\n"), stripped)


def includes(text):
    """(line, path, is_system) of each #include; comments and strings of text still in it."""
    for match in _INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(2), match.group(1) == "<"


def complexity(body):
    """McCabe's number of a stripped function body: its branches and one."""
    return 1 + len(_BRANCH.findall(body)) + len(_CASES.findall(body))


def tags(root, files):
    """Functions and file-scope variables, as universal-ctags finds them."""
    if not files:
        return []
    command = ["ctags", "--output-format=json", "--fields=+ne", "--languages=C",
               "--langmap=C:.c.h", "--kinds-C=fv", "--sort=no", "-L", "-", "-f", "-"]
    done = subprocess.run(command, cwd=root, input="\n".join(files), text=True,
                          capture_output=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [row for row in rows if row.get("_type") == "tag"]


def declaration(stripped, name, line):
    """What stands before a file-scope variable's name, bodies in braces cut out."""
    lines = without_directives(stripped).splitlines(keepends=True)
    start = sum(map(len, lines[:line - 1]))
    text = "".join(lines)
    match = re.compile(r"\b%s\b" % re.escape(name)).search(text, start)
    before = text[:match.start() if match else start]
    folded = None
    while folded != before:  # innermost braces first
        folded, before = before, re.sub(r"\{[^{}]*\}", "@", before)
    # It begins after the last statement, or after the last function's body.
    return re.split(r";|\)\s*@", before)[-1].replace("@", " ")


def is_constant(before):
    """Whether what stands before a variable's name makes the variable itself const."""
    return re.search(r"\bconst\b", before.rpartition("*")[2]) is not None
