// checks.test.mjs - the checks of tools/ find what they are for, and accept
// what is right: each case is a small folder made for it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';

const tools = new URL('../../tools/', import.meta.url).pathname;
const cmake = 'set(TENON_LAYERS base ipc front store form web plugin cli)\n';
const head = (name) => `/*\n * ${name} - a case.\n */\n` +
  '#include "base/banned.h"\n';
const catalogs = (text) => ({
  'core/form/locale/en.json': text,
  'core/form/locale/zh-CN.json': text,
  'core/form/locale/zh-TW.json': text,
});

// Runs a check over a folder with these files.
function check(name, files) {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-check-'));
  try {
    for (const [file, text] of Object.entries(
      { 'CMakeLists.txt': cmake, ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const run = spawnSync(process.execPath,
      [join(tools, `check-${name}.mjs`), folder], { encoding: 'utf8' });
    return { code: run.status, text: run.stderr, last: run.stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function refused(name, files, pattern) {
  const { code, text } = check(name, files);
  assert.match(text, pattern);
  assert.equal(code, 1);
}

function accepted(name, files) {
  const { code, text } = check(name, files);
  assert.equal(text, '');
  assert.equal(code, 0);
}

// A file of the form layer with this body.
const form = (body) => ({ 'core/form/a.c': head('a.c') + body });

test('layers: an include may point down, not up', () => {
  accepted('layers', form('#include "store/db.h"\n#include "form/a.h"\n'));
  refused('layers', form('#include "web/page.h"\n'),
    /core\/form\/a\.c:5: form stands below web/);
});

test('layers: a comment is no include', () => {
  accepted('layers', form('/* #include "web/page.h"\n*/\n'));
});

test('layers: the front takes base and ipc, and only the cli takes it', () => {
  const front = (line) => ({ 'core/front/a.c': head('a.c') + line });
  accepted('layers', front('#include "ipc/frame.h"\n'));
  refused('layers', { 'core/ipc/a.c': '#include "front/a.h"\n' },
    /only front and cli may include front/);
  refused('layers', form('#include "front/a.h"\n'), /only front and cli/);
});

test('layers: no way out by "..", no bare name, no unknown room', () => {
  refused('layers', form('#include "../web/page.h"\n'), /leads out/);
  refused('layers', form('#include "a.h"\n'), /"form\/a\.h"/);
  refused('layers', form('#include "crm/a.h"\n'), /no layer "crm"/);
});

test('layers: modules know the SDK only', () => {
  accepted('layers', { 'plugins/x/x.c': '#include <tenon/module.h>\n' });
  refused('layers', { 'plugins/x/x.c': '#include "store/db.h"\n' },
    /modules and the SDK know <tenon/);
  refused('layers', form('#include <tenon/module.h>\n'), /from plugin on/);
});

test('style: a file has its head, and banned.h first', () => {
  accepted('style', form(''));
  refused('style', { 'core/form/a.c': '#include "base/banned.h"\n' },
    /a\.c:1: the file begins with/);
  refused('style',
    { 'core/form/a.c': '/*\n * a.c - x.\n */\n#include <stdio.h>\n' },
    /the first include is "base\/banned\.h"/);
});

test('style: 1,000 lines a file and 100 a function', () => {
  refused('style', form('\n'.repeat(1000)), /lines; a file has at most 1000/);
  accepted('style', form('\n'.repeat(900)));
  const body = (lines) =>
    `int long_one(int a,\n             int b)\n{\n${'    a++;\n'.repeat(lines)}}\n`;
  refused('style', form(body(97)), /a\.c:5: long_one has 101 lines/);
  accepted('style', form(body(96)));
  accepted('style', form(`static int t[] =\n{\n${'    1,\n'.repeat(200)}};\n`));
});

test('style: unfinished work is refused', () => {
  refused('style', form(`/* ${'TO'}${'DO'}: later */\n`), /finish it/);
});

test('style: banned calls are refused, their names in texts are not', () => {
  refused('style', form('void *p = cJSON_GetObjectItem(a, "b");\n'),
    /cJSON_GetObjectItem\(\): it ignores case/);
  accepted('style', form('/* cJSON_GetObjectItem(a) */\n' +
    'const char *s = "cJSON_GetObjectItem(";\n'));
});

test('S20 style: SQL is not printed together', () => {
  const call = 'x = arena_printf(arena,\n    "SELECT id FROM t WHERE n = %s",' +
    '\n    name);\n';
  refused('style', form(call), /a\.c:5: SQL is made by printing/);
  refused('style', form('buf_addf(&b, " ORDER BY %s", s);\n'), /SQL is made/);
  accepted('style',
    form(`/* sql: names from the definition */\n${call}`));
  accepted('style', form('buf_addf(&b, " LIMIT %d", 5);\n'));
  accepted('style', form('buf_addf(&b, "select a file from %s", s);\n'));
});

test('style: SQL is what both stores know', () => {
  const one = 'rc = db_int(&n, ctx, "SELECT ifnull(a, 0) FROM t", "");\n';
  refused('style', form(one), /not every store has ifnull/);
  refused('style', form('buf_addf(&b, " FROM t NOT INDEXED");\n'),
    /not every store has NOT INDEXED/);
  accepted('style', form(`/* sql: of SQLite alone */\n${one}`));
  accepted('style', form(one.replace('ifnull', 'coalesce')));
  accepted('style', { 'core/store/a.c': form(one)['core/form/a.c'] });
});

test('S22 style: HTML is not printed together', () => {
  refused('style', form('buf_addf(&b, "<p>%s</p>", name);\n'),
    /HTML is made by printing/);
  refused('style', form('buf_addf(&b, " title=\\"%s\\"", name);\n'),
    /HTML is made by printing/);
  accepted('style', form('buf_addf(&b, "<p>%d</p>", 5);\n'));
  accepted('style',
    form('buf_addf(&b, "<p>%s</p>", kind); /* html: a fixed word */\n'));
  accepted('style', form('buf_addf(&b, "up{worker=\\"%s\\"} 1", name);\n'));
});

test('style: each key of fail() has its text', () => {
  const text = '{"form": {"large": "Too large: {1}"}}\n';
  const call = (key) => form(
    `int f(void)\n{\n    return fail(ctx, E_LIMIT,\n        "${key}", "%d",` +
    ' n);\n}\n');
  accepted('style', { ...catalogs(text), ...call('form.large') });
  refused('style', { ...catalogs(text), ...call('form.small') },
    /a\.c:7: no catalog has the key "form\.small"/);
  refused('style', { ...catalogs(text), ...call('too large') },
    /"too large" is no key/);
  refused('style', { ...catalogs(text), ...form(
    'int r = fail_at(ctx, E_INVALID, "items.price", "form.none", "x");\n') },
  /"form\.none"/);
});

test('style: the catalogs have the same keys and placeholders', () => {
  const three = catalogs('{"a": "A {n}"}\n');
  accepted('style', three);
  refused('style', { ...three, 'core/form/locale/zh-TW.json': '{}\n' },
    /zh-TW\.json:1: the key "a" .*is missing/);
  refused('style',
    { ...three, 'core/form/locale/zh-CN.json': '{"a": "{n}",\n"b": "B"}\n' },
    /zh-CN\.json:2: the key "b" is not in en\.json/);
  refused('style',
    { ...three, 'core/form/locale/zh-CN.json': '{"a": "{m}"}\n' },
    /placeholder \{m\}/);
  refused('style', { 'core/form/locale/en.json': '{"a": "A"}\n' },
    /zh-CN\.json:1: this catalog is missing/);
});

test('style: a key stands once, in one catalog', () => {
  refused('style', catalogs('{"a": "A",\n"a": "B"}\n'),
    /en\.json:2: the key "a" stands here twice/);
  refused('style', catalogs('{"a": {"b": "A"},\n"a.b": "B"}\n'),
    /the key "a\.b" is there twice/);
  refused('style', { ...catalogs('{"a": "A"}\n'),
    'core/web/locale/en.json': '{"a": "B"}\n',
    'core/web/locale/zh-CN.json': '{"a": "B"}\n',
    'core/web/locale/zh-TW.json': '{"a": "B"}\n' },
  /the key "a" is in core\/form\/locale\/en\.json already/);
});

test('S23 style: templates have nothing inline and no unknown text', () => {
  const template = (text) => ({ ...catalogs('{"ui": {"ok": "OK"}}\n'),
    'themes/default/templates/a.mustache': text });
  accepted('style', template('<b class="x">{{t.ui.ok}}</b>\n' +
    '<script src="/a.js"></script>\n'));
  refused('style', template('<b style="color: red">x</b>\n'), /inline style/);
  refused('style', template('<b onclick="x()">x</b>\n'), /inline handler/);
  refused('style', template('<script>x()</script>\n'), /inline script/);
  refused('style', template('{{t.ui.none}}\n'), /"ui\.none"/);
});

test('style: tables are STRICT, virtual ones excepted', () => {
  const sql = (text) => ({ 'core/form/migrations/0001_a.sql': text });
  accepted('style', sql('CREATE TABLE a (b TEXT) STRICT;\n' +
    'CREATE VIRTUAL TABLE c USING fts5(d);\n' +
    'CREATE TABLE e (f TEXT) WITHOUT ROWID, STRICT;\n'));
  accepted('style', { 'core/form/migrations/0001_a.postgresql.sql':
    'CREATE TABLE a (b TEXT);\n' });
  refused('style', sql('\nCREATE TABLE a (b TEXT);\n'),
    /0001_a\.sql:2: the table a is not STRICT/);
});

test('S22 style: browser code makes no HTML from strings', () => {
  const code = (text) => ({ 'themes/default/web/a.ts': text });
  accepted('style', code('node.textContent = text;\n'));
  refused('style', code('node.innerHTML = text;\n'), /HTML from a string/);
  accepted('style', code('// html: the server\'s own fragment\n' +
    'node.innerHTML = text;\n'));
});

test('format: what clang-format would write otherwise is named', () => {
  const style = { '.clang-format': 'BasedOnStyle: LLVM\nIndentWidth: 4\n' };
  accepted('format', { ...style, 'a.c': 'int a;\n' });
  refused('format', { ...style, 'a.c': 'int b;\nint  a;\n' }, /a\.c:2: /);
});

// ---- check.mjs itself ----

// One step of it in a folder with these files and programs. Each notes that
// it was run: { code, runs, text }.
function runStep(step, files, programs = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-check-'));
  try {
    mkdirSync(join(folder, 'tools'));
    copyFileSync(join(tools, 'check.mjs'), join(folder, 'tools/check.mjs'));
    for (const [file, text] of Object.entries({ ...files, ...programs })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text,
        { mode: file in programs ? 0o755 : 0o644 });
    }
    const runs = join(folder, 'runs');
    writeFileSync(runs, '');
    const run = spawnSync(process.execPath, [join(folder, 'tools/check.mjs'),
      step], { encoding: 'utf8', env: { ...process.env, RUNS: runs,
      PATH: `${folder}/bin:${process.env.PATH}`, NODE_TEST_CONTEXT: '' } });
    return { code: run.status, text: run.stdout + run.stderr,
      runs: readFileSync(runs, 'utf8').length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// A test that fails for the first time only, with this message.
const once = (message) => ({ 'tests/tools/one.test.mjs': `
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
test('one', () => {
  appendFileSync(process.env.RUNS, '.');
  assert.deepEqual(readFileSync(process.env.RUNS, 'utf8'), '..',
    ${JSON.stringify(message)});
});
` });

test('check: what fails is tried once more, but not where something was lost',
  () => {
    const slow = runStep('tools', once('waited in vain'));
    assert.deepEqual([slow.code, slow.runs], [0, 2], slow.text);
    assert.match(slow.text, /failed at the first try[^]*\n1 passed, 0 failed/);
    const loss = runStep('tools', once('Not tried again: note 7'));
    assert.deepEqual([loss.code, loss.runs], [1, 1], loss.text);
    assert.match(loss.text, /note 7[^]*\n0 passed, 1 failed/);
  });

// What ctest says of a program that fails once and passes then.
const ctest = (error, file) => ({ 'bin/ctest': `#!/bin/sh
echo . >> "$RUNS"
cat <<'END'
3: [  ERROR   ] --- ${error}
3: [   LINE   ] --- /x/tests/unit/store/${file}:7: error: Failure!
3: [  FAILED  ] 1 test(s), listed below:
3: [  PASSED  ] 5 test(s).
END
` });

test('check: a program that has lost something does not pass by a second try',
  () => {
    const passed = (error, file) =>
      runStep('unit-asan', {}, ctest(error, file)).code;
    assert.equal(passed('0x1 != 0', 'test_query.c'), 0);
    assert.equal(passed('0x1 != 0', 'test_crash.c'), 1);
    assert.equal(passed('2300 is not within the range 0-2000',
      'test_lock_death.c'), 0);
  });
