// Builds dist/: the five files that the server embeds, and nothing else.

import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await build({
  absWorkingDir: here,
  entryPoints: { app: "src/page.ts", view: "src/view.ts", style: "pages/style.css" },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  logLevel: "warning",
});
for (const page of ["index.html", "view.html"]) await copyFile(join(here, "pages", page), join(dist, page));
