// crm.test.mjs - the module crm over HTTP: who sees which customers, the same
// in every output; what follows from a stage, an activity, another manager.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { addUser, password } from '../lib/client.mjs';

let site;
const people = {};
const salesperson = () => people['zhang.wei'];
const head = () => people['li.na'];

before(async () => {
  site = await demoSite();
  await site.whole();
  for (const login of ['zhang.wei', 'li.na', 'he.jun', 'admin', 'huang.yan'])
    people[login] = await signedIn(site, login);
});
after(async () => site && site.stop());

const api = '/api/v1/records';

async function list(person, form, parameters = {}) {
  const answer = await person.get(`${api}/${form}?` +
    new URLSearchParams({ limit: 200, ...parameters }));
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

async function add(person, form, values) {
  const answer = await person.post(`${api}/${form}`, { values });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function change(person, record, values) {
  const answer = await person.send('PATCH', `${api}/${record.form}/${record.id}`,
    { values }, { 'if-match': `"${record.version}"` });
  return answer;
}

async function read(person, record) {
  return (await person.get(`${api}/${record.form}/${record.id}`)).body;
}

// All records of a form that somebody sees, page by page.
async function all(person, form) {
  const rows = [];
  let cursor;
  do {
    const page = await list(person, form, cursor ? { cursor } : {});
    rows.push(...page.records);
    cursor = page.cursor;
  } while (cursor);
  return rows;
}

describe('who sees what', () => {
  const forms = ['crm.customer', 'crm.contact', 'crm.opportunity',
    'crm.activity'];

  test('the demo is a company with a year behind it', async () => {
    const expected = [300, 500, 400, 1500];
    for (const [i, form] of forms.entries()) {
      const { count } = await list(people.admin, form,
        { limit: 1, count: true });
      assert.ok(Math.abs(count - expected[i]) < expected[i] / 20,
        `${form}: ${count}`);
    }
  });

  test('a salesperson sees the own, a head the department and below',
    async () => {
      for (const form of forms) {
        const everything = await all(people.admin, form);
        for (const login of ['zhang.wei', 'li.na', 'he.jun']) {
          const seen = await all(people[login], form);
          const departments = new Set(everything
            .filter((row) => row.owner === people[login].id)
            .map((row) => row.department));
          // Li Na heads Sales, and Sales South lies below it.
          const may = login === 'zhang.wei'
            ? (row) => row.owner === people[login].id
            : login === 'li.na' ? () => true
              : (row) => departments.has(row.department);
          const expected = everything.filter(may).map((row) => row.id).sort();
          assert.ok(expected.length > 3, `${login} ${form}`);
          assert.deepEqual(seen.map((row) => row.id).sort(), expected,
            `${login} ${form}`);
        }
      }
    });

  test('E2 who has nothing to do with sales sees nothing of it', async () => {
    const hr = people['huang.yan'];
    assert.doesNotMatch((await hr.get('/')).text, /crm/);
    for (const form of forms) {
      assert.deepEqual((await list(hr, form, { count: true })).count, 0);
      assert.doesNotMatch((await hr.get(`/records/${form}`)).text,
        /\/records\/crm\.[a-z]+\/(\d|new)/);
    }
    const created = await hr.post(`${api}/crm.customer`,
      { values: { name: 'x', manager: hr.id } });
    assert.equal(created.status, 403);
    assert.match((await salesperson().get('/')).text, /crm\.customer/);
  });
});

describe('what follows', () => {
  let customer, contact;
  before(async () => {
    customer = await add(salesperson(), 'crm.customer',
      { name: 'Hangzhou Test Hotel', class: 'b' });
    contact = await add(salesperson(), 'crm.contact',
      { name: 'Chen Jing', customer: customer.id });
  });

  test('a stage brings its probability, and winning the closing date',
    async () => {
      let deal = await add(salesperson(), 'crm.opportunity', { title: 'Doors',
        customer: customer.id, contact: contact.id, amount: '10000.00',
        closes: '2030-01-31' });
      assert.equal(deal.values.probability, '10');
      assert.equal(deal.values.forecast, '1000.00');
      deal = (await change(salesperson(), deal, { stage: 'offer' })).body;
      assert.equal(deal.values.probability, '50');
      deal = (await change(salesperson(), deal, { probability: '65' })).body;
      assert.equal(deal.values.probability, '65');
      const refused = await change(salesperson(), deal, { stage: 'lost' });
      assert.equal(refused.status, 422);
      assert.equal(refused.body.problems[0].field, 'lost_reason');
      deal = (await change(salesperson(), deal, { stage: 'won' })).body;
      assert.equal(deal.values.probability, '100');
      assert.ok(deal.values.closed);
      const bought = await read(salesperson(), customer);
      assert.equal(bought.values.status, 'customer');
      deal = (await change(salesperson(), deal, { stage: 'talks' })).body;
      assert.equal(deal.values.closed, null);
    });

  test('an activity shows on its customer, whoever edits that meanwhile',
    async () => {
      const before = await read(salesperson(), customer);
      const call = await add(salesperson(), 'crm.activity',
        { kind: 'call', subject: 'Asked for samples', customer: customer.id,
          contact: contact.id, next_step: 'Send them', next_on: '2030-02-01' });
      assert.equal(call.values.manager, salesperson().id);
      const after = await read(salesperson(), customer);
      assert.ok(after.values.last_activity);
      assert.equal(after.values.next_step, '2030-02-01');
      assert.ok(after.version > before.version);
      // What hooks derived is no conflict for who was typing.
      const saved = await change(salesperson(), before,
        { address: 'West Lake 1' });
      assert.equal(saved.status, 200, saved.text);
      assert.equal(saved.body.values.next_step, '2030-02-01');
      // What a person wrote still is.
      const late = await change(salesperson(), before, { address: 'x' });
      assert.equal(late.status, 409);
      await change(salesperson(), call, { next_done: true });
      assert.equal((await read(salesperson(), customer)).values.next_step,
        null);
    });

  test('S13 contact and opportunity are those of the same customer',
    async () => {
      const other = await add(salesperson(), 'crm.customer',
        { name: 'Another one' });
      const answer = await salesperson().post(`${api}/crm.activity`,
        { values: { subject: 'x', customer: other.id, contact: contact.id } });
      assert.equal(answer.status, 422);
      assert.equal(answer.body.problems[0].field, 'contact');
    });

  test('another manager takes contacts, activities and open deals along',
    async () => {
      const open = await add(salesperson(), 'crm.opportunity',
        { title: 'Chairs', customer: customer.id, amount: '500.00',
          closes: '2030-01-31' });
      const current = await read(salesperson(), customer);
      const he = people['he.jun'];
      const given = await change(head(), current, { manager: he.id });
      assert.equal(given.status, 200, given.text);
      assert.equal(given.body.owner, he.id);
      for (const record of [customer, contact, open]) {
        const path = `${api}/${record.form}/${record.id}`;
        assert.equal((await salesperson().get(path)).status, 404, record.form);
        assert.equal((await he.get(path)).body.owner, he.id, record.form);
      }
      assert.ok((await all(he, 'crm.activity'))
        .some((row) => row.values.customer === customer.id));
    });

  test('a link fills in a new record, but never a name that is not to be seen',
    async () => {
      const own = await add(salesperson(), 'crm.customer',
        { name: 'Prefilled House' });
      const page = await salesperson().get(
        `/records/crm.contact/new?customer=${own.id}`);
      assert.match(page.text, /Prefilled House/);
      const foreign = await people['he.jun'].get(
        `/records/crm.contact/new?customer=${own.id}`);
      assert.equal(foreign.status, 200);
      assert.doesNotMatch(foreign.text, /Prefilled House/);
      const refused = await people['he.jun'].form('/records/crm.contact',
        { name: '', customer: own.id });
      assert.equal(refused.status, 422);
      assert.doesNotMatch(refused.text, /Prefilled House/);
    });
});

describe('who is there already', () => {
  const ask = (person, q, field = 'name') => person.get(
    `/api/v1/forms/crm.customer/fields/${field}/similar?` +
    new URLSearchParams({ q }));

  test('own ones with a link; of others the owner of the same name alone',
    async () => {
      const he = people['he.jun'];
      const own = await add(he, 'crm.customer',
        { name: '深圳听涛阁酒店有限公司', phone: '0755 8812 3456' });
      const mine = (await ask(he, '深圳听涛阁酒店')).body;
      assert.equal(mine.records[0].id, own.id);
      assert.equal(mine.records[0].url, `/records/crm.customer/${own.id}`);
      assert.deepEqual(mine.others, []);
      const theirs = await ask(salesperson(), '深圳听涛阁酒店');
      assert.deepEqual(theirs.body.records, []);
      assert.equal(theirs.body.others.length, 1);
      assert.doesNotMatch(theirs.text, new RegExp(`${own.id}|0755`));
      assert.deepEqual((await ask(salesperson(), '深圳听涛')).body.others, []);
      const phone = (await ask(head(), '+86 755-88123456', 'phone')).body;
      assert.equal(phone.records[0].id, own.id);
    });

  test('not for who adds no customers, and not without end', async () => {
    assert.ok([403, 404].includes(
      (await ask(people['huang.yan'], 'hotel')).status));
    assert.equal((await ask(salesperson(), 'x', 'address')).status, 404);
    let answers = [];
    while (answers.length < 600 && !answers.includes(429))
      answers = answers.concat(await Promise.all(Array.from({ length: 20 },
        async () => (await ask(people['he.jun'], 'hotel')).status)));
    assert.ok(answers.includes(429));
  });
});

describe('pages', () => {
  test('one page of a customer, for who may see it', async () => {
    const [own] = (await list(salesperson(), 'crm.customer', { limit: 1,
      filter: JSON.stringify({ status: 'customer' }) })).records;
    const page = await salesperson().get(`/m/crm/customers/${own.id}`);
    assert.equal(page.status, 200);
    for (const part of [own.values.name, 'widget-crm-customer_deals',
      'widget-crm-customer_contacts', 'tn-timeline', 'tn-figures'])
      assert.ok(page.text.includes(part), part);
    assert.equal((await people['he.jun'].get(`/m/crm/customers/${own.id}`))
      .status, 404);
    assert.equal((await people['huang.yan'].get('/m/crm')).status, 403);
    assert.equal((await people['huang.yan'].get('/m/crm/team')).status, 403);
  });

  test('a note becomes an activity with a next step', async () => {
    const own = await add(salesperson(), 'crm.customer', { name: 'Note House' });
    const path = `/m/crm/customers/${own.id}`;
    const answer = await salesperson().form(`${path}/note`, { kind: 'visit',
      text: 'Saw the rooms\nThree floors.', next_step: 'Offer',
      next_on: '2030-03-01' });
    assert.equal(answer.status, 303, answer.text);
    const page = (await salesperson().get(path)).text;
    assert.match(page, /Saw the rooms/);
    assert.match(page, /Three floors\./);
    const [note] = (await list(salesperson(), 'crm.activity', { limit: 1,
      filter: JSON.stringify({ customer: own.id }) })).records;
    assert.equal(note.values.kind, 'visit');
    assert.equal(note.values.next_on, '2030-03-01');
    assert.equal((await salesperson().form(`${path}/note`, { text: '' }))
      .status, 422);
    assert.equal((await people['he.jun'].form(`${path}/note`, { text: 'x' }))
      .status, 404);
  });

  test('figures of the team: down the tree by one click, to the deals',
    async () => {
      const links = (page) => [...page.text.matchAll(
        /<tr>\s*<td[^>]*><span><a href="([^"]+)"/g)]
        .map((match) => match[1].replaceAll('&amp;', '&'));
      const top = links(await head().get('/m/crm/team'));
      const below = top.filter((url) => url.includes('department='));
      const deals = top.filter((url) => url.includes('f.manager.eq='));
      assert.equal(below.length, 1); // Sales South
      assert.equal(deals.length, 3); // Li Na, Zhang Wei, Wang Fang
      const south = links(await head().get(below[0]));
      assert.equal(south.length, 2);
      assert.equal((await head().get(deals[0])).status, 200);
      // A salesperson sees only himself.
      const own = links(await salesperson().get('/m/crm/team'));
      assert.deepEqual(own, ['/records/crm.opportunity?f.manager.eq=' +
        salesperson().id]);
    });
});

describe('the same truth everywhere', () => {
  const form = 'crm.opportunity';
  const cents = (text) => BigInt(text.replace('.', ''));

  for (const login of ['zhang.wei', 'li.na', 'admin'])
    test(`list, count, figures, chart, export, search and REST: ${login}`,
      async () => {
        const person = people[login];
        const rows = await all(person, form);
        const total = rows.reduce((sum, row) =>
          sum + cents(row.values.amount), 0n);
        const counted = await list(person, form, { limit: 1, count: true });
        assert.equal(counted.count, rows.length);
        const figures = (await person.get(`${api}/${form}/aggregate?` +
          'measure=count,sum:amount')).body.groups[0];
        assert.equal(figures.count, rows.length);
        assert.equal(cents(figures['sum:amount']), total);
        const stages = (await person.get(`${api}/${form}/aggregate?` +
          'group=stage&measure=count')).body.groups;
        assert.equal(stages.reduce((sum, one) => sum + one.count, 0),
          rows.length);
        const page = (await person.get(`/records/${form}`)).text;
        assert.match(page, new RegExp(`[>\\s]${rows.length}[<\\s]`));
        const csv = (await person.get(`/records/${form}/export`)).text;
        assert.equal(csv.trim().split('\n').length - 1, rows.length);
        // One customer of each salesperson: found by those who see it.
        for (const owner of ['zhang.wei', 'he.jun']) {
          const [one] = (await list(people[owner], 'crm.customer', { limit: 1,
            filter: JSON.stringify({ owner: 'me' }) })).records;
          const answer = await person.get('/api/v1/search?' +
            new URLSearchParams({ q: one.values.name }));
          assert.equal(answer.status, 200, answer.text);
          const found = answer.body.groups
            .flatMap((group) => group.records).map((record) => record.id);
          const seen = login !== 'zhang.wei' || owner === login;
          assert.equal(found.includes(one.id), seen, `${login} ${owner}`);
        }
      });
});

describe('first steps', () => {
  test('E3 a step is taken when the record exists; hidden stays hidden',
    async () => {
      await addUser(site, 'new.seller', '--role', 'sales');
      const enter = () => signedIn(site, 'new.seller', password);
      let person = await enter();
      const steps = async () => {
        const answer = await person.get('/portal/widgets/crm.checklist',
          { 'hx-request': 'true' });
        return { status: answer.status, text: answer.text,
          taken: [...answer.text.matchAll(/class="is-done"/g)].length };
      };
      assert.match((await person.get('/')).text, /crm\.checklist/);
      const first = await steps();
      assert.equal(first.taken, 0, first.text);
      assert.match(first.text, /href="\/records\/crm\.customer\/new"/);
      await add(person, 'crm.customer', { name: 'First One' });
      assert.equal((await steps()).taken, 1);
      // Somebody else's records tick nothing, and who has all sees no list.
      assert.equal((await people['zhang.wei'].get(
        '/portal/widgets/crm.checklist', { 'hx-request': 'true' })).status, 204);
      person.csrf = /name="_csrf" value="([^"]+)"/.exec(first.text)[1];
      const hidden = await person.form('/portal/home', { do: 'remove',
        widget: 'crm.checklist', return: '/' });
      assert.equal(hidden.status, 303, hidden.text);
      person = await enter();
      assert.doesNotMatch((await person.get('/')).text, /crm\.checklist/);
      assert.doesNotMatch((await people['huang.yan'].get('/')).text,
        /crm\.checklist/);
    });
});

describe('the currency', () => {
  const set = (currency, version) => people.admin.form(
    '/admin/modules/crm/settings', { _fields: 'dormant_days,currency,remind',
      dormant_days: '60', currency, remind: 'true', _version: version },
    { accept: 'application/json', 'x-tenon-request': 'form' });

  test('is a setting that holds at once, for every worker and page',
    async () => {
      assert.match((await people.admin.get('/admin/modules/crm/settings')).text,
        /<option value="CNY" selected>CNY – Chinese yuan<\/option>/);
      assert.equal((await set('EURO', 0)).status, 422);
      assert.equal((await set('EUR', 0)).status, 200);
      const [deal] = (await list(head(), 'crm.opportunity', { limit: 1,
        filter: JSON.stringify({ stage: 'won' }) })).records;
      for (const path of ['/records/crm.opportunity', '/m/crm', '/m/crm/team',
        '/records/crm.opportunity?view=board',
        '/records/crm.opportunity?view=funnel',
        `/records/crm.opportunity/${deal.id}`,
        `/m/crm/customers/${deal.values.customer}`])
        for (let i = 0; i < 3; i++) {
          const page = (await head().get(path)).text;
          assert.match(page, /€[\d,]+/, path);
          assert.doesNotMatch(page, /¥/, path);
        }
      const edit = await head().get(`/records/crm.opportunity/${deal.id}/edit`);
      assert.match(edit.text, /input-group-text">EUR</);
      assert.equal((await set('CNY', 1)).status, 200);
      assert.match((await head().get('/records/crm.opportunity')).text, /¥/);
    });
});

describe('processes', () => {
  test('a task goes to the manager of the customer that a record names',
    async () => {
      writeFileSync(join(site.folder, 'forms/discount.json'), JSON.stringify({
        title: 'Discount', flow: 'discount', fields: [
          { key: 'reason', type: 'text', required: true },
          { key: 'customer', type: 'link', target: 'crm.customer' }] }));
      writeFileSync(join(site.folder, 'flows/discount.bpmn'), `
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:tenon="urn:tenon:flow:1" id="d" targetNamespace="https://t.example">
  <bpmn:process id="discount" name="Discount" isExecutable="true"
    tenon:form="discount">
    <bpmn:startEvent id="start"/>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="agree"/>
    <bpmn:userTask id="agree" name="Agree"><bpmn:extensionElements>
      <tenon:participant rule="crm.account_manager"/>
    </bpmn:extensionElements></bpmn:userTask>
    <bpmn:sequenceFlow id="b" sourceRef="agree" targetRef="end"/>
    <bpmn:endEvent id="end"/>
  </bpmn:process>
</bpmn:definitions>`);
      site.child.kill('SIGHUP');
      const [own] = (await list(salesperson(), 'crm.customer', { limit: 1,
        filter: JSON.stringify({ owner: 'me' }) })).records;
      let answer;
      const asked = await until(async () => {
        answer = await head().post(`${api}/discount`,
          { values: { reason: 'Long friend', customer: own.id } });
        return answer.status === 201 && answer.body;
      }, () => `form and process, ${answer.status} ${answer.text}, ${
        readFileSync(join(site.folder, 'run/generation.json'), 'utf8')}`,
      20000);
      const has = async (person) => (await person.get(
        '/api/v1/tasks?limit=200')).body.tasks
        .some((task) => task.record === asked.id);
      assert.ok(await has(salesperson()));
      assert.ok(!await has(people['he.jun']));
    });
});

test('a job of a module stands under its title in the administration',
  async () => {
    const page = async (locale) => (await people.admin.get('/admin/jobs',
      { accept: 'text/html', 'accept-language': locale })).text;
    const english = await page('en');
    assert.match(english, /Plan the reminders of next steps/);
    assert.match(english, /Closing surveys and reminding/);
    assert.doesNotMatch(english, />\s*(crm\.plan|survey\.daily)/);
    assert.match(await page('zh-CN'), /安排下一步提醒/);
  });

test('the history names who did it: a person, or the system', async () => {
  const [won] = (await list(salesperson(), 'crm.opportunity',
    { limit: 1, filter: JSON.stringify({ stage: 'won' }) })).records;
  const { text } = await people.admin.get(`/records/crm.opportunity/${won.id}`,
    { accept: 'text/html' });
  const heads = [...text.matchAll(/<div class="tn-entry-head">(.*?)<time/g)]
    .map((head) => head[1].replace(/<[^>]*>/g, '').trim());
  // The demo's year is nobody's work but the system's.
  assert.match(heads[0], /^The system changed this/);
  assert.match(heads.at(-1), /^[A-Z][a-z]+ [A-Z][a-z]+ created this/);
});
