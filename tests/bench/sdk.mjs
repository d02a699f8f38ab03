// sdk.mjs - what modules pay: a call from module to host to module, and what
// one hook before a save adds, in C and in Lua (modules/).
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, run } from '../lib/server.mjs';
import { Person } from './person.mjs';

const CALLS = 100000;
const ROUNDS = 9;
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const below = (most, unit) => ({ goal: (row) => row.value < most,
  goalText: `< ${most} ${unit}` });

export function sdkFigures({ makeSite, serve }) {
  async function started() {
    const site = makeSite('sdk-site');
    for (const [kind, id] of [['plugins', 'bench_c'],
      ['scripts', 'bench_lua']]) {
      const folder = join(site, kind, id);
      cpSync(new URL(`modules/${id}`, import.meta.url).pathname, folder,
        { recursive: true, filter: (path) => !path.endsWith('.c') });
      if (kind === 'plugins')
        cpSync(join(build, 'bench', `${id}.so`), join(folder, `${id}.so`));
      const result = run('plugin', 'enable', site, id);
      if (result.code) throw new Error(`enable ${id}: ${result.err}`);
    }
    const served = await serve(site);
    await served.whole();
    return { served, person: await Person.signIn(served, 'zhang.wei') };
  }

  async function sdkCall() {
    const { served, person } = await started();
    const c = JSON.parse(await person.get('/api/v1/m/bench_c/calls')).ns;
    const time = async (calls) => {
      const begun = performance.now();
      await person.get(`/api/v1/m/bench_lua/calls?calls=${calls}`);
      return performance.now() - begun;
    };
    const times = [];
    for (let i = 0; i < ROUNDS; i += 1)
      times.push(await time(CALLS) - await time(0));
    await served.stop();
    return [
      { name: 'sdk.call', value: Number(c.toFixed(1)), unit: 'ns',
        ...below(50, 'ns, C') },
      { name: 'sdk.call.lua', value: Math.round(median(times) * 1e6 / CALLS),
        unit: 'ns', ...below(1000, 'ns') },
    ];
  }

  async function hookSave() {
    const { served, person } = await started();
    const all = [];
    for (let i = 0; i < ROUNDS; i += 1)
      all.push(JSON.parse(await person.post('/api/v1/m/bench_c/saves', {},
        200)));
    await served.stop();
    const plain = median(all.map((one) => one.plain));
    const row = (name, of, most) => {
      const value = median(all.map((one) => one[of] - one.plain));
      return { name, value: Number(value.toFixed(1)), unit: 'us',
        baseline: Number(plain.toFixed(1)), ratio: (plain + value) / plain,
        ...below(most, 'us') };
    };
    return [row('hook.save', 'c', 20), row('hook.save.lua', 'lua', 60)];
  }

  return [
    { name: 'sdk.call', measure: sdkCall },
    { name: 'hook.save', measure: hookSave },
  ];
}
