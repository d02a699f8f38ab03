// backup.mjs - backup.pages: what a person who reads pages feels of a backup
// of a site of 1 GB that the service makes meanwhile.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { until } from '../lib/server.mjs';
import { wrk } from './lib.mjs';
import { Person } from './person.mjs';

const MB = 1000000;
const ROWS = 600, FILES = 300; // of 1 MB each
const LIST = '/records/order';
const LOAD = { connections: 4 };

// Files under the hashes of their contents, as the store keeps them.
function fillFiles(site) {
  const files = join(site, 'files'), fresh = join(files, 'new');
  mkdirSync(fresh, { recursive: true });
  for (let i = 0; i < FILES; i += 1)
    writeFileSync(join(fresh, String(i)), randomBytes(MB));
  const said = spawnSync('b2sum', ['-l', '256', ...readdirSync(fresh)],
    { cwd: fresh, encoding: 'utf8' });
  if (said.status) throw new Error(`b2sum: ${said.stderr}`);
  for (const line of said.stdout.trim().split('\n')) {
    const [hash, name] = line.split(/ +/);
    mkdirSync(join(files, hash.slice(0, 2)), { recursive: true });
    renameSync(join(fresh, name), join(files, hash.slice(0, 2),
      hash.slice(2)));
  }
  rmSync(fresh, { recursive: true });
}

// "Back up now" of the administrators' page; gives the seconds it took.
async function backUp(admin) {
  const begun = Date.now();
  const answer = await admin.who.form('/admin/backups', {});
  const [, id] = /\/jobs\/(\d+)/.exec(answer.headers.get('location'));
  const job = await until(async () => {
    const { body } = await admin.who.get(`/api/v1/jobs/${id}`);
    return ['done', 'failed'].includes(body.state) && body;
  }, 'the backup', 300000);
  if (job.state !== 'done') throw new Error(`the backup: ${job.problem}`);
  return (Date.now() - begun) / 1000;
}

export const backupFigures = ({ makeSite, serve, sql, fillOrders }) => [{
  name: 'backup.pages',
  async measure() {
    const site = makeSite('backup');
    await fillOrders(site, 20000);
    sql(site, `PRAGMA synchronous = OFF;
      CREATE TABLE bench_filler (id INTEGER PRIMARY KEY, data BLOB) STRICT;
      WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n
        WHERE k < ${ROWS}) INSERT INTO bench_filler
        SELECT k, randomblob(${MB}) FROM n;
      PRAGMA wal_checkpoint(TRUNCATE);`);
    fillFiles(site);
    const bytes = statSync(join(site, 'tenon.db')).size + FILES * MB;
    const served = await serve(site);
    await served.whole();
    const person = await Person.signIn(served, 'zhang.wei');
    const admin = await Person.signIn(served, 'admin');
    const load = (seconds) => wrk(`${served.url}${LIST}`, { ...LOAD, seconds,
      headers: { Cookie: person.cookie } });
    const alone = await backUp(admin);
    await load(2);
    const before = await load(6);
    const under = backUp(admin);
    const busy = await load(Math.max(3, Math.round(alone)));
    const took = await under;
    const quiet = (before.p99 + (await load(6)).p99) / 2;
    await served.stop();
    rmSync(site, { recursive: true, force: true });
    return [{ name: 'backup.pages', value: Number(busy.p99.toFixed(1)),
      unit: 'ms p99', baseline: Number(quiet.toFixed(1)),
      ratio: busy.p99 / quiet, goal: (row) => row.ratio < 2,
      goalText: 'ratio < 2' },
    { name: 'backup.speed', value: Math.round(bytes / MB / took),
      unit: 'MB/s', baseline: Math.round(bytes / MB / alone),
      ratio: alone / took }];
  },
}];
