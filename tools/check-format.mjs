// check-format.mjs - every C file is as clang-format 14 writes it (repair:
// clang-format -i FILE…).
import { spawnSync } from 'node:child_process';
import { files, root } from './source.mjs';

const program = ['clang-format-14', 'clang-format'].find((name) =>
  /version 14\./.test(spawnSync(name, ['--version']).stdout?.toString() ?? ''));
if (!program) {
  console.error('clang-format 14 is not installed (Debian: clang-format)');
  process.exit(1);
}
const sources = files(/\.[ch]$/);
let wrong = 0;
for (let i = 0; i < sources.length; i += 100) {
  const some = sources.slice(i, i + 100);
  const result = spawnSync(program,
    ['--style=file', '--dry-run', '-Werror', ...some],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) continue;
  const places = new Map();
  for (const match of result.stderr.matchAll(/^(.+?):(\d+):\d+: error:/gm))
    if (!places.has(match[1])) places.set(match[1], match[2]);
  for (const [file, line] of places) {
    console.error(`${file}:${line}: clang-format would write this otherwise`);
    wrong++;
  }
  if (!places.size) {
    console.error(result.stderr);
    wrong++;
  }
}
console.log(`format: ${sources.length} files looked at, ${wrong} refused`);
process.exit(wrong ? 1 : 0);
