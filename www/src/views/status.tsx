// How far the run is, and what it came to, in one line.
import type { Progress } from "../api";
import { diagnostics, isStale, run, type Run } from "../state";

export function Status() {
  const last = run.value;
  return (
    <footer data-state={last.state}>
      {last.state === "running" && <Bar progress={last.progress} />}
      <span role="status" aria-live="polite">
        {said(last)}
        {isStale.value && " · the project has changed since"}
      </span>
      <span class="space" />
      <span>{counted()}</span>
    </footer>
  );
}

function Bar({ progress }: { progress: Progress | undefined }) {
  const asked = progress?.asked ?? 0;
  return <progress {...(asked > 0 && { value: progress?.answered ?? 0, max: asked })} aria-label="Answers of the index" />;
}

function said(last: Run): string {
  switch (last.state) {
    case "idle":
      return "Ready";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return "No lock";
    case "running": {
      const { found, resolved, asked, answered } = last.progress ?? { found: 0, resolved: 0, asked: 0, answered: 0 };
      return `${Math.min(resolved, found)} of ${found} projects resolved · ${answered} of ${asked} answers`;
    }
    case "converted": {
      const { name, locks, refused } = last.conversion;
      const not = Object.keys(refused).length;
      const said = `${name} in ${plural(Object.keys(locks).length, "format")}, ${last.seconds.toFixed(2)} s`;
      return not > 0 ? `${said} · ${not} could not be written` : said;
    }
    case "done": {
      const { packages, stats } = last.reply;
      const forks = stats.forks > 1 ? ` · ${stats.forks} forks` : "";
      return `${plural(packages.length, "package")} in ${last.seconds.toFixed(2)} s · ${plural(stats.queries, "question")} in ${plural(stats.waves, "wave")}${forks}`;
    }
  }
}

function counted(): string {
  const errors = diagnostics.value.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.value.length - errors;
  return [errors > 0 && plural(errors, "error"), warnings > 0 && plural(warnings, "warning")].filter(Boolean).join(", ");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
