// F14: a module that crashes where the platform or another module calls it on
// the way to something else: around a record, in a field, in the rule that
// names a task's people, in a job, in the menu, in an offer. Each costs the
// request or job that met it, that module is blamed, three put it away, and
// what it was part of goes on without it. Its routes, pages, services and
// what it is told are modules.test.mjs's.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';

import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { sql } from '../lib/store.mjs';

const ITEMS = '/api/v1/records/crash_slots.item';
let site, person, other, admin, meets;

before(async () => {
  site = await demoSite({ page_workers: 3 });
  for (const [kind, id] of [['plugins', 'crash_slots'], ['plugins', 'api_c']]) {
    cpSync(join(build, 'test-plugins', kind, id), join(site.folder, kind, id),
      { recursive: true });
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await site.whole();
  person = await signedIn(site, 'zhang.wei');
  other = await signedIn(site, 'li.na');
  admin = await signedIn(site, 'admin');
  meets = await signedIn(site, 'wang.fang'); // whose menu crashes
});
after(async () => site && site.stop());

const count = (table, where) => Number(sql(site,
  `SELECT count(*) FROM ${table} WHERE ${where}`));
const items = (name) => count('r_crash_slots_item', `f_name = '${name}'`);
const died = () => site.log('worker.died');
const away = () => existsSync(join(site.folder,
  'run/quarantine/crash_slots.json'));

async function make(values) {
  const answer = await person.post(ITEMS, { values });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}
const remove = ({ id, version = 1 }) => person.send('DELETE', `${ITEMS}/${id}`,
  undefined, { 'if-match': `"${version}"` });
const page = { accept: 'text/html' };

// What somebody else gets while work() is done: all of it good.
async function meanwhile(work) {
  const seen = [];
  let over = false;
  const loop = async () => {
    while (!over || seen.length < 10)
      seen.push((await other.get('/m/notice')).status);
  };
  const loops = [loop(), loop()];
  try {
    return await work();
  } finally {
    over = true;
    await Promise.all(loops);
    assert.deepEqual(seen.filter((status) => status !== 200), []);
  }
}

// One crash of it, and only one: who is blamed, and for what.
async function crashes(entry, work) {
  const before = died().length;
  const answer = await meanwhile(work);
  await until(() => died().length > before, `a crash in ${entry}`);
  assert.ok(answer.text.includes(died()[before].incident), answer.text);
  await site.whole();
  assert.deepEqual(died().slice(before).map((one) =>
    [one.kind, one.module, one.entry]), [['crash', 'crash_slots', entry]]);
}

// Three slots, a crash in each: then it is away.
async function putAway(slots) {
  for (const [entry, work] of slots) await crashes(entry, work);
  await until(away, 'the quarantine');
  await site.whole();
  const list = run('plugin', 'list', site.folder).out;
  assert.match(list, /^crash_slots\t[^\n]*\tquarantined/m);
}

async function back() {
  assert.equal(run('plugin', 'release', site.folder, 'crash_slots').code, 0);
  await site.whole();
}

const lost = (ask) => async () => {
  const answer = await ask();
  assert.equal(answer.status, 500, answer.text);
  return answer;
};

test('F14_ in what the host calls back: nothing is half', async () => {
  const [transaction, as_module] = ['transaction', 'as_module'].map((name) =>
    [`GET /m/crash_slots/${name}`,
      lost(() => person.get(`/m/crash_slots/${name}`))]);
  await putAway([transaction, as_module, transaction]);
  assert.equal(items('half'), 0);
  await make({ name: 'whole' });
  await back();
});

test('F14_ around a record: what was to be done is not, and is possible later',
  async () => {
    const names = ['crash before delete', 'crash after delete'];
    const made = [];
    for (const name of names) made.push(await make({ name }));
    const save = () => person.post(ITEMS,
      { values: { name: 'crash after save' } });
    await putAway([
      ['after_save crash_slots.item', lost(save)],
      ['before_delete crash_slots.item', lost(() => remove(made[0]))],
      ['after_delete crash_slots.item', lost(() => remove(made[1]))]]);
    assert.equal(items('crash after save'), 0);
    for (const name of names) assert.equal(items(name), 1);
    assert.equal((await save()).status, 201);
    for (const one of made) {
      assert.equal((await person.get(`${ITEMS}/${one.id}`)).status, 200);
      assert.equal((await remove(one)).status, 204);
    }
    await back();
  });

test('F14_ in a field: the record is as it was, and shown as it lies',
  async () => {
    const values = { name: 'in', mood: 'crash input' };
    const save = () => person.post(ITEMS, { values });
    const made = [];
    for (const what of ['text', 'fill'])
      made.push(await make({ name: what, mood: `crash ${what}` }));
    const list = () => person.get('/records/crash_slots.item', page);
    const one = () => person.get(`/records/crash_slots.item/${made[1].id}`,
      page);
    await putAway([['crash_slots.mood', lost(save)],
      ['crash_slots.mood', lost(list)], ['crash_slots.mood', lost(one)]]);
    assert.equal(items('in'), 0);
    for (const show of [list, one]) {
      const shown = await show();
      assert.equal(shown.status, 200, shown.text);
      assert.match(shown.text, /crash fill/);
    }
    const refused = await save();
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.problems[0].field, 'mood');
    for (const gone of made) assert.equal((await remove(gone)).status, 204);
    await back();
    await make({ name: 'in', mood: 'good' });
  });

test('F14_ in a rule, the menu, an offer: others ask for it in vain',
  async () => {
    const ask = () => person.post('/api/v1/records/crash_slots.ask',
      { values: { name: 'crash' } });
    const look = () => meets.get('/me', page);
    const call = () => person.post('/api/v1/m/api_c/offer',
      { name: 'crash_slots.offer' });
    await putAway([['crash_slots.who', lost(ask)],
      ['menu /m/crash_slots/x', lost(look)],
      ['crash_slots.offer', lost(call)]]); // and not who has called it
    assert.equal(count('r_crash_slots_ask', '1 = 1'), 0);
    assert.equal(count('flow_instance', 'definition IN (SELECT id FROM ' +
      "flow_definition WHERE key = 'crash_slots.ask')"), 0);
    // Nobody is found by it, and an administrator reads why.
    assert.equal((await ask()).status, 201);
    assert.match((await admin.get('/admin/incidents')).text,
      /no enabled module offers the rule crash_slots\.who/);
    assert.equal((await look()).status, 200);
    assert.equal((await call()).status, 503);
    const twice = await person.post('/api/v1/m/api_c/offer',
      { name: 'api_c.twice', in: { n: 2 } });
    assert.equal(twice.status, 200, twice.text);
    await back();
  });

const order = async (job, data) => {
  const answer = await person.post('/api/v1/m/crash_slots/job', { job, data });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.id;
};
const state = async (id) =>
  (await admin.get(`/api/v1/jobs/${id}`)).body.state;

// It is tried again at once, by the next process: it puts its module away
// alone.
async function worksItAway(job, data) {
  const before = died().length, worked = items('worked');
  const id = await order(`crash_slots.${job}`, data);
  await meanwhile(() => until(away, 'the quarantine', 20000));
  await site.whole();
  assert.deepEqual(died().slice(before).map((one) =>
    [one.kind, one.module, one.entry]),
  Array(3).fill(['crash', 'crash_slots', `crash_slots.${job}`]));
  assert.equal(items('worked'), worked, 'nothing of it is there');
  // Others' are done, this one waits until its module is back.
  const counted = await person.post('/api/v1/m/api_c/job', { data: { to: 3 } });
  await until(async () => await state(counted.body.id) === 'done',
    'a job of another module');
  assert.equal(await state(id), 'waiting');
  return id;
}

async function worksAgain(job) {
  const before = items('worked');
  const good = await order(`crash_slots.${job}`, 'good');
  await until(async () => await state(good) === 'done', 'a good one');
  assert.equal(items('worked'), before + 1);
}

test('F14_ a job that crashes may be cancelled while its module is away',
  async () => {
    const id = await worksItAway('work', 'crash');
    const gone = await admin.post(`/api/v1/jobs/${id}/cancel`);
    assert.equal(gone.status, 200, gone.text);
    assert.equal(await state(id), 'cancelled');
    await back();
    await worksAgain('work');
  });

test('F14_ a job that crashes at each of its attempts has failed',
  async () => {
    const id = await worksItAway('once', 'crash later');
    const before = died().length;
    await back();
    await until(async () => await state(id) === 'failed', 'its end', 20000);
    assert.equal(died().length, before + 2, 'five attempts in all');
    await worksAgain('once');
  });
