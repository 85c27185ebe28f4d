// The playground: a project in, its locks out, all in the browser.
import { render } from "preact";
import { lock } from "./state";
import "./style.css";
import { Playground } from "./views/playground";

const place = document.getElementById("playground");
if (place) render(<Playground />, place);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void lock();
  }
});
