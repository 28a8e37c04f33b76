// SPDX-License-Identifier: GPL-3.0-or-later
// A person at the web console, in Chromium: node console.mjs PLAYWRIGHT CHROMIUM CONFIG
// CONFIG is JSON: base (URL), token, out (folder for screenshots), profile (folder).
// It says "@STEP" where the test that started it has something to do, and waits for a line.
import {strict as assert} from "node:assert";
import path from "node:path";
import readline from "node:readline";
import {pathToFileURL} from "node:url";

const [playwright, executablePath, text] = process.argv.slice(2);
const config = JSON.parse(text);
const {chromium} = await import(pathToFileURL(path.resolve(playwright, "index.mjs")));
const lines = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
const PHONE = {width: 390, height: 844}, DESK = {width: 1280, height: 860};

async function tell(step) {
	console.log(`@${step}`);
	await lines.next();
}

const browser = await chromium.launchPersistentContext(config.profile, {
	executablePath, headless: true, viewport: DESK, colorScheme: "light", reducedMotion: "reduce",
	args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = browser.pages()[0] || await browser.newPage();
page.setDefaultTimeout(15000);

// What must not happen on any page.
const wrong = [], foreign = [];
page.on("pageerror", error => wrong.push(String(error)));
page.on("console", message => {
	const said = message.text();
	if (["error", "warning"].includes(message.type()) && !/Failed to load resource/.test(said))
		wrong.push(said);
});
page.on("request", request => request.url().startsWith(config.base) ||
	request.url().startsWith("data:") || foreign.push(request.url()));

async function shots(name) {
	await page.evaluate(() => window.scrollTo(0, 0));
	for (const scheme of ["light", "dark"]) {
		await page.emulateMedia({colorScheme: scheme});
		await page.waitForTimeout(150);
		await page.screenshot({path: `${config.out}/${name}-${scheme}.png`, fullPage: true});
	}
	await page.emulateMedia({colorScheme: "light"});
	await page.setViewportSize(PHONE);
	await page.waitForTimeout(200);
	const width = await page.evaluate(() => document.documentElement.scrollWidth);
	assert.ok(width <= PHONE.width, `${name} is ${width} px wide on a phone`);
	await page.screenshot({path: `${config.out}/${name}-phone.png`, fullPage: true});
	await page.setViewportSize(DESK);
	await page.waitForTimeout(100);
}

const has = (selector, words) => page.locator(selector, {hasText: words}).first().waitFor();
const gone = selector => page.locator(selector).first().waitFor({state: "detached"});

async function logIn() {
	await page.getByLabel("Token").fill("wrong-wrong-wrong");
	await page.keyboard.press("Enter");
	await has(".said", "This is not the token.");
	await shots("login");
	await page.getByLabel("Token").fill(config.token);
	await page.keyboard.press("Enter");
	await has("h1", "Calls");
	const cookies = await browser.cookies();
	assert.deepEqual([[true, "Strict"]], cookies.map(c => [c.httpOnly, c.sameSite]));
	assert.equal("", await page.evaluate(() => document.cookie));
}

async function none() {
	await has(".empty", "No calls just now");
	await shots("calls-none");
}

async function list() {
	await has("tr", "alice@atlanta.test");
	const connected = page.locator("tr", {hasText: "alice@atlanta.test"});
	const early = page.locator("tr", {hasText: "carol@atlanta.test"});
	await connected.locator(".chip", {hasText: "Connected"}).waitFor();
	await early.locator(".chip", {hasText: "Ringing"}).waitFor();
	await connected.locator(".chip", {hasText: "authenticated"}).waitFor();
	await connected.getByLabel("encrypted").nth(1).waitFor();
	await early.getByLabel("not yet").first().waitFor();
	const before = await connected.locator("time").textContent();
	await page.waitForTimeout(2100);
	assert.notEqual(before, await connected.locator("time").textContent(), "the time moves");
	await shots("calls");
}

// Without a mouse: filter, go to a call, come back.
async function keyboard() {
	await page.keyboard.press("/");
	assert.equal("filter", await page.evaluate(() => document.activeElement.id));
	await page.keyboard.type("carol");
	await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
	await page.keyboard.type(" nobody");
	await has(".empty", "None of these calls matches");
	await page.getByLabel("Filter calls").fill("alice");
	await has("tr", "alice@atlanta.test");
	await page.keyboard.press("Escape");
	await page.keyboard.press("Tab");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await has("h1", "bob@atlanta.test");
	await page.keyboard.press("Escape");
	await has("h1", "Calls");
	assert.equal("", await page.getByLabel("Filter calls").inputValue());
	await page.keyboard.press("p");
	await has("h1", "Peers");
	await page.keyboard.press("c");
	await has("h1", "Calls");
}

const number = async locator => Number.parseFloat(await locator.textContent());

async function oneCall() {
	await page.getByRole("link", {name: /alice@atlanta.test/}).click();
	await has("h1", "bob@atlanta.test");
	for (const leg of ["Caller’s leg", "Callee’s leg"]) {
		const card = page.getByRole("region", {name: leg});
		await card.getByText(/^DTLSv1\.[23], /).waitFor();
		await card.locator("dd", {hasText: /^(SRTP|AEAD)\w+$/}).waitFor();
	}
	await page.getByRole("region", {name: "Caller’s leg"}).locator(".chip", {hasText: "authenticated"}).waitFor();
	// The plots have both legs' numbers, are drawn, and move.
	const mos = page.locator("figure", {hasText: "MOS"});
	for (const side of ["caller", "callee"])
		await page.waitForFunction(at => Number.parseFloat([...document.querySelectorAll("figure")]
			.find(f => f.textContent.includes("MOS")).querySelector(`.legend .${at}`).textContent) > 4, side);
	assert.ok(await number(mos.locator(".caller")) <= 4.5);
	const picture = () => mos.locator("canvas").evaluate(canvas => canvas.toDataURL());
	const before = await picture();
	const packets = page.locator(".fact", {hasText: "Packets"}).first();
	const counted = await number(packets.locator("dd"));
	await page.waitForTimeout(5000);
	assert.notEqual(before, await picture(), "the plot moves");
	assert.ok(await number(packets.locator("dd")) > counted + 100, "packets are counted on");
}

async function ladder() {
	const messages = page.getByRole("region", {name: "Messages"});
	await messages.waitFor();
	if (!config.hasHistory) {
		await page.locator(".card", {hasText: "No messages of this call are kept here"}).waitFor();
		return;
	}
	const steps = messages.locator(".message");
	await steps.first().waitFor();
	const titles = (await steps.locator(".label").allTextContents()).map(t => t.trim().split(/\s/)[0]);
	for (const wanted of ["INVITE", "407", "180", "200", "ACK"])
		assert.ok(titles.includes(wanted), `${wanted} in ${titles}`);
	assert.ok(await messages.locator(".message.b.right", {hasText: "INVITE"}).count());
	assert.ok(await messages.locator(".message.b.left", {hasText: "200 "}).count());
	await steps.first().click();
	await messages.locator("pre", {hasText: "INVITE sip:bob@atlanta.test"}).waitFor();
}

async function hangUp() {
	await page.getByRole("button", {name: "Hang up"}).click();
	await has("dialog", "are cut off at once");
	await page.screenshot({path: `${config.out}/hang-up-light.png`});
	assert.equal("No, keep it", await page.evaluate(() => document.activeElement.textContent));
	await page.keyboard.press("Escape");
	await gone("dialog");
	await page.waitForTimeout(1500);
	assert.equal(0, await page.locator(".banner").count(), "it goes on");
	await page.getByRole("button", {name: "Hang up"}).click();
	await page.locator("dialog").getByRole("button", {name: "Hang up"}).click();
	await has(".banner", "This call is over");
	if (config.hasHistory) {
		await has(".message.a.left", "BYE");
		await has(".message.b.right", "BYE");
		await page.getByLabel("with decisions").check();
		await has(".note", "call.end");
	}
	await shots("call-over");
	await page.getByRole("link", {name: "Calls"}).first().click();
	await page.waitForFunction(() => !document.body.textContent.includes("alice@"));
}

async function peers() {
	await page.getByRole("link", {name: "Peers"}).click();
	const peer = page.locator(".peer", {hasText: "biloxi"});
	await peer.locator(".chip", {hasText: "Active"}).waitFor();
	await page.locator(".peer", {hasText: "silent"}).locator(".chip", {hasText: "Inactive"}).waitFor();
	await peer.getByRole("button").click();
	await peer.locator(".fact", {hasText: "address in use"}).waitFor();
	await shots("peers");
}

async function outage() {
	await page.getByRole("link", {name: "Calls"}).first().click();
	await has("h1", "Calls");
	await page.locator(".tiles").waitFor();
	await tell("stop");
	await has(".trouble", "No answer.");
	await has(".status", "no answer");
	await shots("no-answer");
	await tell("start");
	// Its sessions were in its memory.
	await page.getByLabel("Token").fill(config.token);
	await page.keyboard.press("Enter");
	await has(".status", "up ");
	assert.equal(0, await page.locator(".trouble").count());
}

async function themes() {
	const button = page.getByRole("button", {name: /^Colours/});
	const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await ground();
	await button.click();
	await button.click();
	assert.notEqual(light, await ground());
	await page.reload();
	await has("h1", "Calls");
	assert.notEqual(light, await ground(), "it is remembered");
	await page.keyboard.press("Tab");
	assert.equal("To the page", await page.evaluate(() => document.activeElement.textContent));
	await button.click();
	assert.equal(light, await ground());
}

try {
	await page.goto(config.base);
	await logIn();
	await none();
	await tell("calls");
	await list();
	await keyboard();
	await oneCall();
	await ladder();
	await shots("call");
	await hangUp();
	await peers();
	await outage();
	await themes();
	await page.getByRole("button", {name: "Log out"}).click();
	await page.getByLabel("Token").waitFor();
	await page.reload();
	await page.getByLabel("Token").waitFor();
	assert.deepEqual([], wrong);
	assert.deepEqual([], foreign);
	console.log("passed");
} catch (error) {
	await page.screenshot({path: `${config.out}/failed.png`}).catch(() => {});
	console.log(`failed: ${error.stack}\n${wrong.join("\n")}`);
	process.exitCode = 1;
} finally {
	await browser.close();
	process.exit();
}
