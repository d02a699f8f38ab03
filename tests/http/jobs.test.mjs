// jobs.test.mjs - work in the background as administrators and those who
// started it see it: lists, schedules, priorities, cancelling, what has
// failed; and that nothing is lost when its worker is killed.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, long, processExists, run, sleep, slow,
  until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, admin, person;
before(async () => {
  site = await demoSite({ job_workers: 2 });
  for (const [kind, id] of [['plugins', 'api_c'], ['scripts', 'api_lua']]) {
    cpSync(join(build, 'test-plugins', kind, id), join(site.folder, kind, id),
      { recursive: true });
    // One job of this module at a time.
    if (id === 'api_lua')
      appendFileSync(join(site.folder, kind, id, 'plugin.cfg'),
        'limits = { parallel = 1; };\n');
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await site.whole();
  admin = await signedIn(site, 'admin');
  person = await signedIn(site, 'zhang.wei');
});
after(async () => site && site.stop());

const jobs = async (query) => (await admin.get(`/api/v1/jobs?${query}`)).body;
const add = async (body) => (await person.post('/api/v1/m/api_c/job', body))
  .body.id;
const order = async (body) => (await person.post('/api/v1/m/api_c/order',
  body)).body.id;
// A module may hold the store for 0.2 s, so not all of them at once; where the
// disk pauses that is too short: nothing is saved, and it says "try again".
async function many({ count, ...body }) {
  const most = Math.ceil(100 / slow);
  for (let left = count; left > 0; left -= most) {
    const answer = await until(async () => {
      const one = await person.post('/api/v1/m/api_c/orders',
        { ...body, count: Math.min(left, most), first: count - left });
      return one.status !== 503 && one;
    }, 'the orders');
    assert.equal(answer.status, 200, answer.text);
  }
}
const state = async (id, who = person) =>
  (await who.get(`/api/v1/jobs/${id}`)).body.state;
const reaches = (id, wanted) => until(async () =>
  await state(id) === wanted, `${id} ${wanted}`, 15000 * slow);

// One that has failed for good; "api_c.count" has one attempt.
async function failed() {
  const id = await add({ data: { refuse: true, what: '=1+1' } });
  await reaches(id, 'failed');
  return id;
}

test('others than administrators see no list, and change nothing', async () => {
  const id = await order({ job: 'api_c.count', delay: 3600 });
  for (const path of ['/api/v1/jobs', '/api/v1/incidents', '/admin/jobs',
    '/api/v1/dead-letters', '/admin/jobs/failed.csv'])
    assert.equal((await person.get(path)).status, 403, path);
  assert.equal((await person.post(`/api/v1/jobs/${id}/retry`)).status, 403);
  const stranger = await signedIn(site, 'wang.fang');
  assert.equal((await stranger.post(`/api/v1/jobs/${id}/cancel`)).status, 404);
  assert.equal((await stranger.form(`/jobs/${id}/cancel`, {})).status, 404);
  assert.equal(await state(id), 'waiting');
});

test('the list is filtered by state, kind and module', async () => {
  const id = await order({ job: 'api_c.count', delay: 3600, priority: 2 });
  const mine = await jobs('state=waiting&kind=api_c.count&module=api_c');
  const row = mine.jobs.find((job) => job.id === id);
  assert.equal(row.priority, 2);
  assert.equal(row.title, 'Counting');
  assert.match(row.due, /^20\d\d-.*Z$/);
  assert.ok(mine.total >= 1);
  assert.ok((await jobs('module=-')).jobs.every((job) => !job.module));
  assert.equal((await jobs('state=nonsense')).total, 0);
  assert.equal((await jobs('limit=1')).jobs.length, 1);
  assert.equal((await admin.get('/api/v1/jobs?limit=x')).status, 422);
  const page = await admin.get('/admin/jobs?state=waiting&module=api_c');
  assert.match(page.text, /Counting/);
  assert.match(page.text, /<option value="waiting" selected>/);
  const none = await admin.get('/admin/jobs?kind=nobody.knows');
  assert.match(none.text, /No job is like that/);
});

test('schedules say their times, their zone, and the next run', async () => {
  const { jobs: [row] } = await jobs('kind=api_c.yearly&schedules=1');
  assert.deepEqual([row.cron, row.zone, row.schedule],
    ['30 7 1 1 *', 'Asia/Shanghai', true]);
  const page = await admin.get('/admin/jobs?schedules=1');
  assert.match(page.text, /30 7 1 1 \* \(Asia\/Shanghai\)/);
  assert.match(page.text, /every 3,600 s/);
  const refused = await admin.post(`/api/v1/jobs/${row.id}/cancel`);
  assert.equal(refused.status, 404); // nobody watches it: no such page
  const button = await admin.form(`/admin/jobs/${row.id}/cancel`, {});
  assert.equal(button.status, 422);
});

test('a priority is changed while it waits', async () => {
  const id = await order({ job: 'api_c.count', delay: 3600 });
  const patch = (priority) => admin.send('PATCH', `/api/v1/jobs/${id}`,
    { priority });
  assert.equal((await patch(1)).status, 200);
  const find = async () => (await jobs('kind=api_c.count&state=waiting'))
    .jobs.find((job) => job.id === id);
  assert.equal((await find()).priority, 1);
  assert.equal((await patch(0)).status, 422);
  const form = await admin.form(`/admin/jobs/${id}/priority`,
    { priority: '9' });
  assert.equal(form.status, 303);
  assert.equal((await find()).priority, 9);
});

test('who started it cancels it, waiting or running', async () => {
  const waits = await order({ job: 'api_c.count', delay: 3600 });
  assert.match((await person.get(`/jobs/${waits}`)).text,
    new RegExp(`/jobs/${waits}/cancel`));
  assert.equal((await person.form(`/jobs/${waits}/cancel`, {})).status, 303);
  assert.equal(await state(waits), 'cancelled');
  assert.match((await person.get(`/jobs/${waits}`)).text, /cancelled/);
  const runs = await order({ job: 'api_c.wait' });
  await reaches(runs, 'running');
  const now = await admin.get('/admin/jobs');
  assert.match(now.text, new RegExp(`/admin/jobs/${runs}/cancel`));
  assert.equal((await admin.form(`/admin/jobs/${runs}/cancel`, {})).status,
    303);
  await reaches(runs, 'cancelled');
  assert.equal((await person.post(`/api/v1/jobs/${runs}/cancel`)).status, 404);
});

test('what has failed is told with its error, and written out', async () => {
  const id = await failed();
  const { body: { incidents } } = await admin.get('/api/v1/incidents');
  const incident = incidents.find((one) => one.data.job === 'api_c.count');
  assert.match(incident.data.error, /kept/);
  assert.ok(incident.retry);
  const letters = JSON.parse((await admin.get('/admin/jobs/failed.json')).text);
  const letter = letters.find((one) => one.id === id);
  assert.equal(letter.name, 'api_c.count');
  assert.equal(letter.data.what, '=1+1');
  assert.equal(letter.attempt, 1);
  const csv = await admin.get('/admin/jobs/failed.csv');
  assert.match(csv.headers.get('content-disposition'), /failed\.csv/);
  assert.match(csv.text, new RegExp(`${id},job,api_c\\.count,api_c,`));
  assert.deepEqual((await admin.get('/api/v1/dead-letters')).body, letters);
  // The button of the incident.
  assert.equal((await admin.post(`/api/v1/incidents/${incident.id}/retry`))
    .status, 200);
  await reaches(id, 'failed');
  const again = (await admin.get('/api/v1/incidents')).body.incidents
    .find((one) => one.data.job === 'api_c.count');
  assert.notEqual(again.id, incident.id);
  assert.equal((await admin.post(`/api/v1/incidents/${again.id}/close`)).status,
    200);
  assert.equal((await admin.form(`/admin/jobs/${id}/cancel`, {})).status, 303);
  assert.equal(await state(id), 'cancelled');
});

test('buttons of pages try it again', async () => {
  const id = await failed();
  const row = (await jobs('state=failed&kind=api_c.count')).jobs
    .find((job) => job.id === id);
  assert.equal(row.attempt, 1);
  const open = async () => (await admin.get('/api/v1/incidents')).body.incidents
    .filter((one) => one.data.job === 'api_c.count').map((one) => one.id);
  // Each time it fails anew, and that is a new incident.
  const press = async (page, path) => {
    const [before] = await open();
    assert.ok((await admin.get(page)).text.includes(
      `<form method="post" action="${path(before)}">`), path(before));
    const stranger = await admin.fetch('POST', path(before), { headers:
      { 'content-type': 'application/x-www-form-urlencoded' }, body: '' });
    assert.equal(stranger.status, 403, 'without the token');
    assert.deepEqual(await open(), [before]);
    assert.equal((await person.form(path(before), {})).status, 403);
    const pressed = await admin.form(path(before), {});
    assert.equal(pressed.status, 303, pressed.text);
    assert.equal(pressed.headers.get('location'), page);
    await until(async () => {
      const now = await open();
      return now.length === 1 && now[0] !== before;
    }, 'the next incident', 15000);
    await reaches(id, 'failed');
  };
  await press('/admin/incidents', (one) => `/admin/incidents/${one}/retry`);
  await press('/admin/jobs', () => `/admin/jobs/${id}/retry`);
  assert.equal((await admin.form(`/admin/incidents/${(await open())[0]}/close`,
    {})).status, 303);
  assert.deepEqual(await open(), []);
  assert.equal((await admin.form(`/admin/jobs/${id}/cancel`, {})).status, 303);
});

test('the command line does the same', async () => {
  const bad = await failed();
  const waits = await order({ job: 'api_c.count', delay: 3600 });
  const tenon = (...words) => {
    const result = run('jobs', ...words);
    assert.equal(result.code, 0, result.err);
    return result.out;
  };
  assert.match(tenon('list', '--state', 'failed', site.folder),
    new RegExp(`^${bad}\tfailed\t5\t1\t20.*\tapi_c.count\t\t.*kept`, 'm'));
  assert.match(tenon('list', '--schedules', site.folder),
    /api_c\.yearly\t30 7 1 1 \* Asia\/Shanghai\t$/m);
  assert.match(tenon('export', site.folder), new RegExp(`${bad},job,`));
  const file = join(site.folder, 'run/failed.json');
  tenon('export', '--json', '--to', file, site.folder);
  assert.ok(JSON.parse(readFileSync(file)).some((one) => one.id === bad));
  tenon('priority', site.folder, waits, '3');
  tenon('cancel', site.folder, waits, bad);
  assert.equal(await state(waits), 'cancelled');
  assert.equal(await state(bad), 'cancelled');
  const again = await failed();
  tenon('retry', site.folder, again);
  await reaches(again, 'failed');
  const wrong = run('jobs', 'cancel', site.folder, waits);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /no such work/);
  assert.equal(run('jobs', 'retry', site.folder, 'x').code, 2);
});

test('a module has as many jobs at once as it says, others go on', async () => {
  const start = async () => (await person.post('/api/v1/m/api_lua/order',
    { job: 'api_lua.wait' })).body.id;
  const first = await start(), second = await start();
  await until(async () => await state(first) === 'running', 'the first', 15000);
  // The other worker passes the second over.
  const other = await add({ data: { to: 1 } });
  await reaches(other, 'done');
  assert.equal(await state(second), 'waiting');
  assert.equal((await person.post(`/api/v1/jobs/${first}/cancel`)).status, 200);
  await until(async () => await state(second) === 'running', 'the second',
    15000);
  await person.post(`/api/v1/jobs/${second}/cancel`);
  await reaches(second, 'cancelled');
});

// Each line that is in the log, with how often.
async function lines() {
  const counts = new Map();
  for (let cursor = '';;) {
    const { body } = await admin.get(
      `/api/v1/records/api_c.log?limit=200&fields=what${cursor}`);
    for (const { values: { what } } of body.records)
      if (/^line/.test(what)) counts.set(what, (counts.get(what) ?? 0) + 1);
    if (!body.cursor) return counts;
    cursor = `&cursor=${encodeURIComponent(body.cursor)}`;
  }
}

test('F1 a worker that is killed loses no job, and does no atomic one twice',
  async () => {
    const count = long ? 20000 : 200, kills = long ? 40 : 2;
    await many({ job: 'api_c.once', count });
    let killed = 0;
    for (let i = 0; i < kills; i += 1) {
      await sleep(20 + Math.random() * 60);
      const worker = (await site.control({ do: 'status' })).workers
        .find(({ name }) => name === `jobs-${1 + i % 2}`);
      if (!worker?.pid || !processExists(worker.pid)) continue;
      process.kill(worker.pid, 'SIGKILL');
      await until(() => !processExists(worker.pid), 'its end');
      killed += 1;
    }
    assert.ok(killed > 0);
    // Whose module was killed so often is switched off.
    if (long) run('plugin', 'release', site.folder, 'api_c');
    await until(async () => (await jobs('kind=api_c.once')).total === 0,
      'the last job', 60000 * slow);
    const counts = await lines();
    assert.equal(counts.size, count);
    assert.ok([...counts.values()].every((n) => n === 1),
      JSON.stringify([...counts].filter(([, n]) => n !== 1)));
  });

test('10,000 jobs that wait slow neither pages nor a job that is due',
  async () => {
    await many({ job: 'api_c.more', count: 10000, delay: 3600 });
    assert.ok((await jobs('kind=api_c.more&limit=1')).total >= 10000);
    const times = [];
    for (const path of ['/', '/tasks', '/admin/jobs', '/admin/jobs?state=waiting',
      '/records/api_c.log', '/admin/jobs?kind=api_c.more&page=100']) {
      const begun = performance.now();
      assert.equal((await admin.get(path)).status, 200, path);
      times.push([path, Math.round(performance.now() - begun)]);
    }
    assert.ok(times.every(([, ms]) => ms < 1500 * slow), JSON.stringify(times));
    const begun = performance.now();
    const id = await add({ data: { to: 1 } });
    await reaches(id, 'done');
    assert.ok(performance.now() - begun < 3000 * slow);
  });
