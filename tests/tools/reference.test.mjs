// reference.test.mjs - the SDK's contract is complete: each struct of its
// headers has its frozen shape.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHeaders } from '../../tools/sdk-headers.mjs';

const root = new URL('../..', import.meta.url).pathname;
const read = (path) => readFileSync(join(root, path), 'utf8');
const headers = readHeaders(join(root, 'sdk/include'));

test('each member of each struct has its place and type asserted', () => {
  const asserted = read('tests/unit/plugin/test_abi.c');
  const structs = headers.flatMap((header) => header.structs);
  const declared = headers.map(({ part }) =>
    read(`sdk/include/tenon/${part}.h`)).join('')
    .match(/^typedef struct \w+ \{/gm);
  assert.equal(structs.length, declared.length, 'all structs are read');
  for (const { name, members } of structs) {
    assert.ok(members.length > 0, name);
    for (const member of members)
      assert.match(asserted,
        new RegExp(`(AT|CALL)\\(${name},\\s+${member.name},`),
        `${name}.${member.name}: a line in tests/unit/plugin/test_abi.c`);
  }
});
