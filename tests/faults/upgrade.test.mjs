// F16: an upgrade that is cut (kill -9) in the middle of its migrations goes
// on at the next start; a store from a newer release is refused in words.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Site, build, configure, long, run, sleep, temporaryFolder, tenon }
  from '../lib/server.mjs';
import { startHosts } from '../lib/hosts.mjs';
import { notAgain } from '../lib/load.mjs';
import { signedIn } from '../lib/person.mjs';

const skip = spawnSync('sqlite3', ['--version']).error &&
  'sqlite3, the command, is missing';
const rounds = long ? 40 : 6;

const sql = (folder, text) => {
  const result = spawnSync('sqlite3', ['-cmd', '.timeout 10000',
    join(folder, 'tenon.db'), text], { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.trim();
};

// As a store of a release before these rooms had tables: their migrations
// are due at the next start.
const rooms = ['notify', 'event'];
function older(folder) {
  const tables = sql(folder, 'SELECT name FROM sqlite_master WHERE type = ' +
    `'table' AND (${rooms.map((r) => `name LIKE '${r}\\_%' ESCAPE '\\'`)
      .join(' OR ')})`).split('\n');
  assert.ok(tables.length >= 3);
  sql(folder, `PRAGMA foreign_keys=OFF; BEGIN; ${tables.map((t) =>
    `DROP TABLE ${t};`).join('')} DELETE FROM store_migration ` +
    `WHERE component IN (${rooms.map((r) => `'${r}'`)}); COMMIT;`);
  return tables.sort();
}

test('F16_ an upgrade that is cut goes on', { skip }, async () => {
  const folder = join(temporaryFolder('upgrade'), 'site');
  assert.equal(run('init', '--demo', folder).code, 0);
  configure(folder, {});
  let tables;
  for (let i = 0; i < rounds; i += 1) {
    tables = older(folder);
    const child = spawn(tenon, ['serve', '--listen', '127.0.0.1:0', folder],
      { stdio: 'ignore', detached: true, env: { ...process.env,
        TENON_SHARE: process.env.TENON_SHARE || join(build, 'share/tenon') } });
    const gone = new Promise((done) => child.on('exit', done));
    await sleep(10 + i * (long ? 8 : 40));
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* ended already */ }
    await gone;
    // All or nothing of each migration, whenever that was.
    assert.equal(sql(folder, 'PRAGMA integrity_check'), 'ok',
      notAgain('the database is damaged'));
    for (const room of rooms) {
      const [there, said] = [sql(folder, 'SELECT count(*) FROM sqlite_master ' +
        `WHERE type = 'table' AND name LIKE '${room}\\_%' ESCAPE '\\'`),
      sql(folder, 'SELECT count(*) FROM store_migration ' +
        `WHERE component = '${room}'`)];
      assert.equal(Number(there) > 0, Number(said) > 0,
        notAgain(`${room}: ${there} tables, ${said} migrations`));
    }
    const site = await new Site(folder, []).start();
    try {
      const person = await signedIn(site, 'zhang.wei');
      assert.equal((await person.get('/messages')).status, 200);
      assert.equal((await person.get('/records/budget')).status, 200);
    } finally {
      await site.stop();
    }
    assert.deepEqual(sql(folder, 'SELECT name FROM sqlite_master WHERE type =' +
      ` 'table' AND (${rooms.map((r) => `name LIKE '${r}\\_%' ESCAPE '\\'`)
        .join(' OR ')})`).split('\n').sort(), tables);
  }
});

// A text of all that is in the database.
const everything = (folder) => sql(folder, '.dump');

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
    const folder = join(temporaryFolder('changed'), 'site');
    assert.equal(run('init', folder).code, 0);
    configure(folder, {});
    sql(folder, "UPDATE store_migration SET hash = 'other' " +
      "WHERE component = 'form'");
    await refused(folder, /a changed version of this program/);
  });

test('F16_ a store of a newer release is refused, and stays', { skip },
  async () => {
    const folder = join(temporaryFolder('newer'), 'site');
    assert.equal(run('init', folder).code, 0);
    configure(folder, {});
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
