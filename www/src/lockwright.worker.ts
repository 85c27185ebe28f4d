// The resolver's thread: holds the WebAssembly module and nothing else.
import initialize, { convert, diagnose, formats, lock, version } from "../wasm/lockwright.js";
import { problemOf, type Problem, type Progress } from "./api";
import type { FromResolver, ToResolver } from "./protocol";

/** Progress is told this often at most. */
const PACE = 100;

const tell = (message: FromResolver) => self.postMessage(message);

const ready = initialize().then(() => {
  tell({ event: "ready", version: version(), formats: JSON.parse(formats()) });
});

self.onmessage = async ({ data }: MessageEvent<ToResolver>) => {
  await ready;
  if (data.op === "diagnose") {
    tell({ event: "diagnosed", id: data.id, diagnostics: JSON.parse(diagnose(data.pyproject)) });
    return;
  }
  try {
    const work = data.op === "lock" ? lock : convert;
    const reply = await work(JSON.stringify(data.request), paced(data.id), data.batchUrl);
    tell({ event: "reply", id: data.id, reply: JSON.parse(reply) });
  } catch (error) {
    // The module rejects with a problem; anything else means that it can no longer be used.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    tell({ event: "problem", id: data.id, problem: read(error) });
  }
};

function paced(id: number): (told: string) => void {
  let last = -PACE;
  return (told) => {
    const now = performance.now();
    if (now - last < PACE) return;
    last = now;
    tell({ event: "progress", id, progress: JSON.parse(told) as Progress });
  };
}

function read(error: unknown): Problem {
  if (typeof error === "string") {
    try {
      return JSON.parse(error) as Problem;
    } catch {
      return problemOf("browser/internal", error);
    }
  }
  return problemOf("browser/internal", String(error));
}
