#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs everything that is tested and counts it. Called by `make test`, which has built it.

A job is one program: it runs in a process group of its own, has a deadline, and is shown
only when something failed. Its results are counted one by one: each cmocka function, each
python test, each gate, the demo. The last line is `N passed, N failed, N skipped`."""

import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple

import check
import rows

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUTPUT_LINES = 60  # of a failed job that are shown; the whole is in its log
# Seconds a job may take. Sanitizers make everything several times slower.
DEADLINE = {"unit": 60, "scenario": 150, "tools": 120, "peers": 300, "demo": 120}
SANITIZER_PATIENCE = 4
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "second_deadlock_stack=1:halt_on_error=0",
}

Job = namedtuple("Job", "name kind command")
Result = namedtuple("Result", "passed failed skipped output seconds")


def count_tap(output, status):
    """A cmocka program's results, in the Test Anything Protocol."""
    passed = len(re.findall(r"^ok \d+", output, re.M))
    skipped = len(re.findall(r"^(?:not )?ok \d+.*# SKIP", output, re.M))
    failed = len(re.findall(r"^not ok \d+", output, re.M))
    planned = sum(map(int, re.findall(r"^1\.\.(\d+)", output, re.M)))
    passed -= min(passed, skipped)
    missing = max(0, planned - passed - failed - skipped)
    # It stopped in between, or something (a sanitizer, a fixture) was unhappy at the end.
    if missing or (status and not failed) or not planned:
        failed += max(missing, 1)
    return passed, failed, skipped


def count_unittest(output, status):
    """A python unittest module's results, from its last lines."""
    ran = re.search(r"^Ran (\d+) tests? in", output, re.M)
    told = re.search(r"^(?:OK|FAILED)(?: \((.*)\))?$", output, re.M)
    if not ran or not told:
        return 0, 1, 0
    words = dict(re.findall(r"([a-z ]+)=(\d+)", told[1] or ""))
    numbers = {key.strip(): int(value) for key, value in words.items()}
    failed = (numbers.get("failures", 0) + numbers.get("errors", 0)
              + numbers.get("unexpected successes", 0))
    skipped = numbers.get("skipped", 0)
    if status and not failed:
        failed = 1
    return max(0, int(ran[1]) - failed - skipped), failed, skipped


def count_status(_output, status):
    return (0, 1, 0) if status else (1, 0, 0)


COUNTERS = {"unit": count_tap, "scenario": count_tap, "tools": count_unittest,
            "peers": count_unittest, "demo": count_status}


def find_jobs(build):
    """Every test there is, by the source that is there: what did not build is missed."""
    jobs = []
    for source in sorted(glob.glob("tests/unit/*/test_*.c")):
        room, file = source.split("/")[2:]
        name = f"{room}/{file[len('test_'):-2]}"
        jobs.append(Job(name, "unit", [os.path.join(build, source[:-2])]))
    for source in sorted(glob.glob("tests/scenario/test_*.c")):
        name = "scenario/" + os.path.basename(source)[len("test_"):-2]
        jobs.append(Job(name, "scenario", [os.path.join(build, source[:-2])]))
    for kind in ("tools", "peers"):
        for source in sorted(glob.glob(f"tests/{kind}/test_*.py")):
            name = f"{kind}/" + os.path.basename(source)[len("test_"):-3]
            module = source[:-3].replace("/", ".")
            jobs.append(Job(name, kind, [sys.executable, "-m", "unittest", "-v", module]))
    jobs.append(Job("demo", "demo", [sys.executable, "tools/demo/demo.py", "--build", build]))
    return jobs


def environment(build, san):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="tap", COUNTERSIP_BUILD=build,
               COUNTERSIP_SAN=san, PYTHONDONTWRITEBYTECODE="1")
    for key, value in SANITIZER_OPTIONS.items():
        env.setdefault(key, value)
    return env


class Runner:
    def __init__(self, build, san):
        self.san = san
        self.env = environment(build, san)
        self.logs = os.path.join(build, "test-logs")
        self.running = set()
        self.lock = threading.Lock()
        os.makedirs(self.logs, exist_ok=True)

    def run(self, job):
        log = os.path.join(self.logs, job.name.replace("/", "-") + ".log")
        began = time.monotonic()
        with open(log, "wb") as out:
            status, note = self._execute(job, out)
        with open(log, encoding="utf-8", errors="replace") as text:
            output = text.read()
        counts = COUNTERS[job.kind](output, status)
        return Result(*counts, output + note, time.monotonic() - began)

    def _execute(self, job, out):
        deadline = DEADLINE[job.kind] * (SANITIZER_PATIENCE if self.san else 1)
        try:
            process = subprocess.Popen(job.command, cwd=ROOT, env=self.env, stdout=out,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       start_new_session=True)
        except OSError as error:
            return 1, f"{job.command[0]}: {error.strerror}\n"
        with self.lock:
            self.running.add(process)
        try:
            status = process.wait(deadline)
            note = f"{job.name} died of {_signal_name(-status)}\n" if status < 0 else ""
            return status, note
        except subprocess.TimeoutExpired:
            self._stop(process)
            return 1, f"{job.name} was stopped after {deadline} s\n"
        finally:
            with self.lock:
                self.running.discard(process)

    @staticmethod
    def _stop(process):
        """First the chance to clean up: the demo and the peers have children."""
        for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, sign)
                process.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def stop_all(self):
        with self.lock:
            left = list(self.running)
        for process in left:
            self._stop(process)


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def run_gates(wanted):
    """Yields (name, Result) for each gate of tools/check.py."""
    tree = check.Tree(ROOT)
    for gate, function in check.GATES.items():
        if not f"check/{gate}".startswith(wanted):
            continue
        began = time.monotonic()
        found = [check.describe(v) for v in sorted(function(tree))]
        yield f"check/{gate}", Result(int(not found), int(bool(found)), 0,
                                      "\n".join(found) + "\n", time.monotonic() - began)


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, result):
        self.passed += result.passed
        self.failed += result.failed
        self.skipped += result.skipped
        words = [f"{result.passed:4} passed"]
        words += [f"{result.failed} FAILED"] if result.failed else []
        words += [f"{result.skipped} skipped"] if result.skipped else []
        print(f"  {name:<28} {', '.join(words):<32} {result.seconds:6.1f} s", flush=True)
        if result.failed:
            self.failures.append((name, result))
            self._show(result.output)

    @staticmethod
    def _show(output):
        lines = output.rstrip().split("\n")
        if len(lines) > OUTPUT_LINES:
            print(f"      ... {len(lines) - OUTPUT_LINES} lines before these")
        for line in lines[-OUTPUT_LINES:]:
            print("      " + line)

    def close(self, logs):
        if self.failures:
            print("\nfailed: " + " ".join(name for name, _ in self.failures))
            print(f"whole outputs: {logs}/")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0


def run_jobs(runner, jobs, report):
    """Unit and scenario programs side by side; what opens known ports alone."""
    alone = [job for job in jobs if job.kind in ("peers", "demo")]
    together = [job for job in jobs if job not in alone]
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        try:
            for job, result in zip(together, pool.map(runner.run, together)):
                report.add(job.name, result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            runner.stop_all()
            raise
    for job in alone:
        report.add(job.name, runner.run(job))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/plain")
    parser.add_argument("--san", default="")
    parser.add_argument("--filter", default="", help="only tests whose name begins so")
    args = parser.parse_args()
    os.chdir(ROOT)

    report = Report()
    runner = Runner(args.build, args.san)
    # Not a beginning of names: everything that proves a row.
    table = rows.Table(ROOT, args.filter) if args.filter in rows.KINDS else None
    wanted = table.jobs() if table else set()
    jobs = [job for job in find_jobs(args.build)
            if job.name in wanted or (not table and job.name.startswith(args.filter))]
    want_gates = args.filter.startswith("check") if args.filter else not args.san
    if not jobs and not want_gates:
        print(f"no test has a name that begins with {args.filter}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if want_gates:
            for name, result in run_gates(args.filter):
                report.add(name, result)
        run_jobs(runner, jobs, report)
    except (KeyboardInterrupt, SystemExit):
        runner.stop_all()
        report.close(runner.logs)
        print("stopped before the end", file=sys.stderr)
        return 130
    status = report.close(runner.logs)
    if table and not table.print({name for name, _ in report.failures}):
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
