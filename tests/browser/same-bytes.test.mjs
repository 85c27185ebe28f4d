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

/** The text of each file that the command writes for all formats. */
async function byCommand(text, fileNames) {
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
    await promisify(execFile)(command, ["lock", "--format", "all"], { cwd: folder, env, timeout: 60_000 });
    return Object.fromEntries(fileNames.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
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
  const all = formats.filter((format) => format.is_in_all);
  assert.ok(all.length > 3);
  const response = await edge.postJson({ pyproject: text, formats: ["all"] });
  const { locks } = await response.json();
  const byName = await byCommand(text, all.map(({ file_name }) => file_name));
  for (const { name, file_name } of all) {
    const overHttp = locks[name].text;
    assert.equal(await playground.lockText(file_name), overHttp, `${name}: browser`);
    assert.equal(byName[file_name], overHttp, `${name}: command`);
  }
});
