#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints docs/configuration.md from the program's own table of keys:

    tools/config_doc.py build/plain/countersip > docs/configuration.md"""

import subprocess
import sys

HEAD = """\
# Configuration

The file is YAML. `config/countersip.yaml` is a commented one that works as it is.
`countersip -c FILE` tells every fault of a file, each with its line, the line itself, and the
nearest known key. Times and sizes have their unit in the key's name; a list is written with
`- ` before each item (`[]` in the names below).

SIGHUP reads the file again. All of it is taken over or nothing, and the log says why not; calls
that are there keep what they began with. Keys marked (restart) and everything below them are
read at start only: a file that changes one of them is refused while countersip runs.

This page is made from the program's own table (`countersip --config-keys`) by
`tools/config_doc.py build/plain/countersip > docs/configuration.md`, and a test holds it to that.
"""


def read_keys(binary):
    """(key, type and default, help) of each key: two lines each."""
    lines = subprocess.run([binary, "--config-keys"], text=True, capture_output=True,
                           check=True).stdout.splitlines()
    for first, second in zip(lines[::2], lines[1::2]):
        key, _, value = first.partition(" ")
        yield key, value.strip(), second.strip()


def print_keys(keys):
    section = None
    for key, value, meaning in keys:
        name = key.split(".")[0].removesuffix("[]")
        is_group = value.split(";")[0] in ("section", "list")
        if is_group and "." not in key:
            section = name
            print(f"\n## {name}\n\n{meaning[:1].upper()}{meaning[1:]}.\n")
            print("| key | type | meaning |\n|---|---|---|")
            continue
        if section is None:
            section = ""
            print("\n## General\n\n| key | type | meaning |\n|---|---|---|")
        print(f"| `{key}` | {value.rstrip('; ')} | {meaning} |")


def main():
    print(HEAD, end="")
    print_keys(read_keys(sys.argv[1]))


if __name__ == "__main__":
    main()
