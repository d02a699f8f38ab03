// survey.test.mjs - surveys: who builds, who answers, once each, branching,
// results; and that an anonymous one is anonymous.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, until } from '../lib/server.mjs';
import { rows, sql as storeSql, tables as storeTables } from '../lib/store.mjs';
import { addUser, password } from '../lib/client.mjs';
import { Person, signedIn } from '../lib/person.mjs';

const SCRIPT = { accept: 'application/json', 'x-tenon-request': 'form' };
let site, hr, li, sun, nobody;

before(async () => {
  site = await demoSite({ zone: 'Asia/Shanghai' });
  await site.whole();
  hr = await signedIn(site, 'huang.yan');
  li = await signedIn(site, 'li.na');
  sun = await signedIn(site, 'sun.tao');
  nobody = new Person(site);
});
after(async () => site && site.stop());

const sql = (text) => rows(site, text);
const told = (text) => storeSql(site, text);

const options = (...titles) =>
  titles.map((title, i) => ({ id: `a${i + 1}`, title }));
const yesNo = { id: 'q1', kind: 'single', title: 'Coming?', required: true,
  options: options('Yes', 'No') };
const when = (question, ...values) => ({ question, op: 'is', values });
const hunger = { id: 'q2', kind: 'scale', title: 'Hungry?', from: 1, to: 5,
  required: true, when: when('q1', 'a1') };

function build(values, who = hr, path = '/m/survey/new') {
  const { items, departments = [], ...rest } = values;
  const pairs = Object.entries({ title: 'A survey', reach: 'everybody',
    design: JSON.stringify({ items }), _action: 'publish', ...rest });
  for (const id of departments) pairs.push(['department[]', id]);
  return who.form(path, pairs, SCRIPT);
}

async function published(values) {
  const answer = await build(values);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.location.match(/\d+/)[0];
}

const give = (who, id, pairs, headers = SCRIPT) =>
  who.form(`/m/survey/${id}`, pairs, headers);
const answersOf = (id) => sql(
  `SELECT * FROM r_survey_answer WHERE f_survey = ${id} ORDER BY id`);
const departmentId = (name) => String(sql(
  `SELECT id FROM org_department WHERE name = '${name}'`)[0].id);

describe('building', () => {
  test('S12_ whoever has no grant builds nothing', async () => {
    assert.equal((await li.get('/m/survey/new')).status, 403);
    assert.equal((await build({ items: [yesNo] }, li)).status, 403);
    assert.equal((await nobody.get('/m/survey/new',
      { accept: 'application/json' })).status, 401);
    assert.equal((await hr.get('/m/survey/new')).status, 200);
  });

  test('S14_ what is wrong with a question is told with its number',
    async () => {
      const bad = [
        [{ ...yesNo, title: ' ' }, /write the question/],
        [{ ...yesNo, options: options('Only one') }, /at least two options/],
        [{ ...yesNo, options: options('Yes', '') }, /an option is empty/],
        [{ ...yesNo, kind: 'spell' }, /not how a question is written/],
        [{ ...yesNo, when: when('q9', 'a1') }, /earlier question/],
        [{ id: 'q1', kind: 'number', title: 'n', least: '5', most: '1' },
          /larger than the largest/],
        [{ id: 'q1', kind: 'number', title: 'n', least: 'x' }, /no number/],
        [{ id: "q1'--", kind: 'text', title: 't' },
          /not how a question is written/],
      ];
      for (const [item, says] of bad) {
        const answer = await build({ items: [item] });
        assert.equal(answer.status, 422, JSON.stringify(item));
        assert.match(answer.body.problems[0].message, says);
        assert.equal(answer.body.problems[0].field, 'design');
      }
      for (const design of ['', '{', '[]', '{"items":{"a":1}}', '{"items":[7]}'])
        assert.equal((await build({ design })).status, 422, design);
      const none = await build({ items: [yesNo], reach: 'departments' });
      assert.match(none.text, /choose who answers/);
      const over = await build({ items: [yesNo], closes: '2001-01-01' });
      assert.match(over.text, /over already/);
      const foreign = await build({ items: [yesNo], reach: 'departments',
        departments: ['123'] });
      assert.match(foreign.text, /no such department/);
    });

  test('a reminder is some days before; a public link has none', async () => {
    for (const remind of ['soon', '-1', '31']) {
      const answer = await build({ items: [yesNo], remind });
      assert.equal(answer.status, 422, `${remind}: ${answer.text}`);
      assert.equal(answer.body.problems[0].field, 'remind');
    }
    const id = await published({ items: [yesNo], remind: '3',
      reach: 'public' });
    assert.deepEqual(sql(`SELECT f_remind FROM r_survey_survey
      WHERE id = ${id}`), [{ f_remind: null }]);
  });

  test('of a published one, what has been answered stays', async () => {
    const id = await published({ items: [yesNo, { id: 'q2', kind: 'text',
      title: 'Why?' }], anonymous: 'true' });
    const change = (values) => build({ _action: 'save', ...values }, hr,
      `/m/survey/${id}/edit`);
    const text = { id: 'q2', kind: 'text', title: 'Why?' };
    const refused = [
      [[yesNo], /“Why\?”: it can't be taken out/],
      [[{ ...yesNo, options: options('Yes', 'No').slice(0, 1)
        .concat({ id: 'a3', title: 'Maybe' }) }, text], /“No”/],
      [[yesNo, { ...text, kind: 'date' }], /stays of its kind/],
      [[yesNo, { ...text, required: true }], /can't become required/],
      [[yesNo, text, { id: 'q3', kind: 'text', title: 'New',
        required: true }], /is new/],
    ];
    for (const [items, says] of refused) {
      const answer = await change({ items });
      assert.equal(answer.status, 409, answer.text);
      assert.match(answer.text, says);
    }
    const fine = await change({ title: 'Other words', items: [
      { ...text, title: 'Why not?' },
      { ...yesNo, options: options('Yes', 'No', 'Maybe') },
      { id: 'q3', kind: 'text', title: 'More' }] });
    assert.equal(fine.status, 200, fine.text);
    const page = (await li.get(`/m/survey/${id}`)).text;
    assert.match(page, /Why not\?[\s\S]*Maybe[\s\S]*More/);
    // The columns stay with their questions.
    await give(li, id, [['q.q2', 'because'], ['q.q1', 'a3']]);
    const [row] = answersOf(id);
    assert.deepEqual([row.f_c1, row.f_t1], ['a3', 'because']);
    // The promise stays, through the API as well.
    const record = (await hr.get(`/api/v1/records/survey.survey/${id}`)).body;
    const broken = await hr.send('PATCH', `/api/v1/records/survey.survey/${id}`,
      { values: { anonymous: false } }, { 'if-match': record.version });
    assert.equal(broken.status, 409, broken.text);
    assert.match(broken.text, /anonymous/);
  });

  test('its record leads to the builder, and shows its trail plainly',
    async () => {
      const id = await published({ items: [yesNo], title: 'Found' });
      const record = await hr.get(`/records/survey.survey/${id}`);
      assert.equal(record.status, 303);
      assert.equal(record.headers.get('location'), `/m/survey/${id}/edit`);
      assert.equal((await hr.get(`/records/survey.survey/${id}?plain=1`)).status,
        200);
      assert.equal((await li.get(`/records/survey.survey/${id}`)).status, 404);
    });

  test('closed, opened again, copied, deleted', async () => {
    const id = await published({ items: [yesNo], title: 'Lunch' });
    const act = (who, name) => who.form(`/m/survey/${id}/${name}`, {}, SCRIPT);
    for (const name of ['close', 'reopen', 'copy', 'delete', 'remind'])
      assert.equal((await act(li, name)).status, 404, name);
    assert.equal((await act(hr, 'close')).status, 200);
    assert.match((await li.get(`/m/survey/${id}`)).text, /is closed/);
    assert.equal((await give(li, id, [['q.q1', 'a1']])).status, 409);
    assert.equal((await act(hr, 'reopen')).status, 200);
    assert.equal((await give(li, id, [['q.q1', 'a1']])).status, 200);
    const copied = (await act(hr, 'copy')).body.location;
    const copy = (await hr.get(copied)).text;
    assert.match(copy, /Copy of Lunch/);
    assert.match(copy, /Coming\?/);
    assert.equal((await act(hr, 'delete')).status, 200);
    assert.equal((await li.get(`/m/survey/${id}`)).status, 404);
    assert.equal((await li.get(copied.replace('/edit', ''))).status, 404);
  });
});

describe('who sees it', () => {
  let workshop;
  before(async () => {
    workshop = await published({ items: [yesNo], title: 'For the workshop',
      reach: 'departments', departments: [departmentId('Workshop')] });
  });

  test('S13_ only those to whom it is published, and below', async () => {
    const sales = await published({ items: [yesNo], title: 'For sales',
      reach: 'departments', departments: [departmentId('Sales')] });
    const south = await signedIn(site, 'lin.xiao');
    assert.equal((await south.get(`/m/survey/${sales}`)).status, 200);
    assert.equal((await sun.get(`/m/survey/${sales}`)).status, 404);
    assert.equal((await give(sun, sales, [['q.q1', 'a1']])).status, 404);
    assert.equal((await sun.get(`/m/survey/${workshop}`)).status, 200);
    assert.doesNotMatch((await li.get('/m/survey')).text, /For the workshop/);
    assert.match((await sun.get('/m/survey')).text, /For the workshop/);
  });

  test('S12_ results, builder, export, preview are the owner\'s', async () => {
    for (const part of ['results', 'edit', 'export', 'preview', 'files/1']) {
      assert.equal((await sun.get(`/m/survey/${workshop}/${part}`)).status,
        404, part);
      assert.equal((await nobody.get(`/m/survey/${workshop}/${part}`,
        { accept: 'application/json' })).status, 401, part);
    }
    for (const part of ['results', 'edit', 'preview'])
      assert.equal((await hr.get(`/m/survey/${workshop}/${part}`)).status,
        200, part);
  });

  test('S13_ no answer is read or written through the API', async () => {
    await give(sun, workshop, [['q.q1', 'a1']]);
    for (const form of ['survey.answer', 'survey.participation']) {
      for (const who of [sun, hr]) {
        const list = await who.get(`/api/v1/records/${form}`);
        assert.ok(list.status >= 400 || list.body.items?.length === 0 ||
          list.body.records?.length === 0, `${form}: ${list.text}`);
        const made = await who.post(`/api/v1/records/${form}`,
          { values: { survey: workshop } });
        assert.equal(made.status, 403, made.text);
      }
    }
  });

  test('the menu has surveys where there is something for one', async () => {
    assert.match((await hr.get('/')).text, /href="\/m\/survey"/);
    assert.match((await sun.get('/')).text, /href="\/m\/survey"/);
  });

  test('people are told of it, and reminded unless they have answered',
    async () => {
      const about = (who) => sql(`SELECT m.kind FROM notify_message m
        JOIN org_user u ON u.id = m.user_id WHERE u.login = '${who}'
        AND m.link = '/m/survey/${workshop}'`).length;
      await until(() => about('sun.tao') === 1 && about('zhao.min') === 1,
        'the invitation', 20000);
      assert.equal(about('li.na'), 0);
      const remind = () => hr.form(`/m/survey/${workshop}/remind`, {}, SCRIPT);
      assert.equal((await remind()).status, 200);
      assert.equal((await remind()).status, 429);
      await until(() => about('zhao.min') === 2, 'the reminder', 20000);
      assert.equal(about('sun.tao'), 1);
    });
});

describe('answering', () => {
  test('E14_ what is not asked is not required, and not kept', async () => {
    const id = await published({ items: [yesNo, hunger,
      { id: 's1', kind: 'section', title: 'Food', when: when('q1', 'a1') },
      { id: 'q3', kind: 'text', title: 'Allergies', required: true },
      { id: 's2', kind: 'section', title: 'All' },
      { id: 'q4', kind: 'text', title: 'Why not?', required: true,
        when: { question: 'q2', op: 'at_most', value: '2' } }] });
    // Not coming: neither the question nor the section is asked.
    const away = await give(li, id, [['q.q1', 'a2'], ['q.q2', '4'],
      ['q.q3', 'nuts'], ['q.q4', 'hidden']]);
    assert.equal(away.status, 200, away.text);
    const [row] = answersOf(id);
    assert.deepEqual([row.f_c1, row.f_c2, row.f_t1, row.f_t2],
      ['a2', null, null, null]);
    // Coming: they are.
    const refused = await give(sun, id, [['q.q1', 'a1'], ['q.q2', '2']]);
    assert.equal(refused.status, 422);
    assert.deepEqual(refused.body.problems.map((one) => one.field),
      ['q.q3', 'q.q4']);
    assert.equal((await give(sun, id, [['q.q1', 'a1'], ['q.q2', '2'],
      ['q.q3', 'none'], ['q.q4', 'full']])).status, 200);
  });

  test('each kind refuses what does not fit it', async () => {
    const id = await published({ items: [
      { id: 'q1', kind: 'single', title: '1', options: options('a', 'b') },
      { id: 'q2', kind: 'multiple', title: '2', options: options('a', 'b') },
      { id: 'q3', kind: 'scale', title: '3', from: 1, to: 3 },
      { id: 'q4', kind: 'matrix', title: '4', options: options('a', 'b'),
        rows: [{ id: 'r1', title: 'x' }] },
      { id: 'q5', kind: 'number', title: '5', least: '0', most: '10' },
      { id: 'q6', kind: 'date', title: '6' },
      { id: 'q7', kind: 'text', title: '7' }] });
    const bad = [['q.q1', 'a3'], ['q.q2[]', 'zz'], ['q.q3', '4'],
      ['q.q4.r1', 'a9'], ['q.q5', '11'], ['q.q6', '2026-13-01'],
      ['q.q7', 'x'.repeat(201)]];
    const answer = await give(li, id, bad);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.problems.length, 7);
    assert.equal((await give(li, id, [['q.q5', 'many']])).status, 422);
    assert.equal((await give(li, id, [['q.q1', 'a1'], ['q.q2[]', 'a2'],
      ['q.q2[]', 'a1'], ['q.q3', '3'], ['q.q4.r1', 'a2'], ['q.q5', '1,0'],
      ['q.q6', '2026-12-01'], ['q.q7', 'fine']])).status, 200);
    const [row] = answersOf(id);
    assert.deepEqual([row.f_c1, row.f_c2, row.f_c3, row.f_c4, row.f_n1,
      row.f_c5, row.f_t1],
    ['a1', '|a1|a2|', '3', 'a2', 100000, '2026-12-01', 'fine']);
  });

  test('without scripts nothing typed is lost', async () => {
    const id = await published({ items: [yesNo, { id: 'q2', kind: 'text',
      title: 'Why?' }, { id: 'q3', kind: 'multiple', title: 'Which?',
      options: options('Tea', 'Milk') }] });
    const page = await give(li, id, [['q.q2', 'be<cause'],
      ['q.q3[]', 'a2']], { accept: 'text/html' });
    assert.equal(page.status, 422);
    assert.match(page.text, /value="be&lt;cause"/);
    assert.match(page.text, /value="a2" checked/);
    assert.match(page.text, /href="#f-q-q1"[^>]*>Coming\?/);
    const done = await give(li, id, [['q.q1', 'a1']], { accept: 'text/html' });
    assert.equal(done.status, 303);
    const thanks = await li.get(done.headers.get('location'));
    assert.match(thanks.text, /Your answers have arrived/);
    assert.match((await li.get(`/m/survey/${id}`)).text, /answered this/);
  });

  test('S56_ of 100 answers of one person at once exactly one counts',
    async () => {
      const id = await published({ items: [yesNo] });
      const answers = await Promise.all(Array.from({ length: 100 }, () =>
        give(li, id, [['q.q1', 'a1']])));
      const count = (status) =>
        answers.filter((answer) => answer.status === status).length;
      assert.equal(count(200), 1, answers.map((a) => a.status).join(' '));
      assert.equal(count(409), 99, answers.map((a) => a.status).join(' '));
      assert.equal(answersOf(id).length, 1);
      assert.equal((await give(li, id, [['q.q1', 'a1']])).status, 409);
    });
});

describe('behind a public link', () => {
  let link, id;
  before(async () => {
    id = await published({ items: [yesNo], reach: 'public',
      anonymous: 'true' });
    link = (await hr.get(`/m/survey/${id}/edit`)).text
      .match(/\/m\/survey\/s\/[\w-]{43}/)[0];
  });
  const visitor = async () => {
    const one = new Person(site);
    const page = await one.get(link, { accept: 'text/html' });
    assert.equal(page.status, 200, page.text);
    if (!/answers have arrived/.test(page.text))
      assert.match(page.text, /class="form-label" [^>]*>Coming\?/);
    one.csrf = page.text.match(/name="_csrf" value="([^"]+)"/)[1];
    one.nonce = page.text.match(/name="_nonce" value="([^"]+)"/)?.[1];
    return one;
  };
  const send = (one, pairs = [['q.q1', 'a1']]) =>
    one.form(link, [['_nonce', one.nonce], ...pairs], SCRIPT);

  test('anybody answers, each browser once', async () => {
    const one = await visitor();
    assert.equal((await send(one, [])).status, 422);
    assert.equal((await send(one)).status, 200);
    assert.equal((await send(one)).status, 409);
    assert.match((await one.get(link)).text, /answers have arrived/);
    assert.equal(answersOf(id).length, 1);
  });

  test('S56_ a page that is sent 20 times at once counts once', async () => {
    const one = await visitor();
    const count = answersOf(id).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () =>
      send(one)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1,
      answers.map((a) => a.status).join(' '));
    assert.equal(answersOf(id).length, count + 1);
  });

  test('it goes on where only some departments have the module', async () => {
    const admin = await signedIn(site, 'admin');
    const limit = async (...names) => {
      const answer = await admin.form('/admin/modules/survey/departments',
        names.map((name) => ['departments[]', departmentId(name)]), SCRIPT);
      assert.equal(answer.status, 200, answer.text);
    };
    await limit('Finance');
    try {
      await until(async () => (await li.get('/m/survey')).status === 404,
        'the end of the module for Sales');
      assert.equal((await send(await visitor())).status, 200);
      assert.equal((await li.get(link)).status, 200);
    } finally {
      await limit();
    }
    await until(async () => (await li.get('/m/survey')).status === 200,
      'the module for Sales');
  });

  test('S16_ without the page\'s token nothing is taken; S19_ nor too often',
    async () => {
      const one = await visitor();
      one.csrf = 'x';
      assert.equal((await send(one)).status, 403);
      const answers = await Promise.all(Array.from({ length: 200 }, () =>
        one.form(link, [], SCRIPT)));
      assert.ok(answers.some((answer) => answer.status === 429),
        [...new Set(answers.map((a) => a.status))].join(' '));
    });

  test('a wrong or withdrawn link leads nowhere', async () => {
    const one = new Person(site);
    for (const token of ['x', 'a'.repeat(43), `${id}`, "'--"])
      assert.equal((await one.get(`/m/survey/s/${token}`)).status, 404, token);
    assert.equal((await one.get(`/m/survey/${id}`,
      { accept: 'application/json' })).status, 401);
    await hr.form(`/m/survey/${id}/close`, {}, SCRIPT);
    assert.match((await one.get(link)).text, /is closed/);
  });

  test('it asks for no files', async () => {
    const answer = await build({ reach: 'public', items: [
      { id: 'q1', kind: 'file', title: 'A photo' }] });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /can't take/);
  });
});

describe('files', () => {
  test('a file of an anonymous answer has no owner and no time', async () => {
    const id = await published({ anonymous: 'true', items: [
      { id: 'q1', kind: 'file', title: 'A photo', required: true }] });
    const body = new FormData();
    body.append('file', new Blob(['hello']), 'note.txt');
    const up = await li.fetch('POST', '/api/v1/files', { body,
      headers: { 'x-csrf-token': li.csrf } });
    assert.equal(up.status, 201, up.text);
    // Somebody else's upload is not his to send (S13).
    const foreign = await give(sun, id, [['q.q1[]', up.body.id]]);
    assert.equal(foreign.status, 422, foreign.text);
    assert.equal((await give(li, id, [['q.q1[]', up.body.id]])).status, 200);
    const [file] = sql("SELECT * FROM attachment WHERE name = 'note.txt'");
    assert.notEqual(String(file.id), up.body.id);
    assert.equal(file.owner, 0);
    assert.equal((file.created_at + 8 * 3600_000) % 86_400_000, 0);
    assert.equal((await hr.get(`/m/survey/${id}/files/${file.id}`)).status, 200);
    assert.equal((await li.get(`/m/survey/${id}/files/${file.id}`)).status, 404);
    assert.equal((await li.get(`/api/v1/files/${file.id}`)).status, 404);
    const stored = statSync(join(site.folder, 'files', file.hash.slice(0, 2),
      file.hash.slice(2)));
    assert.equal(stored.mtimeMs, file.created_at);
  });

  test('without scripts it comes with the form, and is kept', async () => {
    const id = await published({ items: [yesNo,
      { id: 'q2', kind: 'file', title: 'A photo' }] });
    const send = (fields) => {
      const body = new FormData();
      body.append('_csrf', sun.csrf);
      for (const [name, value, file] of fields)
        if (file) body.append(name, value, file);
        else body.append(name, value);
      return sun.fetch('POST', `/m/survey/${id}`, { body,
        headers: { accept: 'text/html' } });
    };
    const again = await send([['q.q2.upload', new Blob(['x']), 'menu.txt']]);
    assert.equal(again.status, 422, again.text);
    const kept = again.text.match(/name="q\.q2\[\]" value="(\d+)" checked/)[1];
    assert.match(again.text, /menu\.txt/);
    const done = await send([['q.q1', 'a1'], ['q.q2[]', kept]]);
    assert.equal(done.status, 303, done.text);
    assert.equal(JSON.parse(answersOf(id)[0].f_f1).length, 1);
  });
});

describe('results', () => {
  let id;
  before(async () => {
    id = await published({ title: 'Figures', items: [
      { id: 'q1', kind: 'single', title: 'Where?',
        options: options('North', 'South') },
      { id: 'q2', kind: 'multiple', title: 'What?',
        options: options('Tea', 'Milk') },
      { id: 'q3', kind: 'number', title: 'How many?' },
      { id: 'q4', kind: 'text', title: 'Words' }] });
    await give(li, id, [['q.q1', 'a1'], ['q.q2[]', 'a1'], ['q.q2[]', 'a2'],
      ['q.q3', '2'], ['q.q4', '=HYPERLINK("x")']]);
    await give(sun, id, [['q.q1', 'a2'], ['q.q2[]', 'a1'], ['q.q3', '5']]);
  });

  test('charts, figures and texts', async () => {
    const page = (await hr.get(`/m/survey/${id}/results`)).text;
    assert.match(page, /2 answers/);
    assert.match(page, /North · 50 %/);
    assert.match(page, /Tea · 100 %/);
    assert.match(page, /Milk · 50 %/);
    assert.match(page, />3\.5</);
    assert.match(page, /=HYPERLINK\(&quot;x&quot;\)/);
  });

  test('one question by another', async () => {
    const page = (await hr.get(`/m/survey/${id}/results?by=q1`)).text;
    const row = page.match(/<tr><th scope="row">Milk<\/th>[\s\S]*?<\/tr>/)[0];
    assert.match(row, />1 <[\s\S]*100 %[\s\S]*>0 <[\s\S]*0 %/);
    for (const by of ['q9', "q1'", 'q4'])
      assert.equal((await hr.get(`/m/survey/${id}/results?by=${by}`)).status,
        200);
  });

  test('more than 5,000 answers go out by a job with progress', async () => {
    const many = await published({ title: 'Many', items: [
      { id: 'q1', kind: 'single', title: 'Where?', other: true,
        options: options('North', 'South') }] });
    const row = sql(`SELECT id FROM r_survey_answer LIMIT 1`)[0].id;
    const columns = Object.keys(sql('SELECT * FROM r_survey_answer LIMIT 1')[0])
      .filter((name) => !['id', 'f_survey', 'f_c1', 'f_t1'].includes(name))
      .map((name) => `r_survey_answer.${name}`);
    // Rows as their neighbour's, but for what is asked here.
    told(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
      WHERE i < 12001) INSERT INTO r_survey_answer (id, f_survey, f_c1, f_t1,
      ${columns.map((name) => name.split('.')[1])}) SELECT
      1000000000000000 + i, ${many}, CASE WHEN i = 7 THEN '_other' ELSE 'a1' END,
      CASE WHEN i = 7 THEN '-1+cmd' END, ${columns}
      FROM n, r_survey_answer WHERE r_survey_answer.id = ${row}`);
    const base = `/m/survey/${many}`;
    const page = (await hr.get(`${base}/results`)).text;
    assert.match(page, /<form method="post" action="[^"]*\/export">/);
    assert.doesNotMatch(page, /href="[^"]*\/export"/);
    // Whoever asks the old way is led there.
    assert.equal((await hr.get(`${base}/export`)).status, 303);
    assert.equal((await li.form(`${base}/export`, {}, SCRIPT)).status, 404);
    // The file is in the language of who asked for it.
    assert.equal((await hr.form('/me', { locale: 'zh-CN' }, SCRIPT)).status,
      200);
    const job = (await hr.form(`${base}/export`, {}, SCRIPT)).body.location;
    assert.match(job, /^\/jobs\/\d+$/);
    const state = await until(async () => {
      const one = (await hr.get(`/api/v1${job}`)).body;
      return one.state === 'done' && one;
    }, 'the export', 60000);
    assert.deepEqual([state.done, state.total, state.percent],
      [12001, 12001, 100]);
    assert.equal((await li.get(`${job}/file`)).status, 404);
    const file = await hr.get(`${job}/file`);
    assert.match(file.headers.get('content-type'), /text\/csv/);
    assert.match(file.headers.get('content-disposition'),
      new RegExp(`survey-${many}\\.csv`));
    const lines = file.text.replace(/^\ufeff/, '').trimEnd().split('\r\n');
    assert.equal(lines.length, 12002);
    assert.match(lines[0], /^填写人,填写时间,Where\?,Where\? – 其他$/);
    assert.equal(lines.filter((line) => line.endsWith(",其他,'-1+cmd")).length,
      1);
    assert.equal((await hr.form('/me', { locale: 'en' }, SCRIPT)).status, 200);
  });

  test('S27_ the export neutralises formulas', async () => {
    const file = await hr.get(`/m/survey/${id}/export`);
    assert.equal(file.status, 200);
    assert.match(file.headers.get('content-type'), /text\/csv/);
    assert.match(file.text, /Where\?,What\?,How many\?,Words/);
    assert.match(file.text, /Li Na,[^\n]*North,Tea; Milk,2,"'=HYPERLINK/);
  });
});

describe('anonymous', () => {
  let id, people;
  const keys = ['id', 'version', 'owner', 'department', 'created_at',
    'created_by', 'updated_at', 'updated_by', 'deleted_at'];

  before(async () => {
    people = [hr, li, sun];
    for (const login of ['admin', 'zhou.ming', 'zhang.wei', 'wang.fang',
      'he.jun', 'lin.xiao', 'chen.jing', 'liu.yang', 'zhao.min'])
      people.push(await signedIn(site, login));
    for (let i = 1; i <= 8; i++) {
      await addUser(site, `guest${i}`);
      people.push(await signedIn(site, `guest${i}`, password));
    }
    id = await published({ title: 'Secret', anonymous: 'true', items: [
      { id: 'q1', kind: 'text', title: 'Say it' }] });
    // One after the other, in an order that is known here.
    for (const [i, person] of people.entries()) {
      const answer = await give(person, id, [['q.q1', `words ${i}`]]);
      assert.equal(answer.status, 200, answer.text);
    }
  });

  // Who gave which: the order in which they came.
  const givers = () => people.map((person) => person.id);
  const words = (row) => Number(row.f_t1.match(/\d+/)[0]);
  const parts = () => sql(
    `SELECT * FROM r_survey_participation WHERE f_survey = ${id} ORDER BY id`);

  test('an answer has no person, no time finer than the day', () => {
    const rows = answersOf(id);
    assert.equal(rows.length, 20);
    for (const row of rows) {
      assert.equal(row.f_person, null);
      assert.equal(row.f_given, null);
      for (const key of ['owner', 'department', 'created_by', 'updated_by'])
        assert.equal(row[key], 0, key);
      // Midnight in the site's zone.
      assert.equal((row.created_at + 8 * 3600_000) % 86_400_000, 0);
      assert.equal(row.updated_at, row.created_at);
      assert.equal(row.version, 1);
    }
    for (const part of parts())
      for (const key of keys.filter((one) => !['id', 'version'].includes(one)))
        assert.equal(part[key], 0, key);
    assert.equal(parts().length, 20);
  });

  // Pairs of both tables, sorted by any column of theirs: with luck alone one
  // of 20 is right; chance makes 8 or more right once in 100,000 tries.
  test('answers and people can\'t be paired by any order', () => {
    const answers = answersOf(id), tickets = parts(), who = givers();
    const orders = (rows) => {
      const list = [rows.slice()];
      for (const key of Object.keys(rows[0]))
        list.push(rows.slice().sort((a, b) =>
          a[key] === b[key] ? 0 : a[key] < b[key] ? -1 : 1));
      return list;
    };
    // By the words themselves it works: they are what must be told apart.
    const real = orders(answers.map(({ f_t1, search, ...rest }) =>
      ({ ...rest, words: words({ f_t1 }) })).map(({ words: n, ...rest }) =>
      Object.defineProperty(rest, 'n', { value: n, enumerable: false })));
    for (const mine of real) {
      for (const theirs of orders(tickets)) {
        const right = mine.filter((row, i) =>
          who[row.n] === String(theirs[i].f_person)).length;
        assert.ok(right < 8, `${right} of 20 are paired`);
      }
      // Nor do the answers stand in the order in which they came.
      const rising = mine.filter((row, i) => i && row.n > mine[i - 1].n).length;
      assert.ok(rising > 2 && rising < 17, `${rising} of 19 rise`);
    }
  });

  test('no other row of the database names an answer or its words', () => {
    const ids = answersOf(id).map((row) => String(row.id))
      .concat(parts().map((row) => String(row.id)));
    const tables = storeTables(site);
    assert.ok(tables.includes('audit_entry') && tables.includes('event_outbox'));
    for (const table of tables) {
      if (/^r_survey_(answer|participation)$/.test(table)) continue;
      const text = told(`SELECT * FROM "${table}"`);
      assert.doesNotMatch(text, /words \d/, table);
      for (const one of ids) assert.ok(!text.includes(one), `${table}: ${one}`);
    }
    // Neither trail nor outbox nor jobs grew by them at all.
    assert.equal(sql(`SELECT count(*) AS n FROM audit_entry WHERE subject IN
      ('record:survey.answer', 'record:survey.participation')`)[0].n, 0);
  });

  test('neither the log nor a file has an address or the words', async () => {
    const lines = await until(() => {
      const found = site.log('request').filter((line) =>
        line.method === 'POST' && line.path === `/m/survey/${id}`);
      return found.length === 20 && found;
    }, 'the lines');
    for (const line of lines) assert.equal(line.address, '');
    assert.doesNotMatch(site.text, /words \d/);
    assert.equal(sql(`SELECT count(*) AS n FROM audit_entry WHERE address
      IS NOT NULL AND subject LIKE 'record:survey.%'
      AND subject <> 'record:survey.survey'`)[0].n, 0);
  });

  test('few answers are not shown, small groups neither', async () => {
    const few = await published({ anonymous: 'true', items: [yesNo,
      { id: 'q2', kind: 'single', title: 'What?', options: options('A', 'B') }] });
    for (const person of people.slice(0, 4))
      await give(person, few, [['q.q1', 'a1'], ['q.q2', 'a1']]);
    const early = (await hr.get(`/m/survey/${few}/results`)).text;
    assert.match(early, /at least 5 people/);
    assert.doesNotMatch(early, /Yes · /);
    assert.equal((await hr.get(`/m/survey/${few}/export`)).status, 403);
    await give(people[4], few, [['q.q1', 'a2'], ['q.q2', 'a2']]);
    const page = (await hr.get(`/m/survey/${few}/results?by=q1`)).text;
    const row = page.match(/<tr><th scope="row">A<\/th>[\s\S]*?<\/tr>/)[0];
    assert.match(row, />4 <[\s\S]*100 %[\s\S]*>–</);
  });
});
