// From bytes, which diagnostics count, to positions in the editor, which counts UTF-16 units.
import type { Diagnostic } from "./api";

/** A range in the editor. */
export interface Range {
  from: number;
  to: number;
}

/** Where a diagnostic points to in a text, when it points into `pyproject.toml`. */
export function rangeOf(diagnostic: Diagnostic, text: string): Range | undefined {
  const label = diagnostic.labels.find(({ file }) => file === "" || file === "pyproject.toml");
  if (!label) return undefined;
  const bytes = new TextEncoder().encode(text);
  const units = (end: number) => new TextDecoder().decode(bytes.subarray(0, end)).length;
  const from = Math.min(units(label.span.start), text.length);
  return { from, to: Math.min(Math.max(units(label.span.end), from), text.length) };
}
