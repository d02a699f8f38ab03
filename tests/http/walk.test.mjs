// S12: the whole route table, with each role and without signing in.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { newSite } from '../lib/server.mjs';
import { Client, administrator, person, routes } from '../lib/client.mjs';

let site, root, lin, table;
before(async () => {
  site = await newSite();
  root = await administrator(site);
  lin = await person(site, 'lin');
  table = await routes();
});
after(() => site?.stop());

// All that strangers may call. A new public route has to be added here by
// somebody who means it.
const open = ['GET /metrics', 'GET /sign-in', 'POST /sign-in',
  'POST /sign-in/demo', 'POST /sign-out', 'POST /preferences/language',
  'POST /preferences/theme', 'GET /first-run/{token}',
  'POST /first-run/{token}', 'GET /invite/{token}', 'POST /invite/{token}',
  'GET /reset/{token}', 'POST /reset/{token}'];

const name = (route) => `${route.method} ${route.pattern}`;
const address = (route) => route.example ||
  route.pattern.replace(/\{[^}]+\}/g, '1');

async function call(client, route, options = {}) {
  if (route.method === 'GET') return client.get(address(route), options);
  await client.get('/sign-in');
  if (client.token) await client.get('/me');
  if (route.method === 'POST') return client.post(address(route), {}, options);
  return client.api(route.method, address(route), {});
}

const stream = (route) => route.pattern === '/portal/events';

test('S12 the public routes are these and no others', () => {
  const found = table.filter((r) => r.access === 'public').map(name).sort();
  assert.deepEqual(found, [...open].sort());
});

test('S12 without signing in every other route says so', async () => {
  for (const route of table.filter((r) => r.access !== 'public')) {
    const stranger = new Client(site);
    const page = await call(stranger, route);
    const api = route.flags.includes('api') ||
      route.pattern.startsWith('/api/');
    assert.equal(page.status, api ? 401 : 303, name(route));
    if (!api) assert.match(page.location, /^\/sign-in/, name(route));
  }
});

test('S12 what is for administrators is closed to others', async () => {
  const closed = table.filter((r) => r.access === 'administrator');
  assert.ok(closed.length > 15);
  for (const route of closed) {
    const page = await call(lin, route);
    assert.equal(page.status, 403, name(route));
    assert.ok(!page.text.includes('root'), name(route));
  }
});

test('S12 no route fails inside, whoever calls it with whatever', async () => {
  const odd = ['?q=%27%22%3C%3E&page=-1&sort=%27&id=x&return=//e&f.a.eq=1',
    '?page=99999999999999999999', '?q=%25_%25&sort=-;drop'];
  for (const route of table.filter((r) => r.method === 'GET' && !stream(r)))
    for (const query of odd)
      for (const client of [root, lin]) {
        const page = await client.get(address(route).split('?')[0] + query);
        assert.ok(page.status < 500, `${name(route)}${query}: ${page.status}`);
      }
});

test('S12 pages of the table answer who may see them', async () => {
  for (const route of table.filter((r) => r.flags.includes('page'))) {
    if (route.pattern.includes('{')) continue;
    const page = await root.get(address(route));
    assert.ok([200, 303].includes(page.status), `${name(route)}: ${page.status}`);
  }
});

test('E51 no page shows a raw key or an unfilled placeholder', async () => {
  for (const locale of ['en', 'zh-CN', 'zh-TW']) {
    await root.get('/me');
    await root.post('/preferences/language', { locale, return: '/' });
    for (const route of table.filter((r) => r.flags.includes('page'))) {
      if (route.pattern.includes('{')) continue;
      const { text } = await root.get(address(route));
      const words = text.replace(/<(script|code)[\s\S]*?<\/\1>/g, '')
        .replace(/<[^>]*>/g, ' ');
      assert.ok(!/\b(admin|frame|profile|sign_in|messages|web|org)\.[a-z_]+/
        .test(words), `${name(route)} in ${locale}: ` +
        words.match(/\b(admin|frame|profile|sign_in|messages|web|org)\.\S+/));
      const left = /.{0,40}\{[a-z0-9]+\}/.exec(words);
      assert.ok(!left, `${name(route)} in ${locale}: ${left}`);
    }
  }
  await root.post('/preferences/language', { locale: 'en', return: '/' });
});

test('S58 every body has its type and charset', async () => {
  for (const route of table.filter((r) => r.method === 'GET' && !stream(r))) {
    const page = await root.get(address(route));
    if (!page.text) continue;
    const type = page.headers.get('content-type') || '';
    assert.ok(/; charset=utf-8$/.test(type) || /^(image|application\/pdf)/
      .test(type), `${name(route)}: ${type}`);
    if (route.flags.includes('api')) assert.match(type, /json/, name(route));
  }
});

test('S65 the same parameter twice is refused everywhere', async () => {
  for (const route of table.filter((r) => r.method === 'GET' && !stream(r))) {
    if (route.pattern === '/metrics') continue; // the front's own answer
    const path = address(route);
    const page = await root.get(`${path}${path.includes('?') ? '&' : '?'}` +
      'zz=1&zz=2');
    assert.equal(page.status, 400, name(route));
  }
});

test('S52 a path is decoded once', async () => {
  assert.equal((await root.get('/%6d%65')).status, 200);
  assert.equal((await root.get('/%256d%2565')).status, 404);
  assert.equal((await root.get('/admin/..%2f..%2fetc/passwd')).status, 404);
});

test('S40 an error page shows no inside of the house', async () => {
  for (const path of ['/nowhere', '/admin/users/1', '/admin/users/x',
    '/messages/1']) {
    const page = await root.get(path);
    assert.equal(page.status, 404, path);
    assert.ok(!/SELECT|sqlite|\.c:\d|core\//i.test(page.text), path);
  }
});

test('S63 metrics are for administrators and the machine itself', async () => {
  const stranger = new Client(site);
  assert.equal((await stranger.get('/metrics')).status, 200);
  assert.equal((await stranger.get('/metrics',
    { headers: { 'x-forwarded-for': '203.0.113.9' } })).status, 404);
  assert.equal((await root.get('/metrics',
    { headers: { 'x-forwarded-for': '203.0.113.9' } })).status, 200);
  for (const path of ['/.git/config', '/.git/HEAD', '/api/', '/debug',
    '/assets/', '/files/', '/run/lock', '/tenon.cfg'])
    assert.ok([303, 404].includes((await stranger.get(path)).status), path);
});

test('S14 S17 fields that a form does not have are refused', async () => {
  for (const path of ['/me', '/admin/departments', '/admin/roles']) {
    await root.get('/me');
    const page = await root.post(path, { name: 'x', id: '1', enabled: '1' });
    assert.equal(page.status, 400, path);
  }
  const before = JSON.parse((await lin.get('/api/v1/session')).text).person;
  await lin.get('/me');
  const page = await lin.post('/me', { locale: 'en', zone: '', theme: '',
    administrator: 'true', roles: '1', department: '1' });
  assert.equal(page.status, 400);
  assert.deepEqual(JSON.parse((await lin.get('/api/v1/session')).text).person,
    before);
});
