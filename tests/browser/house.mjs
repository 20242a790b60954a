// The city under test, the browser, and what every flow needs: visitors, people signed in, a resident's report, a step
// of a case, a photo. Start at `open`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** A debug build makes the city in half a minute on two idle cores; on busy ones it takes as long as it takes. */
const START_MS = 600_000;
/** A page that takes longer than this has failed. */
const PATIENCE_MS = 30_000;

export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
export const NARROW = { viewport: { width: 320, height: 640 } };
export const DESK = { viewport: { width: 1280, height: 800 } };

let base = process.env.GEWU_URL;
let browser;
const sessions = new Map();

/** Starts `GEWU_BIN demo` in a folder of its own, unless `GEWU_URL` names a city; and the browser. */
export async function open() {
  if (!base) {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "gewu-browser-"));
    base = `http://127.0.0.1:${port}`;
    const quiet = ["--days", "1", "--per-day", "1", "--live-per-day", "0"];
    const args = ["--data", folder, "demo", "--listen", `127.0.0.1:${port}`, "--trusted-proxies", "1", ...quiet];
    const env = { GEWU_LOG: "warn", ...process.env };
    const server = spawn(process.env.GEWU_BIN, args, { env, stdio: ["ignore", "ignore", "inherit"] });
    process.on("exit", () => {
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(1));
    await answers(() => server.exitCode);
  } else {
    await answers(() => null);
  }
  browser = await chromium.launch({
    executablePath: process.env.GEWU_CHROMIUM ?? "/usr/bin/chromium",
    // Maps are drawn by the processor where there is no graphics card.
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

async function answers(exitCode) {
  for (const until = Date.now() + START_MS; ; ) {
    const answer = await fetch(base).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > until || exitCode() != null) throw new Error(`${base} does not answer`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Leaves no visitor behind: every test begins in an empty browser. */
export async function leave() {
  for (const context of browser.contexts()) await context.close();
}

export async function close() {
  await browser.close();
}

/** Another browser, for what the first was not started for. */
export function launch(args) {
  return chromium.launch({ executablePath: process.env.GEWU_CHROMIUM ?? "/usr/bin/chromium", args });
}

export async function visit(options = {}, within = browser) {
  const context = await within.newContext({ baseURL: base, locale: "zh-CN", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** Signs in by the button of the demonstration's sign-in page. */
export async function signIn(page, login) {
  await page.goto("/sign-in");
  await page.locator(`form:has(input[name=login][value="${login}"]) button`).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

/** A page of somebody who is signed in; each signs in once and goes on in every test. */
export async function signedInAs(login, options, within) {
  const page = await visit(options, within);
  if (!sessions.has(login)) {
    await signIn(page, login);
    sessions.set(login, (await page.context().cookies()).filter(({ name }) => name === "gewu_session"));
  }
  await page.context().addCookies(sessions.get(login));
  return page;
}

export function demand(claim, what) {
  if (!claim) throw new Error(what);
}

/** Words no other report has. */
export function distinct(words) {
  return `${words}（${crypto.randomUUID().slice(0, 8)}）`;
}

export const SEND = "form[action='/report'] button.large";

/** A street that has an account for every role; within it, the first of each list down to the smallest grid. */
export const PLACE = ["望潮区", "柳堤街道"];

export async function choosePlace(page, names) {
  const isScripted = await page.locator("html.scripted").count();
  for (let at = 0; ; at += 1) {
    const select = page.locator(`#area-${at + 1}`);
    if ((await select.count()) === 0) return;
    const choice = names[at] ? { label: names[at] } : { index: 1 };
    if (isScripted) {
      const told = page.waitForResponse("**/pick/areas?**");
      await select.selectOption(choice);
      await (await told).finished();
      await page.waitForFunction((id) => document.getElementById(id)?.value, `area-${at + 1}`);
    } else {
      await select.selectOption(choice);
      await page.click("button[name=again]");
    }
  }
}

/** Fills in the resident's form and sends it; gives number and code of the receipt. */
export async function report(page, words, { place, photos } = {}) {
  await page.goto("/report");
  await page.fill("#words", words);
  await page.fill("#address", "建设路 18 号对面");
  if (place) await choosePlace(page, place);
  if (photos) await page.setInputFiles("input[name=photos]", photos);
  if (photos && (await page.locator("html.scripted").count())) {
    await page.locator("#photos input[name=photo]").nth(photos.length - 1).waitFor({ state: "attached" });
  }
  await page.click(SEND);
  await page.waitForURL("**/receipt");
  return receipt(page);
}

export async function receipt(page) {
  const text = (selector) => page.locator(selector).innerText();
  return { number: await text("#receipt-number"), code: await text("#receipt-code") };
}

/** The address of the case with this number, as this member of staff finds it. */
export async function find(page, number) {
  await page.goto("/cases");
  await page.fill("#words", number);
  await page.click("form[role=search] button");
  await page.waitForURL("**/cases/*/*");
  return new URL(page.url()).pathname;
}

/** Takes a step of a case: opens its form, fills it in, sends it, and waits until it is done. */
export async function act(page, address, code, fill = async () => {}) {
  const step = await openStep(page, address, code);
  await fill(step, page);
  await send(step);
  await page.waitForURL(`**done=${code}**`).catch(async () => {
    const told = await page.locator("[role=alert]").allInnerTexts();
    throw new Error(`${code} of ${address}: ${told.join(" ") || page.url()}`);
  });
}

export async function openStep(page, address, code) {
  await page.goto(address);
  const step = page.locator(`[data-step=${code}]`);
  await step.waitFor({ state: "attached" });
  if ((await step.getAttribute("open")) === null) await step.locator("> summary").click();
  return step;
}

export async function send(step) {
  await step.locator("form[method=post] > .bar > button").click();
}

export async function state(page, address) {
  await page.goto(address);
  return page.locator(".case-head .state").innerText();
}

/** A JPEG of 640 × 480, red to the left and blue to the right; `orientation` as cameras note it. */
export async function jpeg(name, orientation = 1) {
  const page = await visit();
  const encoded = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(640, 480);
    const context = canvas.getContext("2d");
    context.fillStyle = "#c00";
    context.fillRect(0, 0, 320, 480);
    context.fillStyle = "#00c";
    context.fillRect(320, 0, 320, 480);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg" })).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  });
  await page.context().close();
  const plain = Buffer.from(encoded, "base64");
  return { name, mimeType: "image/jpeg", buffer: Buffer.concat([plain.subarray(0, 2), noted(orientation), plain.subarray(2)]) };
}

/** An APP1 segment that says how the camera was held. */
function noted(orientation) {
  const tiff = Buffer.from("4d4d002a0000000800010112000300000001000000000000" + "0000", "hex");
  tiff.writeUInt16BE(orientation, 18);
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** What an iPhone keeps photos as, far enough to be told apart. */
export function heic(name) {
  const head = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1");
  return { name, mimeType: "image/heic", buffer: Buffer.concat([head, Buffer.alloc(4096)]) };
}
