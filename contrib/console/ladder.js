// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of a call between caller, countersip and callee, and what was decided on the way.
import {html, useState} from "./preact.js";
import {Chip} from "./ui.js";

// "INVITE", or "180 Ringing".
function titleOf(text) {
	const first = text.split(/\r?\n/, 1)[0];
	const response = /^SIP\/2\.0 (\d+ .*)$/.exec(first);
	return response ? response[1] : first.split(" ")[0];
}

// A challenge is no refusal.
const toneOf = title => /^40[17] /.test(title) ? "none"
	: {4: "bad", 5: "bad", 6: "bad", 2: "good"}[title[0]] || "none";

const marksOf = text => [
	/^(identity|y):/im.test(text) && "signed",
	/^m=audio/m.test(text) && "SDP",
].filter(Boolean);

// An event's log line, without what is said beside it anyway.
const eventOf = text => text.replace(/\s*\b(call|leg)=\S+/g, "").trim();

function Message({entry, begin, isOpen, toggle}) {
	const title = titleOf(entry.text), marks = marksOf(entry.text);
	const leg = entry.leg === "b" ? "b" : "a";
	const goesRight = (leg === "a") === (entry.direction === "in");
	return html`<li class="step">
		<button class=${`message ${leg} ${goesRight ? "right" : "left"} ${toneOf(title)}`}
				aria-expanded=${isOpen} onClick=${toggle}
				title=${`${entry.direction === "in" ? "from" : "to"} ${entry.peer} over ${entry.transport}`}>
			<span class="at">${(entry.time - begin).toFixed(3)}</span>
			<span class="lane"><span class="line"><span class="label">${title}
				${marks.map(mark => html`${" "}<em>${mark}</em>`)}</span></span></span>
		</button>
		${isOpen && html`<pre class="raw" tabindex="0">${entry.text.trimEnd()}${entry.is_cut ? "\n… (cut)" : ""}</pre>`}
	</li>`;
}

const Note = ({entry, begin}) => html`<li class="step note">
	<span class="at">${(entry.time - begin).toFixed(3)}</span><span class="text">${eventOf(entry.text)}</span></li>`;

export function Ladder({explained, error, from, to}) {
	const [open, setOpen] = useState(-1);
	const [withNotes, setWithNotes] = useState(false);

	if (!explained)
		return html`<section class="card" aria-labelledby="ladder"><h2 id="ladder">Messages</h2><p class="faint">${error
			? `No messages of this call are kept here. ${error.code === 404 ? error.message + "." : ""}` : "Asking …"}</p></section>`;
	const entries = explained.entries.filter(entry => entry.kind === "message" ||
		(withNotes && (entry.kind === "event" || entry.kind === "leg")))
		.map(entry => ({...entry, time: Number(entry.time)}));
	const begin = explained.entries.length ? Number(explained.entries[0].time) : 0;
	return html`<section class="card" aria-labelledby="ladder">
		<div class="card-head"><h2 id="ladder">Messages</h2>
			<label class="switch"><input type="checkbox" checked=${withNotes}
				onChange=${event => setWithNotes(event.target.checked)} /> with decisions</label></div>
		${explained.is_begin_lost ? html`<p><${Chip} tone="wait">The beginning was overwritten already<//></p>` : null}
		<div class="ends" aria-hidden="true"><span class="at">s</span><span>${from}</span><span>countersip</span><span>${to}</span></div>
		<ol class="ladder">${entries.map((entry, i) => entry.kind === "message"
			? html`<${Message} key=${i} entry=${entry} begin=${begin} isOpen=${open === i}
				toggle=${() => setOpen(open === i ? -1 : i)} />`
			: html`<${Note} key=${i} entry=${entry} begin=${begin} />`)}</ol>
	</section>`;
}
