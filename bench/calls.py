# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench-calls: calls through countersip and through Kamailio, in rows in turn.

CPU is user and system time of all threads and processes of a server, divided by the calls of
the window. It moves with the neighbours; ratios within a run hold."""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import callsheet
import servers
import signers
import sipp

RATE = 500  # calls/s of the rows
CONCURRENT = (100, 1000, 10000)
QUICK_CONCURRENT = (100, 10000)
FLOOD = 2000  # INVITEs/s
TRIED = 1.25  # the next rate when looking for saturation
GOOD = 0.99  # of the calls complete below saturation
BACK_S = 40  # until memory is given back
OPEN_S = 34  # until no transaction of the last call is left (64 T1, and a little)


class Bench:
    def __init__(self, args):
        self.build, self.folder, self.quick = args.build, args.out + "/calls", args.quick
        self.smoke = args.smoke
        self.servers, self.rows, self.found = {}, [], {}
        self.began = time.monotonic()

    def say(self, text):
        print(f"  {time.monotonic() - self.began:5.0f} s  {text}", flush=True)

    def add(self, name, kind, *rest, **words):
        self.servers[name] = kind(self.build, self.folder, name, *rest, **words)
        self.servers[name].sleep()
        return self.servers[name]

    def close(self):
        for server in self.servers.values():
            server.close()

    def ask(self, name, *words):
        server = self.servers[name]
        server.wake()
        try:
            return server.generator.ask(*words)
        finally:
            server.sleep()

    def row(self, name, mode, n, rate, seconds, warm=1.0):
        """n calls at a time: each stands so long that so many overlap."""
        row = self.ask(name, "load", rate, 1000 * n / rate, warm, seconds, 10)
        row.update(server=name, mode=mode, n=n, rate=rate)
        self.rows.append(row)
        return row

    # ---- what is measured ----

    def steps(self):
        """In a steady state: as many calls, and as many transactions, end as begin. A process
        that is still growing is another thing to measure than one that has grown."""
        names = [n for n in ("ours", "kamailio", "verify", "sign") if n in self.servers]
        seconds = 10 if self.quick else 20
        for n in QUICK_CONCURRENT if self.quick else CONCURRENT:
            self.say(f"{n} calls at a time, {RATE} calls/s")
            for _ in range(1 if self.quick else 2):
                for name in names if n == CONCURRENT[0] else names[:2]:
                    self.row(name, "load", n, RATE, seconds, OPEN_S + 1.05 * n / RATE)

    def with_sipp(self):
        self.say(f"the same with SIPp, {RATE} calls/s")
        for name, kind in (("ours", servers.Ours), ("kamailio", servers.Kamailio)):
            server = self.add(f"sipp-{name}", kind)
            server.wake()
            row = sipp.run(server, RATE, 5)
            server.sleep()
            row.update(server=name, mode="SIPp", n=100, rate=RATE)
            self.rows.append(row)

    def saturate(self, name):
        """The highest rate at which nearly all calls complete."""
        rate, best = 1000.0, 0
        while rate < 20000:
            row = self.row(name, "saturation", 200, round(rate), 3)
            if row["completed"] < GOOD * row["started"]:
                break
            best, rate = round(rate), rate * TRIED
        self.say(f"{name}: {best} calls/s")
        return best

    def memory(self, name, count):
        """A server of its own, which has memory from no calls before: what was given back to
        the program but not to the system would hide what a call takes."""
        own = f"memory-{name}"
        server = self.add(own, type(self.servers[name]))
        self.row(own, "warm", 10, 50, 2)
        self.say(f"{count} established calls through {name}")
        server.wake()
        before = server.kb()
        row = server.generator.ask("fill", count, RATE)
        filled = server.kb()
        time.sleep(OPEN_S)
        after = server.kb()
        server.generator.ask("empty", 1000)
        server.sleep()
        return {"calls": row["answered"], "kb_before": before, "kb_filled": filled,
                "kb_after": after, "kib": (after - before) / max(row["answered"], 1)}

    def flood(self, seconds):
        """A server of its own: what it gives back is to be seen."""
        server = self.add("flood", servers.Ours)
        server.wake()
        before = server.kb()
        self.say(f"{FLOOD} INVITE/s that are never acknowledged, {seconds} s")
        row = server.generator.ask("flood", FLOOD, seconds, 20)
        peak = server.kb()
        time.sleep(BACK_S - 2)
        after = server.kb()
        server.sleep()
        row.update(server="flood", mode="flood", n=0, rate=FLOOD, kb_before=before,
                   kb_peak=peak, kb_after=after)
        self.rows.append(row)
        return row

    def run_smoke(self):
        for name in ("ours", "kamailio", "verify", "sign"):
            self.row(name, "load", 10, 50, 1, 0.2)
        self.found["saturation"] = {"ours": 0, "kamailio": 0}
        self.found["memory"] = {"ours": {"kib": 0.0}}
        self.rows.append(dict(self.ask("ours", "flood", 50, 1, 10), server="ours",
                              mode="flood", n=0, rate=50, kb_before=0, kb_peak=0, kb_after=0))
        self.row("ours", "overload", 10, 50, 1, 0.2)

    def start(self):
        self.add("ours", servers.Ours)
        self.add("kamailio", servers.Kamailio)
        signers.add(self)

    def run(self):
        self.start()
        if self.smoke:
            self.run_smoke()
            return
        self.steps()
        self.with_sipp()
        self.found["saturation"] = {n: self.saturate(n) for n in ("ours", "kamailio")}
        twice = 2 * self.found["saturation"]["ours"]
        self.say(f"overload: {twice} calls/s")
        self.row("ours", "overload", 200, twice, 5 if self.quick else 10)
        count = 2000 if self.quick else 10000
        time.sleep(OPEN_S)
        self.found["memory"] = {n: self.memory(n, count) for n in ("ours", "kamailio")}
        self.flood(20 if self.quick else 60)
        self.say("done")


def median(rows, server, mode, n, key):
    picked = [r[key] for r in rows if (r["server"], r["mode"], r["n"]) == (server, mode, n)]
    return statistics.median(picked) if picked else 0.0


def figures(bench):
    rows = bench.rows
    few, many = (10, 10) if bench.smoke else (CONCURRENT[0], CONCURRENT[-1])

    def cpu(server, n=few):
        return median(rows, server, "load", n, "ms")

    flood = next(r for r in rows if r["mode"] == "flood")
    over = next(r for r in rows if r["mode"] == "overload")
    grown = flood["kb_peak"] - flood["kb_before"]
    return {
        "vs_kamailio": cpu("ours") / cpu("kamailio"),
        "growth_10000": cpu("ours", many) / cpu("ours"),
        "growth_10000_kamailio": cpu("kamailio", many) / cpu("kamailio"),
        "call_kib": bench.found["memory"]["ours"]["kib"],
        "flood_ok": flood["probes_answered"] / max(flood["probes"], 1),
        "flood_p99_ms": flood["probe_p99"],
        "flood_given_back": (flood["kb_peak"] - flood["kb_after"]) / grown if grown > 0 else 1.0,
        # Admitted calls complete, and all others hear 503 with Retry-After.
        "overload_ok": (over["completed"] + over["refused"]) / max(over["started"], 1),
        "overload_completed": over["completed"] / max(over["started"] - over["refused"], 1),
        "overload_refused": over["refused"] / max(over["started"], 1),
        "overload_refusal_p99_ms": over["refusal_p99"],
        "verify_ms": cpu("verify") - cpu("ours"),
        "verify_and_sign_ms": cpu("sign") - cpu("ours"),
        "verify_and_sign_vs_kamailio": cpu("sign") / cpu("kamailio"),
        "sipp_vs_kamailio": median(rows, "ours", "SIPp", 100, "ms") /
            (median(rows, "kamailio", "SIPp", 100, "ms") or 1.0),
        "saturation": bench.found["saturation"],
        "failed": sum(r["failed"] for r in rows if r["mode"] == "load"),
    }


def last_line(found):
    shown = "vs_kamailio growth_10000 call_kib flood_ok flood_p99_ms overload_ok".split()
    return "bench-calls: " + " ".join(f"{key}={found[key]:.2f}" for key in shown)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="does the bench itself work?")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    bench = Bench(args)
    try:
        bench.run()
    except FileNotFoundError as missing:
        sys.exit(f"bench-calls: {missing.filename} is not installed")
    finally:
        bench.close()
    found = figures(bench)
    result = {"machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux "
                         f"{platform.release()}", "load": os.getloadavg()[0],
              "seconds": time.monotonic() - bench.began, "quick": args.quick,
              "figures": found, "memory": bench.found["memory"], "rows": bench.rows}
    with open(f"{args.out}/calls.json", "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
    table = callsheet.table(result)
    with open(f"{args.out}/calls.md", "w", encoding="utf-8") as out:
        out.write(table)
    with open(f"{args.out}/calls.svg", "w", encoding="utf-8") as out:
        out.write(callsheet.picture(result))
    print(table)
    print(last_line(found))


if __name__ == "__main__":
    main()
