// field_types.test.mjs - a form that outlives the module whose field type it
// names: shown as it lies, saved byte for byte, and back with the module.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, person;

const publish = (name, fields) => {
  mkdirSync(join(site.folder, 'forms'), { recursive: true });
  writeFileSync(join(site.folder, 'forms', `${name}.json`), JSON.stringify({
    title: name, fields: [{ key: 'name', type: 'text' }, ...fields] }));
};
const plugin = (...words) => {
  const result = run('plugin', words[0], site.folder, ...words.slice(1));
  assert.equal(result.code, 0, result.err);
};

before(async () => {
  // One page worker, which is the first one all the same.
  site = await demoSite({ page_workers: 1 });
  cpSync(join(build, 'test-plugins/scripts/api_lua'),
    join(site.folder, 'scripts/api_lua'), { recursive: true });
  plugin('enable', 'api_lua');
  publish('review', [{ key: 'stars', type: 'api_lua.stars' },
    { key: 'code', type: 'api_lua.code', required: true }]);
  publish('nonsense', [{ key: 'stars', type: 'nobody.stars' }]);
  site.child.kill('SIGHUP');
  person = await signedIn(site, 'zhang.wei');
  await until(async () =>
    (await person.get('/api/v1/forms/review')).status === 200, 'the form');
  await site.whole();
});
after(async () => site && site.stop());

test('a type that nobody declares refuses the form, with file and place',
  async () => {
    const refused = await until(() => site.log('form.refused')
      .find((line) => line.file === 'nonsense.json'), 'the refusal');
    assert.match(refused.reason, /^\/fields\/1\/type: expected one of text/);
    assert.equal((await person.get('/api/v1/forms/nonsense')).status, 404);
  });

test('module away: a placeholder, read only; the record survives a save',
  async () => {
    const address = '/api/v1/records/review';
    const made = await person.post(address, { values: { name: 'old',
      stars: 3, code: 'grüß ™' } });
    assert.equal(made.status, 201, made.text);
    const { id } = made.body;
    const stored = made.body.values;
    plugin('disable', 'api_lua');
    await site.whole();
    const page = (await person.get(`/records/review/${id}`)).text;
    assert.match(page, /its module is off/);
    assert.match(page, /3/);
    const edit = (await person.get(`/records/review/${id}/edit`)).text;
    assert.match(edit, /name="name"/);
    assert.doesNotMatch(edit, /name="(stars|code)"/);
    const saved = await person.form(`/records/review/${id}`, { _version: '1',
      _fields: 'name', name: 'new' }, { accept: 'application/json',
      'x-tenon-request': 'form' });
    assert.equal(saved.status, 200, saved.text);
    const now = (await person.get(`${address}/${id}`)).body;
    assert.deepEqual(now.values, { ...stored, name: 'new' });
    const refused = await person.send('PATCH', `${address}/${id}`,
      { values: { stars: 1 } }, { 'if-match': '"2"' });
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.problems[0].field, 'stars');
    // Required, but nobody can fill it in: a new record does without.
    assert.equal((await person.post(address, { values: { name: 'third' } }))
      .status, 201);
    assert.match((await person.get('/records/review')).text, /its module is off/);

    plugin('enable', 'api_lua');
    await site.whole();
    assert.match((await person.get(`/records/review/${id}`)).text,
      /<span class="stars">★★★ \(5\)<\/span>/);
    assert.deepEqual((await person.get(`${address}/${id}`)).body.values,
      { ...stored, name: 'new' });
  });
