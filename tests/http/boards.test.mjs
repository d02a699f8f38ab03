// boards.test.mjs - kanban and chart of a list, views on the home page: the
// person's own truth in every count and sum, and nothing by crafted names.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { signedIn } from '../lib/person.mjs';
import { add, leadSite } from '../lib/leads.mjs';

let site, wei, fang, admin;

before(async () => {
  site = await leadSite();
  wei = await signedIn(site, 'zhang.wei');
  fang = await signedIn(site, 'wang.fang');
  admin = await signedIn(site, 'admin');
  const phases = [];
  for (const [name, place] of [['Zeta', 1], ['Alpha', 2], ['Mid', 3]])
    phases.push(await add(admin, 'phase', { name, place }));
  for (let i = 0; i < 25; i++)
    await add(wei, 'lead', { name: `Wei ${i}`, stage: 'new', amount: '10.00',
      closes: i < 20 ? '2026-01-15' : '2026-04-02', phase: phases[0].id });
  await add(wei, 'lead', { name: 'Wei big', stage: 'talks',
    amount: '5000.00', phase: phases[1].id });
  await add(fang, 'lead', { name: 'Fang 1', stage: 'talks', amount: '7.00' });
  await add(fang, 'lead', { name: 'Fang <b>', stage: 'won', amount: '900.00' });
});
after(async () => site && site.stop());

// The columns of a board's page: {title, count, sum, cards, more}.
function lanes(page) {
  return page.split('<section class="tn-lane').slice(1).map((part) => ({
    title: part.match(/data-lane-title>([^<]*)</)[1],
    count: part.match(/data-lane-count>([^<]*)</)[1],
    sum: part.match(/tn-lanesum[^>]*>([^<]*)</)?.[1],
    cards: [...part.matchAll(/class="tn-cardtitle"[^>]*>([^<]*)</g)]
      .map((match) => match[1]),
    more: part.match(/href="([^"]*)" data-board-more/)?.[1]
      .replaceAll('&amp;', '&'),
  }));
}

const figures = (page) => [...page.matchAll(
  /<tr><th scope="row">([^<]*)<\/th>((?:<td[^]*?<\/td>)+)<\/tr>/g)]
  .map(([, label, cells]) => [label, ...cells.split('</td>').slice(0, -1)
    .map((cell) => cell.replace(/<[^>]*>/g, ''))]);

describe('a kanban', () => {
  test('counts and adds up what the person may see', async () => {
    const own = lanes((await wei.get('/records/lead?view=board')).text);
    assert.deepEqual(own.map((lane) => [lane.title, lane.count, lane.sum]), [
      ['New', '25', '¥250.00'], ['Talks', '1', '¥5,000.00'],
      ['Won', '0', undefined], ['Lost', '0', undefined]]);
    const other = lanes((await fang.get('/records/lead?view=board')).text);
    assert.deepEqual(other.map((lane) => [lane.count, lane.sum]), [
      ['0', undefined], ['1', '¥7.00'], ['1', '¥900.00'], ['0', undefined]]);
    assert.deepEqual(other[2].cards, ['Fang &lt;b&gt;']);
    const all = lanes((await admin.get('/records/lead?view=board')).text);
    assert.deepEqual(all.map((lane) => lane.count), ['25', '2', '1', '0']);
  });

  test('gives twenty cards of a column, then the next ones', async () => {
    const [first] = lanes((await wei.get('/records/lead?view=board')).text);
    assert.equal(first.cards.length, 20);
    assert.equal(first.cards[0], 'Wei 0');
    const rest = lanes((await wei.get(first.more)).text);
    assert.equal(rest.length, 1);
    assert.deepEqual(rest[0].cards,
      ['Wei 20', 'Wei 21', 'Wei 22', 'Wei 23', 'Wei 24']);
    assert.equal(rest[0].more, undefined);
  });

  test('obeys filter, search and a locked view', async () => {
    const count = async (address) => lanes((await wei.get(address)).text)
      .map((lane) => lane.count).join(' ');
    assert.equal(await count('/records/lead?as=kanban&q=big'), '0 1 0 0');
    assert.equal(await count(
      '/records/lead?view=board&f.closes.gte=2026-03-01'), '5 0 0 0');
    assert.equal(await count('/records/lead?view=talking'), '0 1 0 0');
    assert.equal(await count(
      '/records/lead?view=talking&filter=none'), '0 1 0 0');
  });

  test('takes a link\'s records as columns, in their own order', async () => {
    const own = lanes((await wei.get('/records/lead?as=kanban&group=phase'))
      .text);
    assert.deepEqual(own.map((lane) => [lane.title, lane.count]), [
      ['Zeta', '25'], ['Alpha', '1'], ['Mid', '0']]);
  });

  test('leads to the export of the same records', async () => {
    const page = (await admin.get('/records/lead?as=kanban&group=phase&q=big'))
      .text;
    const file = await admin.get(page.match(
      /href="([^"]*\/export[^"]*format=csv[^"]*)"/)[1]
      .replaceAll('&amp;', '&'));
    assert.equal(file.status, 200);
    assert.match(file.text, /Wei big/);
    assert.doesNotMatch(file.text, /Wei 1/);
  });

  test('refuses what is no column', async () => {
    for (const bad of ['group=amount', 'group=secret', 'group=nothing',
      'group=stage%27--', 'column=x', 'column=-1.new', 'as=tree', 'lane=1'])
      assert.match(String((await wei.get(`/records/lead?as=kanban&${bad}`))
        .status), /^4(00|22)$/, bad);
    assert.equal((await wei.get('/records/lead/bin?as=kanban')).status, 422);
  });
});

describe('a chart', () => {
  test('shows the person\'s own figures, and where they come from', async () => {
    const page = (await wei.get('/records/lead?view=funnel')).text;
    assert.deepEqual(figures(page),
      [['New', '¥250.00'], ['Talks', '¥5,000.00']]);
    const link = page.match(/href="([^"]*stage\.eq=new[^"]*)"/)[1]
      .replaceAll('&amp;', '&');
    const list = (await wei.get(link)).text;
    assert.match(list, /tn-listcount[^>]*>25</);
    assert.deepEqual(figures((await admin.get(
      '/records/lead?as=chart&group=owner&measure=count')).text)
      .map(([, count]) => count), ['26', '2']);
  });

  test('fills the months without records', async () => {
    const page = await wei.get('/records/lead?as=chart&chart=line' +
      '&group=closes:month&measure=count&f.closes.not_empty=1');
    assert.deepEqual(figures(page.text), [['Jan 2026', '20'],
      ['Feb 2026', '0'], ['Mar 2026', '0'], ['Apr 2026', '5']]);
    assert.match(page.text,
      /f\.closes\.gte=2026-01-01&amp;f\.closes\.lte=2026-01-31/);
  });

  test('has a second grouping, and averages', async () => {
    const page = (await admin.get('/records/lead?as=chart&group=stage' +
      '&series=owner&measure=avg:amount')).text;
    const rows = figures(page);
    assert.deepEqual(rows.map(([label]) => label), ['New', 'Talks', 'Won']);
    assert.equal(rows[1].length, 3);
  });

  test('offers and takes no hidden field, nothing crafted', async () => {
    const page = (await wei.get('/records/lead?as=chart')).text;
    assert.match(page, /<option value="sum:amount"/);
    assert.doesNotMatch(page, /secret/i);
    for (const bad of ['measure=sum:secret', 'group=secret', 'series=secret',
      'measure=sum:name', 'measure=max:amount', 'group=created_at',
      'group=closes:century', 'chart=radar', 'group=stage,owner',
      'measure=count%20from', 'series=stage%3B'])
      assert.equal((await wei.get(`/records/lead?as=chart&${bad}`)).status, 422,
        bad);
  });
});

describe('the home page', () => {
  const widget = (person, name) => person.get(`/portal/widgets/${name}`,
    { 'hx-request': 'true' });

  test('has the views that a form puts there, asked for behind it', async () => {
    const page = (await wei.get('/')).text;
    assert.match(page, /data-load="\/portal\/widgets\/view:lead:funnel"/);
    assert.match(page, /Leads: Funnel/);
    assert.deepEqual(figures((await widget(wei, 'view:lead:funnel')).text),
      [['New', '¥250.00'], ['Talks', '¥5,000.00']]);
    assert.deepEqual(figures((await widget(fang, 'view:lead:funnel')).text),
      [['Talks', '¥7.00'], ['Won', '¥900.00']]);
  });

  test('takes what a person adds, moves and removes', async () => {
    const arrange = (person, what, name) =>
      person.form('/portal/home', { do: what, widget: name });
    const order = async (person) => [...(await person.get('/')).text
      .matchAll(/<section[^>]* id="widget-([\w-]+)"/g)].map((match) => match[1]);
    const before = await order(wei);
    assert.equal((await arrange(wei, 'add', 'view:lead:all')).status, 303);
    assert.deepEqual(await order(wei), [...before, 'view-lead-all']);
    assert.match((await widget(wei, 'view:lead:all')).text, /Wei 0/);
    await arrange(wei, 'earlier', 'view:lead:all');
    assert.deepEqual((await order(wei)).slice(-2),
      ['view-lead-all', 'view-lead-funnel']);
    await arrange(wei, 'remove', 'view:lead:funnel');
    assert.deepEqual((await order(wei)).slice(-1), ['view-lead-all']);
    assert.match((await wei.get('/portal/home')).text, /Leads: Funnel/);
    await arrange(wei, 'add', 'view:lead:funnel');
    assert.ok((await order(wei)).includes('view-lead-funnel'));
    assert.ok(!(await order(fang)).includes('view-lead-all'));
  });

  test('takes no view that the person does not see', async () => {
    const view = await fang.post('/api/v1/forms/lead/views',
      { title: 'Mine', kind: 'chart', group: 'stage' });
    for (const name of ['view:lead:nothing', 'view:nothing:all', 'view:lead:',
      'view::all', 'view:lead:1 OR 1', 'nothing', 'x'.repeat(500),
      ...(view.status === 201 ? [`view:lead:${view.body.id}`] : [])]) {
      const answer = await wei.form('/portal/home', { do: 'add', widget: name });
      assert.equal(answer.status, 404, name);
      assert.equal((await widget(wei, encodeURIComponent(name))).status, 404,
        name);
    }
    assert.equal((await wei.form('/portal/home',
      { do: 'burn', widget: 'tasks' })).status, 422);
    assert.equal((await wei.form('/portal/home',
      { do: 'add', widget: 'tasks', person: '1' })).status, 400);
  });
});
