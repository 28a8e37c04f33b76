#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make demo: one verified call between two phones in two domains, and two refusals.

    alice -- TLS --> atlanta.test -- TLS --> biloxi.test -- TLS --> bob
    baresip         countersip              countersip              baresip

Everything runs on 127.0.0.1 with files under build/demo. The last line is `demo: passed`
and the status 0, or it says what failed and where the logs are."""

import argparse
import os
import signal
import sys

import acts
import show
from procs import DemoError
from stage import Stage


def run(build):
    stage = Stage(build)
    failures = []
    try:
        for act in (acts.verified_call, acts.altered_on_the_way, acts.other_certificate):
            failures += act(stage)
        failures += stage.close()
    except DemoError as error:
        failures.append(str(error))
        show.verdict(False, str(error))
    finally:
        stage.programs.stop_all()
    return failures, stage.logs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/plain", help="where countersip was built")
    args = parser.parse_args()
    # Both by name: a shell starts what runs in the background with SIGINT ignored.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    try:
        failures, logs = run(args.build)
    except BrokenPipeError:  # nobody watches any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted, everything is stopped", file=sys.stderr)
        return 130
    print()
    if failures:
        for failure in failures:
            print(f"  {failure}")
        show.failed(f"demo: failed, logs are in {os.path.relpath(logs)}/")
        return 1
    show.passed("demo: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
