// S10: API tokens: made, scoped, shown once, expired, revoked, guessed; S19:
// what is expensive is counted for all workers together.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { demoSite, run, until } from '../lib/server.mjs';
import { sql as storeSql } from '../lib/store.mjs';
import { routes } from '../lib/client.mjs';
import { signedIn } from '../lib/person.mjs';

let site, zhang, ada, table;
before(async () => {
  site = await demoSite();
  zhang = await signedIn(site, 'zhang.wei');
  ada = await signedIn(site, 'ada.lovelace').catch(() => null) ||
    await signedIn(site, 'admin');
  table = await routes();
});
after(() => site?.stop());

async function make(person, fields) {
  const page = await person.form('/me/tokens', { name: 'Stock', days: '90',
    ...fields });
  const text = />Authorization: Bearer (tnn_[\w-]{43})</.exec(page.text)?.[1];
  return { ...page, token: text };
}

async function call(token, method, path, { body, headers } = {}) {
  const answer = await fetch(site.url.replace(/\/$/, '') + path, {
    method, redirect: 'manual', headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body) });
  const text = await answer.text();
  let json = null;
  try { json = JSON.parse(text); } catch { /* a page */ }
  return { status: answer.status, headers: answer.headers, text, json };
}

const budget = { values: { purpose: 'By token', date: '2026-05-04',
  items: [] } };

const sql = (text) => storeSql(site, text);

test('S10 a token acts for its person, without cookie and CSRF', async () => {
  const { status, token, text, headers } = await make(zhang,
    { 'scopes[]': 'read' });
  assert.equal(status, 200);
  assert.ok(token, text);
  assert.match(headers.get('cache-control'), /no-store/);
  const who = await call(token, 'GET', '/api/v1/session');
  assert.equal(who.json.person.login, 'zhang.wei');
  assert.equal(who.json.csrf, undefined);
  assert.equal(who.headers.get('set-cookie'), null);
  const list = await zhang.get('/me/tokens');
  assert.match(list.text, /Stock/);
  assert.ok(!list.text.includes(token), 'it is shown once');
  assert.ok(!sql('SELECT * FROM org_api_token').includes(token.slice(4)));
});

test('S10 a cookie beside a token is ignored', async () => {
  const { token } = await make(zhang, { 'scopes[]': 'read' });
  const cookie = Object.entries(ada.cookies)
    .map(([k, v]) => `${k}=${v}`).join('; ');
  const who = await call(token, 'GET', '/api/v1/session',
    { headers: { cookie } });
  assert.equal(who.json.person.login, 'zhang.wei');
  const wrong = await call(`tnn_${'x'.repeat(43)}`, 'GET', '/api/v1/session',
    { headers: { cookie } });
  assert.equal(wrong.status, 401);
});

test('S10 scopes over the route table: nothing is open by mistake', async () => {
  const reader = (await make(zhang, { 'scopes[]': 'read' })).token;
  const writer = (await make(zhang, { 'scopes[]': 'write' })).token;
  const narrow = (await make(zhang, { 'scopes[]': 'read',
    'forms[]': 'visitor' })).token;
  const boss = (await make(ada, { 'scopes[]': 'read' })).token;
  for (const route of table) {
    const name = `${route.method} ${route.pattern}`;
    const path = route.pattern.replace('{form}', 'budget')
      .replace(/\{[^}]+\}/g, '1');
    const ask = (token) => call(token, route.method, path,
      route.method === 'GET' ? {} : { body: {} });
    if (route.pattern === '/metrics') continue; // the front answers it
    if (!route.pattern.startsWith('/api/')) {
      assert.equal((await ask(reader)).status, 403, name);
      continue;
    }
    if (route.method === 'GET') {
      assert.equal((await ask(writer)).status, 403, name);
      if (route.pattern.includes('{form}') || !route.flags.includes('scoped'))
        assert.equal((await ask(narrow)).status, 403, name);
    } else {
      assert.equal((await ask(reader)).status, 403, name);
    }
    if (route.access === 'administrator')
      assert.equal((await ask(boss)).status, 403, name);
  }
});

test('S10 a token of one form sees that form alone', async () => {
  const { token } = await make(zhang, { 'scopes[]': 'read',
    'forms[]': 'visitor' });
  assert.equal((await call(token, 'GET', '/api/v1/records/visitor')).status,
    200);
  const other = await call(token, 'GET', '/api/v1/records/budget');
  assert.equal(other.status, 403);
  assert.match(other.json.problems[0].message, /other forms/);
  const forms = await call(token, 'GET', '/api/v1/forms');
  assert.deepEqual(forms.json.forms.map((form) => form.name), ['visitor']);
});

test('S10 writing needs its scope, and the person\'s right', async () => {
  const { token } = await make(zhang,
    { 'scopes[]': 'write', 'forms[]': 'budget' });
  const made = await call(token, 'POST', '/api/v1/records/budget',
    { body: { ...budget, state: 'draft' } });
  assert.equal(made.status, 201, made.text);
  // To write is not to read.
  const path = `/api/v1/records/budget/${made.json.id}`;
  assert.equal((await call(token, 'GET', path)).status, 403);
});

test('S10 administration is for administrators\' tokens that say so',
  async () => {
    const refused = await make(zhang, { 'scopes[]': 'administration' });
    assert.equal(refused.status, 422);
    assert.match(refused.text, /Only administrators/);
    const none = await make(zhang, {});
    assert.equal(none.status, 422);
    const plain = (await make(ada, { 'scopes[]': 'read' })).token;
    const full = (await make(ada, { 'scopes[]': 'administration' })).token;
    const who = async (token) =>
      (await call(token, 'GET', '/api/v1/session')).json?.person;
    assert.equal((await who(plain)).administrator, false);
    assert.equal(await who(full), undefined, 'it may not read');
  });

test('S10 expired and revoked tokens are refused, in the same words',
  async () => {
    const { token } = await make(zhang, { name: 'Short', 'scopes[]': 'read' });
    assert.equal((await call(token, 'GET', '/api/v1/session')).status, 200);
    sql("UPDATE org_api_token SET until = 1 WHERE name = 'Short'");
    // Another program's change is seen when the worker looks again.
    const over = await until(async () => {
      const answer = await call(token, 'GET', '/api/v1/session');
      return answer.status === 401 && answer;
    }, 'the end of the token');
    const next = await make(zhang, { name: 'Gone', 'scopes[]': 'read' });
    const page = await zhang.get('/me/tokens');
    const url = /action="(\/me\/tokens\/\d+\/revoke)"[\s\S]*?Gone</
      .exec(page.text.slice(page.text.indexOf('>Gone')))?.[1];
    assert.equal((await zhang.form(url, {})).status, 303);
    const gone = await call(next.token, 'GET', '/api/v1/session');
    assert.equal(gone.status, 401);
    assert.deepEqual(gone.json.problems, over.json.problems);
    assert.equal((await make(zhang, { 'scopes[]': 'read', days: '400' }))
      .status, 422);
  });

test('S10 administrators see and revoke everybody\'s; others do not',
  async () => {
    const { token } = await make(zhang, { name: 'Seen', 'scopes[]': 'read' });
    const page = await ada.get('/admin/tokens');
    assert.match(page.text, /Seen/);
    const url = /action="(\/admin\/tokens\/\d+\/revoke)"/
      .exec(page.text.slice(page.text.indexOf('>Seen')))[1];
    assert.equal((await zhang.form(url, {})).status, 403);
    assert.equal((await zhang.form(url.replace('/admin', '/me'), {})).status,
      303, 'it is his own');
    assert.equal((await call(token, 'GET', '/api/v1/session')).status, 401);
  });

test('S11 making a token asks for the password again', async () => {
  const li = await signedIn(site, 'li.na');
  sql('UPDATE org_session SET confirmed_at = 1');
  const page = await li.get('/me/tokens/new');
  assert.equal(page.status, 303);
  assert.match(page.headers.get('location'), /^\/confirm/);
  const { status, token } = await make(li, { 'scopes[]': 'read' });
  assert.equal(status, 403);
  assert.equal(token, undefined);
  for (const person of [zhang, ada])
    await person.form('/confirm', { password: 'tenon-demo', return: '/' });
});

test('S62 a disabled person\'s tokens are dead at once, and for good', () => {
  const made = run('user', '--site', site.folder, 'token', 'he.jun', '--name',
    'ERP', '--scopes', 'read,write', '--days', '30');
  assert.equal(made.code, 0, made.err);
  const token = made.out.trim();
  assert.match(token, /^tnn_/);
  return (async () => {
    assert.equal((await call(token, 'GET', '/api/v1/session')).status, 200);
    assert.equal(run('user', '--site', site.folder, 'disable', 'he.jun').code,
      0);
    assert.equal((await call(token, 'GET', '/api/v1/session')).status, 401);
    assert.equal(run('user', '--site', site.folder, 'enable', 'he.jun').code,
      0);
    assert.equal((await call(token, 'GET', '/api/v1/session')).status, 401);
  })();
});

test('S3 who guesses tokens has to wait; the right one goes on', async () => {
  const { token } = await make(zhang, { 'scopes[]': 'read' });
  let status = 0;
  for (let i = 0; i < 40 && status !== 429; i += 1)
    ({ status } = await call(`tnn_${String(i).padStart(43, 'a')}`, 'GET',
      '/api/v1/session'));
  assert.equal(status, 429);
  assert.equal((await call(token, 'GET', '/api/v1/session')).status, 200);
});

test('S19 expensive routes are counted for all workers together', async () => {
  const wang = await signedIn(site, 'wang.wei').catch(() => zhang);
  const { workers } = await site.whole();
  assert.ok(workers.filter((w) => w.name.startsWith('pages')).length > 1);
  const answers = await Promise.all(Array.from({ length: 200 }, () =>
    wang.get('/portal/find?q=zz')));
  const taken = answers.filter((a) => a.status === 200).length;
  assert.ok(taken >= 120 && taken < 150, `${taken} of 200`);
  assert.ok(answers.every((a) => [200, 429].includes(a.status)));
  // Some are allowed again each second, so one alone may pass.
  const more = (await Promise.all(Array.from({ length: 20 }, () =>
    zhang.get('/portal/find?q=zz')))).map((a) => a.status);
  assert.equal(more.includes(429), wang === zhang, more.join(' '));
});
