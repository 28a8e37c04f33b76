// SPDX-License-Identifier: GPL-3.0-or-later
// One call: its legs with their verdicts, how media arrives, its messages, and its end.
import {html, useEffect, useRef, useState} from "./preact.js";
import {rpc} from "./api.js";
import {Ladder} from "./ladder.js";
import {addSample, Plots, samplesOf} from "./plots.js";
import {usePoll} from "./poll.js";
import {clock, Confirm, duration, Empty, Icon, Loading, outcomeHelp, person, Secured, State, Trouble, Verdict} from "./ui.js";

const optional = promise => promise.then(value => ({value}), error => {
	if (error.kind !== "refused")
		throw error;
	return {error};
});

async function ask(name, callId, samples) {
	const [call] = await rpc("dlg.dlg_list", callId);
	const counters = call ? await optional(rpc("media.counters", name)) : {};
	if (counters.value)
		addSample(samples, counters.value);
	return {call, counters: counters.value, at: Date.now() / 1000};
}

const Fact = ({name, children}) => children
	? html`<div class="fact"><dt>${name}</dt><dd>${children}</dd></div>` : null;

function Packets({leg}) {
	const p = leg && leg.packets;
	if (!p)
		return null;
	const dropped = p.dropped_gate + p.dropped_auth + p.dropped_replay + p.dropped_malformed +
		p.dropped_source + p.dropped_dtls + p.dropped_send;
	return html`<${Fact} name="Packets">${p.rtp_received} in, ${p.rtp_relayed} relayed,
		${" "}${p.rtp_lost} lost${dropped ? html`, <b class="warn">${dropped} dropped</b>` : ""}<//>`;
}

function Leg({leg, title, tone, counters}) {
	const id = leg.identity;
	return html`<section class=${`card leg ${tone}`} aria-label=${title}>
		<div class="card-head"><h2>${title}</h2><${Verdict} identity=${id} /></div>
		<p class="verdict">${id.why || outcomeHelp(id.outcome)}</p>
		<dl>
			<${Fact} name="Through">${[leg.peer, leg.transport].filter(Boolean).join(", ")}<//>
			<${Fact} name="Identity">${id.identity}<//>
			<${Fact} name="Vouched by">${[id.domain, id.mechanism].filter(Boolean).join(", ")}<//>
			<${Fact} name="Certificate">${id.url}<//>
			<${Fact} name="Signed at">${id.signed_s ? clock(id.signed_s) : ""}<//>
			<${Fact} name="Media"><${Secured} leg=${leg} /><//>
			<${Fact} name="DTLS">${[leg.dtls, leg.cipher_suite].filter(Boolean).join(", ")}<//>
			<${Fact} name="SRTP profile">${leg.srtp_profile}<//>
			<${Packets} leg=${counters} />
			<${Fact} name="Leg">${leg.state}<//>
			<${Fact} name="Call-ID"><code>${leg.call_id}</code><//>
		</dl>
	</section>`;
}

function HangUp({call, onDone}) {
	const [isAsking, setAsking] = useState(false);
	const [said, setSaid] = useState("");

	async function end() {
		setAsking(false);
		try {
			await rpc("dlg.end_dlg", call.h_entry, call.h_id);
			setSaid("Ending …");
			onDone();
		} catch (error) {
			setSaid(error.message);
		}
	}
	return html`<div class="hang-up">
		<span role="status">${said}</span>
		<button class="danger" onClick=${() => setAsking(true)}><${Icon} name="down" /> Hang up</button>
		${isAsking && html`<${Confirm} title="End this call?" yes="Hang up" onYes=${end}
				onNo=${() => setAsking(false)}>
			${person(call.from_uri)} and ${person(call.to_uri)} are cut off at once.<//>`}
	</div>`;
}

const Head = ({call, name, at, isOver, again}) => html`<div class="page-head">
	<div>
		<a class="back" href="#/calls"><${Icon} name="back" /> Calls</a>
		<h1 id="title"><span>${person(call.from_uri)}</span><span class="arrow" aria-label="calls"> → </span><span>${person(call.to_uri)}</span></h1>
		<p class="sub"><${State} state=${isOver ? 5 : call.state} />
			<span>${duration(at - (call.start_ts || call.init_ts))}</span>
			<span class="faint">${name}, since ${clock(call.init_ts)}</span></p>
	</div>
	${!isOver && html`<${HangUp} call=${call} onDone=${again} />`}
</div>`;

export function Call({name, callId, look}) {
	const samples = samplesOf(name);
	const {data, error, again} = usePoll(() => ask(name, callId, samples), 1000, [name, callId]);
	const explain = usePoll(() => optional(rpc("call.explain", name)), 2000, [name]);
	const last = useRef(null);

	useEffect(() => {
		last.current = null;
	}, [name]);
	if (data && data.call)
		last.current = data;
	const shown = last.current;
	const isOver = Boolean(data && !data.call);
	const explained = explain.data && explain.data.value;
	if (!data && !shown)
		return html`<section><${Trouble} error=${error} />${!error && html`<${Loading} />`}</section>`;
	if (!shown)
		return html`<section aria-labelledby="title">
			<a class="back" href="#/calls"><${Icon} name="back" /> Calls</a>
			<h1 id="title">${name}</h1>
			${explained ? html`<p class="banner">This call is over.</p>
				<${Ladder} explained=${explained} from="caller" to="callee" />`
				: html`<${Empty} title="This call is over">Its record is in the file that
					<code>call_records</code> names.<//>`}
		</section>`;
	const {call, counters} = shown;
	const [from, to] = [person(call.from_uri), person(call.to_uri)];
	return html`<section aria-labelledby="title">
		<${Head} call=${call} name=${name} at=${shown.at} isOver=${isOver} again=${again} />
		<${Trouble} error=${error} />
		${isOver && html`<p class="banner" role="status">This call is over. What is shown is how it was last.</p>`}
		<div class=${`legs ${error || isOver ? "stale" : ""}`}>
			<${Leg} leg=${call.legs[0]} title="Caller’s leg" tone="caller" counters=${counters && counters[0]} />
			<${Leg} leg=${call.legs[1]} title="Callee’s leg" tone="callee" counters=${counters && counters[1]} />
		</div>
		<${Plots} samples=${samples} version=${shown.at} look=${look} />
		<${Ladder} explained=${explained} error=${explain.data && explain.data.error} from=${from} to=${to} />
	</section>`;
}
