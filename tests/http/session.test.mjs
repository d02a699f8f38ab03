// Sessions: ending them, listing them, and what private pages say.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { newSite, until } from '../lib/server.mjs';
import { Client, addUser, administrator, command, password, signedIn }
  from '../lib/client.mjs';

let site, root;
before(async () => {
  site = await newSite();
  root = await administrator(site);
  await addUser(site, 'lin');
});
after(() => site?.stop());

test('without a session pages lead to the sign-in, programs get 401', async () => {
  const client = new Client(site);
  const page = await client.get('/me?x=1');
  assert.equal(page.status, 303);
  assert.equal(page.location, '/sign-in?return=%2Fme%3Fx%3D1');
  for (const headers of [{ accept: 'application/json' },
    { 'hx-request': 'true' }, { 'x-tenon-request': 'form' }]) {
    const answer = await client.get('/me', { headers });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('x-tenon-sign-in'), '1');
    assert.match(answer.headers.get('content-type'), /problem\+json/);
  }
  assert.equal((await client.get('/api/v1/session')).status, 401);
});

test('S5 signing out ends the session on the server', async () => {
  const client = await signedIn(site, 'lin');
  const thief = new Client(site);
  thief.cookies.tenon = client.token;
  assert.equal((await thief.get('/me')).status, 200);
  const page = await client.post('/sign-out');
  assert.equal(page.status, 303);
  assert.match(page.headers.get('clear-site-data'), /"storage"/);
  assert.equal(client.token, undefined);
  assert.equal((await thief.get('/me')).status, 303);
});

test('S5 one of one\'s sessions is ended from another', async () => {
  const here = await signedIn(site, 'lin'), there = await signedIn(site, 'lin');
  const page = await here.get('/me');
  assert.ok(!page.text.includes(here.token));
  const handles = [...page.text.matchAll(/name="handle" value="(\w+)"/g)];
  assert.ok(handles.length >= 1);
  for (const [, handle] of handles)
    assert.equal((await here.post('/me/sessions/end', { handle })).status, 303);
  assert.equal((await there.get('/me')).status, 303);
  assert.equal((await here.get('/me')).status, 200);
  // Nobody ends another person's.
  const other = (await here.get('/me')).text;
  assert.equal((await root.post('/me/sessions/end',
    { handle: handles[0][1] })).status, 404);
  assert.ok(other);
});

test('S5 a new password ends all others and renews this one', async () => {
  await addUser(site, 'zhou');
  const here = await signedIn(site, 'zhou');
  const there = await signedIn(site, 'zhou');
  const before = here.token;
  let page = await here.post('/me/password',
    { username: 'zhou', current: 'wrong wrong', password: 'another long one' });
  assert.equal(page.status, 422);
  page = await here.post('/me/password',
    { username: 'zhou', current: password, password: 'another long one' });
  assert.equal(page.status, 303);
  assert.notEqual(here.token, before);
  assert.equal((await here.get('/me')).status, 200);
  assert.equal((await there.get('/me')).status, 303);
  const thief = new Client(site);
  thief.cookies.tenon = before;
  assert.equal((await thief.get('/me')).status, 303);
  await signedIn(site, 'zhou', 'another long one');
});

test('S5 signing out everywhere means everywhere', async () => {
  const here = await signedIn(site, 'lin'), there = await signedIn(site, 'lin');
  await here.get('/me');
  assert.equal((await here.post('/me/sessions/end-all')).status, 303);
  assert.equal((await here.get('/me')).status, 303);
  assert.equal((await there.get('/me')).status, 303);
});

async function openStream(client) {
  const controller = new AbortController();
  const answer = await fetch(`${site.url.replace(/\/$/, '')}/portal/events`, {
    headers: { cookie: client.cookie() }, signal: controller.signal });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /text\/event-stream/);
  const stream = { ended: false, stop: () => controller.abort() };
  (async () => {
    try { for await (const piece of answer.body) void piece; } catch { /* */ }
    stream.ended = true;
  })();
  return stream;
}

test('S62 somebody disabled is out within a second, streams too', async () => {
  await addUser(site, 'leaver');
  const leaver = await signedIn(site, 'leaver');
  const stream = await openStream(leaver);
  const list = await root.get('/admin/users?q=leaver');
  const url = /\/admin\/users\/\d+/.exec(list.text)[0];
  await root.get(url);
  const start = Date.now();
  assert.equal((await root.post(`${url}/enabled`,
    { enabled: 'false' })).status, 303);
  assert.equal((await leaver.get('/me')).status, 303);
  await until(() => stream.ended, 'the stream to end', 1500);
  assert.ok(Date.now() - start < 1500);
  assert.equal((await leaver.signIn('leaver')).status, 422);
});

test('S62 a command of the machine does the same', async () => {
  await addUser(site, 'leaver2');
  const leaver = await signedIn(site, 'leaver2');
  const result = await command(['user', '--site', site.folder, 'disable',
    'leaver2']);
  assert.equal(result.code, 0, result.err);
  assert.equal((await leaver.get('/me')).status, 303);
});

test('S64 private pages are not kept by anybody', async () => {
  for (const path of ['/', '/me', '/messages', '/admin/users',
    '/api/v1/session']) {
    const page = await root.get(path);
    assert.equal(page.status, 200, path);
    assert.match(page.headers.get('cache-control'), /no-store/, path);
  }
});

test('S23 pages carry a fresh nonce and a strict policy', async () => {
  const nonces = new Set();
  for (const path of ['/', '/me', '/sign-in', '/nowhere']) {
    const page = await (path === '/sign-in' ? new Client(site) : root)
      .get(path);
    const csp = page.headers.get('content-security-policy');
    assert.ok(!/unsafe-inline/.test(csp), csp);
    assert.match(csp, /object-src 'none'/);
    assert.match(csp, /base-uri 'none'/);
    assert.match(csp, /frame-ancestors/);
    nonces.add(/'nonce-([^']+)'/.exec(csp)[1]);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.ok(page.headers.get('referrer-policy'));
  }
  assert.equal(nonces.size, 4);
});

test('S6 a token is in no address, log, error page or referrer', async () => {
  const lin = await signedIn(site, 'lin');
  for (const path of ['/', '/me', '/nowhere', '/admin', '/api/v1/session',
    '/messages/1', '/sign-in']) {
    const page = await lin.get(path);
    assert.ok(!page.text.includes(lin.token), path);
    assert.ok(!(page.location || '').includes(lin.token), path);
  }
  assert.ok(!site.text.includes(lin.token));
  // In an address it is worth nothing.
  const thief = new Client(site);
  for (const query of [`?tenon=${lin.token}`, `?session=${lin.token}`,
    `?token=${lin.token}`])
    assert.equal((await thief.get(`/me${query}`)).status, 303);
});

test('S38 security events name who, what and where from', async () => {
  await new Client(site).signIn('lin', 'wrong wrong');
  await new Client(site).signIn('eve\n{"event":"forged"}', 'wrong wrong');
  await signedIn(site, 'lin');
  const lin = await signedIn(site, 'lin');
  assert.equal((await lin.get('/admin/users')).status, 403);
  assert.ok(site.log('access.refused').some((line) => line.person &&
    line.route === '/admin/users' && line.address));
  const refused = site.log('sign_in.refused');
  assert.ok(refused.some((line) => line.reason === 'wrong' && line.user &&
    line.address === '127.0.0.1' && line.time && line.request));
  assert.ok(site.log('sign_in.done').some((line) => line.user));
  assert.equal(site.log('forged').length, 0);
  assert.ok(!site.text.includes('wrong wrong'));
  assert.ok(!site.text.includes(password));
  assert.ok(!site.text.includes(root.token));
});
