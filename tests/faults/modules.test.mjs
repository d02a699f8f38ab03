// F14: with crm and survey under load (32 clients), each bad module in turn: what
// it costs. The table is printed at the end; the named times are asked for in
// --long only, where the machine is quiet.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

import { build, demoSite, long, run, sleep, slow, until }
  from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const CLIENTS = 32, PATHS = ['/records/crm.customer', '/m/crm', '/m/survey',
  '/records/crm.opportunity'];
const modules = ['crash', 'loop', 'loop_lua', 'bad_reply', 'hostile',
  'crash_at_load'];
const rows = [];
let site, person, agent, load, normal;

before(async () => {
  site = await demoSite({ soft_ms: 1000 * slow, hard_ms: 1500 * slow,
    page_workers: 3, worker_memory_mb: 256, connections_per_address: 500 });
  for (const id of modules)
    for (const kind of ['plugins', 'scripts']) {
      const from = join(build, 'test-plugins', kind, id);
      if (existsSync(from))
        cpSync(from, join(site.folder, kind, id), { recursive: true });
    }
  for (const id of modules.filter((name) => name !== 'crash_at_load')) {
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await site.whole();
  person = await signedIn(site, 'li.na');
  agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
});
after(async () => {
  agent?.destroy();
  await site?.stop();
  const pad = (words) => words.map((word, i) =>
    String(word)[i ? 'padStart' : 'padEnd']([26, 8, 6, 15, 9, 8][i])).join('');
  console.log(pad(['module', 'answer', 'lost', 'blamed', 'p99 ms', 'times']));
  for (const row of rows) console.log(pad(row));
});

// One request of the load; resolves to { status, ms }.
function ask(path) {
  const start = performance.now();
  return new Promise((done) => {
    const request = http.get({ port: site.port, path, agent,
      headers: { cookie: person.client.cookie() } }, (answer) => {
      answer.resume();
      answer.on('end', () => done({ status: answer.statusCode,
        ms: performance.now() - start }));
    });
    request.on('error', () => done({ status: 0, ms: performance.now() -
      start }));
  });
}

// 32 clients until work() is over; figures of what they saw.
async function under(work) {
  const seen = [];
  let over = false;
  const clients = Array.from({ length: CLIENTS }, async (unused, i) => {
    for (let turn = i; !over; turn += 1)
      seen.push(await ask(PATHS[turn % PATHS.length]));
  });
  await sleep(300);
  const result = await work();
  await sleep(500);
  over = true;
  await Promise.all(clients);
  const times = seen.map((one) => one.ms).sort((a, b) => a - b);
  return { result, lost: seen.filter((one) => one.status !== 200),
    count: seen.length, p99: times[Math.floor(times.length * 0.99)] };
}

async function release(id) {
  if (!existsSync(join(site.folder, 'run/quarantine', `${id}.json`))) return;
  assert.equal(run('plugin', 'release', site.folder, id).code, 0);
  await site.whole();
}

test('F14_ as it is without any of them', async () => {
  await ask('/m/crm');
  normal = await under(() => sleep(1500));
  assert.deepEqual(normal.lost, []);
  assert.ok(normal.count > CLIENTS);
  rows.push(['none', '', 0, '', normal.p99.toFixed(0), '1.0']);
});

const save = (form, name) => () => person.post(`/api/v1/records/${form}`,
  { values: { name } });
const get = (path) => () => person.get(path);

// What happens, which module, the answer, whether a worker dies of it.
const cases = [
  ['crash in a page', 'crash', get('/m/crash/page'), 500, true],
  ['crash in a hook', 'crash', save('crash.item', 'crash'), 500, true],
  ['crash in a service task', 'crash', save('crash.job', 'x'), 500, true],
  ['endless loop in C', 'loop', get('/m/loop/forever'), 504, true],
  ['endless loop in Lua', 'loop_lua', get('/m/loop_lua/forever'), 503, false],
  ['pcall loop in Lua', 'loop_lua', get('/m/loop_lua/pcall'), 503, false],
  ['string.rep in Lua', 'loop_lua', get('/m/loop_lua/rep'), 500, false],
  ['memory hog', 'hostile', get('/m/hostile/arena'), 500, true],
  ['descriptors leaked', 'hostile', get('/m/hostile/leak'), 200, true],
  ['wild frame', 'bad_reply', get('/m/bad_reply/garbage'), 500, true],
];
for (const [name, id, work, status, dies] of cases)
  test(`F14_ ${name} costs that request alone`, async () => {
    await release(id);
    const before = site.log('worker.died').length;
    const count = async (form) => (await person.get(
      `/api/v1/records/${form}?count=true`)).body.count;
    const records = [await count('crash.item'), await count('crash.job')];
    const { result, lost, p99 } = await under(work);
    assert.equal(result.status, status, result.text);
    assert.deepEqual(lost, []);
    let blamed = '';
    if (dies && status !== 200) {
      await until(() => site.log('worker.died').length > before, 'the log');
      const died = site.log('worker.died').slice(before);
      assert.deepEqual(died.map((one) => one.module), [id]);
      blamed = died[0].module;
    }
    assert.deepEqual([await count('crash.item'), await count('crash.job')],
      records, 'nothing half-written');
    await site.whole();
    const times = p99 / normal.p99;
    rows.push([name, status, lost.length, blamed, p99.toFixed(0),
      times.toFixed(1)]);
    if (long) assert.ok(times < 3, `p99 ${times.toFixed(1)} times normal`);
  });

test('F14_ crash at load costs nothing but its generation', async () => {
  const { lost, p99 } = await under(async () =>
    run('plugin', 'enable', site.folder, 'crash_at_load'));
  assert.deepEqual(lost, []);
  assert.ok(existsSync(join(site.folder, 'run/quarantine',
    'crash_at_load.json')));
  rows.push(['crash at load', '', 0, 'crash_at_load', p99.toFixed(0),
    (p99 / normal.p99).toFixed(1)]);
  assert.equal(run('plugin', 'disable', site.folder, 'crash_at_load').code, 0);
  await site.whole();
});

test('F14_ what it is to be told waits until it is back', async () => {
  await release('crash');
  const say = (name) => person.post('/api/v1/records/crash.note',
    { values: { name } });
  const told = async () => (await person.get(
    '/api/v1/records/crash.told?limit=100')).body.records.map((one) =>
    one.values.name).sort();
  const first = await say('crash later');
  assert.equal(first.status, 201, first.text);
  await until(() => existsSync(join(site.folder, 'run/quarantine',
    'crash.json')), 'the quarantine');
  await site.whole();
  const names = ['held 1', 'held 2', 'held 3', 'held 4'];
  for (const name of names) assert.equal((await say(name)).status, 201);
  await until(() => /Changes that wait for it: 4\n/.test(
    run('plugin', 'list', site.folder).out), 'four that are held');
  // It is mended: what has crashed it is not so any more.
  const { id, version } = first.body;
  const mended = await person.send('PATCH', `/api/v1/records/crash.note/${id}`,
    { values: { name: 'mended' } }, { 'if-match': `"${version}"` });
  assert.equal(mended.status, 200, mended.text);
  await release('crash');
  await until(async () => (await told()).length === 6, 'all to be told');
  assert.deepEqual(await told(), [...names, 'mended', 'mended']);
  assert.doesNotMatch(run('plugin', 'list', site.folder).out, /wait for it/);
  rows.push(['crash after the commit', '', 0, 'crash', '', '']);
});

test('F14_ three crashes put it away, a release brings it back', async () => {
  await release('crash');
  const { lost } = await under(async () => {
    for (let i = 0; i < 3; i += 1) await person.get('/m/crash/null');
    await until(() => existsSync(join(site.folder, 'run/quarantine',
      'crash.json')), 'the quarantine');
    await until(async () => (await person.get('/m/crash/ok')).status === 503,
      'the module to be away');
  });
  assert.deepEqual(lost, []);
  await release('crash');
  await until(async () => (await person.get('/m/crash/ok')).status === 200,
    'the module to be back');
});
