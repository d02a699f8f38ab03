// Search over all forms, people and pages: the same truth as the lists, for
// everybody, at once.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite, run, sleep } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, zhang, li, admin;
before(async () => {
  site = await demoSite();
  [zhang, li, admin] = await Promise.all(['zhang.wei', 'li.na', 'admin']
    .map((login) => signedIn(site, login)));
});
after(() => site?.stop());

async function budget(person, purpose) {
  const made = await person.post('/api/v1/records/budget',
    { values: { purpose, items: [] }, state: 'draft' });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

async function search(person, text, rest = '') {
  const answer = await person.get(
    `/api/v1/search?q=${encodeURIComponent(text)}${rest}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const labels = (answer, form) =>
  (answer.groups.find((group) => group.form === form)?.records || [])
    .map((record) => record.id);

test('what one saves is found at once, by pairs of characters', async () => {
  const made = await budget(zhang, '青松茶馆年会 Winterfeast');
  for (const text of ['青松', '茶馆年', 'winterf', '青松 WINTER', '会'])
    assert.deepEqual(labels(await search(zhang, text), 'budget'), [made.id],
      text);
  for (const text of ['青馆', 'interfeast', '青松 summer', '*', '"', 'OR'])
    assert.deepEqual(labels(await search(zhang, text), 'budget'), [], text);
});

test('S13 search shows each what the lists show them', async () => {
  const mine = await budget(zhang, '同一真相 of Zhang');
  const hers = await budget(li, '同一真相 of Li');
  for (const person of [zhang, li, admin]) {
    const { body } = await person.get('/api/v1/records/budget?q=' +
      encodeURIComponent('同一真相'));
    const expected = body.records.map((record) => record.id);
    assert.deepEqual(labels(await search(person, '同一真相'), 'budget'),
      expected);
    const page = await person.get(`/search?q=${encodeURIComponent('同一真相')}`);
    for (const { id } of [mine, hers])
      assert.equal(page.text.includes(`/records/budget/${id}"`),
        expected.includes(id));
    const found = await person.get(
      `/portal/find?q=${encodeURIComponent('同一真相')}`);
    assert.deepEqual(found.body.items.filter((item) => item.kind === 'record')
      .map((item) => item.url.split('/').pop()).sort(), [...expected].sort());
  }
  assert.deepEqual(labels(await search(zhang, '同一真相'), 'budget'), [mine.id]);
});

test('the bin is not searched; what comes back is found again', async () => {
  const made = await budget(admin, 'Binnable thing');
  const path = `/api/v1/records/budget/${made.id}`;
  const gone = await admin.send('DELETE', path, undefined,
    { 'if-match': `"${made.version}"` });
  assert.equal(gone.status, 204, gone.text);
  assert.deepEqual(labels(await search(admin, 'binnable'), 'budget'), []);
  assert.equal((await admin.post(`${path}/restore`)).status, 200);
  assert.deepEqual(labels(await search(admin, 'binnable'), 'budget'),
    [made.id]);
});

test('a module that is off is not searched', async () => {
  const cars = async () => labels(await search(admin, 'van'), 'vehicle.car');
  assert.equal((await cars()).length, 1);
  await admin.form('/admin/modules/vehicle/disable', {});
  const end = Date.now() + 20000;
  while ((await cars()).length && Date.now() < end) await sleep(50);
  assert.deepEqual(await cars(), []);
  await admin.form('/admin/modules/vehicle/enable', {});
});

test('counts end at 20+, groups are the newest first', async () => {
  for (let i = 0; i < 22; i += 1) await budget(zhang, `计数 ${i}`);
  const answer = await search(zhang, '计数', '&limit=3');
  const group = answer.groups.find((one) => one.form === 'budget');
  assert.equal(group.count, 20);
  assert.equal(group.more, true);
  assert.equal(group.records.length, 3);
  assert.ok(BigInt(group.records[0].id) > BigInt(group.records[1].id));
  const page = await zhang.get(`/search?q=${encodeURIComponent('计数')}`);
  assert.match(page.text, />20\+</);
  assert.match(page.text, /<mark>计数<\/mark>/);
});

test('E46 people are found by name, login, pinyin and initials', async () => {
  assert.equal(run('user', '--site', site.folder, 'add', 'tester.z',
    '--name', '张伟', '--link').code, 0);
  for (const text of ['张伟', '伟', 'tester', 'zhangwei', 'zhw', 'zw',
    'zhang wei', 'ZHWEI']) {
    const { people } = await search(li, text);
    assert.ok(people.some((person) => person.login === 'tester.z'), text);
  }
  assert.deepEqual((await search(li, 'zhwx')).people, []);
  const { body } = await li.get('/portal/options/users?q=zhw');
  assert.ok(body.options.some((option) => option.value === zhang.id));
  const page = await li.get(`/people/${zhang.id}`);
  assert.equal(page.status, 200);
  assert.ok(!page.text.includes('/admin/'));
});

test('settings are found by administrators alone, by what they are for',
  async () => {
    const find = async (person, text) =>
      (await person.get(`/portal/find?q=${encodeURIComponent(text)}`)).body
        .items.filter((item) => item.kind === 'page').map((item) => item.url);
    assert.ok((await find(admin, 'approvals follow')).includes(
      '/admin/departments'));
    assert.ok(!(await find(zhang, 'approvals follow')).some((url) =>
      url.startsWith('/admin')));
    assert.deepEqual(await find(zhang, 'administration'), []);
  });

test('the palette starts applications', async () => {
  const { body } = await zhang.get('/portal/find?q=budget');
  const item = body.items.find((one) => one.kind === 'apply');
  assert.equal(item.url, '/records/budget/new');
  assert.match(item.label, /^Apply: /);
});

test('S65 unknown parameters and empty questions are refused', async () => {
  for (const query of ['', '?q=', '?q=%20', '?q=a&x=1', '?q=a&limit=0',
    `?q=${'长'.repeat(201)}`])
    assert.equal((await zhang.get(`/api/v1/search${query}`)).status, 422,
      query);
  assert.equal((await zhang.get('/search')).status, 200);
  assert.equal((await zhang.get(`/search?q=${'长'.repeat(201)}`)).status, 422);
});
