// What is around the lock: the small routes, headers, the playground's files.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../web/edge.mjs";

let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge?.stop());

test("the service says that it is well", async () => {
  const response = await fetch(`${edge.url}/healthz`);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).status, "ok");
});

test("formats and settings can be asked for", async () => {
  const { formats } = await (await fetch(`${edge.url}/v1/formats`)).json();
  assert.deepEqual(formats[0], {
    name: "uv",
    file_name: "uv.lock",
    media_type: "application/toml",
    layouts: [],
    can_be_read: true,
    can_be_written: true,
    is_in_all: true,
  });
  const meta = await (await fetch(`${edge.url}/v1/meta`)).json();
  assert.equal(meta.public_index, edge.index.url);
  assert.equal(meta.limits.body_bytes, 1024 * 1024);
});

test("the description names every route", async () => {
  const description = await (await fetch(`${edge.url}/openapi.json`)).json();
  assert.equal(description.openapi, "3.1.0");
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of Object.keys(item)) {
      const response = await fetch(edge.url + path, { method: method.toUpperCase() });
      assert.ok(![404, 405].includes(response.status), `${method} ${path}: ${response.status}`);
    }
  }
});

test("any site may use the API", async () => {
  const preflight = await fetch(`${edge.url}/v1/lock`, {
    method: "OPTIONS",
    headers: { origin: "https://site.example", "access-control-request-method": "POST" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.match(preflight.headers.get("access-control-allow-methods"), /POST/);
  const problem = await fetch(`${edge.url}/v1/nothing`);
  assert.equal(problem.headers.get("access-control-allow-origin"), "*");
});

test("every answer carries the headers that keep browsers safe", async () => {
  for (const path of ["/", "/healthz", "/v1/nothing", "/favicon.svg"]) {
    const response = await fetch(edge.url + path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    assert.ok(response.headers.get("content-security-policy"), path);
  }
});

test("the playground is served, its files for good", async () => {
  const page = await fetch(edge.url);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  const html = await page.text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(script, html);
  const response = await fetch(edge.url + script);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("cache-control"), /immutable/);
  assert.equal((await fetch(`${edge.url}/no-such-page`)).status, 404);
});
