// Bundles both pages, page.* and viewer.*, into the folder given on the command line. Both draw the
// head with the same program, stage.js with three.js, which is bundled once and runs before theirs.
// `marotte/...` are files of the browser module, which the build copies into `module`.

import { copyFile, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const SHARED = "stage";
const options = {
  outdir: process.argv[2],
  bundle: true,
  alias: { marotte: resolve("module") },
  minify: true,
  format: "iife",
  target: ["chrome103", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "eof",
  logLevel: "warning",
};
/** Imports of the shared program refer to the one that ran before. */
const external = {
  name: "external",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^\\./${SHARED}\\.js$`) }, ({ path }) => ({ path, namespace: "external" }));
    onLoad({ filter: /./, namespace: "external" }, () => ({ contents: `module.exports = ${SHARED}` }));
  },
};

const licence = await readFile("node_modules/three/LICENSE", "utf8");
await build({
  ...options,
  entryPoints: [`${SHARED}.js`],
  globalName: SHARED,
  footer: { js: `/*! three.js\n\n${licence.trim()}\n*/` },
});
await build({
  ...options,
  entryPoints: ["page.js", "page.css", "viewer.js", "viewer.css", "capture.js"],
  plugins: [external],
});
for (const name of ["page.html", "viewer.html", "module/marotte.wasm"]) {
  await copyFile(name, join(options.outdir, basename(name)));
}
