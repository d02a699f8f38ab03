/*
 * build-theme.mjs - styles, browser code and icons of a theme.
 *
 * Usage: node tools/build-theme.mjs --out FOLDER [--theme NAME] [--maps]
 *
 * Reads themes/NAME/{scss,web,icons} and the browser's texts of
 * core/view/locale; writes FOLDER/assets/NAME.HASH.EXT, each with .br and .gz
 * beside it, and FOLDER/assets/manifest.json: short name → name with hash.
 * The hash is of the content: a file once served never changes.
 * Node 18, no network. Files of an earlier build that are not named any more
 * are removed.
 */
import { createHash } from "node:crypto";
import {
  existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));

function argument(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : otherwise;
}

const theme = argument("--theme", "default");
const out = argument("--out");
const maps = process.argv.includes("--maps");
if (!out) {
  console.error("usage: build-theme.mjs --out FOLDER [--theme NAME] [--maps]");
  process.exit(2);
}
if (!existsSync(join(root, "node_modules"))) {
  console.error("node_modules is missing: run `npm ci` first");
  process.exit(1);
}

const home = join(root, "themes", theme);
const assets = join(resolve(out), "assets");
const manifest = {};
const written = new Set(["manifest.json"]);

/* Writes NAME.HASH.EXT with its compressed forms and notes it. */
function put(name, content) {
  const bytes = Buffer.from(content);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const ext = extname(name);
  const file = `${name.slice(0, -ext.length)}.${hash}${ext}`;
  putAs(file, bytes);
  manifest[name] = file;
  return file;
}

function putAs(file, bytes) {
  const path = join(assets, file);
  written.add(file).add(`${file}.br`).add(`${file}.gz`);
  if (existsSync(path) && existsSync(`${path}.br`) && existsSync(`${path}.gz`) &&
      readFileSync(path).equals(Buffer.from(bytes)))
    return;
  writeFileSync(path, bytes);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: bytes.length > 300_000 ? 9 : 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }));
}

async function styles() {
  const source = join(home, "scss", "app.scss");
  if (!existsSync(source))
    return;
  const sass = await import("sass");
  const { transform } = await import("esbuild");
  const result = sass.compile(source, {
    loadPaths: [join(root, "node_modules"), join(home, "scss")],
    style: "expanded",
    quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions",
      "if-function"].filter((id) => sass.deprecations?.[id]),
    logger: sass.Logger.silent,
  });
  const { code } = await transform(result.css, {
    loader: "css", minify: true, target: ["chrome108", "firefox115", "safari16"],
    legalComments: "none",
  });
  put("app.css", code);
}

/* web/app.ts is the page's code; web/*-worker.ts are workers of their own;
 * the rest is loaded by them. */
async function scripts() {
  const web = join(home, "web");
  if (!existsSync(join(web, "app.ts")))
    return;
  const { build } = await import("esbuild");
  const workers = readdirSync(web).filter((f) => f.endsWith("-worker.ts"));
  const common = {
    bundle: true, write: false, minify: true, format: "esm", metafile: true,
    target: ["chrome108", "firefox115", "safari16"],
    nodePaths: [join(root, "node_modules")], legalComments: "none",
    sourcemap: maps ? "inline" : false, outdir: assets, logLevel: "error",
  };
  const page = await build({
    ...common, entryPoints: [join(web, "app.ts")], splitting: true,
    entryNames: "[name].[hash]", chunkNames: "[name].[hash]",
  });
  const alone = workers.length ? await build({
    ...common, entryPoints: workers.map((f) => join(web, f)),
    entryNames: "[name].[hash]",
  }) : { outputFiles: [], metafile: { outputs: {} } };
  for (const { outputFiles, metafile } of [page, alone]) {
    for (const file of outputFiles)
      putAs(basename(file.path), file.contents);
    for (const [path, info] of Object.entries(metafile.outputs))
      if (info.entryPoint)
        manifest[basename(info.entryPoint).replace(/\.ts$/, ".js")] =
          basename(path);
  }
  for (const file of readdirSync(web).filter((f) => f.endsWith(".wasm")))
    put(file, readFileSync(join(web, file)));
}

/* "en-XA": English with accents and some 40 % longer, so that a test sees
 * text that is not translated, and text that has no room (E51). */
function pseudo(text) {
  const from = "aeiouAEIOUcnsy", to = "áéíóúÁÉÍÓÚçñšý";
  let inside = false, done = "";
  for (const c of text) {
    if (c === "{") inside = true;
    const at = from.indexOf(c);
    done += inside || at < 0 ? c : [...to][at];
    if (c === "}") inside = false;
  }
  return `[${done}${"~".repeat(Math.ceil(text.length * 0.4))}]`;
}

function texts() {
  const folder = join(root, "core/view/locale");
  for (const file of readdirSync(folder).filter((f) => f.endsWith(".json"))) {
    const all = JSON.parse(readFileSync(join(folder, file), "utf8")).browser;
    const locale = basename(file, ".json");
    put(`texts.${locale}.js`, `export default ${JSON.stringify(all)};\n`);
    if (locale === "en") {
      const long = Object.fromEntries(Object.entries(all)
        .map(([key, text]) => [key, pseudo(text)]));
      put("texts.en-XA.js", `export default ${JSON.stringify(long)};\n`);
    }
  }
}

function pictures() {
  const folder = join(home, "icons");
  if (existsSync(folder))
    for (const file of readdirSync(folder).filter((f) => /\.(svg|png)$/.test(f)))
      put(file, readFileSync(join(folder, file)));
  if (manifest["mark.svg"])
    put("app.webmanifest", JSON.stringify({
      name: "Tenon", short_name: "Tenon", start_url: "/", scope: "/",
      display: "standalone", background_color: "#ffffff",
      theme_color: "#1f4fd8",
      icons: [{ src: `/assets/${theme}/${manifest["mark.svg"]}`,
        sizes: "any", type: "image/svg+xml", purpose: "any" }],
    }));
}

mkdirSync(assets, { recursive: true });
await Promise.all([styles(), scripts()]);
texts();
pictures();
writeFileSync(join(assets, "manifest.json"),
  JSON.stringify(Object.fromEntries(Object.entries(manifest).sort()), null, 1) + "\n");
for (const file of readdirSync(assets))
  if (!written.has(file))
    rmSync(join(assets, file), { recursive: true });
