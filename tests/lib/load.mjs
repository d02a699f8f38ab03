// load.mjs - many clients that work at a site while something fails, remember
// every acknowledgement and everything they have read, and the checks of what
// always holds afterwards: nothing acknowledged or read is lost, nothing is
// half, processes are in legal states, the audit chain verifies, everything
// was told at least once, and nothing of what was rolled back.
//
//   const place = loadSite();           a small site of its own, { folder, … }
//   const load = new Load(place, site); load.start();
//   await load.stop();
//   verify(place, load)                 the site is stopped; → what is wrong
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { build, configure, root, run, sleep, temporaryFolder, tenon }
  from './server.mjs';
import { addressOf, copyDatabase, keepDatabase, newDatabase, onPostgresql,
  sql as ask, storeMark } from './store.mjs';

const program = onPostgresql ? 'psql' : 'sqlite3';
export const lacking = spawnSync(program, ['--version']).error &&
  `${program}, the command, is missing`;

// The message of an assertion about what was saved: a machine that is slow
// may fail a test, but it loses nothing. tools/check.mjs knows these words, and
// does not try again a file that says them.
export const notAgain = (what) => `Not tried again: ${what}`;

// ---- the site ----

const source = join(root, 'tests/faults/load');

function must(...words) {
  const result = run(...words);
  if (result.code !== 0)
    throw new Error(`tenon ${words.join(' ')}: ${result.err}${result.out}`);
  return result.out.trim();
}

function makeTemplate(home) {
  const folder = join(home, 'site');
  must('init', ...(onPostgresql ? ['--store', newDatabase()] : []), folder);
  for (const part of ['forms', 'flows'])
    cpSync(join(source, part), join(folder, part), { recursive: true });
  must('plugin', 'install', folder, join(source, 'told'));
  must('plugin', 'enable', folder, 'told');
  const tokens = {};
  for (const login of ['ann', 'bob', 'cat']) {
    must('user', 'add', login, '--site', folder, '--link',
      ...(login === 'bob' ? ['--role', 'administrators'] : []));
    tokens[login] = must('user', 'token', login, '--site', folder,
      '--scopes', 'read,write,export');
  }
  rmSync(join(folder, 'run/ballast'), { force: true });
  if (onPostgresql) keepDatabase(addressOf(folder));
  writeFileSync(join(home, 'tokens.json'), JSON.stringify(tokens));
}

// Made once for a build, copied by each who asks.
export function loadSite(settings = {}) {
  const homes = join(build, `test-load-${storeMark()}`);
  const home = join(homes, String(Math.round(statSync(tenon).mtimeMs)));
  if (!existsSync(home)) {
    const partial = join(homes, `partial-${process.pid}`);
    rmSync(partial, { recursive: true, force: true });
    cpSync(source, join(partial, 'source'), { recursive: true });
    makeTemplate(partial);
    try {
      renameSync(partial, home);
    } catch { // another file was faster
      rmSync(partial, { recursive: true, force: true });
    }
  }
  const folder = join(temporaryFolder('load'), 'site');
  cpSync(join(home, 'site'), folder, { recursive: true });
  copyDatabase(folder);
  configure(folder, { connections_per_address: 1000, ...settings });
  return { folder, next: 1,
    tokens: JSON.parse(readFileSync(join(home, 'tokens.json'), 'utf8')) };
}

export function sql(folder, text) {
  if (addressOf(folder))
    return ask(folder, text).split('\n').filter(Boolean);
  const result = spawnSync('sqlite3', ['-readonly', '-cmd', '.timeout 5000',
    join(folder, 'tenon.db'), text], { encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024 });
  if (result.status !== 0) throw new Error(`sqlite3: ${result.stderr}`);
  return result.stdout.split('\n').filter(Boolean);
}

// ---- the clients ----

const PEOPLE = 32;

export class Load {
  // place: of loadSite; its numbers go on from one load to the next.
  constructor(place, site, { clients = PEOPLE } = {}) {
    Object.assign(this, { place, site, clients });
    this.agent = new Agent({ keepAlive: true, maxSockets: clients });
    this.notes = new Map(); // number → id, acknowledged
    this.wishes = new Map();
    this.decided = new Set(); // tasks
    this.jobs = new Set();
    this.seen = new Map(); // id → number, of notes that were read
    this.seenTasks = new Set();
    this.failed = []; // { at, what }
    this.answers = []; // moments of good ones
    this.open = { bob: [], cat: [] };
    this.last = '';
  }

  get acknowledged() {
    return this.notes.size + this.wishes.size + this.decided.size +
      this.jobs.size;
  }

  // One request; null where there was no good answer.
  call(who, method, path, body, headers = {}) {
    const text = body === undefined ? undefined
      : typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((done) => {
      const fail = (what) => {
        if (!this.over) this.failed.push({ at: performance.now(), what });
        done(null);
      };
      const sent = request(new URL(path, this.site.url), { method,
        agent: this.agent, timeout: 20000, headers: {
          authorization: `Bearer ${this.place.tokens[who]}`,
          ...(text === undefined ? {} : { 'content-type': 'application/json',
            'content-length': Buffer.byteLength(text) }), ...headers } },
      (answer) => {
        const parts = [];
        answer.on('data', (data) => parts.push(data));
        answer.on('error', () => fail('cut'));
        answer.on('aborted', () => fail('cut'));
        answer.on('end', () => {
          const said = Buffer.concat(parts).toString();
          if (answer.statusCode >= 300) {
            fail(`${answer.statusCode} ${method} ${path}`);
            this.last = said;
            return;
          }
          this.answers.push(performance.now());
          try { done(JSON.parse(said)); } catch { done({}); }
        });
      });
      sent.on('timeout', () => sent.destroy(new Error('silence')));
      sent.on('error', (error) => fail(error.code || error.message));
      sent.end(text);
    });
  }

  async note() {
    const number = this.place.next++;
    const values = { number, text: `Note ${number} of somebody` };
    if (number % 16 === 0) {
      const file = await this.call('ann', 'POST', '/api/v1/files',
        `--x\r\ncontent-disposition: form-data; name="file"; filename="${
          number}.txt"\r\ncontent-type: text/plain\r\n\r\nPaper ${
          number}\r\n--x--\r\n`,
        { 'content-type': 'multipart/form-data; boundary=x' });
      if (!file) return;
      values.paper = [file.id];
    }
    const made = await this.call('ann', 'POST', '/api/v1/records/note',
      { values }, { 'idempotency-key': `note-${number}` });
    if (made) this.notes.set(number, made.id);
  }

  async wish() {
    const number = this.place.next++;
    const made = await this.call('ann', 'POST', '/api/v1/records/wish',
      { values: { number, text: `Wish ${number}` } },
      { 'idempotency-key': `wish-${number}` });
    if (made) this.wishes.set(number, made.id);
  }

  async decide(who) {
    const open = this.open[who];
    if (!open.length) {
      const list = await this.call(who, 'GET',
        '/api/v1/tasks?box=to_do&limit=40');
      for (const task of list?.tasks || []) {
        this.seenTasks.add(task.id);
        if (!this.decided.has(task.id) && !open.includes(task.id))
          open.push(task.id);
      }
    }
    const task = open.pop();
    if (!task) return;
    const made = await this.call(who, 'POST', `/api/v1/tasks/${task}/decision`,
      { decision: 'approve' }, { 'idempotency-key': `task-${task}` });
    if (made) this.decided.add(task);
  }

  async read() {
    const list = await this.call('ann', 'GET',
      '/api/v1/records/note?limit=30&sort=-number');
    for (const one of list?.records || [])
      this.seen.set(one.id, one.values.number);
  }

  async job() {
    const made = await this.call('bob', 'POST', '/api/v1/exports',
      { form: 'note', format: 'csv' });
    if (made) this.jobs.add(made.job || made.id);
  }

  async client(index) {
    for (let i = index; !this.over; i += 1) {
      const before = this.failed.length;
      if (i % 200 === 150) await this.job();
      else if (i % 8 === 3) await this.read();
      else if (i % 8 === 5) await this.wish();
      else if (i % 8 === 6) await this.decide('bob');
      else if (i % 8 === 7) await this.decide('cat');
      else await this.note();
      if (this.failed.length > before) await sleep(10);
    }
  }

  start() {
    this.begun = performance.now();
    this.running = Array.from({ length: this.clients }, (_, i) =>
      this.client(i * 7));
    return this;
  }

  async stop() {
    this.over = true;
    await Promise.all(this.running);
    this.agent.destroy();
  }

  // The longest time without a good answer, in ms.
  outage() {
    let longest = 0;
    this.answers.sort((a, b) => a - b);
    for (let i = 1; i < this.answers.length; i += 1)
      longest = Math.max(longest, this.answers[i] - this.answers[i - 1]);
    return longest;
  }
}

// ---- what always holds ----

const numbersOf = (folder, table) =>
  new Map(sql(folder, `SELECT f_number, id FROM ${table}`)
    .map((line) => line.split('|')).map(([number, id]) =>
      [Number(number), id]));

// The site is stopped. `loads`: all that worked at it since it was new.
// Returns { lost, half, wrong }: numbers, and sentences.
export function verify(place, loads) {
  const { folder } = place;
  const wrong = [];
  const [notes, wishes, told] = ['r_note', 'r_wish', 'r_told_line'].map((t) =>
    numbersOf(folder, t));
  const noteIds = new Set(notes.values());
  const tasks = new Map(sql(folder, 'SELECT id, state FROM flow_task')
    .map((line) => line.split('|')));
  const jobs = new Set(sql(folder, 'SELECT job FROM event_progress'));
  let lost = 0;
  const miss = (what) => {
    lost += 1;
    if (wrong.length < 20) wrong.push(what);
  };
  for (const load of loads) {
    for (const [number, id] of load.notes)
      if (notes.get(number) !== id) miss(`note ${number}`);
    for (const [number, id] of load.wishes)
      if (wishes.get(number) !== id) miss(`wish ${number}`);
    for (const id of load.decided)
      if ((tasks.get(id) || 'active') === 'active') miss(`decision ${id}`);
    for (const id of load.jobs)
      if (!jobs.has(id)) miss(`job ${id}`);
    for (const [id, number] of load.seen)
      if (!noteIds.has(id)) miss(`note ${number} that was read`);
    for (const id of load.seenTasks)
      if (!tasks.has(id)) miss(`task ${id} that was read`);
  }
  const halves = [
    ['a wish without a process', 'SELECT count(*) FROM r_wish WHERE NOT ' +
      'EXISTS (SELECT 1 FROM flow_instance WHERE record = r_wish.id)'],
    ['a process that stands still', 'SELECT count(*) FROM flow_instance ' +
      "WHERE (state = 'running') <> (1 = (SELECT count(*) FROM flow_task " +
      "WHERE instance = flow_instance.id AND state = 'active'))"],
    ['a note twice', 'SELECT count(*) - count(DISTINCT f_number) FROM r_note'],
    ['a note without its trail', 'SELECT count(*) FROM r_note WHERE NOT ' +
      "EXISTS (SELECT 1 FROM audit_entry WHERE subject = 'record:note' AND " +
      'subject_id = r_note.id)'],
  ];
  let half = 0;
  for (const [what, query] of halves) {
    const count = Number(sql(folder, query)[0]);
    if (count) wrong.push(`${what}: ${count}`);
    half += count;
  }
  for (const number of told.keys())
    if (!notes.has(number)) wrong.push(`told of ${number}, which is not there`);
  if (Number(sql(folder, 'SELECT count(*) FROM event_outbox')[0]) === 0)
    for (const number of notes.keys())
      if (!told.has(number)) miss(`nobody was told of note ${number}`);
  const doctor = run('doctor', '--verify', folder);
  if (doctor.code !== 0)
    wrong.push(`doctor: ${doctor.out.split('\n').filter((line) =>
      !line.startsWith('ok')).join(' ')}${doctor.err}`);
  return { lost, half, wrong };
}

// Waits until everything has been told, or for `ms`. Who is killed three times
// in a minute while the module works, or once while it is loaded, has it put in
// quarantine (F14): what it is to be told is held until it is let start again.
export async function toldAll(place, ms) {
  const end = Date.now() + ms;
  if (existsSync(join(place.folder, 'run/quarantine/told.json')))
    must('plugin', 'release', place.folder, 'told');
  while (Date.now() < end) {
    if (Number(sql(place.folder,
      'SELECT count(*) FROM event_outbox')[0]) === 0) return true;
    await sleep(30);
  }
  return false;
}

// One line of the table that a long run leaves. outage: the longest time
// without a good answer while the service ran; restart: until it served again
// where all of it had died.
export class Table {
  constructor(name) {
    Object.assign(this, { name, repetitions: 0, acknowledged: 0, lost: 0,
      half: 0, blamed: 0, outage: 0, restart: 0 });
  }

  toString() {
    return `| ${[this.name, this.repetitions, this.acknowledged, this.lost,
      this.half, this.blamed, `${Math.round(this.outage)} ms`,
      `${Math.round(this.restart)} ms`].join(' | ')} |`;
  }

  print() {
    console.log('| fault | repetitions | acknowledged | lost | half | ' +
      'blamed | longest outage beside a running service | ' +
      `longest until it serves after a whole restart |\n${this}`);
  }
}
