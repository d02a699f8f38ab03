// A site whose files are in an object store, and its way there from a folder:
// what is put comes back through this host's cache, a store that fails or
// hangs holds up nobody else, and nothing that is damaged is served.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';

import { configure, demoSite, long, run, runBeside, slow, temporaryFolder,
  until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { sql } from '../lib/store.mjs';
import { pdf } from '../lib/browser.mjs';
import { objectStore } from '../lib/s3.mjs';

let store, site, zhang, files;

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE' +
  'QVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

// By name and TLS, as a real one: the lookup and the handshake happen within
// the worker's walls.
before(async () => {
  const keys = temporaryFolder('keys');
  const at = (name) => join(keys, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=stub',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', at('key.pem'),
    '-out', at('ca.pem')], { stdio: 'ignore' });
  store = await objectStore({ tls: { key: readFileSync(at('key.pem')),
    cert: readFileSync(at('ca.pem')) } });
  files = { where: 's3', endpoint: `https://localhost:${store.port}`,
    ca_file: at('ca.pem'), bucket: store.bucket,
    region: store.region, prefix: 'here/', access_key: store.accessKey,
    secret_key: store.secretKey, timeout_seconds: 1, attempts: 2 };
  site = await demoSite();
  zhang = await signedIn(site, 'zhang.wei');
});
after(async () => {
  await site?.stop();
  await store?.stop();
  if (site) assert.ok(!site.text.includes(store.secretKey), 'the secret is told');
});

async function restart() {
  await site.stop();
  await site.start();
  zhang = await signedIn(site, 'zhang.wei');
}

async function upload(name, data) {
  const body = new FormData();
  body.append('file', new Blob([data]), name);
  const answer = await zhang.fetch('POST', '/api/v1/files', { body,
    headers: { 'x-csrf-token': zhang.csrf } });
  return answer;
}
const bytes = async (url, headers) => {
  const answer = await fetch(new URL(url, site.url), { headers: {
    cookie: zhang.client.cookie(), ...headers } });
  return { status: answer.status, headers: answer.headers,
    data: Buffer.from(await answer.arrayBuffer()) };
};
const objects = () => [...store.objects.keys()].filter((key) =>
  /^here\/[0-9a-f]{2}\/[0-9a-f]{62}$/.test(key));
const objectOf = (data) => [...store.objects].find(([, one]) =>
  one.data.equals(data));
const cache = () => join(site.folder, 'run/blob-cache');
const emptyCache = () => rmSync(cache(), { recursive: true, force: true });
function inFolder(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => /[0-9a-f]{2}\/[0-9a-f]{62}$/.test(path)) : [];
}

let before_move; // a file that was put into the folder

test('a site moves from its folder to an object store, and all is read at ' +
  'any time', async () => {
  before_move = Buffer.from('put before the move\n'.repeat(5000));
  const file = (await upload('before.txt', before_move)).body;
  for (let i = 0; i < 4; i++)
    assert.equal((await upload('small.txt', `small ${i}`)).status, 201);
  const old = inFolder(join(site.folder, 'files'));
  assert.ok(old.length >= 5);
  configure(site.folder, { files, files_before: { where: 'folder' } });
  await restart();
  assert.ok((await bytes(file.url)).data.equals(before_move));
  const fresh = Buffer.from('put after the switch');
  assert.equal((await upload('after.txt', fresh)).status, 201);
  assert.ok(objectOf(fresh));
  assert.equal(objectOf(before_move), undefined);

  store.fault = (request) => request.method === 'PUT' &&
    objects().length >= 3 ? 'forbid' : undefined; // half-way
  const cut = await runBeside('files', 'move', site.folder);
  assert.equal(cut.code, 1);
  assert.match(cut.err, /403 AccessDenied/);
  store.fault = null;
  const half = objects().length;
  const moved = await runBeside('files', 'move', site.folder);
  assert.equal(moved.code, 0, moved.err);
  assert.match(moved.out, new RegExp(`^${old.length - half + 1} of ${
    old.length} files`));
  assert.equal(objects().length, old.length + 1);
  assert.ok(objectOf(before_move));
  assert.match((await runBeside('files', 'move', site.folder)).out, /^0 of/);

  configure(site.folder, { files_before: null });
  await restart();
  for (const path of old) rmSync(path);
  emptyCache();
  assert.ok((await bytes(file.url)).data.equals(before_move));
});

test('an upload is in the store before its row is, and comes back in parts',
  async () => {
    const data = Buffer.concat([png, Buffer.alloc(300000, 'x')]);
    const file = (await upload('large.png', data)).body;
    const [key] = objectOf(data);
    assert.match(key, /^here\/[0-9a-f]{2}\/[0-9a-f]{62}$/);
    assert.ok(!inFolder(join(site.folder, 'files')).length);
    emptyCache();
    const whole = await bytes(file.url);
    assert.equal(whole.status, 200);
    assert.equal(whole.headers.get('content-type'), 'image/png');
    assert.ok(whole.data.equals(data));
    const gets = store.requests.filter((one) => one.method === 'GET' &&
      one.key === key).length;
    const part = await bytes(file.url, { range: 'bytes=100000-100009' });
    assert.equal(part.status, 206);
    assert.equal(part.data.toString(), 'x'.repeat(10));
    assert.equal(store.requests.filter((one) => one.method === 'GET' &&
      one.key === key).length, gets, 'the cache answers');
    assert.equal(statSync(cache()).mode & 0o777, 0o700);
  });

test('a form without scripts, a preview, an export find their files there',
  async () => {
    const body = new FormData();
    for (const [name, text] of [['_csrf', zhang.csrf],
      ['_fields', 'purpose,date,items,attachments'], ['purpose', 'Files'],
      ['date', '2026-12-15'], ['items.0.name', 'a'], ['items.0.quantity', '1'],
      ['items.0.unit_price', '1'], ['_action', 'draft']])
      body.append(name, text);
    body.append('attachments.upload', new Blob([png]), 'one.png');
    const saved = await zhang.fetch('POST', '/records/budget', { body });
    assert.equal(saved.status, 303, saved.text);
    assert.ok(objectOf(png));
    // The same form without files stays with the page workers.
    store.fault = () => 'hang';
    const draft = await zhang.form('/records/budget', { _fields: 'purpose,date',
      purpose: 'No files', date: '2026-12-15', _action: 'draft' });
    assert.equal(draft.status, 303, draft.text);
    store.fault = null;

    if (!spawnSync('pdftoppm', ['-v']).error) {
      const file = (await upload('offer.pdf', pdf())).body;
      emptyCache();
      await until(async () => (await zhang.get(`/api/v1/files/${file.id}`))
        .body.pages === 1, 'the preview', 20000);
      emptyCache();
      assert.equal((await bytes(`${file.url}/pages/1`)).status, 200);
    }
    const admin = await signedIn(site, 'admin');
    const made = await admin.post('/api/v1/exports', { form: 'budget',
      format: 'csv' });
    assert.equal(made.status, 202, made.text);
    const state = await until(async () => {
      const { body: job } = await admin.get(made.body.job_url);
      return job.state === 'done' && job;
    }, 'the export');
    emptyCache();
    assert.match((await admin.get(state.file_url)).text, /No files/);
  });

test('content that is not what its name says is never served', async () => {
  const data = Buffer.from('the truth, the whole truth');
  const file = (await upload('truth.txt', data)).body;
  const [key, object] = objectOf(data);
  object.data = Buffer.from('the truth, the whole trash');
  emptyCache();
  const bad = await zhang.get(file.url, { accept: 'application/json' });
  assert.ok(bad.status >= 400, String(bad.status));
  assert.doesNotMatch(bad.text, /trash/);
  assert.ok(!inFolder(cache()).some((path) =>
    readFileSync(path, 'latin1').includes('trash')));
  const verified = await runBeside('files', 'verify', site.folder);
  assert.equal(verified.code, 1);
  const hash = key.slice(5).replace('/', '');
  assert.match(verified.out, new RegExp(`damaged: ${hash}`));
  store.objects.delete(key);
  const missing = await runBeside('files', 'verify', '--quick', site.folder);
  assert.equal(missing.code, 1);
  assert.match(missing.out, new RegExp(`missing: ${hash}`));
  store.objects.set(key, { data, at: Date.now() });
  const whole = await runBeside('files', 'verify', site.folder);
  assert.equal(whole.code, 0, whole.out + whole.err);
});

test('while the store hangs or fails, pages and sign-in go on, and files say ' +
  'so', async () => {
  const file = (await upload('later.txt', 'read me later')).body;
  emptyCache();
  for (const fault of long ? ['hang', 'slow down', 'cut', 'garbage', 'forbid']
    : ['hang', 'slow down']) {
    store.fault = () => fault;
    const began = Date.now();
    const reading = zhang.get(file.url, { accept: 'application/json' });
    const page = await zhang.get('/');
    assert.equal(page.status, 200);
    await signedIn(site, 'li.na');
    assert.ok(Date.now() - began < 2000 * slow, `${fault}: pages waited`);
    const refused = await reading;
    assert.equal(refused.status, 503, `${fault}: ${refused.text}`);
    assert.match(refused.text, /cannot be used just now/);
    assert.doesNotMatch(refused.text, /localhost/);
    const sent = await upload('new.txt', `new ${fault}`);
    assert.equal(sent.status, 503, fault);
    assert.ok(Date.now() - began < 9000 * slow, `${fault} took too long`);
    assert.equal(objectOf(Buffer.from(`new ${fault}`)), undefined);
  }
  store.fault = null;
  await until(async () => (await zhang.get(file.url)).text ===
    'read me later', 'the file', 10000);
  assert.equal((await upload('new.txt', 'new again')).status, 201);
});

test('a backup brings the files along, or names them', async () => {
  const whole = `${site.folder}.backup`;
  const made = await runBeside('backup', site.folder, whole);
  assert.equal(made.code, 0, made.err);
  assert.equal(inFolder(join(whole, 'files')).length, objects().length);
  const cfg = readFileSync(join(whole, 'tenon.cfg'), 'utf8');
  assert.ok(!cfg.includes(store.secretKey));
  assert.match(cfg, /secret_key = ""/);
  configure(site.folder, { backup: { list_files: true } });
  const named = `${site.folder}.named`;
  assert.equal((await runBeside('backup', site.folder, named)).code, 0);
  assert.equal(readFileSync(join(named, 'files.list'), 'utf8').split('\n').length,
    objects().length + 1);
  // A site that is restored from it finds them in the bucket.
  const other = `${site.folder}.other`;
  assert.equal((await runBeside('restore', named, other)).code, 0);
  configure(other, { files });
  const verified = await runBeside('files', 'verify', '--quick', other);
  assert.equal(verified.code, 0, verified.out + verified.err);
  configure(site.folder, { backup: null });
});

// After a failure a worker asks the store no more for a few seconds.
const works = (text) => until(async () =>
  (await upload('taken.txt', text)).status === 201, 'the store', 30000);

test('what the store refuses to take is refused, and leaves nothing',
  async () => {
    const rows = () => sql(site, 'SELECT count(*) FROM attachment');
    for (const fault of ['fail', 'forbid', 'cut']) {
      const before = rows(), data = `nobody takes this: ${fault}`;
      store.requests.length = 0;
      store.fault = ({ method }) => method === 'PUT' ? fault : undefined;
      const refused = await upload('refused.txt', data);
      assert.equal(refused.status, 503, `${fault}: ${refused.text}`);
      assert.match(refused.headers.get('content-type'), /problem\+json/);
      assert.match(refused.text, /cannot be used just now/);
      assert.doesNotMatch(refused.text, /localhost|Internal|AccessDenied/);
      assert.ok(store.requests.some(({ method }) => method === 'PUT'), fault);
      assert.equal(rows(), before, fault);
      assert.equal(objectOf(Buffer.from(data)), undefined, fault);
      store.fault = null;
      await works(`the store takes this after ${fault}`);
      assert.equal(Number(rows()), Number(before) + 1);
    }
  });

// The collector's round as of a night, twice: it deletes what it has known to
// be nobody's for a day, and what nobody has put since.
test('what no row names is deleted there after a day, and nothing else',
  async () => {
    const DAY = 86400000, before = Date.now() - 2 * DAY;
    const admin = await signedIn(site, 'admin');
    const put = async (text) => {
      const { body } = await upload('kept.txt', text);
      const [key, object] = objectOf(Buffer.from(text));
      object.at = before;
      return { ...body, key, hash: key.slice(5).replace('/', '') };
    };
    const used = await put('a row names this');
    const unused = await put('no row names this');
    const young = await put('no row names this either, since today');
    for (const { id } of [unused, young])
      sql(site, `DELETE FROM attachment WHERE id = ${id}`);
    store.objects.get(young.key).at = Date.now();
    sql(site, 'UPDATE store_blob SET put_at = 1');
    const night = async () => {
      store.requests.length = 0;
      sql(site, "UPDATE event_job SET due = 1 WHERE kind = " +
        "'form.collect_files'");
      // Any new job makes the lane look at what is due.
      assert.equal((await admin.post('/api/v1/exports', { form: 'budget',
        format: 'csv' })).status, 202);
      // Its last folder has been listed, and it waits for the next night.
      await until(() => store.requests.some(({ query }) =>
        query.get('prefix')?.endsWith('/ff/')) && sql(site, 'SELECT count(*) ' +
        "FROM event_job WHERE kind = 'form.collect_files' AND state = 0 AND " +
        'due > 1') === '1', 'the round', 60000);
    };
    const since = ({ hash }) => Number(sql(site, 'SELECT coalesce(max(' +
      `unused_at), 0) FROM store_blob WHERE hash = '${hash}'`));
    await night();
    assert.ok(since(unused) > before, 'seen');
    assert.equal(since(young), 0);
    assert.ok(store.objects.has(unused.key), 'a day is left to it');
    sql(site, `UPDATE store_blob SET unused_at = ${before} WHERE hash = '${
      unused.hash}'`);
    const others = [...store.objects.keys()].filter((key) =>
      key !== unused.key);
    await night();
    assert.ok(!store.objects.has(unused.key), 'it is gone');
    assert.deepEqual(store.requests.filter(({ method }) =>
      method === 'DELETE').map(({ key }) => key), [unused.key]);
    for (const key of others) assert.ok(store.objects.has(key), key);
    emptyCache();
    assert.equal((await zhang.get(used.url)).text, 'a row names this');
  });

test('another site\'s bucket is not used', async () => {
  const mark = store.objects.get('here/tenon-files');
  assert.ok(mark.data.length > 20);
  store.objects.set('here/tenon-files', { data: Buffer.from('other\n'), at: 0 });
  const check = await runBeside('files', 'check', site.folder);
  assert.equal(check.code, 1);
  assert.match(check.err, /holds the files of another site/);
  assert.match((await runBeside('doctor', site.folder)).out,
    /BAD +The place of the files: .*holds the files of another site/);
  await restart();
  assert.equal((await upload('x.txt', 'not there')).status, 503);
  assert.equal(objectOf(Buffer.from('not there')), undefined);
  assert.equal((await runBeside('files', 'adopt', site.folder)).code, 0);
  assert.equal((await runBeside('files', 'check', site.folder)).code, 0);
  assert.match((await runBeside('doctor', site.folder)).out,
    /ok +The files are in localhost:\d+\/files\/here\//);
  assert.equal((await upload('x.txt', 'now it is')).status, 201);
});

test('settings that cannot be right are refused with their line', async () => {
  const folder = site.folder;
  await site.stop();
  const text = readFileSync(join(folder, 'tenon.cfg'), 'utf8');
  const refused = (change, words) => {
    configure(folder, { files: { ...files, ...change } });
    const { code, err } = run('files', 'check', folder);
    assert.equal(code, 1);
    assert.match(err, words);
    assert.match(err, /tenon\.cfg:\d+|tenon\.cfg, line \d+/);
    assert.ok(!err.includes(store.secretKey));
  };
  refused({ where: 'moon' }, /"folder" or "s3"/);
  refused({ endpoint: 'localhost' }, /endpoint/);
  refused({ bucket: 'A' }, /bucket/);
  refused({ secret_key: 'with space' }, /secret_key/);
  refused({ colour: 'red' }, /colour/);
  refused({ where: 'folder' }, /endpoint/);
  configure(folder, { files: { where: 'folder', path: 'here' } });
  assert.match(run('files', 'check', folder).err, /absolute path/);
  configure(folder, { files: { where: 'folder', path: '/nowhere/at/all' } });
  assert.match(run('serve', folder).err, /\/nowhere\/at\/all/);
  // The secret may come from a file.
  writeFileSync(join(folder, 'secret'), `${store.secretKey}\n`, { mode: 0o600 });
  const { secret_key: _, ...others } = files;
  configure(folder, { files: { ...others,
    secret_key_file: join(folder, 'secret') } });
  assert.equal((await runBeside('files', 'check', folder)).code, 0);
  writeFileSync(join(folder, 'tenon.cfg'), text);
});
