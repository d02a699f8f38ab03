// figures.mjs - the named figures: each makes what it needs, measures the
// product and its baseline one after the other, and gives its rows:
// { name, value, unit, baseline, ratio, goal(row), goalText }.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync,
  readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build, configure, run as tenonRun, Site, sleep, stubSite,
  until } from '../lib/server.mjs';
import { backupFigures } from './backup.mjs';
import { crmFigures } from './crm.mjs';
import { copyRecords, sql } from './fill.mjs';
import { importClients, importFigures, importTable } from './import.mjs';
import { hostFigures } from './hosts.mjs';
import { jobFigures } from './jobs.mjs';
import { folder, program, pss, root, run, tree, wrk } from './lib.mjs';
import { migrateFigures } from './migrate.mjs';
import { Person } from './person.mjs';
import { pgFigures } from './pg.mjs';
import { sdkFigures } from './sdk.mjs';
import { searchFigures } from './search.mjs';
import { saving, storeFigures } from './store.mjs';

const PAGES = 3; // page workers, as `tenon serve` starts on two cores
const RECORDS = 100000;
const TEMPLATES = 500; // records that the product itself makes for the list

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const round = (number, digits = 0) => Number(number.toFixed(digits));
const atLeast = (least) => ({ goal: (row) => row.ratio >= least,
  goalText: `ratio >= ${least}` });

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// ---- sites ----

// The demo company with the bench's forms and process. `words`: more for init.
function makeSite(name, settings = {}, words = []) {
  const site = join(folder, name);
  rmSync(site, { recursive: true, force: true });
  rmSync(`${site}.log`, { force: true });
  const made = tenonRun('init', '--demo', ...words, site);
  if (made.code) throw new Error(`tenon init: ${made.err}${made.out}`);
  cpSync(new URL('site', import.meta.url).pathname, site, { recursive: true });
  configure(site, { page_workers: PAGES, connections_per_address: 1000,
    ...settings });
  return site;
}

// The log goes to a file, as a service's does: reading it would cost the
// processor that is measured.
const serve = (site, extra) => Object.assign(new Site(site, [], extra),
  { logFile: `${site}.log` }).start();

const customers = ['Lakeside Hotels', '青松茶馆', 'Harbour Books', '锦程酒店',
  'North Clinic', '万家超市', 'Maple School', '云栖书院'];

function order(i) {
  const day = new Date(Date.UTC(2026, 0, 1) + (i * 37 % 700) * 86400000);
  return { values: {
    customer: `${customers[i % customers.length]} ${i}`,
    status: ['new', 'made', 'sent'][i % 3],
    amount: `${(i * 7919) % 90000}.${10 + i % 90}`,
    quantity: 1 + i % 40,
    due: day.toISOString().slice(0, 10),
    note: i % 4 ? `Floor ${i % 9}, room ${i % 31}, to be fitted` : null,
  } };
}

// What one call of the product asks of the store: statements of its worker.
async function traceOf(site, call) {
  const path = join(site, 'run/trace');
  const served = await serve(site, { TENON_BENCH_TRACE: path,
    LD_PRELOAD: join(build, 'bench/libtrace_statements.so') });
  const { workers } = await served.whole();
  const files = workers.filter((w) => w.name.startsWith('pages'))
    .map((w) => `${path}.${w.pid}`);
  const person = await call.person(served);
  // Each worker has its caches filled before the call that counts.
  for (let i = 0; i < 20; i += 1) await call.warm(person, i);
  await sleep(200);
  for (const file of files) if (existsSync(file)) rmSync(file);
  await call.once(person);
  await sleep(200);
  const lines = files.filter(existsSync).flatMap((file) =>
    readFileSync(file, 'utf8').split('\n').filter(Boolean));
  await served.stop();
  return lines;
}

// ---- front.hello ----

async function frontHello() {
  const site = await stubSite({ page_workers: PAGES,
    connections_per_address: 1000 });
  await site.whole();
  const body = await (await fetch(`${site.url}/hello`)).text();
  const port = await freePort();
  const bare = spawn(program('baseline_evhttp'), [port, Buffer.byteLength(body)]
    .map(String));
  await until(() => fetch(`http://127.0.0.1:${port}/`).then(() => true,
    () => false), 'evhttp');
  const load = async (url) =>
    (await wrk(url, { connections: 32, seconds: 4 })).rate;
  const rounds = [];
  for (let i = 0; i < 3; i += 1)
    rounds.push({ ours: await load(`${site.url}/hello`),
      bare: await load(`http://127.0.0.1:${port}/`) });
  bare.kill();
  await site.stop();
  const middle = rounds.sort((a, b) => a.ours / a.bare - b.ours / b.bare)[1];
  return [{ name: 'front.hello', value: round(middle.ours), unit: 'req/s',
    baseline: round(middle.bare), ratio: middle.ours / middle.bare,
    ...atLeast(0.45) }];
}

// ---- list.page ----

const LIST = '/records/order';

// 500 records by the product, copied by SQL to 100,000 with other ids,
// owners, departments, amounts and days.
// `changed`: other columns as SQL of the template t and the copy's number k.
async function fillOrders(site, records = RECORDS, changed = {}) {
  const served = await serve(site);
  const person = await Person.signIn(served, 'zhang.wei');
  for (let i = 0; i < TEMPLATES; i += 10)
    await Promise.all(Array.from({ length: 10 }, (_, j) =>
      person.post('/api/v1/records/order', order(i + j), 201)));
  await served.stop();
  return copyRecords(site, { form: 'order', records, spread: 't.f_quantity',
    changed: { created_by: 'p.id', updated_by: 'p.id', f_clerk: 'p.id',
      f_amount: '(t.f_amount * 31 + k * 7919) % 9000000',
      f_due: "date(t.f_due, (k * 13 % 700) || ' days')", ...changed },
    after: (table) => `INSERT INTO access_reader (record, user_id, why)
      SELECT t.id, u.id, 'share' FROM ${table} t, org_user u
      WHERE u.login = 'he.jun' AND t.department <> u.department
      ORDER BY t.f_amount LIMIT 100;` });
}

// What the statements of one such page allow, prepared once, in a bare loop of
// one process: `rate()` of them a second, asked when nobody serves the site.
async function bareStatements(site, login, path, table) {
  const lines = await traceOf(site, {
    person: (served) => Person.signIn(served, login),
    warm: (person) => person.get(path),
    once: (person) => person.get(path),
  });
  const file = join(folder, 'list.sql');
  const kept = lines.filter((line) => !/^(BEGIN|COMMIT|ROLLBACK)/.test(line));
  if (!kept.some((line) => line.includes(table)))
    throw new Error(`no list in the statements:\n${lines.join('\n')}`);
  writeFileSync(file, `${kept.join('\n')}\n`);
  return () => Number(run(program('baseline_list'),
    [join(site, 'tenon.db'), '4', file]).split(' ')[0]);
}

async function listPage() {
  const site = makeSite('list-site');
  const table = await fillOrders(site);
  // Who heads a department sees his own, the department's, and what was
  // opened to him.
  const rate = await bareStatements(site, 'he.jun', LIST, table);
  const served = await serve(site);
  await served.whole();
  const person = await Person.signIn(served, 'he.jun');
  const page = await person.get(LIST);
  const rows = page.split('data-id="').length - 1;
  if (rows !== 50) throw new Error(`the page has ${rows} rows`);
  const url = served.url + LIST;
  const headers = { cookie: person.cookie };
  await wrk(url, { connections: 32, seconds: 1, headers });
  const many = await wrk(url, { connections: 32, seconds: 10, headers });
  const few = await wrk(url, { connections: 8, seconds: 8, headers });
  await served.stop();
  const bare = rate();
  return [
    { name: 'list.page', value: round(many.rate), unit: 'page/s',
      baseline: round(bare), ratio: many.rate / bare,
      goal: (row) => row.value >= 2000, goalText: '>= 2000/s' },
    { name: 'list.page.p99', value: few.p99, unit: 'ms',
      goal: (row) => row.value < 20, goalText: '< 20 ms at 8' },
    { name: 'list.page.size', value: round(page.length / 1024, 1),
      unit: 'KiB' },
  ];
}

// ---- writing ----

const name = '"?(\\w+)"?';

// The traced writes as words for baseline_rows, and the INSERTs by table.
function writesOf(lines) {
  const works = new Map();
  const inserts = new Map();
  for (const line of lines) {
    const insert = new RegExp(`^INSERT INTO ${name}`).exec(line);
    const update = new RegExp(`^UPDATE ${name} SET (.*) WHERE`).exec(line);
    let word;
    if (insert?.[1] === 'search_index') {
      // Twice where a record has changed: what was there goes out.
      word = `tokens:${/'([^']*)'\)$/.exec(line)[1]}`;
    } else if (insert) {
      word = `insert:${insert[1]}`;
      inserts.set(insert[1], line);
    } else if (update) {
      const columns = [...update[2].matchAll(new RegExp(
        `(?:^|, ?)${name} ?= ?`, 'g'))].map((match) => match[1]);
      word = `update:${update[1]}:${columns}`;
    } else {
      continue;
    }
    works.set(word, (works.get(word) || 0) + 1);
  }
  return { inserts, words: [...works].flatMap(([word, count]) =>
    word.startsWith('insert:') && count > 1 ? [`${word}*${count}`]
      : Array(count).fill(word)) };
}

// The bare loop on a copy of the site as it is after the measurement.
function bareRows(site, lines, seconds, extra = {}) {
  const { words, inserts } = writesOf(lines);
  const copy = `${site}-copy`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(site, copy, { recursive: true });
  // What was delivered meanwhile is gone; the loop needs one row to repeat.
  for (const [table, insert] of inserts)
    if (sql(copy, `SELECT count(*) FROM "${table}";`).trim() === '0')
      sql(copy, `${insert};`);
  const rate = Number(run(program('baseline_rows'), [join(copy, 'tenon.db'),
    String(seconds), 'FULL', ...words], { env: { ...process.env, ...extra } }));
  rmSync(copy, { recursive: true, force: true });
  if (process.env.TENON_BENCH_SHOW) console.error(words.join('\n'));
  return rate;
}

const lua = (text) => JSON.stringify(text).replace(/\\u00/g, '\\x');

async function recordCreate() {
  const site = makeSite('create-site', { durability: 'full' });
  const lines = await traceOf(site, {
    person: (served) => Person.signIn(served, 'zhang.wei'),
    warm: (person, i) => person.post('/api/v1/records/order', order(i), 201),
    once: (person) => person.post('/api/v1/records/order', order(99), 201),
  });
  const served = await serve(site);
  await served.whole();
  const person = await Person.signIn(served, 'zhang.wei');
  const result = await wrk(`${served.url}/api/v1/records/order`,
    { connections: 32, seconds: 8, script: saving(person) });
  await served.stop();
  const bare = bareRows(site, lines, 5);
  return [{ name: 'record.create', value: round(result.rate), unit: 'rec/s',
    baseline: round(bare), ratio: result.rate / bare, ...atLeast(0.5) }];
}

async function submit(served, count) {
  const person = await Person.signIn(served, 'zhang.wei');
  const one = (i) => person.post('/api/v1/records/request', { values: {
    purpose: `Request ${i}`, date: '2026-05-04', amount: `${100 + i}.00` } },
  201);
  for (let i = 0; i < count; i += 16)
    await Promise.all(Array.from({ length: 16 }, (_, j) => one(i + j)));
}

// The ids of the tasks that wait for the person, oldest last.
async function tasksOf(person) {
  const ids = [];
  for (let offset = 0; ; offset += 200) {
    const { tasks } = JSON.parse(await person.get(
      `/api/v1/tasks?box=to_do&limit=200&offset=${offset}`));
    ids.push(...tasks.filter((t) => t.form === 'request').map((t) => t.id));
    if (tasks.length < 200) return ids;
  }
}

const SECONDS = 5;
const TASKS = 8000;

async function flowStep() {
  const site = makeSite('flow-site', { durability: 'full' });
  const approve = (person, id) => person.post(`/api/v1/tasks/${id}/decision`,
    { decision: 'approve', comment: 'Good.' }, 200,
    { 'idempotency-key': `bench-${id}` });
  let tasks;
  const lines = await traceOf(site, {
    person: async (served) => {
      await submit(served, 32);
      const person = await Person.signIn(served, 'li.na');
      tasks = await tasksOf(person);
      return person;
    },
    warm: (person) => approve(person, tasks.pop()),
    once: (person) => approve(person, tasks.pop()),
  });
  const served = await serve(site);
  await served.whole();
  await submit(served, TASKS);
  const person = await Person.signIn(served, 'li.na');
  const ids = await tasksOf(person);
  const script = `
    local ids = { ${ids.map((id) => `"${id}"`).join(',')} }
    local n = 0
    wrk.method = "POST"
    wrk.headers["cookie"] = ${lua(person.cookie)}
    wrk.headers["x-csrf-token"] = ${lua(person.csrf)}
    wrk.headers["content-type"] = "application/json"
    function request()
      n = n + 1
      local id = ids[n] or "0"
      wrk.headers["idempotency-key"] = "bench-" .. id
      return wrk.format(nil, "/api/v1/tasks/" .. id .. "/decision", nil,
        '{"decision":"approve","comment":"Good."}')
    end`;
  const result = await wrk(served.url, { connections: 32, seconds: SECONDS, script });
  await served.stop();
  const bare = bareRows(site, lines, 5);
  return [{ name: 'flow.step', value: round(result.rate), unit: 'step/s',
    baseline: round(bare), ratio: result.rate / bare, ...atLeast(0.4) }];
}

// ---- starting ----

async function startFirstPage() {
  const site = makeSite('start-site');
  await (await serve(site)).stop(); // the forms are published once
  const times = [];
  for (let i = 0; i < 7; i += 1) {
    const begun = performance.now();
    const child = spawn(join(build, 'tenon'), ['serve', '--announce',
      '--listen', '127.0.0.1:0', site], { stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TENON_SHARE: join(build, 'share/tenon') } });
    const [said] = await once(child.stdout, 'data');
    const answer = await fetch(`${String(said).split('\n')[0]}/sign-in`);
    await answer.text();
    times.push(performance.now() - begun);
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  return [{ name: 'start.first_page', value: round(median(times)), unit: 'ms',
    goal: (row) => row.value < 300, goalText: '< 300 ms' }];
}

async function memoryIdle() {
  const site = makeSite('memory-site');
  const listed = tenonRun('plugin', 'list', site).out;
  for (const module of ['crm', 'survey']) // one in C, one in Lua
    if (!new RegExp(`^${module}\\s+\\S+\\s+on\\b`, 'm').test(listed))
      throw new Error(`the module ${module} is not on:\n${listed}`);
  const served = await serve(site);
  await served.whole();
  const person = await Person.signIn(served, 'li.na');
  for (let i = 0; i < PAGES; i += 1)
    await Promise.all(['/', '/records/crm.customer', '/m/crm', '/m/survey']
      .map((path) => person.get(path)));
  await sleep(3000);
  const pids = tree(served.pid);
  const all = pss(pids);
  await served.stop();
  return [{ name: 'memory.idle', value: round(all, 1), unit: 'MB PSS',
    goal: (row) => row.value < 60, goalText: `< 60 MB, ${pids.length} processes`,
  }];
}

// ---- run.fresh ----

// Megabytes that `./run` would download on a machine that has only Debian's
// base: what apt would fetch for both together less what it would for the
// base, each asked with an empty status, so that nothing counts as installed.
function installMegabytes() {
  const status = join(folder, 'status');
  writeFileSync(status, '');
  const lines = (file, args) => run(file, args).trim().split('\n');
  const base = ['apt', ...lines('dpkg-query', ['-Wf',
    '${Package} ${Priority} ${Essential}\n'])
    .filter((line) => / required | yes$/.test(line))
    .map((line) => line.split(' ')[0])];
  const wanted = readFileSync(`${root}tools/needs`, 'utf8').split('\n')
    .filter((line) => line.startsWith('run '))
    .map((line) => line.trim().split(/\s+/).at(-1));
  const size = (packages) => lines('apt-get', ['-o',
    `Dir::State::status=${status}`, '-o', 'Debug::NoLocking=1', 'install',
    '--print-uris', '-qq', '--no-install-recommends', ...new Set(packages)])
    .reduce((sum, line) => {
      const match = /^'[^']*' \S+ (\d+)/.exec(line);
      return sum + (match ? Number(match[1]) : 0);
    }, 0);
  return (size([...base, ...wanted]) - size(base)) / 1e6;
}

function giveTo(path, uid, gid) {
  chownSync(path, uid, gid);
  if (lstatSync(path).isDirectory())
    for (const entry of readdirSync(path)) {
      const inside = join(path, entry);
      if (!lstatSync(inside).isSymbolicLink()) giveTo(inside, uid, gid);
    }
}

async function runFresh() {
  const megabytes = installMegabytes();
  const clone = join(folder, 'fresh');
  rmSync(clone, { recursive: true, force: true });
  const begun = performance.now();
  run('git', ['clone', '-q', '--depth', '1', `file://${root}`, clone]);
  if (process.getuid() === 0) {
    // As root in another's clone: built and served as its owner, so that no
    // folder of this machine but the clone is touched.
    chmodSync(clone, 0o755);
    giveTo(clone, 65534, 65534);
  }
  const child = spawn('./run', ['--listen', '127.0.0.1:0'], { cwd: clone,
    stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '', over = false;
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  child.on('exit', () => { over = true; });
  const url = () => /http:\/\/[\w.:[\]]+/.exec(said)?.[0];
  await until(() => url() || over, 'the fresh clone', 600000);
  if (!url()) throw new Error(`./run ended: ${said.slice(-2000)}`);
  const answer = await fetch(`${url()}/sign-in`);
  await answer.text();
  const seconds = (performance.now() - begun) / 1000;
  process.kill(-child.pid, 'SIGTERM');
  await until(() => over, 'its end', 30000);
  rmSync(clone, { recursive: true, force: true });
  return [
    { name: 'run.fresh', value: round(seconds, 1), unit: 's',
      goal: (row) => row.value < 90, goalText: '< 90 s' },
    { name: 'run.fresh.download', value: round(megabytes, 1), unit: 'MB',
      goal: (row) => row.value <= 115, goalText: '<= 115 MB' },
  ];
}

export const figures = [
  { name: 'front.hello', measure: frontHello },
  { name: 'list.page', measure: listPage },
  { name: 'record.create', measure: recordCreate },
  { name: 'flow.step', measure: flowStep },
  ...sdkFigures({ makeSite, serve }),
  ...importFigures({ makeSite, serve }),
  ...hostFigures({ serve }),
  ...jobFigures({ makeSite, serve }),
  ...migrateFigures({ makeSite, fillOrders }),
  ...searchFigures({ makeSite, serve, sql, fillOrders }),
  ...storeFigures({ makeSite, serve, traceOf, bareRows, order, fillOrders,
    client: importClients, importing: importTable }),
  ...pgFigures({ makeSite, serve, fillOrders }),
  ...crmFigures({ makeSite, serve, bareStatements }),
  ...backupFigures({ makeSite, serve, sql, fillOrders }),
  { name: 'start.first_page', measure: startFirstPage },
  { name: 'memory.idle', measure: memoryIdle },
  { name: 'run.fresh', measure: runFresh },
];

mkdirSync(folder, { recursive: true });
