// The greeter's page in a browser.

import { url } from "./greeter.js";

const TIMEOUT = 15_000;

/** A page of its own in the browser, with what it asked for and what it complained about. */
export class GreeterPage {
  requests = [];
  complaints = [];

  static async in(browser) {
    const page = new GreeterPage();
    page.tab = await browser.newPage();
    page.tab.setDefaultTimeout(TIMEOUT);
    page.tab.on("request", (request) => page.requests.push(request.url()));
    page.tab.on("console", (entry) => {
      if (["error", "warning"].includes(entry.type())) page.complaints.push(entry.text());
    });
    page.tab.on("pageerror", (error) => page.complaints.push(String(error)));
    await page.tab.addInitScript(watchStream);
    return page;
  }

  async open(path) {
    await this.tab.goto(url + path);
  }

  /** Makes a call, once the page has made the same one by itself. */
  async press(call, name) {
    await this.ended(call);
    await this.tab.fill("#name", name);
    await this.tab.evaluate(() => (globalThis.arrivals.length = 0));
    await this.tab.click(`#${call} button`);
    await this.ended(call);
  }

  ended(call) {
    return this.tab.waitForSelector(`#${call}:is([data-state="done"], [data-state="failed"])`);
  }

  messages(call) {
    return this.tab.locator(`#${call} li span:first-child`).allTextContents();
  }

  /** The milliseconds that the page shows next to the messages. */
  async elapsed(call) {
    const texts = await this.tab.locator(`#${call} li .elapsed`).allTextContents();
    return texts.map((text) => Number(text.replace(" ms", "")));
  }

  async error(call) {
    const part = (name) => this.tab.locator(`#${call} [data-part="${name}"]`).allTextContents();
    const [code] = await part("code");
    const [message] = await part("message");
    return { code, message, violations: await part("violation") };
  }

  /** When each message of the stream came onto the page, and how many were there then. */
  arrivals() {
    return this.tab.evaluate(() => globalThis.arrivals);
  }
}

function watchStream() {
  globalThis.arrivals = [];
  const observer = new MutationObserver((records) => {
    for (const node of records.flatMap((record) => [...record.addedNodes])) {
      if (!(node instanceof Element) || !node.matches("#slowly li")) continue;
      globalThis.arrivals.push({
        time: Math.round(performance.now()),
        visible: node.getClientRects().length > 0,
        count: node.parentNode.children.length,
      });
    }
  });
  observer.observe(document, { childList: true, subtree: true });
}
