// The records pages without scripts: forms, lists, the bin, comments, and
// what they refuse (S13, S14, S17, S20, S21, S27, S52, S55, S65).
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const people = {};
let site;

before(async () => {
  site = await demoSite();
  for (const login of ['zhang.wei', 'li.na', 'wang.fang', 'huang.yan', 'admin'])
    people[login] = await signedIn(site, login);
});
after(() => site?.stop());

const item = (name, quantity, price, row = 0) => ({
  [`items.${row}.name`]: name, [`items.${row}.quantity`]: quantity,
  [`items.${row}.unit_price`]: price });
const shown = { _fields: 'purpose,date,items,attachments' };
const budget = (more = {}) => ({ ...shown, purpose: 'Fair', date: '2026-12-15',
  ...item('Stand', '2', '1200'), ...more });

const idOf = (answer) => {
  assert.equal(answer.status, 303, answer.text);
  return /\/records\/\w+\/(\d+)/.exec(answer.headers.get('location'))[1];
};

async function draft(login, more) {
  return idOf(await people[login].form('/records/budget',
    budget({ _action: 'draft', ...more })));
}

describe('forms without scripts', () => {
  test('a budget is filled in, its total computed, and submitted', async () => {
    const page = await people['zhang.wei'].get('/records/budget/new');
    assert.equal(page.status, 200);
    for (const name of ['purpose', 'items.0.name', 'items.2.unit_price',
      '_operation', '_fields'])
      assert.match(page.text, new RegExp(`name="${name}"`));
    const id = idOf(await people['zhang.wei'].form('/records/budget',
      { ...budget(item('Hotel', '3', '80', 2)), _action: 'submit' }));
    const record = await people['zhang.wei'].get(
      `/api/v1/records/budget/${id}`);
    assert.equal(record.body.values.total, '2640.00');
    assert.equal(record.body.state, 'running');
    assert.match(record.body.values.number, /^B-\d{4}-\d{4}$/);
    const read = await people['zhang.wei'].get(`/records/budget/${id}`);
    assert.match(read.text, /2,640\.00/);
  });

  test('what is wrong stands at its field; what was typed stays', async () => {
    const answer = await people['zhang.wei'].form('/records/budget',
      { ...shown, purpose: '', date: '2026-02-31',
        ...item('<b>Stand</b>', '2', 'dear', 1) });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /href="#f-purpose"/);
    assert.match(answer.text, /id="f-purpose-error"[^>]*>[^<]+</);
    assert.match(answer.text, /value="&lt;b&gt;Stand&lt;\/b&gt;"/);
    assert.match(answer.text, /value="2026-02-31"/);
    assert.match(answer.text, /value="dear"/);
    assert.doesNotMatch(answer.text, /<b>Stand/);
  });

  test('a script gets the problems with the names that it sent', async () => {
    const answer = await people['zhang.wei'].form('/records/budget',
      { ...shown, purpose: 'x', date: '2026-12-15', ...item('a', '1', 'x', 4) },
      { 'x-tenon-request': 'form', accept: 'application/json' });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.problems.map((p) => p.field),
      ['items.4.unit_price']);
  });

  test('a row is added without scripts', async () => {
    const answer = await people['zhang.wei'].form('/records/budget',
      budget({ _add_row: 'items' }));
    assert.equal(answer.status, 200);
    assert.match(answer.text, /name="items\.3\.name"/);
    assert.match(answer.text, /value="Stand"/);
  });

  test('a draft may be half filled in, and is submitted later', async () => {
    const id = await draft('zhang.wei', { purpose: '' });
    const edit = await people['zhang.wei'].get(`/records/budget/${id}/edit`);
    assert.equal(edit.status, 200);
    assert.match(edit.text, /name="_version" value="1"/);
    const refused = await people['zhang.wei'].form(`/records/budget/${id}`,
      budget({ purpose: '', _version: '1', _action: 'submit' }));
    assert.equal(refused.status, 422);
    const done = await people['zhang.wei'].form(`/records/budget/${id}`,
      budget({ _version: '1', _action: 'submit' }));
    assert.equal(done.status, 303, done.text);
    const record = await people['zhang.wei'].get(
      `/api/v1/records/budget/${id}`);
    assert.equal(record.body.state, 'running');
  });

  test('one operation counts once', async () => {
    const form = budget({ _operation: 'once-1234567890', _action: 'submit' });
    const first = await people['zhang.wei'].form('/records/budget', form);
    const again = await people['zhang.wei'].form('/records/budget', form);
    assert.equal(idOf(first), idOf(again));
  });

  test('a lost race shows the page again with both versions', async () => {
    const id = await draft('zhang.wei');
    const one = await people['zhang.wei'].form(`/records/budget/${id}`,
      budget({ purpose: 'First', _version: '1', _action: 'draft' }));
    assert.equal(one.status, 303, one.text);
    const two = await people['zhang.wei'].form(`/records/budget/${id}`,
      budget({ purpose: 'Second', _version: '1', _action: 'draft' }));
    assert.equal(two.status, 409);
    assert.match(two.text, /Zhang Wei/);
    assert.match(two.text, /value="Second"/);
    assert.match(two.text, /name="_version" value="2"/);
    const script = await people['zhang.wei'].form(`/records/budget/${id}`,
      budget({ purpose: 'Third', _version: '1', _action: 'draft' }),
      { 'x-tenon-request': 'form', accept: 'application/json' });
    assert.equal(script.status, 409);
    assert.equal(script.body.conflict.version, 2);
    assert.deepEqual(script.body.conflict.changes.find(
      (c) => c.yours === 'Third')?.theirs, 'First');
  });
});

describe('what is refused', () => {
  test('S13: records of others are not there, on any entrance', async () => {
    const id = await draft('zhang.wei');
    for (const [method, path] of [['get', ''], ['get', '/edit'], ['form', ''],
      ['form', '/delete'], ['form', '/restore'], ['form', '/comment']]) {
      const answer = await people['huang.yan'][method](
        `/records/budget/${id}${path}`, method === 'form'
          ? { _version: '1', ...(path === '/comment' ? { body: 'x' } : {}),
            ...(path ? {} : budget()) } : undefined);
      assert.ok([404, 400, 422].includes(answer.status),
        `${method} ${path}: ${answer.status}`);
      assert.doesNotMatch(answer.text, /Fair/);
    }
    assert.equal((await people['zhang.wei'].get(
      `/api/v1/records/budget/${id}`)).body.version, 1);
  });

  test('S14, S17: computed, automatic, system and unknown fields', async () => {
    for (const extra of [{ total: '1' }, { number: 'B-1' }, { owner: '1' },
      { state: 'approved' }, { version: '7' }, { id: '7' },
      { 'items.0.colour': 'red' }, { colour: 'red' }]) {
      const answer = await people['zhang.wei'].form('/records/budget',
        budget({ ...extra, _action: 'draft' }));
      assert.equal(answer.status, 422, JSON.stringify(extra));
    }
  });

  test('S20, S21: hostile sorts, filters and pages', async () => {
    const bad = ['sort=total;drop', 'sort=f_total', 'f.total.gt=x',
      'f.total%22.eq=1', 'f.secret.eq=1', 'f.purpose.like=x', 'page=0',
      'page=-1', 'page=99999999999', 'f.total.contains=1', 'columns=x',
      'f.owner.eq=1%20or%201=1', 'cursor=x'];
    for (const query of bad) {
      const answer = await people['zhang.wei'].get(`/records/budget?${query}`);
      assert.ok([400, 422].includes(answer.status),
        `${query}: ${answer.status}`);
    }
    for (const query of ['q=%27%20OR%201=1--', 'q=%25', 'q=_', 'q=%5C',
      'f.purpose.contains=%27%3B--'])
      assert.equal((await people['zhang.wei'].get(
        `/records/budget?${query}`)).status, 200, query);
  });

  test('S52: a value is decoded once', async () => {
    const text = '%252e%252e &amp;lt; \\u003c %00';
    const id = await draft('zhang.wei', { purpose: text });
    assert.equal((await people['zhang.wei'].get(
      `/api/v1/records/budget/${id}`)).body.values.purpose, text);
    const page = await people['zhang.wei'].get(`/records/budget/${id}`);
    assert.match(page.text, /%252e%252e &amp;amp;lt; \\u003c %00/);
  });

  test('S55: a combination is refused as a whole', async () => {
    const answer = await people['zhang.wei'].form('/records/leave', {
      _fields: 'kind,starts,ends,reason,handover,attachments', kind: 'annual',
      starts: '2026-12-10', ends: '2026-12-09', reason: 'x' });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /last day is before the first/);
  });

  test('S65: the same field twice', async () => {
    const answer = await people['zhang.wei'].fetch('POST', '/records/budget', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams([['_csrf', people['zhang.wei'].csrf],
        ['purpose', 'a'], ['purpose', 'b']]).toString() });
    assert.equal(answer.status, 400);
  });
});

describe('lists', () => {
  test('filters stand in the address and read as sentences', async () => {
    const page = await people['li.na'].get(
      '/records/budget?f.total.gte=5000&f.owner.eq=me');
    assert.equal(page.status, 200);
    assert.match(page.text, /Total from 5,000\.00/);
    assert.match(page.text, /Owner is me/);
    const added = await people['li.na'].get('/records/budget?sort=-total' +
      '&add.field=purpose&add.op=contains&add.value=a%26b');
    assert.equal(added.status, 303);
    assert.equal(added.headers.get('location'),
      '/records/budget?f.purpose.contains=a%26b&sort=-total');
  });

  test('columns are chosen per person', async () => {
    const answer = await people['li.na'].form('/records/budget/columns',
      { 'columns[]': 'total', return: '/records/budget?sort=total' });
    assert.equal(answer.headers.get('location'), '/records/budget?sort=total');
    const heads = (page) => [...page.text.matchAll(/data-column="(\w+)"/g)]
      .map((m) => m[1]);
    assert.deepEqual(heads(await people['li.na'].get('/records/budget')),
      ['total']);
    assert.ok(heads(await people['zhang.wei'].get('/records/budget')).length >
      3);
    assert.equal((await people['li.na'].form('/records/budget/columns',
      { 'columns[]': 'search' })).status, 422);
  });

  test('the bin keeps what is deleted, and gives it back', async () => {
    const id = await draft('admin');
    const row = new RegExp(`<tr [^>]*data-id="${id}"`);
    const gone = await people.admin.form(`/records/budget/${id}/delete`,
      { _version: '1' });
    assert.equal(gone.status, 303, gone.text);
    assert.doesNotMatch((await people.admin.get('/records/budget')).text,
      row);
    assert.match((await people.admin.get('/records/budget/bin')).text,
      row);
    const back = await people.admin.form(`/records/budget/${id}/restore`, {});
    assert.equal(back.status, 303, back.text);
    assert.match((await people.admin.get('/records/budget')).text,
      row);
  });

  test('comments appear on the record, escaped', async () => {
    const id = await draft('zhang.wei');
    const sent = await people['zhang.wei'].form(
      `/records/budget/${id}/comment`, { body: '<script>alert(1)</script>' });
    assert.equal(sent.status, 303, sent.text);
    const page = await people['zhang.wei'].get(`/records/budget/${id}`);
    assert.match(page.text, /&lt;script&gt;alert\(1\)/);
    assert.doesNotMatch(page.text, /<script>alert/);
  });

  test('S27: an exported list neutralises formulas', async () => {
    await draft('admin', { purpose: '=cmd|/c calc' });
    const file = await people.admin.get('/records/budget/export?q=calc');
    assert.equal(file.status, 200);
    assert.match(file.headers.get('content-type'), /^text\/csv/);
    assert.match(file.headers.get('content-disposition'), /^attachment/);
    assert.match(file.text, /,"'=cmd\|\/c calc",/);
    assert.equal((await people['zhang.wei'].get('/records/budget/export'))
      .status, 403);
  });

  test('every list and form is there in three languages', async () => {
    for (const [language, word] of [['en', 'New'], ['zh-CN', '新建'],
      ['zh-TW', '新增']]) {
      const page = await people['wang.fang'].get('/records/budget',
        { 'accept-language': language });
      assert.equal(page.status, 200);
      assert.match(page.text, new RegExp(word), language);
      assert.doesNotMatch(page.text, />(records|form|ui)\.[a-z_.]+</);
    }
  });
});
