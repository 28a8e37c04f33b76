#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Each fuzzer for a few seconds over its seeds:
#   tools/fuzz_smoke.sh BUILD_DIR SECONDS NAME...
# One line each; the last line counts them as tools/run_tests.py does.
set -u

build=$1
seconds=$2
shift 2
passed=0
failed=0
for name in "$@"; do
	corpus=$build/corpus/$name
	log=$build/$name.log
	mkdir -p "$corpus"
	seeds=
	[ -d "tests/fuzz/corpus/$name" ] && seeds=tests/fuzz/corpus/$name
	# shellcheck disable=SC2086
	if "$build/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="$build/$name-" "$corpus" $seeds >"$log" 2>&1
	then
		passed=$((passed + 1))
		printf '  fuzz/%-20s %s\n' "$name" "$(sed -n 's/^Done \(.*\) in .*/\1/p' "$log" | tail -n 1)"
	else
		failed=$((failed + 1))
		printf '  fuzz/%-20s FAILED, see %s\n' "$name" "$log"
		tail -n 30 "$log" | sed 's/^/      /'
	fi
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
