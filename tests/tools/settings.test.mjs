// settings.test.mjs - the manual tells every setting that the program knows,
// and no other.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const source = readFileSync(new URL('core/base/site.c', root), 'utf8');
const manual = readFileSync(new URL('docs/admin/settings.md', root), 'utf8');

test('docs/admin/settings.md has the rows of site.c', () => {
  const rows = /config_row rows\[\] = \{([^]*?)\n\};/.exec(source)[1];
  const known = [...rows.matchAll(/\{\s*"([\w.]+)",\s*CONFIG_/g)]
    .map((match) => match[1]).sort();
  const told = [...manual.matchAll(/^\| ((?:`[\w.]+`(?:, )?)+) \|/gm)]
    .flatMap((match) => [...match[1].matchAll(/`([\w.]+)`/g)])
    .map((match) => match[1]).sort();
  assert.ok(known.length > 20);
  assert.deepEqual(told, known);
});
