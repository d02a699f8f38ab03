// Two hosts on one PostgreSQL with one folder of files between them: what one
// takes the other gives, both collect without harm, a host that has a folder of
// its own is told so; and both sign with one key.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync, utimesSync }
  from 'node:fs';
import { join } from 'node:path';

import { Site, build, configure, demoSite, run, runBeside, temporaryFolder }
  from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { addressOf, onPostgresql, sql } from '../lib/store.mjs';

const skip = !onPostgresql && 'two hosts need PostgreSQL';
const shared = temporaryFolder('shared');
const DAY = 24 * 3600 * 1000;
let one, two, here, there;

before(async () => {
  if (skip) return;
  const files = { where: 'folder', path: shared };
  one = await demoSite({ files, files_before: { where: 'folder' } });
  const moved = run('files', 'move', one.folder);
  assert.equal(moved.code, 0, moved.err);
  configure(one.folder, { files_before: null });
  const folder = join(temporaryFolder('second'), 'site');
  const joined = run('init', '--join', '--store', addressOf(one.folder), folder);
  assert.equal(joined.code, 0, joined.err);
  configure(folder, { files });
  for (const host of [one.folder, folder])
    cpSync(join(build, 'test-plugins/scripts/api_lua'),
      join(host, 'scripts/api_lua'), { recursive: true });
  const enabled = run('plugin', 'enable', one.folder, 'api_lua');
  assert.equal(enabled.code, 0, enabled.err);
  two = await new Site(folder, []).start();
  here = await signedIn(one, 'zhang.wei');
  there = await signedIn(two, 'zhang.wei');
});
after(async () => {
  await one?.stop();
  await two?.stop();
});

async function upload(person, name, data) {
  const body = new FormData();
  body.append('file', new Blob([data]), name);
  return person.fetch('POST', '/api/v1/files', { body,
    headers: { 'x-csrf-token': person.csrf } });
}
const stored = () => readdirSync(shared, { recursive: true }).map(String)
  .filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(name));

test('what one host takes the other gives', { skip }, async () => {
  const file = (await upload(here, 'a.txt', 'from the first')).body;
  assert.equal((await there.get(file.url)).text, 'from the first');
  const back = (await upload(there, 'b.txt', 'from the second')).body;
  assert.equal((await here.get(back.url)).text, 'from the second');
  assert.equal(run('files', 'verify', two.folder).code, 0);
});

test('both put and collect the same content at once, and none is lost',
  { skip }, async () => {
    const names = [...Array(8).keys()].map((i) => `again ${i}`);
    for (const name of names) await upload(here, 'x.txt', name);
    // All of it is old and without a row; both hosts put it again while both
    // collect what is left of it.
    const old = (Date.now() - 3 * DAY) / 1000;
    sql(one, "DELETE FROM attachment WHERE name = 'x.txt'");
    for (const name of stored()) utimesSync(join(shared, name), old, old);
    sql(one, `UPDATE store_blob SET put_at = 1, unused_at = ${Date.now() -
      2 * DAY}`);
    const collect = (site) => runBeside('doctor', '--mend', site.folder);
    const putting = Promise.all(names.map((name, i) =>
      upload(i % 2 ? here : there, 'x.txt', name)));
    const collecting = Promise.all([collect(one), collect(two)]);
    const files = await putting;
    await collecting;
    for (const [i, file] of files.entries()) {
      assert.equal(file.status, 201, file.text);
      assert.equal((await (i % 2 ? there : here).get(file.body.url)).text,
        names[i]);
    }
    assert.equal(run('files', 'verify', one.folder).code, 0);
  });

test('a cookie that one host signed counts on the other', { skip }, async () => {
  const ask = (host, query, cookie = '') => fetch(
    `${host.url}/m/api_lua/cookie?${query}`, { headers: { cookie } });
  const set = await ask(one, 'set=yes&seconds=3600');
  const [cookie] = set.headers.get('set-cookie').split(';');
  assert.equal(await (await ask(one, '', cookie)).text(), 'yes');
  assert.equal(await (await ask(two, '', cookie)).text(), 'yes');
  assert.equal(await (await ask(two, '', `${cookie}x`)).text(), 'none');
});

test('a host that has another folder than the others is told', { skip },
  async () => {
    await two.stop();
    configure(two.folder, { files: null });
    await two.start();
    there = await signedIn(two, 'zhang.wei');
    assert.equal((await upload(there, 'c.txt', 'only here')).status, 503);
    assert.match(run('files', 'check', two.folder).err,
      /does not bear this site's mark/);
    // Nor is a folder taken for the shared one that is not mounted.
    await one.stop();
    const mark = join(shared, '.tenon-files');
    rmSync(mark);
    await one.start();
    here = await signedIn(one, 'zhang.wei');
    assert.equal((await upload(here, 'd.txt', 'into nothing')).status, 503);
    assert.ok(!existsSync(mark));
    assert.equal(run('files', 'adopt', one.folder).code, 0);
    assert.equal((await upload(here, 'd.txt', 'into nothing')).status, 201);
  });
