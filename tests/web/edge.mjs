// The worker under workerd, over an index of invented projects; both end with the test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../worker/local.mjs";
import { startIndex } from "./index.mjs";

/** How long starting may take. */
const LIMIT = 60_000;

/** Fails when a promise takes too long. */
export async function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts index and worker. `restart` stops the worker and starts it over the same state. */
export async function startEdge({ index: indexOptions, ...options } = {}) {
  const index = await startIndex(indexOptions);
  const state = mkdtempSync(join(tmpdir(), "lockwright-edge-"));
  const begin = () => within(LIMIT, "starting workerd", start({ state, publicIndex: index.url, ...options }));
  let server = await begin();
  const edge = {
    index,
    get url() {
      return server.url;
    },
    async restart() {
      await server.stop();
      server = await begin();
    },
    async stop() {
      await server.stop();
      await index.stop();
      rmSync(state, { recursive: true, force: true });
    },
    /** Sends a project as `curl --data-binary` does. */
    post(body, { query = "", headers = {} } = {}) {
      return fetch(`${server.url}/v1/lock${query}`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body,
      });
    },
    /** Sends a form of parts `[name, text, fileName?]`. */
    postForm(parts, { query = "", headers = {} } = {}) {
      const form = new FormData();
      for (const [name, text, fileName] of parts) {
        if (fileName === undefined) form.append(name, text);
        else form.append(name, new Blob([text]), fileName);
      }
      return fetch(`${server.url}/v1/lock${query}`, { method: "POST", headers, body: form });
    },
    /** Sends a request as JSON. */
    postJson(request, { query = "", headers = {} } = {}) {
      return edge.post(JSON.stringify(request), {
        query,
        headers: { "content-type": "application/json", ...headers },
      });
    },
  };
  return edge;
}
