// Why there is no lock: sentences, places to go to, and what would help.
import type { Diagnostic, Problem } from "../api";
import { rangeOf } from "../spans";
import { isStale, pyproject, wantedPlace } from "../state";

export function ProblemView({ problem }: { problem: Problem }) {
  return (
    <div class={isStale.value ? "problem stale" : "problem"} role="alert" data-code={problem.code}>
      {problem.diagnostics.map((diagnostic, at) => (
        <DiagnosticView key={at} diagnostic={diagnostic} />
      ))}
    </div>
  );
}

function DiagnosticView({ diagnostic }: { diagnostic: Diagnostic }) {
  const [title = "", ...paragraphs] = diagnostic.title.split(/\n{2,}/);
  return (
    <article class={diagnostic.severity}>
      <h2>
        <span class="severity">{diagnostic.severity}</span> {marked(title)}
      </h2>
      {paragraphs.map((paragraph) => (
        <p class="reason" key={paragraph}>
          {marked(paragraph)}
        </p>
      ))}
      <Places diagnostic={diagnostic} />
      {diagnostic.help.length > 0 && (
        <ul class="help">
          {diagnostic.help.map((help) => (
            <li key={help}>{marked(help)}</li>
          ))}
        </ul>
      )}
      <p class="code-word">{diagnostic.code}</p>
    </article>
  );
}

function Places({ diagnostic }: { diagnostic: Diagnostic }) {
  const first = diagnostic.labels[0];
  const range = rangeOf(diagnostic, pyproject.value);
  if (!first || !range || isStale.value) return null;
  const line = pyproject.value.slice(0, range.from).split("\n").length;
  return (
    <p>
      <button type="button" class="link" onClick={() => (wantedPlace.value = { ...range })}>
        pyproject.toml, line {line}
      </button>
      {first.text && <> — {marked(first.text)}</>}
    </p>
  );
}

/** What stands in backticks is code. */
function marked(text: string) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}
