// A package index of invented projects (`fixtures/web/universe.json`), served on this machine.
//
// It answers PEP 691 pages and PEP 658 metadata, revalidates by entity tag, counts what is asked,
// and can be made to fail or to take its time.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { crc32 } from "node:zlib";

const fixtures = new URL("../fixtures/web/", import.meta.url);
const universe = JSON.parse(readFileSync(new URL("universe.json", fixtures), "utf8"));
const PAGE = "application/vnd.pypi.simple.v1+json";
const UPLOADED = "2024-03-24T00:00:00Z";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The text of a project that tests lock. */
export const project = (name) => readFileSync(new URL(`projects/${name}.toml`, fixtures), "utf8");

function metadata(name, version, release) {
  const lines = ["Metadata-Version: 2.3", `Name: ${name}`, `Version: ${version}`];
  if (release["requires-python"]) lines.push(`Requires-Python: ${release["requires-python"]}`);
  for (const requirement of release.requires ?? []) lines.push(`Requires-Dist: ${requirement}`);
  for (const [extra, requirements] of Object.entries(release.extras ?? {})) {
    lines.push(`Provides-Extra: ${extra}`);
    for (const requirement of requirements) lines.push(`Requires-Dist: ${requirement} ; extra == '${extra}'`);
  }
  return `${lines.join("\n")}\n`;
}

const wheel = (name, version) => `${name}-${version}-py3-none-any.whl`;

function page(name) {
  const files = Object.entries(universe[name]).map(([version, release]) => ({
    filename: wheel(name, version),
    url: `../../files/${wheel(name, version)}`,
    hashes: { sha256: sha256(wheel(name, version)) },
    size: 1000 + version.length,
    "upload-time": UPLOADED,
    "core-metadata": { sha256: sha256(metadata(name, version, release)) },
    ...(release["requires-python"] && { "requires-python": release["requires-python"] }),
    ...(release.yanked && { yanked: release.yanked }),
  }));
  return JSON.stringify({ meta: { "api-version": "1.1" }, name, versions: Object.keys(universe[name]), files });
}

/** A zip archive of stored files. */
function zip(files) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [name, text] of files) {
    const [path, content] = [Buffer.from(name), Buffer.from(text)];
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt32LE(crc32(content), 10);
    head.writeUInt32LE(content.length, 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt16LE(path.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), head, path, content);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), head, tail, path);
    offset += 30 + path.length + content.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, entries, Buffer.from("PK\x05\x06"), end]);
}

/** An archive that no page names. */
const LOOSE = zip([["loose-1.0/pyproject.toml", '[project]\nname = "loose"\nversion = "1.0"\ndependencies = ["anvil"]\n']]);

const metadataFiles = new Map(
  Object.entries(universe).flatMap(([name, releases]) =>
    Object.entries(releases).map(([version, release]) => [
      `/files/${wheel(name, version)}.metadata`,
      metadata(name, version, release),
    ]),
  ),
);

/**
 * Starts the index on a free port.
 *
 * @param {{ maxAge?: number }} options for how many seconds pages are fresh
 */
export async function startIndex({ maxAge = 600 } = {}) {
  /** What was asked since `forget`, as `METHOD PATH STATUS`. */
  const asked = [];
  const wishes = { delay: 0, fail: undefined };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://index").pathname;
    const headers = { "access-control-allow-origin": "*" };
    const end = (status, more = {}, body = "") => {
      asked.push(`${request.method} ${path} ${status}`);
      response.writeHead(status, { ...headers, ...more });
      response.end(body);
    };
    if (wishes.delay) await new Promise((resolve) => setTimeout(resolve, wishes.delay));
    if (wishes.fail?.test(path)) return end(500, {}, "this was wished for");
    const name = /^\/simple\/([^/]+)\/$/.exec(path)?.[1];
    if (name && universe[name]) {
      const body = page(name);
      const etag = `"${sha256(body).slice(0, 16)}"`;
      const told = { etag, "cache-control": `max-age=${maxAge}`, "content-type": PAGE };
      return request.headers["if-none-match"] === etag ? end(304, told) : end(200, told, body);
    }
    if (path === "/archives/loose-1.0.zip") return end(200, { "cache-control": "max-age=600" }, LOOSE);
    const text = metadataFiles.get(path);
    return text ? end(200, { "cache-control": "max-age=31536000, immutable" }, text) : end(404);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    url: `${origin}/simple`,
    asked,
    wishes,
    forget: () => asked.splice(0),
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
