// backup.test.mjs - backups while people write, and restores that are cut in
// the middle, of other versions, with other keys (F15).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build, demoSite, long, run, runBeside, temporaryFolder, tenon, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { onPostgresql, sql } from '../lib/store.mjs';

const lacking = spawnSync('sqlite3', ['--version']).error &&
  'sqlite3, the command, is missing';
const skip = lacking || onPostgresql &&
  'nothing is restored over a site that has its rows in PostgreSQL';
const environment = { ...process.env, TENON_SHARE: process.env.TENON_SHARE ||
  join(build, 'share/tenon') };

// Nothing bad, whatever notes there are.
function whole(folder) {
  const said = run('doctor', '--verify', '--json', folder);
  const bad = JSON.parse(said.out).lines.filter((line) =>
    line.verdict === 'bad');
  assert.deepEqual(bad, []);
}

const fingerprint = (folder) => createHash('sha256')
  .update(readFileSync(join(folder, 'tenon.db'))).digest('hex');

let key, place;
before(() => {
  place = temporaryFolder('f15');
  key = join(place, 'key');
  assert.equal(run('backup', 'key', key).code, 0);
});

let site;
after(async () => site && site.stop());

test('F15_ backups under load hold all that was told before, and nothing half',
  { skip: lacking }, async () => {
    site = await demoSite();
    await site.whole();
    const people = await Promise.all(['zhang.wei', 'li.na', 'wang.fang']
      .map((login) => signedIn(site, login)));
    const host = sql(site.folder,
      "SELECT id FROM org_user WHERE login = 'li.na'");
    const told = [];
    let over = false, number = 0;
    const write = async (person) => {
      while (!over) {
        const name = `load-${number += 1}`;
        const answer = await person.post('/api/v1/records/visitor', {
          values: { name, host, day: '2026-12-01', purpose: 'a visit' } });
        if (answer.status === 201) told.push(name);
        else assert.equal(answer.status, 503, answer.text);
      }
    };
    const writers = people.map(write);
    await until(() => told.length > 5, 'the first records');
    const rounds = long ? 20 : 2;
    try {
      for (let round = 0; round < rounds; round += 1) {
        const before = [...told];
        const backup = join(place, `load-${round}`);
        const words = round % 2 ? ['--key', key] : [];
        const made = await runBeside('backup', ...words, site.folder, backup);
        assert.equal(made.code, 0, made.err);
        const sent = number;
        const copy = join(place, `copy-${round}`);
        const restored = await runBeside('restore', ...words, backup, copy);
        assert.equal(restored.code, 0, restored.err);
        const names = new Set(sql(copy, 'SELECT f_name FROM r_visitor ' +
          "WHERE f_name LIKE 'load-%'").split('\n'));
        assert.deepEqual(before.filter((name) => !names.has(name)), []);
        for (const name of names)
          assert.ok(Number(name.slice(5)) <= sent, `${name} was never sent`);
        assert.equal(sql(copy, 'SELECT count(*) FROM r_visitor r WHERE ' +
          "f_name LIKE 'load-%' AND NOT EXISTS (SELECT 1 FROM audit_entry a " +
          "WHERE a.subject = 'record:visitor' AND a.subject_id = r.id)"), '0');
        whole(copy);
      }
    } finally {
      over = true;
    }
    await Promise.all(writers);
    await site.stop();
    whole(site.folder);
  });

test('F15_ a restore that is cut anywhere leaves the old site or the new one',
  { skip }, async () => {
    const target = join(place, 'target');
    const plain = join(place, 'plain'), sealed = join(place, 'sealed');
    cpSync(site.folder, target, { recursive: true });
    assert.equal(run('backup', target, plain).code, 0);
    assert.equal(run('backup', '--key', key, target, sealed).code, 0);
    sql(target, 'CREATE TABLE of_the_old_site (x INTEGER) STRICT');
    const rounds = long ? 200 : 8;
    const seen = { old: 0, new: 0 };
    let lasts = 1500;
    for (let round = 0; round < rounds; round += 1) {
      const words = round % 2 ? ['restore', '--key', key, sealed, target]
        : ['restore', plain, target];
      const begun = Date.now();
      const child = spawn(tenon, words, { env: environment, stdio: 'ignore' });
      const end = new Promise((done) => child.on('exit', done));
      const timer = setTimeout(() => child.kill('SIGKILL'),
        lasts * ((round * 0.618) % 1) * 1.1);
      const code = await end;
      clearTimeout(timer);
      if (code === 0) lasts = Math.min(lasts, Date.now() - begun);
      // Whoever opens the site next puts the old one back where it was cut.
      assert.equal(run('user', '--site', target, 'role', 'list').code, 0);
      const old = sql(target, "SELECT count(*) FROM sqlite_schema WHERE " +
        "name = 'of_the_old_site'") === '1';
      seen[old ? 'old' : 'new'] += 1;
      // (.replaced may lie there until the next restore: the new site was in
      // place, and the old one was being removed.)
      assert.equal(existsSync(join(target, '.before')), false);
      assert.equal(sql(target, 'PRAGMA integrity_check'), 'ok');
      if (!old)
        sql(target, 'CREATE TABLE of_the_old_site (x INTEGER) STRICT');
    }
    whole(target);
    assert.ok(seen.old > 0, 'some were cut');
  });

test('F15_ a backup of an older version is brought up to this one',
  { skip }, () => {
    const old = join(place, 'old-site'), backup = join(place, 'old-backup');
    cpSync(site.folder, old, { recursive: true });
    sql(old, "DROP TABLE backup_run; DELETE FROM store_migration WHERE " +
      "component = 'backup'; DROP INDEX event_job_waiting; ");
    assert.equal(run('backup', old, backup).code, 0);
    const out = join(place, 'old-restored');
    const restored = run('restore', backup, out);
    assert.equal(restored.code, 0, restored.err);
    assert.equal(sql(out, 'SELECT count(*) FROM backup_run'), '0');
    assert.equal(run('doctor', out).code, 0);
  });

test('F15_ a backup of a newer version changes nothing', { skip }, () => {
  const newer = join(place, 'newer-site'), backup = join(place, 'newer');
  cpSync(site.folder, newer, { recursive: true });
  sql(newer, "INSERT INTO store_migration VALUES ('form', 9999, 'future', " +
    "'x', 1)");
  assert.equal(run('backup', newer, backup).code, 0);
  const target = join(place, 'newer-target');
  cpSync(site.folder, target, { recursive: true });
  const before = fingerprint(target);
  const refused = run('restore', backup, target);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /newer version/);
  assert.equal(fingerprint(target), before);
  assert.equal(existsSync(join(target, '.restore')), false);
  whole(target);
});

test('F15_ a wrong key changes nothing', { skip }, () => {
  const other = join(place, 'other-key');
  assert.equal(run('backup', 'key', other).code, 0);
  const target = join(place, 'key-target');
  cpSync(site.folder, target, { recursive: true });
  const before = fingerprint(target);
  const refused = run('restore', '--key', other, join(place, 'sealed'), target);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /another key/);
  assert.equal(fingerprint(target), before);
});
