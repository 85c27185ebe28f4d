// Locks converted, compared, drawn and asked why, over real HTTP.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../web/edge.mjs";
import { project } from "../web/index.mjs";

let edge;
let lock;
before(async () => {
  edge = await startEdge();
  lock = await (await edge.post(project("workshop"), { query: "?format=uv" })).text();
});
after(() => edge?.stop());

const json = (path, body, headers = {}) =>
  fetch(edge.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

/** The JSON of an answer that went well. */
async function read(response) {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

test("a lock sent as it is comes back in another format", async () => {
  const response = await fetch(`${edge.url}/v1/convert?to=requirements`, { method: "POST", body: lock });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(response.headers.get("content-type"), /^text\/plain/);
  assert.match(text, /anvil==1\.1\.0/);
  assert.ok(Number(response.headers.get("lockwright-losses")) > 0);
});

test("with its project a lock becomes poetry's and comes back", async () => {
  const pyproject = project("workshop");
  const there = await read(await json("/v1/convert", { lock: { text: lock }, to: ["poetry"], pyproject }));
  assert.equal(there.from, "uv");
  const { text } = there.locks.poetry;
  assert.match(text, /name = "anvil"\nversion = "1\.1\.0"/);
  const back = await read(await json("/v1/convert", { lock: { text }, to: ["uv"], pyproject }));
  assert.equal(back.locks.uv.text, lock);
});

test("conversions that make no sense are told", async () => {
  const status = async (query, body) => {
    const response = await fetch(`${edge.url}/v1/convert${query}`, { method: "POST", body });
    return [response.status, (await response.json()).code];
  };
  assert.deepEqual(await status("", lock), [400, "request/no-format"]);
  assert.deepEqual(await status("?to=yarn", lock), [422, "formats/unknown-format"]);
  assert.deepEqual(await status("?to=requirements&colour=red", lock), [400, "request/unknown-option"]);
  assert.deepEqual(await status("?to=requirements&platform=beos", lock), [422, "options/invalid-value"]);
  assert.deepEqual(await status("?to=requirements", "no lock"), [422, "formats/unknown-format"]);
});

test("two locks are compared, as JSON and in words", async () => {
  const request = { old: { text: lock }, new: { text: lock.replaceAll("1.1.0", "1.2.0") } };
  const reply = await read(await json("/v1/diff", request));
  assert.deepEqual(
    reply.changes.filter(({ name }) => name === "anvil").map(({ kind, from, to }) => [kind, from, to]),
    [["upgraded", ["1.1.0"], ["1.2.0"]]],
  );
  const table = await json("/v1/diff", request, { accept: "text/markdown" });
  assert.match(table.headers.get("content-type"), /^text\/markdown/);
  assert.match(await table.text(), /\| `anvil` \| upgraded \| 1\.1\.0 \| 1\.2\.0 \|/);
});

test("a tree is drawn, and a package accounted for", async () => {
  const { trees } = await read(await json("/v1/tree", { lock: { text: lock } }));
  assert.ok(trees[0].below.some(({ name }) => name === "anvil"), JSON.stringify(trees));
  const drawn = await (await json("/v1/tree", { lock: { text: lock } }, { accept: "text/plain" })).text();
  assert.match(drawn, /── anvil v1\.1\.0/);
  const { reasons } = await read(await json("/v1/why", { lock: { text: lock }, name: "anvil" }));
  assert.equal(reasons[0].version, "1.1.0");
  assert.ok(reasons[0].ways.length > 0);
  const nobody = await json("/v1/why", { lock: { text: lock }, name: "nobody" });
  assert.deepEqual([nobody.status, (await nobody.json()).code], [422, "select/unknown-project"]);
  const broken = await json("/v1/tree", { lock: { name: "uv.lock", text: "version = " } });
  const { diagnostics } = await broken.json();
  assert.equal(diagnostics[0].labels[0].line, 1);
});
