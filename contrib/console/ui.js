// SPDX-License-Identifier: GPL-3.0-or-later
// Small things that several pages show: words, chips, icons, times.
import {html, useEffect, useRef} from "./preact.js";

export const STATES = {
	1: ["Starting", "wait"],
	2: ["Ringing", "wait"],
	3: ["Answered", "good"],
	4: ["Connected", "good"],
	5: ["Over", "none"],
};

const OUTCOMES = {
	verified: ["good", "Its signature was checked and holds."],
	authenticated: ["good", "One of our users, by password or certificate."],
	signed: ["good", "We signed this call."],
	absent: ["none", "No signature, and none was required."],
	refused: ["bad", "The signature does not hold."],
	failed: ["bad", "The signature does not hold, and the call was let go on."],
};

export const outcomeTone = outcome => (OUTCOMES[outcome] || ["none", ""])[0];
export const outcomeHelp = outcome => (OUTCOMES[outcome] || ["none", "Nobody had to prove anything on this leg."])[1];

export const Chip = ({tone = "none", title, children}) =>
	html`<span class=${`chip ${tone}`} title=${title}>${children}</span>`;

export const State = ({state}) => {
	const [word, tone] = STATES[state] || ["?", "none"];
	return html`<${Chip} tone=${tone}><i class="dot"></i>${word}<//>`;
};

export const Verdict = ({identity}) => identity && identity.outcome
	? html`<${Chip} tone=${outcomeTone(identity.outcome)}
			title=${identity.why || outcomeHelp(identity.outcome)}>
		${identity.outcome}${identity.code ? ` ${identity.code}` : ""}<//>`
	: null;

const PATHS = {
	lock: "M7 10V7a5 5 0 0 1 10 0v3M5 10h14v10H5z",
	open: "M7 10V7a5 5 0 0 1 9.6-2M5 10h14v10H5z",
	phone: "M5 4h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4a1 1 0 0 1-1 1A16 16 0 0 1 4 5a1 1 0 0 1 1-1z",
	down: "M3 15c5-5 13-5 18 0l-2 3-4-1v-3c-2-1-4-1-6 0v3l-4 1z",
	back: "M15 5l-7 7 7 7",
	sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
	moon: "M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10z",
	auto: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
	out: "M15 4h4v16h-4M10 8l-4 4 4 4M6 12h10",
	peers: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16 11a3 3 0 1 0 0-6M2 19c0-4 12-4 12 0M16 15c4 0 6 2 6 4",
};

export const Icon = ({name, label}) => html`<svg class="icon" viewBox="0 0 24 24" role=${label ? "img" : undefined}
		aria-label=${label} aria-hidden=${label ? undefined : "true"}><path d=${PATHS[name]} /></svg>`;

export const Secured = ({leg}) => leg.secured
	? html`<span class="secured" title=${`${leg.dtls} ${leg.srtp_profile}`.trim()}>
		<${Icon} name="lock" label="encrypted" /> ${keyingName(leg)}</span>`
	: html`<span class="faint" title="No media is forwarded before it is keyed.">
		<${Icon} name="open" label="not yet" /> not keyed yet</span>`;

export const keyingName = leg => ({dtls: "DTLS", sdes: "SDES", none: "in the clear"}[leg.keying] || leg.keying);

// "sip:alice@atlanta.test;x" as people say it.
export const person = uri => String(uri || "").replace(/^<?sips?:/, "").replace(/[;>?].*$/, "");

export function duration(seconds) {
	const s = Math.max(0, Math.floor(seconds)), two = n => String(n).padStart(2, "0");
	return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}`
		: `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export const clock = seconds => new Date(1000 * seconds).toLocaleTimeString([], {hour12: false});

// What keeps a page from being right, on top of what it showed last.
export const Trouble = ({error}) => error && error.kind !== "login" && html`
	<div class="trouble" role="alert">
		<strong>${error.kind === "offline" ? "No answer." : "Refused."}</strong> ${error.message}
		${error.kind === "offline" && " Trying again; what is shown is the last that was heard."}
	</div>`;

export const Empty = ({title, children}) => html`
	<div class="empty"><p class="empty-title">${title}</p><p>${children}</p></div>`;

export const Loading = () => html`<div class="loading" role="status"><span></span><span></span><span></span>
	<em class="hidden">Loading</em></div>`;

// A question that stops everything else. Escape is no.
export function Confirm({title, children, yes, onYes, onNo}) {
	const dialog = useRef(null);

	useEffect(() => {
		dialog.current.showModal();
	}, []);
	return html`<dialog ref=${dialog} class="confirm" aria-labelledby="confirm-title" onCancel=${onNo}
			onClick=${event => event.target === dialog.current && onNo()}>
		<form method="dialog" onSubmit=${event => event.preventDefault()}>
			<h2 id="confirm-title">${title}</h2>
			<p>${children}</p>
			<div class="buttons">
				<button type="button" autofocus onClick=${onNo}>No, keep it</button>
				<button type="button" class="danger" onClick=${onYes}>${yes}</button>
			</div>
		</form>
	</dialog>`;
}
