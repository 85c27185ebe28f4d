// `cargo xtask serve`: the HTTP API and the playground on this machine until a signal comes.
import { resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { start } from "./local.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    "public-index": { type: "string", default: process.env.LOCKWRIGHT_PUBLIC_INDEX },
    once: { type: "boolean", default: false },
  },
});

const state = resolve(dirname(fileURLToPath(import.meta.url)), "../.state/edge");
let server;
try {
  server = await start({ port: Number(values.port), state, publicIndex: values["public-index"] });
} catch (error) {
  console.error(`cannot serve: ${error.message}`);
  process.exit(1);
}

async function stop(status) {
  await server.stop();
  process.exit(status);
}

if (values.once) {
  const healthy = await fetch(`${server.url}/healthz`).then((response) => response.ok, () => false);
  const page = await fetch(server.url).then((response) => response.ok, () => false);
  console.log(`${server.url} ${healthy && page ? "answers" : "does not answer"}`);
  await stop(healthy && page ? 0 : 1);
} else {
  console.log(`Lockwright serves ${server.url}
  playground  ${server.url}/
  lock        curl --data-binary @pyproject.toml '${server.url}/v1/lock?format=uv'
  state       ${state}
Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void stop(0));
}
