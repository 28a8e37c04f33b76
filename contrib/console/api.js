// SPDX-License-Identifier: GPL-3.0-or-later
// What is asked of the daemon: JSON-RPC over POST, and the session.

const PATIENCE_MS = 10000;

// kind: "login" (no session), "offline" (no answer), "refused" (the daemon said no).
export class ApiError extends Error {
	constructor(kind, message, code = 0) {
		super(message);
		this.kind = kind;
		this.code = code;
	}
}

async function post(path, value) {
	try {
		return await fetch(path, {
			method: "POST",
			credentials: "same-origin",
			headers: {"Content-Type": "application/json"},
			body: JSON.stringify(value),
			signal: AbortSignal.timeout(PATIENCE_MS),
		});
	} catch {
		throw new ApiError("offline", "countersip does not answer.");
	}
}

let lastId = 0;

export async function rpc(method, ...params) {
	const answer = await post("/rpc", {jsonrpc: "2.0", method, params, id: ++lastId});
	if (answer.status === 401)
		throw new ApiError("login", "Not logged in.");
	if (!answer.ok)
		throw new ApiError("offline", (await answer.text()).trim() || `HTTP ${answer.status}`);
	let said;
	try {
		said = await answer.json();
	} catch {
		throw new ApiError("offline", "The answer was cut off.");
	}
	if (said.error)
		throw new ApiError("refused", said.error.message, said.error.code);
	return said.result;
}

export async function logIn(token) {
	const answer = await post("/login", {token: token.trim()});
	if (answer.status === 401 || answer.status === 400)
		throw new ApiError("refused", "This is not the token.");
	if (answer.status === 429)
		throw new ApiError("refused", "Too many wrong tokens: wait a few seconds.");
	if (!answer.ok)
		throw new ApiError("refused", `HTTP ${answer.status}`);
}

export async function logOut() {
	await post("/logout", {});
}
