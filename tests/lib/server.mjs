// server.mjs - sites for tests: made in a temporary folder, served on a free
// port, stopped and removed afterwards; and a client that sends raw bytes.
//
//   const site = await demoSite();           the demo company
//   const site = await newSite();            an empty site
//   const site = await stubSite({ … });      the front with worker_stub.c
//   site.url, site.port, site.folder, site.log(), site.control({ do: … })
//   await site.stop();
// site.logFile, set before the start: the log goes there, not into site.log().
// site.under, likewise: the words of a program that starts tenon by exec.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync,
  readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addressOf, copyDatabase, keepDatabase, newDatabase, onPostgresql, sql,
  storeMark } from './store.mjs';

export const root = new URL('../..', import.meta.url).pathname;
export const build = resolve(process.env.TENON_BUILD || join(root,
  'build/release'));
export const tenon = join(build, 'tenon');
export const slow = Number(process.env.TENON_SLOW || 1);
export const long = !!process.env.TENON_LONG;
const environment = { ...process.env, TENON_SHARE: process.env.TENON_SHARE ||
  join(build, 'share/tenon') };

const running = new Set();
const folders = new Set();
const sites = new Set();
process.on('exit', (code) => {
  for (const child of running) child.kill('SIGKILL');
  // Why a site answered as it did: with the test's output, where it failed.
  for (const site of code ? sites : [])
    for (const line of site.log()
      .filter(({ level }) => /warn|error/.test(level)).slice(-40))
      console.log(`# log ${JSON.stringify(line)}`);
  // Workers may still be on their way out, and write: what is left then is no
  // fault of what was tested.
  for (const folder of folders)
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10,
        retryDelay: 50 });
    } catch (error) {
      console.error(`left behind: ${error.message}`);
    }
});

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits until check() gives something true; says what it waited for.
export async function until(check, what = 'it', ms = 10000) {
  const end = Date.now() + ms * slow;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end)
      throw new Error(`waited in vain for ${
        typeof what === 'function' ? what() : what}`);
    await sleep(20);
  }
}

// A folder of its own, gone when the tests end. Not on a tmpfs where that can
// be helped: O_TMPFILE and fsync shall be the real ones.
export function temporaryFolder(name = 'site') {
  const base = process.env.TENON_TMP || join(build, 'tmp');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, `${name}-`));
  folders.add(folder);
  return folder;
}

// `tenon WORDS…`: { code, out, err }.
export function run(...words) {
  const result = spawnSync(tenon, words, { encoding: 'utf8',
    env: environment, timeout: 120000 * slow });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

// The same beside servers of this process, which a spawnSync would stop.
export function runBeside(...words) {
  return new Promise((done) => execFile(tenon, words, { encoding: 'utf8',
    env: environment, timeout: 120000 * slow }, (error, out, err) =>
    done({ code: error ? error.code ?? error.signal : 0, out, err })));
}

function value(setting) {
  if (Array.isArray(setting)) return `( ${setting.map(value).join(', ')} )`;
  if (typeof setting === 'object')
    return `{ ${Object.entries(setting).map(([name, one]) =>
      `${name} = ${value(one)};`).join(' ')} }`;
  return typeof setting === 'string' ? JSON.stringify(setting)
    : typeof setting === 'number' && Math.abs(setting) > 2147483647
      ? `${setting}L` : String(setting);
}

// Adds settings to SITE/tenon.cfg; those that stand there already go, and
// null adds none.
export function configure(folder, settings) {
  const path = join(folder, 'tenon.cfg');
  let text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  for (const [name, setting] of Object.entries(settings)) {
    text = text.replace(new RegExp(`^${name}\\s*=\\s*(\\{[^}]*\\}|[^;]*);`, 'm'),
      '');
    if (setting !== null) text += `${name} = ${value(setting)};\n`;
  }
  writeFileSync(path, text);
}

export class Site {
  constructor(folder, words, extra = {}) {
    this.folder = folder;
    this.words = words;
    this.extra = extra;
    this.text = '';
    sites.add(this);
  }

  // Serves; resolves when the first page worker is ready.
  async start() {
    const [program, ...words] = [...this.under || [], tenon, 'serve',
      '--announce', '--listen', this.listen || '127.0.0.1:0', ...this.words,
      this.folder];
    const child = spawn(program, words, {
      env: { ...environment, ...this.extra }, stdio: ['ignore', 'pipe',
        this.logFile ? openSync(this.logFile, 'a') : 'pipe'],
    });
    running.add(child);
    this.child = child;
    this.ended = new Promise((done) => {
      child.on('exit', (code, signal) => {
        running.delete(child);
        done({ code, signal });
      });
    });
    child.stderr?.on('data', (data) => { this.text += data; });
    let said = '';
    child.stdout.on('data', (data) => { said += data; });
    let over = null;
    this.ended.then((result) => { over = result; });
    await until(() => said.includes('\n') || over, 'the service', 20000);
    if (over && !said.includes('\n'))
      throw new Error(`serve ended: ${JSON.stringify(over)}\n${this.text}`);
    this.url = said.split('\n')[0];
    this.port = Number(new URL(this.url).port);
    return this;
  }

  get pid() { return this.child.pid; }

  // Waits until every seat has a ready worker.
  async whole() {
    return until(async () => {
      const status = await this.control({ do: 'status' });
      return status.state === 'ready' &&
        status.workers.length === status.seats &&
        status.workers.every((w) => w.state === 'idle' && !w.retiring) &&
        status;
    }, 'all workers', 20000);
  }

  // The log as objects; of one event where named.
  log(event) {
    const lines = this.text.split('\n').filter((line) => line.startsWith('{'))
      .flatMap((line) => {
        try { return [JSON.parse(line)]; } catch { return []; }
      });
    return event ? lines.filter((line) => line.event === event) : lines;
  }

  // A command over run/control.sock.
  control(command) {
    return new Promise((done, failed) => {
      const path = join(this.folder, 'run/control.sock');
      const socket = connect(path.length < 100 ? path
        : `/proc/${process.pid}/cwd/${path}`);
      let text = '';
      socket.setTimeout(20000 * slow, () => socket.destroy(
        new Error('the control socket is silent')));
      socket.on('error', failed);
      socket.on('data', (data) => {
        text += data;
        if (!text.endsWith('\n')) return;
        socket.end();
        done(JSON.parse(text));
      });
      socket.write(`${JSON.stringify(command)}\n`);
    });
  }

  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null)
      this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 40000 * slow);
    const result = await this.ended;
    clearTimeout(timer);
    return result;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }
}

function made(kind, words) {
  const folder = join(temporaryFolder(kind), 'site');
  const store = onPostgresql ? ['--store', newDatabase()] : [];
  const result = run('init', ...store, ...words, folder);
  if (result.code !== 0)
    throw new Error(`tenon init: ${result.err}${result.out}`);
  return folder;
}

// The newest change below a folder, or of a file.
function changed(path) {
  const facts = statSync(path);
  return facts.isDirectory()
    ? Math.max(...readdirSync(path).map((name) => changed(join(path, name))), 0)
    : facts.mtimeMs;
}

// Lets a new site do what it would do in its first seconds: thousands of
// events are delivered, the trail is sealed, the search index is filled. Once
// here, and not again in each copy.
function settle(folder) {
  const child = spawn(tenon, ['serve', '--listen', '127.0.0.1:0', folder],
    { env: environment, stdio: 'ignore' });
  running.add(child);
  const waiting = () => ['SELECT count(*) FROM event_outbox',
    'SELECT count(*) FROM audit_entry WHERE seal IS NULL',
    'SELECT count(*) FROM search_form WHERE cursor <> 0']
    .some((question) => sql(folder, question) !== '0');
  for (let tries = 0; tries < 300 * slow && waiting(); tries++)
    spawnSync('sleep', ['0.2']);
  child.kill('SIGTERM');
  // Nobody has collected it yet: it stays as a zombie.
  const state = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  for (let tries = 0; tries < 200 && !state().includes(') Z '); tries++)
    spawnSync('sleep', ['0.05']);
  running.delete(child);
}

// The demo company as this build makes it today: made by the first test file
// that asks, for all of them.
function demoOriginal() {
  const home = join(build, `test-demo-${storeMark()}`);
  const now = new Date();
  const key = [now.getMonth() + 1, now.getDate(), Math.round(Math.max(
    changed(tenon), changed(environment.TENON_SHARE)))].join('-');
  const folder = join(home, key, 'site');
  if (existsSync(folder)) return folder;
  const fresh = made('demo-original', ['--demo']);
  settle(fresh);
  const partial = join(home, `partial-${process.pid}`);
  for (const name of existsSync(home) ? readdirSync(home) : [])
    if (name !== key && !name.startsWith('partial-'))
      rmSync(join(home, name), { recursive: true, force: true });
  cpSync(fresh, join(partial, 'site'), { recursive: true });
  if (onPostgresql) keepDatabase(addressOf(fresh));
  try {
    renameSync(partial, join(home, key));
  } catch { // another file was faster
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

// Fewer workers than a server on PostgreSQL has: each test waits for them.
const usual = onPostgresql ? { page_workers: 4 } : {};

let demo;
// A folder with the demo company, a copy of its own; not served yet.
export function demoFolder(settings = {}) {
  demo ||= demoOriginal();
  const folder = join(temporaryFolder('demo'), 'site');
  cpSync(demo, folder, { recursive: true });
  copyDatabase(folder);
  configure(folder, { ...usual, ...settings });
  return folder;
}

// The demo company, a copy of its own.
export async function demoSite(settings = {}, extra = {}) {
  return new Site(demoFolder(settings), [], extra).start();
}

// A site with nothing in it but what `tenon init` makes.
export async function newSite(settings = {}, extra = {}) {
  const folder = made('new', []);
  configure(folder, { ...usual, ...settings });
  return new Site(folder, [], extra).start();
}

// The front alone, with the workers of tests/faults/worker_stub.c. `prepare`
// gets the folder before the start, `before` the Site.
export async function stubSite(settings = {}, { prepare, extra, before } = {}) {
  const folder = temporaryFolder('stub');
  mkdirSync(join(folder, 'themes/web'), { recursive: true });
  configure(folder, { listen: '127.0.0.1:0', ...settings });
  if (prepare) prepare(folder);
  const site = new Site(folder, ['--worker-program', join(build,
    'worker_stub')], extra);
  if (before) before(site);
  return site.start();
}

// Sends bytes, reads until the end or `ms` of silence; { text, closed }.
export function raw(site, bytes, { ms = 700, pieces = false, end = false } = {}) {
  return new Promise((done) => {
    const socket = connect({ port: site.port, host: '127.0.0.1',
      allowHalfOpen: true });
    const parts = [];
    // What is slow is the first answer; the next ones follow at once, unless
    // the caller knows better.
    const silence = () => !parts.length || ms > 700 ? ms * slow
      : Math.min(ms, 300 + 100 * slow);
    let timer, closed = false;
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      done({ text: Buffer.concat(parts).toString('latin1'), closed });
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(finish, silence());
    };
    socket.setNoDelay(true);
    socket.on('data', (data) => { parts.push(data); wait(); });
    socket.on('end', () => { closed = true; finish(); });
    socket.on('error', () => { closed = true; finish(); });
    socket.on('connect', async () => {
      wait();
      const data = Buffer.from(bytes, 'latin1');
      if (!pieces) {
        socket.write(data);
      } else {
        for (const byte of data) {
          socket.write(Buffer.from([byte]));
          await new Promise((go) => setImmediate(go));
          wait();
        }
      }
      if (end) socket.end();
    });
  });
}

// The status codes of all answers in a raw text.
export function statuses(text) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1]));
}

// Splits one raw answer: { status, headers, body }.
export function answer(text) {
  const split = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, split).split('\r\n');
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = (name in headers ? `${headers[name]}, ` : '') +
      line.slice(colon + 1).trim();
  }
  return { status: Number(first.split(' ')[1]), headers,
    body: text.slice(split + 4) };
}

export function processExists(pid) {
  try { process.kill(pid, 0); return true; } catch { return false; }
}
