// postgres.mjs - a PostgreSQL server for tests: Debian's, in a temporary
// folder, on a socket there, by an account without rights (it refuses root).
//
//   const server = await startPostgres();
//   server.url, server.admin(sql), server.database(name)
//   await server.stop();   await server.kill();   await server.start();
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, readFileSync, rmSync }
  from 'node:fs';
import { join } from 'node:path';

export const programs = '/usr/lib/postgresql/15/bin';
const NOBODY = 65534;
// A socket's path may have 107 bytes: not below a deep build folder.
const base = '/tmp';

function unprivileged(program, ...words) {
  return process.getuid() === 0
    ? ['setpriv', ['--reuid', String(NOBODY), '--regid', String(NOBODY),
      '--clear-groups', program, ...words]]
    : [program, words];
}

function execute(program, ...words) {
  const [command, rest] = unprivileged(join(programs, program), ...words);
  const result = spawnSync(command, rest, { encoding: 'utf8', cwd: base });
  if (result.status !== 0)
    throw new Error(`${program}: ${result.stderr}${result.stdout}`);
  return result.stdout;
}

class Postgres {
  constructor(folder) {
    this.folder = folder;
    this.data = join(folder, 'data');
    this.port = 5432;
  }

  make(encoding) {
    execute('initdb', '-D', this.data, '-U', 'tenon', '-A', 'trust', '-E',
      encoding, encoding === 'UTF8' ? '--locale=C.UTF-8' : '--locale=C',
      '--no-sync', '--no-instructions');
  }

  get url() { return this.database('tenon'); }
  database(name) {
    return `postgresql://tenon@/${name}?host=${this.folder}` +
      (this.port === 5432 ? '' : `&port=${this.port}`);
  }

  configure(settings) {
    appendFileSync(join(this.data, 'postgresql.conf'), Object.entries(settings)
      .map(([name, value]) => `${name} = '${value}'\n`).join(''));
  }

  // The server's own process: stopped and killed without pg_ctl's help.
  async start() {
    const [command, words] = unprivileged(join(programs, 'postgres'), '-D',
      this.data);
    this.child = spawn(command, words, { cwd: base, detached: true,
      stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.unref();
    this.said = '';
    this.child.stderr.on('data', (data) => {
      this.said = (this.said + data).slice(-65536);
    });
    this.child.stderr.unref?.();
    this.ended = new Promise((done) => this.child.on('exit', done));
    for (let i = 0; i < 600; i++) {
      if (this.child.exitCode !== null)
        throw new Error(`postgres ended: ${this.said}`);
      const ready = spawnSync(join(programs, 'pg_isready'), ['-q', '-h',
        this.folder, '-p', String(this.port)]);
      if (ready.status === 0) return this;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`postgres does not start: ${this.said}`);
  }

  admin(sql, database = 'postgres') {
    const result = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v',
      'ON_ERROR_STOP=1', '-h', this.folder, '-p', String(this.port), '-U',
      'tenon', '-d', database,
      '-c', sql], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`psql: ${result.stderr}`);
    return result.stdout.trim();
  }

  async stop(signal = 'SIGINT') { // the fast shutdown
    if (this.child?.exitCode === null && this.child.signalCode === null)
      process.kill(this.child.pid, signal);
    this.child?.ref(); // else nothing may be left to wait for
    await this.ended;
  }

  // Every process of it at once, as the kernel's out-of-memory killer does.
  async kill() {
    const head = readFileSync(join(this.data, 'postmaster.pid'), 'utf8');
    const pid = Number(head.split('\n')[0]);
    const children = spawnSync('pgrep', ['-P', String(pid)], {
      encoding: 'utf8' }).stdout.split('\n').filter(Boolean).map(Number);
    for (const one of [pid, ...children])
      try { process.kill(one, 'SIGKILL'); } catch { /* gone */ }
    await this.ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// `settings` of postgresql.conf; without durability unless they ask for it.
export async function startPostgres(settings = {}, { encoding = 'UTF8' } = {}) {
  const server = new Postgres(ownFolder());
  const { folder } = server;
  server.make(encoding);
  server.port = Number(settings.port || 5432);
  server.configure({ listen_addresses: '', unix_socket_directories: folder,
    max_connections: 300, log_min_messages: 'fatal',
    // Nothing of it outlives the tests.
    ...(settings.fsync === 'on' ? {} : { fsync: 'off',
      synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }),
    ...settings });
  leave(server);
  await server.start();
  server.admin('CREATE DATABASE tenon');
  return server;
}

function ownFolder() {
  const folder = mkdtempSync(join(base, 'tenon-pg-'));
  if (process.getuid() === 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

function leave(server) {
  process.on('exit', () => {
    try { process.kill(server.child.pid, 'SIGQUIT'); } catch { /* gone */ }
    rmSync(server.folder, { recursive: true, force: true });
  });
}

// A replica that streams from `primary`.
export async function startReplica(primary, settings = {}) {
  const server = new Postgres(ownFolder());
  execute('pg_basebackup', '-D', server.data, '-h', primary.folder, '-p',
    String(primary.port), '-U', 'tenon', '-R', '-c', 'fast', '--no-sync');
  server.configure({ unix_socket_directories: server.folder, ...settings });
  leave(server);
  return server.start();
}
