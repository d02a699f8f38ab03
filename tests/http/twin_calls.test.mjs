// twin_calls.test.mjs - the modules api_c and api_lua again: what modules
// offer each other, people, files, cookies.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { Person, signedIn } from '../lib/person.mjs';

let site, admin, person, other;
before(async () => {
  site = await demoSite();
  for (const [kind, id] of [['plugins', 'api_c'], ['plugins', 'crash'],
    ['scripts', 'api_lua']]) {
    cpSync(join(build, 'test-plugins', kind, id), join(site.folder, kind, id),
      { recursive: true });
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await site.whole();
  admin = await signedIn(site, 'admin');
  person = await signedIn(site, 'zhang.wei');
  other = await signedIn(site, 'wang.fang');
});
after(async () => site && site.stop());

const both = ['api_c', 'api_lua'];

for (const id of both) {
  const twin = both.find((one) => one !== id);
  const api = `/api/v1/m/${id}`;

  describe(id, () => {
    const call = (name, rest = {}, who = person) =>
      who.post(`${api}/offer`, { name, ...rest });

    test('calls what others offer, and itself', async () => {
      for (const of of both) {
        const answer = await call(`${of}.twice`, { in: { n: 21 } });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.body.out, { twice: 42 });
        assert.equal((await call(`${of}.minus`)).body.out, -3);
      }
      assert.equal((await call('nobody.there')).status, 503);
    });

    test('a refusal is the caller\'s answer', async () => {
      const answer = await call(`${twin}.refuse`);
      assert.equal(answer.status, 409, answer.text);
      assert.equal(answer.body.problems[0].message, 'This one is kept.');
    });

    test('an offer runs as whoever the caller runs as', async () => {
      const made = await person.post(`/api/v1/records/${twin}.item`,
        { values: { name: 'mine' } });
      assert.equal(made.status, 201, made.text);
      assert.ok((await call(`${twin}.count`)).body.out > 0);
      assert.equal((await call(`${twin}.count`, {}, other)).body.out, 0);
      // As this module, which may not see the other's records.
      assert.equal((await call(`${twin}.count`, { as_module: true }, other))
        .body.out, 0);
      assert.ok((await call(`${id}.count`, { as_module: true }, other))
        .body.out >= 0);
    });

    test('people, departments, roles', async () => {
      const ask = async (query = '', who = person) => {
        const answer = await who.get(`${api}/people?${query}`);
        assert.equal(answer.status, 200, answer.text);
        return answer.body;
      };
      const { me, departments, hr, cashier } = await ask();
      assert.deepEqual(me, { id: person.id, login: 'zhang.wei',
        name: 'Zhang Wei', department: me.department,
        department_name: 'Sales', head: me.head, active: true });
      assert.deepEqual([hr, cashier], [false, false]);
      assert.equal((await ask('', await signedIn(site, 'huang.yan'))).hr, true);
      const named = (name) => departments.find((one) => one.name === name);
      assert.deepEqual(departments.map((one) => [one.name, one.level,
        one.people]), [['Qingsong Joinery', 0, 12], ['Finance', 1, 2],
        ['Human Resources', 1, 2], ['Sales', 1, 5], ['Sales South', 2, 2],
        ['Workshop', 1, 2]]);
      assert.equal(named('Sales').parent, named('Qingsong Joinery').id);
      assert.equal(named('Sales').head, me.head);
      const logins = async (query) => (await ask(query)).logins;
      const { id: sales } = named('Sales');
      assert.deepEqual(await logins(`department=${sales}`),
        ['li.na', 'wang.fang', 'zhang.wei']);
      assert.deepEqual(await logins(`department=${sales}&below=1`),
        ['he.jun', 'li.na', 'lin.xiao', 'wang.fang', 'zhang.wei']);
      assert.deepEqual(await logins('role=hr'), ['huang.yan']);
      assert.deepEqual(await logins('search=WANG'), ['wang.fang']);
      assert.equal((await person.get(`${api}/people?many=1`)).status, 422);
    });

    test('strangers learn no names', async () => {
      const answer = await new Person(site).get(`/m/${id}/strangers`,
        { accept: 'application/json' });
      assert.equal(answer.status, 401, answer.text);
    });

    test('a notice in the language of who reads it', async () => {
      const tell = (rest) => person.post(`${api}/notify`, { id: other.id,
        key: `${id}.told`, count: 1, name: '<b>Wei', path: `/m/${id}/page`,
        ...rest });
      assert.equal((await tell()).status, 200);
      const read = async (locale) => (await other.get('/messages',
        { 'accept-language': locale })).text;
      assert.match(await read('en'), /&lt;b&gt;Wei has one thing for you\./);
      assert.match(await read('zh-CN'), /&lt;b&gt;Wei有 1 件事找您。/);
      for (const bad of [{ key: 'flow.notice.task' }, { key: `${id}.none` },
        { path: 'https://example.org/' }, { path: '//example.org' }])
        assert.equal((await tell(bad)).status, 422, JSON.stringify(bad));
      assert.equal((await tell({ id: '17' })).status, 404);
    });

    test('a circle ends', async () => {
      const answer = await call(`${id}.circle`, { in: 1 });
      assert.equal(answer.status, 413, answer.text);
      assert.equal((await call(`${id}.twice`, { in: { n: 1 } })).status, 200);
    });

    test('a crash in an offer is its own module\'s', async () => {
      const before = site.log('worker.died').length;
      assert.equal((await call('crash.offer')).status, 500);
      const died = await until(() => site.log('worker.died')[before],
        'the log');
      assert.equal(died.module, 'crash');
      assert.equal(died.entry, 'crash.offer');
      await site.whole();
    });
  });
}

test('what a module that is switched off offered is gone', async () => {
  const call = async () => (await person.post('/api/v1/m/api_c/offer',
    { name: 'api_lua.twice', in: { n: 1 } })).status;
  assert.equal(await call(), 200);
  const result = run('plugin', 'disable', site.folder, 'api_lua');
  assert.equal(result.code, 0, result.err);
  assert.equal(await call(), 503);
  // What it told before is still there to be read.
  await site.whole();
  const told = (await other.get('/messages')).text;
  assert.match(told, /&lt;b&gt;Wei has one thing for you\./);
  assert.doesNotMatch(told, /api_lua\.told/);
});
