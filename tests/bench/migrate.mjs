// migrate.mjs - rows a second of `tenon migrate-store`, indexes, foreign keys
// and the comparison of every table included: to PostgreSQL and back. The
// server has written as much before: a new one makes the files of its log
// first, 16 MB of zeros each, which is no work of the copy.
import { spawnSync } from 'node:child_process';
import { run } from '../lib/server.mjs';
import { startPostgres } from '../lib/postgres.mjs';

const ORDERS = 300000;

function move(site, to) {
  const begun = Date.now();
  const moved = run('migrate-store', '--to', to, site);
  const seconds = (Date.now() - begun) / 1000;
  if (moved.code) throw new Error(`migrate-store: ${moved.err}`);
  const rows = Number(/^(\d+)/m.exec(moved.out)[1]);
  return Math.round(rows / seconds);
}

function psql(server, ...commands) {
  const done = spawnSync('psql', [server.url, '-qXv', 'ON_ERROR_STOP=1',
    ...commands.flatMap((one) => ['-c', one])], { encoding: 'utf8' });
  if (done.status) throw new Error(done.stderr);
}

// Fills the log with rows that go again; a checkpoint keeps its files for use.
const warm = (server) => psql(server,
  `CREATE TABLE warm AS SELECT i, repeat(md5(i::text), 30)
   FROM generate_series(1, 500000) AS i`, 'DROP TABLE warm');

// What was written before is on the disk, which is at rest.
function settle(server) {
  psql(server, 'CHECKPOINT');
  spawnSync('sync');
}

export function migrateFigures({ makeSite, fillOrders }) {
  async function migrate() {
    const site = makeSite('migrate-site');
    await fillOrders(site, ORDERS);
    const server = await startPostgres({ fsync: 'on', min_wal_size: '1GB' });
    try {
      warm(server);
      return [['migrate', server.url], ['migrate.back', 'sqlite']].map(
        ([name, to]) => {
          settle(server);
          return { name, value: move(site, to), unit: 'rows/s',
            goal: (row) => row.value >= 50000, goalText: '>= 50000' };
        });
    } finally {
      await server.remove();
    }
  }

  return [{ name: 'migrate', measure: migrate }];
}
