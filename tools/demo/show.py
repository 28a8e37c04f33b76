# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says on the terminal. Colours only on a terminal."""

import os
import sys
import textwrap

WIDTH = 96
_IS_TTY = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _colour(code, text):
    return f"\033[{code}m{text}\033[0m" if _IS_TTY else text


def title(text):
    print("\n" + _colour("1", text), flush=True)


def say(text):
    print(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "), flush=True)


def verdict(is_good, text):
    mark = _colour("32", "ok") if is_good else _colour("31", "FAILED")
    print(f"  {mark}  {text}", flush=True)


def passed(text):
    print(_colour("32", text), flush=True)


def failed(text):
    print(_colour("31", text), flush=True)


def _short(fingerprint):
    """sha-256 12:34:...:EF, enough to compare by eye."""
    name, _, value = fingerprint.partition(" ")
    octets = value.split(":")
    if len(octets) < 8:
        return fingerprint or "none"
    return f"{name} {':'.join(octets[:4])}:..:{':'.join(octets[-4:])}"


def _identity(identity):
    words = [identity["outcome"] or "none: the callee is our own user, nothing is signed"]
    if identity["mechanism"]:
        words.append(f"by {identity['mechanism']}")
    if identity["identity"]:
        words.append(f"as {identity['identity']}")
    if identity["why"]:
        words.append(f"({identity['why']})")
    return " ".join(words)


def leg(name, record, peer):
    """One end of one leg as the countersip that ends it recorded it. peer: the record of the
    call's other leg, whose packets are relayed onto this one."""
    match = "the same" if record["fingerprint_match"] else "NOT THE SAME"
    rows = [
        ("identity", _identity(record["identity"])),
        ("fingerprint", f"signalled {_short(record['fingerprint_signalled'])}"),
        ("", f"presented {_short(record['fingerprint_presented'])}  {match}"),
        ("keys", f"{record['dtls'] or 'no handshake'} {record['cipher_suite']} "
                 f"{record['srtp_profile']}".rstrip()),
        ("RTP", f"{record['rtp_relayed']} of {record['rtp_received']} packets relayed from "
                f"it, {peer['rtp_relayed']} to it, {record['rtp_lost']} lost before us"),
    ]
    dropped = ", ".join(f"{n} {why}" for why, n in record["dropped"].items() if n)
    if dropped:
        rows.append(("dropped", dropped))
    print("  " + _colour("1", name))
    for key, text in rows:
        print(f"    {key:<12}{text}")
    sys.stdout.flush()
