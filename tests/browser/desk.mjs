// What staff do besides the steps of a case: finding, areas, people, data, the audit record, signing in and out.
import { DESK, demand, distinct, find, report, signIn, signedInAs, visit, PLACE } from "./house.mjs";

const PASSWORD = "gewu-demo-311";

async function typed(page, login, password) {
  await page.goto("/sign-in");
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.click("form:has(#password) button");
}

async function titles(page) {
  return page.locator("[data-rows] td.title a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
}

/** Pages forward to the end and back; every row is met once, and the same on the way back. */
async function thereAndBack(page, path, rows) {
  await page.goto(path);
  const seen = [await rows(page)];
  while (await page.locator("a[rel=next]").count()) {
    await page.click("a[rel=next]");
    await page.waitForLoadState();
    seen.push(await rows(page));
    if (seen.length > 40) throw new Error("the pages do not end");
  }
  const all = seen.flat();
  demand(seen.length > 1, `${path} has one page only`);
  demand(new Set(all).size === all.length, `${path}: a row came twice`);
  for (let at = seen.length - 2; at >= 0; at -= 1) {
    await page.click("a[rel=prev]");
    await page.waitForLoadState();
    demand((await rows(page)).join() === seen[at].join(), `${path}: page ${at + 1} is another one on the way back`);
  }
  demand((await page.locator("a[rel=prev]").count()) === 0, `${path} begins where it began`);
}

export const tests = {
  async "search finds a case by its words and its number, and filters leave out the rest"() {
    const resident = await visit();
    const { number } = await report(resident, distinct("喷泉池子漏水泡了草坪"), { place: PLACE });
    const page = await signedInAs("acceptor1", DESK);
    const address = await find(page, number);
    await page.goto(`/cases?words=${encodeURIComponent("喷泉池子")}`);
    demand((await titles(page)).includes(address), "found by its words");
    await page.goto("/cases");
    await page.selectOption("#state", "closed");
    await page.click("form[role=search] button");
    await page.waitForURL("**state=closed**");
    demand(!(await titles(page)).includes(address), "an open case is not among the closed");
    demand((await page.inputValue("#state")) === "closed", "the filter stays chosen");
    await page.goto("/cases?words=%E6%B2%A1%E6%9C%89%E8%BF%99%E7%A7%8D%E4%B8%9C%E8%A5%BF%E5%92%AF");
    demand((await page.locator(".empty").count()) === 1, "nothing found is said");
  },
  async "the list of cases shows by itself what has just come in"() {
    const page = await signedInAs("acceptor1", DESK);
    const listening = page.waitForResponse("**/api/v1/events");
    await page.goto("/cases");
    await listening;
    const { number } = await report(await visit(), distinct("报刊亭的遮阳棚塌了一角"), { place: PLACE });
    await page.locator("#list tr", { hasText: number }).waitFor();
  },
  async "cases on the map are those of the list"() {
    const page = await signedInAs("chief1", DESK);
    await page.goto("/cases?view=map");
    await page.waitForSelector("[data-map=points][data-drawn]");
    demand((await page.locator("tbody tr").count()) > 0, "the list is below");
  },
  async "people are paged both ways, each once"() {
    await thereAndBack(await signedInAs("admin"), "/people", titles);
  },
  async "keys walk the inbox and open a case"() {
    const page = await signedInAs("chief1", DESK);
    await page.goto("/inbox");
    await page.keyboard.press("j");
    const href = await page.evaluate(() => document.activeElement?.getAttribute("href"));
    demand(href?.startsWith("/cases/"), "j goes to the first row");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${href}`);
    await page.keyboard.press("m");
    demand(await page.evaluate(() => document.activeElement?.matches("[data-step=remark] textarea")), "m writes a remark");
    await page.keyboard.type("键盘写的");
    await page.keyboard.press("Control+Enter");
    await page.waitForURL("**done=remark**");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForURL("**/cases");
  },
  async "with the keyboard alone a resident reports"() {
    const page = await visit(DESK);
    await page.goto("/");
    const upTo = async (selector) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      }
      throw new Error(`${selector} is not reached by Tab`);
    };
    await upTo("a.skip");
    await upTo("a[href='/report']");
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    demand(ring === "solid", "where one stands is seen");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/report");
    await upTo("#words");
    await page.keyboard.type(distinct("键盘上报"));
    await upTo("#address");
    await page.keyboard.type("文化广场");
    await upTo("form[action='/report'] button.large");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/receipt");
  },
  async "areas open level by level, and a press on the map opens the grid there"() {
    const page = await signedInAs("admin", DESK);
    await page.goto("/areas");
    for (const name of ["望潮区", "柳堤街道"]) {
      await page.locator("td.title a", { hasText: name }).click();
      await page.locator("h1", { hasText: name }).waitFor();
    }
    await page.waitForSelector("[data-map=areas][data-drawn]");
    await page.locator("[data-map=areas] canvas").click();
    await page.waitForURL((url) => (url.searchParams.get("area") ?? "").length > 12);
  },
  async "an administrator adds a person, gives a post, and the person signs in, chooses a password and works"() {
    const page = await signedInAs("admin", DESK);
    const login = `probe-${crypto.randomUUID().slice(0, 8)}`;
    await page.goto("/people");
    await page.locator("summary", { hasText: "新增人员" }).click();
    await page.fill("#name", "试用人员");
    await page.selectOption("details[open] #unit", { label: "望潮区监督中心" });
    await page.fill("#login", login);
    await page.fill("#password", "first-password-1");
    await page.click("details[open] button");
    await page.waitForURL("**/people/*");
    await page.selectOption("#role", "acceptor");
    await page.click("form:has(#role) > div:last-child > button");
    await page.locator("td.title", { hasText: "受理员" }).waitFor();
    const plain = await signedInAs("admin", { ...DESK, javaScriptEnabled: false });
    await plain.goto(page.url());
    await plain.selectOption("#role", "duty_chief");
    const chosen = await plain.locator("#area-1 option").nth(1).innerText();
    await plain.selectOption("#area-1", { index: 1 });
    await plain.click("button[name=again]");
    demand((await plain.locator("#role").inputValue()) === "duty_chief", "what was chosen stays");
    const below = await plain.locator("#area-2 option").nth(1).innerText();
    await plain.selectOption("#area-2", { index: 1 });
    await plain.click("form:has(#role) > div:last-child > button");
    const given = plain.locator("tr", { hasText: below });
    await given.locator("td.title").waitFor();
    demand(chosen !== below, "the post is for the area chosen last");
    await given.locator("button").click();
    await plain.locator("tr.quiet", { hasText: below }).waitFor();

    const person = await visit(DESK);
    await typed(person, login, "first-password-1");
    await person.waitForURL("**/account/password");
    await person.goto("/inbox");
    demand(person.url().endsWith("/account/password"), "nothing before a password of one's own");
    await person.fill("#present", "first-password-1");
    await person.fill("#password", "second-password-2");
    await person.fill("#again", "second-password-2");
    await person.click("main form button");
    await person.waitForURL((url) => url.pathname !== "/account/password");
    if (person.url().includes("/sign-in")) await typed(person, login, "second-password-2");
    await person.goto("/inbox");
    demand((await person.locator("h1").innerText()) === "待办", "the desk is open");

    await page.reload();
    await page.locator("form:has(input[value=end]) button").click();
    await page.locator("tr.quiet", { hasText: "受理员" }).waitFor();
    const answer = await person.goto("/inbox");
    demand(!answer.ok() || !(await person.locator("h1").innerText()).includes("待办"), "without the post the desk is closed");
  },
  async "a name that is taken is told and the form kept"() {
    const page = await signedInAs("admin");
    await page.goto("/people");
    await page.locator("summary", { hasText: "新增人员" }).click();
    await page.fill("#name", "重名的人");
    await page.selectOption("details[open] #unit", { index: 1 });
    await page.fill("#login", "chief1");
    await page.fill("#password", "first-password-1");
    await page.click("details[open] button");
    await page.locator("[role=alert]").waitFor();
    demand((await page.inputValue("#name")) === "重名的人", "the form is kept");
  },
  async "data is rehearsed with its faults by line, and nothing changes"() {
    const page = await signedInAs("admin", DESK);
    await page.goto("/data");
    const before = await page.locator("table").innerText();
    const wrong = Buffer.from("code,name_zh\n1,一\n1,二\n");
    await page.setInputFiles("input[name=units]", [{ name: "units.csv", mimeType: "text/csv", buffer: wrong }]);
    await page.click("button[value=rehearse]");
    await page.locator("[role=alert]").waitFor();
    await page.goto("/data");
    demand((await page.locator("table").innerText()) === before, "nothing has changed");
    await page.click("button[value=rehearse]");
    await page.locator("[role=alert]", { hasText: "还没有选文件" }).waitFor();
  },
  async "the audit record tells of sign-ins, failed ones too, and of one person alone"() {
    await typed(await visit(), "city-chief", "not-the-password");
    const page = await signedInAs("auditor", DESK);
    await page.goto("/audit");
    const table = await page.locator("tbody").innerText();
    demand(table.includes("登录失败") && table.includes("登录"), "both stand there");
    await page.locator("tbody a").first().click();
    await page.waitForURL("**person=**");
    demand((await page.locator(".notice").innerText()).includes("只看"), "of one person");
  },
  async "whoever is not signed in is sent to sign in and comes back"() {
    const page = await visit();
    await page.goto("/inbox");
    demand(page.url().endsWith("/sign-in?next=/inbox"), page.url());
    await page.fill("#login", "acceptor2");
    await page.fill("#password", PASSWORD);
    await page.click("form:has(#password) button");
    await page.waitForURL("**/inbox");
  },
  async "signing out ends the session, also for a copy of its cookie and for the back button"() {
    const page = await visit(DESK);
    await signIn(page, "acceptor2");
    await page.goto("/inbox");
    const cookies = await page.context().cookies();
    await page.locator(".side > .who button.link").click();
    await page.waitForURL("**/sign-in**");
    await page.goBack();
    demand(!(await page.content()).includes("data-live"), "the back button shows no inbox");
    const copy = await visit();
    await copy.context().addCookies(cookies);
    await copy.goto("/inbox");
    demand(copy.url().includes("/sign-in"), "a copied cookie opens nothing");
  },
  async "after wrong passwords there is to be waited, and the page says so, for the right one too"() {
    const page = await visit();
    for (let tries = 0; tries < 12; tries += 1) {
      await typed(page, "sanitation-t", `wrong-password-${tries}`);
      await page.locator("[role=alert]").waitFor();
      if ((await page.locator("[role=alert]").innerText()).includes("试的次数太多")) break;
    }
    await typed(page, "sanitation-t", PASSWORD);
    demand((await page.locator("[role=alert]").innerText()).includes("试的次数太多"), "it says that there is to be waited");
  },
  async "whoever floods the pages for strangers is told to wait, and nobody else is"() {
    const page = await visit();
    const elsewhere = { "x-forwarded-for": "203.0.113.9", "sec-fetch-site": "same-origin" };
    const until429 = async (path, form, most) => {
      for (let times = 0; times < most; times += 1) {
        const answer = await page.request.post(path, { form, headers: elsewhere });
        if (answer.status() === 429) return answer.text();
      }
      throw new Error(`${path} takes ${most} of them`);
    };
    demand((await until429("/status", { number: "1", code: "2" }, 80)).includes("请过"), "a page says how long");
    demand((await until429("/report", { words: "" }, 160)).includes("12345"), "and what to do when it cannot wait");
    demand((await until429("/sign-in", { login: "nobody", password: "wrong" }, 40)).includes("请"), "signing in as well");
    await report(page, distinct("别处的人照常能报"));
  },
  async "a form of another session is turned away with a page that says what to do"() {
    const page = await signedInAs("acceptor1");
    await page.goto("/account/password");
    await page.evaluate(() => (document.querySelector("main input[name=csrf]").value = "0"));
    await page.fill("#present", "a-wrong-password");
    await page.fill("#password", "another-password-1");
    await page.fill("#again", "another-password-1");
    const [answer] = await Promise.all([page.waitForNavigation(), page.click("main form button")]);
    demand(answer.status() === 403, `answered ${answer.status()}`);
    demand((await page.locator("h1").innerText()).length > 2, "it is a page");
  },
};
