// jobs_hosts.test.mjs - the jobs of one site on two hosts: each is done by one
// of them, schedules are there once, and a host that dies loses none.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { startHosts } from '../lib/hosts.mjs';
import { addUser, password } from '../lib/client.mjs';
import { signedIn } from '../lib/person.mjs';
import { build, long, run, slow, until } from '../lib/server.mjs';

const modules = [['plugins', 'api_c'], ['scripts', 'api_lua']];

// The module in Lua may have one job at a time, over both.
function prepare(host) {
  for (const [kind, id] of modules) {
    const folder = join(host.folder, kind, id);
    cpSync(join(build, 'test-plugins', kind, id), folder, { recursive: true });
    if (id === 'api_lua')
      appendFileSync(join(folder, 'plugin.cfg'),
        'limits = { parallel = 1; };\n');
  }
}

let company, one, two, root;
before(async () => {
  company = await startHosts(2, { prepare });
  [one, two] = company.hosts;
  for (const [, id] of modules) {
    const result = run('plugin', 'enable', one.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await addUser(two, 'root', '--role', 'administrators');
  await company.whole();
  root = await signedIn(two, 'root', password);
  await until(async () => (await root.get('/api/v1/m/api_c/order/1')).status ===
    404 && (await jobs('kind=api_lua.yearly')).length, 'the modules', 20000);
});
after(() => company?.stop());

const jobs = async (query) => (await root.get(`/api/v1/jobs?${query}`))
  .body.jobs;
const order = async (id, job) => (await root.post(`/api/v1/m/${id}/order`,
  { job: `${id}.${job}` })).body.id;
const state = async (id) => (await root.get(`/api/v1/jobs/${id}`)).body.state;
const reaches = (id, wanted, ms = 15000) => until(async () =>
  await state(id) === wanted, `${id} ${wanted}`, ms * slow);
const number = (sql) => Number(company.sql(sql));

test('each of many jobs is done once, schedules are there once', async () => {
  const count = 300;
  // Few at once: a route has its time.
  for (let first = 0; first < count; first += 30) {
    const ordered = await root.post('/api/v1/m/api_c/orders',
      { job: 'api_c.once', count: 30, first });
    assert.equal(ordered.status, 200, ordered.text);
  }
  await until(() => number('SELECT count(*) FROM event_job WHERE kind = ' +
    '\'api_c.once\'') === 0, 'the last', 30000 * slow);
  const lines = new Map();
  for (let cursor = ''; cursor !== undefined;) {
    const { body } = await root.get(
      `/api/v1/records/api_c.log?limit=200&fields=what${cursor}`);
    for (const { values: { what } } of body.records)
      lines.set(what, (lines.get(what) ?? 0) + 1);
    cursor = body.cursor && `&cursor=${encodeURIComponent(body.cursor)}`;
  }
  const own = [...lines].filter(([what]) => what.startsWith('line '));
  assert.equal(own.length, count);
  assert.ok(own.every(([, times]) => times === 1));
  assert.equal(number('SELECT count(*) FROM (SELECT kind FROM event_job ' +
    'WHERE every > 0 GROUP BY kind HAVING count(*) > 1) AS twice'), 0);
});

test('a module\'s jobs at a time are counted over both hosts', async () => {
  const ids = [await order('api_lua', 'wait'), await order('api_lua', 'wait')];
  const first = await until(async () => {
    for (const id of ids) if (await state(id) === 'running') return id;
    return false;
  }, 'one of them', 15000);
  const second = ids.find((id) => id !== first);
  // What the other host does meanwhile.
  await reaches(await order('api_c', 'count'), 'done');
  assert.equal(await state(second), 'waiting');
  for (const id of [first, second]) {
    await reaches(id, 'running');
    assert.equal((await root.post(`/api/v1/jobs/${id}/cancel`)).status, 200);
    await reaches(id, 'cancelled');
  }
});

// A lease is the time of an attempt and five seconds: here they pass at once,
// and the next order makes the other host look; the long form waits for both.
test('what ran on a host that dies is tried again by the other', async () => {
  let id;
  for (let i = 0; i < 20 && !id; i += 1) {
    const started = await order('api_c', 'brief');
    await reaches(started, 'running');
    // The processes of this test are all of one machine.
    const pid = number(`SELECT owner FROM event_job WHERE id = ${started}`);
    const { workers } = await one.control({ do: 'status' });
    if (workers.some((worker) => worker.pid === pid)) id = started;
    else await root.post(`/api/v1/jobs/${started}/cancel`);
  }
  assert.ok(id, 'one of the first host');
  for (const worker of (await one.control({ do: 'status' })).workers)
    process.kill(worker.pid, 'SIGKILL');
  process.kill(one.pid, 'SIGKILL');
  if (!long) {
    company.sql('UPDATE event_job SET lease = extract(epoch FROM ' +
      `clock_timestamp()) * 1000 - 1 WHERE id = ${id} AND attempt = 1`);
    await order('api_c', 'count');
  }
  await until(async () => (await jobs('kind=api_c.brief')).some((job) =>
    job.id === id && job.state === 'running' && job.attempt === 2),
  'the other host', 30000 * slow);
  await root.post(`/api/v1/jobs/${id}/cancel`);
  await reaches(id, 'cancelled');
});
