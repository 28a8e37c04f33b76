# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of a call as a ladder, from the sip_trace files of both countersips."""

import json
import re
from collections import namedtuple

ACTORS = ("alice", "atlanta.test", "biloxi.test", "bob")
COLUMNS = (12, 39, 66, 93)  # where the actors' lines stand
_FIRST = re.compile(r"SIP/2\.0 (\d{3}) ([^\r\n]*)|(\w+) \S+ SIP/2\.0")

Step = namedtuple("Step", "time sender receiver label call_id method")


def header(message, name):
    match = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", message, re.I | re.M)
    return match[1] if match else ""


def label(message):
    """INVITE, 200 OK (INVITE): what stands on the arrow."""
    match = _FIRST.match(message)
    if not match:
        return "?"
    if match[1]:
        method = header(message, "CSeq").split()[-1:] or ["?"]
        suffix = "" if method[0] in ("INVITE", "REGISTER") else f" ({method[0]})"
        return f"{match[1]} {match[2]}{suffix}"
    return match[3] + (" + Identity" if header(message, "Identity") else "")


def read_json_lines(path):
    """The objects of a JSON Lines file; one that is still being written is left out."""
    try:
        with open(path, encoding="utf-8") as lines:
            text = lines.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1] if line]


def steps(trace, own, neighbours):
    """Steps of one countersip's trace. own: its column; neighbours: Call-ID to the column of
    the other end. Messages of other dialogs are left out."""
    for row in trace:
        message = row["message"]
        call_id = header(message, "Call-ID") or header(message, "i")
        if call_id not in neighbours:
            continue
        other = neighbours[call_id]
        ends = (other, own) if row["direction"] == "in" else (own, other)
        method = (header(message, "CSeq").split() or [""])[-1]
        yield Step(row["time"], *ends, label(message), call_id, method)


def merge(first, second, middle):
    """One list in the order of time. What goes between the two countersips (Call-ID in
    middle) stands in both traces; where it was sent is enough."""
    kept = [s for s in first if s.call_id not in middle or s.sender == 1]
    kept += [s for s in second if s.call_id not in middle or s.sender == 2]
    return sorted(kept, key=lambda step: step.time)


def call_ids(trace, method):
    """The Call-IDs of all requests with that method."""
    return {header(row["message"], "Call-ID") for row in trace
            if row["message"].startswith(method + " ")}


def heading():
    line = [" "] * (COLUMNS[-1] + 8)
    for column, actor in zip(COLUMNS, ACTORS):
        start = column - len(actor) // 2
        line[start:start + len(actor)] = actor
    return "".join(line).rstrip()


def draw(step, since, note=""):
    """One line: the time, four uprights, one arrow with its label."""
    line = [" "] * (COLUMNS[-1] + 1)
    for column in COLUMNS:
        line[column] = "|"
    left, right = sorted((COLUMNS[step.sender], COLUMNS[step.receiver]))
    room = right - left - 1
    text = step.label if len(step.label) <= room - 6 else step.label[:room - 8] + ".."
    arrow = f" {text} ".center(room, "-")
    arrow = arrow[:-1] + ">" if step.sender < step.receiver else "<" + arrow[1:]
    line[left + 1:right] = arrow
    return f"{step.time - since:8.3f}" + "".join(line)[8:] + (f"  {note}" if note else "")


def print_ladder(listed, write=print):
    if not listed:
        write("  (no messages)")
        return
    write(heading())
    for step in listed:
        write(draw(step, listed[0].time))
