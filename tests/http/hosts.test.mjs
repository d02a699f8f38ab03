// hosts.test.mjs - several hosts serve one site from one PostgreSQL: what one
// changes holds on all within a second, and none keeps anything to itself.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHosts } from '../lib/hosts.mjs';
import { addUser, password } from '../lib/client.mjs';
import { Person, signedIn } from '../lib/person.mjs';
import { build, run, sleep, until } from '../lib/server.mjs';

const SECOND = 1000;
const form = JSON.parse(readFileSync(join(build,
  'share/tenon/demo/forms/visitor.json'), 'utf8'));
const visitor = { ...form, grants: ['read', 'create', 'update'].map((right) =>
  ({ who: 'everyone', right, scope: 'all' })) };

function prepare(host) {
  mkdirSync(join(host.folder, 'forms'), { recursive: true });
  writeFileSync(join(host.folder, 'forms/visitor.json'),
    JSON.stringify(visitor));
}

const enter = (site, login) => signedIn(site, login, password);

// The same person on another host, with the same cookies.
function at(person, host) {
  const other = new Person(host);
  Object.assign(other.client.cookies, person.cookies);
  other.csrf = person.csrf;
  return other;
}

// What an event stream has said so far.
async function listen(person) {
  const stop = new AbortController();
  const stream = await fetch(new URL('/portal/events', person.client.site.url),
    { signal: stop.signal, headers: { cookie: person.client.cookie() } });
  assert.equal(stream.status, 200);
  const heard = { text: '', ended: false, stop: () => stop.abort() };
  (async () => {
    try {
      for await (const part of stream.body)
        heard.text += Buffer.from(part).toString('utf8');
    } catch { /* stopped */ }
    heard.ended = true;
  })();
  await until(() => heard.text.includes('open'), 'the stream');
  return heard;
}

describe('two hosts', () => {
  let company, one, two, root, li;
  before(async () => {
    company = await startHosts(2, { prepare });
    [one, two] = company.hosts;
    await addUser(one, 'root', '--role', 'administrators');
    await addUser(two, 'li.na');
    root = await enter(one, 'root');
    li = await enter(two, 'li.na');
    await company.whole();
  });
  after(() => company?.stop());

  const visit = (name) => ({ values: { name, day: '2026-12-01',
    host: String(company.sql("SELECT id FROM org_user WHERE login = 'root'")) } });

  test('a session counts on both, and its end too', async () => {
    const other = await enter(one, 'li.na');
    assert.equal((await at(other, two).get('/me')).status, 200);
    const heard = await listen(at(other, two));
    await other.form('/sign-out', {});
    assert.equal((await at(other, two).get('/api/v1/tasks')).status, 401);
    await until(() => heard.ended, 'the end of the stream', SECOND);
  });

  test('live events reach the browsers of the other host', async () => {
    const heard = await listen(li);
    const answer = await root.post('/api/v1/records/visitor', visit('Across'));
    assert.equal(answer.status, 201, answer.text);
    await until(() => /event: ?records/.test(heard.text), 'the event', SECOND);
    heard.stop();
  });

  test('a person who is shut out on one is out on both at once', async () => {
    await addUser(one, 'gone');
    const gone = await enter(two, 'gone');
    assert.equal(run('user', 'disable', 'gone', '--site', one.folder).code, 0);
    assert.equal((await gone.get('/api/v1/tasks')).status, 401);
  });

  test('what a role may do follows at once', async () => {
    run('user', 'role', 'add', 'hr', '--site', one.folder);
    assert.equal((await li.get('/admin/users')).status, 403);
    assert.equal(run('user', 'role', 'give', 'administrators', 'li.na',
      '--site', one.folder).code, 0);
    assert.equal((await li.get('/admin/users')).status, 200);
    run('user', 'role', 'take', 'administrators', 'li.na', '--site',
      one.folder);
    assert.equal((await li.get('/admin/users')).status, 403);
  });

  test('counts that a host remembers do not outlive the other\'s change',
    async () => {
      const count = async () =>
        (await li.get('/api/v1/records/visitor?count=true')).body.count;
      await count();
      const before = await count();
      await root.post('/api/v1/records/visitor', visit('One more'));
      await until(async () => await count() === before + 1, 'the count',
        SECOND);
    });

  test('a new version of a form is on both', async () => {
    const next = { ...visitor, fields: [...visitor.fields,
      { key: 'car', type: 'text', title: { en: 'Number plate' } }] };
    for (const host of [one, two])
      writeFileSync(join(host.folder, 'forms/visitor.json'),
        JSON.stringify(next));
    await one.control({ do: 'reload' });
    await until(() => one.log('generation.complete').length,
      'the generation');
    assert.equal(two.log('generation.begin').length, 0);
    assert.match((await li.get('/records/visitor/new')).text, /Number plate/);
  });

  test('a module that is switched on one host is on on both', async () => {
    const result = run('plugin', 'enable', one.folder, 'vehicle');
    assert.equal(result.code, 0, result.err);
    await until(() => two.log('generation.begin').length, 'a new generation',
      SECOND);
    await until(async () => (await li.get('/m/vehicle/day')).status === 200,
      'the module');
    await one.whole();
    await two.whole();
    assert.equal((await at(li, one).get('/m/vehicle/day')).status, 200);
    assert.equal(one.log('generation.begin').length, 2);
    assert.equal(two.log('generation.begin').length, 1);
    const answer = await root.form('/admin/modules/vehicle/disable', {});
    assert.ok([200, 303].includes(answer.status), answer.text);
    assert.equal((await li.get('/m/vehicle/day')).status, 404);
  });

  test('one meter for both', async () => {
    // 120 at once, four a second.
    const ask = async (person, times) => {
      const answers = await Promise.all(Array.from({ length: times }, () =>
        person.get('/api/v1/search?q=Across')));
      return answers.filter((answer) => answer.status === 200).length;
    };
    const here = at(li, one);
    let taken = 0;
    for (let i = 0; i < 10; i++) taken += await ask(here, 11);
    assert.ok(taken >= 100, `${taken} at first`);
    await sleep(500);
    let more = 0;
    for (let i = 0; i < 6; i++) more += await ask(li, 10);
    assert.ok(more < 45, `${more} more on the other host`);
  });

  test('no two processes have the same number for ids', () => {
    const count = company.sql('SELECT count(*), count(DISTINCT objid) FROM ' +
      `pg_locks WHERE locktype = 'advisory' AND classid = ${0x54454e02}`);
    const [all, distinct] = count.split('|').map(Number);
    assert.equal(all, distinct);
    assert.ok(all >= 10, `${all} processes`);
  });

  test('who meets a deadlock is served all the same', async () => {
    const first = await root.post('/api/v1/records/visitor', visit('First'));
    const table = company.sql(
      "SELECT table_name FROM form WHERE name = 'visitor'");
    // Tenon waits for 1, then for 2; the other takes 2 and then 1. It waits
    // longer until it looks for a deadlock: so Tenon is the one that ends.
    company.sql(`CREATE TABLE gate (id INT PRIMARY KEY);
      INSERT INTO gate VALUES (1), (2);
      CREATE FUNCTION through() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM FROM gate WHERE id = 1 FOR UPDATE;
        PERFORM pg_sleep(0.3);
        PERFORM FROM gate WHERE id = 2 FOR UPDATE;
        RETURN NEW;
      END $$;
      CREATE TRIGGER through BEFORE UPDATE ON ${table} FOR EACH ROW
        EXECUTE FUNCTION through()`);
    const other = company.later(`SET deadlock_timeout = '5s'; BEGIN;
      SELECT FROM gate WHERE id = 2 FOR UPDATE; SELECT pg_sleep(0.6);
      SELECT FROM gate WHERE id = 1 FOR UPDATE; COMMIT`);
    await sleep(300);
    const path = `/api/v1/records/visitor/${first.body.id}`;
    const answer = await root.send('PATCH', path,
      { values: { name: 'Twice' } }, { 'if-match': first.headers.get('etag') });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await other, 0);
    assert.ok(one.log('request.again').length >= 1);
    assert.equal((await li.get(path)).body.values.name, 'Twice');
  });
});
