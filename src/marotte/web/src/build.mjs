// Bundles both pages, page.* and viewer.*, into the folder that is named on the command line.
// The head they both draw, three.js and all, is one program of its own before theirs.

import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const SHARED = "stage";
const options = {
  outdir: process.argv[2],
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome103", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "eof",
  logLevel: "warning",
};
/** What is imported of the shared program is taken from the one that ran before. */
const taken = {
  name: "taken",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^\\./${SHARED}\\.js$`) }, ({ path }) => ({ path, namespace: "taken" }));
    onLoad({ filter: /./, namespace: "taken" }, () => ({ contents: `module.exports = ${SHARED}` }));
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
  entryPoints: ["page.js", "page.css", "viewer.js", "viewer.css"],
  plugins: [taken],
});
for (const name of ["page.html", "viewer.html", "capture.js"]) {
  await copyFile(name, join(options.outdir, name));
}
