# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rows of calls say, as a table and as a picture."""

import statistics
from html import escape

import sheet

NAMES = {"ours": "countersip", "kamailio": "Kamailio 5.6 (tm, rr)",
         "verify": "countersip, verifies", "sign": "countersip, verifies and signs",
         "flood": "countersip"}
COLOURS = {"ours": "#1f6f54", "kamailio": "#b3452c", "verify": "#2b5c8a", "sign": "#79b79d"}
MODES = ("load", "SIPp", "saturation", "overload")


def groups(rows):
    found = {}
    for row in rows:
        found.setdefault((row["mode"], row["n"], row["rate"], row["server"]), []).append(row)
    return found


def _line(key, group):
    mode, n, rate, server = key
    ms = [r["ms"] for r in group]

    def middle(name):
        return statistics.median(r[name] for r in group)

    def total(name):
        return sum(r[name] for r in group)

    return (f"| {mode} | {n} | {rate} | {NAMES[server]} | {statistics.median(ms):.3f} "
            f"({min(ms):.3f}-{max(ms):.3f}) | {middle('ring_p50'):.1f} | "
            f"{middle('ring_p99'):.1f} | {middle('bye_p99'):.1f} | {total('started')} | "
            f"{total('completed')} | {total('refused')} | {total('failed')} | {len(group)} |")


def table(result):
    found, memory = result["figures"], result["memory"]
    lines = [
        f"{result['machine']}, load {result['load']:.1f}; servers on core 1, generator on core "
        f"0, both before everybody else (SCHED_FIFO); {result['seconds']:.0f} s in all.", "",
        "INVITE, 180, 200 after 20 ms, ACK, BYE, 200 over UDP, signalling only; CPU is of all "
        "threads and processes of a server. Response: INVITE to 180, BYE to 200, in ms.", "",
        "| | calls at a time | calls/s | server | CPU ms/call (min-max) | 180 p50 | p99 "
        "| BYE p99 | started | completed | 503 | failed | rows |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    order = {mode: i for i, mode in enumerate(MODES)}
    lines += [_line(key, group) for key, group in sorted(
        groups(result["rows"]).items(), key=lambda item: (order.get(item[0][0], 9),
                                                         item[0][1:])) if key[0] in order]
    lines += ["", "| | |", "|---|---|"]
    for name, one in memory.items():
        if "kb_filled" in one:
            lines.append(f"| {NAMES[name]}: memory (PSS) of {one['calls']} established calls, "
                         f"all transactions over | {one['kib']:.1f} KiB a call |")
    for name, rate in found["saturation"].items():
        lines.append(f"| {NAMES[name]}: the highest rate tried at which 99 % complete | "
                     f"{rate} calls/s |")
    lines += [
        f"| a call verified; verified and signed anew (certificate in the cache) | "
        f"+ {found['verify_ms']:.3f}; + {found['verify_and_sign_ms']:.3f} ms |",
        f"| INVITEs never acknowledged: OPTIONS answered, p99, memory given back | "
        f"{100 * found['flood_ok']:.2f} %, {found['flood_p99_ms']:.0f} ms, "
        f"{100 * found['flood_given_back']:.0f} % |",
        f"| overload: refused with 503, its p99; of the admitted complete | "
        f"{100 * found['overload_refused']:.0f} %, {found['overload_refusal_p99_ms']:.0f} ms; "
        f"{100 * found['overload_completed']:.2f} % |"]
    return "\n".join(lines) + "\n"


def _panel(found, top, unit, heights, scale):
    """Bars of all call counts; heights: of a group, what is drawn of it."""
    base = top + 220
    parts = [f'<text x="60" y="{top + 8}" font-weight="bold">{unit}</text>',
             f'<line x1="50" x2="860" y1="{base}" y2="{base}" stroke="#333"/>']
    x = 66.0
    for n in sorted({key[1] for key in found}):
        first = x
        for server, colour in COLOURS.items():
            group = next((g for k, g in found.items() if k[1] == n and k[3] == server), None)
            for value, shade in heights(group) if group else ():
                label = f"{NAMES[server]}, {n} calls: {value:.3g}"
                parts.append(sheet.bar(x, base, value * scale, colour, label, shade))
                x += 19
        parts.append(f'<text x="{(first + x) / 2:.1f}" y="{base + 16}" '
                     f'text-anchor="middle">{n} calls at a time</text>')
        x += 40
    return parts


def _cpu(group):
    return [(statistics.median(r["ms"] for r in group), 1.0)]


def _response(group):
    return [(statistics.median(r["ring_p50"] for r in group), 1.0),
            (statistics.median(r["ring_p99"] for r in group), 0.5)]


def _highest(found, heights):
    return max((value for group in found.values() for value, _ in heights(group)),
               default=1.0) or 1.0


def picture(result):
    found = {k: v for k, v in groups(result["rows"]).items() if k[0] == "load"}
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="880" height="620" '
             'font-family="sans-serif" font-size="12">',
             '<rect width="880" height="620" fill="white"/>',
             '<text x="20" y="24" font-size="16">A call through a server, signalling only '
             '(medians; less is better)</text>']
    x = 20.0
    for server, colour in COLOURS.items():
        parts.append(f'<rect x="{x:.0f}" y="36" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{x + 16:.0f}" y="47">{escape(NAMES[server])}</text>')
        x += 30 + 6.6 * len(NAMES[server])
    for top, unit, heights in ((70, "CPU ms of a call", _cpu),
                               (340, "INVITE to 180, ms: p50 and, paler, p99", _response)):
        highest = _highest(found, heights)
        parts += _panel(found, top, f"{unit}; highest {highest:.3g}", heights, 190 / highest)
    return "\n".join(parts + ["</svg>"]) + "\n"
