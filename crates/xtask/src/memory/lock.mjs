// Locks one project by the browser's module and says how much linear memory that took.
//
//   node lock.mjs MODULE.js MODULE.wasm PROJECT INDEX
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

const [script, module, project, index] = process.argv.slice(2);

// The binding looks for the `fetch` of a window or of a worker; here it is that of a worker.
globalThis.WorkerGlobalScope = globalThis.constructor;

/** The texts of all `pyproject.toml` below a folder, by path. */
function texts(folder, found = {}) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) texts(path, found);
    else if (entry.name === "pyproject.toml")
      found[relative(project, path).split(sep).join("/")] = readFileSync(path, "utf8");
  }
  return found;
}

const { default: start, lock } = await import(pathToFileURL(script));
const { memory } = await start({ module_or_path: readFileSync(module) });
const { "pyproject.toml": pyproject, ...files } = texts(project);
const request = { pyproject, files, options: { public_index: index, relax: false } };
let outcome;
try {
  const reply = JSON.parse(await lock(JSON.stringify(request), () => {}));
  outcome = `${reply.packages.length} packages`;
} catch (problem) {
  outcome = JSON.parse(problem).code;
}
console.log(memory.buffer.byteLength, outcome);
