// What shards keep: an index is asked once for everybody, and not again until it has to be.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startEdge } from "../web/edge.mjs";
import { project } from "../web/index.mjs";

let edge;
before(async () => {
  edge = await startEdge({ index: { maxAge: 1 } });
});
after(() => edge?.stop());
beforeEach(() => edge.index.forget());

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const pages = () => edge.index.asked.filter((line) => line.includes("/simple/"));
const files = () => edge.index.asked.filter((line) => line.includes("/files/"));

async function lock() {
  const response = await edge.post(project("workshop"));
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

test("many requests at a time are one question to the index", async () => {
  edge.index.wishes.delay = 100;
  const texts = await Promise.all(Array.from({ length: 8 }, lock));
  edge.index.wishes.delay = 0;
  assert.equal(new Set(texts).size, 1);
  const asked = edge.index.asked;
  assert.equal(new Set(asked).size, asked.length, `asked twice: ${asked.join(", ")}`);
  assert.ok(pages().length > 0 && files().length > 0);
});

test("what is stale is revalidated, what cannot change is not asked again", async () => {
  await sleep(1_100);
  await lock();
  assert.ok(pages().length > 0);
  for (const line of pages()) assert.match(line, / 304$/);
  assert.deepEqual(files(), []);
});

test("the state outlives the process", async () => {
  await lock();
  await edge.restart();
  edge.index.forget();
  await sleep(1_100);
  await lock();
  for (const line of pages()) assert.match(line, / 304$/);
  assert.deepEqual(files(), []);
});

test("a failing index ends the run, and the next one goes well", async () => {
  await sleep(1_100);
  edge.index.wishes.fail = /\/simple\/bellows\//;
  const response = await edge.post(project("workshop"));
  edge.index.wishes.fail = undefined;
  assert.equal(response.status, 502, await response.text());
  await lock();
});
