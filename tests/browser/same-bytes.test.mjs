// The command, the HTTP API and the browser give the same bytes for the same project.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startBrowser } from "../web/browser.mjs";
import { startEdge } from "../web/edge.mjs";
import { project } from "../web/index.mjs";

let edge, browser;
before(async () => {
  edge = await startEdge();
  browser = await startBrowser();
});
after(async () => {
  await browser?.stop();
  await edge?.stop();
});

async function byCommand(text, { name, file_name }) {
  const folder = mkdtempSync(join(tmpdir(), "lockwright-command-"));
  try {
    writeFileSync(join(folder, "pyproject.toml"), text);
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      LOCKWRIGHT_PUBLIC_INDEX: edge.index.url,
      LOCKWRIGHT_CACHE_DIR: join(folder, "cache"),
    };
    const command = process.env.LOCKWRIGHT_COMMAND;
    await promisify(execFile)(command, ["lock", "--format", name], { cwd: folder, env, timeout: 60_000 });
    return readFileSync(join(folder, file_name), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("three ways, one result", async () => {
  const text = project("workshop");
  const { formats } = await (await fetch(`${edge.url}/v1/formats`)).json();
  const playground = await browser.open(edge.url);
  await playground.write(text);
  assert.equal(await playground.lock(), "done");
  for (const format of formats) {
    const response = await edge.post(text, { query: `?format=${format.name}` });
    const overHttp = await response.text();
    assert.equal(response.status, 200, overHttp);
    assert.equal(await playground.lockText(format.file_name), overHttp, `${format.name}: browser`);
    assert.equal(await byCommand(text, format), overHttp, `${format.name}: command`);
  }
});
