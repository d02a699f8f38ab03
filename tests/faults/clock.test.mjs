// clock.test.mjs - F12: the wall clock jumps: 400 days on, a day back, an hour
// during a request, a second twice (as a leap second is told), over the start
// and the end of summer time. What expires by the wall clock expires by rule;
// deadlines go by monotonic time; nobody spins.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Site, demoFolder, long, run, sleep, slow, stubSite, temporaryFolder, until }
  from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { DAY, fakeClock, noFakeClock } from '../lib/clock.mjs';
import { onPostgresql } from '../lib/store.mjs';

// On PostgreSQL the database says what time it is (http/hosts.test.mjs).
const skip = noFakeClock || onPostgresql &&
  'hosts go by the clock of the database';

async function clockedSite(settings = {}) {
  const clock = fakeClock(temporaryFolder('clock'));
  const site = await new Site(demoFolder(settings), [], clock.extra).start();
  await site.whole();
  return { site, clock };
}

async function save(person, purpose) {
  const answer = await person.post('/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '10' }] } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

// CPU time of the front and all its workers, in ticks of 10 ms.
async function ticks(site) {
  const { workers } = await site.control({ do: 'status' });
  return [site.pid, ...workers.map((one) => one.pid)].map((pid) =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
      .slice(11, 13).reduce((a, b) => a + Number(b), 0))
    .reduce((a, b) => a + b, 0);
}

async function rests(site) {
  await sleep(500);
  const before = await ticks(site);
  await sleep(1000);
  const used = await ticks(site) - before;
  assert.ok(used < 30 * slow, `${used} ticks in 1 s`);
}

async function token(person, days) {
  const page = await person.form('/me/tokens', { name: `for ${days}`,
    days: String(days), 'scopes[]': 'read' });
  return />Authorization: Bearer (tnn_[\w-]{43})</.exec(page.text)?.[1];
}
const byToken = async (site, text) => (await fetch(`${site.url}/api/v1/session`,
  { headers: { authorization: `Bearer ${text}` } })).status;

describe('F12_ the clock jumps', { skip }, () => {
  let site, clock, person;
  before(async () => {
    ({ site, clock } = await clockedSite());
    person = await signedIn(site, 'zhang.wei');
  });
  after(() => site?.stop());

  test('F12_ a day back: sessions stay, ids and the audit chain go on',
    async () => {
      const first = await save(person, 'F12 before');
      clock.shift(-DAY);
      assert.equal((await person.get('/tasks')).status, 200);
      const ids = [];
      for (let i = 0; i < 20; i += 1)
        ids.push((await save(person, `F12 back ${i}`)).id);
      assert.equal(new Set([first.id, ...ids]).size, 21);
      const again = await signedIn(site, 'zhang.wei');
      assert.equal((await again.get('/me')).status, 200);
      for (const path of ['/', '/records/budget', '/me'])
        assert.equal((await person.get(path)).status, 200, path);
      await rests(site);
      clock.shift(0);
      await save(person, 'F12 again');
      await sleep(1500); // the sealer's round
      const { code, out, err } = run('doctor', site.folder);
      assert.notEqual(code, 1, out + err);
    });

  test('F12_ 400 days on: sessions and tokens are over, signing in works',
    async () => {
      const short = await token(person, 30), lasting = await token(person, 3650);
      assert.ok(short);
      assert.equal(await byToken(site, short), 200);
      clock.shift(400 * DAY);
      assert.equal((await person.get('/tasks', { accept: 'application/json' }))
        .status, 401);
      assert.equal(await byToken(site, short), 401);
      if (lasting) assert.equal(await byToken(site, lasting), 200);
      const again = await signedIn(site, 'zhang.wei');
      await save(again, 'F12 in 400 days');
      await site.whole();
      assert.deepEqual(site.log('worker.died'), []);
      await rests(site);
      const { code, out, err } = run('doctor', site.folder);
      assert.notEqual(code, 1, out + err);
    });
});

// Records over each moment, 150 ms apart.
const COUNT = long ? 40 : 24;
// The start and the end of summer time in Berlin, a leap second at New Year.
const moments = [['the start of summer time', '2027-03-28T00:59:58Z', 0],
  ['the end of summer time', '2027-10-31T00:59:58Z', 0],
  ['a leap second', '2026-12-31T23:59:58Z', -1]];
describe('F12_ over a moment', { skip, concurrency: true }, () => {
  for (const [what, at, step] of moments)
    test(`F12_ over ${what} everything goes on`, async (t) => {
      const clock = fakeClock(temporaryFolder('clock'));
      const offset = () => Math.round((Date.parse(at) - Date.now()) / 1000);
      clock.shift(offset());
      const site = await new Site(demoFolder({ zone: 'Europe/Berlin' }), [],
        { ...clock.extra, TZ: 'Europe/Berlin' }).start();
      t.after(() => site.stop());
      const person = await signedIn(site, 'zhang.wei');
      const ids = [], stamps = [];
      const begun = offset();
      clock.shift(begun);
      for (let i = 0; i < COUNT; i += 1) {
        if (i === COUNT / 2 && step) clock.shift(begun + step);
        const { id, created_at: created } = await save(person, `F12 ${i}`);
        ids.push(id);
        stamps.push(created);
        await sleep(150);
      }
      assert.equal(new Set(ids).size, COUNT);
      assert.equal((await person.get('/records/budget')).status, 200);
      for (const stamp of stamps)
        assert.ok(Math.abs(Date.parse(stamp) - Date.parse(at)) < 30000 * slow,
          stamp);
      await site.whole();
      assert.deepEqual(site.log('worker.died'), []);
    });

  test('F12_ deadlines go by monotonic time', async () => {
    const clock = fakeClock(temporaryFolder('clock'));
    const site = await stubSite({ soft_ms: 1500 * slow, hard_ms: 2000 * slow,
      header_seconds: 30 }, { extra: clock.extra });
    await site.whole();
    const get = async (path) => {
      const begun = performance.now();
      const { status } = await fetch(site.url + path);
      return { status, ms: performance.now() - begun };
    };
    for (const jump of [3600, -3600]) {
      const slowly = get('/sleep?1200'), never = get('/loop');
      await sleep(100);
      clock.shift(jump);
      assert.equal((await slowly).status, 200);
      const loop = await never;
      assert.equal(loop.status, 504);
      assert.ok(loop.ms > 1500 * slow && loop.ms < 6000 * slow, `${loop.ms} ms`);
      await until(async () => (await get('/hello')).status === 200, 'a page');
      await site.whole();
    }
    await site.stop();
  });
});
