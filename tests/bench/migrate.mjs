// migrate.mjs - rows a second of `tenon migrate-store`, indexes, foreign keys
// and the comparison of every table included: to PostgreSQL and back.
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

export function migrateFigures({ makeSite, fillOrders }) {
  async function migrate() {
    const site = makeSite('migrate-site');
    await fillOrders(site, ORDERS);
    const server = await startPostgres({ fsync: 'on' });
    try {
      return [['migrate', server.url], ['migrate.back', 'sqlite']].map(
        ([name, to]) => ({ name, value: move(site, to), unit: 'rows/s',
          goal: (row) => row.value >= 50000, goalText: '>= 50000' }));
    } finally {
      await server.remove();
    }
  }

  return [{ name: 'migrate', measure: migrate }];
}
