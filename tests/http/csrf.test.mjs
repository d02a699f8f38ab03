// S16: nobody's browser is made to act by another site.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { newSite } from '../lib/server.mjs';
import { administrator, routes } from '../lib/client.mjs';

let site, root, table;
before(async () => {
  site = await newSite();
  root = await administrator(site);
  table = (await routes()).filter((route) => route.method !== 'GET');
});
after(() => site?.stop());

const address = (route) => route.example ||
  route.pattern.replace(/\{[^}]+\}/g, '1');

test('S16 without a token every change is refused', async () => {
  assert.ok(table.length > 20);
  for (const route of table) {
    if (route.flags.includes('no_csrf')) continue;
    const page = await root.send(route.method, address(route),
      { form: { x: '1' } });
    assert.equal(page.status, 403, `${route.method} ${route.pattern}`);
  }
  assert.equal((await root.get('/me')).status, 200);
});

test('S16 a token of another session is refused', async () => {
  const token = root.csrf;
  const other = await administrator(site, 'other');
  const page = await other.send('POST', '/preferences/theme',
    { form: { theme: 'dark', _csrf: token } });
  assert.equal(page.status, 403);
  // A fresh one comes with the refusal, and works.
  const fresh = page.headers.get('x-csrf-token');
  assert.equal((await other.send('POST', '/preferences/theme',
    { form: { theme: 'dark', _csrf: fresh } })).status, 303);
});

test('S16 a token is masked anew for each page', async () => {
  const tokens = new Set();
  for (let i = 0; i < 5; i++) {
    await root.get('/me');
    tokens.add(root.csrf);
  }
  assert.equal(tokens.size, 5);
});

test('S16 foreign pages are refused even with the token', async () => {
  for (const headers of [{ origin: 'https://evil.example' },
    { origin: 'null' }, { origin: site.url.replace('127.0.0.1', 'localhost') },
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
    await root.get('/me');
    for (const route of table.slice(0, 40)) {
      if (route.flags.includes('no_csrf')) continue;
      const page = await root.send(route.method, address(route),
        { form: { _csrf: root.csrf }, headers });
      assert.equal(page.status, 403,
        `${route.method} ${route.pattern} ${JSON.stringify(headers)}`);
    }
  }
  await root.get('/me');
  const page = await root.post('/preferences/theme', { theme: 'auto' },
    { headers: { origin: site.url.replace(/\/$/, ''),
      'sec-fetch-site': 'same-origin' } });
  assert.equal(page.status, 303);
});

test('S16 JSON as plain text is not taken', async () => {
  await root.get('/me');
  for (const route of table.filter((r) => r.flags.includes('api'))) {
    const page = await root.send(route.method, address(route), {
      body: '{"a":1}', headers: { 'content-type': 'text/plain',
        'x-csrf-token': root.csrf } });
    assert.ok([403, 413, 415].includes(page.status),
      `${route.method} ${route.pattern}: ${page.status}`);
  }
});

test('S16 a planted notice names no action but giving back a record',
  async () => {
    const plant = async (text) => {
      root.cookies.tenon_notice = Buffer.from(text).toString('base64url');
      return (await root.get('/me')).text;
    };
    assert.match(await plant('/records/budget/7/restore\nGone'),
      /action="\/records\/budget\/7\/restore"[^]*Undo/);
    for (const undo of ['/sign-out', '/admin/users/1', '//evil/restore',
      'https://evil.example/restore', '/me/../records/x/restore',
      'javascript:alert(1)//records/restore']) {
      const text = await plant(`${undo}\nHello`);
      assert.match(text, /tn-toast[^]*Hello/);
      assert.doesNotMatch(text, />Undo</, undo);
    }
    assert.doesNotMatch(await plant('without a line end'), /tn-toast is/);
    assert.ok(!('tenon_notice' in root.cookies), 'it is shown once');
  });

test('S16 what changes something does not answer GET or HEAD', async () => {
  const all = await routes();
  const gets = new Set(all.filter((r) => r.method === 'GET')
    .map((r) => r.pattern.replace(/\{[^}]+\}/g, '{}')));
  for (const route of table) {
    if (gets.has(route.pattern.replace(/\{[^}]+\}/g, '{}'))) continue;
    for (const method of ['GET', 'HEAD']) {
      const page = await root.send(method, address(route));
      assert.ok([404, 405].includes(page.status),
        `${method} ${route.pattern}: ${page.status}`);
    }
  }
});
