// hosts.test.mjs - several hosts serve one site from one PostgreSQL: what one
// changes holds on all within a second, and none keeps anything to itself.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { balance, listen, startHosts } from '../lib/hosts.mjs';
import { addUser, Client, password } from '../lib/client.mjs';
import { Person, signedIn } from '../lib/person.mjs';
import { fakeClock, noFakeClock } from '../lib/clock.mjs';
import { build, processExists, run, sleep, slow, temporaryFolder, until }
  from '../lib/server.mjs';

const SECOND = 1000;
const form = JSON.parse(readFileSync(join(build,
  'share/tenon/demo/forms/visitor.json'), 'utf8'));
const visitor = { ...form, grants: ['read', 'create', 'update'].map((right) =>
  ({ who: 'everyone', right, scope: 'all' })) };

function prepare(host) {
  mkdirSync(join(host.folder, 'forms'), { recursive: true });
  writeFileSync(join(host.folder, 'forms/visitor.json'),
    JSON.stringify(visitor));
  cpSync(join(build, 'test-plugins/plugins/api_c'),
    join(host.folder, 'plugins/api_c'), { recursive: true });
}

// One step, for root.
const errand = (step) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:tenon="urn:tenon:flow:1" id="errands"
    targetNamespace="https://tenon.example/test">
  <process id="errand" name="Errand" isExecutable="true" tenon:form="errand">
    <startEvent id="start"/>
    <sequenceFlow id="there" sourceRef="start" targetRef="${step}"/>
    <userTask id="${step}" name="${step}"><extensionElements>
      <tenon:participant user="root"/>
    </extensionElements></userTask>
    <sequenceFlow id="back" sourceRef="${step}" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>
`;
const errandForm = JSON.stringify({ title: { en: 'Errands' }, flow: 'errand',
  fields: [{ key: 'name', type: 'text', required: true }],
  grants: ['read', 'create'].map((right) =>
    ({ who: 'everyone', right, scope: 'all' })) });

// The second host believes that it is a minute later.
function late(number) {
  if (!number || noFakeClock) return {};
  const clock = fakeClock(temporaryFolder('clock'));
  clock.shift(60);
  return { extra: clock.extra };
}

const NODES = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND " +
  `classid = ${0x54454e02}`;

const enter = (site, login) => signedIn(site, login, password);

// The same person on another host, with the same cookies.
function at(person, host) {
  const other = new Person(host);
  Object.assign(other.client.cookies, person.cookies);
  other.csrf = person.csrf;
  return other;
}

describe('two hosts', () => {
  let company, one, two, root, li;
  before(async () => {
    company = await startHosts(2, { prepare, each: late });
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

  test('wrong passwords count wherever they were tried', async () => {
    await addUser(one, 'victim');
    const tries = async (host, count) => {
      const answers = [];
      for (let i = 0; i < count; i++)
        answers.push((await new Client(host).signIn('victim', `x${i} wrong`))
          .status);
      return answers;
    };
    // Five are free: neither host has seen so many by itself.
    assert.deepEqual(await tries(one, 4), [422, 422, 422, 422]);
    const further = await tries(two, 4);
    assert.equal(further[0], 422);
    assert.ok(further.includes(429), `${further}`);
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

  test('a flow\'s new version is used by the host that did not publish it',
    async () => {
      // The second host has the files of neither version.
      const publish = async (step, version) => {
        mkdirSync(join(one.folder, 'flows'), { recursive: true });
        writeFileSync(join(one.folder, 'forms/errand.json'), errandForm);
        writeFileSync(join(one.folder, 'flows/errand.bpmn'), errand(step));
        await one.control({ do: 'reload' });
        await until(() => company.sql('SELECT max(version) FROM ' +
          "flow_definition WHERE key = 'errand'") === String(version),
        `version ${version}`);
      };
      // Several at once: all its workers begin some.
      const begin = (step) => Promise.all([1, 2, 3, 4, 5, 6].map(async (i) => {
        const answer = await li.post('/api/v1/records/errand',
          { values: { name: `${step} ${i}` } });
        assert.equal(answer.status, 201, answer.text);
        return answer.body.id;
      }));
      const steps = async (ids) => (await at(root, two).get(
        '/api/v1/tasks?limit=200')).body.tasks.filter((task) =>
        ids.includes(task.record)).map((task) => task.step);
      await publish('fetch', 1);
      const first = await begin('fetch');
      assert.deepEqual(await steps(first), first.map(() => 'fetch'));
      await publish('carry', 2);
      const second = await begin('carry');
      assert.deepEqual(await steps(second), second.map(() => 'carry'));
      assert.deepEqual(await steps(first), first.map(() => 'fetch'));
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

  test('a database that may forget is named in the log', () => {
    assert.equal(one.log('store.not_durable').length, 1);
  });

  test('no two processes have the same number for ids', () => {
    const all = company.sql(NODES).split('\n');
    assert.equal(all.length, new Set(all).size);
    assert.ok(all.length >= 10, `${all.length} processes`);
  });

  test('what time it is says the database', { skip: noFakeClock }, async () => {
    const made = async (person, name) => {
      const asked = Date.now();
      const answer = await person.post('/api/v1/records/visitor', visit(name));
      assert.equal(answer.status, 201, answer.text);
      const at = Date.parse(answer.body.created_at);
      assert.ok(at >= asked - 100 && at <= Date.now() + 100, `${at - asked} ms`);
      return BigInt(answer.body.id);
    };
    const ids = [];
    for (let i = 0; i < 4; i++)
      ids.push(await made(i % 2 ? root : li, `At ${i}`));
    assert.deepEqual(ids, [...ids].sort((a, b) => a < b ? -1 : 1));
    const again = await enter(two, 'li.na');
    assert.equal((await at(again, one).get('/me')).status, 200);
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

  // A file of one host that is older than what the other has published.
  describe('folders of definitions', () => {
    const flow = readFileSync(join(build, 'share/tenon/demo/flows/leave.bpmn'),
      'utf8');
    const leave = readFileSync(join(build, 'share/tenon/demo/forms/leave.json'),
      'utf8');
    const titled = (title) => JSON.stringify({ ...visitor, title:
      { en: title } });
    const put = (host, form, process) => {
      mkdirSync(join(host.folder, 'flows'), { recursive: true });
      writeFileSync(join(host.folder, 'forms/visitor.json'), titled(form));
      writeFileSync(join(host.folder, 'forms/leave.json'), leave);
      writeFileSync(join(host.folder, 'flows/leave.bpmn'),
        `${flow.trimEnd()}\n<!-- ${process} -->\n`);
    };
    const again = async (host) => {
      await host.stop();
      await host.start();
      await host.whole();
    };
    const now = () => [JSON.parse(company.sql('SELECT definition FROM ' +
      'form_version v JOIN form f ON f.id = v.form AND f.version = v.version ' +
      "WHERE f.name = 'visitor'")).title.en,
    /<!-- (\w+) -->/.exec(company.sql("SELECT convert_from(xml, 'UTF8') FROM " +
      "flow_definition WHERE key = 'leave' ORDER BY version DESC LIMIT 1"))[1]];

    test('what was changed on a host is published by it', async () => {
      put(one, 'First', 'first');
      await again(one);
      assert.deepEqual(now(), ['First', 'first']);
      put(two, 'First', 'first');
      await again(two);
      put(one, 'Second', 'second');
      await again(one);
      assert.deepEqual(now(), ['Second', 'second']);
    });

    test('an older file that stayed behind brings nothing back', async () => {
      await again(two);
      assert.deepEqual(now(), ['Second', 'second']);
      assert.equal(two.log('form.older_file').at(-1)?.form, 'visitor');
      assert.equal(two.log('flow.older_file').at(-1)?.process, 'leave');
    });

    test('nor on a host that is new and remembers nothing', async () => {
      rmSync(join(two.folder, 'published.json'));
      await again(two);
      assert.deepEqual(now(), ['Second', 'second']);
    });

    test('who goes back on purpose does', async () => {
      put(one, 'First', 'first');
      await again(one);
      assert.deepEqual(now(), ['First', 'first']);
    });
  });

  test('keepers hear each other again after the database was away',
    async () => {
      await company.server.stop();
      await company.server.start();
      const heard = await until(() => listen(li).catch(() => null),
        'the database');
      await company.whole();
      heard.text = '';
      await until(async () => {
        await root.post('/api/v1/records/visitor', visit('Back'));
        return /event: ?records/.test(heard.text);
      }, 'the event', 5000);
      heard.stop();
    });

  test('a host that is killed in the midst of jobs loses none', async () => {
    const count = 300;
    const result = run('plugin', 'enable', one.folder, 'api_c');
    assert.equal(result.code, 0, result.err);
    await until(async () => (await li.get('/api/v1/records/api_c.log')).status
      === 200 && (await root.get('/api/v1/records/api_c.log')).status === 200,
    'the module');
    await one.whole();
    await two.whole();
    const before = new Set(company.sql(NODES).split('\n'));
    for (let first = 0; first < count; first += 100) {
      const answer = await root.post('/api/v1/m/api_c/orders',
        { job: 'api_c.once', count: 100, first });
      assert.equal(answer.status, 200, answer.text);
    }
    await sleep(150);
    const { workers } = await two.control({ do: 'status' });
    await two.stop('SIGKILL');
    await until(() => !workers.some(({ pid }) => processExists(pid)),
      'the end of its workers');
    const left = new Set(company.sql(NODES).split('\n'));
    await two.start();
    await two.whole();
    // Numbers of ids rest before they are given again.
    const fresh = company.sql(NODES).split('\n').filter((one) =>
      !left.has(one));
    assert.ok(fresh.length > 3);
    assert.deepEqual(fresh.filter((one) => before.has(one)), []);
    await until(async () => (await root.get('/api/v1/jobs?kind=api_c.once'))
      .body.total === 0, 'the last job', 10000 * slow);
    const times = new Map();
    for (let cursor = ''; cursor !== undefined;) {
      const { body } = await root.get('/api/v1/records/api_c.log?limit=200' +
        `&fields=what${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      for (const { values: { what } } of body.records)
        if (/^line/.test(what)) times.set(what, (times.get(what) ?? 0) + 1);
      cursor = body.cursor ?? body.next;
    }
    assert.equal(times.size, count);
    assert.ok([...times.values()].every((n) => n === 1));
  });

  test('behind haproxy nobody notices that a host is stopped', async () => {
    const proxy = await balance(company.hosts);
    const through = at(root, proxy);
    const ask = async (times) => {
      for (let i = 0; i < times; i++)
        assert.equal((await through.get('/records/visitor')).status, 200);
    };
    try {
      await ask(6);
      const stopped = two.stop();
      await ask(20);
      await stopped;
      await ask(6);
    } finally {
      proxy.stop();
    }
  });
});
