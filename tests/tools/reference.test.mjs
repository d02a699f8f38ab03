// reference.test.mjs - the SDK's contract is whole: each struct of its headers
// has its frozen shape, each entry its place and its examples in the
// reference, and the reference is sound HTML.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages } from '../../tools/make-reference.mjs';
import { examples, isEntry, readHeaders } from '../../tools/sdk-headers.mjs';

const root = new URL('../..', import.meta.url).pathname;
const read = (path) => readFileSync(join(root, path), 'utf8');
const headers = readHeaders(join(root, 'sdk/include'));
const source = headers.map(({ part }) => read(`sdk/include/tenon/${part}.h`))
  .join('');
const entries = headers.flatMap(({ macros }) => macros).filter(isEntry)
  .map(({ name }) => name);

// The files of the examples: [{path, lua, text, blocks}].
const files = [['plugins/sdk_c', '.c'], ['scripts/sdk_lua', '.lua']].flatMap(
  ([folder, ext]) => readdirSync(join(root, 'sdk/examples', folder))
    .filter((name) => name.endsWith(ext)).map((name) => {
      const path = `sdk/examples/${folder}/${name}`, lua = ext === '.lua';
      return { path, lua, text: read(path), blocks: examples(read(path), lua) };
    }));

test('each member of each struct has its place and type asserted', () => {
  const asserted = read('tests/unit/plugin/test_abi.c');
  const structs = headers.flatMap((header) => header.structs);
  assert.equal(structs.length, source.match(/^typedef struct \w+ \{/gm).length,
    'all structs are read');
  for (const { name, members } of structs) {
    assert.ok(members.length > 0, name);
    for (const member of members)
      assert.match(asserted,
        new RegExp(`(AT|CALL)\\(${name},\\s+${member.name},`),
        `${name}.${member.name}: a line in tests/unit/plugin/test_abi.c`);
  }
});

test('all that modules call is read from the headers, and is told', () => {
  const declared = [...source.matchAll(/^#define ((?:tn|TN)_\w*\w)\(/gm)]
    .map((found) => found[1]).filter((name) => !name.endsWith('_'));
  assert.deepEqual(entries, declared);
  assert.ok(entries.length > 100);
  for (const { name, comment } of headers.flatMap(({ macros }) => macros)
    .filter(isEntry))
    assert.ok(comment, `${name}: a comment before it in the header`);
});

describe('examples', () => {
  test('each entry has one in C, and one in Lua or plain Lua', () => {
    for (const lua of [false, true]) {
      const named = new Set(files.filter((file) => file.lua === lua)
        .flatMap(({ blocks }) => blocks).flatMap(({ names }) => names));
      const missing = entries.filter((name) => !named.has(name));
      assert.deepEqual(missing, [], lua ? 'in Lua' : 'in C');
    }
  });

  test('none names what does not exist', () => {
    for (const { path, blocks } of files)
      for (const { names } of blocks)
        for (const name of names)
          assert.ok(entries.includes(name), `${path}: ${name}`);
  });

  test('one in C uses what it names', () => {
    for (const { path, lua, blocks } of files)
      if (!lua)
        for (const { names, text } of blocks)
          for (const name of names)
            assert.match(text, new RegExp(`\\b${name}\\(`), `${path}: ${name}`);
  });

  // Lua says the same with the last word of the name; where not, with this.
  const inLua = { TN_EQ: '= ', TN_AND: ',', tn_get: 'loan.', tn_set: 'loan.',
    tn_fail_with: 'fail',
    tn_job_start: 'job_add', tn_form_field: 'form', tn_set_status: '404' };

  test('one in Lua uses what it names', () => {
    for (const { path, lua, blocks } of files)
      for (const { names, text, plain } of blocks)
        for (const name of lua && !plain ? names : []) {
          const code = text.replace(/--.*/g, '');
          const word = inLua[name] ?? name.match(/[A-Za-z]+$/)[0].toLowerCase();
          assert.match(code, new RegExp(`(^|[^a-z])${word}`),
            `${path}: ${name}: ${word}`);
        }
  });

  test('every block that begins ends', () => {
    for (const { path, text, blocks } of files) {
      const begun = text.match(
        /^(\/\*|--) (example|plain Lua): /gm)?.length ?? 0;
      const ended = text.match(/^(\/\* end \*\/|-- end)$/gm)?.length ?? 0;
      assert.equal(begun, blocks.length, path);
      assert.equal(ended, blocks.length, path);
    }
  });
});

// The tags and texts of a page, or what is wrong with it.
function parse(name, html) {
  const single = new Set(['meta', 'link', 'br', 'img']);
  const open = [], ids = [], links = [];
  const body = html.replace(/^<!DOCTYPE html>\n/, '');
  assert.notEqual(body, html, `${name} says what it is`);
  for (const [, tag, text] of body.matchAll(/(<[^>]*>)|([^<]+|<)/g)) {
    if (text !== undefined) {
      assert.doesNotMatch(text, /[<>]/, `${name}: ${text}`);
      assert.doesNotMatch(text, /&(?!(amp|lt|gt|quot);)/, `${name}: ${text}`);
      if (text.trim()) assert.ok(open.length, `${name}: ${text}`);
      continue;
    }
    const parts = tag.match(
      /^<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>$/);
    assert.ok(parts, `${name}: no tag: ${tag}`);
    if (parts[1]) {
      assert.equal(open.pop(), parts[2], `${name}: ${tag}`);
      continue;
    }
    for (const [, key, value] of parts[3].matchAll(/ ([a-z-]+)="([^"]*)"/g)) {
      if (key === 'id') ids.push(value);
      if (key === 'href') links.push(value);
      assert.doesNotMatch(key, /^(on|style$)/, `${name}: ${tag}`);
    }
    assert.notEqual(parts[2], 'script');
    if (!single.has(parts[2])) open.push(parts[2]);
  }
  assert.deepEqual(open, [], `${name}: all that is open is closed`);
  assert.equal(new Set(ids).size, ids.length, `${name}: ids are unique`);
  return { ids, links };
}

describe('the reference', () => {
  const made = pages();
  const parsed = new Map([...made].map(([name, html]) =>
    [name, parse(name, html)]));

  test('has each entry, with its form and its examples', () => {
    for (const entry of entries) {
      const holding = [...made].filter(([name]) =>
        parsed.get(name).ids.includes(entry));
      assert.equal(holding.length, 1, entry);
      const part = holding[0][1].split(`<section id="${entry}">`)[1]
        .split('</section>')[0];
      assert.match(part, /<pre class="form"><code>[^<]*\b\w+\(/, entry);
      assert.match(part, /<figcaption>C<|Example in C: <a /, entry);
      assert.match(part, /<figcaption>Lua<|Example in Lua: <a |plain Lua does/,
        entry);
    }
  });

  test('shows the members of what modules fill, and all constants', () => {
    const all = [...made.values()].join('');
    for (const member of ['guard', 'expensive', 'every', 'below', 'groups',
      'storage', 'texts'])
      assert.ok(all.includes(`<td><code>.${member}</code></td>`), member);
    for (const { values } of headers.flatMap(({ enums }) => enums))
      for (const { name } of values)
        assert.equal([...parsed.values()].filter(({ ids }) =>
          ids.includes(name)).length, 1, name);
  });

  test('leads nowhere that is not there', () => {
    for (const [name, { links }] of parsed)
      for (const link of links.filter((each) => each !== 'reference.css')) {
        const [page, anchor] = link.split('#');
        const target = parsed.get(page || name);
        assert.ok(target, `${name}: ${link}`);
        if (anchor) assert.ok(target.ids.includes(anchor), `${name}: ${link}`);
      }
  });
});
