// Saved means saved: 32 clients work while a process is killed (F01), the
// power is cut (F03) or the disk fails to sync (F05); what was acknowledged
// or read is there afterwards, and nothing is half. With TENON_LONG each of F01
// and F03 1,000 times. tests/lib/load.mjs has the clients and the checks,
// tests/lib/power.mjs the disk.
import { afterEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync,
  writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { person } from '../lib/client.mjs';
import { Load, Table, lacking, loadSite, notAgain, sql, toldAll, verify }
  from '../lib/load.mjs';
import { Power, seeded } from '../lib/power.mjs';
import { Site, long, processExists, run, sleep, slow, until }
  from '../lib/server.mjs';
import { takeMails } from '../lib/smtp.mjs';
import { onPostgresql } from '../lib/store.mjs';

const skip = lacking || onPostgresql && 'about the file of SQLite';
const REPETITIONS = Number(process.env.TENON_REPETITIONS) || (long ? 1000 : 5);
const CUTS = Number(process.env.TENON_REPETITIONS) || (long ? 1000 : 4);
const A_SITE = 25; // repetitions, then a new one: its checks stay quick
const seed = Number(process.env.TENON_SEED || Date.now() % 1e9);

const get = (site, path) => fetch(new URL(path, site.url)).then((answer) =>
  answer, () => null);

// Whatever happens, nothing is left running.
const served = [];
async function serve(place, power) {
  const site = new Site(place.folder, [], power?.env || {});
  served.push(site);
  return site.start();
}
afterEach(() => {
  for (const site of served.splice(0)) site.child?.kill('SIGKILL');
});

const readyAgain = (site) => until(async () =>
  (await get(site, '/readyz'))?.status === 200, 'readiness', 20000);

// Both kinds of durability, on the same tests: of one site after the other.
const kindOf = (number) => (number % 2 ? 'full' : 'group');

// Modules that were blamed for a death: none of these was a module's fault.
const blamed = (site) => site.log('worker.died').filter((death) =>
  death.module).length;

async function checked(place, loads, table, site) {
  assert.ok(await toldAll(place, 90000 * slow), 'everything is told');
  await site.stop();
  table.blamed += blamed(site);
  const { lost, half, wrong } = verify(place, loads);
  table.lost += lost;
  table.half += half;
  assert.deepEqual(wrong, [], notAgain(`${wrong.join('; ')} (seed ${seed})`));
}

// `restart`: ms from a death of everything until it served again; 0: it went on.
function count(table, load, restart = 0) {
  table.repetitions += 1;
  table.acknowledged += load.acknowledged;
  table.outage = Math.max(table.outage, load.outage());
  table.restart = Math.max(table.restart, restart);
}

const nothingLost = (table) => assert.equal(table.lost + table.half, 0,
  notAgain(String(table)));

// ---- F01 ----

async function pidsOf(site) {
  const status = await site.control({ do: 'status' });
  return status.workers.map((worker) => ({ pid: worker.pid,
    name: worker.name }));
}

// Stops a process; it has stopped when each of its threads has: one that is
// waiting for the processor goes on until it is told.
async function stopped(pid) {
  process.kill(pid, 'SIGSTOP');
  const state = (thread) => readFileSync(
    `/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1][0];
  await until(() => readdirSync(`/proc/${pid}/task`)
    .every((thread) => state(thread) === 'T'), 'a stopped process');
}

const kill = (pid) => {
  try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
};

// Kills; returns what was killed, when, and who worked until then.
async function strike(site, random) {
  const workers = await pidsOf(site);
  const victim = ['pages', 'keeper', 'jobs', 'front', 'all'][
    Math.floor(random() * 5)];
  await sleep(random() * 300);
  const chosen = workers.filter(({ name }) => victim === 'all' ||
    name.split('-')[0] === victim);
  const at = performance.now();
  if (victim === 'all') {
    // In any order.
    for (const { pid } of chosen.sort(() => random() - 0.5))
      if (random() < 0.7) kill(pid);
  } else if (victim !== 'front') {
    kill(chosen[Math.floor(random() * chosen.length)].pid);
  }
  if (victim === 'front' || victim === 'all') site.child.kill('SIGKILL');
  return { victim, dies: victim === 'front' || victim === 'all', workers, at };
}

// A site that works on in its folder after each death; the last one serves.
async function kills(place, random, { repetitions, table, loads, starts }) {
  let site = await serve(place);
  await site.whole();
  for (let i = 0; i < repetitions; i += 1) {
    const load = new Load(place, site).start();
    loads.push(load);
    await sleep(100 + random() * 200);
    const { victim, dies, workers, at } = await strike(site, random);
    if (!dies) {
      await sleep(300);
      await load.stop();
      // A killed page worker costs its own request; nobody else's.
      assert.ok(load.failed.length <= (victim === 'pages' ? 1 : 0),
        `${victim}: ${JSON.stringify(load.failed.slice(0, 4))}`);
      count(table, load);
      await site.whole();
      continue;
    }
    await site.ended;
    await load.stop();
    table.blamed += blamed(site);
    await until(() => !workers.some(({ pid }) => processExists(pid)),
      'the end of all processes');
    const begun = performance.now();
    site = await serve(place);
    await readyAgain(site);
    const ready = performance.now();
    starts.push(ready - begun);
    count(table, load, ready - at);
  }
  return site;
}

test('F01_ a kill of any process loses nothing that was told',
  { skip: lacking },
  async () => {
    const table = new Table('F01 kill -9');
    const random = seeded(seed);
    const starts = [];
    const each = Math.min(A_SITE, Math.ceil(REPETITIONS / 2));
    for (let done = 0; done < REPETITIONS; done += each) {
      const place = loadSite({ durability: kindOf(done / each) });
      const loads = [];
      const site = await kills(place, random, { table, loads, starts,
        repetitions: Math.min(each, REPETITIONS - done) });
      await checked(place, loads, table, site);
    }
    if (REPETITIONS > 5) table.print();
    starts.sort((a, b) => a - b);
    const [median, slowest] = [starts[starts.length >> 1] || 0,
      starts[starts.length - 1] || 0].map(Math.round);
    console.log(`F01: ready again after ${median} ms, ${slowest} at most`);
    assert.ok(median < 2000 * slow && slowest < 4000 * slow,
      `${median} ms until it is ready, ${slowest} at most`);
    assert.ok(table.acknowledged > REPETITIONS * 20, String(table));
    nothingLost(table);
  });

const answersHeld = async (site) => Number(/answers_held (\d+)/.exec(
  await (await get(site, '/metrics')).text())[1]);

// Stops the keeper while it does not have the writer lock (it tidies up in
// quiet moments), so that others go on writing. Returns how to let it go on.
async function stopKeeper(place, site) {
  const { pid } = (await pidsOf(site)).find(({ name }) => name === 'keeper');
  for (;;) {
    await stopped(pid);
    const probe = fetch(new URL('/api/v1/records/note', site.url), {
      method: 'POST', headers: { 'content-type': 'application/json',
        authorization: `Bearer ${place.tokens.ann}` },
      body: JSON.stringify({ values: { number: 0, text: 'a probe' } }),
    }).catch(() => {});
    const held = await until(() => answersHeld(site), 'an answer', 3000)
      .catch(() => 0);
    if (held) return () => process.kill(pid, 'SIGCONT');
    process.kill(pid, 'SIGCONT');
    await probe;
  }
}

// The event stream of somebody new: { text, end() }.
async function eventsOf(site, login) {
  const stop = new AbortController();
  const client = await person(site, login);
  const answer = await fetch(new URL('/portal/events', site.url), {
    signal: stop.signal, headers: { cookie: client.cookie() } });
  assert.equal(answer.status, 200);
  const stream = { text: '', end: () => stop.abort() };
  (async () => {
    try {
      for await (const part of answer.body)
        stream.text += Buffer.from(part).toString('utf8');
    } catch { /* it was ended */ }
  })();
  await until(() => stream.text.includes(': open'), 'the stream');
  return stream;
}

test('F01_ while the keeper hangs nothing leaves that is not on the disk',
  { skip }, async () => {
    const place = loadSite();
    const site = await serve(place);
    await site.whole();
    const stream = await eventsOf(site, 'eve');
    const events = () => stream.text.match(/^event: records:note$/gm) || [];
    const ask = (method, path, body) => fetch(new URL(path, site.url),
      { method, body, headers: { 'content-type': 'application/json',
        authorization: `Bearer ${place.tokens.ann}` } });
    const before = await ask('GET', '/api/v1/records/note');
    assert.equal(before.status, 200);
    const goOn = await stopKeeper(place, site);
    const [held, told] = [await answersHeld(site), events().length];
    const done = [];
    const note = (name) => (answer) => {
      done.push(name);
      return answer;
    };
    const write = ask('POST', '/api/v1/records/note', JSON.stringify(
      { values: { number: 1, text: 'held' } })).then(note('write'));
    await until(async () => await answersHeld(site) > held, 'a held answer');
    // Others have it in their lists now; they are not told before it is sure.
    const read = ask('GET', '/api/v1/records/note').then(note('read'));
    // Nor is a browser told that there is something new: that went to the
    // front before the answer did.
    await sleep(300);
    assert.deepEqual(done, []);
    assert.equal(events().length, told);
    if (long) {
      const answers = await Promise.all([write, read]);
      for (const answer of answers) {
        assert.equal(answer.status, 503);
        assert.match((await answer.json()).title, /not known/);
      }
      assert.equal(events().length, told);
      goOn();
    } else {
      goOn();
      assert.equal((await write).status, 201);
      await until(() => events().length >= told + 2, 'the events');
    }
    const after = await (await ask('GET', '/api/v1/records/note')).json();
    assert.equal(after.records[0].values.number, 1);
    assert.ok((await read).status);
    stream.end();
    assert.equal((await site.stop()).code, 0);
  });

// Hands mails over, of whom it is told at the moment of their last line.
async function mailServer(t, taken) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    takeMails(socket, taken);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return `smtp://127.0.0.1:${server.address().port}`;
}

test('F03_ what a mail tells of is on the disk before the mail leaves',
  { skip }, async (t) => {
    const mails = [];
    const place = loadSite({ smtp_from: 'tenon@example.org',
      smtp_url: await mailServer(t, (mail) => mails.push(mail)) });
    const added = run('user', 'add', 'dan', '--site', place.folder, '--link',
      '--mail', 'dan@example.org');
    assert.equal(added.code, 0, added.err);
    const bpmn = join(place.folder, 'flows/wish.bpmn');
    writeFileSync(bpmn, readFileSync(bpmn, 'utf8').replaceAll('user="bob"',
      'user="dan"'));
    const power = new Power(place.folder);
    const site = await serve(place, power);
    await site.whole();
    // Whoever lets a mail leave has to see to it himself.
    await stopKeeper(place, site);
    fetch(new URL('/api/v1/records/wish', site.url), { method: 'POST',
      headers: { 'content-type': 'application/json',
        authorization: `Bearer ${place.tokens.ann}` },
      body: JSON.stringify({ values: { number: 1, text: 'by mail' } }),
    }).catch(() => {}); // held until the end
    await until(() => mails.length, 'the mail', 30000);
    await cutPower(site);
    power.cut(() => 0); // all that was not synced is lost
    assert.match(mails[0], /<dan@example\.org>/);
    assert.deepEqual(sql(place.folder, 'SELECT f_number FROM r_wish'), ['1'],
      notAgain('the mail tells of a wish that is lost'));
    power.remove();
  });

test('F01_ answers that are held have a limit, and then nothing new is taken',
  { skip: skip || (!long && 'only with --long') }, async () => {
    const place = loadSite({ proxies: ['127.0.0.1'] });
    const site = await serve(place);
    await site.whole();
    const keeper = (await pidsOf(site)).find(({ name }) => name === 'keeper');
    // Each from another address: one alone gets so many at once only.
    const ask = (i, method, path, body) => fetch(new URL(path, site.url),
      { method, body, headers: { 'content-type': 'application/json',
        'x-forwarded-for': `10.1.${i >> 8}.${i & 255}`,
        authorization: `Bearer ${place.tokens.ann}` } });
    const write = (i) => ask(i, 'POST', '/api/v1/records/note',
      JSON.stringify({ values: { number: i, text: 'x'.repeat(190) } }));
    for (let i = 0; i < 200; i += 1) assert.equal((await write(i)).status, 201);
    const status = async () => (await site.control({ do: 'status' }));
    assert.equal((await status()).state, 'ready');
    await stopped(keeper.pid);
    const last = write(200);
    await sleep(200);
    const lists = Array.from({ length: 700 }, (_, i) =>
      ask(i + 300, 'GET', '/api/v1/records/note?limit=200'));
    await sleep(5000);
    process.kill(keeper.pid, 'SIGCONT');
    assert.equal((await last).status, 201);
    const codes = (await Promise.all(lists)).map((answer) => answer.status);
    const [good, refused] = [200, 503].map((code) =>
      codes.filter((one) => one === code).length);
    // 32 MiB of some 100 KiB each, and those that waited in the queue.
    assert.equal(good + refused, 700);
    assert.ok(good > 256 && refused > 50, `${good} answered, ${refused} not`);
    const memory = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(
      `/proc/${site.pid}/status`, 'utf8'))[1]) / 1024;
    assert.ok(memory < 140, `the front took ${memory} MiB`);
    assert.equal((await site.stop()).code, 0);
  });

// ---- F03 ----

// Everything dies at once. The front is stopped first, so that nothing leaves
// any more; dead, it would be a sign to the keeper to put things in order.
async function cutPower(site, load) {
  const workers = await pidsOf(site);
  site.child.kill('SIGSTOP');
  for (const { pid } of workers) kill(pid);
  site.child.kill('SIGKILL');
  await site.ended;
  await until(() => !workers.some(({ pid }) => processExists(pid)),
    'the end of all processes');
  await load?.stop();
}

// A restart lasts from the cut to the first good answer; what the test does
// to the disk meanwhile is no part of it.
async function cuts(place, power, random, { repetitions, table, loads }) {
  let dead = null;
  for (let i = 0; i < repetitions; i += 1) {
    power.set({ delay: Math.floor(random() * 4000) });
    const site = await serve(place, power);
    const load = new Load(place, site).start();
    loads.push(load);
    await sleep(250 + random() * 400);
    const cutAt = performance.now();
    await cutPower(site, load);
    const [first] = load.answers;
    count(table, load, first && dead !== null ? first - dead : 0);
    if (first || dead === null) dead = cutAt;
    const begun = performance.now();
    power.cut(random);
    dead += performance.now() - begun;
  }
  return dead;
}

test('F03_ a power cut takes back nothing that was told', { skip },
  async () => {
    const table = new Table('F03 power cut');
    const random = seeded(seed);
    const each = Math.min(A_SITE, Math.ceil(CUTS / 2));
    for (let done = 0; done < CUTS; done += each) {
      const place = loadSite({ durability: kindOf(done / each) });
      const power = new Power(place.folder);
      const loads = [];
      const dead = await cuts(place, power, random, { table, loads,
        repetitions: Math.min(each, CUTS - done) });
      power.set({ delay: 0 });
      const site = await serve(place, power);
      await readyAgain(site);
      table.restart = Math.max(table.restart, performance.now() - dead);
      await site.whole();
      await checked(place, loads, table, site);
      power.remove();
    }
    if (REPETITIONS > 5) table.print();
    assert.ok(table.acknowledged > CUTS * 2, String(table));
    nothingLost(table);
  });

test('F03_ a disk that lies about its syncs is found out', { skip },
  async () => {
    const place = loadSite();
    const power = new Power(place.folder);
    const random = () => 0; // all that was not synced is lost
    power.set({ lie: 1, delay: 1000 });
    const site = await serve(place, power);
    const load = new Load(place, site).start();
    await until(() => load.acknowledged > 10, 'some that is told', 30000);
    await cutPower(site, load);
    power.cut(random);
    let found = '';
    try {
      found = verify(place, [load]).wrong.join();
    } catch (error) { // not even a database any more
      found = error.message;
    }
    assert.match(found, /note \d+|malformed|not a database|no such table/);
    power.remove();
  });

// ---- F05 ----

for (const durability of ['group', 'full'])
  test(`F05_ a failed sync ends all acknowledgements (${durability})`,
    { skip }, async () => {
      const place = loadSite({ durability });
      const power = new Power(place.folder);
      const site = await serve(place, power);
      await site.whole();
      const load = new Load(place, site).start();
      await sleep(300);
      power.set({ fail: 1 });
      await until(() => power.get('failed') > 0, 'the failure');
      const state = await until(async () => {
        const said = await (await get(site, '/readyz')).json();
        return said.store === 'failed' && said;
      }, 'the state in /readyz', 3000);
      assert.equal(state.ready, false);
      const failedAt = performance.now();
      assert.equal((await get(site, '/readyz')).status, 503);
      // Each page says so, in the reader's words; so does the API.
      const page = await fetch(new URL('/sign-in', site.url),
        { headers: { accept: 'text/html', 'accept-language': 'zh-CN' } });
      assert.equal(page.status, 503);
      assert.match(await page.text(), /磁盘出错/);
      const told = await fetch(new URL('/api/v1/session', site.url));
      assert.match((await told.json()).title, /disk failed/);
      await sleep(300);
      assert.ok(!load.answers.some((at) => at > failedAt),
        'nothing is acknowledged');
      // It checks, and goes on by itself.
      await readyAgain(site);
      await until(() => site.log('store.checked').length === 1 &&
        site.log('disk.checked').length === 1, 'the log');
      assert.ok(!existsSync(join(place.folder, 'run/unclean')));
      await until(() => load.answers.some((at) => at > failedAt),
        'acknowledgements');
      await sleep(200);
      await load.stop();
      await checked(place, [load], new Table('F05'), site);
      power.remove();
    });

test('F05_ a service that is started after a failure checks first', { skip },
  async () => {
    const place = loadSite();
    writeFileSync(join(place.folder, 'run/unclean'), '');
    const site = await serve(place);
    await readyAgain(site);
    await until(() => site.log('disk.checked').length === 1, 'the log');
    const [checkedAt, pagesAt] = [site.log('store.checked')[0].time,
      site.log('worker.start').find((one) => one.worker === 'pages-1').time];
    assert.ok(checkedAt <= pagesAt, `${checkedAt} ${pagesAt}`);
    assert.ok(!existsSync(join(place.folder, 'run/unclean')));
    assert.equal((await site.stop()).code, 0);
  });

test('F05_ a database that is damaged is not served again', { skip },
  async () => {
    const place = loadSite();
    const power = new Power(place.folder);
    const site = await serve(place, power);
    await site.whole();
    const load = new Load(place, site).start();
    await sleep(400);
    await load.stop();
    power.set({ fail: 1 });
    // What the disk has made of pages that the check has to read.
    const path = join(place.folder, 'tenon.db');
    await fetch(new URL('/api/v1/records/note', site.url), { method: 'POST',
      headers: { authorization: `Bearer ${place.tokens.ann}`,
        'content-type': 'application/json' },
      body: JSON.stringify({ values: { number: 1e6, text: 'x' } }) });
    await until(() => site.log('disk.failed').length, 'the failure');
    // At once: a file written whole could come after the check. And in many
    // places: the log may have some of their pages anew, or nothing use them.
    const file = openSync(path, 'r+');
    const pages = fstatSync(file).size / 4096;
    for (let part = 1; part < 24; part += 1)
      writeSync(file, Buffer.alloc(8192, 0xa5), 0, 8192,
        4096 * Math.floor(pages * part / 24));
    closeSync(file);
    await until(() => site.log('keeper.failed').length, 'the refusal');
    await sleep(300);
    const state = await (await get(site, '/readyz')).json();
    assert.equal(state.ready, false);
    assert.equal((await get(site, '/sign-in')).status, 503);
    assert.match(site.log('keeper.failed')[0].error ||
      site.log('keeper.failed')[0].reason, /damaged/);
    await site.stop();
    power.remove();
  });
