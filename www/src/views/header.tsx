// The name, the button, and the choices of a run.
import { EXAMPLES } from "../examples";
import { cancel, edit, lock, open, options, run, theme, version, type Theme } from "../state";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Header() {
  const isRunning = run.value.state === "running";
  return (
    <header>
      <a class="name" href="/">
        <img src="/favicon.svg" alt="" width="22" height="22" />
        Lockwright
        <span class="version">{version.value}</span>
      </a>
      <Examples />
      <Open />
      <Options />
      <span class="space" />
      <ThemeChoice />
      {isRunning ? (
        <button type="button" class="main cancel" onClick={cancel}>
          Cancel
        </button>
      ) : (
        <button type="button" class="main" onClick={() => void lock()}>
          Lock <kbd>{IS_MAC ? "⌘↵" : "Ctrl ↵"}</kbd>
        </button>
      )}
    </header>
  );
}

function Examples() {
  return (
    <label class="choice">
      <span class="visually-hidden">Example</span>
      <select
        value=""
        onChange={(event) => {
          const chosen = EXAMPLES[Number(event.currentTarget.value)];
          if (chosen) edit(chosen.pyproject);
          event.currentTarget.value = "";
        }}
      >
        <option value="" disabled>
          Examples
        </option>
        {EXAMPLES.map(({ title }, at) => (
          <option value={String(at)} key={title}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Files from this machine: a project, or a lock to convert. */
function Open() {
  return (
    <label class="open">
      Open
      <input
        type="file"
        class="visually-hidden"
        multiple
        aria-label="Open a project or a lock"
        onChange={(event) => {
          void open(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

function Options() {
  const set = (name: "resolution" | "prerelease" | "exclude_newer", value: string) => {
    const { [name]: _, ...others } = options.value;
    options.value = value === "" ? others : { ...others, [name]: value };
  };
  const chosen = Object.keys(options.value).length;
  return (
    <details class="options">
      <summary>Options{chosen > 0 && <span class="count">{chosen}</span>}</summary>
      <div class="sheet">
        <label>
          Versions
          <select value={options.value.resolution ?? ""} onChange={(event) => set("resolution", event.currentTarget.value)}>
            <option value="">highest</option>
            <option value="lowest">lowest</option>
            <option value="lowest-direct">lowest of direct requirements</option>
          </select>
        </label>
        <label>
          Pre-releases
          <select value={options.value.prerelease ?? ""} onChange={(event) => set("prerelease", event.currentTarget.value)}>
            <option value="">if necessary or explicit</option>
            <option value="allow">allow</option>
            <option value="disallow">disallow</option>
            <option value="if-necessary">if necessary</option>
            <option value="explicit">explicit</option>
          </select>
        </label>
        <label>
          Nothing newer than
          <input
            type="date"
            value={options.value.exclude_newer ?? ""}
            onChange={(event) => set("exclude_newer", event.currentTarget.value)}
          />
        </label>
      </div>
    </details>
  );
}

function ThemeChoice() {
  return (
    <label class="choice">
      <span class="visually-hidden">Colours</span>
      <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
