// SPDX-License-Identifier: GPL-3.0-or-later
// Other domains' servers: whether they are there, and what is demanded of them.
import {html, useState} from "./preact.js";
import {rpc} from "./api.js";
import {usePoll} from "./poll.js";
import {Chip, Empty, Loading, Trouble} from "./ui.js";

// In the letters of Kamailio's dispatcher.
const STATES = {A: ["Active", "good"], T: ["Trying", "wait"], I: ["Inactive", "bad"], D: ["Disabled", "none"]};

async function ask() {
	const [listed, demands] = [await rpc("dispatcher.list"), await rpc("identity.peers")];
	const targets = listed.RECORDS.flatMap(record => record.SET.TARGETS.map(target => target.DEST));
	return targets.map((target, i) => ({
		name: target.ATTRS.DUID, uri: target.URI, flags: target.FLAGS, calls: target.RUNTIME.DLGLOAD,
		most: target.ATTRS.MAXLOAD, demands: demands.find(d => d.name === target.ATTRS.DUID) || demands[i] || {},
	}));
}

const words = demands => [
	demands.identity_required ? "signature required" : "signature not required",
	demands.accept_rfc4474 && "takes RFC 4474",
	demands.sign_rfc8224 && "signed for (RFC 8224)",
	demands.sign_rfc4474 && "signed for (RFC 4474)",
	demands.require_mky && "covers media keys",
].filter(Boolean);

function Details({name}) {
	const {data, error} = usePoll(() => rpc("peer.show", name), 2000, [name]);
	if (!data)
		return html`<${Trouble} error=${error} />${!error && html`<${Loading} />`}`;
	const groups = [["Just now", data.filter(line => line.origin === "now")],
		["As it is configured", data.filter(line => line.origin !== "now")]];
	return html`<div class="details">${groups.map(([title, lines]) => html`<div><h3>${title}</h3>
		<dl>${lines.map(line => html`<div class="fact"><dt>${line.key}</dt>
			<dd>${line.value || "–"} ${line.origin !== "now" && html`<em class="faint">${line.origin}</em>`}</dd></div>`)}</dl></div>`)}</div>`;
}

function Peer({peer, isOpen, toggle}) {
	const [word, tone] = STATES[peer.flags[0]] || ["?", "none"];
	const share = peer.most ? Math.min(100, Math.round(100 * peer.calls / peer.most)) : 0;
	return html`<li class="card peer">
		<button class="peer-head" aria-expanded=${isOpen} onClick=${toggle}>
			<span class="peer-name">${peer.name}</span>
			<${Chip} tone=${tone}><i class="dot"></i>${word}<//>
			<span class="peer-uri">${peer.uri}</span>
			<span class="peer-calls">${peer.calls}${peer.most ? ` of ${peer.most}` : ""} call${peer.calls === 1 && !peer.most ? "" : "s"}</span>
		</button>
		${peer.most > 0 && html`<progress max="100" value=${share} aria-label="of its calls at once">${share} %</progress>`}
		<p class="faint">${[peer.flags[1] === "P" ? "asked by OPTIONS" : "not asked whether it is there", ...words(peer.demands)].join(" · ")}</p>
		${isOpen && html`<${Details} name=${peer.name} />`}
	</li>`;
}

export function Peers() {
	const [open, setOpen] = useState("");
	const {data, error} = usePoll(ask, 2000);

	return html`<section aria-labelledby="title">
		<div class="page-head"><h1 id="title">Peers</h1></div>
		<${Trouble} error=${error} />
		${!data ? !error && html`<${Loading} />` : data.length
			? html`<ul class=${`peers ${error ? "stale" : ""}`}>${data.map(peer => html`<${Peer} key=${peer.name} peer=${peer}
				isOpen=${open === peer.name} toggle=${() => setOpen(open === peer.name ? "" : peer.name)} />`)}</ul>`
			: html`<${Empty} title="No peers are configured">Calls stay among this server’s own users.
				<code>peers</code> in the configuration names others.<//>`}
	</section>`;
}
