// hosts_modules.test.mjs - modules on several hosts: what one host misses
// while its keeper is away, and what each has that the others have not.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startHosts } from '../lib/hosts.mjs';
import { addUser, password } from '../lib/client.mjs';
import { signedIn } from '../lib/person.mjs';
import { run, until } from '../lib/server.mjs';

const enter = (host, login) => signedIn(host, login, password);

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
