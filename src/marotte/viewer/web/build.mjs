// Bundles both pages, page.* and viewer.*, into the folder that is named on the command line.

import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const folder = process.argv[2];
const licence = await readFile("node_modules/three/LICENSE", "utf8");

await build({
  entryPoints: ["page.js", "page.css", "viewer.js", "viewer.css"],
  outdir: folder,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome103", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "eof",
  footer: { js: `/*! three.js\n\n${licence.trim()}\n*/` },
  logLevel: "warning",
});
for (const name of ["page.html", "viewer.html", "capture.js"]) {
  await copyFile(name, join(folder, name));
}
