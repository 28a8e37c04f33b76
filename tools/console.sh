#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts the web console together: tools/console.sh NPM_FOLDER OUT. There is no build step: files
# are copied. Without the npm packages OUT has a page that says so.
set -eu

npm=$1
out=$2
here=$(cd "$(dirname "$0")/../contrib/console" && pwd)

mkdir -p "$out"
rm -f "$out"/*
if [ -e "$npm/htm/.integrity" ] && [ -e "$npm/uplot/.integrity" ]; then
	cp "$here"/* "$out/"
	cp "$npm/htm/preact/standalone.module.js" "$out/preact.js"
	cp "$npm/uplot/dist/uPlot.esm.js" "$out/uplot.js"
	cp "$npm/uplot/dist/uPlot.min.css" "$out/uplot.css"
	cat "$npm/htm/LICENSE" >"$out/LICENSE-htm.txt"
	cat "$npm/uplot/LICENSE" >"$out/LICENSE-uplot.txt"
else
	echo "<!doctype html><title>countersip</title><p>The console's libraries could not be
fetched when this was built: see make deps, tools/npm.txt." >"$out/index.html"
fi
