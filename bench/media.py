# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench-media: the media plane against rtpengine and a bare forwarder, in rows in turn.

Nanoseconds are CPU time, user and system, of all threads of a relay, divided by the packets
that came back decrypted and right. They move with the neighbours; ratios within a run hold."""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import relays
import sheet

RATE = 50000  # packets/s of the rows from 500 sessions on: 50 a second and leg at 500
OVERLOAD = 100000  # 1000 sessions, 50 packets/s each way
STORM = 200  # handshakes/s
SATURATED = 5000  # microseconds of median latency: such rows count only if there are no others
BUSY = 0.9  # of the core: with so little left the next neighbour makes it fall behind
LOWER_RATES = (0.8, 0.6)  # tried in turn where rtpengine is behind
CHUNK = 100  # sessions set up in a row, then it is the next one's turn
NAMES = {
    "ours": "countersip", "ours-gcm": "countersip GCM", "floor": "bare forwarder",
    "rtpengine": "rtpengine", "rtpengine-gcm": "rtpengine GCM",
    "plain": "countersip, no io_uring, no rest", "ring": "countersip, no rest",
    "open": "countersip, sockets not connected",
    "rest": "countersip, no io_uring", "rest-4ms": "countersip, rest 4 ms",
    "ours-500": "countersip, 500 only", "ours-2000": "countersip, 2000 of 2000",
    "floor-500": "bare forwarder, 500 only", "connected": "bare forwarder, connected",
    "shared": "bare forwarder, a port a side",
}
# What was tried, beside what "ours" and "plain" are: kind of relay, its options.
VARIANTS = {
    "floor-500": (relays.Floor, ()), "ring": (relays.Ours, ("0",)),
    "open": (relays.Ours, ("1000", "open")),
    "rest": (relays.Ours, ("1000", "plain")), "rest-4ms": (relays.Ours, ("4000",)),
    "connected": (relays.Floor, ("connected",)), "shared": (relays.Floor, ("shared",)),
}


class Bench:
    def __init__(self, build, quick):
        self.build, self.quick = build, quick
        self.steps = (500,) if quick else (50, 200, 500, 1000, 2000)
        self.reps = 3 if quick else 5
        self.seconds = 1.5
        self.relays, self.rows, self.setups = {}, [], {}
        self.share = 1.0  # of the packet rate
        self.began = time.monotonic()

    def say(self, text):
        print(f"  {time.monotonic() - self.began:5.0f} s  {text}", flush=True)

    def add(self, name, kind, *rest):
        self.relays[name] = kind(self.build, name, *rest)
        self.relays[name].sleep()

    def start(self):
        cm, gcm = relays.CM, relays.GCM
        self.add("ours", relays.Ours, cm)
        self.add("floor", relays.Floor, cm)
        self.add("rtpengine", relays.Rtpengine, cm)
        self.add("storm", relays.Ours, cm)
        if not self.quick:
            self.add("plain", relays.Ours, cm, ("0", "plain"))
            self.add("ours-gcm", relays.Ours, gcm)
            self.add("rtpengine-gcm", relays.Rtpengine, gcm)

    def close(self):
        for relay in self.relays.values():
            relay.close()

    def grow(self, name, sessions, connect=True):
        relay = self.relays[name]
        cost = relay.grow(sessions, connect)
        relay.sleep()
        if cost and connect:
            self.setups.setdefault(name, []).append(cost)

    def row(self, name, mode, sessions, *words, label=None):
        relay = self.relays[name]
        relay.wake()
        row = relay.generator.ask(*words)
        relay.sleep()
        row.update(relay=label or name, mode=mode, n=sessions, share=self.share)
        self.rows.append(row)
        return row

    def pair(self, name, sessions, label=None):
        rate = int(self.share * min(RATE, 100 * sessions))
        self.row(name, "normal", sessions, "run", self.seconds, rate, sessions, 0, label=label)
        self.row(name, "backlog", sessions, "backlog", 4 + 4000 // sessions, sessions,
                 label=label)

    def choose_rate(self, sessions):
        """What a slow or busy machine cannot drive is no row: all relays get less then."""
        self.share = 1.0
        relay = self.relays["rtpengine"]
        for share in LOWER_RATES:
            relay.wake()
            row = relay.generator.ask("run", 1, int(self.share * min(RATE, 100 * sessions)),
                                      sessions, 0)
            relay.sleep()
            if row["p50"] < SATURATED / 5 and row["cpu"] < BUSY * row["seconds"]:
                return
            self.share = share
        self.say(f"rtpengine is saturated: only {self.share:.0%} of the packet rate")

    def step(self, sessions):
        names = [n for n in self.relays if n != "storm"]
        for more in range(min(r.sessions for r in self.relays.values() if r.name in names),
                          sessions, CHUNK):
            for name in names:
                self.grow(name, min(more + CHUNK, sessions))
        self.choose_rate(sessions)
        self.say(f"{sessions} sessions each, {self.share:.0%} of the packet rate")
        for _ in range(self.reps):
            for name in names:
                self.pair(name, sessions)

    def variants(self):
        for name, (kind, options) in VARIANTS.items():
            self.add(name, kind, relays.CM, options)
            self.grow(name, 500)
        self.grow("storm", 500)
        self.say("variants, 500 sessions")
        for _ in range(self.reps):
            self.pair("storm", 500, label="ours-500")
            for name in VARIANTS:
                self.pair(name, 500)
        for name in VARIANTS:
            self.relays.pop(name).close()

    def growth(self):
        """2000 sessions against 500 at the same rate, in turn: two processes."""
        self.share = 1.0
        self.grow("ours", 2000)
        self.grow("storm", 500)
        self.say("growth: 2000 sessions against 500")
        for _ in range(self.reps):
            self.pair("ours", 2000, label="ours-2000")
            self.pair("storm", 500, label="ours-500")

    def storm(self):
        each = int(STORM * self.seconds / 2) + 8
        self.grow("storm", 500)
        self.grow("storm", 500 + each * self.reps, connect=False)
        self.say(f"{STORM} handshakes/s beside 500 sessions")
        for _ in range(self.reps):
            for mode, handshakes in (("calm", 0), ("storm", STORM)):
                self.row("storm", mode, 500, "run", self.seconds, RATE, 500, handshakes,
                         label="ours")

    def overload(self):
        names = ("ours",) if self.quick else ("ours", "floor", "rtpengine")
        self.say("1000 sessions, 100000 packets/s")
        for name in names:
            self.row(name, "overload", 1000, "run", 2 * self.seconds, OVERLOAD, 1000, 0)

    def run(self):
        self.start()
        for sessions in self.steps:
            self.step(sessions)
        self.growth()
        if not self.quick:
            self.variants()
        self.overload()
        self.storm()
        self.say("done")


def is_saturated(row):
    """A relay that is behind finds many packets at each socket: cheap, and useless to a call."""
    return row["mode"] == "normal" and row["p50"] > SATURATED


def median(rows, relay, mode, n, key="ns"):
    picked = [r for r in rows if (r["relay"], r["mode"], r["n"]) == (relay, mode, n)]
    return statistics.median(
        r[key] for r in [r for r in picked if not is_saturated(r)] or picked)


def lost(rows, relay, mode, n):
    picked = [r for r in rows if (r["relay"], r["mode"], r["n"]) == (relay, mode, n)]
    return (sum(r["lost"] + r["bad"] for r in picked), sum(r["sent"] for r in picked))


def setup(setups, name, key):
    """Median over the chunks; the first one of a process pays for what is made once."""
    return statistics.median(s[key] / s["sessions"] for s in setups[name][1:])


def figures(bench):
    rows, setups = bench.rows, bench.setups

    def ratio(mode, over, n=500, key="ns"):
        return median(rows, "ours", mode, n, key) / median(rows, over, mode, n, key)

    overload, offered = lost(rows, "ours", "overload", 1000)
    return {
        "saturated_rows": sum(map(is_saturated, rows)),
        "vs_rtpengine": ratio("normal", "rtpengine"),
        "vs_rtpengine_backlog": ratio("backlog", "rtpengine"),
        "vs_floor": ratio("normal", "floor"),
        "vs_floor_backlog": ratio("backlog", "floor"),
        # The fastest mode is the default one: io_uring on a socket per leg.
        "best_vs_rtpengine": ratio("backlog", "rtpengine"),
        "growth_2000": median(rows, "ours-2000", "normal", 2000) /
        median(rows, "ours-500", "normal", 500),
        "growth_2000_backlog": median(rows, "ours-2000", "backlog", 2000) /
        median(rows, "ours-500", "backlog", 500),
        "setup_vs_rtpengine": setup(setups, "ours", "cpu") / setup(setups, "rtpengine", "cpu"),
        "memory_vs_rtpengine": setup(setups, "ours", "kb") / setup(setups, "rtpengine", "kb"),
        "storm_p99": median(rows, "ours", "storm", 500, "p99") /
        median(rows, "ours", "calm", 500, "p99"),
        "lost": lost(rows, "ours", "normal", 500)[0],
        "lost_1000": overload / offered,
    }


def last_line(found):
    shown = ("vs_rtpengine vs_rtpengine_backlog vs_floor best_vs_rtpengine growth_2000 "
             "setup_vs_rtpengine memory_vs_rtpengine storm_p99").split()
    words = [f"{key}={found[key]:.2f}" for key in shown]
    return f"bench-media: {' '.join(words)} lost={found['lost']}/{100 * found['lost_1000']:.3f}%"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    bench = Bench(args.build, args.quick)
    try:
        bench.run()
    except FileNotFoundError as missing:
        sys.exit(f"bench-media: {missing.filename} is not installed")
    finally:
        bench.close()
    found = figures(bench)
    result = {"machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux "
                         f"{platform.release()}", "load": os.getloadavg()[0],
              "seconds": time.monotonic() - bench.began, "quick": args.quick,
              "figures": found, "setups": bench.setups, "rows": bench.rows}
    os.makedirs(args.out, exist_ok=True)
    with open(f"{args.out}/media.json", "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    table = sheet.table(result, NAMES)
    with open(f"{args.out}/media.md", "w", encoding="utf-8") as out:
        out.write(table)
    with open(f"{args.out}/media.svg", "w", encoding="utf-8") as out:
        out.write(sheet.picture(result, NAMES))
    print(table)
    print(last_line(found))


if __name__ == "__main__":
    main()
