// What several people do to the same thing at the same moment, on each store:
// nothing is counted twice, lost or half done, and nobody sees an error that
// is not theirs. (A hundred claims of one name, of one car, a hundred decisions
// of one task: rest, modules, flow.)
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, zhang, li, admin;

before(async () => {
  site = await demoSite();
  [zhang, li, admin] = await Promise.all(['zhang.wei', 'li.na', 'admin']
    .map((login) => signedIn(site, login)));
});
after(() => site?.stop());

const times = (count, call) => Promise.all(Array.from({ length: count },
  (_, i) => call(i)));
const budget = () => ({ values: { purpose: 'Fair', date: '2026-12-15',
  items: [{ name: 'Stand', quantity: '1', unit_price: '100' }] } });
const apply = (key) => zhang.post('/api/v1/records/budget', budget(),
  { 'idempotency-key': key });

test('I8 one command that comes twenty times is one application', async () => {
  const answers = await times(20, () => apply('the-same'));
  assert.deepEqual([...new Set(answers.map((one) => one.status))], [201],
    answers.find((one) => one.status !== 201)?.text);
  assert.equal(new Set(answers.map((one) => one.body.id)).size, 1);
});

test('applications at once have numbers of their own, without a gap',
  async () => {
    const answers = await times(20, (i) => apply(`another-${i}`));
    const numbers = answers.map((one) => {
      assert.equal(one.status, 201, one.text);
      return Number(one.body.values.number.slice(-4));
    }).sort((a, b) => a - b);
    assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i));
  });

test('I1 an application is withdrawn or decided, not both', async () => {
  for (let i = 0; i < 5; i += 1) {
    const { id } = (await apply(`both-${i}`)).body;
    const { tasks } = (await li.get('/api/v1/tasks?limit=200')).body;
    const task = tasks.find((one) => one.record === id);
    const [away, decided] = await Promise.all([
      zhang.post(`/api/v1/records/budget/${id}/withdraw`, {}),
      li.post(`/api/v1/tasks/${task.id}/decision`, { decision: 'approve' })]);
    const states = [away.status, decided.status].sort();
    assert.equal(states[0], 200, away.text + decided.text);
    assert.ok([403, 404, 409].includes(states[1]), away.text + decided.text);
    const record = (await zhang.get(`/api/v1/records/budget/${id}`)).body;
    assert.equal(record.state, away.status === 200 ? 'draft' : 'running');
  }
});

test('I1 of twenty changes of one version exactly one holds', async () => {
  const made = await admin.post('/api/v1/records/vehicle.car',
    { values: { name: 'Van', plate: 'A-ONCE', seats: 1, in_service: true } });
  assert.equal(made.status, 201, made.text);
  const path = `/api/v1/records/vehicle.car/${made.body.id}`;
  const answers = await times(20, (i) => admin.send('PATCH', path,
    { values: { seats: i + 2 } }, { 'if-match': `"${made.body.version}"` }));
  const won = answers.filter((one) => one.status === 200);
  assert.equal(won.length, 1, answers[0].text);
  assert.ok(answers.every((one) => [200, 409, 412].includes(one.status)),
    String(answers.map((one) => one.status)));
  const now = (await admin.get(path)).body;
  assert.equal(now.version, made.body.version + 1);
  assert.equal(String(now.values.seats), String(won[0].body.values.seats));
  const { trail } = (await admin.get(`${path}/trail`)).body;
  assert.deepEqual(trail.map((row) => row.action), ['update', 'create']);
});
