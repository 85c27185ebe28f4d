// The page: what is asked on one side, what came of it on the other.
import { Editor } from "./editor";
import { Header } from "./header";
import { Outcome } from "./outcome";
import { Status } from "./status";

export function Playground() {
  return (
    <>
      <Header />
      <main>
        <section class="pane" aria-label="Project">
          <Editor />
        </section>
        <section class="pane" aria-label="Locks">
          <Outcome />
        </section>
      </main>
      <Status />
    </>
  );
}
