// pg.mjs - store.pg: saving on PostgreSQL, against pgbench with a script that
// writes the same rows by as many clients.
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../lib/postgres.mjs';
import { configure, run as tenonRun, until } from '../lib/server.mjs';
import { folder, run, wrk } from './lib.mjs';
import { importClients, importTable } from './import.mjs';
import { Person } from './person.mjs';
import { saving } from './store.mjs';

const CLIENTS = 32, SECONDS = 8;

function makeSite(server, name) {
  const site = join(folder, name);
  rmSync(site, { recursive: true, force: true });
  rmSync(`${site}.log`, { force: true });
  const made = tenonRun('init', '--demo', '--store', server.url, site);
  if (made.code) throw new Error(`tenon init: ${made.err}${made.out}`);
  cpSync(new URL('site', import.meta.url).pathname, site, { recursive: true });
  configure(site, { connections_per_address: 1000 });
  return site;
}

// An INSERT of another row like the newest one: the columns of unique indexes
// get values of their own.
function another(server, table, order) {
  const ask = (sql) => server.admin(sql, 'tenon');
  const unique = ask(`SELECT DISTINCT a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = '${table}'::regclass AND i.indisunique`).split('\n');
  const columns = ask(`SELECT attname || ' ' || format_type(atttypid, NULL)
    FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0
    AND NOT attisdropped ORDER BY attnum`).split('\n')
    .map((line) => line.split(' '));
  const values = columns.map(([name, type]) => {
    if (unique.includes(name))
      return type === 'bigint' ? ':id' : "('x' || (:id)::text)";
    const [value] = JSON.parse(ask(`SELECT json_build_array("${name}"::text)
      FROM ${table} ORDER BY ${order} DESC LIMIT 1`));
    // pgbench takes what follows a colon for a name, in texts as well.
    return value === null ? 'NULL' : `E'${value.replace(/[\\':]/g,
      (c) => `\\x${c.charCodeAt(0).toString(16)}`)}'`;
  });
  return `INSERT INTO ${table} (${columns.map(([name]) => `"${name}"`)})` +
    ` VALUES (${values});`;
}

async function storePg({ serve }) {
  const server = await startPostgres({ fsync: 'on', shared_buffers: '256MB' });
  try {
    const site = makeSite(server, 'pg-site');
    const served = await serve(site);
    await served.whole();
    const person = await Person.signIn(served, 'zhang.wei');
    const load = (seconds) => wrk(`${served.url}/api/v1/records/order`,
      { connections: CLIENTS, seconds, script: saving(person) });
    await load(2); // pgbench finds the tables in memory as well
    const ours = await load(SECONDS);
    await served.stop();
    const table = server.admin(
      "SELECT table_name FROM form WHERE name = 'order'", 'tenon');
    // No module hears of it: ours writes nothing for the outbox either.
    const script = join(folder, 'same_rows.pgbench');
    writeFileSync(script, [
      '\\set id random(1, 4000000000000000000)', 'BEGIN;',
      another(server, table, 'created_at'), another(server, 'audit_entry', 'at'),
      another(server, 'search_index', 'rowid'), 'COMMIT;', ''].join('\n'));
    const said = run('pgbench', ['-n', '-M', 'prepared', '-c', String(CLIENTS),
      '-j', '2', '-T', String(SECONDS), '-f', script, '-h', server.folder,
      '-U', 'tenon', 'tenon']);
    const bare = Number(/tps = ([\d.]+)/.exec(said)[1]);
    return [{ name: 'store.pg', value: Math.round(ours.rate), unit: 'rec/s',
      baseline: Math.round(bare), ratio: ours.rate / bare,
      goal: (row) => row.ratio >= 0.5, goalText: 'ratio >= 0.5' },
    { name: 'store.pg.p99', value: ours.p99, unit: 'ms' }];
  } finally {
    await server.remove();
  }
}

// The same import as import.rows on PostgreSQL, where each row's look-up is a
// question to another process; nobody has analysed the table before.
async function importPg({ makeSite: plain, serve }) {
  async function rate(site) {
    importClients(site);
    const served = await serve(site);
    await served.whole();
    const { created, seconds } =
      await importTable(await Person.signIn(served, 'zhang.wei'));
    await served.stop();
    return created / seconds;
  }
  const embedded = await rate(plain('import-file-site'));
  const server = await startPostgres({ fsync: 'on', shared_buffers: '256MB' });
  try {
    const ours = await rate(makeSite(server, 'import-pg-site'));
    return [{ name: 'import.pg', value: Math.round(ours), unit: 'rows/s',
      baseline: Math.round(embedded), ratio: ours / embedded,
      goal: (row) => row.ratio >= 0.1, goalText: 'ratio >= 0.1' }];
  } finally {
    await server.remove();
  }
}

// A copy makes the full-text index anew, with a processor of its own.
async function searchBuilt(served) {
  const admin = await Person.signIn(served, 'admin');
  await until(async () => !JSON.parse(await admin.get('/api/v1/search?q=x'))
    .building, 'the index', 900000);
}

// The cost of a list's page where there are a hundred times as many rows, for
// who sees all and for who sees his own, the department's and what was opened
// to him; on each store.
async function listMillion({ makeSite: plain, serve, fillOrders }) {
  const rates = {};
  const people = { all: 'admin', three: 'he.jun' };
  async function pages(site, store) {
    const served = await serve(site);
    await served.whole();
    await searchBuilt(served);
    for (const [who, login] of Object.entries(people)) {
      const { cookie } = await Person.signIn(served, login);
      const url = `${served.url}/records/order`;
      const load = (seconds) => wrk(url, { connections: 8, seconds,
        headers: { cookie } });
      await load(2);
      (rates[store + who] ||= []).push((await load(6)).rate);
    }
    await served.stop();
  }
  for (const records of [10000, 1000000]) {
    const site = plain(`list-${records}-site`);
    await fillOrders(site, records);
    await pages(site, '');
    const server = await startPostgres({ fsync: 'on', shared_buffers: '256MB' });
    try {
      const moved = tenonRun('migrate-store', '--to', server.url, site);
      if (moved.code) throw new Error(`migrate-store: ${moved.err}`);
      await pages(site, 'pg.');
    } finally {
      await server.remove();
    }
    rmSync(site, { recursive: true, force: true });
  }
  return Object.entries(rates).map(([what, [few, many]]) => ({
    name: `list.million.${what}`, value: Math.round(many), unit: 'page/s',
    baseline: Math.round(few), ratio: few / many,
    goal: (row) => row.ratio <= 1.5, goalText: 'ratio <= 1.5' }));
}

export const pgFigures = (tools) => [
  { name: 'store.pg', measure: () => storePg(tools) },
  { name: 'import.pg', measure: () => importPg(tools) },
  { name: 'list.million', measure: () => listMillion(tools) },
];
