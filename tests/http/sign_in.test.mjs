// Signing in: first run, words, throttle, cookies, links, languages.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { configure, demoSite, newSite, run, temporaryFolder }
  from '../lib/server.mjs';
import { Client, addUser, administrator, command, password, signedIn }
  from '../lib/client.mjs';
import { join } from 'node:path';

let site;
before(async () => {
  site = await newSite();
  await administrator(site);
  await addUser(site, 'lin', '--name', 'Lin Dan');
  await addUser(site, 'gone');
  await command(['user', '--site', site.folder, 'disable', 'gone']);
});
after(() => site?.stop());

const problem = (page) => /<ul><li>(.*?)<\/li>/s.exec(page.text)?.[1];

test('S61 a new site has no account, only a link that works once', async () => {
  const folder = join(temporaryFolder('first'), 'site');
  const made = run('init', folder);
  assert.equal(made.code, 0, made.err);
  const link = /\/first-run\/[\w-]{43}/.exec(made.out)[0];
  configure(folder, {});
  const { Site } = await import('../lib/server.mjs');
  const fresh = await new Site(folder, []).start();
  try {
    const client = new Client(fresh);
    for (const login of ['admin', 'root', 'administrator'])
      assert.equal((await client.signIn(login, 'admin')).status, 422);
    assert.equal((await client.get(link)).status, 200);
    let page = await client.post(link,
      { username: 'ada', name: 'Ada', password: 'short' });
    assert.equal(page.status, 422);
    page = await client.post(link, { username: 'ada', name: 'Ada', password });
    assert.equal(page.status, 303);
    assert.equal((await client.get('/admin')).status, 200);
    const other = new Client(fresh);
    assert.equal((await other.get(link)).status, 404);
    assert.equal((await other.post(link,
      { username: 'eve', name: 'Eve', password })).status, 404);
    // S6: neither the link's token nor the session's is in the log.
    assert.ok(!fresh.text.includes(link.split('/').pop()));
    assert.ok(!fresh.text.includes(client.token));
  } finally {
    await fresh.stop();
  }
});

test('S2 unknown, wrong and disabled get the same answer', async () => {
  const answers = [];
  for (const [login, secret] of [['nobody', password], ['lin', 'wrong wrong'],
    ['gone', password]]) {
    const page = await new Client(site).signIn(login, secret);
    answers.push([page.status, problem(page), page.text.length -
      login.length]);
  }
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  assert.equal(answers[0][0], 422);
});

test('S3 tries are throttled, in words and with Retry-After', async () => {
  const client = new Client(site);
  let page;
  for (let i = 0; i < 6; i++) page = await client.signIn('victim', `x${i}xxxx`);
  assert.equal(page.status, 429);
  assert.match(problem(page), /wait/);
  // Another account of the same office is not touched.
  assert.equal((await new Client(site).signIn('lin')).status, 303);
});

test('S4 the cookie is HttpOnly, SameSite, new at each sign-in', async () => {
  const client = new Client(site);
  await client.get('/sign-in');
  // A token that somebody else chose (fixation) is not taken over.
  client.cookies.tenon = 'A'.repeat(43);
  const page = await client.post('/sign-in', { username: 'lin', password });
  const line = /(?:^|, )(tenon=[^,]*)/.exec(page.headers.get('set-cookie'))[1];
  assert.match(line, /; HttpOnly/);
  assert.match(line, /; SameSite=Lax/);
  assert.match(line, /; Path=\//);
  assert.notEqual(client.token, 'A'.repeat(43));
  const first = client.token;
  await client.get('/me');
  const again = await client.post('/sign-in', { username: 'lin', password });
  assert.equal(again.status, 303);
  assert.notEqual(client.token, first);
  const old = new Client(site);
  old.cookies.tenon = first;
  assert.equal((await old.get('/me')).status, 303);
});

test('S7 an invitation chooses a password once', async () => {
  const made = await command(['user', '--site', site.folder, 'add', 'wang',
    '--link']);
  const link = /\/invite\/[\w-]{43}/.exec(made.out)[0];
  const client = new Client(site);
  assert.equal((await client.signIn('wang', '')).status, 422);
  assert.equal((await client.get(link)).status, 200);
  const weak = await client.post(link, { password: 'password1' });
  assert.equal(weak.status, 422);
  assert.equal((await client.post(link, { password })).status, 303);
  assert.equal((await client.get('/me')).status, 200);
  assert.equal((await new Client(site).get(link)).status, 404);
  await signedIn(site, 'wang');
});

test('S25 nobody is sent to another site after signing in', async () => {
  for (const bad of ['//evil.example/x', '/\\evil.example', 'https:evil',
    'https://evil.example', '/%0d%0aX:y', '\\\\evil', 'javascript:x']) {
    const client = new Client(site);
    const page = await client.signIn('lin', password, bad);
    assert.equal(page.status, 303);
    assert.match(page.location, /^\/(?![/\\])/, bad);
    assert.ok(!/evil/.test(page.location) || page.location.startsWith('/%'),
      page.location);
  }
  const page = await new Client(site).signIn('lin', password, '/me?a=1');
  assert.equal(page.location, '/me?a=1');
});

test('S65 unknown fields and repeated ones are refused', async () => {
  const client = new Client(site);
  await client.get('/sign-in');
  let page = await client.post('/sign-in', { username: 'lin', password,
    administrator: 'true' });
  assert.equal(page.status, 400);
  page = await client.post('/sign-in', { username: ['lin', 'root'], password });
  assert.equal(page.status, 400);
});

test('E5 the language is right before anybody signs in', async () => {
  for (const [wanted, lang] of [['zh-TW', 'zh-TW'], ['zh-HK,en;q=0.5',
    'zh-TW'], ['zh', 'zh-CN'], ['fr,zh-CN;q=0.4', 'zh-CN'], ['de', 'en']]) {
    const page = await new Client(site, { 'accept-language': wanted })
      .get('/sign-in');
    assert.ok(page.text.includes(`<html lang="${lang}"`), wanted);
  }
  const client = new Client(site, { 'accept-language': 'en' });
  await client.get('/sign-in');
  const page = await client.post('/preferences/language',
    { locale: 'zh-CN', return: '/sign-in' });
  assert.equal(page.status, 303);
  assert.match((await client.get('/sign-in')).text, /<html lang="zh-CN"/);
});

test('E50 the server sets the light before the first paint', async () => {
  const client = new Client(site);
  assert.ok(!/data-bs-theme/.test((await client.get('/sign-in')).text));
  await client.post('/preferences/theme', { theme: 'dark', return: '/' });
  assert.match((await client.get('/sign-in')).text,
    /<html[^>]* data-bs-theme="dark"/);
  assert.match((await client.get('/nowhere')).text,
    /<html[^>]* data-bs-theme="dark"/);
});

test('the browser code gets its answer in JSON', async () => {
  const client = new Client(site);
  await client.get('/sign-in');
  const headers = { 'x-tenon-request': 'form', accept: 'application/json' };
  let page = await client.post('/sign-in', { username: 'lin',
    password: 'wrong wrong' }, { headers });
  assert.equal(page.status, 422);
  assert.equal(JSON.parse(page.text).problems[0].code, 'sign_in');
  page = await client.post('/sign-in', { username: 'lin', password },
    { headers });
  const answer = JSON.parse(page.text);
  assert.equal(page.status, 200);
  client.csrf = answer.csrf;
  assert.equal((await client.post('/preferences/theme',
    { theme: 'light' })).status, 303);
});

test('S61 outside of a demo nobody enters by a click', async () => {
  const client = new Client(site);
  await client.get('/sign-in');
  assert.equal((await client.post('/sign-in/demo', { person: 'lin' })).status,
    404);
});

test('E1 a demo lists its people, one click in, and says demo', async () => {
  const demo = await demoSite();
  try {
    const client = new Client(demo);
    const page = await client.get('/sign-in');
    const logins = [...page.text.matchAll(/name="person" value="([^"]+)"/g)];
    assert.ok(logins.length >= 3);
    assert.match(page.text, /tn-demo/);
    const entered = await client.post('/sign-in/demo',
      { person: logins[0][1] });
    assert.equal(entered.status, 303);
    const home = await client.get('/');
    assert.equal(home.status, 200);
    assert.match(home.text, /tn-demo/);
  } finally {
    await demo.stop();
  }
});
