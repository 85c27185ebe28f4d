// Runs the worker on this machine: workerd through miniflare, all state in one folder.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "build");
const playground = resolve(here, "../www/dist");

/**
 * Starts the worker; resolves when it answers.
 *
 * @param {{ port?: number, state: string, publicIndex?: string, local?: boolean, verbose?: boolean }} options
 *   `port` 0 takes a free one. `publicIndex` stands for the public index. `local` lets the worker
 *   ask indexes on this machine.
 */
export async function start({ port = 0, state, publicIndex, local = true, verbose = false }) {
  for (const needed of [join(build, "index.js"), join(playground, "index.html")]) {
    if (!existsSync(needed)) throw new Error(`${needed} is missing: run \`cargo xtask build\` first`);
  }
  const bindings = { LOCKWRIGHT_LOCAL: String(local) };
  if (publicIndex) bindings.LOCKWRIGHT_PUBLIC_INDEX = publicIndex;
  const miniflare = new Miniflare({
    name: "lockwright",
    host: "127.0.0.1",
    port,
    cf: false,
    verbose,
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: join(build, "index.js") },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    compatibilityDate: "2026-04-01",
    bindings,
    durableObjects: { INDEX: { className: "IndexShard", useSQLite: true } },
    durableObjectsPersist: join(resolve(state), "index"),
    assets: {
      directory: playground,
      binding: "ASSETS",
      routerConfig: { invoke_user_worker_ahead_of_assets: true, has_user_worker: true },
      assetConfig: { not_found_handling: "none" },
    },
  });
  const url = await miniflare.ready;
  return { url: url.origin, stop: () => miniflare.dispose() };
}
