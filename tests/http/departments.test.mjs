// departments.test.mjs - a module that is on for some departments: gone for
// the others at once, with its records, and back with one click (story 4).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const id = 'api_lua';
const absent = /API \(lua\) is not available for your department/;
let site, admin, sales, below, finance, departments;

before(async () => {
  site = await demoSite();
  cpSync(join(build, 'test-plugins/scripts', id),
    join(site.folder, 'scripts', id), { recursive: true });
  const result = run('plugin', 'enable', site.folder, id);
  assert.equal(result.code, 0, result.err);
  await site.whole();
  admin = await signedIn(site, 'admin');
  sales = await signedIn(site, 'zhang.wei');
  below = await signedIn(site, 'lin.xiao'); // of a team below Sales
  finance = await signedIn(site, 'liu.yang');
  departments = Object.fromEntries((await admin.get(
    '/portal/options/departments?q=')).body.options.map((one) =>
    [one.label, one.value]));
});
after(async () => site && site.stop());

const allow = (who, names) => {
  const body = new URLSearchParams({ _csrf: who.csrf });
  for (const name of names) body.append('departments[]', departments[name]);
  return who.fetch('POST', `/admin/modules/${id}/departments`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString() });
};
const create = (who, name) => who.post(`/api/v1/records/${id}.item`,
  { values: { name } });

// All that a module shows somebody, and what each answers.
async function statuses(who, record) {
  const found = {};
  for (const path of [`/m/${id}/page`, `/m/${id}/text`,
    `/api/v1/m/${id}/find`, `/records/${id}.item`, `/records/${id}.item/new`,
    `/records/${id}.item/${record}`, `/api/v1/records/${id}.item`,
    `/api/v1/records/${id}.item/${record}`,
    `/portal/widgets/${id}.figures`])
    found[path] = (await who.get(path)).status;
  return found;
}

test('for Sales and below; gone for the others, data kept, and back',
  async () => {
    const mine = (await create(finance, 'finance kept')).body;
    assert.ok(mine.id);
    const open = await statuses(finance, mine.id);
    assert.deepEqual([...new Set(Object.values(open))], [200]);

    assert.equal((await allow(finance, ['Sales'])).status, 403);
    assert.equal((await allow(admin, ['Sales'])).status, 303);
    // At once, in every worker, without a new generation.
    for (let round = 0; round < 4; round++) {
      const gone = await statuses(finance, mine.id);
      assert.deepEqual([...new Set(Object.values(gone))], [404],
        JSON.stringify(gone));
    }
    for (const path of [`/m/${id}/page`, `/m/${id}/nothing`,
      `/records/${id}.item`, `/records/${id}.item/${mine.id}`,
      `/records/${id}.item/4711`])
      assert.match((await finance.get(path)).text, absent, path);
    const problem = await finance.get(
      `/api/v1/records/${id}.item/${mine.id}`);
    assert.match(problem.headers.get('content-type'), /problem\+json/);
    assert.match(problem.body.detail, absent);
    assert.doesNotMatch(problem.text, /finance kept/);
    assert.equal((await create(finance, 'more')).status, 404);
    const home = (await finance.get('/')).text;
    assert.doesNotMatch(home, new RegExp(`/portal/widgets/${id}`));
    assert.doesNotMatch((await finance.get('/apply')).text,
      new RegExp(`${id}\\.item`));
    assert.doesNotMatch((await finance.get('/portal/find?q=kept')).text,
      /finance kept/);
    assert.doesNotMatch((await finance.get('/api/v1/forms')).text,
      new RegExp(id));
    // Administrators stand in a department, too.
    assert.equal((await admin.get(`/m/${id}/page`)).status, 404);
    assert.equal((await admin.get(`/admin/modules/${id}`)).status, 200);

    // Those who have it notice nothing; its hooks go on.
    for (const who of [sales, below]) {
      const made = await create(who, 'allowed');
      assert.equal(made.status, 201, made.text);
      assert.equal(made.body.values.amount, '1.50');
      assert.equal((await who.get(`/m/${id}/page`)).status, 200);
    }

    assert.equal((await allow(admin, [])).status, 303);
    assert.deepEqual(await statuses(finance, mine.id), open);
    assert.match((await finance.get(`/api/v1/records/${id}.item/${mine.id}`))
      .text, /finance kept/);
  });

test('S13_ a department that is not there is refused', async () => {
  const body = new URLSearchParams({ _csrf: admin.csrf,
    'departments[]': '4711' });
  const answer = await admin.fetch('POST', `/admin/modules/${id}/departments`,
    { headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString() });
  assert.equal(answer.status, 404);
  assert.equal((await finance.get(`/m/${id}/page`)).status, 200);
});

test('off for all: a placeholder; the command switches for departments',
  async () => {
    const record = (await create(finance, 'still there')).body.id;
    assert.equal(run('plugin', 'disable', site.folder, id).code, 0);
    for (const path of [`/m/${id}/page`, `/records/${id}.item`,
      `/records/${id}.item/${record}`]) {
      const answer = await finance.get(path);
      assert.equal(answer.status, 404, path);
      assert.match(answer.text, /API \(lua\) is switched off/, path);
    }
    const nowhere = run('plugin', 'enable', '--department', 'Nowhere',
      site.folder, id);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /no department “Nowhere”/);
    const some = run('plugin', 'enable', '--department',
      `Finance,${departments.Sales}`, site.folder, id);
    assert.equal(some.code, 0, some.err);
    const works = (who) => until(async () =>
      (await who.get(`/m/${id}/page`)).status === 200, 'the page');
    await works(finance);
    await works(below);
    assert.equal((await admin.get(`/m/${id}/page`)).status, 404);
    // Switched on once more it is for the same ones.
    assert.equal(run('plugin', 'enable', site.folder, id).code, 0);
    assert.equal((await admin.get(`/m/${id}/page`)).status, 404);
    assert.equal(run('plugin', 'enable', '--department', 'all', site.folder,
      id).code, 0);
    await works(admin);
    assert.equal((await finance.get(`/records/${id}.item/${record}`)).status,
      200);
  });
