// The playground: a project in, its locks out, all in the browser.
import { render } from "preact";
import { lock, open } from "./state";
import "./style.css";
import { Playground } from "./views/playground";

const place = document.getElementById("playground");
if (place) render(<Playground />, place);

// Files may be dropped anywhere, also on the editor, which would take their text in.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener(
  "drop",
  (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    void open(event.dataTransfer.files);
  },
  { capture: true },
);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void lock();
  }
});
