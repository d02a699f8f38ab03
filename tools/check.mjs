// check.mjs - builds and runs every test, and counts them.
//
// A step is a row of `steps`: what it is called, for which of the levels short
// (no option), ci (--ci) and long (--long) it is, where not for all, and what
// it runs. Each gives {passed, failed}; its whole output goes into
// build/check/NAME.log, of which the end is shown where it failed.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, existsSync, openSync,
  readFileSync, closeSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, basename } from 'node:path';
import { availableParallelism, cpus } from 'node:os';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
mkdirSync('build/check', { recursive: true });
const words = process.argv.slice(2);
const long = words.includes('--long');
const level = long ? 'long' : words.includes('--ci') ? 'ci' : 'short';
const wanted = words.filter((word) => !word.startsWith('--'));
const cores = availableParallelism ? availableParallelism() : cpus().length;

// Runs a command, output to a log file; resolves to its exit code.
function run(log, command, args, environment = {}, seconds = 1800) {
  return new Promise((resolve) => {
    const file = openSync(log, 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', file, file], detached: true,
      env: { ...process.env, HOME: `${root}build/home`, ...environment },
    });
    const timer = setTimeout(() => {
      try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ }
    }, seconds * 1000);
    child.on('close', (code) => {
      clearTimeout(timer);
      closeSync(file);
      resolve(code ?? 124);
    });
    child.on('error', () => { clearTimeout(timer); resolve(127); });
  });
}

// The same step on PostgreSQL, with a server of its own.
const onPostgresql = (step) => async (log) => {
  const { startPostgres } = await import('../tests/lib/postgres.mjs');
  const server = await startPostgres();
  process.env.TENON_TEST_STORE = server.url;
  try {
    return await step(log);
  } finally {
    delete process.env.TENON_TEST_STORE;
    await server.remove();
  }
};

const sum = (parts) => parts.reduce((a, b) => ({
  passed: a.passed + b.passed, failed: a.failed + b.failed,
  skipped: (a.skipped || 0) + (b.skipped || 0),
}), { passed: 0, failed: 0, skipped: 0 });
// So many take from one list of work.
const atOnce = (takers, next) => Promise.all(Array.from(
  { length: takers }, next));
const pair = Math.min(2, cores);
const one = (code) => code === 0 ? { passed: 1, failed: 0 }
  : { passed: 0, failed: 1 };

// One command that passes or fails as a whole.
const command = (program, ...args) => async (log) =>
  one(await run(log, program, args));

// The programs, and what tests need beside them.
const build = (preset) =>
  command('tools/build', preset, 'all', 'test_support');

// A slow machine fails tests, but loses nothing: a file that says these words
// (notAgain of tests/lib/load.mjs) has failed for good.
const final = (text) => /Not tried again: /.test(text);

// The same of ctest's output: a program that found something lost or half in
// the store; but not that it took its time, or did little.
function lost(text) {
  const said = new Map(); // by the program's number: its last error
  return text.split('\n').some((line) => {
    const [, number, error] = /^(\d+): \[ +ERROR +\] --- (.*)/.exec(line) ?? [];
    if (number) said.set(number, error);
    const at = new RegExp('^(\\d+): .*/test_(crash|lock_death|protocol|full|' +
      'sync|wal_reset)\\.c:\\d+: error: ').exec(line);
    return at && !/within the range|acknowledged >/.test(said.get(at[1]));
  });
}

// ctest, counted by cmocka's own closing lines; a program that crashed before
// them counts as one failure.
const unit = (preset) => async (log) => {
  const code = await run(log, 'ctest', ['--test-dir', `build/${preset}`, '-V',
    '-j', String(cores), '-L', 'unit', '--repeat', 'until-pass:2'], {
    ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    ...(long ? { TENON_LONG: '1' } : {}),
  });
  const text = readFileSync(log, 'utf8');
  const count = (pattern) => [...text.matchAll(pattern)]
    .reduce((total, match) => total + Number(match[1]), 0);
  const passed = count(/\[  PASSED  \] (\d+) test\(s\)/g);
  let failed = count(/\[  FAILED  \] (\d+) test\(s\)/g);
  // A program may pass at its second try: a loaded machine is no fault.
  if (code === 0 && !lost(text)) failed = 0;
  else if (failed === 0) failed = 1;
  if (passed === 0) failed += 1;
  return { passed, failed, skipped: count(/\[  SKIPPED \] (\d+) test\(s\)/g) };
};

// What tries the front alone, with workers that are stand-ins, or starts the
// servers that it needs, is the same whatever store the others have.
const storeless =
  new RegExp('^(front|malformed|proxies|tls|s3|hosts|hosts_modules|jobs_hosts|' +
    'replica|limits|network|processes|torture|postgres|silence)\\.test\\.mjs$');

// What failed in a file's TAP output, each with why and where, and what sites
// logged about it: the files of a machine that is gone cannot be asked. A suite
// that holds one says nothing.
function reasons(text) {
  const failed = text.split(/^(?=\s*(?:not )?ok \d)/m)
    .filter((part) => /^\s*not ok/.test(part) &&
      !/failureType: 'subtestsFailed'/.test(part)).slice(0, 6);
  const incidents = failed.flatMap((part) =>
    [...part.matchAll(/"incident":"(\w+)"/g)].map((found) => found[1]));
  const logged = text.split('\n').filter((line) => /^# log /.test(line));
  const about = logged.filter((line) =>
    incidents.some((incident) => line.includes(incident)));
  return [...failed.flatMap((part) => {
    const why = part.match(
      /^( *)error: (?:\|-\n((?:\1  .*\n)*)|(.*))/m) ?? [];
    const where = part.match(/tests\/[\w/]+\.test\.mjs:\d+/g) ?? [];
    return [part.split('\n', 1)[0].trim(),
      ...(why[2] ?? why[3] ?? '').trim().split('\n').slice(0, 8)
        .map((line) => `  ${line.trim()}`),
      `  at ${where[1] ?? where[0] ?? '?'}`];
  }), ...(about.length ? about : logged).slice(-8)
    .map((line) => line.slice(0, 600))];
}

// node:test files of a folder, some at a time.
const node = (folder, build, environment = {}, takers = pair) => async (log) => {
  if (!existsSync(folder)) return { passed: 0, failed: 0 };
  // The largest first: what is left for the end is short.
  const size = (file) => statSync(join(folder, file)).size;
  const files = readdirSync(folder).filter((f) => f.endsWith('.test.mjs') &&
    !(process.env.TENON_TEST_STORE && storeless.test(f)))
    .sort((a, b) => size(b) - size(a));
  const results = [];
  // One file; what fails is tried once more, and that is said, where nothing
  // was lost.
  const attempt = async (file, last) => {
    const begun = Date.now();
    const own = log.replace(/\.log$/, `-${basename(file, '.test.mjs')}` +
      `${last ? '-again' : ''}.log`);
    writeFileSync(own, '');
    const code = await run(own, 'node',
      ['--test-reporter=tap', join(folder, file)],
      { TENON_BUILD: `${root}build/${build}`, ...(long ? { TENON_LONG: '1' } : {}),
        ...environment }, long ? 7200 : 300);
    const text = readFileSync(own, 'utf8');
    const number = (word) => {
      const all = [...text.matchAll(new RegExp(`^# ${word} (\\d+)`, 'gm'))];
      return all.length ? Number(all[all.length - 1][1]) : 0;
    };
    const result = { passed: number('pass'), failed: number('fail'),
      skipped: number('skipped') };
    if (code !== 0 && result.failed === 0) result.failed = 1;
    result.final = final(text);
    appendFileSync(log, `${file} ${Math.round((Date.now() - begun) / 1000)} s\n`);
    if (result.failed) {
      console.log(`  ${folder}/${file}: ${result.failed} failed ` +
        `${last || result.final ? '' : 'at the first try '}(${own})`);
      for (const line of reasons(text)) console.log(`    ${line}`);
    }
    return result;
  };
  const next = async () => {
    for (let file; (file = files.shift()) !== undefined;) {
      let result = await attempt(file, false);
      if (result.failed && !result.final) result = await attempt(file, true);
      results.push(result);
    }
  };
  await atOnce(takers, next);
  return sum(results);
};

// The fuzzers of a build that are called so, two at a time; `attempt` resolves
// to { code, executions }.
const fuzzers = (preset, names, attempt) => async (log) => {
  const built = await run(log, 'tools/build', [preset, 'fuzzers']);
  if (built !== 0) return one(built);
  const results = [];
  let executed = 0;
  const programs = readdirSync(`build/${preset}/fuzzers`).filter((name) =>
    names.test(name));
  const next = async () => {
    for (let name; (name = programs.shift()) !== undefined;) {
      const own = log.replace(/\.log$/, `-${name}.log`);
      writeFileSync(own, '');
      const { code, executions } = await attempt(name, own);
      if (code !== 0) console.log(`  ${name} failed: ${own}`);
      executed += executions || 0; // who failed may not have said
      results.push(one(code));
    }
  };
  await atOnce(pair, next);
  return { ...sum(results),
    said: `${(executed / 1e6).toFixed(1)} million executions` };
};
const number = (text, pattern) => Number(pattern.exec(text)?.[1] ?? NaN);

const fuzz = (seconds) => fuzzers('fuzz', /^fuzz_[a-z_]+$/,
  async (name, own) => {
    const corpus = `build/fuzz/corpus/${name}`;
    mkdirSync(corpus, { recursive: true });
    const kept = `tests/fuzz/corpus/${name}`;
    const code = await run(own, `build/fuzz/fuzzers/${name}`,
      [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048',
        '-print_final_stats=1', `-artifact_prefix=build/check/${name}-`,
        corpus, ...(existsSync(kept) ? [kept] : [])], {}, seconds + 1800);
    return { code, executions: number(readFileSync(own, 'utf8'),
      /number_of_executed_units: (\d+)/) };
  });

// What reads files, by AFL++, which finds other ways into them.
const afl = (seconds) => fuzzers('afl',
  /^fuzz_(bpmn|config|csv|manifest|object|template|xlsx|zone)$/,
  async (name, own) => {
    const found = `build/afl/found/${name}`;
    rmSync(found, { recursive: true, force: true });
    mkdirSync(found, { recursive: true });
    const code = await run(own, 'afl-fuzz', ['-V', String(seconds), '-m', 'none',
      '-t', '10000', '-i', `tests/fuzz/corpus/${name}`, '-o', found, '--',
      `build/afl/fuzzers/${name}`], { AFL_NO_UI: '1', AFL_SKIP_CPUFREQ: '1',
      AFL_NO_AFFINITY: '1', AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES: '1',
      ASAN_OPTIONS: 'abort_on_error=1:symbolize=0:detect_leaks=0',
      UBSAN_OPTIONS: 'halt_on_error=1:abort_on_error=1:symbolize=0' },
    seconds + 1800);
    const stats = `${found}/default/fuzzer_stats`;
    const text = existsSync(stats) ? readFileSync(stats, 'utf8') : '';
    const bad = number(text, /saved_crashes\s*: (\d+)/) +
      number(text, /saved_hangs\s*: (\d+)/);
    return { code: code || (bad === 0 ? 0 : 1),
      executions: number(text, /execs_done\s*: (\d+)/) };
  });

// The modules' own tests, through `tenon plugin test`; TAP is counted.
const modules = (preset) => async (log) => {
  const results = [];
  // Folders of modules, where the build puts them, tests that all share.
  const all = [['.', 'share/tenon'], ['tests', 'test-plugins'],
    ['sdk/examples', 'sdk-examples', 'sdk/examples/tests']]
    .flatMap(([from, to, shared]) => ['plugins', 'scripts'].flatMap((kind) =>
      readdirSync(join(from, kind)).map((id) => ({ id,
        tests: shared ?? join(from, kind, id, 'tests'),
        folder: `build/${preset}/${to}/${kind}/${id}` }))))
    .filter(({ tests }) => existsSync(tests));
  const next = async () => {
    for (let one; (one = all.shift()) !== undefined;) {
      const { id, tests, folder } = one;
      const own = log.replace(/\.log$/, `-${id}.log`);
      writeFileSync(own, '');
      const code = await run(own, `build/${preset}/tenon`, ['plugin', 'test',
        '--tests', tests, folder]);
      const text = readFileSync(own, 'utf8');
      const count = (pattern) => [...text.matchAll(pattern)].length;
      const result = { passed: count(/^ok \d/gm),
        failed: count(/^not ok \d/gm) };
      if (code !== 0 && !result.failed) result.failed = 1;
      if (result.failed) console.log(`  ${tests} failed: ${own}`);
      results.push(result);
    }
  };
  await atOnce(pair, next);
  return sum(results);
};

// What the keeper's threads share, under the thread sanitizer. It knows no
// robust mutexes between processes (report_mutex_bugs), and not the addresses
// that newer kernels give (setarch).
const threads = async (log) => {
  const built = await run(log, 'tools/build', ['tsan', 'tests_store']);
  if (built !== 0) return one(built);
  const code = await run(log, 'setarch', ['-R', 'ctest', '--test-dir',
    'build/tsan', '--output-on-failure', '--no-tests=error', '-R',
    '^unit.store.(sync|protocol|lock|lock_death|full|crash)$'],
  { TSAN_OPTIONS: 'report_mutex_bugs=0' });
  return one(code);
};

// TENON_FUZZ_SECONDS: a night of it.
const fuzzSeconds = (usual) => Number(process.env.TENON_FUZZ_SECONDS || usual);

const steps = [
  { name: 'format', run: command('node', 'tools/check-format.mjs') },
  { name: 'layers', run: command('node', 'tools/check-layers.mjs') },
  { name: 'style', run: command('node', 'tools/check-style.mjs') },
  // What is delivered is what is tested; the sanitizers have a build beside it.
  { name: 'build-release', run: build('release') },
  { name: 'types', run: command('node_modules/.bin/tsc', '--noEmit', '-p',
    'themes/default/web') },
  { name: 'tools', run: node('tests/tools', 'release') },
  { name: 'conformance', run: node('tests/conformance/logic', 'release') },
  { name: 'modules', run: modules('release') },
  // The same tests on the other store.
  { name: 'modules-pg', run: onPostgresql(modules('release')) },
  // Two files at a time, on a server of theirs: twice the time for what has one.
  // Where there is the time, the sanitizers look at what SQLite serves (below).
  { name: 'http', levels: 'short long', run: node('tests/http', 'release',
    { TENON_SLOW: '2' }) },
  { name: 'http-pg', run: onPostgresql(node('tests/http', 'release',
    { TENON_SLOW: '2' })) },
  { name: 'browser-pg', levels: 'long', run: onPostgresql(node('tests/browser',
    'release', { TENON_SLOW: '3' })) },
  // They wait for what they have killed: one more than there are processors.
  { name: 'faults', run: node('tests/faults', 'release', { TENON_SLOW: '3' },
    pair + 1) },
  // The thousand deaths on SQLite are the step above's.
  { name: 'faults-pg', levels: 'long', run: onPostgresql(node('tests/faults',
    'release', { TENON_SLOW: '3', TENON_REPETITIONS: '200' })) },
  { name: 'browser', run: node('tests/browser', 'release',
    { TENON_SLOW: '3' }) },
  { name: 'build-asan', run: build('asan') },
  { name: 'unit-asan', run: unit('asan') },
  { name: 'unit-pg', run: onPostgresql(unit('asan')) },
  { name: 'http-asan', levels: 'ci long', run: node('tests/http', 'asan',
    { TENON_SLOW: '4', ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1' }) },
  { name: 'fuzz', levels: 'ci long', run: fuzz(fuzzSeconds(long ? 60 : 5)) },
  { name: 'afl', levels: 'long', run: afl(fuzzSeconds(60)) },
  // The thousand deaths of F01 and F03 are the step faults' matter. Who dies
  // under the store's lock has no time to look up the names of functions.
  { name: 'faults-asan', levels: 'long', run: node('tests/faults', 'asan',
    { TENON_SLOW: '4', TENON_REPETITIONS: '50',
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:symbolize=0' }, 1) },
  // The keeper is the one process with two threads (F11).
  { name: 'unit-tsan', levels: 'long', run: threads },
  { name: 'package', levels: 'long', run: node('tests/package', 'release') },
  { name: 'wasm', levels: 'long', run: command('tools/check-wasm.sh') },
  { name: 'node18', levels: 'long', run: command('tools/check-node18') },
  { name: 'fresh', levels: 'long', run: command('tools/check-fresh') },
  { name: 'bench', levels: 'long', run: command('tests/bench/run') },
];

if (words.includes('--list')) {
  for (const step of steps)
    console.log(step.name + (step.levels ? ` (${step.levels})` : ''));
  process.exit(0);
}
for (const word of wanted)
  if (!steps.some((step) => step.name === word)) {
    console.error(`no step is called ${word}; see ./check --list`);
    process.exit(2);
  }

// What all processors have done so far, and how much of it was idle.
function processors() {
  const times = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]
    .split(/ +/).slice(1, 9).map(Number);
  return { all: times.reduce((a, b) => a + b), idle: times[3] + times[4] };
}

const total = [];
const started = Date.now();
for (const step of steps) {
  if (wanted.length ? !wanted.includes(step.name)
    : step.levels && !step.levels.split(' ').includes(level)) continue;
  const log = `build/check/${step.name}.log`;
  writeFileSync(log, '');
  const begun = Date.now(), before = processors();
  const result = await step.run(log);
  const after = processors();
  const busy = 100 - 100 * (after.idle - before.idle) / (after.all - before.all);
  total.push(result);
  const seconds = ((Date.now() - begun) / 1000).toFixed(0).padStart(4);
  const skipped = result.skipped ? `, ${result.skipped} skipped` : '';
  console.log(`${step.name.padEnd(16)}${seconds} s  ` +
    `${busy.toFixed(0).padStart(3)} % busy  ${result.passed} passed, ` +
    `${result.failed} failed${skipped}` +
    (result.said ? `, ${result.said}` : ''));
  if (result.failed) {
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25);
    for (const line of end) console.log(`    ${line}`);
  }
}
const { passed, failed, skipped } = sum(total);
console.log(`in ${((Date.now() - started) / 60000).toFixed(1)} minutes`);
console.log(`${passed} passed, ${failed} failed` +
  (skipped ? `, ${skipped} skipped` : ''));
process.exit(failed || !passed ? 1 : 0);
