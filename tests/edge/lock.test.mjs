// `POST /v1/lock` over real HTTP: what goes in, what comes out, and what is said when nothing can.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge, within } from "../web/edge.mjs";
import { project } from "../web/index.mjs";

let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge?.stop());

/** Checks that a response is a problem document, and gives it. */
async function problem(response, status, code) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("content-type"), /^application\/problem\+json/);
  const found = JSON.parse(text);
  assert.equal(found.status, status);
  assert.ok(found.title && found.type, text);
  if (code) assert.match(found.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
  return found;
}

test("a project comes back as uv.lock", async () => {
  const response = await edge.post(project("workshop"), { query: "?format=uv" });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(response.headers.get("content-type"), /^application\/toml/);
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="uv.lock"');
  assert.match(text, /^version = 1\nrevision = /);
  for (const wanted of ['name = "anvil"\nversion = "1.1.0"', 'name = "bellows"\nversion = "1.4.0"', 'name = "ember"\nversion = "0.9.0"']) {
    assert.ok(text.includes(wanted), `${wanted} is missing from\n${text}`);
  }
  assert.ok(text.includes(`registry = "${edge.index.url}"`), text);
});

test("the same project gives the same bytes every time", async () => {
  const texts = await Promise.all(
    Array.from({ length: 4 }, () => edge.post(project("workshop")).then((response) => response.text())),
  );
  assert.equal(new Set(texts).size, 1);
});

test("raw bodies are taken under every type that a client may give them", async () => {
  for (const type of ["application/toml", "text/plain; charset=utf-8", "application/octet-stream"]) {
    const response = await edge.post(project("workshop"), { headers: { "content-type": type } });
    assert.equal(response.status, 200, `${type}: ${await response.text()}`);
  }
});

test("JSON comes back as an envelope with every format asked for", async () => {
  const response = await edge.postJson({ pyproject: project("workshop"), formats: ["all"] });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const reply = JSON.parse(text);
  const listed = (await (await fetch(`${edge.url}/v1/formats`)).json()).formats;
  const formats = listed.filter((format) => format.is_in_all);
  assert.deepEqual(Object.keys(reply.locks).sort(), formats.map(({ name }) => name).sort());
  for (const { name, file_name } of formats) assert.equal(reply.locks[name].file_name, file_name);
  assert.ok(reply.packages.some(({ name, version }) => name === "anvil" && version === "1.1.0"));
  assert.ok(reply.stats.queries > 0);
});

test("a format can be chosen by query and by Accept", async () => {
  const byQuery = await edge.post(project("workshop"), { query: "?format=pylock" });
  const byAccept = await edge.post(project("workshop"), {
    headers: { accept: "application/vnd.lockwright.pylock+toml" },
  });
  const texts = await Promise.all([byQuery.text(), byAccept.text()]);
  assert.match(texts[0], /lock-version = "1\.0"/);
  assert.equal(texts[0], texts[1]);
  const requirements = await (await edge.post(project("workshop"), { query: "?format=requirements" })).text();
  assert.match(requirements, /anvil==1\.1\.0/);
  assert.match(requirements, /--hash=sha256:/);
});

test("options are taken from the query and from JSON", async () => {
  const lowest = await (await edge.post(project("workshop"), { query: "?resolution=lowest" })).text();
  assert.ok(lowest.includes('name = "anvil"\nversion = "1.0.0"'), lowest);
  const json = await edge.postJson(
    { pyproject: project("workshop"), options: { resolution: "lowest" } },
    { headers: { accept: "application/toml" } },
  );
  assert.equal(await json.text(), lowest);
});

test("an existing lock is kept to", async () => {
  const lowest = await (await edge.post(project("workshop"), { query: "?resolution=lowest" })).text();
  const lock = lowest.replace(/\n\[options\]\n(.+\n)*/, "");
  const response = await edge.postJson({ pyproject: project("workshop"), lock }, { headers: { accept: "application/toml" } });
  const kept = await response.text();
  assert.equal(response.status, 200, kept);
  assert.ok(kept.includes('name = "anvil"\nversion = "1.0.0"'), kept);
});

test("a workspace posted as a form gives the bytes that its JSON gives", async () => {
  const [root, hammer, tongs] = ["workspace", "workspace-hammer", "workspace-tongs"].map(project);
  const files = { "packages/hammer/pyproject.toml": hammer, "packages/tongs/pyproject.toml": tongs };
  const asFile = { headers: { accept: "application/toml" } };
  const json = await edge.postJson({ pyproject: root, files, options: { resolution: "lowest" } }, asFile);
  const wanted = await json.text();
  assert.equal(json.status, 200, wanted);
  for (const line of ['name = "hammer"', 'source = { editable = "packages/tongs" }', 'resolution-mode = "lowest"']) {
    assert.ok(wanted.includes(line), `${line} is missing from\n${wanted}`);
  }
  const byFileName = [
    ["file", tongs, "packages/tongs/pyproject.toml"],
    ["file", root, "pyproject.toml"],
    ["file", hammer, "packages/hammer/pyproject.toml"],
    ["options", '{"resolution": "lowest"}'],
  ];
  const byName = [
    ["pyproject.toml", root],
    ["packages/hammer/pyproject.toml", hammer],
    ["packages/tongs/pyproject.toml", tongs, "pyproject.toml"],
    ["resolution", "lowest"],
    ["format", "uv"],
  ];
  for (const parts of [byFileName, byName]) {
    const response = await edge.postForm(parts);
    assert.equal(await response.text(), wanted);
    assert.match(response.headers.get("content-disposition"), /uv\.lock/);
  }

  // The lowest versions stay, though the highest are asked for.
  const lock = wanted.replace(/\n\[options\]\n(.+\n)*/, "");
  const kept = await (await edge.postForm([...byName.slice(0, 3), ["lock", lock, "uv.lock"]])).text();
  assert.equal(kept, await (await edge.postJson({ pyproject: root, files, lock }, asFile)).text());
  assert.ok(kept.includes('name = "anvil"\nversion = "1.0.0"'), kept);
  const fresh = await (await edge.postForm(byName.slice(0, 3))).text();
  assert.ok(fresh.includes('name = "anvil"\nversion = "1.1.0"'), fresh);
});

test("a form that cannot be read is told what is wrong with it", async () => {
  const root = ["pyproject.toml", project("workshop")];
  const form = (...parts) => edge.postForm([root, ...parts]);
  const raw = (type) => edge.post("--x\r\nContent-Disp", { headers: { "content-type": type } });
  const cases = [
    [form(["f", "", "../pyproject.toml"]), 400, "request/invalid-path"],
    [form(["f", "", "/etc/passwd"]), 400, "request/invalid-path"],
    [form(root), 400, "request/duplicate-part"],
    [form(["colour", "red"]), 400, "request/unknown-option"],
    [form(["options", "{"]), 400, "request/invalid-json"],
    [form(["uv.lock", new Uint8Array([0xff]), "uv.lock"]), 400, "request/not-utf-8"],
    [form(["big.toml", "#".repeat(1024 * 1024)]), 413, "request/too-large"],
    [edge.postForm([["packages/a/pyproject.toml", ""]]), 400, "request/no-project"],
    [raw("multipart/form-data; boundary=x"), 400, "request/invalid-form"],
    [raw("multipart/form-data"), 400, "request/invalid-form"],
  ];
  for (const [response, status, code] of cases) await problem(await response, status, code);
  const { diagnostics } = await problem(await form(["colour", "red"], ["f", "", "a/../b"]), 400);
  assert.equal(diagnostics.length, 2);
});

test("truncated TOML is a bad request with its place", async () => {
  const text = project("truncated");
  const { diagnostics } = await problem(await edge.post(text), 400, "manifest/invalid-toml");
  const [label] = diagnostics[0].labels;
  assert.equal(label.file, "pyproject.toml");
  assert.equal(label.line, 2);
  assert.ok(label.span.start > text.indexOf("name") && label.span.end <= text.length, JSON.stringify(label));
});

test("a requirement that does not parse is told with its place", async () => {
  const text = project("bad-requirement");
  const { diagnostics } = await problem(await edge.post(text), 422, "manifest/invalid-requirement");
  const { start, end } = diagnostics[0].labels[0].span;
  assert.ok(start >= text.indexOf('"anvil =='), `${start}`);
  assert.ok(end <= text.indexOf("\n]"), `${end}`);
});

test("an unknown group is told with its place", async () => {
  const { diagnostics } = await problem(await edge.post(project("unknown-group")), 422, "manifest/unknown-group");
  assert.equal(diagnostics[0].labels[0].line, 7);
});

test("no solution is told in words", async () => {
  const found = await problem(await edge.post(project("conflict")), 422, "resolve/no-solution");
  assert.match(found.detail, /bellows/);
  assert.match(found.detail, /anvil/);
});

test("a project that does not exist is no solution either", async () => {
  const found = await problem(await edge.post(project("missing-project")), 422, /^resolve\//);
  assert.match(JSON.stringify(found), /nowhere-to-be-found/);
});

test("an index that fails is not taken for one that has nothing", async () => {
  edge.index.wishes.fail = /\/simple\/ember\//;
  try {
    const response = await edge.post('[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.12"\ndependencies = ["ember<0.9", "ember"]\n');
    // The page may be kept from an earlier test; only a fresh worker is sure to ask.
    if (response.status !== 200) await problem(response, 502);
  } finally {
    edge.index.wishes.fail = undefined;
  }
});

test("ten megabytes are refused, and the sender hears why", async () => {
  const response = await within(5_000, "the refusal", edge.post("#".repeat(10 * 1024 * 1024)));
  await problem(response, 413, "request/too-large");
});

test("a body that never says how long it is, is cut off", async () => {
  const piece = new TextEncoder().encode("#".repeat(64 * 1024));
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (++sent > 160) controller.close();
      else controller.enqueue(piece);
    },
  });
  const response = await fetch(`${edge.url}/v1/lock`, {
    method: "POST",
    headers: { "content-type": "application/toml" },
    body,
    duplex: "half",
  });
  await problem(response, 413, "request/too-large");
});

test("other mistakes of a request each have their status and code", async () => {
  const text = project("workshop");
  const cases = [
    [edge.post(text, { query: "?format=conda" }), 406, "request/not-acceptable"],
    [edge.post(text, { headers: { accept: "image/png" } }), 406, "request/not-acceptable"],
    [edge.post(text, { query: "?colour=red" }), 400, "request/unknown-option"],
    [edge.post(text, { headers: { "content-type": "image/png" } }), 415, "request/unsupported-media-type"],
    [edge.post("{", { headers: { "content-type": "application/json" } }), 400, "request/invalid-json"],
    [edge.postJson({ pyproject: text, surprise: 1 }), 400, "request/invalid-json"],
    [edge.post(new Uint8Array([0xff, 0xfe, 0x00])), 400, "request/not-utf-8"],
    [edge.post(text, { query: "?default_index=https://elsewhere.example/simple" }), 422, "index/not-asked"],
    [fetch(`${edge.url}/v1/lock`), 405, "request/method-not-allowed"],
    [fetch(`${edge.url}/v1/nothing`), 404, "request/not-found"],
  ];
  for (const [response, status, code] of cases) await problem(await response, status, code);
});

test("an index that the project names is asked only where the service allows it", async () => {
  const text = `${project("workshop")}\n[[tool.uv.index]]\nurl = "https://elsewhere.example/simple"\ndefault = true\n`;
  await problem(await edge.post(text), 422, "index/not-asked");
});

const requiring = (requirement) =>
  `[project]\nname = "direct"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = [${JSON.stringify(requirement)}]\n`;

test("an archive at a URL is hashed and read, if its host serves an index", async () => {
  const url = `${new URL(edge.index.url).origin}/archives/loose-1.0.zip`;
  edge.index.forget();
  const ask = async () => {
    const response = await edge.post(requiring(`loose @ ${url}`), { query: "?format=uv" });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text;
  };
  const text = await ask();
  assert.match(text, /sdist = \{ hash = "sha256:[0-9a-f]{64}" \}/);
  assert.ok(text.includes(`source = { url = "${url}" }`) && text.includes('name = "anvil"'), text);
  assert.equal(await ask(), text);
  assert.equal(edge.index.asked.filter((it) => it.includes("/archives/")).length, 1);
});

test("sources that this service does not ask are the request's fault, with their place", async () => {
  for (const requirement of [
    "loose @ https://elsewhere.example/loose-1.0.zip",
    "loose @ git+https://elsewhere.example/owner/loose@main",
    "loose @ file:///etc/loose-1.0.zip",
  ]) {
    const found = await problem(await edge.post(requiring(requirement)), 422, "resolve/unusable-source");
    assert.match(JSON.stringify(found), /required here/, requirement);
  }
});
