// `tenon plugin new`, `test`, `install`, `remove`: what somebody who writes a
// module has in hand.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, root, run, temporaryFolder } from '../lib/server.mjs';

const folder = temporaryFolder('kit');
const at = (...names) => join(folder, ...names);
const write = (name, text) => writeFileSync(at(name), text);
const quiet = (result) => result.err.split('\n')
  .filter((line) => line && !line.startsWith('{')).join('\n');

// A module in Lua of one file and one test.
function script(id, code, tests, more = '') {
  mkdirSync(at(id, 'tests'), { recursive: true });
  write(`${id}/plugin.cfg`, `id = "${id}"; version = "1.0.0"; sdk = "1.0";
license = "MIT"; title = { en = "${id}"; }; entry = { lua = "init.lua"; };
capabilities = [ "routes", "services" ]; ${more}`);
  write(`${id}/init.lua`, `local tenon = require "tenon"\n${code}`);
  write(`${id}/tests/all.lua`, `local test = require "tenon.test"\n${tests}`);
  return at(id);
}

// A test module of the build, with a test.
function faulty(id, tests) {
  cpSync(join(build, 'test-plugins/plugins', id), at(id), { recursive: true });
  mkdirSync(at(id, 'tests'), { recursive: true });
  write(`${id}/tests/all.lua`, `local test = require "tenon.test"\n${tests}`);
  return at(id);
}

for (const kind of ['C', 'Lua'])
  test(`a new module in ${kind} passes its tests`, () => {
    const id = `first_${kind.toLowerCase()}`;
    const made = run('plugin', 'new', ...(kind === 'Lua' ? ['--lua'] : []),
      at(id));
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /Try its tests/);
    let module = at(id);
    if (kind === 'C') {
      module = at('built', id);
      cpSync(at(id), module, { recursive: true });
      execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-fPIC', '-shared',
        '-fvisibility=hidden', `-I${root}/sdk/include`, `${at(id)}/${id}.c`,
        '-o', `${module}/${id}.so`, '-Wl,-z,noexecstack']);
    }
    const done = run('plugin', 'test', module);
    assert.equal(done.code, 0, done.out + done.err);
    assert.match(done.out, /^1\.\.4$/m);
    assert.match(readFileSync(at(id, 'locale/zh-TW.json'), 'utf8'),
      new RegExp(id));
  });

test('a name that can be no id, and one that is taken, are refused', () => {
  assert.match(run('plugin', 'new', at('Lunch-1')).err, /can’t be the id/);
  assert.ok(!existsSync(at('Lunch-1')));
  assert.match(run('plugin', 'new', folder).err, /can’t be the id|already/);
});

test('a failing test says where, and the exit code is 1', () => {
  const done = run('plugin', 'test', script('wrong', 'tenon.service{ name = ' +
    '"wrong.x", call = function() end }', `
test.test("one and one are three", function() test.equal(1 + 1, 3) end)
test.test("nothing is refused", function()
  test.refused("wrong.never", function() end)
end)
test.test("this one holds", function() test.ok(true) end)`));
  assert.equal(done.code, 1);
  assert.match(done.out, /not ok 1 - one and one are three/);
  assert.match(done.out, /tests\/all.lua:3: value: expected 3, got 2/);
  assert.match(done.out, /not ok 2 [\s\S]*this was not refused/);
  assert.match(done.out, /^ok 3 - this one holds$/m);
});

test('a module that crashes fails its own test only', () => {
  const done = run('plugin', 'test', faulty('crash', `
test.test("it lives", function() test.get("li.na", "/m/crash/page") end)
test.test("others go on", function() test.ok(true) end)`));
  assert.equal(done.code, 1);
  assert.match(done.out, /not ok 1 - it lives[\s\S]*(SEGV|ABRT)/);
  assert.match(done.out, /^ok 2 - others go on$/m);
});

test('mail is caught, jobs run, the clock is the test\'s', () => {
  const done = run('plugin', 'test', script('clock', `
tenon.route{ path = "/m/clock/now", call = function(ctx, request, answer)
  answer:json(200, { now = ctx:now(), who = ctx.person and ctx.person.login })
end }`, `
test.test("it is the time that was set", function()
  test.at("2030-02-03T04:05:06Z")
  test.pass("2d")
  local answer = test.get("wang.fang", "/m/clock/now")
  test.equal(answer.json.now, "2030-02-05T04:05:06.000Z")
  test.equal(answer.json.who, "wang.fang")
end)
test.test("nobody signed in gets no further", function()
  test.equal(test.get(nil, "/m/clock/now").status, 303)
end)
test.test("a person can be made, jobs run", function()
  local id = test.person{ login = "new.one", department = "Finance", roles = { "clerk" } }
  test.equal(test.as("new.one", function(ctx) return ctx.person.id end), id)
  test.jobs()
  test.equal(#test.mails(), 0)
  test.equal(#test.notices("new.one"), 0)
end)`));
  assert.equal(done.code, 0, done.out + quiet(done));
});

test('a module that can\'t be tested says why', () => {
  assert.match(run('plugin', 'test', at('nowhere')).err, /no folder/);
  const empty = script('empty', 'tenon.service{ name = "empty.x", ' +
    'call = function() end }', '');
  assert.match(run('plugin', 'test', '--tests', at('nothing'), empty).err,
    /no tests in/);
  const broken = run('plugin', 'test', script('broken', 'local = 1', `
test.test("never", function() end)`));
  assert.equal(broken.code, 1);
  assert.match(broken.out, /init\.lua:2/);
});

test('each allocation of a module in C fails once, and code that must not ' +
  'be called is named', () => {
  const module = at('starved');
  mkdirSync(join(module, 'tests'), { recursive: true });
  write('starved/plugin.cfg', `id = "starved"; version = "1.0.0"; sdk = "1.0";
license = "MIT"; title = { en = "x"; }; entry = { c = "starved"; };
capabilities = [ "routes" ];`);
  write('starved/starved.c', `#include <stdlib.h>
#include <tenon/tenon.h>
static int call(tn_ctx *ctx, tn_request *r, tn_answer *answer, void *d)
{
    char *first = tn_alloc(ctx, 10), *second = tn_alloc(ctx, 10);
    (void)r; (void)d;
    if (!first) return tn_fail(ctx, TN_E_LIMIT, "starved.x", "no memory");
    second[0] = 'x';
    if (first[0]) exit(3);
    return tn_answer_text(answer, 200, "text/plain", "fine");
}
static int start(tn_module *self)
{ return TN_ROUTE(self, .path = "/m/starved/x", .call = call); }
TN_MODULE(start)
`);
  execFileSync('cc', ['-fPIC', '-shared', '-fvisibility=hidden',
    `-I${root}/sdk/include`, at('starved/starved.c'), '-o',
    at('starved/starved.so'), '-Wl,-z,noexecstack']);
  write('starved/tests/all.lua', `local test = require "tenon.test"
test.test("it answers", function() test.get("li.na", "/m/starved/x") end)`);
  const done = run('plugin', 'test', '--allocations', module);
  assert.equal(done.code, 1);
  assert.match(done.out, /not ok 1 [\s\S]*it calls exit/);
  assert.match(done.out, /^ok 2 - it answers$/m);
  assert.match(done.out, /not ok 3 [\s\S]*allocation 2: .*(SEGV|ABRT)/);
});

test('S42 a folder is looked at before it is installed', () => {
  const site = at('site');
  assert.equal(run('init', site).code, 0);
  const good = script('parcel', 'tenon.service{ name = "parcel.x", ' +
    'call = function() end }', '');
  const install = (...words) => run('plugin', 'install', ...words);

  symlinkSync('/etc/passwd', join(good, 'secret'));
  assert.match(install(site, good).err, /no plain file or folder/);
  execFileSync('rm', [join(good, 'secret')]);
  execFileSync('mkfifo', [join(good, 'pipe')]);
  assert.match(install(site, good).err, /no plain file or folder/);
  execFileSync('rm', [join(good, 'pipe')]);
  write('parcel/Readme', '1');
  write('parcel/README', '2');
  assert.match(install(site, good).err, /upper and lower case only/);
  execFileSync('rm', [join(good, 'README')]);
  execFileSync('truncate', ['-s', '300M', join(good, 'bomb')]);
  assert.match(install(site, good).err, /at most 256 MiB/);
  execFileSync('rm', [join(good, 'bomb')]);
  assert.ok(!existsSync(join(site, 'scripts/parcel')), 'nothing half there');
  assert.ok(!existsSync(join(site, 'scripts/.new-parcel')));

  mkdirSync(join(good, '.git'));
  let done = install(site, good);
  assert.equal(done.code, 0, done.err);
  assert.ok(existsSync(join(site, 'scripts/parcel/init.lua')));
  assert.ok(!existsSync(join(site, 'scripts/parcel/.git')));

  const text = readFileSync(join(good, 'plugin.cfg'), 'utf8');
  write('parcel/plugin.cfg', text.replace('1.0.0', '0.9.0'));
  assert.match(install(site, good).err, /older than 1\.0\.0/);
  assert.equal(install('--downgrade', site, good).code, 0);
  write('parcel/plugin.cfg', text.replace('sdk = "1.0"', 'sdk = "9.0"'));
  assert.match(install(site, good).err, /Upgrade Tenon/);

  assert.equal(run('plugin', 'enable', site, 'parcel').code, 0);
  assert.match(run('plugin', 'remove', site, 'parcel').err, /is on/);
  assert.equal(run('plugin', 'disable', site, 'parcel').code, 0);
  assert.equal(run('plugin', 'remove', site, 'parcel').code, 0);
  assert.ok(!existsSync(join(site, 'scripts/parcel')));
  assert.match(run('plugin', 'remove', site, 'vehicle').err,
    /does not lie in this site/);
});
