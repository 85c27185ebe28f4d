// The playground in headless Chromium, with everything it complains about collected.
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where screenshots go, to be looked at by a person. */
const SCREENSHOTS = fileURLToPath(new URL("../../.state/screenshots/", import.meta.url));

/** Starts Chromium with a fresh profile. */
export async function startBrowser() {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    timeout: 60_000,
  });
  return {
    /** Opens the playground; `complaints` holds what the console and the page reported. */
    async open(url, context = {}) {
      const tab = await browser.newContext({ acceptDownloads: true, ...context });
      const page = await tab.newPage();
      page.setDefaultTimeout(20_000);
      const complaints = [];
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(url);
      await page.waitForSelector('.cm-content[aria-label="pyproject.toml"]');
      return new Playground(page, complaints);
    },
    stop: () => browser.close(),
  };
}

/** The page, as somebody uses it. */
class Playground {
  constructor(page, complaints) {
    this.page = page;
    this.complaints = complaints;
  }

  /** Replaces the project. */
  async write(text) {
    const editor = this.page.locator('.cm-content[aria-label="pyproject.toml"]');
    await editor.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.insertText(text);
  }

  /** Opens a file, as from the file chooser. */
  async open(name, text) {
    const chooser = this.page.getByLabel("Open a project or a lock");
    await chooser.setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
    const ended = this.page.locator("footer:is([data-state=converted], [data-state=failed])");
    await ended.waitFor();
    return ended.getAttribute("data-state");
  }

  /** Starts a run by the shortcut, and waits for its end. */
  async lock() {
    await this.page.keyboard.press("ControlOrMeta+Enter");
    return this.outcome();
  }

  /** How the run ended: `done`, `failed` or `cancelled`. */
  async outcome() {
    const ended = this.page.locator("footer:is([data-state=done], [data-state=failed], [data-state=cancelled])");
    await ended.waitFor();
    return ended.getAttribute("data-state");
  }

  /** The text of a lock, by its file name, byte for byte as it is downloaded. */
  async lockText(fileName) {
    await this.page.getByRole("tab", { name: fileName, exact: true }).click();
    const [download] = await Promise.all([
      this.page.waitForEvent("download"),
      this.page.getByRole("button", { name: "Download" }).click(),
    ]);
    return readFileSync(await download.path(), "utf8");
  }

  /** Takes a picture of the page for people to look at. */
  async picture(name) {
    await this.page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
  }

  close() {
    return this.page.context().close();
  }
}
