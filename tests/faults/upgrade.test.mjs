// F16: an upgrade that is cut (kill -9) in the middle of its migrations goes
// on at the next start; a store from a newer release is refused in words.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Site, build, demoFolder, long, sleep, tenon, until }
  from '../lib/server.mjs';
import { startHosts } from '../lib/hosts.mjs';
import { lacking, notAgain } from '../lib/load.mjs';
import { signedIn } from '../lib/person.mjs';
import { onPostgresql, sql, tables } from '../lib/store.mjs';

const skip = lacking;
const rounds = long ? 40 : 6;

// As a store of a release before these rooms had tables: their migrations
// are due at the next start.
const rooms = ['notify', 'event'];
const theirs = (folder) => tables(folder).filter((name) =>
  rooms.some((room) => name.startsWith(`${room}_`))).sort();
function older(folder) {
  const names = theirs(folder);
  assert.ok(names.length >= 3);
  sql(folder, `${onPostgresql ? '' : 'PRAGMA foreign_keys=OFF;'} BEGIN; ${
    names.map((name) => `DROP TABLE ${name}${onPostgresql ? ' CASCADE' : ''};`)
      .join('')} DELETE FROM store_migration WHERE component IN (${
    rooms.map((room) => `'${room}'`)}); COMMIT;`);
  return names;
}

// How many tables a room has, and how many migrations: at one moment, for a
// server may still be at what it was told last.
const state = (folder, room) => sql(folder, 'SELECT (SELECT count(*) FROM ' +
  `${onPostgresql ? 'pg_tables WHERE tablename' :
    "sqlite_schema WHERE type = 'table' AND name"} LIKE '${room}\\_%' ` +
  "ESCAPE '\\'), (SELECT count(*) FROM store_migration WHERE component = " +
  `'${room}')`).split('|').map(Number);

// Serves, and is killed with all it has started when `cut()` is over.
async function killed(folder, cut) {
  const child = spawn(tenon, ['serve', '--listen', '127.0.0.1:0', folder],
    { stdio: 'ignore', detached: true, env: { ...process.env,
      TENON_SHARE: process.env.TENON_SHARE || join(build, 'share/tenon') } });
  const gone = new Promise((done) => child.on('exit', done));
  await cut();
  try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended already */ }
  await gone;
}

test('F16_ an upgrade that is cut goes on', { skip }, async () => {
  const folder = demoFolder();
  const done = () => rooms.every((room) => state(folder, room)[1] > 0);
  // Between too early and too late, each time nearer to where they change.
  let early = 0, late = Infinity;
  for (let i = 0; i < rounds; i += 1) {
    const before = older(folder);
    const begun = Date.now();
    await killed(folder, () => late === Infinity
      ? until(done, 'the migrations', 60000) : sleep((early + late) / 2));
    const lasted = Date.now() - begun;
    // All or nothing of each migration, whenever that was.
    if (!onPostgresql)
      assert.equal(sql(folder, 'PRAGMA integrity_check'), 'ok',
        notAgain('the database is damaged'));
    for (const room of rooms) {
      const [there, said] = state(folder, room);
      assert.equal(there > 0, said > 0,
        notAgain(`${room}: ${there} tables, ${said} migrations`));
    }
    if (done()) late = lasted;
    else early = lasted;
    if (early >= late * 0.98) [early, late] = [early * 0.7, late * 1.2];
    const site = await new Site(folder, []).start();
    try {
      const person = await signedIn(site, 'zhang.wei');
      assert.equal((await person.get('/messages')).status, 200);
      assert.equal((await person.get('/records/budget')).status, 200);
    } finally {
      await site.stop();
    }
    assert.deepEqual(theirs(folder), before);
  }
});

// A text of all that could be changed.
const everything = (folder) => sql(folder, onPostgresql
  ? 'SELECT * FROM store_migration ORDER BY 1, 2' : '.dump');

async function refused(folder, pattern) {
  const before = everything(folder), site = new Site(folder, []);
  try {
    await assert.rejects(site.start(), pattern);
  } finally {
    site.child.kill('SIGKILL');
  }
  assert.equal(everything(folder), before);
}

test('F16_ a store of a changed release is refused, and stays', { skip },
  async () => {
    const folder = demoFolder();
    sql(folder, "UPDATE store_migration SET hash = 'other' " +
      "WHERE component = 'form'");
    await refused(folder, /a changed version of this program/);
  });

test('F16_ a store of a newer release is refused, and stays',
  { skip: skip || (onPostgresql && 'another host may have been updated') },
  async () => {
    const folder = demoFolder();
    sql(folder, "INSERT INTO store_migration VALUES ('form', 9999, 'future', " +
      "'x', 1)");
    await refused(folder,
      /a newer version .*form\/9999_future.*Install that version again/);
    // The newer release goes on where it was.
    sql(folder, 'DELETE FROM store_migration WHERE number = 9999');
    const site = await new Site(folder, []).start();
    assert.equal((await fetch(new URL('/sign-in', site.url))).status, 200);
    assert.equal((await site.stop()).code, 0);
  });

test('F16_ of several hosts one that is still to be updated goes on',
  async () => {
    const company = await startHosts(1);
    try {
      const [host] = company.hosts;
      await host.stop();
      company.sql("INSERT INTO store_migration VALUES ('form', 9999, " +
        "'future', 'x', 1)");
      host.text = '';
      await host.start();
      assert.equal((await fetch(new URL('/sign-in', host.url))).status, 200);
      assert.equal(host.log('store.newer')[0].migration, 'form/9999_future');
    } finally {
      await company.stop();
    }
  });
