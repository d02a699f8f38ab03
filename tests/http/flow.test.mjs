// Flows over HTTP: the budget's story by REST, who may decide (S15), a
// hundred decisions at once (S56), the mail's link (E28), live counts.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite, until } from '../lib/server.mjs';
import { Person, signedIn } from '../lib/person.mjs';

const people = {};
let site;

before(async () => {
  site = await demoSite();
  for (const login of ['zhang.wei', 'wang.fang', 'li.na', 'zhou.ming',
    'chen.jing', 'liu.yang', 'huang.yan', 'admin'])
    people[login] = await signedIn(site, login);
});
after(() => site?.stop());

let operation = 0;
const key = () => ({ 'idempotency-key': `test-${operation += 1}` });

const budget = (price, purpose = '展会 Fair') => ({ values: { purpose,
  date: '2026-12-15',
  items: [{ name: 'Stand', quantity: '2', unit_price: price }] } });

async function apply(login, price, purpose) {
  const answer = await people[login].post('/api/v1/records/budget',
    budget(price, purpose), key());
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

// The person's open task of a record, or undefined.
async function taskOf(login, record) {
  const answer = await people[login].get('/api/v1/tasks?limit=200');
  assert.equal(answer.status, 200, answer.text);
  return answer.body.tasks.find((task) => task.record === record);
}

async function decide(login, record, decision, comment = '') {
  const task = await taskOf(login, record);
  assert.ok(task, `${login} has a task`);
  const answer = await people[login].post(
    `/api/v1/tasks/${task.id}/decision`, { decision, comment }, key());
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const recordOf = async (login, id) =>
  (await people[login].get(`/api/v1/records/budget/${id}`)).body;

describe('the budget by REST', () => {
  test('up to 5,000: head, then finance', async () => {
    const record = await apply('zhang.wei', '2500');
    assert.equal(record.state, 'running');
    assert.equal(record.values.total, '5000.00');
    assert.equal(await taskOf('chen.jing', record.id), undefined);
    const done = await decide('li.na', record.id, 'approve', 'Good');
    assert.equal(done.state, 'approved');
    assert.equal(await taskOf('zhou.ming', record.id), undefined);
    await decide('liu.yang', record.id, 'approve');
    assert.equal((await recordOf('zhang.wei', record.id)).state, 'approved');
    const history = await people['zhang.wei'].get(
      `/api/v1/records/budget/${record.id}/history`);
    assert.deepEqual(history.body.history.map((event) => event.action)
      .filter((action) => action !== 'copied'),
    ['submitted', 'approved', 'approved', 'ended']);
    assert.equal(history.body.history[1].comment, 'Good');
    assert.equal(history.body.process.state, 'approved');
  });

  test('over 5,000, returned, corrected, sent again, rejected', async () => {
    const record = await apply('wang.fang', '2600');
    await decide('li.na', record.id, 'return', 'Please add the hotel');
    const back = await recordOf('wang.fang', record.id);
    assert.equal(back.state, 'returned');
    const mine = await taskOf('wang.fang', record.id);
    assert.equal(mine.step, 'start');
    // Only the applicant writes now.
    const other = await people.admin.send('PATCH',
      `/api/v1/records/budget/${record.id}`, { values: { purpose: 'x' } },
      { 'if-match': String(back.version) });
    assert.equal(other.status, 403, other.text);
    const again = await people['wang.fang'].post(
      `/api/v1/records/budget/${record.id}/submit`,
      { values: { purpose: 'With hotel 含住宿' } },
      { ...key(), 'if-match': String(back.version) });
    assert.equal(again.status, 200, again.text);
    assert.equal(again.body.state, 'running');
    await decide('li.na', record.id, 'approve');
    await decide('zhou.ming', record.id, 'approve');
    await decide('chen.jing', record.id, 'reject', 'Not this quarter');
    assert.equal((await recordOf('wang.fang', record.id)).state, 'rejected');
  });

  test('withdrawn until somebody has decided', async () => {
    const record = await apply('zhang.wei', '10');
    const path = `/api/v1/records/budget/${record.id}`;
    const stranger = await people['wang.fang'].post(`${path}/withdraw`, {},
      key());
    assert.ok([403, 404].includes(stranger.status), stranger.text);
    const first = await people['zhang.wei'].post(`${path}/withdraw`, {},
      key());
    assert.equal(first.status, 200, first.text);
    assert.equal(first.body.state, 'draft');
    assert.equal(await taskOf('li.na', record.id), undefined);
    const again = await people['zhang.wei'].post(`${path}/submit`, {}, key());
    assert.equal(again.body.state, 'running', again.text);
    await decide('li.na', record.id, 'approve');
    const late = await people['zhang.wei'].post(`${path}/withdraw`, {}, key());
    assert.equal(late.status, 409);
    assert.match(late.text, /flow\.decided/);
  });

  test('a head does not approve the own budget', async () => {
    const record = await apply('li.na', '10');
    assert.equal(await taskOf('li.na', record.id), undefined);
    await decide('zhou.ming', record.id, 'approve');
  });

  test('I6 a record under way is locked on every entrance', async () => {
    const record = await apply('zhang.wei', '10');
    const path = `/api/v1/records/budget/${record.id}`;
    for (const login of ['zhang.wei', 'admin']) {
      const answer = await people[login].send('PATCH', path,
        { values: { purpose: 'y' } }, { 'if-match': String(record.version) });
      assert.equal(answer.status, 409, answer.text);
      assert.match(answer.text, /flow\.locked/);
    }
    const gone = await people.admin.send('DELETE', path, undefined,
      { 'if-match': String(record.version) });
    assert.equal(gone.status, 409, gone.text);
  });

  test('I8 a repeat with the same key gives the first answer', async () => {
    const header = { 'idempotency-key': 'the-same' };
    const me = people['zhang.wei'];
    const one = await me.post('/api/v1/records/budget', budget('5'), header);
    const two = await me.post('/api/v1/records/budget', budget('5'), header);
    assert.equal(one.body.id, two.body.id);
    const task = await taskOf('li.na', one.body.id);
    const path = `/api/v1/tasks/${task.id}/decision`;
    for (let i = 0; i < 2; i += 1) {
      const answer = await people['li.na'].post(path,
        { decision: 'approve' }, { 'idempotency-key': 'decide-once' });
      assert.equal(answer.status, 200, answer.text);
    }
    const other = await people['li.na'].post(path, { decision: 'reject' },
      { 'idempotency-key': 'decide-once' });
    assert.equal(other.status, 409);
  });
});

describe('S15 only who holds a task decides it', () => {
  test('S15 by REST, by the page, signed out, without a token', async () => {
    const record = await apply('zhang.wei', '10');
    const task = await taskOf('li.na', record.id);
    const path = `/tasks/${task.id}/decision`;
    for (const login of ['zhang.wei', 'wang.fang', 'chen.jing', 'admin']) {
      const rest = await people[login].post(`/api/v1${path}`,
        { decision: 'approve' }, key());
      assert.ok([403, 404].includes(rest.status), `${login}: ${rest.text}`);
      const page = await people[login].form(path, { decision: 'approve' });
      assert.ok([403, 404].includes(page.status), `${login}: ${page.status}`);
    }
    const nobody = new Person(site);
    assert.equal((await nobody.post(`/api/v1${path}`,
      { decision: 'approve' })).status, 401);
    const bare = await people['li.na'].post(`/api/v1${path}`,
      { decision: 'approve' }, { 'x-csrf-token': 'wrong' });
    assert.equal(bare.status, 403);
    assert.equal((await taskOf('li.na', record.id)).state, 'active');
  });

  test('S15 who may not see a task does not learn that it is there',
    async () => {
      const record = await apply('zhang.wei', '10');
      const task = await taskOf('li.na', record.id);
      const path = `/api/v1/tasks/${task.id}`;
      assert.equal((await people['huang.yan'].get(path)).status, 404);
      const seen = await people['zhang.wei'].get(path);
      assert.equal(seen.status, 200);
      assert.equal(seen.body.record_data.id, record.id);
    });

  test('S17 the body of a decision holds nothing else', async () => {
    const record = await apply('zhang.wei', '10');
    const task = await taskOf('li.na', record.id);
    for (const body of [{ decision: 'approve', holder: '1' },
      { decision: 'sometimes' }, { comment: 'x' }, []]) {
      const answer = await people['li.na'].post(
        `/api/v1/tasks/${task.id}/decision`, body, key());
      assert.ok([400, 422].includes(answer.status), answer.text);
    }
  });
});

test('S56 of a hundred decisions at once exactly one wins', async () => {
  const record = await apply('zhang.wei', '10');
  await decide('li.na', record.id, 'approve');
  const tasks = { 'chen.jing': await taskOf('chen.jing', record.id),
    'liu.yang': await taskOf('liu.yang', record.id) };
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => {
    const login = i % 2 ? 'chen.jing' : 'liu.yang';
    return people[login].post(`/api/v1/tasks/${tasks[login].id}/decision`,
      { decision: i % 3 ? 'approve' : 'reject' }, key());
  }));
  const won = answers.filter((answer) => answer.status === 200);
  const lost = answers.filter((answer) => answer.status === 409);
  assert.equal(won.length, 1);
  assert.equal(lost.length, 99,
    JSON.stringify(answers.map((answer) => answer.status)));
  assert.match(lost[0].text, /flow\.task\.handled/);
  const history = await people['zhang.wei'].get(
    `/api/v1/records/budget/${record.id}/history`);
  assert.equal(history.body.history.filter((event) =>
    event.node === 'finance').length, 1);
});

test('E28 following the link changes nothing; the second reads who decided',
  async () => {
    const record = await apply('zhang.wei', '10');
    await decide('li.na', record.id, 'approve');
    const task = await taskOf('chen.jing', record.id);
    const other = await taskOf('liu.yang', record.id);
    const path = `/api/v1/records/budget/${record.id}/history`;
    const before = (await people['chen.jing'].get(path)).text;
    for (let i = 0; i < 3; i += 1) {
      const page = await people['chen.jing'].get(
        `/tasks/${task.id}?decision=approve`, { accept: 'text/html' });
      assert.equal(page.status, 200);
      assert.match(page.text, /name="decision" value="approve"/);
    }
    assert.equal((await people['chen.jing'].get(
      `/tasks/${task.id}/decision`)).status, 405);
    assert.equal((await people['chen.jing'].get(path)).text, before);
    const done = await people['chen.jing'].form(`/tasks/${task.id}/decision`,
      { decision: 'approve', comment: 'ok' });
    assert.equal(done.status, 303, done.text);
    assert.match(done.headers.get('location'), /^\/tasks/);
    const late = await people['liu.yang'].form(`/tasks/${other.id}/decision`,
      { decision: 'approve' }, { accept: 'text/html' });
    assert.equal(late.status, 409);
    assert.match(late.text, /陈静|Chen Jing/);
  });

test('E26 the four boxes, each with its count', async () => {
  for (const box of ['to_do', 'done', 'mine', 'copied']) {
    const page = await people['li.na'].get(`/tasks?box=${box}`,
      { accept: 'text/html' });
    assert.equal(page.status, 200);
    assert.match(page.text, /aria-current="page"/);
    const rest = await people['li.na'].get(`/api/v1/tasks?box=${box}`);
    assert.equal(rest.status, 200);
    assert.ok(rest.body.count >= rest.body.tasks.length ||
      rest.body.count > 1000);
  }
  assert.equal((await people['li.na'].get('/api/v1/tasks?box=x')).status, 422);
  assert.equal((await people['li.na'].get('/api/v1/tasks?limit=0')).status,
    422);
});

test('the count changes within a second of the commit', async () => {
  const li = people['li.na'];
  const stop = new AbortController();
  const stream = await fetch(new URL('/portal/events', site.url), {
    signal: stop.signal,
    headers: { cookie: li.client.cookie() },
  });
  assert.equal(stream.status, 200);
  let text = '';
  (async () => {
    try {
      for await (const part of stream.body)
        text += Buffer.from(part).toString('utf8');
    } catch { /* stopped */ }
  })();
  const before = (await li.get('/portal/counts')).body.tasks;
  await new Promise((done) => setTimeout(done, 200));
  text = '';
  await apply('zhang.wei', '10');
  const committed = Date.now();
  await until(() => /event: ?tasks/.test(text), 'the event', 3000);
  assert.ok(Date.now() - committed < 1000);
  assert.equal((await li.get('/portal/counts')).body.tasks, before + 1);
  stop.abort();
});

test('the page of a task shows form, path, picture and history', async () => {
  const record = await apply('zhang.wei', '2600', 'A <b>bold</b> purpose');
  const task = await taskOf('li.na', record.id);
  const page = (await people['li.na'].get(`/tasks/${task.id}`,
    { accept: 'text/html' })).text;
  assert.match(page, /A &lt;b&gt;bold/);
  assert.match(page, /<svg class="tn-flow"/);
  assert.match(page, /tn-current/);
  assert.match(page, /is-current/);
  assert.match(page, /5,200\.00/);
  assert.doesNotMatch(page, /style="/);
  const own = (await people['zhang.wei'].get(`/records/budget/${record.id}`,
    { accept: 'text/html' })).text;
  assert.match(own, /\/withdraw"/);
  assert.match(own, /<svg class="tn-flow"/);
});
