import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { launch } from "./support/chromium.js";
import { GreeterPage } from "./support/greeter-page.js";
import { assertSpreadOut, greetings, refusal, url } from "./support/greeter.js";

const REFUSED = {
  code: "INVALID_ARGUMENT",
  message: refusal.message,
  violations: [`${refusal.violation.field}: ${refusal.violation.description}`],
};

let browser;
let page;

before(async () => (browser = await launch()));
after(() => browser?.close());
beforeEach(async () => (page = await GreeterPage.in(browser)));
afterEach(() => page.tab.close());

const CLIENTS = [
  { client: "built-in", path: "/", script: "/small-client.js" },
  { client: "official", path: "/?client=official", script: "/official-client.js" },
];

for (const { client, path, script } of CLIENTS) {
  describe(`the page with the ${client} client`, () => {
    test("makes each call by itself, and nothing but these", async () => {
      await page.open(path);
      await Promise.all(["hello", "slowly", "fail"].map((call) => page.ended(call)));
      assert.deepEqual(await page.messages("hello"), ["Hello, world!"]);
      assert.deepEqual(await page.messages("slowly"), greetings("world"));
      assert.deepEqual(await page.error("fail"), REFUSED);
      assert.deepEqual(page.complaints, []);
      const service = "/helloworld.Greeter";
      assert.deepEqual(
        page.requests.sort(),
        [path, "/page.js", script]
          .concat(`${service}/SayHello`, `${service}/SayHello`, `${service}/SayHelloSlowly`)
          .map((resource) => url + resource)
          .sort(),
      );
    });

    test("greets by the name that was entered", async () => {
      await page.open(path);
      await page.press("hello", "Zoë");
      assert.deepEqual(await page.messages("hello"), ["Hello, Zoë!"]);
    });

    test("shows the messages of a stream one by one", async () => {
      await page.open(path);
      await page.press("slowly", "Ada");
      assert.deepEqual(await page.messages("slowly"), greetings("Ada"));
      assertSpreadOut(await page.elapsed("slowly"));

      const arrivals = await page.arrivals();
      assertSpreadOut(arrivals.map(({ time }) => time));
      assert.deepEqual(arrivals.map(({ count }) => count), [1, 2, 3, 4, 5]);
      assert.ok(arrivals.every(({ visible }) => visible));
    });

    test("shows the code, the message and the details of an error", async () => {
      await page.open(path);
      for (const call of ["fail", "hello", "slowly"]) {
        await page.press(call, "");
        assert.deepEqual(await page.error(call), REFUSED);
        assert.deepEqual(await page.messages(call), []);
      }
    });
  });
}

test("the page says how to get the official client where it has not been built", async () => {
  const hint = "not built: run this and that";
  await page.tab.route("**/official-client.js", (route) => route.fulfill({ status: 404, body: hint }));
  await page.open("/?client=official");
  const shown = await page.tab.waitForSelector("#hint:visible");
  assert.match(await shown.textContent(), new RegExp(hint));
});
