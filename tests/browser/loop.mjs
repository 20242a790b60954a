// A case through all hands, each signed in from the demonstration's own page: what every role may do, and is told it
// may not. The town's 柳堤街道 in 望潮区 has an account for each of them.
import {
  DESK,
  PHONE,
  PLACE,
  act,
  demand,
  distinct,
  find,
  heic,
  jpeg,
  openStep,
  report,
  send,
  signedInAs,
  state,
  visit,
} from "./house.mjs";

const WORKS = "望潮区市政设施养护中心";

const yes = (name) => (step) => step.locator(`input[name=${name}][value=yes]`).check();
const note = (words) => (step) => step.locator("textarea[name=note]").fill(words);
const first = async (select) => select.selectOption({ index: 1 });
const reason = async (step) => {
  await first(step.locator("select[name=reason]"));
  await note("见现场照片，另附书面说明")(step);
};

/** A resident's report in the street, and its case. */
async function reported(options = {}) {
  const resident = await visit(options);
  const receipt = await report(resident, distinct("人行道上的井盖松了"), { place: PLACE });
  const acceptor = await signedInAs("acceptor1", options);
  return { ...receipt, resident, acceptor, address: await find(acceptor, receipt.number) };
}

/** Finds a class by words, as a duty chief does, and files under its first condition. */
async function file(chief, address) {
  await act(chief, address, "file", async (step) => {
    if (await chief.locator("html.scripted").count()) {
      const told = chief.waitForResponse("**/classes?**");
      await step.locator("input[name=q]").fill("井盖");
      await (await told).finished();
      await chief.waitForFunction(() => !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling"));
    } else {
      await step.locator("input[name=q]").fill("井盖");
      await step.locator("form[role=search] button").click();
      await chief.waitForURL("**q=**");
    }
    await chief.locator("[data-step=file] .picks", { hasText: "井盖" }).waitFor();
    await chief.locator("[data-step=file] input[name=pick]").first().check();
  });
}

async function dispatch(dispatcher, address) {
  await act(dispatcher, address, "dispatch", (step) => step.locator("select[name=other]").selectOption({ label: WORKS }));
}

/** Filed and with the works' crew. */
async function dispatched(options) {
  const one = await reported(options);
  await act(one.acceptor, one.address, "submit");
  await file(await signedInAs("chief1", options), one.address);
  await dispatch(await signedInAs("dispatcher1", options), one.address);
  return { ...one, works: await signedInAs("works", options) };
}

async function handle(works, address, name) {
  const photo = await jpeg(name);
  await act(works, address, "handle", async (step) => {
    await step.locator("textarea[name=note]").fill("已更换井盖并加固");
    await step.locator("input[type=file]").setInputFiles([photo]);
    if (await works.locator("html.scripted").count()) await step.locator("input[name=photo]").waitFor({ state: "attached" });
  });
}

/** Whoever the check fell to: a collector on the spot, or an acceptor by the photos; never the handler. */
async function checker(address, options) {
  for (const login of ["collector1", "acceptor2", "acceptor1", "collector2"]) {
    const page = await signedInAs(login, options);
    const answer = await page.goto(address);
    if (answer.ok() && (await page.locator("[data-step=check]").count())) return page;
  }
  throw new Error(`nobody may check ${address}`);
}

async function check(address, passed, options) {
  const page = await checker(address, options);
  const photo = await jpeg("check.jpg");
  await act(page, address, "check", async (step) => {
    await step.locator(`input[name=passed][value=${passed}]`).check();
    if (passed === "no") await first(step.locator("select[name=reason]"));
    const input = step.locator("input[type=file]");
    if (await input.count()) {
      await input.setInputFiles([photo]);
      if (await page.locator("html.scripted").count()) await step.locator("input[name=photo]").waitFor({ state: "attached" });
    }
  });
}

async function closeCase(address, options) {
  const chief = await signedInAs("chief1", options);
  await act(chief, address, "close", async (step) => {
    for (const tick of await step.locator("input[name=tick]").all()) await tick.check();
    await step.locator("textarea[name=note]").fill("井盖已于今天更换，谢谢您。");
  });
}

/** From the report to the resident's answer that it is not solved, and round again. */
async function wholeLoop(options) {
  const { resident, number, acceptor, address } = await reported(options);
  await act(acceptor, address, "send_to_verify", (step) => step.locator("select[name=unit]").selectOption({ label: "柳堤街道网格工作站" }));
  const collector = await signedInAs("collector1", options);
  await act(collector, address, "verify", async (step) => {
    await yes("true")(step);
    await note("到场看了，属实")(step);
  });
  const chief = await signedInAs("chief1", options);
  demand((await state(chief, address)) === "待立案", "verified means awaiting filing");
  await file(chief, address);
  await dispatch(await signedInAs("dispatcher1", options), address);
  const works = await signedInAs("works", options);
  await act(works, address, "accept");
  await handle(works, address, "after.jpg");
  demand((await works.locator("h2", { hasText: "处置后" }).count()) === 1, "photos before and after stand apart");
  await check(address, "no", options);
  demand((await state(works, address)) === "返工", "what did not pass is done again");
  await handle(works, address, "again.jpg");
  await check(address, "yes", options);
  await closeCase(address, options);

  await resident.goto(`/status/${number}`);
  demand((await resident.content()).includes("谢谢您"), "the answer reaches the resident");
  demand((await resident.locator("#rate input:checked").count()) === 0, "nothing is chosen for the reporter");
  await resident.check("#rate input[value=no]");
  await resident.check("#rate input[name=stars][value='2']");
  await resident.click("#rate button");
  await resident.waitForURL("**done=reopen");
  demand((await state(chief, address)) === "已重开", "not solved means open again");
  await dispatch(await signedInAs("dispatcher1", options), address);
  await act(works, address, "accept");
  await handle(works, address, "third.jpg");
  await check(address, "yes", options);
  await closeCase(address, options);
  await resident.goto(`/status/${number}`);
  await resident.check("#rate input[value=yes]");
  await resident.check("#rate input[name=stars][value='5']");
  await resident.click("#rate button");
  await resident.waitForURL("**done=rate");
  demand((await resident.locator("#rate").count()) === 0, "one answer is enough");
  await chief.goto(address);
  demand((await chief.locator("aside dl").innerText()).includes("5"), "the rating stands on the case");
}

export const tests = {
  async "at a desk a case goes through all hands, is done again, reopened by its reporter and closed"() {
    await wholeLoop(DESK);
  },
  async "on a phone without script a case goes through all hands as well"() {
    await wholeLoop({ javaScriptEnabled: false, ...PHONE });
  },
  async "a refusal needs its reason, and the resident reads it"() {
    const { resident, number, acceptor, address } = await reported();
    await act(acceptor, address, "submit");
    const chief = await signedInAs("chief1");
    const step = await openStep(chief, address, "refuse");
    await send(step);
    await chief.locator("[data-step=refuse] [role=alert]").waitFor();
    await act(chief, address, "refuse", reason);
    demand((await state(chief, address)) === "不予受理", "it is refused");
    await resident.goto(`/status/${number}`);
    demand((await resident.content()).includes("现场没有发现"), "the resident reads why");
  },
  async "a unit hands back what is not theirs with a reason, and the dispatcher sends it on"() {
    const { works, address } = await dispatched();
    await act(works, address, "return", reason);
    const dispatcher = await signedInAs("dispatcher1");
    demand((await state(dispatcher, address)) === "已回退", "it is back");
    demand((await dispatcher.locator(".timeline").innerText()).includes("不是本单位职责"), "with its reason");
    await dispatcher.locator(".refused summary").click();
    demand((await dispatcher.locator(".refused-list").innerText()).includes("另一位同事"), "who got it back may not send it on");
    const other = await signedInAs("dispatcher2");
    await act(other, address, "dispatch", (step) =>
      step.locator("select[name=other]").selectOption({ label: "望潮区环境卫生中心" }),
    );
    demand((await state(other, address)) === "已派遣", "it is with another unit");
  },
  async "more time is asked for and granted, a suspension asked for, refused, asked for again and ended"() {
    const { works, address } = await dispatched();
    const dispatcher = await signedInAs("dispatcher1");
    await act(works, address, "accept");
    await act(works, address, "ask", async (step) => {
      await step.locator("input[value=extension]").check();
      await step.locator("input[name=hours]").fill("1");
      await first(step.locator("select[name=extension_reason]"));
    });
    demand((await works.locator(".notice.care:visible").innerText()).includes("等待批复"), "the question is on the page");
    await act(dispatcher, address, "answer", (step) => step.locator("input[name=granted][value=yes]").check());
    const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    const suspension = async (step) => {
      await step.locator("input[value=suspension]").check();
      await step.locator("input[name=until]").fill(until);
      await first(step.locator("select[name=suspension_reason]"));
    };
    await act(works, address, "ask", suspension);
    await act(dispatcher, address, "answer", async (step) => {
      await step.locator("input[name=granted][value=no]").check();
      await note("材料已经到货")(step);
    });
    demand((await state(works, address)) === "处置中", "it goes on");
    await act(works, address, "ask", suspension);
    await act(dispatcher, address, "answer", (step) => step.locator("input[name=granted][value=yes]").check());
    demand((await state(dispatcher, address)) === "挂账", "it is suspended");
    await act(dispatcher, address, "resume");
    demand((await state(dispatcher, address)) === "处置中", "it goes on before its day");
  },
  async "a supervisor urges, the unit sees it, and a second time is told to wait"() {
    const { works, address } = await dispatched();
    const supervisor = await signedInAs("supervisor");
    await act(supervisor, address, "urge", note("有老人从这里过，请抓紧"));
    await works.goto(address);
    demand((await works.locator(".timeline").innerText()).includes("请抓紧"), "the unit reads it");
    await supervisor.goto(address);
    demand((await supervisor.locator("[data-step=urge]").count()) === 0, "it is not offered so soon again");
    await supervisor.locator(".refused summary").click();
    await supervisor.locator(".refused", { hasText: "还没有到时间" }).waitFor();
  },
  async "what somebody may not do is said with the reason, and doing it by hand is refused"() {
    const { works, address, acceptor } = await dispatched();
    await works.goto(address);
    await works.locator(".refused summary").click();
    const told = await works.locator(".refused-list").innerText();
    demand(/[：:].{4,}/.test(told), told);
    const csrf = await acceptor.locator("input[name=csrf]").first().getAttribute("value");
    const answer = await acceptor.request.post(address, {
      form: { csrf, do: "close", key: crypto.randomUUID().replaceAll("-", ""), note: "不该结案" },
      headers: { "sec-fetch-site": "same-origin" },
    });
    demand(answer.status() === 409 || answer.status() === 403, `answered ${answer.status()}`);
    demand((await state(works, address)) === "已派遣", "nothing has changed");
  },
  async "a case of another district is not shown"() {
    const { address } = await reported();
    const stranger = await signedInAs("chief-t");
    const answer = await stranger.goto(address);
    demand(answer.status() === 403 || answer.status() === 404, `answered ${answer.status()}`);
  },
  async "a step two people take at once is taken once, and the other is told"() {
    const { acceptor, address } = await reported();
    const other = await signedInAs("acceptor2");
    const [mine, theirs] = [await openStep(acceptor, address, "submit"), await openStep(other, address, "submit")];
    await send(mine);
    await acceptor.waitForURL("**done=submit**");
    await send(theirs);
    await other.locator("[role=alert]").first().waitFor();
    demand((await state(other, address)) === "待立案", "it was submitted once");
  },
  async "a HEIC photo does not cost a handler what they wrote"() {
    const { works, address } = await dispatched({ javaScriptEnabled: false });
    await act(works, address, "accept");
    const step = await openStep(works, address, "handle");
    await step.locator("textarea[name=note]").fill("写好的说明");
    await step.locator("input[type=file]").setInputFiles([heic("IMG_3.HEIC")]);
    await send(step);
    await works.locator("[data-step=handle] [role=alert]", { hasText: "HEIC" }).waitFor();
    demand((await works.locator("[data-step=handle] textarea").inputValue()) === "写好的说明", "the words are kept");
  },
  async "an open case says when somebody else has changed it"() {
    const { acceptor, address } = await reported(DESK);
    await acceptor.goto(address, { waitUntil: "networkidle" }).catch(() => {});
    const other = await signedInAs("acceptor2");
    await act(other, address, "remark", note("打过电话了"));
    await acceptor.locator("[data-changed]").waitFor({ state: "visible" });
  },
};
