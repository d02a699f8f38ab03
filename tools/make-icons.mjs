/*
 * make-icons.mjs - the sprite of the icons that Tenon uses.
 *
 * Usage: node tools/make-icons.mjs FOLDER
 *
 * FOLDER is an unpacked @tabler/icons (npm pack @tabler/icons@3.51.0, MIT).
 * Writes themes/default/icons/icons.svg from themes/default/icons/names.txt.
 * The result is committed, so that building needs none of the 6,000 files.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node tools/make-icons.mjs FOLDER");
  process.exit(2);
}
const home = new URL("../themes/default/icons/", import.meta.url).pathname;
const names = readFileSync(join(home, "names.txt"), "utf8")
  .split("\n").map((line) => line.trim())
  .filter((line) => line && !line.startsWith("#"));
const symbols = [];
for (const line of [...new Set(names)].sort()) {
  const [name, source = name] = line.split("=");
  const svg = readFileSync(join(folder, "icons/outline", `${source}.svg`), "utf8");
  const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1,
    svg.lastIndexOf("</svg>")).replace(/\s*\n\s*/g, "")
    .replace(/<path stroke="none"[^>]*\/>/, "");
  symbols.push(`<symbol id="${name}" viewBox="0 0 24 24" fill="none" ` +
    `stroke="currentColor" stroke-width="1.75" stroke-linecap="round" ` +
    `stroke-linejoin="round">${body}</symbol>`);
}
writeFileSync(join(home, "icons.svg"),
  "<!-- Tabler Icons 3.51.0, MIT, (c) Paweł Kuna; made by tools/make-icons.mjs -->\n" +
  `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
console.log(`${symbols.length} icons`);
