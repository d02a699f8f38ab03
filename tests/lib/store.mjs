// store.mjs - where the sites of tests have their rows.
//
// Nothing set: in the embedded file of each site. TENON_TEST_STORE names a
// PostgreSQL database ("postgresql://user@/name?host=/folder"): each site then
// gets a database of its own beside it, gone when the tests end. Tests ask and
// change rows through `sql` and `rows`, and do not know which it is.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './postgres.mjs';

export const shared = process.env.TENON_TEST_STORE || '';
export const onPostgresql = shared !== '';

// Debian's psql is a script that looks for the one to run.
if (onPostgresql) process.env.PATH = `${programs}:${process.env.PATH}`;

const databases = new Set();
let number = 0;

function psql(url, ...words) {
  const result = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v',
    'ON_ERROR_STOP=1', '-d', url, ...words], { encoding: 'utf8',
    maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`psql: ${result.stderr}`);
  return result.stdout;
}

const beside = (name) =>
  shared.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);

// A database of its own, a copy of another where one is named; its address.
export function newDatabase(template = 'template0') {
  const name = `tenon_${process.pid}_${++number}`;
  psql(shared, '-c', `CREATE DATABASE ${name} TEMPLATE ${template} ` +
    `ENCODING 'UTF8' STRATEGY FILE_COPY`);
  databases.add(name);
  return beside(name);
}

export const keepDatabase = (url) => databases.delete(nameOf(url));

export const nameOf = (url) => /^\w+:\/\/[^/]*\/([^?]*)/.exec(url)[1];

process.on('exit', () => {
  for (const name of databases)
    try {
      psql(shared, '-c', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    } catch { /* the server went first */ }
});

// What tells one server from the next at the same address.
let mark;
export function storeMark() {
  if (!onPostgresql) return 'sqlite';
  mark ||= createHash('sha256').update(shared + psql(shared, '-c',
    'SELECT system_identifier FROM pg_control_system()')).digest('hex');
  return mark.slice(0, 12);
}

// The address in a site's tenon.cfg; '' where its rows are in the folder.
export function addressOf(folder) {
  const text = readFileSync(join(folder, 'tenon.cfg'), 'utf8');
  return /^\s*url = "(postgresql:[^"]*)";/m.exec(text)?.[1] || '';
}

// A copied folder gets a copy of the database too.
export function copyDatabase(folder) {
  const path = join(folder, 'tenon.cfg');
  const from = existsSync(path) ? addressOf(folder) : '';
  if (!from) return;
  const to = newDatabase(nameOf(from));
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}

function sqlite(folder, mode, text) {
  const result = spawnSync('sqlite3', [mode, '-cmd', '.timeout 10000',
    join(folder, 'tenon.db'), text], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`sqlite3: ${result.stderr}`);
  return result.stdout;
}

// Runs statements on a site's store; what they give, a line a row, columns
// parted by "|".
export function sql(site, text) {
  const folder = site.folder || site;
  const url = addressOf(folder);
  return (url ? psql(url, '-c', text) : sqlite(folder, '-list', text)).trim();
}

// The rows of one SELECT as objects; ids have 63 bits and stay texts.
export function rows(site, text) {
  const folder = site.folder || site;
  const url = addressOf(folder);
  const said = url
    ? psql(url, '-c', `SELECT coalesce(json_agg(t), '[]') FROM (${text}) t`)
    : sqlite(folder, '-json', text) || '[]';
  return JSON.parse(said.replace(/:\s*(-?\d{16,})(?=\s*[,}])/g, ':"$1"'));
}

// The names of all tables.
export function tables(site) {
  const folder = site.folder || site;
  return rows(folder, addressOf(folder)
    ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    : "SELECT name FROM sqlite_schema WHERE type = 'table' AND " +
      "name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    .map((row) => row.name);
}
