# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rows say, as a table and as a picture."""

import statistics
from html import escape

COLOURS = {"floor": "#9aa5b1", "ours": "#1f6f54", "plain": "#79b79d", "rtpengine": "#b3452c",
           "ours-gcm": "#2b5c8a", "rtpengine-gcm": "#d98e5f"}


def _groups(rows):
    found = {}
    for row in rows:
        found.setdefault((row["n"], row["mode"], row["relay"]), []).append(row)
    return found


def _line(key, group, names):
    n, mode, relay = key
    ns = [r["ns"] for r in group]

    def middle(name):
        return statistics.median(r[name] for r in group)

    sent, lost = sum(r["sent"] for r in group), sum(r["lost"] + r["bad"] for r in group)
    where = mode if mode != "normal" or group[0]["share"] == 1 else \
        f"{mode}, {group[0]['share']:.0%}"
    return (f"| {n} | {where} | {names.get(relay, relay)} | {middle('ns'):.0f} "
            f"({min(ns):.0f}-{max(ns):.0f}) | {middle('p50'):.0f} | {middle('p99'):.0f} "
            f"| {middle('p999'):.0f} | {100 * lost / max(sent, 1):.3f} | {len(group)} |")


def table(result, names):
    lines = [
        f"{result['machine']}, load {result['load']:.1f}; relays on core 1, generator on core "
        f"0, both before everybody else (SCHED_FIFO); {result['seconds']:.0f} s in all.", "",
        "SRTP to SRTP, both legs keyed by DTLS (the bare forwarder: preset), 172 bytes of RTP, "
        "each packet checked; per cent: of 50 packets/s a leg at 500 sessions. Latency in backlog rows is the wait while stopped.", "",
        "| sessions | arrival | relay | CPU ns/packet (min-max) | p50 us | p99 us | p99.9 us "
        "| lost % | rows |", "|---|---|---|---|---|---|---|---|---|"]
    lines += [_line(key, group, names) for key, group in sorted(_groups(result["rows"]).items())]
    lines += ["", "| relay | CPU ms to set up a session | kB a session |", "|---|---|---|"]
    for relay, costs in result["setups"].items():
        if relay not in names or len(costs) < 2:
            continue
        cpu = 1000 * statistics.median(c["cpu"] / c["sessions"] for c in costs[1:])
        kb = statistics.median(c["kb"] / c["sessions"] for c in costs[1:])
        lines.append(f"| {names.get(relay, relay)} | {cpu:.2f} | {kb:.1f} |")
    return "\n".join(lines) + "\n"


def bar(x, y, height, colour, label, opacity=1.0):
    return (f'<rect x="{x:.1f}" y="{y - height:.1f}" width="16" height="{height:.1f}" '
            f'fill="{colour}" fill-opacity="{opacity}"><title>{escape(label)}</title></rect>')


def _panel(groups, mode, top, scale, names):
    """Bars of all session counts for one way of arriving; returns elements."""
    base = top + 240
    parts = [f'<text x="60" y="{top + 8}" font-weight="bold">arrival: {mode}</text>',
             f'<line x1="50" x2="860" y1="{base}" y2="{base}" stroke="#333"/>']
    for us in range(0, 61, 10):
        y = base - us * 1000 * scale
        if y < top:
            break
        parts.append(f'<text x="44" y="{y + 4:.1f}" text-anchor="end">{us}</text>'
                     f'<line x1="50" x2="860" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
    x = 66.0
    for n in sorted({key[0] for key in groups if key[1] == mode}):
        first = x
        for relay, colour in COLOURS.items():
            group = groups.get((n, mode, relay))
            if not group:
                continue
            ns = statistics.median(r["ns"] for r in group)
            parts.append(bar(x, base, ns * scale, colour,
                              f"{names[relay]}, {n} sessions: {ns:.0f} ns"))
            x += 19
        parts.append(f'<text x="{(first + x) / 2:.1f}" y="{base + 16}" '
                     f'text-anchor="middle">{n} sessions</text>')
        x += 40
    return parts


def picture(result, names):
    groups = {k: v for k, v in _groups(result["rows"]).items() if k[2] in COLOURS}
    highest = max(statistics.median(r["ns"] for r in group) for key, group in groups.items()
                  if key[1] in ("normal", "backlog"))
    scale = 220 / highest
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="880" height="650" '
             'font-family="sans-serif" font-size="12">',
             '<rect width="880" height="650" fill="white"/>',
             '<text x="20" y="24" font-size="16">CPU microseconds of a relayed SRTP packet '
             '(medians; less is better)</text>']
    x = 20.0
    for relay, colour in COLOURS.items():
        if any(key[2] == relay for key in groups):
            parts.append(f'<rect x="{x:.0f}" y="36" width="12" height="12" fill="{colour}"/>'
                         f'<text x="{x + 16:.0f}" y="47">{escape(names[relay])}</text>')
            x += 30 + 6.6 * len(names[relay])
    parts += _panel(groups, "normal", 70, scale, names)
    parts += _panel(groups, "backlog", 360, scale, names)
    return "\n".join(parts + ["</svg>"]) + "\n"
