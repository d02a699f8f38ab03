// hardening.test.mjs - what the built program is made of (S37, S47, S53), and
// that checks and papers which the security list names are there (S50, S51).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build, root, tenon } from '../lib/server.mjs';

const tool = (name, ...words) => spawnSync(name, words,
  { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout || '';
const missing = !tool('readelf', '--version') && 'binutils is missing';

// The program and every module and library that we build.
function objects(folder = build, found = []) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!['CMakeFiles', 'tmp', 'site'].includes(name) &&
        statSync(path, { throwIfNoEntry: false })?.isDirectory())
      objects(path, found);
    else if (/^(vehicle|notice)\.so$/.test(name))
      found.push(path);
  }
  return found;
}
const imports = (path) => tool('nm', '-D', '--undefined-only', path)
  .split('\n').map((line) => line.trim().split(/\s+/).pop().split('@')[0]);
const files = missing ? [] : [tenon, ...objects()];
const sanitized = files.length &&
  imports(tenon).some((name) => name.startsWith('__asan'));

test('S47 the program is hardened', { skip: missing }, () => {
  assert.ok(existsSync(tenon));
  for (const file of files) {
    const text = tool('readelf', '-hldnW', file);
    assert.match(text, /Type:\s+DYN/, `${file}: position independent`);
    assert.match(text, /GNU_RELRO/, file);
    assert.match(text, /BIND_NOW|Flags:.*\bNOW\b/, file);
    assert.match(text, /GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ RW /, file);
    assert.doesNotMatch(text, /LOAD.*RWE/, `${file}: writable code`);
    assert.doesNotMatch(text, /TEXTREL/, file);
    assert.doesNotMatch(text, /R(UN)?PATH/, file);
  }
  const names = imports(tenon);
  assert.ok(names.includes('__stack_chk_fail'), 'stack protector');
});

test('S47 the C library checks sizes in a release', { skip: missing ||
  (sanitized && 'a build with sanitizers has its own checks') ||
  (/CMAKE_BUILD_TYPE:\w+=Debug/.test(readFileSync(
    join(build, 'CMakeCache.txt'), 'utf8')) && 'a debug build') }, () => {
  assert.ok(imports(tenon).filter((name) => /^__\w+_chk$/.test(name)).length >=
    3);
});

test('S47 every file is compiled with the flags', { skip: !existsSync(
  join(build, 'compile_commands.json')) && 'no list of commands' }, () => {
  const all = JSON.parse(readFileSync(join(build, 'compile_commands.json'),
    'utf8')).filter(({ file }) => /\/(core|plugins)\//.test(file));
  assert.ok(all.length > 100);
  for (const { file, command } of all) {
    for (const flag of ['-fstack-protector-strong', '-fvisibility=hidden',
      '-fstack-clash-protection', '-Werror', '-fPI'])
      assert.ok(command.includes(flag), `${file}: ${flag}`);
    if (process.arch === 'x64')
      assert.ok(command.includes('-fcf-protection=full'), file);
  }
});

test('S53 no shell is ever called', { skip: missing }, () => {
  for (const file of files) {
    const names = new Set(imports(file));
    for (const name of ['system', 'popen', 'wordexp', 'execlp', 'execvp',
      'execvpe', 'execl', 'gets', 'mktemp', 'tmpnam', 'tempnam', 'dlmopen'])
      assert.ok(!names.has(name), `${file} imports ${name}`);
    if (file === tenon) assert.ok(names.has('posix_spawnp'));
    assert.doesNotMatch(readFileSync(file, 'latin1'),
      /\0\/bin\/(ba|da)?sh\0/, file);
  }
});

test('S37 random from the system, secrets compared in constant time',
  { skip: missing }, () => {
    const names = new Set(imports(tenon));
    for (const name of ['rand', 'srand', 'rand_r', 'random', 'srandom',
      'drand48', 'lrand48', 'mrand48', 'crypt', 'DES_ecb_encrypt', 'MD5',
      'SHA1'])
      assert.ok(!names.has(name), `imports ${name}`);
    for (const name of ['randombytes_buf', 'sodium_memcmp'])
      assert.ok(names.has(name), `does not import ${name}`);
  });

test('S48 every package of the browser part has its exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(
    join(root, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'),
    'utf8'));
  for (const [name, version] of Object.entries(
    { ...dependencies, ...devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(lock.packages[`node_modules/${name}`].version, version);
    assert.ok(lock.packages[`node_modules/${name}`].integrity, name);
  }
});

test('S49 S50 fuzzers and sanitizers are steps of ./check', () => {
  const text = readFileSync(join(root, 'tools/check.mjs'), 'utf8');
  const steps = [...text.matchAll(/\{ name: '([\w-]+)',( long: true)?/g)]
    .map(([, name, long]) => name + (long ? '*' : ''));
  for (const step of ['unit-asan', 'http-asan', 'fuzz'])
    assert.ok(steps.includes(step), `${step} is not in ${steps}`);
  const flags = readFileSync(join(root, 'cmake/flags.cmake'), 'utf8');
  assert.match(flags, /-fsanitize=address,undefined/);
  assert.match(flags, /-fno-sanitize-recover=undefined/);
  for (const parser of ['http', 'frames', 'multipart', 'json', 'csv', 'bpmn',
    'template', 'condition', 'config', 'request'])
    assert.ok(existsSync(join(root, `tests/fuzz/fuzz_${parser}.c`)), parser);
});

test('S51 SECURITY.md has a private way to report', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  assert.match(text, /^## Report/m);
  assert.match(text, /privately/);
  assert.match(text, /three working days/);
  assert.match(readFileSync(join(root, 'README.md'), 'utf8'), /SECURITY\.md/);
});
