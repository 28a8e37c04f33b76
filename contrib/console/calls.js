// SPDX-License-Identifier: GPL-3.0-or-later
// The calls that there are now, early and confirmed ones.
import {html, useMemo, useState} from "./preact.js";
import {rpc} from "./api.js";
import {usePoll} from "./poll.js";
import {clock, duration, Empty, Loading, person, Secured, State, Trouble, Verdict} from "./ui.js";

const PAGE = 100; // calls

async function ask(first) {
	const counts = await rpc("dlg.stats_active");
	const calls = await rpc("dlg.list", first, PAGE);
	const numbers = await rpc("stats.fetchn", "identity:", "dialog:", "registrar:");
	return {counts, calls, numbers, at: Date.now() / 1000};
}

const Tile = ({label, value, tone}) => html`
	<div class=${`tile ${tone || ""}`}><dd>${value}</dd><dt>${label}</dt></div>`;

function Tiles({data: {counts, numbers}}) {
	const ringing = counts.starting + counts.connecting;
	return html`<dl class="tiles">
		<${Tile} label="connected" value=${counts.ongoing + counts.answering} />
		<${Tile} label="ringing" value=${ringing} />
		<${Tile} label="calls since start" value=${numbers["dialog.processed_dialogs"]} />
		<${Tile} label="signatures verified" value=${numbers["identity.verified"]} />
		<${Tile} label="signatures refused" value=${numbers["identity.refused"]}
			tone=${numbers["identity.refused"] ? "bad" : ""} />
		<${Tile} label="registered" value=${numbers["registrar.contacts"]} />
	</dl>`;
}

export const callLink = call =>
	`#/call/${call.legs[0].call}/${encodeURIComponent(call["call-id"])}`;

function Row({call, at}) {
	const [a, b] = call.legs;
	const since = call.start_ts || call.init_ts;
	return html`<tr>
		<td class="cell-state"><${State} state=${call.state} /></td>
		<th scope="row" class="cell-who"><a href=${callLink(call)}>
			<span class="who">${person(call.from_uri)}</span>${" "}
			<span class="arrow" aria-label="calls">→</span>${" "}
			<span class="who">${person(call.to_uri)}</span></a></th>
		<td class="cell-time"><time title=${clock(call.init_ts)}>${duration(at - since)}</time></td>
		<td class="cell-leg" data-label="caller"><span class="hop">${a.peer || a.transport}</span>${" "}
			<${Verdict} identity=${a.identity} />${" "}<${Secured} leg=${a} /></td>
		<td class="cell-leg" data-label="callee"><span class="hop">${b.peer || b.transport}</span>${" "}
			<${Verdict} identity=${b.identity} />${" "}<${Secured} leg=${b} /></td>
		<td class="cell-name faint">${a.call}</td>
	</tr>`;
}

const matches = (call, words) => words.every(word =>
	`${call.from_uri} ${call.to_uri} ${call["call-id"]} ${call.legs.map(leg =>
		`${leg.call} ${leg.peer} ${leg.identity.outcome} ${leg.keying}`).join(" ")}`
		.toLowerCase().includes(word));

// Up and down go from call to call.
function onKey(event) {
	const step = {ArrowDown: 1, ArrowUp: -1, j: 1, k: -1}[event.key];
	if (!step || event.target.tagName === "INPUT")
		return;
	const links = [...event.currentTarget.querySelectorAll("tbody a")];
	const next = links[Math.min(links.length - 1, Math.max(0, links.indexOf(document.activeElement) + step))];
	if (next) {
		next.focus();
		event.preventDefault();
	}
}

function Table({data, filter}) {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const calls = data.calls.filter(call => matches(call, words));

	if (!data.calls.length)
		return html`<${Empty} title="No calls just now">
			They appear here as they begin, while they still ring.<//>`;
	if (!calls.length)
		return html`<${Empty} title="None of these calls matches">
			Of ${data.calls.length} shown, none has “${filter}”.<//>`;
	return html`<table class="calls" onKeyDown=${onKey}>
		<thead><tr><th>State</th><th>Who calls whom</th><th>Time</th><th>Caller’s leg</th>
			<th>Callee’s leg</th><th>Name</th></tr></thead>
		<tbody>${calls.map(call => html`<${Row} key=${call["call-id"]} call=${call} at=${data.at} />`)}</tbody>
	</table>`;
}

function Pager({first, shown, all, go}) {
	if (all <= PAGE && !first)
		return null;
	return html`<nav class="pager" aria-label="Pages">
		<button disabled=${!first} onClick=${() => go(Math.max(0, first - PAGE))}>Older</button>
		<span>${first + 1}–${first + shown} of ${all}</span>
		<button disabled=${first + shown >= all} onClick=${() => go(first + PAGE)}>Newer</button>
	</nav>`;
}

export function Calls() {
	const [first, setFirst] = useState(0);
	const [filter, setFilter] = useState("");
	const {data, error} = usePoll(() => ask(first), 1000, [first]);
	const all = useMemo(() => data && data.counts.all, [data]);

	return html`<section aria-labelledby="title">
		<div class="page-head">
			<h1 id="title">Calls</h1>
			<input id="filter" type="search" placeholder="Filter (press /)" aria-label="Filter calls"
				value=${filter} onInput=${event => setFilter(event.target.value)} />
		</div>
		<${Trouble} error=${error} />
		${data ? html`
			<${Tiles} data=${data} />
			<div class=${error ? "stale" : ""}><${Table} data=${data} filter=${filter} /></div>
			<${Pager} first=${first} shown=${data.calls.length} all=${all} go=${setFirst} />`
			: !error && html`<${Loading} />`}
	</section>`;
}
