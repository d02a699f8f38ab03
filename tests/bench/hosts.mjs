// hosts.mjs - hosts.two: a list page of two hosts against one, on the same
// PostgreSQL. Where there are too few cores for two hosts, the database and
// wrk beside each other, what counts is the processor's time that a page costs
// in all processes: a second host must not make pages dearer.
import { readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../lib/postgres.mjs';
import { configure, run as tenonRun } from '../lib/server.mjs';
import { folder, tree, wrk } from './lib.mjs';
import { Person } from './person.mjs';

const PAGES = 2, CLIENTS = 8, SECONDS = 6, ROUNDS = 3, ENOUGH_CORES = 8;
const TICKS = 100; // a second

function makeHost(server, name, ...words) {
  const site = join(folder, name);
  rmSync(site, { recursive: true, force: true });
  rmSync(`${site}.log`, { force: true });
  const made = tenonRun('init', '--store', server.url, ...words, site);
  if (made.code) throw new Error(`tenon init: ${made.err}${made.out}`);
  configure(site, { page_workers: PAGES, connections_per_address: 1000 });
  return site;
}

// Processor time of a process and of those that it has seen end (a worker or a
// backend that is replaced meanwhile), in seconds.
function spent(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
      .slice(11, 15).reduce((a, b) => a + Number(b), 0) / TICKS;
  } catch {
    return 0;
  }
}

const inAll = (roots) => roots.flatMap(tree)
  .reduce((sum, pid) => sum + spent(pid), 0);

// Pages a second of all these hosts together, and CPU ms a page.
async function load(server, hosts, person) {
  const roots = [server.child.pid, ...hosts.map((host) => host.pid)];
  const before = inAll(roots);
  const rates = await Promise.all(hosts.map((host, i) =>
    wrk(`${host.url}/records/budget`, { connections: CLIENTS / hosts.length,
      seconds: SECONDS, headers: { cookie: person.cookie }, name: `host${i}` })));
  const rate = rates.reduce((sum, one) => sum + one.rate, 0);
  return { rate, cpu: (inAll(roots) - before) * 1000 / (rate * SECONDS) };
}

const middle = (list, key) =>
  list.map((one) => one[key]).sort((a, b) => a - b)[list.length >> 1];

export function hostFigures({ serve }) {
  async function two() {
    const server = await startPostgres({ shared_buffers: '256MB' });
    const hosts = [];
    try {
      hosts.push(await serve(makeHost(server, 'hosts-1', '--demo')));
      hosts.push(await serve(makeHost(server, 'hosts-2', '--join')));
      for (const host of hosts) await host.whole();
      const person = await Person.signIn(hosts[0], 'admin');
      await load(server, hosts, person); // warm
      const one = [], both = [];
      for (let i = 0; i < ROUNDS; i += 1) {
        one.push(await load(server, hosts.slice(0, 1), person));
        both.push(await load(server, hosts, person));
      }
      if (cpus().length >= ENOUGH_CORES) {
        const value = middle(both, 'rate'), baseline = middle(one, 'rate');
        return [{ name: 'hosts.two', value: Math.round(value), unit: 'pages/s',
          baseline: Math.round(baseline), ratio: value / baseline,
          goal: (row) => row.ratio >= 1.7, goalText: 'ratio >= 1.7' }];
      }
      const value = middle(both, 'cpu'), baseline = middle(one, 'cpu');
      return [{ name: 'hosts.two', value: value.toFixed(2), unit: 'CPU ms',
        baseline: baseline.toFixed(2), ratio: value / baseline,
        goal: (row) => row.ratio <= 1.1, goalText: 'ratio <= 1.1' }];
    } finally {
      for (const host of hosts) await host.stop();
      await server.remove();
    }
  }

  return [{ name: 'hosts.two', measure: two }];
}
