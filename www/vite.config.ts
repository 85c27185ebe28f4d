// How the playground is bundled; `cargo xtask build` runs it after the module is built.
import { defineConfig } from "vite";

export default defineConfig({
  build: { target: "es2022", assetsInlineLimit: 0, sourcemap: false },
  worker: { format: "es" },
  server: { proxy: { "/v1": "http://127.0.0.1:8787" } },
});
