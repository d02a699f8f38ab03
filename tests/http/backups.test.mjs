// Backups that a site makes by itself: by a schedule and at once, encrypted,
// sent to an object store, kept by number and age, shown to administrators;
// and everything that is wrong with one refused before anything is touched.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync,
  renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configure, demoSite, run, runBeside, temporaryFolder, until }
  from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { objectStore } from '../lib/s3.mjs';

let site, admin, folder, key, store;
before(async () => {
  const place = temporaryFolder('backups');
  folder = join(place, 'kept');
  key = join(place, 'key');
  mkdirSync(folder, { mode: 0o700 });
  assert.equal(run('backup', 'key', key).code, 0);
  store = await objectStore();
  site = await demoSite({ backup: { folder, key, at: '30 2 * * *',
    zone: 'Asia/Shanghai', keep: 3, keep_days: 30 },
  backup_store: { endpoint: store.url, bucket: store.bucket,
    region: store.region, prefix: 'tenon/', access_key: store.accessKey,
    secret_key: store.secretKey, timeout_seconds: 2, attempts: 2 } });
  await site.whole();
  admin = await signedIn(site, 'admin');
});
after(async () => {
  await site?.stop();
  await store?.stop();
});

const names = () => readdirSync(folder).filter((name) =>
  /^\d{8}-\d{6}(-\d+)?$/.test(name)).sort();
const jobOf = (answer) => /\/jobs\/(\d+)/.exec(answer.headers.get('location') ??
  answer.url ?? '')?.[1];
const ended = async (id) => until(async () => {
  const { body } = await admin.get(`/api/v1/jobs/${id}`);
  return ['done', 'failed', 'cancelled'].includes(body.state) && body;
}, `job ${id}`, 60000);

async function now() {
  const answer = await admin.form('/admin/backups', {});
  const id = jobOf(answer);
  assert.ok(id, `${answer.status} ${answer.headers.get('location')}`);
  return ended(id);
}

test('only administrators see and begin them', async () => {
  const person = await signedIn(site, 'zhang.wei');
  assert.equal((await person.get('/admin/backups')).status, 403);
  assert.equal((await person.form('/admin/backups', {})).status, 403);
});

test('the schedule of tenon.cfg is a job in its zone', async () => {
  const row = await until(async () => (await admin.get(
    '/api/v1/jobs?kind=backup.make&schedules=1')).body.jobs[0],
  'the schedule');
  assert.deepEqual([row.cron, row.zone], ['30 2 * * *', 'Asia/Shanghai']);
  assert.match(row.due, /T18:30:00/);
});

test('a backup now is made, looked at, sent, and told on the page',
  async () => {
    const job = await now();
    assert.equal(job.state, 'done', JSON.stringify(job));
    assert.match(job.result, /is made and whole/);
    const [name] = names();
    assert.ok(readdirSync(join(folder, name)).every((part) =>
      /^part-\d{5}$/.test(part)));
    assert.equal(statSync(join(folder, name)).mode & 0o77, 0);
    assert.ok(store.objects.has(`tenon/${name}/part-00001`));
    assert.ok(store.objects.has(`tenon/${name}/whole`));
    const page = (await admin.get('/admin/backups')).text;
    assert.match(page, new RegExp(name));
    assert.match(page, /good/);
    assert.match(page, /folder, object store/);
    assert.match(page, /Next one/);
    assert.doesNotMatch(page, /alert-warning/);
    assert.ok(!page.includes(store.secretKey));
    // Nothing of the plain copy is left in the site.
    assert.deepEqual(readdirSync(join(site.folder, 'run')).filter((entry) =>
      entry.startsWith('backup-')), []);
  });

test('what the schedule starts is made, too, and the schedule goes on',
  async () => {
    const find = async () => (await admin.get(
      '/api/v1/jobs?kind=backup.make&schedules=1')).body.jobs[0];
    const row = await find(), before = names().length;
    assert.equal((await admin.post(`/api/v1/jobs/${row.id}/retry`)).status,
      200);
    await until(() => names().length === before + 1, 'the backup', 20000);
    await until(async () => {
      const again = await find();
      return again.state === 'waiting' && again.due === row.due;
    }, 'the schedule', 20000);
    rmSync(join(folder, names().at(-1)), { recursive: true });
  });

// The process that makes a backup of this site.
function maker() {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.includes('--run') && words.includes(site.folder))
        return Number(pid);
    } catch { /* it has ended */ }
  return 0;
}

test('a process that is killed is begun anew, and leaves nothing',
  async () => {
    const before = names().length;
    const id = jobOf(await admin.form('/admin/backups', {}));
    const pid = await until(maker, 'the process');
    process.kill(pid, 'SIGKILL');
    assert.equal((await ended(id)).state, 'done');
    assert.equal(names().length, before + 1);
    assert.deepEqual(readdirSync(folder).filter((name) =>
      name.includes('partial')), []);
  });

test('the key and secrets are in no backup', () => {
  const [name] = names();
  const secret = readFileSync(key, 'utf8').trim().split(' ')[1];
  assert.equal(spawnSync('grep', ['-rq', secret, folder]).status, 1);
  const out = join(temporaryFolder('restored'), 'site');
  const restored = run('backup', 'restore', '--key', key, join(folder, name),
    out);
  assert.equal(restored.code, 0, restored.err);
  assert.doesNotMatch(readFileSync(join(out, 'tenon.cfg'), 'utf8'),
    new RegExp(store.secretKey));
  assert.equal(spawnSync('grep', ['-rq', secret, out]).status, 1);
  assert.equal(existsSync(join(out, 'site.key')), false);
});

test('what the object store alone has is fetched and restored',
  async () => {
    const [name] = names();
    renameSync(join(folder, name), join(folder, 'aside'));
    const said = await runBeside('backup', 'list', '--json', site.folder);
    assert.equal(said.code, 0, said.err);
    const row = JSON.parse(said.out).find((one) => one.name === name);
    assert.deepEqual([row.here, row.sent, row.encrypted], [false, true, true]);
    const to = join(temporaryFolder('fetched'), 'backup');
    const got = await runBeside('backup', 'fetch', site.folder, name, to);
    assert.equal(got.code, 0, got.err);
    assert.equal(run('backup', 'verify', '--key', key, to).code, 0);
    const none = await runBeside('backup', 'fetch', site.folder,
      '20200101-000000', `${to}2`);
    assert.equal(none.code, 1);
    assert.match(none.err, /no backup 20200101-000000/);
    renameSync(join(folder, 'aside'), join(folder, name));
  });

test('what is damaged, cut off, or of another key is refused', () => {
  const [name] = names();
  const copy = join(temporaryFolder('damaged'), 'backup');
  const out = join(temporaryFolder('restored'), 'site');
  const other = join(temporaryFolder('key'), 'other');
  assert.equal(run('backup', 'key', other).code, 0);
  const part = join(copy, 'part-00001');
  const cases = [
    [() => {}, ['--key', other], /another key/],
    [() => {}, [], /encrypted/],
    [() => truncateSync(part, statSync(part).size - 100), ['--key', key],
      /damaged or incomplete/],
    [() => rmSync(part), ['--key', key], /damaged or incomplete/],
    [() => {
      const bytes = readFileSync(part);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(part, bytes);
    }, ['--key', key], /damaged or incomplete/],
    [() => {
      const bytes = readFileSync(part);
      bytes.write('2', 13);
      writeFileSync(part, bytes);
    }, ['--key', key], /newer version/],
  ];
  for (const [damage, words, reason] of cases) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(folder, name), copy, { recursive: true });
    damage();
    const refused = run('backup', 'restore', ...words, copy, out);
    assert.equal(refused.code, 1);
    assert.match(refused.err, reason);
    assert.equal(existsSync(out), false);
  }
  chmodSync(other, 0o644);
  const open = run('backup', 'verify', '--key', other, copy);
  assert.match(open.err, /chmod go-rwx/);
});

test('the oldest go, never the newest, and nothing that is not ours',
  async () => {
    for (const old of ['20200101-000000', '20200102-000000'])
      cpSync(join(folder, names().at(-1)), join(folder, old),
        { recursive: true });
    mkdirSync(join(folder, 'holiday-pictures'));
    mkdirSync(join(folder, '20200103-000000.partial-999999'));
    const before = names();
    assert.equal((await now()).state, 'done');
    const left = names();
    assert.ok(!left.includes('20200101-000000'), 'too old');
    assert.ok(!left.includes('20200102-000000'), 'too old');
    assert.ok(left.length === before.length - 1, 'and one more');
    for (let i = left.length; i < 5; i += 1)
      assert.equal((await now()).state, 'done');
    assert.equal(names().length, 3);
    assert.ok(existsSync(join(folder, 'holiday-pictures')));
    assert.ok(!existsSync(join(folder, '20200103-000000.partial-999999')));
    const there = new Set([...store.objects.keys()].map((path) =>
      path.split('/')[1]));
    assert.deepEqual([...there].sort(), names());
    assert.match((await admin.get('/admin/backups')).text, /removed/);
  });

test('one that fails is an incident, the page says so', async () => {
  const aside = `${key}.aside`;
  renameSync(key, aside);
  const answer = await admin.form('/admin/backups', {});
  const id = jobOf(answer);
  const { problem } = await until(async () => {
    const { body } = await admin.get(`/api/v1/jobs/${id}`);
    return body.problem && body;
  }, 'the problem', 20000);
  assert.match(problem, /holds no key of a backup/);
  const page = (await admin.get('/admin/backups')).text;
  assert.match(page, /failed/);
  assert.match(page, /alert-warning/);
  await until(async () => (await admin.get(`/api/v1/jobs/${id}`)).body
    .state === 'failed', 'the last attempt', 60000);
  const { text } = await admin.get('/admin/incidents');
  assert.match(text, /key/);
  renameSync(aside, key);
  assert.equal((await now()).state, 'done');
});

test('a backup by hand takes the same way', async () => {
  const before = names();
  const made = await runBeside('backup', 'make', site.folder);
  assert.equal(made.code, 0, made.err);
  assert.ok(made.out.includes(names().at(-1)));
  assert.notDeepEqual(names(), before);
});

test('settings that cannot work are refused', async () => {
  const place = join(temporaryFolder('settings'), 'site');
  mkdirSync(place);
  for (const [settings, reason] of [
    [{ backup: { at: '61 * * * *' } }, /backup\.at.*schedule/],
    [{ backup: { folder: 'here' } }, /backup\.folder.*absolute/],
    [{ backup: { zone: 'Moon/Crater' } }, /backup\.zone.*time zone/],
    [{ backup: { key: 'x' } }, /backup\.key.*absolute/],
    [{ backup: {}, backup_store: { endpoint: 'http://127.0.0.1:1' } },
      /backup_store.*backup\.key/],
  ]) {
    writeFileSync(join(place, 'tenon.cfg'), '');
    configure(place, settings);
    const said = run('doctor', place);
    assert.equal(said.code, 1);
    assert.match(said.err, reason);
  }
});

test('words that are not understood end with 2', () => {
  for (const words of [['make'], ['list'], ['verify'], ['restore', 'a'],
    ['key'], ['fetch', 'a', 'b'], ['make', 'a', 'b']])
    assert.equal(run('backup', ...words).code, 2, words.join(' '));
});
