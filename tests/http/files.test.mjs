// Files of records: what is taken, who gets it back, how it is served (S13,
// S24), and the pages of a PDF.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { pdf } from '../lib/browser.mjs';

const people = {};
let site;

before(async () => {
  site = await demoSite({ body_max: 2 * 1024 * 1024 });
  for (const login of ['zhang.wei', 'li.na', 'huang.yan'])
    people[login] = await signedIn(site, login);
});
after(() => site?.stop());

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlE' +
  'QVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

async function upload(person, name, data, headers = {}) {
  const body = new FormData();
  body.append('file', new Blob([data]), name);
  return person.fetch('POST', '/api/v1/files', { body,
    headers: { 'x-csrf-token': person.csrf, ...headers } });
}

async function budget(login, files) {
  const answer = await people[login].post('/api/v1/records/budget', { values: {
    purpose: 'Fair', date: '2026-12-15', attachments: files,
    items: [{ name: 'Stand', quantity: '1', unit_price: '10' }] } });
  return answer;
}

test('a file is uploaded, bound by saving, and read by the readers', async () => {
  const file = await upload(people['zhang.wei'], 'offer.pdf', pdf());
  assert.equal(file.status, 201, file.text);
  assert.equal(file.body.name, 'offer.pdf');
  assert.equal(file.body.mime, 'application/pdf');
  const record = await budget('zhang.wei', [file.body.id]);
  assert.equal(record.status, 201, record.text);
  const got = await people['zhang.wei'].get(file.body.url);
  assert.equal(got.status, 200);
  assert.match(got.headers.get('content-disposition'),
    /^attachment; filename="offer\.pdf"/);
  assert.match(got.headers.get('content-security-policy'), /sandbox/);
  assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  // The head has the task, so may read the record and its files.
  assert.equal((await people['li.na'].get(file.body.url)).status, 200);
});

test('S13: files of others are not there, nor can they be bound', async () => {
  const file = (await upload(people['zhang.wei'], 'a.png', png)).body;
  assert.equal((await people['huang.yan'].get(file.url)).status, 404);
  assert.equal((await people['huang.yan'].get(`/api/v1/files/${file.id}`))
    .status, 404);
  const stolen = await budget('huang.yan', [file.id]);
  assert.equal(stolen.status, 422);
  const record = (await budget('zhang.wei', [file.id])).body;
  assert.equal((await people['huang.yan'].get(file.url)).status, 404);
  // Bound once, it belongs to that record alone.
  assert.equal((await budget('zhang.wei', [file.id])).status, 422);
  assert.ok(record.id);
});

test('S24: content and name must agree, and be of a kind that is taken',
  async () => {
    const refused = [['a.pdf', png], ['a.png', pdf()], ['x.so', Buffer.from(
      '\x7fELF')], ['x.lua', 'return 1'], ['x.html', '<html></html>'],
    ['x.svg', '<svg/>'], ['x.txt', '<script>1</script>'], ['noext', 'text'],
    ['.htaccess', 'text'], ['a.pdf.html', pdf()], ['x.json', '\0\0']];
    for (const [name, data] of refused) {
      const answer = await upload(people['zhang.wei'], name, data);
      assert.equal(answer.status, 422, `${name}: ${answer.status}`);
    }
  });

test('S24: a name is never a path', async () => {
  for (const [name, expected] of [['../../etc/passwd.txt', 'passwd.txt'],
    ['..\\..\\x.txt', 'x.txt'], ['a/../b.txt', 'b.txt'],
    ['…/日本\u202etxt.txt', '日本txt.txt'], ['con:x?.txt', 'con_x_.txt']]) {
    const answer = await upload(people['zhang.wei'], name, 'hello');
    assert.equal(answer.status, 201, `${name}: ${answer.text}`);
    assert.equal(answer.body.name, expected);
  }
  const names = readdirSync(join(site.folder, 'files'), { recursive: true });
  assert.ok(names.length > 0);
  for (const name of names)
    if (statSync(join(site.folder, 'files', name)).isFile())
      assert.match(String(name), /^(\.spool\/|\.tenon-files$|[0-9a-f]{2}\/[0-9a-f]{62}$)/);
});

test('over the limit: 413 with the limit in words', async () => {
  const answer = await upload(people['zhang.wei'], 'big.txt',
    Buffer.alloc(3 * 1024 * 1024, 97));
  assert.equal(answer.status, 413);
  assert.match(answer.text, /2(\.0)? MB/);
  const none = await fetch(new URL('/api/v1/files', site.url), {
    method: 'POST', body: new FormData() });
  assert.ok([401, 403].includes(none.status));
});

test('a form without scripts brings its files along', async () => {
  const body = new FormData();
  for (const [name, value] of [['_csrf', people['zhang.wei'].csrf],
    ['_fields', 'purpose,date,items,attachments'], ['purpose', 'Files'],
    ['date', '2026-12-15'], ['items.0.name', 'a'], ['items.0.quantity', '1'],
    ['items.0.unit_price', '1'], ['_action', 'draft']])
    body.append(name, value);
  body.append('attachments.upload', new Blob([png]), 'one.png');
  body.append('attachments.upload', new Blob([pdf()]), 'two.pdf');
  const answer = await people['zhang.wei'].fetch('POST', '/records/budget',
    { body });
  assert.equal(answer.status, 303, answer.text);
  const page = await people['zhang.wei'].get(answer.headers.get('location'));
  assert.match(page.text, /one\.png/);
  assert.match(page.text, /two\.pdf/);
});

test('the pages of a PDF become images in a job',
  { skip: spawnSync('pdftoppm', ['-v']).error && 'pdftoppm is missing' },
  async () => {
    const file = (await upload(people['zhang.wei'], 'offer.pdf', pdf())).body;
    await budget('zhang.wei', [file.id]);
    await until(async () => (await people['zhang.wei'].get(
      `/api/v1/files/${file.id}`)).body.pages === 1, 'the preview', 20000);
    const page = await people['zhang.wei'].get(`${file.url}/pages/1`);
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'image/png');
    assert.equal((await people['huang.yan'].get(`${file.url}/pages/1`)).status,
      404);
    assert.equal((await people['zhang.wei'].get(`${file.url}/pages/9`)).status,
      404);
    // Bytes that only look like a PDF have no pages, and harm nobody.
    const broken = (await upload(people['zhang.wei'], 'broken.pdf',
      '%PDF-1.7\nnothing')).body;
    await until(async () => (await people['zhang.wei'].get(
      broken.url)).status === 200, 'the broken one');
  });
