// The playground as somebody uses it, in Chromium.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startBrowser } from "../web/browser.mjs";
import { startEdge } from "../web/edge.mjs";
import { project } from "../web/index.mjs";

let edge, browser, playground;
before(async () => {
  edge = await startEdge();
  browser = await startBrowser();
});
after(async () => {
  await browser?.stop();
  await edge?.stop();
});
beforeEach(async () => {
  playground = await browser.open(edge.url);
});
afterEach(() => playground?.close());

test("a project is locked in every format", async () => {
  await playground.write(project("workshop"));
  assert.equal(await playground.lock(), "done");
  const { formats } = await (await fetch(`${edge.url}/v1/formats`)).json();
  for (const { file_name } of formats.filter((format) => format.is_in_all)) {
    assert.ok((await playground.lockText(file_name)).includes("anvil"), file_name);
  }
  await playground.page.getByRole("tab", { name: "uv.lock", exact: true }).click();
  await playground.picture("locked");
  assert.deepEqual(playground.complaints, []);
});

test("a lock that is opened is there in the other formats", async () => {
  await playground.write(project("workshop"));
  await playground.lock();
  const uv = await playground.lockText("uv.lock");
  const poetry = await playground.lockText("poetry.lock");
  assert.equal(await playground.open("poetry.lock", poetry), "converted");
  assert.equal(await playground.lockText("uv.lock"), uv);
  assert.match(await playground.lockText("requirements.txt"), /anvil==1\.1\.0/);
  await playground.picture("converted");
  assert.equal(await playground.open("uv.lock", "version = "), "failed");
  await playground.page.locator("[data-code='uv/syntax']").waitFor();
  assert.deepEqual(playground.complaints, []);
});

test("the button does what the shortcut does", async () => {
  await playground.write(project("workshop"));
  await playground.page.getByRole("button", { name: /^Lock/ }).click();
  assert.equal(await playground.outcome(), "done");
  assert.match(await playground.page.getByRole("status").textContent(), /^\d+ packages in /);
});

test("a lock can be copied", async () => {
  await playground.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await playground.write(project("workshop"));
  await playground.lock();
  await playground.page.getByRole("button", { name: "Copy" }).click();
  await playground.page.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await playground.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await playground.lockText("uv.lock"));
});

test("a mistake is underlined while one types", async () => {
  await playground.write(project("bad-requirement"));
  const underlined = playground.page.locator(".cm-lintRange-error");
  await underlined.first().waitFor();
  assert.match((await underlined.allTextContents()).join(""), /anvil ==|==/);
  await underlined.first().hover();
  await playground.page.locator(".cm-diagnostic").waitFor();
  await playground.picture("mistake");
  assert.equal(await playground.lock(), "failed");
  await playground.page.locator("[data-code='manifest/invalid-requirement']").waitFor();
});

test("no solution is told, and goes when the project changes", async () => {
  await playground.write(project("conflict"));
  assert.equal(await playground.lock(), "failed");
  const told = playground.page.locator("[data-code='resolve/no-solution']");
  assert.match(await told.textContent(), /bellows/);
  await playground.picture("no-solution");
  await playground.write(project("workshop"));
  assert.equal(await playground.page.locator(".problem.stale").count(), 1);
  await playground.page.keyboard.press("ControlOrMeta+Enter");
  await playground.page.locator("footer[data-state=done]").waitFor();
});

test("a run can be cancelled, and the next one works", async () => {
  edge.index.wishes.delay = 30_000;
  await playground.write(project("workshop").replace('"chisel"', '"unheard-of"'));
  await playground.page.keyboard.press("ControlOrMeta+Enter");
  await playground.page.getByRole("button", { name: "Cancel" }).waitFor();
  await playground.picture("running");
  await playground.page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await playground.outcome(), "cancelled");
  edge.index.wishes.delay = 0;
  await playground.write(project("workshop"));
  await playground.page.keyboard.press("ControlOrMeta+Enter");
  await playground.page.locator("footer[data-state=done]").waitFor();
});

test("the project is there again after a reload", async () => {
  await playground.write(project("workshop"));
  await playground.page.waitForTimeout(500);
  await playground.page.reload();
  await playground.page.locator(".cm-line", { hasText: "workshop" }).first().waitFor();
});

test("it can be used in the dark and on a small screen", async () => {
  await playground.close();
  for (const [name, context] of [
    ["dark", { colorScheme: "dark" }],
    ["small", { viewport: { width: 390, height: 844 } }],
    ["small-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
  ]) {
    playground = await browser.open(edge.url, context);
    await playground.write(project("workshop"));
    assert.equal(await playground.lock(), "done");
    const overflows = await playground.page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    assert.equal(overflows, false, `${name} scrolls sideways`);
    await playground.picture(name);
    if (name !== "small-dark") await playground.close();
  }
});
