// A site's folder on a network file system: an embedded database is refused
// there, since its locks cannot be trusted; PostgreSQL's sites may lie there.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { demoFolder, Site, temporaryFolder } from '../lib/server.mjs';
import { diskEnv, onDisk } from '../lib/disk.mjs';
import { onPostgresql } from '../lib/store.mjs';

// As statfs(2) numbers them.
const kinds = { NFS: '6969', CIFS: 'ff534d42', SMB: 'fe534d42' };
const skip = onPostgresql && 'the rows are not in the folder';

function refused(said, name) {
  assert.equal(said.code, 1, said.err);
  const told = said.err.split('\n').filter((line) => /^tenon: /.test(line));
  assert.deepEqual(told, [`tenon: The site lies on a network file system (${
    name}), whose locks a database cannot trust; move it to a disk of this ` +
    'machine.']);
}

for (const [name, kind] of Object.entries(kinds))
  test(`a site is not made on ${name}`, { skip }, () => {
    const disk = temporaryFolder('disk');
    refused(onDisk(disk, { kind }, 'init', join(disk, 'site')), name);
    assert.ok(!existsSync(join(disk, 'site/tenon.db')));
  });

test('a site that came to lie there is not served, nor touched', { skip },
  () => {
    const folder = demoFolder(), file = join(folder, 'tenon.db');
    const before = readFileSync(file);
    const said = onDisk(dirname(folder), { kind: kinds.NFS }, 'serve',
      '--listen', '127.0.0.1:0', folder);
    refused(said, 'NFS');
    assert.ok(readFileSync(file).equals(before));
    const looked = onDisk(folder, { kind: kinds.NFS }, 'doctor', folder);
    assert.equal(looked.code, 1);
    assert.match(looked.out, /network file system \(NFS\)/);
  });

test('with its rows in PostgreSQL it is served from there',
  { skip: !onPostgresql && 'the rows are in the folder' }, async () => {
    const folder = demoFolder();
    const site = await new Site(folder, [],
      diskEnv(folder, { kind: kinds.NFS })).start();
    try {
      assert.equal((await fetch(`${site.url}/healthz`)).status, 200);
    } finally {
      await site.stop();
    }
  });
