// SPDX-License-Identifier: GPL-3.0-or-later
// Loss, jitter and MOS of a call's two legs, second by second.
import {html, useEffect, useRef} from "./preact.js";
import uPlot from "./uplot.js";

const KEEP = 300; // seconds

// Samples of the calls that were looked at, by name.
const memory = new Map();
const MEMORY_MAX = 20; // calls

export function samplesOf(name) {
	if (!memory.has(name)) {
		if (memory.size === MEMORY_MAX)
			memory.delete(memory.keys().next().value);
		memory.set(name, {time: [], loss: [[], []], jitter: [[], []], mos: [[], []], before: [null, null]});
	}
	return memory.get(name);
}

function audioOf(leg) {
	return (leg.streams || []).find(stream => stream.kind === "audio");
}

// counters: what media.counters answered.
export function addSample(samples, counters) {
	samples.time.push(Date.now() / 1000);
	for (let i = 0; i < 2; i++) {
		const now = audioOf(counters[i]), before = samples.before[i];
		const heard = now && now.expected > 0;
		let loss = null;
		if (heard && before && now.expected > before.expected)
			loss = Math.max(0, 100 * (now.lost - before.lost) / (now.expected - before.expected));
		samples.loss[i].push(loss);
		samples.jitter[i].push(heard ? now.jitter_us / 1000 : null);
		samples.mos[i].push(heard && now.mos_hundredths ? now.mos_hundredths / 100 : null);
		samples.before[i] = now || null;
	}
	for (const list of [samples.time, ...samples.loss, ...samples.jitter, ...samples.mos])
		if (list.length > KEEP)
			list.shift();
}

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(width, unit, low, high) {
	const faint = css("--faint"), line = css("--line");
	const axis = {stroke: faint, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1},
		font: "11px system-ui, sans-serif"};
	const series = color => ({stroke: color, width: 2, spanGaps: false, points: {show: false},
		value: (_, value) => value === null ? "–" : value.toFixed(2)});
	return {
		width, height: 130,
		cursor: {sync: {key: "call"}, y: false, drag: {setScale: false}},
		legend: {show: false},
		scales: {x: {time: true}, y: {range: (_, min, max) => [low, Math.max(high, max || 0)]}},
		axes: [{...axis, size: 26, space: 70}, {...axis, size: 54, values: (_, ticks) => ticks.map(tick => `${tick}${unit}`)}],
		series: [{}, series(css("--caller")), series(css("--callee"))],
	};
}

function Plot({title, help, samples, field, unit, low, high, version, look}) {
	const place = useRef(null), plot = useRef(null);
	const values = samples[field].map(list => list[list.length - 1]);
	const say = value => value === null || value === undefined ? "–"
		: `${value.toFixed(field === "mos" ? 2 : 1)}${unit}`;

	useEffect(() => {
		const element = place.current;
		plot.current = new uPlot(options(element.clientWidth, unit, low, high),
			[samples.time, ...samples[field]], element);
		const watch = new ResizeObserver(() =>
			plot.current.setSize({width: element.clientWidth, height: 130}));
		watch.observe(element);
		return () => {
			watch.disconnect();
			plot.current.destroy();
		};
	}, [samples, look]);
	useEffect(() => {
		plot.current.setData([samples.time, ...samples[field]]);
	}, [version]);
	return html`<figure class="plot">
		<figcaption title=${help}><span>${title}</span>
			<span class="legend"><b class="caller">${say(values[0])}</b> <b class="callee">${say(values[1])}</b></span>
		</figcaption>
		<div ref=${place}></div>
	</figure>`;
}

export const Plots = ({samples, version, look}) => html`
	<section class="card" aria-labelledby="quality">
		<div class="card-head"><h2 id="quality">How well media arrives</h2>
			<span class="legend"><b class="caller">from the caller</b> <b class="callee">from the callee</b></span></div>
		<div class="plots">
			<${Plot} title="Loss" help="Packets missing in the last second." samples=${samples} field="loss" unit=" %" low=${0} high=${5} version=${version} look=${look} />
			<${Plot} title="Jitter" help="Interarrival jitter (RFC 3550)." samples=${samples} field="jitter" unit=" ms" low=${0} high=${10} version=${version} look=${look} />
			<${Plot} title="MOS" help="What a listener would say, 1 to 4.5 (ITU-T G.107)." samples=${samples} field="mos" unit="" low=${1} high=${4.5} version=${version} look=${look} />
		</div>
	</section>`;
