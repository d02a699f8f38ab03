// jobs.mjs - how many jobs of a module a host does in a second, as it is set
// up by default, and what a long queue costs those who look at pages.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../lib/postgres.mjs';
import { build, run, sleep } from '../lib/server.mjs';
import { wrk } from './lib.mjs';
import { Person } from './person.mjs';

const JOBS = 20000, QUEUE = 10000, PART = 500;
const atLeast = (least) => ({ goal: (row) => row.value >= least,
  goalText: `>= ${least}` });
const atMost = (most) => ({ goal: (row) => row.ratio <= most,
  goalText: `ratio <= ${most}` });
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

export function jobFigures({ makeSite, serve }) {
  async function started(...words) {
    const site = makeSite('jobs-site', {}, words);
    const folder = join(site, 'plugins/bench_c');
    cpSync(new URL('modules/bench_c', import.meta.url).pathname, folder,
      { recursive: true, filter: (path) => !path.endsWith('.c') });
    cpSync(join(build, 'bench/bench_c.so'), join(folder, 'bench_c.so'));
    const result = run('plugin', 'enable', site, 'bench_c');
    if (result.code) throw new Error(`enable: ${result.err}`);
    const served = await serve(site);
    await served.whole();
    return { served, admin: await Person.signIn(served, 'admin') };
  }

  async function order(admin, job, count, due) {
    for (let left = count; left > 0; left -= PART)
      await admin.post('/api/v1/m/bench_c/jobs',
        { job, count: Math.min(PART, left), due }, 200);
  }
  const left = async (admin, job) => JSON.parse(await admin.get(
    `/api/v1/jobs?kind=${job}&limit=1`)).total;

  // From the moment that all of them are due until the last is gone.
  async function rate(admin, job) {
    const due = Date.now() + 8000;
    await order(admin, job, JOBS, new Date(due).toISOString());
    if (Date.now() > due) throw new Error('queueing them took too long');
    await sleep(due - Date.now());
    while (await left(admin, job)) {
      if (Date.now() - due > 60000) throw new Error(`${job} does not end`);
      await sleep(20);
    }
    return Math.round(JOBS / ((Date.now() - due) / 1000));
  }

  async function jobs(name, ...words) {
    const { served, admin } = await started(...words);
    const value = await rate(admin, 'bench_c.nothing');
    const atomic = await rate(admin, 'bench_c.atomic');
    const save = await rate(admin, 'bench_c.save');
    await served.stop();
    return [
      { name, value, unit: 'jobs/s', ...atLeast(2000) },
      { name: `${name}.atomic`, value: atomic, unit: 'jobs/s' },
      { name: `${name}.save`, value: save, unit: 'jobs/s' },
    ];
  }

  async function jobsPg() {
    const server = await startPostgres({ fsync: 'on', shared_buffers: '256MB' });
    try {
      return await jobs('jobs.pg', '--store', server.url);
    } finally {
      await server.remove();
    }
  }

  async function pages() {
    const { served, admin } = await started();
    const load = async () => (await wrk(`${served.url}/records/bench_c.plain`,
      { connections: 4, seconds: 3, headers: { cookie: admin.cookie } })).p99;
    await load();
    const without = [], waiting = [];
    for (let i = 0; i < 3; i += 1) without.push(await load());
    await order(admin, 'bench_c.nothing', QUEUE,
      new Date(Date.now() + 3600000).toISOString());
    for (let i = 0; i < 3; i += 1) waiting.push(await load());
    await served.stop();
    const ratio = median(waiting) / median(without);
    return [{ name: 'jobs.pages', value: Number(median(waiting).toFixed(2)),
      unit: 'ms', baseline: Number(median(without).toFixed(2)), ratio,
      ...atMost(1.2) }];
  }

  return [
    { name: 'jobs', measure: () => jobs('jobs') },
    { name: 'jobs.pg', measure: jobsPg },
    { name: 'jobs.pages', measure: pages },
  ];
}
