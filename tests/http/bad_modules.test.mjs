// bad_modules.test.mjs - modules that are wrong: refused before any of them
// runs, with file and line, on the command line and at the next start; all
// else goes on. A row each.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, admin, person;
before(async () => {
  site = await demoSite();
  await site.whole();
  admin = await signedIn(site, 'admin');
  person = await signedIn(site, 'zhang.wei');
});
after(async () => site && site.stop());

const manifest = (id, more = '') => `id = "${id}";
version = "1.0.0";
sdk = "1.0";
title = { en = "Bad one"; };
entry = { lua = "init.lua"; };
capabilities = [ "routes" ];
${more}`;

// A module that is all right, and a file or two instead.
function put(id, files = {}) {
  const all = { 'plugin.cfg': manifest(id), 'init.lua':
    `local tenon = require "tenon"
tenon.route { path = "/m/${id}", call = function(ctx, request, answer)
  answer:text(200, "text/plain; charset=utf-8", "here")
end }
`, 'pages/today.mustache': '<p>{{x}}</p>', ...files };
  const folder = join(site.folder, 'scripts', id);
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const rows = {
  'a newer SDK': [{ 'plugin.cfg': (id) => manifest(id).replace(
    'sdk = "1.0"', 'sdk = "1.99"') },
  /made for SDK 1\.99 \(plugin\.cfg, line 3\)/],
  'a module that is not there': [{ 'plugin.cfg': (id) => manifest(id,
    'requires = ( { id = "nobody"; version = "2.0.0"; } );') },
  /needs the module nobody, 2\.0\.0 or newer \(plugin\.cfg, line 7\)/],
  'a manifest that is none': [{ 'plugin.cfg': (id) => manifest(id,
    'limits = { seconds = ') }, /plugin\.cfg, line \d+: syntax error/],
  'a name in the manifest that is not known': [{ 'plugin.cfg': (id) =>
    manifest(id, 'colour = "red";') }, /plugin\.cfg, line 7: .*“colour”/],
  'a field type that nobody has': [{ 'forms/item.json': () =>
    '{"title":"x","fields":[{"key":"a","type":"text"},' +
    '{"key":"b","type":"nobody.stars"}]}' },
  /item\.json: \/fields\/1\/type: expected one of/],
  'a form that is no JSON': [{ 'forms/item.json': () =>
    '{\n "title": "x",\n "fields": [,]\n}' }, /item\.json: Line 3, column/],
  'a template that does not compile': [{ 'pages/parts/row.mustache': () =>
    '<p>\n{{#open}}\n</p>' }, /pages\/parts\/row\.mustache, line 2: “open” is not closed/],
  'a Lua file with a syntax error': [{ 'init.lua': () =>
    'local tenon = require "tenon"\n\nlocal x = = 1\n' },
  /init\.lua:3: unexpected symbol/],
  'a second Lua file with one': [{ 'more.lua': () => 'return {\n  1,\n' },
    /more\.lua:\d+/],
  'settings of a type that they can\'t have': [{ 'settings.json': () =>
    '{"fields":[{"key":"a","type":"file"}]}' },
  /settings\.json: \/fields\/0\/type: a setting is one of/],
  'first steps that lead away': [{ 'checklist.json': () =>
    '{"steps":[{"title":"Go","form":"x.y","path":"//evil.example"}]}' },
  /checklist\.json: \/steps\/0\/path: expected an address of this site/],
  'a process that is wrong': [{ 'flows/x.bpmn': () => '<x/>' },
    /x\.bpmn/],
};

let number = 0;
for (const [name, [files, reason]] of Object.entries(rows)) {
  const id = `bad_${number += 1}`;
  test(`${name}: refused with the place, nothing of it runs`, async () => {
    put(id, Object.fromEntries(Object.entries(files).map(([file, text]) =>
      [file, text(id)])));
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 1, result.out);
    assert.match(result.err, reason);
    assert.equal((await person.get(`/m/${id}`)).status, 404);
    assert.equal((await person.get('/m/notice')).status, 200);
  });
}

test('the page says the same, and lists none of them as on', async () => {
  for (const [name, id] of [['a newer SDK', 'bad_1'],
    ['a process that is wrong', `bad_${number}`]]) {
    const page = await admin.form(`/admin/modules/${id}/enable`, {},
      { accept: 'application/json', 'x-tenon-request': 'form' });
    assert.ok([422, 501].includes(page.status), String(page.status));
    assert.match(page.body.problems[0].message, rows[name][1]);
  }
  assert.doesNotMatch(run('plugin', 'list', site.folder).out,
    /^bad_\d+\t[\d.]*\t(on|starting)/m);
});

test('gone wrong while it was on: left out at the next start, with the place',
  async () => {
    put('once');
    assert.equal(run('plugin', 'enable', site.folder, 'once').code, 0);
    await until(async () => (await person.get('/m/once')).text === 'here',
      'the module');
    put('once', { 'init.lua': 'local x = = 1\n' });
    site.child.kill('SIGHUP');
    await until(async () => (await person.get('/m/once')).status !== 200,
      'the next start');
    await site.whole();
    assert.match((await admin.get('/admin/modules/once')).text,
      /once\/init\.lua:1: unexpected symbol/);
    assert.equal((await person.get('/m/notice')).status, 200);
  });

test('built with a later header than it says: left out, with a sentence',
  async () => {
    cpSync(join(build, 'test-plugins/plugins/new_abi'),
      join(site.folder, 'plugins/new_abi'), { recursive: true });
    run('plugin', 'enable', site.folder, 'new_abi');
    await site.whole();
    await until(async () => /a struct of \d+ bytes is not known here/.test(
      (await admin.get('/admin/modules/new_abi')).text), 'the reason');
    assert.equal((await person.get('/m/notice')).status, 200);
  });
