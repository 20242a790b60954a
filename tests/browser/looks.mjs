// Every page, in both languages, light and dark, as axe and the narrowest phone see it; and maps that are really drawn.
import AxeBuilder from "@axe-core/playwright";
import { DESK, NARROW, PLACE, act, demand, distinct, find, launch, report, signedInAs, visit } from "./house.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function faultless(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).slice(0, 3).join(" ")}`);
  demand(told.length === 0, `${what}: ${told.join("; ")}`);
}

/** No page is wider than the narrowest phone. What may be wide scrolls within itself. */
async function fits(page, what) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  demand(width <= NARROW.viewport.width, `${what}: ${width} px wide`);
}

const PAGES = [
  [undefined, ["/", "/report", "/status", "/sign-in", "/not-there"]],
  ["acceptor1", ["/inbox", "/cases", "/cases?view=map", "/intake", "/account", "/account/password", "/account/totp", "/people"]],
  ["collector1", ["/inbox", "/patrol"]],
  ["admin", ["/areas", "/people", "/data", "/inbox"]],
  ["auditor", ["/audit"]],
];

export const tests = {};

for (const [login, paths] of PAGES) {
  for (const path of paths) {
    tests[`${path} as ${login ?? "a visitor"} has no fault that axe finds, light and dark, and fits 320 px`] = async () => {
      for (const [locale, colorScheme] of [["zh-CN", "light"], ["en", "dark"]]) {
        const options = { ...NARROW, locale, colorScheme };
        const page = login ? await signedInAs(login, options) : await visit(options);
        await page.goto(path);
        await fits(page, `${path} ${locale}`);
        await faultless(page, `${path} ${locale} ${colorScheme}`);
        if (colorScheme === "dark") continue;
        await page.setViewportSize(DESK.viewport);
        await faultless(page, `${path} ${locale} at a desk`);
      }
    };
  }
}

/** In both languages and schemes, narrow and wide. */
async function inspect(page, path) {
  await page.goto(path);
  await page.setViewportSize(NARROW.viewport);
  for (const [to, colorScheme] of [["en", "dark"], ["zh-CN", "light"]]) {
    await page.goto(`/language?to=${to}&next=${encodeURIComponent(path)}`);
    await page.emulateMedia({ colorScheme });
    await fits(page, `${path} ${to}`);
    await faultless(page, `${path} ${to} ${colorScheme}`);
  }
}

Object.assign(tests, {
  async "receipt, status and a case at each desk have no fault that axe finds and fit 320 px"() {
    const resident = await visit(NARROW);
    const words = distinct("一句很长很长没有空格的话".repeat(12) + "aVeryLongWordWithoutAnyBreak".repeat(6));
    const { number } = await report(resident, words, { place: PLACE });
    await inspect(resident, "/receipt");
    await inspect(resident, `/status/${number}`);
    const acceptor = await signedInAs("acceptor1", NARROW);
    const address = await find(acceptor, number);
    await inspect(acceptor, address);
    await act(acceptor, address, "submit");
    const chief = await signedInAs("chief1", NARROW);
    await inspect(chief, address);
    for (const step of await chief.locator("[data-step]").all()) {
      await step.evaluate((details) => (details.open = true));
      await fits(chief, `${address} with ${await step.getAttribute("data-step")} open`);
      await faultless(chief, `${address} with ${await step.getAttribute("data-step")} open`);
    }
    const works = await signedInAs("works", NARROW);
    const cases = await works.goto("/inbox").then(() => works.locator("td.title a").first().getAttribute("href"));
    await inspect(works, cases);
  },
  async "errors are pages: not there, not allowed, not readable"() {
    const page = await signedInAs("acceptor1", NARROW);
    for (const [path, status] of [["/not-there", 404], ["/people/person_00000000000000000000000000000000", 0], ["/data", 403], ["/audit", 403]]) {
      const answer = await page.goto(path);
      demand(status === 0 ? answer.status() >= 400 && answer.status() < 500 : answer.status() === status, `${path}: ${answer.status()}`);
      demand((await page.locator("h1").count()) === 1, `${path} is a page`);
      await faultless(page, path);
      await fits(page, path);
    }
  },
  async "a form that is too large or breaks off is told on a page"() {
    const page = await visit(NARROW);
    const headers = { "sec-fetch-site": "same-origin" };
    const large = { number: "1".repeat(3 * 1024 * 1024), code: "2" };
    const tooLarge = await page.request.post("/status", { form: large, headers });
    demand(tooLarge.status() === 413 && (await tooLarge.text()).includes("内容太大"), `answered ${tooLarge.status()}`);
    const broken = { "content-type": "multipart/form-data; boundary=b", ...headers };
    const brokenOff = await page.request.post("/report", { data: "--b\r\ncontent-disposition: form-data; name=x\r\n\r\nhal", headers: broken });
    demand(brokenOff.status() === 400 && (await brokenOff.text()).includes("没有收全"), `answered ${brokenOff.status()}`);
    const answer = await page.goto("/sign-out");
    demand(answer.status() === 404 && (await page.locator("h1").count()) === 1, "what is only sent is no empty page");
  },
  async "the map draws outlines and names from the city's own tiles, on every page that has one"() {
    const admin = await signedInAs("admin", DESK);
    await admin.goto("/areas");
    await drawn(admin, "[data-map=areas]", 12, 6);
    const chief = await signedInAs("chief1", DESK);
    await chief.goto("/cases?view=map");
    await drawn(chief, "[data-map=points]", 12, 6);
    const resident = await visit(DESK);
    await resident.goto("/report");
    await resident.click("[data-open-map]");
    await drawn(resident, "[data-map=pick]", 12, 1);
    await chief.goto("/cases");
    await chief.locator("td.title a").first().click();
    await chief.waitForURL("**/cases/*/*");
    if (await chief.locator("[data-map=point]").count()) await drawn(chief, "[data-map=point]", 1, 0);
  },
  async "in a list nothing reaches into the next column, in either language"() {
    for (const locale of ["zh-CN", "en"]) {
      const page = await signedInAs("chief1", { ...DESK, locale });
      for (const path of ["/inbox", "/cases"]) {
        await page.goto(path);
        const cells = page.locator(".list tbody td");
        const over = await cells.evaluateAll((all) =>
          all.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.innerText),
        );
        demand((await cells.count()) > 0 && over.length === 0, `${path} ${locale}: ${over.slice(0, 3).join(", ")}`);
      }
    }
  },
  async "where no map can be drawn there is a sentence and never an empty box"() {
    const blind = await launch(["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]);
    try {
      const admin = await signedInAs("admin", DESK, blind);
      await admin.goto("/areas");
      await admin.locator(".undrawn", { hasText: "列表" }).waitFor();
      demand((await admin.locator(".map:visible").count()) === 0, "no empty box");
      const resident = await visit(DESK, blind);
      await resident.goto("/report");
      await resident.click("[data-open-map]");
      await resident.locator(".undrawn", { hasText: "地址" }).waitFor();
      const plain = await visit({ javaScriptEnabled: false }, blind);
      await plain.goto("/report");
      demand((await plain.locator(".map:visible, [data-open-map]:visible").count()) === 0, "without script there is none");
    } finally {
      await blind.close();
    }
  },
  async "scripts and styles come small, by an address that may be kept for ever"() {
    const page = await visit();
    const heads = [];
    page.on("response", (response) => heads.push([response.url(), response.headers()]));
    await page.goto("/", { waitUntil: "networkidle" });
    const assets = heads.filter(([url]) => url.includes("/assets/") && url.includes("?v="));
    demand(assets.length >= 3, `${assets.length} files`);
    for (const [url, headers] of assets) demand(headers["cache-control"].includes("immutable"), url);
    const small = heads.filter(([url]) => /\.(css|js)\?/.test(url) && !url.includes("first.js"));
    for (const [url, headers] of small) demand(headers["content-encoding"] === "gzip", `${url} comes whole`);
    const [, home] = heads[0];
    demand(home["content-encoding"] === "gzip" && home["cache-control"] === "no-store", "the page comes small, and is not kept");
  },
  async "nothing jumps while a page comes in"() {
    const page = await visit({ viewport: { width: 360, height: 740 } });
    for (const path of ["/", "/report", "/sign-in"]) {
      await page.goto(path, { waitUntil: "networkidle" });
      const shift = await page.evaluate(
        () =>
          new Promise((done) => {
            let sum = 0;
            new PerformanceObserver((list) => {
              for (const entry of list.getEntries()) sum += entry.value;
            }).observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
          }),
      );
      demand(shift < 0.02, `${path}: ${shift}`);
    }
  },
});

/** The chart found outlines and names in its tiles, and the canvas shows more than one colour. */
async function drawn(page, selector, outlines, names) {
  await page.waitForSelector(`${selector}[data-drawn]`);
  const found = await page.locator(selector).evaluate((part) => ({ ...part.dataset }));
  demand(Number(found.outlines) >= outlines, `${selector}: ${found.outlines} outlines`);
  demand(Number(found.names) >= names, `${selector}: ${found.names} names`);
  const picture = await page.locator(selector).screenshot();
  const colours = await page.evaluate(async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const counts = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    return data.length / 4 - most;
  }, picture.toString("base64"));
  demand(colours > 1_500, `${selector}: ${colours} pixels differ from the ground`);
}
