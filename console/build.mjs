// Builds the console into a folder: `node build.mjs [FOLDER]` (default: dist beside this file).
// Everything a page needs lies in that folder: nothing is fetched from elsewhere at run time.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = argv[2] ?? join(here, "dist");

await mkdir(target, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.tsx" },
  outdir: target,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "linked",
  jsx: "automatic",
  jsxImportSource: "preact",
});
await copyFile(join(here, "index.html"), join(target, "index.html"));
