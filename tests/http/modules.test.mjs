// modules.test.mjs - modules of a served site: on and off without a restart,
// and what one costs that crashes, hangs or says nonsense (F14, S56).
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync,
  readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, newSite, run, slow, sleep, until }
  from '../lib/server.mjs';
import { addUser, password } from '../lib/client.mjs';
import { signedIn } from '../lib/person.mjs';
import { sql } from '../lib/store.mjs';

// Puts modules of the tests into a site's folder.
function put(site, ...ids) {
  for (const id of ids) {
    for (const kind of ['plugins', 'scripts']) {
      const from = join(build, 'test-plugins', kind, id);
      if (existsSync(from))
        cpSync(from, join(site.folder, kind, id), { recursive: true });
    }
  }
}

function plugin(site, ...words) {
  const [verb, ...rest] = words;
  const result = run('plugin', verb, site.folder, ...rest);
  return result;
}

const state = (site, id) => plugin(site, 'list').out.split('\n')
  .map((line) => line.split('\t')).find((row) => row[0] === id)?.[2];

// Requests of somebody else while something happens: none may fail.
async function others(person, least, work) {
  const answers = [];
  let over = false;
  const loop = async () => {
    while (!over || answers.length < least)
      answers.push((await person.get('/m/notice')).status);
  };
  const loops = [loop(), loop()];
  const result = await work();
  over = true;
  await Promise.all(loops);
  return { result, failed: answers.filter((status) => status !== 200),
    count: answers.length };
}

describe('switching the examples', () => {
  let site, admin, person;
  before(async () => {
    site = await demoSite();
    await site.whole();
    admin = await signedIn(site, 'admin');
    person = await signedIn(site, 'zhang.wei');
  });
  after(async () => site && site.stop());

  test('both examples answer, in the menu and with their files', async () => {
    for (const path of ['/m/vehicle/day', '/m/notice'])
      assert.equal((await person.get(path)).status, 200, path);
    const home = (await person.get('/')).text;
    assert.match(home, /href="\/m\/vehicle\/day"/);
    assert.match(home, /href="\/m\/notice"/);
    const picture = await person.get('/assets/m/vehicle/garage.svg');
    assert.equal(picture.status, 200);
    assert.match(picture.headers.get('content-type'), /svg/);
  });

  test('only an administrator switches modules', async () => {
    for (const act of ['disable', 'enable', 'release']) {
      const answer = await person.form(`/admin/modules/vehicle/${act}`, {});
      assert.equal(answer.status, 403, act);
    }
  });

  test('switched off on the page, it is gone at once for everybody', async () => {
    const pid = site.pid;
    const { failed, count } = await others(person, 50, async () => {
      const answer = await admin.form('/admin/modules/vehicle/disable', {});
      assert.ok([200, 303].includes(answer.status), answer.text);
      assert.equal((await person.get('/m/vehicle/day')).status, 404);
      assert.equal((await person.get('/records/vehicle.booking')).status >= 400,
        true);
      assert.doesNotMatch((await person.get('/')).text, /m\/vehicle\/day/);
      await site.whole();
    });
    assert.deepEqual(failed, []);
    assert.ok(count >= 50);
    // Its files go with the generation that had them.
    await until(async () =>
      (await person.get('/assets/m/vehicle/garage.svg')).status === 404,
    'the files to go');
    assert.equal(site.pid, pid);
    assert.equal(state(site, 'vehicle'), 'off');
  });

  test('switched on by the command it is back, its data with it', async () => {
    const result = plugin(site, 'enable', 'vehicle');
    assert.equal(result.code, 0, result.err);
    await until(async () =>
      (await person.get('/m/vehicle/day')).status === 200, 'the module');
    assert.match((await person.get('/')).text, /m\/vehicle\/day/);
    await site.whole();
    assert.equal((await person.get('/assets/m/vehicle/garage.svg')).status, 200);
  });

  test('S56_ of 20 bookings of one car at once exactly one wins', async () => {
    const car = await admin.post('/api/v1/records/vehicle.car', { values: {
      name: 'Race', plate: 'R-1', seats: 4, in_service: true } });
    assert.equal(car.status, 201, car.text);
    const values = { vehicle: car.body.id, driver: person.id, purpose: 'Race',
      starts: '2027-03-01T09:00:00Z', ends: '2027-03-01T10:00:00Z' };
    const answers = await Promise.all(Array.from({ length: 20 }, () =>
      person.post('/api/v1/records/vehicle.booking', { values })));
    const count = (status) =>
      answers.filter((answer) => answer.status === status).length;
    assert.equal(count(201), 1, answers.map((a) => a.status).join(' '));
    assert.equal(count(409), 19);
  });

  test('two people, one car, 100 times at once: one of them each time',
    async () => {
      const car = await admin.post('/api/v1/records/vehicle.car', { values: {
        name: 'Shared', plate: 'S-1', seats: 4, in_service: true } });
      const hour = (i) => new Date(Date.UTC(2027, 5, 1) + i * 3600000)
        .toISOString();
      const won = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        const values = { vehicle: car.body.id, driver: person.id,
          purpose: `Trip ${i}`, starts: hour(i), ends: hour(i + 1) };
        const book = async (who) => {
          for (;;) { // so many at once are too many for one session
            const answer = await who.post('/api/v1/records/vehicle.booking',
              { values });
            if (answer.status !== 429) return answer;
            await sleep(500);
          }
        };
        const answers = await Promise.all([person, admin].map(book));
        return answers.map((answer) => answer.status).sort().join(' ');
      }));
      assert.deepEqual([...new Set(won)], ['201 409']);
    });

  test('a command that is called wrongly, or on what is not there', () => {
    assert.equal(plugin(site, 'enable').code, 2);
    assert.equal(run('plugin').code, 2);
    const result = plugin(site, 'enable', 'nothing');
    assert.equal(result.code, 1);
    assert.match(result.err, /nothing/);
  });
});

describe('a module that misbehaves', () => {
  let site, admin, person;
  before(async () => {
    site = await demoSite({ soft_ms: 1000 * slow, hard_ms: 1500 * slow, page_workers: 3,
      worker_memory_mb: 160 });
    put(site, 'crash', 'loop', 'loop_lua', 'bad_reply', 'hostile',
      'crash_at_load');
    await site.whole();
    admin = await signedIn(site, 'admin');
    person = await signedIn(site, 'zhang.wei');
    for (const id of ['crash', 'loop', 'loop_lua', 'bad_reply', 'hostile']) {
      const result = plugin(site, 'enable', id);
      assert.equal(result.code, 0, `${id}: ${result.err}`);
    }
    await site.whole();
  });
  after(async () => site && site.stop());

  // Out of quarantine again, where it got there.
  async function free(id) {
    if (!existsSync(join(site.folder, 'run/quarantine', `${id}.json`))) return;
    assert.equal(plugin(site, 'release', id).code, 0);
    await site.whole();
  }

  test('it answers while it behaves', async () => {
    const answer = await person.get('/m/crash/ok');
    assert.equal(answer.text, 'ok\n');
  });

  const costs = [
    ['crash', 'null', 500, 'crash', 'GET /m/crash/null'],
    ['crash', 'call', 500, 'crash', 'GET /m/crash/call'],
    ['crash', 'text', 500, 'crash', 'GET /m/crash/text'],
    ['crash', 'abort', 500, 'crash', 'GET /m/crash/abort'],
    ['crash', 'recursion', 500, 'crash', 'GET /m/crash/recursion'],
    ['crash', 'page', 500, 'crash', 'page /m/crash/page'],
    ['loop', 'forever', 504, 'timeout', 'GET /m/loop/forever'],
    ['bad_reply', 'garbage', 500, 'protocol', 'GET /m/bad_reply/garbage'],
    ['bad_reply', 'zeros', 500, 'protocol', 'GET /m/bad_reply/zeros'],
    ['hostile', 'exit', 500, 'exit', 'GET /m/hostile/exit'],
    ['hostile', 'arena', 500, 'sick', 'GET /m/hostile/arena'],
  ];
  for (const [id, path, status, kind, entry] of costs) {
    test(`F14_ /m/${id}/${path} costs one request, others are answered`,
      async () => {
        await free(id);
        const before = site.log('worker.died').length;
        const { result, failed, count } = await others(admin, 50, () =>
          person.get(`/m/${id}/${path}`));
        assert.equal(result.status, status, result.text);
        assert.deepEqual(failed, []);
        assert.ok(count >= 50);
        const died = await until(() => site.log('worker.died')[before],
          'the log');
        assert.equal(site.log('worker.died').length, before + 1);
        assert.equal(died.kind, kind);
        assert.equal(died.module, id);
        // Nonsense may be read when the call is over.
        assert.ok(died.entry === entry || (kind === 'protocol' &&
          died.entry === 'answer'), died.entry);
        assert.ok(result.text.includes(died.incident));
        await site.whole();
      });
  }

  test('an incident reaches the administrators\' page', async () => {
    const { incident, entry } = site.log('worker.died')[0];
    let page;
    await until(async () => {
      page = (await admin.get('/admin/incidents')).text;
      return page.includes(`Number ${incident}`);
    }, 'the incident', 15000);
    assert.ok(page.includes(`<dt>Entry point</dt><dd class="tn-wrap">${
      entry}</dd>`), page);
  });

  const refused = [
    ['bad_reply', 'status', 500], ['bad_reply', 'html', 500],
    ['bad_reply', 'nothing', 500], ['loop', 'polite', 503],
    ['loop_lua', 'forever', 503], ['loop_lua', 'pcall', 503],
    ['loop_lua', 'memory', 413], ['loop_lua', 'error', 500],
  ];
  for (const [id, path, status] of refused) {
    test(`F14_ /m/${id}/${path} is refused by the host, no worker dies`,
      async () => {
        await free(id);
        const before = site.log('worker.died').length;
        const answer = await person.get(`/m/${id}/${path}`);
        assert.equal(answer.status, status, answer.text);
        assert.doesNotMatch(answer.text, /<script>alert/);
        assert.equal(site.log('worker.died').length, before);
      });
  }

  test('S28_ a module cannot break out of a header', async () => {
    const answer = await person.get('/m/bad_reply/header');
    assert.ok(answer.status >= 400);
    assert.ok(!('x' in person.cookies));
  });

  test('F14_ a handle that is kept is an error, not freed memory', async () => {
    for (let i = 0; i < 12; i++) {
      const answer = await person.get('/m/loop_lua/kept');
      assert.ok([200, 500].includes(answer.status), answer.text);
    }
    assert.ok(site.log('module.lua_error')
      .some((line) => /used after its call/.test(line.error)));
  });

  test('F14_ 10 GB are more than a worker may have', async (t) => {
    if (/asan/.test(build)) return t.skip('the sanitizers need more');
    const answer = await person.get('/m/hostile/memory');
    assert.ok(answer.text === 'no more\n' || answer.status === 500,
      answer.text);
    await until(async () => (await person.get('/m/notice')).status === 200,
      'a page');
  });

  test('F14_ a fork bomb is refused, each of its children', async (t) => {
    if (/asan/.test(build)) return t.skip('the sanitizers start a tracer');
    const { result, failed } = await others(admin, 50, () =>
      person.get('/m/hostile/bomb'));
    assert.equal(result.text, 'refused\n');
    assert.deepEqual(failed, []);
  });

  test('F14_ a module that closes what is open costs its request alone',
    async () => {
      await free('hostile');
      const before = site.log('worker.died').length;
      const { result, failed } = await others(admin, 50, () =>
        person.get('/m/hostile/shut'));
      assert.equal(result.status, 500, result.text);
      assert.deepEqual(failed, []);
      const died = await until(() => site.log('worker.died')[before],
        'the log');
      assert.equal(died.module, 'hostile');
      await site.whole();
      const { code, out, err } = plugin(site, 'list');
      assert.equal(code, 0, out + err);
      await free('hostile');
    });

  test('F14_ children and descriptors: the worker goes on', async () => {
    const child = await person.get('/m/hostile/child');
    assert.equal(child.status, 200);
    const moved = await person.get('/m/hostile/folder');
    assert.equal(moved.status, 200);
    const leak = await person.get('/m/hostile/leak');
    assert.equal(leak.status, 200, leak.text);
    assert.equal(leak.text, 'leaked\n');
    // That process takes nothing more: nobody meets its lack.
    for (let i = 0; i < 10; i++)
      assert.equal((await person.get('/m/notice')).status, 200);
    const { workers } = await site.whole();
    for (const worker of workers)
      assert.ok(readdirSync(`/proc/${worker.pid}/fd`).length < 100,
        worker.name);
    assert.ok(site.log('worker.descriptors').length > 0);
  });

  test('F14_ a crash while saving costs that save; nothing half-written', async () => {
    await free('crash');
    const good = await person.post('/api/v1/records/crash.item',
      { values: { name: 'good' } });
    assert.equal(good.status, 201, good.text);
    const refusal = await person.post('/api/v1/records/crash.item',
      { values: { name: 'refuse' } });
    assert.equal(refusal.status, 422);
    const crash = await person.post('/api/v1/records/crash.item',
      { values: { name: 'crash' } });
    assert.equal(crash.status, 500);
    const died = site.log('worker.died').at(-1);
    assert.equal(died.entry, 'before_save crash.item');
    const list = await person.get('/api/v1/records/crash.item');
    assert.equal(list.status, 200, list.text);
    assert.doesNotMatch(list.text, /"name":"crash"/);
  });

  test('F14_ three crashes in a minute put it away; required hooks fail closed; '
    + 'a click brings it back', async () => {
    await free('crash');
    for (let i = 0; i < 3; i++) {
      if (existsSync(join(site.folder, 'run/quarantine/crash.json'))) break;
      assert.equal((await person.get('/m/crash/null')).status, 500);
    }
    await until(() => existsSync(join(site.folder, 'run/quarantine/crash.json')),
      'the quarantine');
    await until(async () => (await person.get('/m/crash/ok')).status === 503,
      'the new generation');
    await site.whole();
    const note = JSON.parse(readFileSync(
      join(site.folder, 'run/quarantine/crash.json'), 'utf8'));
    const page = await person.get('/m/crash/ok');
    assert.ok(page.text.includes(note.number), page.text);
    const save = await person.post('/api/v1/records/crash.item',
      { values: { name: 'good' } });
    assert.equal(save.status, 503, save.text);
    // Other forms and modules are not concerned.
    assert.equal((await person.get('/m/notice')).status, 200);
    assert.equal(state(site, 'crash'), 'quarantined');
    assert.match((await admin.get('/messages')).text, /crash/);
    const lift = await admin.form('/admin/modules/crash/release', {});
    assert.ok([200, 303].includes(lift.status), lift.text);
    await until(async () => (await person.get('/m/crash/ok')).status === 200,
      'the module');
    await site.whole();
    const again = await person.post('/api/v1/records/crash.item',
      { values: { name: 'good' } });
    assert.equal(again.status, 201, again.text);
  });

  test('F14_ one that crashes while it is loaded costs its generation only',
    async () => {
      const { result, failed, count } = await others(person, 50, async () =>
        plugin(site, 'enable', 'crash_at_load'));
      assert.equal(result.code, 1, result.out);
      assert.match(result.err, /crash_at_load/);
      assert.deepEqual(failed, []);
      assert.ok(count >= 50);
      await site.whole();
      assert.equal(state(site, 'crash_at_load'), 'quarantined');
      const died = site.log('worker.died')
        .filter((line) => line.module === 'crash_at_load');
      assert.equal(died.length, 1);
      assert.equal((await person.get('/m/crash_at_load/x')).status, 503);
      assert.equal((await person.get('/m/crash/ok')).status, 200);
      // It is off like any other.
      assert.equal(plugin(site, 'disable', 'crash_at_load').code, 0);
      await site.whole();
      assert.equal((await person.get('/m/crash_at_load/x')).status, 404);
    });

  test('the site starts with all of them, and the bad one left out', async () => {
    appendFileSync(join(site.folder, 'scripts/loop_lua/init.lua'),
      '\nerror("on purpose, while starting")\n');
    await site.control({ do: 'reload' });
    await site.whole();
    assert.equal(state(site, 'loop_lua'), 'failed');
    assert.equal((await person.get('/m/loop_lua/error')).status, 404);
    assert.match((await admin.get('/admin/modules')).text,
      /on purpose, while starting/);
    assert.ok(readdirSync(join(site.folder, 'run')).includes('control.sock'));
  });
});

describe('what a module is to be told while it does not load', () => {
  let site, admin;
  const folder = () => join(site.folder, 'scripts/hearer');
  const hears = `local tenon = require "tenon"
tenon.on { form = "hearer.note", when = "committed", call = function(ctx, note)
  ctx.records.create("hearer.told", { name = note.name })
end }
`;
  // A version of it, and a generation that tries to load that.
  const become = async (version, text) => {
    writeFileSync(join(folder(), 'plugin.cfg'), `id = "hearer";
version = "${version}";
sdk = "1.0";
title = { en = "Hearer"; };
entry = { lua = "init.lua"; };
`);
    writeFileSync(join(folder(), 'init.lua'), text);
    const { length } = site.log('generation.complete');
    await site.control({ do: 'reload' });
    await until(() => site.log('generation.complete').length > length,
      'the generation', 30000 * slow);
    await site.whole(); // the old ones still hear
  };
  const say = async (name) => assert.equal((await admin.post(
    '/api/v1/records/hearer.note', { values: { name } })).status, 201);
  const count = (table) => Number(sql(site, `SELECT count(*) FROM ${table}`));
  const held = () => Number(/wait for it: (\d+)/.exec(
    plugin(site, 'list').out)?.[1] ?? 0);

  before(async () => {
    site = await newSite();
    await addUser(site, 'root', '--role', 'administrators');
    mkdirSync(join(folder(), 'forms'), { recursive: true });
    for (const name of ['note', 'told'])
      writeFileSync(join(folder(), `forms/${name}.json`), JSON.stringify({
        title: { en: name },
        fields: [{ key: 'name', type: 'text', title: { en: 'Name' } }],
        grants: ['read', 'create'].map((right) =>
          ({ who: 'everyone', right, scope: 'all' })) }));
    admin = await signedIn(site, 'root', password);
    await become('1.0.0', hears);
    const enabled = plugin(site, 'enable', 'hearer');
    assert.equal(enabled.code, 0, enabled.err);
    await site.whole();
  });
  after(async () => site && site.stop());

  test('it is told of what is committed, and of no other form', async () => {
    await say('a');
    await until(() => count('r_hearer_told') === 1, 'the first');
    await until(() => count('event_outbox') === 0, 'an empty outbox');
  });

  test('what is held, the next version that hears is told', async () => {
    await become('1.0.1', 'this is no Lua');
    assert.equal(state(site, 'hearer'), 'failed');
    await say('b');
    await say('c');
    await until(() => held() === 2, 'two that wait');
    assert.match((await admin.get('/admin/modules')).text,
      /Changes that wait for it: 2/);
    await become('1.0.2', hears);
    await until(() => count('r_hearer_told') === 3, 'all three');
    await until(() => count('event_outbox') === 0, 'an empty outbox');
    assert.equal(held(), 0);
  });

  test('one that hears no more is told nothing, and nothing stays', async () => {
    await become('1.0.3', 'this is no Lua');
    await say('d');
    await until(() => held() === 1, 'one that waits');
    await become('1.0.4', '');
    await until(() => count('event_outbox') === 0, 'an empty outbox');
    await say('e');
    assert.equal(count('event_outbox'), 0, 'nobody hears of it');
    assert.equal(count('r_hearer_told'), 3);
  });

  test('who switches it off drops what waits', async () => {
    await become('1.0.5', hears);
    await become('1.0.6', 'this is no Lua');
    await say('f');
    await until(() => held() === 1, 'one that waits');
    assert.equal(plugin(site, 'disable', 'hearer').code, 0);
    assert.equal(count('event_delivery') + count('event_outbox'), 0);
  });
});
