// `POST /v1/index/batch`: what resolvers in browsers ask, and what nobody may make the service ask.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../web/edge.mjs";

let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge?.stop());

function post(body) {
  return fetch(`${edge.url}/v1/index/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The records of a reply: `{ place, ok, body }`. */
async function records(response) {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/vnd.lockwright.batch");
  const bytes = Buffer.from(await response.arrayBuffer());
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 5);
    const body = bytes.subarray(at + 9, at + 9 + length);
    found.push({ place: bytes.readUInt32LE(at), ok: bytes[at + 4] === 1, body });
    at += 9 + length;
  }
  return found.sort((left, right) => left.place - right.place);
}

const page = (name, index = edge.index.url) => ({ Project: { index, name } });

function metadata(name, version, url) {
  const filename = `${name}-${version}-py3-none-any.whl`;
  return {
    Metadata: {
      name,
      version,
      filename,
      url: url ?? `${new URL(edge.index.url).origin}/files/${filename}`,
      size: null,
      beside: true,
      metadata_hash: null,
      file_hash: null,
    },
  };
}

test("each query has one answer, absence among them", async () => {
  const found = await records(await post({ queries: [page("anvil"), page("nowhere"), page("bellows")] }));
  assert.deepEqual(found.map(({ place, ok }) => [place, ok]), [[0, true], [1, true], [2, true]]);
  assert.ok(found[0].body.length > 50);
});

test("metadata is answered once the page is known", async () => {
  await records(await post({ queries: [page("chisel")] }));
  const [found] = await records(await post({ queries: [metadata("chisel", "0.9.0")] }));
  assert.ok(found.ok, found.body.toString());
});

test("no index is asked that the service does not know", async () => {
  const [found] = await records(await post({ queries: [page("anvil", "https://elsewhere.example/simple")] }));
  assert.equal(found.ok, false);
  assert.match(found.body.toString(), /does not ask that address/);
});

test("no file is asked for that no page named", async () => {
  const strange = metadata("zebra", "1.0", "http://169.254.169.254/latest/zebra-1.0-py3-none-any.whl");
  const [found] = await records(await post({ queries: [strange] }));
  assert.equal(found.ok, false);
});

test("asking for the wrong thing does not spoil it for others", async () => {
  await records(await post({ queries: [page("ember")] }));
  const right = metadata("ember", "0.9.0");
  const wrong = structuredClone(right);
  wrong.Metadata.version = "0.8.0";
  await records(await post({ queries: [wrong] }));
  const [found] = await records(await post({ queries: [right] }));
  assert.ok(found.ok && found.body.toString("latin1").includes("anvil"), found.body.toString());
});

test("what is no batch is a problem", async () => {
  assert.equal((await post("[]")).status, 400);
  assert.equal((await post({ queries: Array.from({ length: 1001 }, () => page("anvil")) })).status, 413);
});
