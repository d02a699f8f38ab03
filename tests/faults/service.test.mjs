// service.test.mjs - the service with its own workers and store: confined,
// back after a kill -9 of anything, whole after it (F01, S46).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { long, newSite, processExists, run, slow, sleep, tenon, until }
  from '../lib/server.mjs';

let site;
before(async () => { site = await newSite(); await site.whole(); });
after(async () => site && site.stop());

const status = (pid, name) => new RegExp(`^${name}:\\s+(\\S+)`, 'm')
  .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
const page = async () => (await fetch(`${site.url}/sign-in`)).status;

test('S46_ every worker is confined', async () => {
  const { workers } = await site.whole();
  for (const { pid, name } of workers) {
    assert.equal(status(pid, 'NoNewPrivs'), '1', name);
    if (!process.env.ASAN_OPTIONS)
      assert.equal(status(pid, 'Seccomp'), '2', name);
  }
});

test('F01_ a killed worker or keeper is back within two seconds', async () => {
  for (const kind of ['pages-1', 'pages-2', 'local', 'net', 'jobs', 'keeper']) {
    const { workers } = await site.whole();
    // Where the store takes several workers of jobs, the first of them.
    const { name, pid } = workers.find((worker) =>
      [kind, `${kind}-1`].includes(worker.name));
    const begun = Date.now();
    process.kill(pid, 'SIGKILL');
    await until(() => !processExists(pid), 'its end');
    assert.equal(await page(), 200, name);
    await until(async () => (await site.control({ do: 'status' })).workers
      .some((w) => w.name === name && w.pid !== pid && w.state === 'idle'),
    name);
    assert.ok(Date.now() - begun < 2000 * slow * 2, `${Date.now() - begun} ms`);
  }
});

test('F01_ the service is back after a kill -9 of everything', async () => {
  const rounds = long ? 50 : 4;
  for (let i = 0; i < rounds; i += 1) {
    const { workers } = await site.control({ do: 'status' });
    // A write under way now and then: a refused sign-in is counted.
    const writing = fetch(`${site.url}/sign-in`, { method: 'POST' })
      .catch(() => {});
    await sleep(i * 7 % 40);
    await site.stop('SIGKILL');
    await writing;
    await until(() => workers.every((w) => !processExists(w.pid)),
      'their end');
    const begun = Date.now();
    await site.start();
    assert.equal(await page(), 200);
    assert.ok(Date.now() - begun < 2000 * slow * 2, `${Date.now() - begun} ms`);
  }
  await site.whole();
  const { code, out, err } = run('doctor', site.folder);
  assert.notEqual(code, 1, out + err);
});

// As in another container: the writer lock names processes.
const apart = ['unshare', ...(process.getuid() === 0 ? [] : ['-Ur']), '--pid',
  '--fork'];
test('a command that cannot see the service\'s processes is refused',
  { skip: spawnSync(apart[0], [...apart.slice(1), 'true']).status !== 0 &&
    'this user may not have processes of his own' }, async () => {
    const { status: code, stderr } = spawnSync(apart[0], [...apart.slice(1),
      tenon, 'user', 'list', '--site', site.folder], { encoding: 'utf8' });
    assert.notEqual(code, 0);
    assert.match(stderr, /another container.*docker exec/);
    assert.equal(run('user', 'list', '--site', site.folder).code, 0);
  });

test('SIGHUP reads the definitions again; nobody waits', async () => {
  const before = await site.whole();
  process.kill(site.pid, 'SIGHUP');
  let asked = 0;
  await until(async () => {
    assert.equal(await page(), 200);
    asked += 1;
    const now = await site.control({ do: 'generation' });
    return now.state === 'ready' && now.generation > before.generation;
  }, 'the next generation', 30000);
  assert.ok(asked > 0);
});

test('every line of the log is JSON, one object a line', () => {
  for (const line of site.text.split('\n').filter(Boolean))
    assert.doesNotThrow(() => JSON.parse(line), line);
});
