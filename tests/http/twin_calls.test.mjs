// twin_calls.test.mjs - the modules api_c and api_lua again: what modules
// offer each other, people, files, cookies.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

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
});
