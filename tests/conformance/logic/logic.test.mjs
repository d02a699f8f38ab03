// logic.test.mjs - form logic gives the same on the server and in the
// browser: a generated table of 100,000 values through the native program
// and through lua.wasm. TENON_BUILD names the build folder.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openEngine } from "../../../themes/default/web/lua-engine.mjs";
import { cases } from "./cases.mjs";

const root = new URL("../../../", import.meta.url);
const build = process.env.TENON_BUILD ?? fileURLToPath(new URL("build", root));
const count = Number(process.env.TENON_LOGIC_CASES ?? 100_000);

/** The native program as a function from line to line. */
function native() {
  const child = spawn(`${build}/logic_native`, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    async ask(line) {
      if (!child.stdin.write(`${line}\n`)) await once(child.stdin, "drain");
      return (await lines.next()).value;
    },
    async end() {
      child.stdin.end();
      const [code] = await once(child, "exit");
      assert.equal(code, 0);
    },
  };
}

const oneLine = (text) => text.replaceAll("\n", " ");

function attempt(call) {
  try {
    return `= ${oneLine(call())}`;
  } catch (error) {
    return `! ${oneLine(error.message)}`;
  }
}

test(`${count} values are the same natively and in WebAssembly`, async () => {
  const wasm = await readFile(new URL("themes/default/web/lua.wasm", root));
  const engine = await openEngine(await WebAssembly.compile(wasm));
  const server = native();
  let compared = 0;
  for (const { count: values, definition, request } of cases(count)) {
    const definitionText = JSON.stringify(definition);
    const requestText = JSON.stringify(request);
    let core = 0;
    const opened = attempt(() => {
      core = engine.open(definitionText);
      return "open";
    });
    assert.equal(opened, await server.ask(`D ${definitionText}`));
    if (!core) {
      compared += values;
      continue;
    }
    const ours = attempt(() => engine.run(core, requestText));
    const theirs = await server.ask(`R ${requestText}`);
    engine.close(core);
    if (ours !== theirs && ours[0] === "=" && theirs[0] === "=") {
      const a = JSON.parse(ours.slice(2)).values;
      const b = JSON.parse(theirs.slice(2)).values;
      for (const key of Object.keys({ ...a, ...b })) {
        const line = definition.source
          .split("\n")
          .find((text) => text.startsWith(`computed.${key} `));
        assert.deepEqual(a[key], b[key], `${key}: ${line}`);
      }
    }
    assert.equal(ours, theirs, definition.source);
    compared += values;
  }
  await server.end();
  assert.ok(compared >= count, `${compared} values`);
});

test("S41 an endless script ends within two seconds in WebAssembly", async () => {
  const wasm = await readFile(new URL("themes/default/web/lua.wasm", root));
  const engine = await openEngine(await WebAssembly.compile(wasm));
  for (const { definition, request } of cases(0)) {
    const start = performance.now();
    assert.throws(
      () => {
        const core = engine.open(JSON.stringify(definition));
        try {
          engine.run(core, JSON.stringify(request));
        } finally {
          engine.close(core);
        }
      },
      (error) => !(error instanceof WebAssembly.RuntimeError),
      definition.source,
    );
    assert.ok(performance.now() - start < 2000, definition.source);
  }
});
