// sdk.test.mjs - a module built outside of the tree, from what is installed:
// by CMake's package and by pkg-config; it needs nothing of the host.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { build, root } from '../lib/server.mjs';

let folder, prefix;

function run(program, words, env = {}) {
  const result = spawnSync(program, words, { cwd: folder, encoding: 'utf8',
    env: { ...process.env, ...env } });
  assert.equal(result.status, 0,
    `${program} ${words.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-sdk-'));
  prefix = join(folder, 'installed');
  run('cmake', ['--install', build, '--prefix', prefix]);
  for (const name of readdirSync(join(root, 'plugins/vehicle')))
    if (/\.[ch]$/.test(name))
      cpSync(join(root, 'plugins/vehicle', name), join(folder, name));
});
after(() => rmSync(folder, { recursive: true, force: true }));

// What the loader asks of an object, seen by others' eyes.
function sound(object) {
  const needed = [...run('readelf', ['-dW', object])
    .matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  assert.deepEqual(needed.filter((name) => !/^(libc|ld-linux)/.test(name)), []);
  assert.match(run('nm', ['-D', '--defined-only', object]),
    / T tenon_plugin_v1\n/);
  assert.doesNotMatch(run('readelf', ['-dW', object]), /RPATH|RUNPATH/);
}

test('find_package(tenon-sdk) and tenon_add_plugin()', () => {
  writeFileSync(join(folder, 'CMakeLists.txt'), `
cmake_minimum_required(VERSION 3.20)
project(elsewhere C)
find_package(tenon-sdk 1.0 REQUIRED)
tenon_add_plugin(vehicle vehicle.c day.c)
`);
  run('cmake', ['-S', '.', '-B', 'b', `-DCMAKE_PREFIX_PATH=${prefix}`]);
  run('cmake', ['--build', 'b']);
  sound(join(folder, 'b/vehicle.so'));
});

test('pkg-config', () => {
  const flags = run('pkg-config', ['--cflags', '--libs', 'tenon-sdk'], {
    PKG_CONFIG_PATH: join(prefix, 'share/pkgconfig') }).trim().split(/\s+/);
  run('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wpedantic',
    'vehicle.c', 'day.c', '-o', 'vehicle.so', ...flags]);
  sound(join(folder, 'vehicle.so'));
});

test('the public headers are short parts that include nothing of us', () => {
  const folder = join(prefix, 'include/tenon');
  const own = readdirSync(folder).map((name) => `<tenon/${name}>`);
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.ok(text.split('\n').length < 300, name);
    for (const [, path] of text.matchAll(/#include (\S+)/g))
      assert.ok([...own, '<stdbool.h>', '<stddef.h>', '<stdint.h>']
        .includes(path), `${name}: ${path}`);
  }
});

test('the examples are installed whole', () => {
  for (const path of ['plugins/vehicle/vehicle.so', 'plugins/vehicle/plugin.cfg',
    'plugins/vehicle/pages/day.mustache', 'scripts/notice/init.lua',
    'scripts/notice/forms/notice.json'])
    assert.ok(existsSync(join(prefix, 'share/tenon', path)), path);
});
