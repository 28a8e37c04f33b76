#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what describes the configuration, from the program's own table of keys:

    tools/config_doc.py build/plain/countersip > docs/configuration.md
    tools/config_doc.py --man build/plain/countersip > build/plain/man/countersip.yaml.5"""

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
read at start only: a file that changes one of them is refused while countersip runs
(`needs a restart: KEY`). [management.md](management.md#reload) tells what becomes of the others.

This page is made from the program's own table (`countersip --config-keys`) by
`tools/config_doc.py build/plain/countersip > docs/configuration.md`, and a test holds it to that.
"""


MAN_HEAD = r"""\
.\" SPDX-License-Identifier: GPL-3.0-or-later
.\" Made by tools/config_doc.py --man from the program's own table; do not edit.
.TH COUNTERSIP.YAML 5 "" "countersip {version}" "File Formats Manual"
.SH NAME
countersip.yaml \- configuration of the SIP border controller countersip
.SH SYNOPSIS
.I /etc/countersip/countersip.yaml
.SH DESCRIPTION
The file is YAML: sections, lists whose items begin with
.RB \(dq "\- " \(dq,
and values.
Times and sizes have their unit in the key's name.
In the names below,
.B []
stands for each item of a list.
.PP
.B countersip \-c
.I FILE
tells every fault of a file, each with its line, the line itself, and the nearest known key.
.PP
SIGHUP lets a running countersip read the file again.
All of it is taken over or nothing, and the log says why not; calls that are there keep what
they began with.
Keys marked
.RI ( restart )
and everything below them are read at start only: a file that changes one of them is refused.
"""

MAN_TAIL = r"""\
.SH EXAMPLE
One domain with a user, and one peer, which is known by its certificate:
.PP
.nf
.RS
domains:
  \- name: atlanta.example
listeners:
  \- transport: tls
    address: 192.0.2.1:5061
media:
  interfaces:
    \- address: 192.0.2.1
users:
  \- name: alice
    domain: atlanta.example
    ha1_sha256: f002eb55920471fb1928a4bf5540cba5b27222137433202fb02087098148e9cc
peers:
  \- name: biloxi
    domain: biloxi.example
    address: 198.51.100.7:5061
    transport: tls
routes:
  \- domain: biloxi.example
    peer: biloxi
.RE
.fi
.SH FILES
.TP
.I /etc/countersip/countersip.yaml
Where the service unit looks for it.
.SH SEE ALSO
.BR countersip (8),
.BR countersipctl (8)
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


def roff(text):
    """As it is, to man: no escapes, no requests, no hyphens of a line's end."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in (".", "'") else text


def print_man(keys, version):
    print(MAN_HEAD.replace("{version}", version), end="")
    section = None
    for key, value, meaning in keys:
        name = key.split(".")[0].removesuffix("[]")
        is_group = value.split(";")[0] in ("section", "list")
        if is_group and "." not in key:
            section = name
            print(f".SH {roff(name.upper())}\n{roff(meaning[:1].upper() + meaning[1:])}.")
            continue
        if section is None:
            section = ""
            print(".SH GENERAL")
        print(f".TP\n.B {roff(key)}\n{roff(meaning[:1].upper() + meaning[1:])}.\n"
              f".br\n({roff(value.rstrip('; '))})")
    print(MAN_TAIL, end="")


def main():
    if sys.argv[1] == "--man":
        binary = sys.argv[2]
        version = subprocess.run([binary, "--version"], text=True, capture_output=True,
                                 check=True).stdout.split()[1]
        print_man(read_keys(binary), version)
        return
    print(HEAD, end="")
    print_keys(read_keys(sys.argv[1]))


if __name__ == "__main__":
    main()
