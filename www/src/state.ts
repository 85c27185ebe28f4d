// What the page knows, as signals; and what can be done about it.
import { computed, effect, signal } from "@preact/signals";
import {
  fromReply,
  problemOf,
  type Diagnostic,
  type Format,
  type LockOptions,
  type LockReply,
  type LockText,
  type Meta,
  type Problem,
  type Progress,
  type ReplyDiagnostic,
  type WrittenLock,
} from "./api";
import { EXAMPLES } from "./examples";
import { Cancelled, LockFailed, Lockwright } from "./lockwright";

const SAVED = "lockwright.pyproject";
const THEME = "lockwright.theme";
/** A text longer than this is not saved. */
const LONGEST_SAVED = 500_000;
/** So long after the last keystroke the text is read. */
const QUIET = 250;

/** A run, from the button to its end. */
export type Run =
  | { state: "idle" }
  | { state: "running"; began: number; progress?: Progress }
  | { state: "done"; reply: LockReply; seconds: number }
  | { state: "converted"; conversion: Conversion; seconds: number }
  | { state: "failed"; problem: Problem }
  | { state: "cancelled" };

/** What a lock became. */
export interface Conversion {
  /** The lock's file. */
  name: string;
  locks: Record<string, WrittenLock>;
  /** Why it could not become the others. */
  refused: Record<string, Problem>;
  warnings: ReplyDiagnostic[];
}

export type Theme = "system" | "light" | "dark";

export const pyproject = signal(saved(SAVED) ?? EXAMPLES[0]?.pyproject ?? "");
export const options = signal<LockOptions>({});
export const run = signal<Run>({ state: "idle" });
export const formats = signal<Format[]>([]);
export const version = signal("");
export const shownFormat = signal("uv");
export const found = signal<Diagnostic[]>([]);
export const theme = signal<Theme>((saved(THEME) as Theme | undefined) ?? "system");
/** Whether what is shown belongs to an older text than the editor's. */
export const isStale = signal(false);
/** A place that the editor should go to. */
export const wantedPlace = signal<{ from: number; to: number } | undefined>(undefined);

const meta = signal<Meta | undefined>(undefined);
/** The text of the last run, for which its problem's places hold. */
const ranText = signal("");

/** What is wrong with the text in the editor: what it tells itself, and what the last run said of it. */
export const diagnostics = computed<Diagnostic[]>(() => {
  const last = run.value;
  if (pyproject.value !== ranText.value) return found.value;
  if (last.state === "failed") return last.problem.diagnostics;
  if (last.state === "done") return last.reply.warnings.map(fromReply);
  if (last.state === "converted") return last.conversion.warnings.map(fromReply);
  return found.value;
});

const lockwright = new Lockwright((its, known) => {
  version.value = its;
  formats.value = known.filter((format) => format.can_be_written);
  if (!known.some(({ name }) => name === shownFormat.value)) shownFormat.value = known[0]?.name ?? "uv";
});

/** Asks the service beside the page about itself; without one, indexes are asked directly. */
const service: Promise<Meta | undefined> = fetch("/v1/meta")
  .then((response) => (response.ok ? (response.json() as Promise<Meta>) : undefined))
  .catch(() => undefined);
void service.then((its) => (meta.value = its));

/** What a run has at hand. */
interface Running {
  pyproject: string;
  options: LockOptions;
  batchUrl: string | undefined;
  told(progress: Progress): void;
}

/** Does something with what stands in the editor, unless a run is under way. */
async function start(work: (running: Running) => Promise<(seconds: number) => Run>): Promise<void> {
  if (run.value.state === "running") return;
  const text = pyproject.value;
  const began = performance.now();
  ranText.value = text;
  isStale.value = false;
  run.value = { state: "running", began };
  try {
    const its = await service;
    const ended = await work({
      pyproject: text,
      options: { ...(its?.public_index && { public_index: its.public_index }), ...options.value },
      batchUrl: its ? new URL("/v1/index/batch", location.href).href : undefined,
      told: (progress) => {
        if (run.value.state === "running") run.value = { state: "running", began, progress };
      },
    });
    run.value = ended((performance.now() - began) / 1000);
  } catch (error) {
    if (error instanceof Cancelled) run.value = { state: "cancelled" };
    else run.value = { state: "failed", problem: problemIn(error) };
  }
}

function problemIn(error: unknown): Problem {
  return error instanceof LockFailed ? error.problem : problemOf("browser/internal", String(error));
}

/** Resolves what stands in the editor. */
export function lock(): Promise<void> {
  return start(async ({ pyproject, options, batchUrl, told }) => {
    const reply = await lockwright.lock({ pyproject, formats: ["all"], options }, batchUrl, told);
    return (seconds) => ({ state: "done", reply, seconds });
  });
}

/** Writes a lock in every other format. Some of them belong to a project: the one in the editor. */
export function convert(lock: LockText): Promise<void> {
  return start(async ({ pyproject, options, batchUrl, told }) => {
    const conversion: Conversion = { name: lock.name, locks: {}, refused: {}, warnings: [] };
    for (const { name } of formats.value) {
      try {
        const reply = await lockwright.convert({ lock, to: [name], pyproject, options }, batchUrl, told);
        Object.assign(conversion.locks, reply.locks);
        conversion.warnings.push(...reply.warnings);
      } catch (error) {
        if (error instanceof Cancelled) throw error;
        conversion.refused[name] = problemIn(error);
      }
    }
    const [first] = Object.values(conversion.refused);
    // Nothing at all: it is the lock that cannot be read.
    if (first && Object.keys(conversion.locks).length === 0) throw new LockFailed(first);
    return (seconds) => ({ state: "converted", conversion, seconds });
  });
}

/** Takes files in: a project goes into the editor, a lock is converted. */
export async function open(files: Iterable<File>): Promise<void> {
  const read = await Promise.all([...files].map(async (file) => ({ name: file.name, text: await file.text() })));
  const isProject = ({ name }: LockText) => name === "pyproject.toml";
  const project = read.find(isProject);
  if (project) edit(project.text);
  const lock = read.find((file) => !isProject(file));
  if (lock) await convert(lock);
}

/** Ends the run that is under way. */
export function cancel(): void {
  if (run.value.state === "running") lockwright.cancel();
}

/** Puts another text into the editor. */
export function edit(text: string): void {
  pyproject.value = text;
  if (text !== ranText.value && run.value.state !== "running") isStale.value = run.value.state !== "idle";
}

let quiet: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const text = pyproject.value;
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    if (text.length <= LONGEST_SAVED) save(SAVED, text);
    lockwright.diagnose(text).then(
      (diagnosed) => {
        if (pyproject.value === text) found.value = diagnosed;
      },
      () => {},
    );
  }, QUIET);
});

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  save(THEME, theme.value);
});

function saved(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined; // Storage is switched off.
  }
}

function save(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is switched off or full; the page works without.
  }
}
