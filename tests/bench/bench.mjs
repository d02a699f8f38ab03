// bench.mjs - measures the named figures and prints a table; --json FILE
// writes a list of {name, value, unit, baseline, ratio}.
import { writeFileSync } from 'node:fs';
import { figures } from './figures.mjs';
import { fsyncLatency, machine } from './lib.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--json');
const file = at >= 0 ? words.splice(at, 2)[1] : null;
const unknown = words.filter((word) => !figures.some((f) => f.name === word));
if (unknown.length) {
  console.error(`no figure is called ${unknown.join(', ')}; there are: ` +
    figures.map((figure) => figure.name).join(', '));
  process.exit(2);
}

const disk = fsyncLatency();
console.log(`${machine()}; fsync of 4 KiB: median ${disk.median} ms, ` +
  `p99 ${disk.p99} ms`);
const rows = [];
let missed = 0;
for (const figure of figures) {
  if (words.length && !words.includes(figure.name)) continue;
  for (const row of await figure.measure()) {
    rows.push(row);
    const ok = row.goal ? row.goal(row) : true;
    if (!ok) missed += 1;
    console.log([
      row.name.padEnd(20), String(row.value).padStart(10), row.unit.padEnd(8),
      row.baseline === undefined ? ''.padEnd(22)
        : `baseline ${String(row.baseline).padStart(10)}   `,
      row.ratio === undefined ? ''.padEnd(12) : `ratio ${row.ratio.toFixed(2)}  `,
      `goal ${row.goalText || '-'}`, ok ? '' : '  MISSED',
    ].join(' '));
  }
}
if (file)
  writeFileSync(file, JSON.stringify(rows.map(
    ({ name, value, unit, baseline, ratio }) =>
      ({ name, value, unit, baseline, ratio })), null, 2) + '\n');
process.exit(missed ? 1 : 0);
