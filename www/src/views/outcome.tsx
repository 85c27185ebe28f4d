// What came of a run: a lock in a tab for each format, or why there is none.
import { EditorView } from "@codemirror/view";
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Format, Problem, WrittenLock } from "../api";
import { readable } from "../codemirror";
import { formats, isStale, run, shownFormat } from "../state";
import { ProblemView } from "./problem";

export function Outcome() {
  const last = run.value;
  switch (last.state) {
    case "done":
      return <Locks locks={last.reply.locks} refused={{}} />;
    case "converted":
      return <Locks locks={last.conversion.locks} refused={last.conversion.refused} />;
    case "failed":
      return (
        <>
          <div class="bar">
            <span class="file">No lock</span>
          </div>
          <ProblemView problem={last.problem} />
        </>
      );
    default:
      return <Empty isRunning={last.state === "running"} />;
  }
}

function Empty({ isRunning }: { isRunning: boolean }) {
  return (
    <>
      <div class="bar" role="tablist" aria-label="Formats">
        {formats.value.filter(({ is_in_all }) => is_in_all).map(({ name, file_name }) => (
          <button type="button" role="tab" key={name} aria-selected={name === shownFormat.value} onClick={() => (shownFormat.value = name)}>
            {file_name}
          </button>
        ))}
      </div>
      <div class={isRunning ? "blank running" : "blank"}>
        {isRunning ? (
          <p>Resolving…</p>
        ) : (
          <p>
            Locks appear here.
            <br />
            They are made in this browser; the project stays on this page.
            <br />
            Drop a lock here to have it in the other formats.
          </p>
        )}
      </div>
    </>
  );
}

function Locks({ locks, refused }: { locks: Record<string, WrittenLock>; refused: Record<string, Problem> }) {
  const written = formats.value.filter(({ name }) => name in locks || name in refused);
  const shown = written.find(({ name }) => name === shownFormat.value) ?? written[0];
  if (!shown) return <Empty isRunning={false} />;
  const [lock, problem] = [locks[shown.name], refused[shown.name]];
  if (!lock) {
    return (
      <>
        <div class="bar">
          <Tabs written={written} shown={shown} />
        </div>
        {problem && <ProblemView problem={problem} />}
      </>
    );
  }
  return (
    <>
      <div class="bar">
        <Tabs written={written} shown={shown} />
        <span class="space" />
        <Copy lock={lock} />
        <Download lock={lock} format={shown} />
      </div>
      {lock.losses.length > 0 && (
        <details class="losses">
          <summary>
            {lock.file_name} cannot say everything ({lock.losses.length})
          </summary>
          <ul>
            {lock.losses.map((loss) => (
              <li key={loss}>{loss}</li>
            ))}
          </ul>
        </details>
      )}
      <Text key={shown.name} lock={lock} />
    </>
  );
}

function Tabs({ written, shown }: { written: Format[]; shown: Format }) {
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const at = written.indexOf(shown);
    const next = written[(at + step + written.length) % written.length];
    if (!next) return;
    shownFormat.value = next.name;
    const list = event.currentTarget as HTMLElement;
    queueMicrotask(() => list.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
  };
  return (
    <div class="tabs" role="tablist" aria-label="Formats" onKeyDown={move}>
      {written.map(({ name, file_name }) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={`tab-${name}`}
          aria-controls="lock"
          aria-selected={name === shown.name}
          tabIndex={name === shown.name ? 0 : -1}
          onClick={() => (shownFormat.value = name)}
        >
          {file_name}
        </button>
      ))}
    </div>
  );
}

const copied = signal("");

function Copy({ lock }: { lock: WrittenLock }) {
  const copy = async () => {
    await navigator.clipboard.writeText(lock.text);
    copied.value = lock.file_name;
    setTimeout(() => (copied.value = ""), 1500);
  };
  return (
    <button type="button" class="tool" onClick={() => void copy()}>
      {copied.value === lock.file_name ? "Copied" : "Copy"}
    </button>
  );
}

function Download({ lock, format }: { lock: WrittenLock; format: Format }) {
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lock.text], { type: format.media_type }));
    link.download = lock.file_name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <button type="button" class="tool" onClick={download}>
      Download
    </button>
  );
}

function Text({ lock }: { lock: WrittenLock }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return undefined;
    const view = new EditorView({ parent: place.current, doc: lock.text, extensions: readable(lock.file_name) });
    return () => view.destroy();
  }, [lock.text]);
  return <div class={isStale.value ? "code stale" : "code"} id="lock" role="tabpanel" aria-label={lock.file_name} ref={place} />;
}
