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
  site = await demoSite({ body_max: 1024 * 1024 });
  for (const [kind, id] of [['plugins', 'api_c'], ['plugins', 'crash'],
    ['scripts', 'api_lua'], ['scripts', 'loop_lua']]) {
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

const nobody = async (name, value, id) => (await fetch(
  `${site.url}/m/${id}/cookie`, { headers: { cookie: `${name}=${value}` } }))
  .text();

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

    const send = (who, path, name, data, fields = {}) => {
      const body = new FormData();
      for (const [key, value] of Object.entries(fields)) body.set(key, value);
      if (name) body.append('paper', new Blob([data]), name);
      return who.fetch('POST', path, { body,
        headers: { 'x-csrf-token': who.csrf, accept: 'application/json' } });
    };

    test('a file that was sent, read as a stream, given back', async () => {
      const text = 'Dear Grüße\n'.repeat(10000); // over 64 KiB: spooled
      const sent = await send(person, `${api}/take`, '../a/ letter.txt', text,
        { name: 'with paper' });
      assert.equal(sent.status, 200, sent.text);
      const size = Buffer.byteLength(text);
      assert.deepEqual(sent.body.about, { name: 'letter.txt', size,
        type: 'text/plain; charset=utf-8' });
      assert.equal(sent.body.first, 'Dear ');
      const look = (who, rest = '') =>
        who.get(`${api}/look?id=${sent.body.file}${rest}`);
      const seen = await look(person);
      assert.equal(seen.status, 200, seen.text);
      assert.deepEqual(seen.body, { about: sent.body.about, length: size });
      const got = await person.get(`/m/${id}/download?id=${sent.body.file}`);
      assert.equal(got.text, text);
      assert.match(got.headers.get('content-disposition'),
        /^attachment; filename="letter\.txt"/);
      assert.match(got.headers.get('content-security-policy'), /sandbox/);
      // Who may not read the record, not its file either; the module may.
      assert.equal((await look(other)).status, 404);
      assert.equal((await other.get(
        `/m/${id}/download?id=${sent.body.file}`)).status, 404);
      assert.equal((await look(other, '&as_module=1')).status, 200);
      // The other module is no reader of this one's records.
      assert.equal((await other.get(`/api/v1/m/${twin}/look?id=` +
        `${sent.body.file}&as_module=1`)).status, 404);
    });

    test('S24 what is sent is checked as an upload is', async () => {
      assert.equal((await send(person, `${api}/take`)).status, 404);
      for (const [name, data] of [['a.exe', 'MZ'], ['a.png', 'no picture'],
        ['a.txt', '']])
        assert.ok([404, 422].includes((await send(person, `${api}/take`, name,
          data)).status), name);
      // Nobody fills the disk without a session.
      const stranger = new Person(site);
      const large = await send(stranger, `/m/${id}/take_public`, 'a.txt',
        'x'.repeat(100000));
      assert.notEqual(large.status, 200);
    });

    test('a file that the module writes', async () => {
      const make = (rest) => person.post(`${api}/make`, { name: 'x/list.csv',
        text: 'a,b\n', ...rest });
      const made = await make({ times: 1000 });
      assert.equal(made.status, 200, made.text);
      assert.deepEqual(made.body.about, { name: 'list.csv', size: 4000,
        type: 'text/csv; charset=utf-8' });
      const file = await person.get(`/files/${made.body.file}`);
      assert.equal(file.text, 'a,b\n'.repeat(1000));
      assert.equal((await make({ name: 'list.png' })).status, 422);
      assert.equal((await make({ text: 'x'.repeat(50000), times: 100 }))
        .status, 413);
      const report = await person.get(`/m/${id}/report?name=report.csv`);
      assert.equal(report.text, 'a,b\na,b\na,b\n');
      assert.match(report.headers.get('content-type'), /^text\/csv/);
      assert.match(report.headers.get('content-disposition'), /report\.csv/);
      assert.equal((await person.get(`/m/${id}/report?name=report.html`))
        .status, 422);
    });

    test('a file of the background, where nobody is signed in', async () => {
      await person.post(`/api/v1/records/${id}.item`,
        { values: { name: 'file later' } });
      const record = await until(async () => (await admin.get(
        `/api/v1/records/${id}.item?filter={"name":"filed"}`)).body.records[0],
      'the file', 15000);
      assert.equal((await admin.get(`/files/${record.values.paper[0]}`)).text,
        'later\n');
    });

    test('cookies are the module\'s, and signed', async () => {
      const visitor = new Person(site);
      const ask = async (who, query = '', of = id) =>
        who.get(`/m/${of}/cookie?${query}`);
      assert.equal((await ask(visitor)).text, 'none');
      const set = await ask(visitor, 'set=yes%3B%20really&seconds=3600');
      const line = set.headers.get('set-cookie');
      assert.match(line, new RegExp(`^m_${id}\\.voted=`));
      assert.match(line, /; HttpOnly; SameSite=Lax; Max-Age=3600/);
      assert.equal((await ask(visitor)).text, 'yes; really');
      assert.equal((await ask(visitor, '', twin)).text, 'none');
      const [name, value] = line.split(';')[0].split('=');
      const forged = [`${value}x`, value.replace(/^./, 'Z'),
        value.replace(/\.\d+\./, '.0.'), 'eWVz.0.x', 'x', '..', '.', ''];
      for (const bad of forged) {
        const answer = await nobody(name, bad, id);
        assert.equal(answer, 'none', bad);
      }
      // What this module signed is nothing to the other.
      assert.equal(await nobody(`m_${twin}.voted`, value, twin), 'none');
      assert.equal(await nobody(name, value, id), 'yes; really');
      for (const query of ['set=x&name=Bad', `set=${'x'.repeat(1025)}`])
        assert.equal((await ask(visitor, query)).status, 422, query);
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

test('what a module lacks the capability for is not supported', async () => {
  for (const id of ['crash', 'loop_lua'])
    for (const query of ['', '?files=1']) {
      const answer = await person.get(`/m/${id}/without${query}`);
      assert.equal(answer.status, 501, `${id}${query}: ${answer.text}`);
    }
});

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
