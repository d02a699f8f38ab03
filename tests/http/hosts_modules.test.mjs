// hosts_modules.test.mjs - modules on several hosts: what one host misses
// while its keeper is away, and what each has that the others have not.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joined, startHosts } from '../lib/hosts.mjs';
import { addUser, password } from '../lib/client.mjs';
import { signedIn } from '../lib/person.mjs';
import { run, until } from '../lib/server.mjs';

const enter = (host, login) => signedIn(host, login, password);

// A module whose hook refuses the name "bad"; `note` makes other files of it.
function putGuard(host, note = '') {
  const folder = join(host.folder, 'scripts/guard');
  mkdirSync(join(folder, 'forms'), { recursive: true });
  writeFileSync(join(folder, 'plugin.cfg'), `id = "guard"; version = "1.0.0";
    sdk = "1.0"; entry = { lua = "init.lua"; };`);
  writeFileSync(join(folder, 'init.lua'), `local tenon = require "tenon"
    tenon.on { form = 'guard.item', when = 'before_save', required = true,
      call = function(ctx, item) if item.name == 'bad' then
        return ctx:fail('invalid', 'guard.bad', 'bad name') end end }
    -- ${note}\n`);
  writeFileSync(join(folder, 'forms/item.json'), JSON.stringify({
    title: `Item ${note}`, fields: [{ key: 'name', type: 'text' }],
    grants: ['read', 'create'].map((right) =>
      ({ who: 'everyone', right, scope: 'all' })) }));
}

const keeper = async (host) => (await host.control({ do: 'status' })).workers
  .find(({ name }) => name === 'keeper').pid;

const enable = (host, module) => {
  const result = run('plugin', 'enable', host.folder, module);
  assert.equal(result.code, 0, result.err);
};

describe('a keeper that died', () => {
  let company, one, two, here, there;
  before(async () => {
    company = await startHosts(2);
    [one, two] = company.hosts;
    await addUser(one, 'li.na');
    here = await enter(one, 'li.na');
    there = await enter(two, 'li.na');
    await company.whole();
    await one.whole();
    await two.whole();
  });
  after(() => company?.stop());

  // A new one that the others know of.
  const another = async (pid) => {
    const before = one.log('hosts').length;
    process.kill(pid, 'SIGKILL');
    await until(() => one.log('hosts').slice(before).some(({ count }) =>
      String(count) === '2'), 'the new keeper');
    await until(async () => (await keeper(one)) !== pid, 'its number');
  };

  test('hears of the modules that were switched on meanwhile', async () => {
    const pid = await keeper(one);
    process.kill(pid, 'SIGSTOP');
    enable(two, 'vehicle');
    await two.whole();
    assert.equal((await there.get('/m/vehicle/day')).status, 200);
    assert.equal((await here.get('/m/vehicle/day')).status, 404);
    await another(pid);
    await until(async () => (await here.get('/m/vehicle/day')).status === 200,
      'the module');
  });

  test('does not tell again what the meters gave before', async () => {
    await one.whole();
    // 120 at once, four a second: told twice, a hundred are too many.
    const ask = async (person, times) => (await Promise.all(Array.from(
      { length: times }, () => person.get('/api/v1/search?q=Nothing'))))
      .map(({ status }) => status);
    for (let i = 0; i < 10; i++)
      assert.deepEqual([...new Set(await ask(here, 10))], [200]);
    await another(await keeper(one));
    // What it tells after that comes after all that it told before.
    const stream = await fetch(new URL('/portal/events', two.url),
      { headers: { cookie: there.client.cookie() } });
    const words = stream.body.pipeThrough(new TextDecoderStream());
    const timer = setInterval(() => one.control({ do: 'event', topic: 'told' }),
      200);
    for await (const word of words) if (word.includes('told')) break;
    clearInterval(timer);
    assert.deepEqual([...new Set(await ask(there, 5))], [200]);
  });
});

describe('a module that is not on all hosts', () => {
  let company, one, two, there;
  before(async () => {
    company = await startHosts(2,
      { prepare: (host, number) => number || putGuard(host) });
    [one, two] = company.hosts;
    await addUser(one, 'li.na');
    there = await enter(two, 'li.na');
    await company.whole();
    await one.whole();
    await two.whole();
  });
  after(() => company?.stop());

  const save = async (name) => (await there.post('/api/v1/records/guard.item',
    { values: { name } })).status;

  test('has its required hooks passed by on none', async () => {
    // The one that has it learns of it late: only then it says what its hooks
    // are.
    const desk = joined(company.server.url);
    putGuard(desk);
    process.kill(one.pid, 'SIGSTOP');
    enable(desk, 'guard');
    await until(() => two.log('generation.complete').length, 'the other host');
    process.kill(one.pid, 'SIGCONT');
    await until(async () => await save('bad') === 503, 'the refusal');
    await one.whole();
    await two.whole();
    const { length } = two.log('generation.begin');
    assert.ok(length >= 1 && length < 6, `${length} generations`);
    assert.equal(one.log('generation.begin').length, 1);
  });

  test('may have other files of the same version, which publish nothing',
    async () => {
      const version = () => company.sql(
        "SELECT version FROM form WHERE name = 'guard.item'");
      const again = async (host) => {
        await host.control({ do: 'reload' });
        await host.whole();
      };
      putGuard(two, 'built elsewhere');
      await again(two);
      assert.equal(await save('bad'), 422);
      await again(one);
      await again(two);
      assert.equal(version(), '1');
      assert.ok(two.log('module.files_differ').length);
      assert.equal(one.log('module.files_differ').length, 0);
      // Who changes them on one host sees it at the next reload.
      putGuard(one, 'changed');
      await again(one);
      assert.equal(version(), '2');
      await again(two);
      assert.equal(version(), '2');
      putGuard(two, 'changed too');
      await again(two);
      assert.equal(version(), '3');
      await again(one);
      assert.equal(version(), '3');
      assert.ok(one.log('module.files_differ').length);
    });
});
