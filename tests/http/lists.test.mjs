// Lists for programs and for people without a browser: crafted filters and
// views (S20, S21), who may change whose view, bulk work.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { dealSite, importDeals } from '../lib/deals.mjs';
import { until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site;
let root;
let li;

before(async () => {
  site = await dealSite(20);
  root = await signedIn(site, 'admin');
  li = await signedIn(site, 'li.na');
});
after(() => site?.stop());

const hostile = ["'", '"', "1' or '1'='1", '%', '\\', '\u0000', '1;drop table',
  '../..', '{{x}}', '<script>', '-', 'a'.repeat(900), '９', '1e999', 'null'];

test('S21 crafted filters, views, orders are refused, never believed',
  async () => {
    const names = ['f.stage.eq', 'f.stage.in', 'f.amount.gte', 'f.closes.within',
      'f.closes.lt', 'f.owner.eq', 'f.secret.eq', 'f.name.contains.2',
      'f.nothing.eq', 'f..eq', 'f.stage', 'f.stage.eq.1', 'f.stage.like',
      'g1.stage.eq', 'g0.stage.eq', 'g21.stage.eq', 'g1', 'gx.stage.eq',
      'match', 'filter', 'view', 'sort', 'edit', 'page', 'add.field',
      'f.stage.eq.99999999999', 'x', 'f.deleted_at.eq', 'f.search.contains'];
    for (const name of names)
      for (const value of hostile) {
        const query = new URLSearchParams({ [name]: value });
        const answer = await root.get(`/records/deal?${query}`);
        assert.ok([200, 303, 400, 404, 422].includes(answer.status),
          `${query}: ${answer.status}`);
        assert.ok(!answer.text.includes('<script>'), `${query}`);
      }
    for (const query of ['f.secret.eq=x', 'f.nothing.eq=1', 'f.stage.gt=won',
      'f.stage.eq=nowhere', 'f.closes.within=soon', 'g1.stage.like=x',
      'match=some', 'filter=all', 'x=1', 'f.amount.gte=much',
      'f.closes.within=last_99999_days', 'f.deleted_at.eq=0'])
      assert.equal((await root.get(`/records/deal?${query}`)).status, 422,
        query);
    assert.equal((await root.get('/records/deal?view=nowhere')).status, 404);
    const many = Array.from({ length: 45 }, (_, i) =>
      `f.name.contains${i ? `.${i + 1}` : ''}=a`).join('&');
    assert.equal((await root.get(`/records/deal?${many}`)).status, 413);
  });

test('S13 S14 views: who sees, changes, deletes, prefers which', async () => {
  const made = await root.post('/api/v1/views', { form: 'deal',
    title: 'Of the boss', shared_with: 'everyone',
    filter: { stage: 'won' }, columns: ['name'] });
  assert.equal(made.status, 201, made.text);
  const { id } = made.body;
  const own = (await root.post('/api/v1/views', { form: 'deal',
    title: 'Only mine' })).body;
  const seen = (await li.get('/api/v1/views?form=deal')).body.views;
  assert.deepEqual(seen.map((view) => view.title).slice(-1), ['Of the boss']);
  assert.deepEqual(seen[0].filter, { stage: { in: ['new', 'talks'] } });
  const one = (await li.get(`/api/v1/views/${id}`)).body;
  assert.equal(one.editable, false);
  assert.deepEqual(one.filter, { stage: 'won' });
  for (const [method, path, body, status] of [
    ['GET', `/api/v1/views/${own.id}`, undefined, 404],
    ['PATCH', `/api/v1/views/${own.id}`, { title: 'x' }, 404],
    ['DELETE', `/api/v1/views/${own.id}`, undefined, 404],
    ['PATCH', `/api/v1/views/${id}`, { title: 'x' }, 403],
    ['DELETE', `/api/v1/views/${id}`, undefined, 403],
    ['POST', '/api/v1/views/default', { form: 'deal', key: id,
      everybody: true }, 403],
    ['POST', '/api/v1/views/default', { form: 'deal', key: own.id }, 404],
    ['POST', '/api/v1/views', { form: 'deal', title: 'x', owner: '1' }, 422],
    ['POST', '/api/v1/views', { form: 'deal', title: 'x',
      filter: { secret: 'x' } }, 422],
    ['POST', '/api/v1/views', { form: 'deal', title: 'x',
      columns: ['name', "x'"] }, 422],
    ['POST', '/api/v1/views', { form: 'nothing', title: 'x' }, 404],
  ]) {
    const answer = await li.send(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  }
  assert.equal((await li.get(`/records/deal?view=${own.id}`)).status, 404);
  const changed = await root.send('PATCH', `/api/v1/views/${id}`,
    { locked: true, sort: '-amount' });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.body.locked, true);
  assert.deepEqual(changed.body.filter, { stage: 'won' });
  assert.equal((await root.send('DELETE', `/api/v1/views/${id}`)).status, 204);
  assert.equal((await root.get(`/records/deal?view=${id}`)).status, 404);
  // Columns of somebody's own: none that there are not.
  for (const layout of ['name:240,secret', 'name:1', "name';--", 'id:100'])
    assert.equal((await li.form('/records/deal/columns', { layout })).status,
      422, layout);
});

const count = (answer) => [answer.status, answer.body.done, answer.body.refused];

test('E22 S13 S15 many at once by REST: what is allowed, the rest listed',
  async () => {
    const own = [];
    for (let i = 0; i < 3; i += 1)
      own.push((await li.post('/api/v1/records/deal', { values:
        { name: `Li ${i}`, stage: 'talks', amount: i ? '10' : null } })).body.id);
    const others = (await root.get('/api/v1/records/deal?limit=4&sort=name'))
      .body.records.map((record) => record.id);
    // Strange ids are not told apart from those that are not there.
    const some = await li.post('/api/v1/records/deal/bulk', {
      action: 'update', values: { stage: 'won' },
      ids: [...own, ...others, '1'] });
    assert.deepEqual(count(some), [200, 2, 6], some.text);
    const reasons = new Map(some.body.items.map((item) =>
      [item.record, item.reason]));
    assert.equal(reasons.get(own[0]), 'A deal that is won has an amount');
    assert.equal(reasons.get(others[0]), reasons.get('1'));
    assert.match(some.body.items.find((item) => item.record === others[0])
      .label, /^#/);
    const stage = async (id) => (await root.get(`/api/v1/records/deal/${id}`))
      .body.values.stage;
    assert.equal(await stage(own[1]), 'won');
    // Somebody changes one of them: that one is left as it is.
    const one = await root.get(`/api/v1/records/deal/${own[1]}`);
    await root.send('PATCH', `/api/v1/records/deal/${own[1]}`,
      { values: { stage: 'lost' } }, { 'if-match': one.headers.get('etag') });
    const path = `/api/v1/records/deal/bulk/${some.body.id}`;
    assert.equal((await root.get(path)).status, 404);
    assert.equal((await root.post(`${path}/undo`)).status, 404);
    const undone = await li.post(`${path}/undo`);
    assert.deepEqual([undone.body.undone, undone.body.kept], [1, 1],
      undone.text);
    assert.equal(await stage(own[1]), 'lost');
    assert.equal(await stage(own[2]), 'talks');
    assert.equal((await li.post(`${path}/undo`)).status, 409);
    // By a filter: into the bin, out of it.
    const gone = await root.post('/api/v1/records/deal/bulk', {
      action: 'delete', filter: { name: { starts: 'Li ' } } });
    assert.deepEqual(count(gone), [200, 3, 0], gone.text);
    const back = await root.post('/api/v1/records/deal/bulk', {
      action: 'restore', bin: true, filter: { name: { starts: 'Li ' } } });
    assert.deepEqual(count(back), [200, 3, 0], back.text);
    for (const [body, status] of [
      [{ action: 'update', values: { stage: 'won' } }, 422],
      [{ action: 'update', values: { secret: 'x' }, ids: own }, 422],
      [{ action: 'update', values: { owner: '1' }, ids: own }, 422],
      [{ action: 'update', values: {}, ids: own }, 422],
      [{ action: 'drop', ids: own }, 422],
      [{ action: 'delete', ids: [] }, 422],
      [{ action: 'delete', ids: ["'"] }, 422],
      [{ action: 'delete', filter: { secret: 'x' } }, 422],
      [{ action: 'delete', ids: own, all: true }, 422],
      [{ action: 'delete', ids: Array(5001).fill('1') }, 413]])
      assert.equal((await root.post('/api/v1/records/deal/bulk', body)).status,
        status, JSON.stringify(body).slice(0, 80));
  });

test('E22 above 200 it is a job that says how far it is; so is its undo',
  async () => {
    importDeals(site, 510);
    const lost = async () => (await root.get('/api/v1/records/deal?count=true' +
      '&limit=1&filter={"stage":"lost"}')).body.count;
    const before = await lost();
    const begun = await root.post('/api/v1/records/deal/bulk', {
      action: 'update', values: { stage: 'lost' },
      filter: { name: { starts: 'Deal' } } });
    assert.equal(begun.status, 202, begun.text);
    const path = `/api/v1/records/deal/bulk/${begun.body.id}`;
    const ended = (state) => until(async () => {
      const { body } = await root.get(path);
      return body.state === state && body;
    }, state, 30000);
    const done = await ended('done');
    assert.equal(done.done, done.total);
    assert.ok(done.total > 500);
    const job = (await root.get(`/api/v1/jobs/${done.job}`)).body;
    assert.equal(job.percent, 100);
    assert.equal(job.link, `/records/deal/bulk/${begun.body.id}`);
    assert.equal((await root.post(`${path}/undo`)).status, 202);
    assert.equal((await ended('undone')).undone, done.total);
    assert.equal(await lost(), before);

    // Cancelled, it stops where it is, and that can be taken back too.
    const again = await root.post('/api/v1/records/deal/bulk', {
      action: 'update', values: { stage: 'lost' },
      filter: { name: { starts: 'Deal' } } });
    const stopped = `/api/v1/records/deal/bulk/${again.body.id}`;
    const { body: { job: number } } = await root.get(stopped);
    const cancelled = await root.post(`/api/v1/jobs/${number}/cancel`);
    assert.ok([200, 404].includes(cancelled.status), cancelled.text);
    const rest = await until(async () => {
      const { body } = await root.get(stopped);
      return body.state === 'done' && body;
    }, 'its end', 30000);
    assert.equal(rest.done + rest.left, rest.total);
    assert.equal((await root.post(`${stopped}/undo`)).status < 300, true);
    await until(async () => (await root.get(stopped)).body.state === 'undone',
      'its undo', 30000);
    assert.equal(await lost(), before);
  });
