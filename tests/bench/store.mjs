// store.mjs - what durability costs: store.group (many people save at once,
// against a bare loop that syncs each commit), store.read_under_write (lists
// while others save), store.fair (single saves beside a bulk import).
import { join } from 'node:path';
import { build, sleep } from '../lib/server.mjs';
import { wrk } from './lib.mjs';
import { Person } from './person.mjs';

const lua = (text) => JSON.stringify(text).replace(/\\u00/g, '\\x');

// A script of wrk that saves an order with each request.
export const saving = (person, more = '') => `
  local n = math.random(100000)
  local states = { "new", "made", "sent" }
  wrk.method = "POST"
  wrk.headers["cookie"] = ${lua(person.cookie)}
  wrk.headers["x-csrf-token"] = ${lua(person.csrf)}
  wrk.headers["content-type"] = "application/json"
  function request()
    n = n + 1
    return wrk.format(nil, nil, nil, string.format(
      '{"values":{"customer":"Lakeside Hotels %d","status":"%s",' ..
      '"amount":"%d.50","quantity":%d,"due":"2026-%02d-%02d",' ..
      '"note":"Floor %d, to be fitted"}}', n * 7919 % 100003,
      states[n % 3 + 1], n * 31 % 90001, n % 40, n % 12 + 1, n % 28 + 1,
      n % 9))
  end
  ${more}`;

const middle = (list, by) => [...list].sort((a, b) => by(a) - by(b))[
  list.length >> 1];

// Group durability saves waiting for the disk. A disk that is fast leaves
// little to be saved: the same once more with syncs of 2 ms more, for both.
const slowDisk = { TENON_BENCH_SYNC_US: '2000',
  LD_PRELOAD: join(build, 'bench/libslow_sync.so') };

async function group({ makeSite, serve, traceOf, bareRows, order }) {
  const site = makeSite('group-site', { durability: 'group' });
  const lines = await traceOf(site, {
    person: (served) => Person.signIn(served, 'zhang.wei'),
    warm: (person, i) => person.post('/api/v1/records/order', order(i), 201),
    once: (person) => person.post('/api/v1/records/order', order(99), 201),
  });
  const rows = [];
  for (const [name, disk] of [['store.group', {}],
    ['store.group.slow', slowDisk]]) {
    const rounds = [];
    for (let i = 0; i < 3; i += 1) {
      const served = await serve(site, disk);
      await served.whole();
      const person = await Person.signIn(served, 'zhang.wei');
      const ours = await wrk(`${served.url}/api/v1/records/order`,
        { connections: 32, seconds: 6, script: saving(person) });
      await served.stop();
      rounds.push({ ours, bare: bareRows(site, lines, 4, disk) });
    }
    const { ours, bare } = middle(rounds, (one) => one.ours.rate / one.bare);
    rows.push({ name, value: Math.round(ours.rate), unit: 'rec/s',
      baseline: Math.round(bare), ratio: ours.rate / bare,
      goal: (row) => row.ratio >= 2, goalText: 'ratio >= 2' },
    { name: `${name}.p99`, value: ours.p99, unit: 'ms',
      goal: (row) => row.value < 50, goalText: '< 50' });
  }
  return rows;
}

async function readUnderWrite({ makeSite, serve, fillOrders }) {
  const site = makeSite('read-site', { durability: 'group' });
  await fillOrders(site, 10000);
  const served = await serve(site);
  await served.whole();
  const [reader, writer] = [await Person.signIn(served, 'zhang.wei'),
    await Person.signIn(served, 'li.na')];
  const lists = (seconds) => wrk(`${served.url}/records/order`,
    { connections: 4, seconds, headers: { cookie: reader.cookie } });
  await lists(2);
  const rounds = [];
  for (let i = 0; i < 3; i += 1) {
    const calm = await lists(4);
    const going = wrk(`${served.url}/api/v1/records/order`,
      { connections: 16, seconds: 6, script: saving(writer), name: 'writers' });
    await sleep(1000);
    const busy = await lists(4);
    const written = await going;
    rounds.push({ calm: calm.p99, busy: busy.p99, written: written.rate });
  }
  await served.stop();
  const { calm, busy, written } = middle(rounds, (one) => one.busy / one.calm);
  return [{ name: 'store.read_under_write', value: busy, unit: 'ms p99',
    baseline: calm, ratio: busy / calm, goal: (row) => row.ratio < 3,
    goalText: 'ratio < 3' },
  { name: 'store.read_under_write.written', value: Math.round(written),
    unit: 'rec/s' }];
}

async function fair({ makeSite, serve, client, importing }) {
  const site = makeSite('fair-site', { durability: 'group' });
  client(site);
  const served = await serve(site);
  await served.whole();
  const person = await Person.signIn(served, 'zhang.wei');
  const writer = await Person.signIn(served, 'li.na');
  // One save after the other, with pauses, as of somebody who types quickly.
  const saves = (seconds) => wrk(`${served.url}/api/v1/records/order`,
    { connections: 1, seconds, script: saving(writer,
      'function delay() return math.random(2, 10) end') });
  await saves(1);
  const calm = await saves(4);
  const going = importing(person);
  await sleep(1500);
  const busy = await saves(6);
  await going;
  await served.stop();
  return [{ name: 'store.fair', value: busy.p99, unit: 'ms p99',
    baseline: calm.p99, ratio: busy.p99 / calm.p99,
    goal: (row) => row.value < 60, goalText: '< 60' }];
}

export const storeFigures = (tools) => [
  { name: 'store.group', measure: () => group(tools) },
  { name: 'store.read_under_write', measure: () => readUnderWrite(tools) },
  { name: 'store.fair', measure: () => fair(tools) },
];
