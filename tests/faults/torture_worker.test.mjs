// torture_worker.test.mjs - F02: in the workers of pages the n-th allocation,
// open, write or truncation fails, for every n that one request of each kind
// makes (--long; here for some n). The worker may end, the answer may be an
// error, but what was said to be saved is there, whole, what was refused is
// not, and the next request works.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, openSync, readSync, writeFileSync, writeSync }
  from 'node:fs';
import { join } from 'node:path';
import { Site, build, demoFolder, long, run, slow, temporaryFolder, until }
  from '../lib/server.mjs';
import { notAgain } from '../lib/load.mjs';
import { signedIn } from '../lib/person.mjs';

const kinds = { memory: 1, open: 2, write: 5, truncate: 6 };
const library = join(build, 'fail_nth.so');
const skip = !existsSync(library) || process.env.ASAN_OPTIONS !== undefined;

let site, person, fd, pids;
before(async () => {
  if (skip) return;
  const plan = join(temporaryFolder('plan'), 'plan');
  writeFileSync(plan, Buffer.alloc(4096));
  fd = openSync(plan, 'r+');
  site = await new Site(demoFolder({}), [], { LD_PRELOAD: library,
    TENON_FAIL: plan, TENON_FAIL_IN: 'pages' }).start();
  pids = (await site.whole()).workers.length;
  person = await signedIn(site, 'zhang.wei');
});
after(() => site?.stop());

function arm(kind, n) {
  const block = Buffer.alloc(16);
  block.writeInt32LE(n, 4);
  writeSync(fd, block, 0, 16, 0);
  block.writeInt32LE(kind, 0);
  writeSync(fd, block, 0, 4, 0);
}

// How many calls failed and how many were counted; nothing fails any more.
function disarm() {
  writeSync(fd, Buffer.alloc(4), 0, 4, 0);
  const block = Buffer.alloc(16);
  readSync(fd, block, 0, 16, 0);
  return { failed: block.readInt32LE(8), counted: block.readInt32LE(12) };
}

async function upload(name) {
  const body = new FormData();
  body.append('file', new Blob([name.repeat(2000)]), `${name}.txt`);
  return person.fetch('POST', '/api/v1/files', { body,
    headers: { 'x-csrf-token': person.csrf } });
}

const values = (purpose) => ({ values: { purpose, date: '2026-12-15',
  items: [{ name: 'Stand', quantity: '2', unit_price: '10' }] } });
const requests = {
  home: () => person.get('/'),
  list: () => person.get('/records/budget?sort=-purpose'),
  search: () => person.get('/search?q=budget'),
  'list by REST': () => person.get('/api/v1/records/budget?limit=20'),
  save: (name) => person.post('/api/v1/records/budget', values(name)),
  form: (name) => person.form('/records/budget', { purpose: name,
    date: '2026-12-15', 'items.0.name': 'Stand', 'items.0.quantity': '2',
    'items.0.unit_price': '10' }, { accept: 'text/html' }),
  file: (name) => upload(name),
  report: () => person.get('/records/crm.customer?sort=-name'),
};
const allowed = [0, 200, 201, 303, 404, 413, 422, 429, 500, 503, 504, 507];

// Which n: all in --long; else the first ones and some beyond.
function* numbers() {
  for (let n = 1; n <= (long ? 300 : 2); n += 1) yield n;
  if (!long) yield* [9, 40];
}

// Both, or neither: the record and its rows.
async function standsAs(name, status) {
  const filter = encodeURIComponent(JSON.stringify({ purpose: name }));
  const { body, text } = await person.get(
    `/api/v1/records/budget?filter=${filter}`);
  assert.ok(body?.records, text);
  const found = notAgain(`${name}: ${status}, ${body.records.length} records`);
  if ([201, 303].includes(status)) assert.equal(body.records.length, 1, found);
  if ([422, 429, 507].includes(status))
    assert.equal(body.records.length, 0, found);
  for (const { id } of body.records) {
    const record = await person.get(`/api/v1/records/budget/${id}`);
    assert.equal(record.body.values.total, '20.00', notAgain(record.text));
    assert.equal(record.body.values.items.length, 1, notAgain(record.text));
  }
}

for (const [what, ask] of Object.entries(requests).filter(([name]) =>
  long || ['home', 'save', 'file'].includes(name)))
  test(`F02_ in a worker, ${what}: each failing call is survived`, { skip },
    async () => {
      const first = await ask(`F02 ${what}`);
      assert.ok([200, 201, 303].includes(first.status),
        `${first.status}: ${first.text.slice(0, 300)}`);
      for (const [name, kind] of Object.entries(kinds))
        for (const n of numbers()) {
          const label = `F02-${what}-${name}-${n}`.replaceAll(' ', '-');
          arm(kind, n);
          const { status } = await ask(label).catch(() => ({ status: 0 }));
          const { failed } = disarm();
          assert.ok(allowed.includes(status), `${label}: ${status}`);
          await until(async () => (await person.get('/me')
            .catch(() => ({}))).status === 200, `a page after ${label}`, 15000);
          if (['save', 'form'].includes(what)) await standsAs(label, status);
          if (!failed) break; /* fewer calls than n were made */
        }
    });

test('F02_ afterwards the site is whole, and no worker crashed', { skip },
  async () => {
    const status = await until(async () => {
      const now = await site.control({ do: 'status' });
      return now.workers.length === pids && now;
    }, 'all workers', 30000 * slow);
    assert.ok(status);
    // Without memory they end by themselves. One that starts meanwhile may be
    // ended by libconfig, which looks at none of its allocations; then no
    // module is blamed for it.
    const died = site.log('worker.died').filter((line) => line.signal !== '0');
    assert.deepEqual(died.filter((line) => line.kind !== 'start' ||
      line.module), []);
    const { code, out, err } = run('doctor', site.folder);
    assert.notEqual(code, 1, notAgain(out + err));
  });
