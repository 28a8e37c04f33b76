// SPDX-License-Identifier: GPL-3.0-or-later
// The frame around the pages: where we are, who is logged in, light and dark.
import {html, render, useEffect, useRef, useState} from "./preact.js";
import {logIn, logOut, rpc} from "./api.js";
import {Call} from "./call.js";
import {Calls} from "./calls.js";
import {Peers} from "./peers.js";
import {usePoll} from "./poll.js";
import {duration, Icon} from "./ui.js";

const THEMES = ["auto", "light", "dark"];
const THEME_ICONS = {auto: "auto", light: "sun", dark: "moon"};

function readPlace() {
	const [page, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
	return {page: page || "calls", rest};
}

function usePlace() {
	const [place, setPlace] = useState(readPlace());
	useEffect(() => {
		const moved = () => {
			setPlace(readPlace());
			window.scrollTo(0, 0);
		};
		window.addEventListener("hashchange", moved);
		return () => window.removeEventListener("hashchange", moved);
	}, []);
	return place;
}

// What the system wants, as it changes.
function useDark() {
	const wish = matchMedia("(prefers-color-scheme: dark)");
	const [isDark, setDark] = useState(wish.matches);
	useEffect(() => {
		const changed = event => setDark(event.matches);
		wish.addEventListener("change", changed);
		return () => wish.removeEventListener("change", changed);
	}, []);
	return isDark;
}

function useTheme() {
	const [theme, setTheme] = useState(document.documentElement.dataset.theme || "auto");
	function next() {
		const chosen = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
		if (chosen === "auto")
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = chosen;
		try {
			localStorage.setItem("theme", chosen);
		} catch {
			// Kept for this page only.
		}
		setTheme(chosen);
	}
	return [theme, next, useDark() || theme === "dark"];
}

function Login({onIn}) {
	const [said, setSaid] = useState("");
	const [isBusy, setBusy] = useState(false);
	const field = useRef(null);

	useEffect(() => field.current.focus(), []);
	async function submit(event) {
		event.preventDefault();
		setBusy(true);
		setSaid("");
		try {
			await logIn(field.current.value);
			onIn();
		} catch (error) {
			setSaid(error.message);
			setBusy(false);
			field.current.select();
		}
	}
	return html`<main class="login"><form class="card" onSubmit=${submit}>
		<img src="icon.svg" alt="" width="44" height="44" />
		<h1>countersip</h1>
		<label for="token">Token</label>
		<input id="token" ref=${field} type="password" autocomplete="current-password" required
			aria-describedby="help said" aria-invalid=${said ? "true" : undefined} />
		<p id="said" class="said" role="alert">${said}</p>
		<button class="primary" disabled=${isBusy}>Log in</button>
		<p id="help" class="faint">It is the line in the file that <code>rpc.http_token</code> names, else in
			${" "}<code>rpc_token</code> in <code>state_dir</code>.</p>
	</form></main>`;
}

async function askStatus() {
	const [version, uptime] = [await rpc("core.version"), await rpc("core.uptime")];
	return {version: String(version).split(" ").slice(0, 2).join(" "), uptime: uptime.uptime};
}

function Status() {
	const {data, error} = usePoll(askStatus, 5000);
	return html`<span class=${`status ${error ? "bad" : data ? "good" : ""}`} role="status"
			title=${error ? error.message : data ? data.version : ""}>
		<i class="dot"></i>${error ? "no answer" : data ? `up ${duration(data.uptime)}` : "…"}</span>`;
}

const Link = ({page, now, children}) => html`<a href=${`#/${page}`}
	aria-current=${now === page || (page === "calls" && now === "call") ? "page" : undefined}>${children}</a>`;

// look: changes when colours do, for what is drawn and not styled.
function Page({place, look}) {
	if (place.page === "call" && place.rest.length === 2)
		return html`<${Call} key=${place.rest[0]} name=${place.rest[0]} callId=${place.rest[1]} look=${look} />`;
	if (place.page === "peers")
		return html`<${Peers} />`;
	return html`<${Calls} />`;
}

function onKey(event) {
	const isTyping = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
		return;
	if (event.key === "Escape" && isTyping) {
		event.target.blur();
	} else if (event.key === "Escape" && readPlace().page === "call") {
		location.hash = "#/calls";
	} else if (event.key === "/" && !isTyping && document.getElementById("filter")) {
		document.getElementById("filter").focus();
		event.preventDefault();
	} else if (!isTyping && (event.key === "c" || event.key === "p")) {
		location.hash = event.key === "c" ? "#/calls" : "#/peers";
	}
}

function App() {
	const place = usePlace();
	const [theme, nextTheme, isDark] = useTheme();
	const [isIn, setIn] = useState(true);

	useEffect(() => {
		const out = () => setIn(false);
		window.addEventListener("logged-out", out);
		window.addEventListener("keydown", onKey);
		return () => {
			window.removeEventListener("logged-out", out);
			window.removeEventListener("keydown", onKey);
		};
	}, []);
	useEffect(() => {
		document.title = {call: `${place.rest[0]} – countersip`, peers: "Peers – countersip"}[place.page] || "Calls – countersip";
	}, [place]);
	if (!isIn)
		return html`<${Login} onIn=${() => setIn(true)} />`;
	return html`
		<a class="skip" href="#main" onClick=${event => {
			event.preventDefault();
			document.getElementById("main").focus();
		}}>To the page</a>
		<header>
			<a class="brand" href="#/calls"><img src="icon.svg" alt="" width="26" height="26" /><span>countersip</span></a>
			<nav aria-label="Pages"><${Link} page="calls" now=${place.page}><${Icon} name="phone" /> Calls<//>
				<${Link} page="peers" now=${place.page}><${Icon} name="peers" /> Peers<//></nav>
			<${Status} />
			<button class="round" onClick=${nextTheme} title=${`Colours: ${theme}`} aria-label=${`Colours: ${theme}`}>
				<${Icon} name=${THEME_ICONS[theme]} /></button>
			<button class="round" title="Log out" aria-label="Log out" onClick=${async () => {
				await logOut().catch(() => {});
				setIn(false);
			}}><${Icon} name="out" /></button>
		</header>
		<main id="main" tabindex="-1"><${Page} place=${place} look=${`${theme} ${isDark}`} /></main>`;
}

render(html`<${App} />`, document.getElementById("app"));
