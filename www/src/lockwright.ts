// The resolver as the page sees it: promises over a thread that can be ended at any time.
import { problemOf, type ConvertReply, type ConvertRequest, type Diagnostic, type Format, type LockReply, type LockRequest, type Problem, type Progress } from "./api";
import type { FromResolver, ToResolver } from "./protocol";

/** A run that ended without a lock. */
export class LockFailed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
  }
}

/** A run that the user ended. */
export class Cancelled extends Error {}

interface Waiting {
  resolve(value: never): void;
  reject(reason: Error): void;
  progress?: (progress: Progress) => void;
}

type Question = ToResolver extends infer Each ? (Each extends ToResolver ? Omit<Each, "id"> : never) : never;

export class Lockwright {
  #thread: Worker;
  #waiting = new Map<number, Waiting>();
  #last = 0;

  /** `onReady` is called whenever a thread has loaded the module. */
  constructor(private readonly onReady: (version: string, formats: Format[]) => void) {
    this.#thread = this.#start();
  }

  /** Resolves a project; rejects with `LockFailed` or `Cancelled`. */
  lock(request: LockRequest, batchUrl: string | undefined, progress: (progress: Progress) => void): Promise<LockReply> {
    return this.#ask({ op: "lock", request, batchUrl }, progress);
  }

  /** Writes a lock in another format; rejects with `LockFailed` or `Cancelled`. */
  convert(request: ConvertRequest, batchUrl: string | undefined, progress: (progress: Progress) => void): Promise<ConvertReply> {
    return this.#ask({ op: "convert", request, batchUrl }, progress);
  }

  /** What is wrong with a text, without asking any index. */
  diagnose(pyproject: string): Promise<Diagnostic[]> {
    return this.#ask({ op: "diagnose", pyproject });
  }

  /** Ends whatever is under way, at once. What the service has learnt by then stays there. */
  cancel(): void {
    this.#restart(new Cancelled());
  }

  #ask<T>(question: Question, progress?: (progress: Progress) => void): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...(progress && { progress }) });
      this.#thread.postMessage({ id, ...question });
    });
  }

  #start(): Worker {
    const thread = new Worker(new URL("./lockwright.worker.ts", import.meta.url), { type: "module" });
    thread.onmessage = ({ data }: MessageEvent<FromResolver>) => this.#hear(data);
    thread.onerror = (event) => {
      event.preventDefault();
      const help = ["the resolver was started again; please report what you tried"];
      const problem = problemOf("browser/crashed", event.message || "the resolver did not start", help);
      // One that never got ready would only fail again.
      if (this.#waiting.size > 0) this.#restart(new LockFailed(problem));
    };
    return thread;
  }

  #restart(reason: Error): void {
    this.#thread.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#thread = this.#start();
    for (const { reject } of waiting) reject(reason);
  }

  #hear(message: FromResolver): void {
    if (message.event === "ready") {
      this.onReady(message.version, message.formats);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.event === "progress") {
      waiting?.progress?.(message.progress);
      return;
    }
    this.#waiting.delete(message.id);
    switch (message.event) {
      case "reply":
        return waiting?.resolve(message.reply as never);
      case "diagnosed":
        return waiting?.resolve(message.diagnostics as never);
      case "problem":
        return waiting?.reject(new LockFailed(message.problem));
    }
  }
}
