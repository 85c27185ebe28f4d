// The project's text, with what is wrong underlined where it stands.
import { setDiagnostics } from "@codemirror/lint";
import { Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { writable } from "../codemirror";
import { rangeOf } from "../spans";
import { diagnostics, edit, lock, pyproject, wantedPlace } from "../state";

const lockKey = Prec.highest(
  keymap.of([
    {
      key: "Mod-Enter",
      run: () => {
        void lock();
        return true;
      },
    },
  ]),
);

export function Editor() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => (place.current ? attach(place.current) : undefined), []);
  return (
    <>
      <div class="bar">
        <span class="file">pyproject.toml</span>
      </div>
      <div class="code" ref={place} />
    </>
  );
}

function attach(parent: HTMLElement): () => void {
  const heard = EditorView.updateListener.of((update) => {
    if (update.docChanged) edit(update.state.doc.toString());
  });
  const view = new EditorView({
    parent,
    doc: pyproject.value,
    extensions: [lockKey, writable("pyproject.toml"), heard],
  });
  const stops = [
    effect(() => {
      const text = pyproject.value;
      if (text !== view.state.doc.toString()) {
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      }
    }),
    effect(() => underline(view)),
    effect(() => {
      const wanted = wantedPlace.value;
      if (!wanted || wanted.to > view.state.doc.length) return;
      view.dispatch({ selection: { anchor: wanted.from, head: wanted.to }, scrollIntoView: true });
      view.focus();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    view.destroy();
  };
}

function underline(view: EditorView): void {
  const text = pyproject.value;
  const marks = diagnostics.value.flatMap((diagnostic) => {
    const range = rangeOf(diagnostic, text);
    if (!range || range.to > view.state.doc.length) return [];
    const message = [diagnostic.title, ...diagnostic.help.map((help) => `help: ${help}`)].join("\n\n");
    return [{ ...range, severity: diagnostic.severity, message }];
  });
  view.dispatch(setDiagnostics(view.state, marks.sort((left, right) => left.from - right.from)));
}
