// /api/v1/records and /api/v1/forms: what docs/customizer/rest.md promises,
// and what is refused (S13, S14, S17, S20, S21, S55, S56, S65).
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { rows, sql } from '../lib/store.mjs';

const people = {};
let site;

const room = { title: 'Room', fields: [
  { key: 'name', type: 'text', required: true, unique: true, index: true },
  { key: 'seats', type: 'integer', min: 1, max: 500 },
  { key: 'rate', type: 'money', currency: 'CNY' },
  { key: 'open', type: 'boolean' },
  { key: 'from', type: 'datetime' },
  { key: 'until', type: 'datetime' },
  { key: 'tags', type: 'multi_choice', options: ['video', 'phone'] },
  { key: 'keeper', type: 'user' },
  { key: 'next_door', type: 'link', target: 'room' },
], rules: [{ refuse: '["until"] == nil and false', message: 'x' }] };
delete room.rules;

before(async () => {
  site = await demoSite();
  writeFileSync(join(site.folder, 'forms/room.json'), JSON.stringify(room));
  site.child.kill('SIGHUP');
  for (const login of ['zhang.wei', 'li.na', 'huang.yan', 'admin'])
    people[login] = await signedIn(site, login);
  await until(async () => (await people.admin.get('/api/v1/forms/room'))
    .status === 200, 'the form to be read on SIGHUP', 20000);
});
after(() => site?.stop());

const path = '/api/v1/records/room';
const create = (login, values, headers) =>
  people[login].post(path, { values }, headers);
let count = 0;
const name = () => `Room ${count += 1}`;

describe('one record', () => {
  test('is created, read with its ETag, changed, deleted', async () => {
    const made = await create('zhang.wei', { name: 'Pine', seats: 12,
      rate: '99.5', open: true, from: '2026-12-01T08:00:00Z',
      tags: ['phone', 'video'], keeper: people['li.na'].id });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers.get('etag'), '"1"');
    assert.equal(made.headers.get('location'), `${path}/${made.body.id}`);
    const { values } = made.body;
    assert.deepEqual(values, { name: 'Pine', seats: 12, rate: '99.50',
      open: true, from: '2026-12-01T08:00:00.000Z', until: null,
      tags: ['video', 'phone'], keeper: people['li.na'].id, next_door: null });

    const same = await people['zhang.wei'].get(`${path}/${made.body.id}`,
      { 'if-none-match': '"1"' });
    assert.equal(same.status, 304);

    const patch = (value, version) => people['zhang.wei'].send('PATCH',
      `${path}/${made.body.id}`, { values: value },
      version ? { 'if-match': version } : {});
    assert.equal((await patch({ seats: 13 })).status, 400);
    const changed = await patch({ seats: 13 }, '"1"');
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.headers.get('etag'), '"2"');
    const lost = await patch({ rate: '1' }, '"1"');
    assert.equal(lost.status, 409);
    assert.match(lost.headers.get('content-type'), /application\/problem\+json/);
    assert.ok(lost.body.problems.some((p) => p.field === 'seats'));

    const gone = await people.admin.send('DELETE', `${path}/${made.body.id}`,
      undefined, { 'if-match': '"2"' });
    assert.equal(gone.status, 204, gone.text);
    assert.equal((await people['zhang.wei'].get(`${path}/${made.body.id}`))
      .status, 404);
  });

  test('what it gives can be sent back', async () => {
    const made = (await create('zhang.wei', { name: name(), seats: 3,
      rate: '2.25', open: false, tags: ['video'] })).body;
    const answer = await people['zhang.wei'].send('PATCH',
      `${path}/${made.id}`, { values: made.values }, { 'if-match': '1' });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.values, made.values);
  });

  test('every problem is told, each at its field', async () => {
    const answer = await create('zhang.wei', { seats: 0, rate: '1.234',
      from: 'tomorrow', tags: ['fax'], keeper: '1', open: 'maybe' });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.problems.map((p) => p.field).sort(),
      ['from', 'keeper', 'name', 'open', 'rate', 'seats', 'tags']);
  });

  test('S13: ids of others in the body are refused', async () => {
    const secret = (await create('huang.yan', { name: name() })).body.id;
    const answer = await create('zhang.wei', { name: name(),
      next_door: secret });
    assert.equal(answer.status, 422);
    assert.equal(answer.body.problems[0].field, 'next_door');
    assert.equal((await people['zhang.wei'].get(`${path}/${secret}`)).status,
      404);
  });

  test('S14, S17, S65: unknown and system fields are refused', async () => {
    for (const values of [{ name: 'x', owner: '1' }, { name: 'x', id: '1' },
      { name: 'x', f_name: 'y' }, { name: 'x', deleted_at: 0 }])
      assert.equal((await create('zhang.wei', values)).status, 422);
    assert.equal((await people['zhang.wei'].post(path,
      { values: { name: 'x' }, owner: '1' })).status, 422);
    assert.equal((await people['zhang.wei'].post(path,
      { values: { name: 'x' }, state: 'approved' })).status, 422);
    assert.equal((await people['zhang.wei'].fetch('POST', path, {
      headers: { 'content-type': 'application/json',
        'x-csrf-token': people['zhang.wei'].csrf },
      body: '{"values":{"name":"a","name":"b"}}' })).status, 400);
  });

  test('S56: of 100 claims of one name exactly one wins', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () =>
      create('zhang.wei', { name: 'The only one' })));
    const made = answers.filter((a) => a.status === 201);
    assert.equal(made.length, 1);
    assert.ok(answers.every((a) => [201, 409, 503].includes(a.status)),
      String(answers.map((a) => a.status)));
  });
});

describe('what else there is of a record', () => {
  test('comments, the trail, the bin and back', async () => {
    const { id } = (await create('zhang.wei', { name: name() })).body;
    const one = `${path}/${id}`;
    const said = await people['zhang.wei'].post(`${one}/comments`,
      { text: '你好' });
    assert.equal(said.status, 201, said.text);
    assert.equal(said.body.comments[0].text, '你好');
    assert.equal((await people['zhang.wei'].post(`${one}/comments`,
      { text: ' ' })).status, 422);
    for (const what of ['comments', 'trail'])
      assert.equal((await people['huang.yan'].get(`${one}/${what}`)).status,
        404);
    await people['zhang.wei'].send('PATCH', one, { values: { seats: 4 } },
      { 'if-match': '1' });
    const { trail } = (await people['zhang.wei'].get(`${one}/trail`)).body;
    assert.deepEqual(trail.map((row) => row.action), ['update', 'create']);
    assert.deepEqual(trail[0].changes, { seats: { from: null, to: 4 } });
    assert.equal(trail[0].name, 'Zhang Wei');
    await people.admin.send('DELETE', one, undefined, { 'if-match': '2' });
    const bin = (await people.admin.get(`${path}?bin=true`)).body.records;
    assert.ok(bin.some((record) => record.id === id));
    const back = await people.admin.post(`${one}/restore`);
    assert.equal(back.status, 200, back.text);
    assert.equal((await people['zhang.wei'].get(one)).status, 200);
  });

  test('people in filters may be named', async () => {
    await create('li.na', { name: name(), keeper: people['zhang.wei'].id });
    const found = await people['li.na'].get(`${path}?filter=` +
      encodeURIComponent('{"keeper":"Zhang Wei","owner":"me"}'));
    assert.equal(found.body.records.length, 1, found.text);
  });
});

describe('lists', () => {
  before(async () => {
    for (let i = 0; i < 25; i += 1)
      await create('li.na', { name: `List ${i}`, seats: i % 5 + 1,
        rate: String(i) });
  });

  test('cursors meet every record once, in order', async () => {
    const seen = [];
    let cursor = '';
    do {
      const page = await people['li.na'].get(`${path}?limit=7&sort=-rate` +
        `&q=list&fields=name,rate${cursor && `&cursor=${cursor}`}`);
      assert.equal(page.status, 200, page.text);
      for (const record of page.body.records) {
        assert.deepEqual(Object.keys(record.values), ['name', 'rate']);
        seen.push(Number(record.values.rate));
      }
      cursor = page.body.cursor || '';
    } while (cursor);
    assert.deepEqual(seen, Array.from({ length: 25 }, (_, i) => 24 - i));
  });

  // Copies of what the product has made, past it: 48 templates, 25 times.
  test('1,200 records with equal and empty values come by cursor, each once',
    async () => {
      const made = [];
      for (let i = 0; i < 48; i += 1)
        made.push((await create('huang.yan', { name: `Deep ${i}`,
          seats: i % 6 ? i % 6 : null, rate: i % 4 ? String(i % 4) : null,
          tags: i % 2 ? ['video'] : [] })).body.id);
      const columns = Object.keys(rows(site, 'SELECT * FROM r_room WHERE id = ' +
        made[0])[0]);
      const other = { id: `id - k * ${60000 * 4194304}`, // minutes before
        f_name: "f_name || ' ' || k" };
      sql(site, `INSERT INTO r_room (${columns}) WITH RECURSIVE n (k) AS (
        SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 24) SELECT ${columns
    .map((one) => other[one] || one)} FROM r_room, n WHERE id IN (${made})`);

      const filter = encodeURIComponent('{"name":{"starts":"Deep"}}');
      const all = new Set(rows(site, "SELECT id FROM r_room WHERE f_name LIKE " +
        "'Deep%'").map(({ id }) => String(id)));
      assert.equal(all.size, 1200);
      for (const [sort, limit] of [['seats', 200], ['-seats', 37], ['rate', 50],
        ['-rate', 200], ['until', 93], ['-updated_at', 200]]) {
        const seen = [], values = [];
        for (let cursor = ''; ;) {
          const page = await people['huang.yan'].get(`${path}?limit=${limit}` +
            `&sort=${sort}&filter=${filter}${cursor && `&cursor=${cursor}`}`);
          assert.equal(page.status, 200, page.text);
          for (const record of page.body.records) {
            seen.push(record.id);
            values.push(record.values[sort.replace('-', '')]);
          }
          assert.ok(seen.length <= 1200, sort);
          cursor = page.body.cursor || '';
          assert.equal(page.body.records.length,
            cursor ? limit : 1200 % limit || limit, sort);
          if (!cursor) break;
        }
        assert.equal(seen.length, 1200, sort);
        assert.deepEqual(new Set(seen), all, sort);
        if (!/seats|rate/.test(sort)) continue;
        // Equal ones stand together, those without a value at one end.
        const runs = values.filter((value, i) => !i || value !== values[i - 1]);
        assert.equal(runs.length, new Set(values).size, `${sort}: ${runs}`);
        const numbers = runs.filter((value) => value !== null).map(Number);
        assert.deepEqual(numbers, [...numbers].sort((a, b) =>
          sort.startsWith('-') ? b - a : a - b));
        assert.ok(runs[0] === null || runs.at(-1) === null, `${sort}: ${runs}`);
      }
    });

  test('filters are trees of tests', async () => {
    const list = async (filter) => (await people['li.na'].get(
      `${path}?count=true&filter=${encodeURIComponent(JSON.stringify(filter))}`
    )).body;
    assert.equal((await list({ seats: 1, name: { starts: 'List' } })).count, 5);
    assert.equal((await list({ or: [{ rate: { lt: '2' } },
      { rate: { between: ['10', '12'] } }] })).count, 5);
    assert.equal((await list({ not: { seats: { in: [1, 2, 3] } },
      name: { starts: 'List' } })).count, 10);
  });

  test('S20, S21: hostile parameters', async () => {
    const bad = ['sort=name%20desc', 'sort=id--', 'sort=f_name', 'limit=0',
      'limit=201', 'limit=x', 'filter=%7B', 'filter=%7B%22a%22%3A1%7D',
      'filter=%7B%22name%22%3A%7B%22like%22%3A1%7D%7D', 'fields=secret',
      'fields=name%22', 'cursor=%27', 'order=name', 'cursor=e30'];
    for (const query of bad) {
      const answer = await people['li.na'].get(`${path}?${query}`);
      assert.ok([400, 422].includes(answer.status),
        `${query}: ${answer.status} ${answer.text}`);
    }
    assert.equal((await people['li.na'].get(`${path}?limit=1&limit=2`)).status,
      400);
  });
});

describe('figures by groups', () => {
  const ask = async (login, query) => people[login].get(`${path}/aggregate?` +
    new URLSearchParams({ filter: '{"name":{"starts":"Sum"}}', ...query }));

  before(async () => {
    for (const [login, values] of [
      ['zhang.wei', { seats: 1, rate: '1.10', keeper: people['li.na'].id }],
      ['zhang.wei', { seats: 2, rate: '2.20', from: '2026-11-30T16:30:00Z' }],
      ['li.na', { seats: 2, rate: '40' }], ['huang.yan', { rate: '500' }]])
      assert.equal((await create(login, { name: `Sum ${count += 1}`,
        ...values })).status, 201);
  });

  test('each sees the sum of the records that each may see', async () => {
    const sum = async (login) =>
      (await ask(login, { measure: 'count,sum:rate' })).body.groups[0];
    assert.deepEqual(await sum('zhang.wei'), { group: {}, text: {}, count: 2,
      'sum:rate': '3.30' });
    assert.equal((await sum('li.na'))['sum:rate'], '43.30');
    assert.equal((await sum('huang.yan'))['sum:rate'], '500.00');
    assert.equal((await sum('admin'))['sum:rate'], '543.30');
  });

  test('groups have values and names', async () => {
    const rows = async (query) => {
      const answer = await ask('li.na', query);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.groups;
    };
    assert.deepEqual(await rows({ group: 'seats', measure: 'max:rate',
      sort: '-max:rate' }), [
      { group: { seats: 2 }, text: { seats: '2' }, 'max:rate': '40.00' },
      { group: { seats: 1 }, text: { seats: '1' }, 'max:rate': '1.10' }]);
    assert.deepEqual((await rows({ group: 'owner' })).map((row) =>
      [row.group.owner, row.text.owner, row.count]),
    [[people['li.na'].id, 'Li Na', 1], [people['zhang.wei'].id, 'Zhang Wei',
      2]]);
    assert.deepEqual((await rows({ group: 'from:day,keeper', limit: '1' })),
      [{ group: { 'from:day': '2026-11-30', keeper: null }, count: 1,
        text: { 'from:day': '30 Nov 2026', keeper: '(not filled in)' } }]);
  });

  test('S20, S65: hostile questions', async () => {
    for (const query of [{ group: 'f_name' }, { group: 'name)' },
      { group: 'from' }, { group: 'tags' }, { group: 'a,b,c,d' },
      { measure: 'sum:name' }, { measure: 'total' }, { sort: 'rate' },
      { limit: '1001' }, { by: 'name' }, { filter: '{' }]) {
      const answer = await ask('li.na', query);
      assert.ok([400, 422].includes(answer.status),
        `${JSON.stringify(query)}: ${answer.status} ${answer.text}`);
    }
  });
});

describe('forms', () => {
  test('say their fields, options and logic', async () => {
    const form = (await people['zhang.wei'].get('/api/v1/forms/budget')).body;
    const items = form.fields.find((f) => f.key === 'items');
    assert.equal(items.type, 'sub_table');
    assert.ok(items.fields.some((f) => f.computed === 'quantity * unit_price'));
    const logic = (await people['zhang.wei'].get(
      '/api/v1/forms/budget/logic')).body;
    assert.equal(logic.name, 'budget');
    const options = (await people['zhang.wei'].get(
      '/api/v1/forms/leave/fields/handover/options?q=li')).body.options;
    assert.ok(options.some((o) => o.label === 'Li Na'));
    assert.equal((await people['zhang.wei'].get(
      '/api/v1/forms/leave/fields/reason/options')).status, 404);
    assert.equal((await people['zhang.wei'].get('/api/v1/forms/none')).status,
      404);
  });
});

test('a definition with an error is refused; the one before stays', async () => {
  const before = (await people.admin.get('/api/v1/forms/room')).body;
  writeFileSync(join(site.folder, 'forms/room.json'), JSON.stringify(
    { ...room, fields: [{ key: 'name', type: 'date' }, { key: 'x' }] }));
  site.child.kill('SIGHUP');
  const line = await until(() => site.log('form.refused')[0],
    'the refusal in the log', 20000);
  assert.equal(line.file, 'room.json');
  assert.match(line.reason, /\/fields\/1\/type: expected one of text/);
  assert.deepEqual((await people.admin.get('/api/v1/forms/room')).body, before);
});
