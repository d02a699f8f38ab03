// match.test.mjs - links that offer, and take, only what goes with another
// field of the form: in the look-up, on the page, and however it is saved.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const kind = { key: 'kind', type: 'choice', options: ['buys', 'builds'] };
const firm = { key: 'firm', type: 'link', target: 'firm' };
const human = { type: 'link', target: 'human' };
const forms = {
  firm: { title: 'Firm', fields: [{ key: 'name', type: 'text' }] },
  human: { title: 'Human', fields: [{ key: 'name', type: 'text' }, firm, kind] },
  meeting: { title: 'Meeting', fields: [
    { key: 'subject', type: 'text' }, firm, kind,
    { ...human, key: 'with', match: { firm: 'firm' } },
    { ...human, key: 'expert', match: { firm: 'firm', kind: 'kind' } },
    { key: 'guests', type: 'sub_table', fields: [
      { ...human, key: 'guest', match: { firm: 'firm' } },
      { key: 'seat', type: 'text' }] }] },
  // What is wrong with the other side shows when it is asked.
  broken: { title: 'Broken', fields: [firm,
    { ...human, key: 'with', match: { name: 'firm' } }] },
};
const api = '/api/v1/records';
const ids = {};
let site, li;

async function add(form, values) {
  const answer = await li.post(`${api}/${form}`, { values });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

before(async () => {
  site = await demoSite();
  for (const [name, form] of Object.entries(forms))
    writeFileSync(join(site.folder, `forms/${name}.json`),
      JSON.stringify(form));
  site.child.kill('SIGHUP');
  li = await signedIn(site, 'li.na');
  await until(async () => (await li.get('/api/v1/forms/meeting')).status === 200
    && (await li.get('/api/v1/forms/broken')).status === 200,
  'the forms to be read on SIGHUP', 20000);
  for (const name of ['Oak', 'Elm']) {
    ids[name] = (await add('firm', { name })).id;
    for (const one of ['buys', 'builds'])
      ids[`${name} ${one}`] = (await add('human', { name: `${name} ${one}`,
        firm: ids[name], kind: one })).id;
  }
});
after(() => site?.stop());

const look = (field, parameters) => li.get(
  `/api/v1/forms/meeting/fields/${field}/options?` +
  new URLSearchParams(parameters));
const offered = async (field, parameters) => (await look(field, parameters))
  .body.options.map((option) => option.label).sort();

describe('the look-up', () => {
  test('gives what goes with the values that are sent along', async () => {
    assert.deepEqual(await offered('with', { 'match.firm': ids.Oak }),
      ['Oak builds', 'Oak buys']);
    assert.deepEqual(await offered('guests.guest', { 'match.firm': ids.Elm }),
      ['Elm builds', 'Elm buys']);
    assert.deepEqual(await offered('expert',
      { 'match.firm': ids.Elm, 'match.kind': 'buys' }), ['Elm buys']);
    assert.deepEqual(await offered('expert',
      { 'match.kind': 'builds', q: 'oak' }), ['Oak builds']);
    // Nothing stands there: all.
    for (const none of [{}, { 'match.firm': '' }])
      assert.equal((await offered('with', none)).length, 4);
    // Of what is chosen already, what still goes with it.
    const both = `${ids['Oak buys']},${ids['Elm buys']}`;
    assert.deepEqual(await offered('with',
      { ids: both, 'match.firm': ids.Elm }), ['Elm buys']);
    assert.equal((await offered('with', { ids: both })).length, 2);
  });

  test('S14_ refuses what is no value, and no field of the link', async () => {
    for (const [field, parameters, at] of [
      ['with', { 'match.firm': 'x' }, 'match.firm'],
      ['with', { 'match.firm': '1 OR 1=1' }, 'match.firm'],
      ['expert', { 'match.kind': 'sings' }, 'match.kind'],
      ['with', { 'match.kind': 'buys' }, 'match.kind'],
      ['with', { 'match.': '1' }, 'match.'],
      ['firm', { 'match.firm': ids.Oak }, 'match.firm']]) {
      const answer = await look(field, parameters);
      assert.equal(answer.status, 422, JSON.stringify([field, parameters]));
      assert.equal(answer.body.problems[0].field, at);
    }
  });

  test('the form tells of it, and what is wrong with it is said', async () => {
    const fields = (await li.get('/api/v1/forms/meeting')).body.fields;
    assert.deepEqual(fields.find((one) => one.key === 'expert').match,
      { firm: 'firm', kind: 'kind' });
    const wrong = await li.get('/api/v1/forms/broken/fields/with/options');
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /no field like firm/);
  });
});

describe('saving', () => {
  const change = (record, values) => li.send('PATCH',
    `${api}/meeting/${record.id}`, { values },
    { 'if-match': `"${record.version}"` });
  const refused = (answer, ...fields) => {
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(answer.body.problems.map((one) => one.field), fields);
    assert.match(answer.text, /does not go with/);
  };

  test('what does not go with it is refused, in sub-tables too', async () => {
    const other = ids['Elm buys'];
    const values = { firm: ids.Oak, kind: 'buys', with: ids['Oak builds'],
      expert: ids['Oak buys'], guests: [{ guest: ids['Oak buys'] }] };
    const save = (more) => li.post(`${api}/meeting`,
      { values: { ...values, ...more } });
    refused(await save({ with: other }), 'with');
    refused(await save({ expert: ids['Oak builds'] }), 'expert');
    refused(await save({ guests: [{ guest: ids['Oak buys'] },
      { guest: other }] }), 'guests.1.guest');
    refused(await save({ kind: 'builds' }), 'expert');
    assert.equal((await save({})).status, 201);
    // Without a firm each one does.
    assert.equal((await save({ firm: null, with: other })).status, 201);
  });

  test('when the other field changes, the link is asked again', async () => {
    const record = await add('meeting', { firm: ids.Oak,
      with: ids['Oak buys'], guests: [{ guest: ids['Oak buys'] }] });
    refused(await change(record, { firm: ids.Elm }), 'with', 'guests.0.guest');
    const moved = await change(record, { firm: ids.Elm,
      with: ids['Elm buys'], guests: [] });
    assert.equal(moved.status, 200, moved.text);
  });

  test('what neither side of has changed is left alone', async () => {
    const somebody = await add('human', { name: 'Goes', firm: ids.Oak });
    const record = await add('meeting', { firm: ids.Oak, with: somebody.id });
    const gone = await li.send('PATCH', `${api}/human/${somebody.id}`,
      { values: { firm: ids.Elm } }, { 'if-match': '"1"' });
    assert.equal(gone.status, 200, gone.text);
    const fine = await change(record, { subject: 'Chairs' });
    assert.equal(fine.status, 200, fine.text);
  });
});

describe('the page without scripts', () => {
  const names = (text, field) => [...(text.match(new RegExp(
    `<select[^>]*name="${field}"[^]*?</select>`)) ?? [''])[0]
    .matchAll(/<option value="\d+"[^>]*>([^<]+)</g)].map((one) => one[1]).sort();

  test('offers what goes with what is there, and what was typed', async () => {
    const page = await li.get(`/records/meeting/new?firm=${ids.Oak}`);
    assert.deepEqual(names(page.text, 'with'), ['Oak builds', 'Oak buys']);
    assert.match(page.text, /data-name="with" data-match="firm"/);
    assert.match(page.text, /data-name="expert" data-match="firm kind"/);
    assert.ok(names((await li.get('/records/meeting/new')).text, 'with')
      .length >= 4);
    const again = await li.form('/records/meeting', { _fields: 'firm,with',
      firm: ids.Elm, with: ids['Oak buys'] }, { accept: 'text/html' });
    assert.equal(again.status, 422);
    assert.match(again.text, /does not go with “firm”/);
    // What was chosen stays to be read, the others go with the firm.
    assert.deepEqual(names(again.text, 'with').filter((one) =>
      one !== 'Goes'), ['Elm builds', 'Elm buys', 'Oak buys']);
  });
});
