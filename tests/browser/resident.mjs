// What a resident does: reports, keeps the receipt, looks what became of it, takes back what they gave.
import { DESK, PHONE, PLACE, SEND, demand, distinct, find, heic, jpeg, receipt, report, signedInAs, visit } from "./house.mjs";

async function open(page, { number, code }) {
  await page.goto("/status");
  await page.fill("#number", number);
  await page.fill("#code", code);
  await page.click("main form button");
}

/** Width and height of the first photo, and how red its upper left is. */
async function shown(page) {
  return page.locator(".photos img").first().evaluate(async (image) => {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const [red, , blue] = context.getImageData(10, 10, 1, 1).data;
    return { width: image.naturalWidth, height: image.naturalHeight, isRed: red > blue };
  });
}

export const tests = {
  async "a resident without script reports, gets a receipt and finds the report again"() {
    const page = await visit({ javaScriptEnabled: false, ...PHONE });
    const words = distinct("路灯不亮，晚上看不清台阶");
    const { number, code } = await report(page, words);
    const other = await visit({ javaScriptEnabled: false });
    await open(other, { number, code: code.toLowerCase() });
    await other.waitForURL(`**/status/${number}`);
    demand((await other.content()).includes(words), "the status shows the resident's own words");
    demand(!other.url().includes(code), "the code stands in no address");
  },
  async "on a phone a report with a turned photo and a place from the lists takes no account and no contact"() {
    const page = await visit(PHONE);
    const words = distinct("井盖松了，车一压就响");
    const { number } = await report(page, words, { place: PLACE, photos: [await jpeg("turned.jpg", 6)] });
    await page.click("main a.button");
    await page.waitForURL(`**/status/${number}`);
    demand((await page.content()).includes("柳堤街道") || (await page.content()).includes("建设路"), "the place is told");
    const { width, height } = await shown(page);
    demand(height > width, `the photo stands upright: ${width} × ${height}`);
  },
  async "without script a turned photo travels with the form and is put upright by the server"() {
    const page = await visit({ javaScriptEnabled: false });
    const { number } = await report(page, distinct("墙上有裂缝"), { photos: [await jpeg("turned.jpg", 6)] });
    await page.goto(`/status/${number}`);
    const { width, height, isRed } = await shown(page);
    demand(height > width && isRed, `the photo stands upright: ${width} × ${height}`);
  },
  async "a photo of a kind no browser shows is told by its name and what to do, and costs nothing else"() {
    const page = await visit(PHONE);
    await page.goto("/report");
    await page.fill("#words", "这句话要留着");
    await page.setInputFiles("input[name=photos]", [heic("IMG_1.HEIC")]);
    await page.locator("#photos .said").filter({ hasText: "HEIC" }).waitFor();
    demand((await page.inputValue("#words")) === "这句话要留着", "the words are kept");
    const plain = await visit({ javaScriptEnabled: false });
    await plain.goto("/report");
    await plain.fill("#words", "这句话也要留着");
    await plain.setInputFiles("input[name=photos]", [heic("IMG_2.HEIC")]);
    await plain.click(SEND);
    await plain.locator("#photos .wrong").filter({ hasText: "HEIC" }).waitFor();
    demand((await plain.inputValue("#words")) === "这句话也要留着", "the words are kept");
  },
  async "a place is taken from the map and stands in the lists, where it can be changed"() {
    const page = await visit(DESK);
    await page.goto("/report");
    const words = distinct("树枝压着电线");
    await page.fill("#words", words);
    await page.click("[data-open-map]");
    await page.waitForSelector("[data-map=pick][data-drawn]");
    await page.locator("[data-map=pick] canvas").click();
    await page.waitForFunction(() => document.querySelector("#area-1")?.value && document.querySelector("#area-2")?.value);
    demand((await page.locator("[data-said]").innerText()).includes("已选定"), "the place is said");
    await page.click(SEND);
    await page.waitForURL("**/receipt");
    const { number } = await receipt(page);
    const staff = await signedInAs("city-chief");
    await find(staff, number);
    demand((await staff.locator("aside [data-map=point]").count()) === 1, "the case lies on the map");
  },
  async "a place is taken by the location of the device"() {
    const page = await visit({ ...PHONE, permissions: ["geolocation"], geolocation: { longitude: 119.965, latitude: 38.5625 } });
    await page.goto("/report");
    await page.click("[data-here]");
    await page.waitForFunction(() => document.querySelector("#area-1")?.value);
    demand((await page.locator("[data-said]").innerText()).includes("望潮区"), "the place is said");
  },
  async "without script the lists of areas open level by level and keep what was typed"() {
    const page = await visit({ javaScriptEnabled: false, ...PHONE });
    const { number } = await report(page, distinct("河边护栏断了"), { place: PLACE });
    const staff = await signedInAs("acceptor1");
    await find(staff, number);
    demand((await staff.locator("aside dl").innerText()).includes("柳堤街道"), "the case lies in the street chosen");
  },
  async "a wrong code opens nothing"() {
    const page = await visit();
    const words = distinct("井盖松了");
    const { number } = await report(page, words);
    const other = await visit();
    await open(other, { number, code: "22222222" });
    await other.waitForSelector("[role=alert]");
    demand(!(await other.content()).includes(words), "a stranger reads nothing");
  },
  async "an empty report is told what is missing beside its field and keeps the form"() {
    const page = await visit();
    await page.goto("/report");
    await page.click(SEND);
    await page.waitForSelector("[role=alert]");
    demand(await page.locator(".field .wrong + label[for=words], .field:has(#words) .wrong").count(), "told at the field");
    demand(await page.locator("[role=alert]").evaluate((one) => one === document.activeElement), "and read out first");
  },
  async "a contact that cannot be one is told beside its field, with everything else kept"() {
    const page = await visit(PHONE);
    await page.goto("/report");
    const words = distinct("地下通道漏水");
    await page.fill("#words", words);
    await page.fill("#address", "火车站地下通道");
    await page.locator("summary", { hasText: "联系方式" }).click();
    await page.fill("#phone", "12");
    await page.click(SEND);
    await page.locator(".field:has(#phone) .wrong").waitFor();
    demand((await page.inputValue("#words")) === words, "the words are kept");
    await page.fill("#phone", "13900001111");
    await page.click(SEND);
    await page.waitForURL("**/receipt");
  },
  async "two clicks send one report"() {
    const page = await visit();
    const words = distinct("双击也只算一次");
    await page.goto("/report");
    await page.fill("#words", words);
    await page.fill("#address", "建设路 18 号对面");
    await page.dblclick(SEND);
    await page.waitForURL("**/receipt");
    const { number } = await receipt(page);
    const staff = await signedInAs("city-chief");
    await staff.goto(`/cases?words=${encodeURIComponent("双击也只算一次")}`);
    const rows = await staff.locator("tbody tr", { hasText: words.slice(-9, -1) }).count();
    demand(rows === 1, `${rows} cases of one report`);
    await find(staff, number);
  },
  async "going back and forth sends nothing again, and the form can be filled in anew"() {
    const page = await visit({ javaScriptEnabled: false });
    const words = distinct("返回再提交");
    const { number } = await report(page, words);
    await page.goBack();
    await page.waitForURL("**/report");
    await page.fill("#words", words);
    await page.fill("#address", "建设路 18 号对面");
    await page.click(SEND);
    await page.waitForURL("**/receipt");
    demand((await receipt(page)).number !== number, "a form opened anew is a report of its own");
    await page.goBack();
    await page.goForward();
    await page.waitForURL("**/receipt");
    const staff = await signedInAs("city-chief");
    await staff.goto(`/cases?words=${encodeURIComponent("返回再提交")}`);
    const mine = staff.locator("tbody tr", { hasText: words.slice(-9, -1) });
    demand((await mine.count()) === 2, `two forms sent, ${await mine.count()} cases`);
  },
  async "a resident erases what they gave"() {
    const page = await visit(PHONE);
    const words = distinct("这句话以后要删掉");
    const { number } = await report(page, words);
    await page.goto(`/status/${number}`);
    await page.click("#erase summary");
    await page.check("#erase input[type=checkbox]");
    await page.click("#erase button");
    await page.waitForURL("**done=erase");
    demand(!(await page.content()).includes(words), "the words are gone");
  },
  async "a resident urges once and is told"() {
    const page = await visit(PHONE);
    const { number } = await report(page, distinct("催一下"), { place: PLACE });
    await page.goto(`/status/${number}`);
    const urge = page.locator("form:has(input[value=urge]) button");
    await urge.click();
    await page.waitForURL("**done=urge");
    demand((await page.locator("[role=status]").innerText()).includes("已催办"), "it is said");
    await page.goto(`/status/${number}`);
    demand((await urge.count()) === 0, "it is not offered so soon again");
    demand((await page.locator("main").innerText()).includes("刚刚催过"), "the page says why");
  },
  async "the language can be switched and stays"() {
    const page = await visit();
    await page.goto("/");
    await page.click("header a[hreflang=en]");
    await page.goto("/report");
    demand((await page.getAttribute("html", "lang")) === "en", "the page is English");
    demand(!/[\u4e00-\u9fff]/.test((await page.locator("main label").allInnerTexts()).join("")), "labels are English");
  },
  async "the pages for residents weigh little"() {
    const page = await visit(PHONE);
    for (const path of ["/", "/report"]) {
      let bytes = 0;
      const weigh = async (response) => {
        const { responseBodySize, responseHeadersSize } = await response.request().sizes();
        bytes += responseBodySize + responseHeadersSize;
      };
      const weighed = [];
      const listen = (response) => weighed.push(weigh(response));
      page.on("response", listen);
      await page.goto(path, { waitUntil: "networkidle" });
      page.off("response", listen);
      await Promise.all(weighed);
      demand(bytes > 1_000 && bytes < 100_000, `${path}: ${bytes} bytes`);
    }
  },
};

