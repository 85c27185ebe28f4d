// The script around the module: what the platform calls, and a new start after a panic.
//
// All objects of one isolate share one WebAssembly instance. When it traps, every call that is
// under way fails at once, rather than hanging, and the next call begins with a new instance; a
// Durable Object then makes its Rust side anew over the storage it has.
import { DurableObject } from "cloudflare:workers";
import * as module from "./index.js";

const state = module.__worker_init_state();
const underWay = new Set();

function notice(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  state.criticalError = true;
  for (const reject of underWay) reject(new Error("the module trapped"));
  underWay.clear();
}

addEventListener("error", (event) => notice(event.error));

function restart() {
  if (!state.criticalError) return;
  module.__wbg_reset_state();
  state.criticalError = false;
  state.instanceId++;
}

function guarded(call) {
  return new Promise((resolve, reject) => {
    restart();
    underWay.add(reject);
    const landed = () => underWay.delete(reject);
    Promise.resolve()
      .then(call)
      .then(resolve, (error) => {
        notice(error);
        reject(error);
      })
      .then(landed, landed);
  });
}

function durable(Rust) {
  return class extends DurableObject {
    #object;
    #generation = -1;

    constructor(context, env) {
      super(context, env);
      restart();
      this.#live();
    }

    #live() {
      if (this.#generation !== state.instanceId) {
        try {
          this.#object = new Rust(this.ctx, this.env);
        } catch (error) {
          notice(error);
          throw error;
        }
        this.#generation = state.instanceId;
      }
      return this.#object;
    }

    fetch(request) {
      return guarded(() => this.#live().fetch(request));
    }

    alarm() {
      return guarded(() => this.#live().alarm());
    }
  };
}

export const IndexShard = durable(module.IndexShard);

export default {
  async fetch(request, env, context) {
    try {
      return await guarded(() => module.fetch(request, env, context));
    } catch (error) {
      console.error(error);
      const problem = {
        type: "about:blank",
        title: "something went wrong on this side",
        status: 500,
        code: "edge/internal",
        diagnostics: [],
      };
      return Response.json(problem, {
        status: 500,
        headers: { "content-type": "application/problem+json", "access-control-allow-origin": "*" },
      });
    }
  },
};
