// security.test.mjs - lines of the security list over the demo company, its
// own roles and its modules' routes: what walk.test.mjs and csrf.test.mjs do
// on an empty site, and what needs somebody's record, file, task or stream.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer as parsed, demoSite, newSite, raw, run, statuses, until }
  from '../lib/server.mjs';
import { Person, signedIn } from '../lib/person.mjs';
import { addUser, administrator } from '../lib/client.mjs';

// What only zhang.wei, his head and the general manager may ever see.
const secret = 'Quince-7f3a91';
const roles = { 'zhou.ming': 'general manager', 'li.na': 'head',
  'chen.jing': 'finance', 'huang.yan': 'human resources',
  'sun.tao': 'no role', admin: 'administrator' };

let site;
let table;
let own;          // zhang.wei's record, file, task
const people = {};

const name = (route) => `${route.method} ${route.pattern}`;
const streams = (route) => route.pattern === '/portal/events';
const inner = /sqlite|SELECT [a-z*]|no such column|\.c:\d+|core\/[a-z]+\/|at 0x/;

// A route's address with `id` in the place of each number.
function address(route, { form = 'budget', id = '1', page = '1',
  field = 'purpose' } = {}) {
  const words = { form, id, page, field };
  return route.pattern.replace(/\{([^}]+)\}/g, (all, key) =>
    words[key] ?? 'x'.repeat(43));
}

// Calls it as its kind is called, with the token, and with `fields`.
function call(person, route, path, fields = {}) {
  const api = route.flags.includes('api');
  if (route.method === 'GET')
    return person.get(path, api ? { accept: 'application/json' } : {});
  return api ? person.send(route.method, path, fields, { 'if-match': '1' })
    : person.form(path, fields);
}

before(async () => {
  site = await demoSite();
  for (const login of [...Object.keys(roles), 'zhang.wei'])
    people[login] = await signedIn(site, login);
  table = JSON.parse(run('routes', '--json', site.folder).out);
  const upload = new FormData();
  upload.append('file', new Blob([`the file says ${secret}\n`]),
    `${secret}.txt`);
  const zhang = people['zhang.wei'];
  const file = await zhang.fetch('POST', '/api/v1/files', { body: upload,
    headers: { 'x-csrf-token': zhang.csrf } });
  assert.equal(file.status, 201, file.text);
  const record = await zhang.post('/api/v1/records/budget', { values: {
    purpose: secret, date: '2026-12-15', attachments: [file.body.id],
    items: [{ name: secret, quantity: '1', unit_price: '10' }] } },
  { 'idempotency-key': 'security-1' });
  assert.equal(record.status, 201, record.text);
  const tasks = await people['li.na'].get('/api/v1/tasks?limit=200');
  own = { record: record.body.id, file: file.body.id,
    task: tasks.body.tasks.find((t) => t.record === record.body.id).id };
  await people['zhang.wei'].form(`/records/budget/${own.record}/comment`,
    { body: `remark ${secret}` });
});
after(() => site?.stop());

const now = async () => (await people['zhang.wei'].get(
  `/api/v1/records/budget/${own.record}`)).body;

describe('S12 the route table of the demo company', () => {
  test('S12 has the routes of its modules too', () => {
    assert.ok(table.length > 90, `${table.length} routes`);
    const modules = new Set(table.map((r) => r.module).filter(Boolean));
    assert.ok(modules.has('vehicle'), [...modules].join(' '));
  });

  test('S12 nobody is told anything without signing in', async () => {
    for (const route of table.filter((r) => r.access !== 'public')) {
      for (const id of ['1', own.record, own.file, own.task]) {
        const stranger = new Person(site);
        const path = address(route, { id });
        const page = await call(stranger, route, path);
        assert.ok([303, 401, 403].includes(page.status),
          `${name(route)}: ${page.status}`);
        if (page.status === 303)
          assert.match(page.headers.get('location'), /^\/sign-in(\?|$)/);
        assert.ok(!page.text.includes(secret), name(route));
        if (!route.pattern.includes('{')) break;
      }
    }
    assert.equal((await now()).version, (await now()).version);
  });

  for (const [login, role] of Object.entries(roles))
    test(`S12 ${role}: administration is closed, nothing fails`, async () => {
      const me = people[login];
      for (const route of table.filter((r) => r.access !== 'public' &&
          !streams(r) && r.method === 'GET')) {
        const page = await call(me, route, address(route));
        const closed = route.access === 'administrator' && login !== 'admin';
        if (closed) assert.equal(page.status, 403, name(route));
        assert.ok(page.status < 500 || page.status === 503,
          `${name(route)}: ${page.status}`);
      }
      for (const route of table.filter((r) => r.method !== 'GET' &&
          r.access === 'administrator' && login !== 'admin')) {
        const page = await call(me, route, address(route), { name: 'x' });
        assert.equal(page.status, 403, name(route));
      }
    });

  test('S12 methods that a route does not have do nothing', async () => {
    const byPath = new Map();
    for (const route of table) {
      const path = address(route);
      byPath.set(path, (byPath.get(path) || new Set()).add(route.method));
    }
    const before = await now();
    for (const [path, known] of byPath)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE',
        'OPTIONS']) {
        if (known.has(method)) continue;
        // What GET shows at the address may be another pattern's.
        if (method === 'GET' && known.has('POST')) continue;
        const page = await people.admin.send(method, path,
          method === 'GET' ? undefined : {});
        assert.ok(page.status >= 400 && page.status < 500,
          `${method} ${path}: ${page.status}`);
      }
    assert.deepEqual(await now(), before);
  });
});

describe('S13 ids of others', () => {
  test('S13 in the place of each number of each route', async () => {
    const before = await now();
    const fields = { decision: 'approve', comment: 'x', body: 'x',
      _version: String(before.version), values: { purpose: 'stolen' } };
    for (const login of ['sun.tao', 'huang.yan'])
      for (const route of table.filter((r) => r.pattern.includes('{id}') &&
          r.access === 'person'))
        for (const id of [own.record, own.file, own.task]) {
          const api = route.flags.includes('api');
          const page = await call(people[login], route, address(route, { id }),
            api ? fields : { decision: 'approve', comment: 'x' });
          assert.ok(page.status >= 400 && page.status < 500,
            `${login} ${name(route)}: ${page.status}`);
          assert.ok(!page.text.includes(secret), `${login} ${name(route)}`);
        }
    assert.deepEqual(await now(), before);
  });

  test('S13 in bodies: files, people, versions', async () => {
    for (const login of ['sun.tao', 'huang.yan']) {
      const me = people[login];
      const stolen = await me.post('/api/v1/records/budget', { values: {
        purpose: 'x', date: '2026-12-15', attachments: [own.file],
        items: [{ name: 'x', quantity: '1', unit_price: '1' }] } });
      assert.equal(stolen.status, 422);
      assert.ok(!stolen.text.includes(secret));
      for (const value of [own.record, own.file, own.task, '-1', '0', 'x',
        '9223372036854775808']) {
        const guest = await me.post('/api/v1/records/visitor', { values: {
          name: 'x', day: '2026-12-01', host: value } });
        assert.equal(guest.status, 422, `${value}: ${guest.text}`);
      }
    }
  });

  test('S13 lists, searches, counts, exports tell nothing', async () => {
    const word = secret.slice(0, 6);
    const filter = encodeURIComponent(JSON.stringify(
      { purpose: { contains: word } }));
    for (const login of ['sun.tao', 'huang.yan'])
      for (const path of [`/portal/find?q=${word}`,
        `/records/budget?q=${word}`, `/records/budget/bin?q=${word}`,
        `/records/budget?f.purpose.contains=${word}`,
        `/records/budget/export?q=${word}`, '/tasks', '/tasks?box=done',
        '/tasks?box=copied', '/api/v1/tasks', '/api/v1/messages', '/messages',
        `/api/v1/records/budget?q=${word}&count=true`,
        `/api/v1/records/budget?filter=${filter}&count=true`]) {
        const page = await people[login].get(path);
        assert.ok(!page.text.includes(secret), `${login} ${path}`);
        if (page.body && 'count' in page.body)
          assert.equal(page.body.count, 0, `${login} ${path}`);
      }
    // The same words find it for its owner: the test looks in the right place.
    assert.equal((await people['zhang.wei'].get(
      `/api/v1/records/budget?filter=${filter}&count=true`)).body.count, 1);
    assert.ok((await people['zhang.wei'].get(`/records/budget?q=${word}`))
      .text.includes(secret));
  });
});

describe('S16 every change of the demo company', () => {
  const changes = () => table.filter((r) => r.method !== 'GET' &&
    !r.flags.includes('no_csrf'));

  test('S16 needs the token, from cookies of whatever role', async () => {
    const before = await now();
    for (const login of ['zhang.wei', 'admin'])
      for (const route of changes()) {
        const me = people[login];
        for (const headers of [{ 'content-type': 'application/json' },
          { 'content-type': 'application/x-www-form-urlencoded' },
          { 'content-type': 'text/plain' }]) {
          const page = await me.fetch(route.method,
            address(route, { id: own.record }), { headers,
              body: /json/.test(headers['content-type']) ? '{}' : 'a=b' });
          assert.ok([403, 415].includes(page.status),
            `${login} ${name(route)} ${headers['content-type']}: ` +
            page.status);
        }
      }
    assert.deepEqual(await now(), before);
  });

  test('S16 is refused to other sites, token or not', async () => {
    const me = people['zhang.wei'];
    for (const route of changes())
      for (const headers of [{ origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' }]) {
        const page = await me.fetch(route.method,
          address(route, { id: own.record }), { body: '{}', headers: {
            'content-type': 'application/json', 'x-csrf-token': me.csrf,
            ...headers } });
        assert.equal(page.status, 403, `${name(route)}: ${page.status}`);
      }
  });
});

test('S21 parameters of every page and list, fuzzed', async () => {
  const names = ['q', 'page', 'sort', 'limit', 'cursor', 'filter', 'fields',
    'columns', 'box', 'parent', 'return', 'f.purpose.eq', 'f.total.gte',
    'f.owner.eq', 'add.field', 'add.op', 'count', 'day', 'id'];
  const values = ["'", '"', "' OR '1'='1", '1;DROP TABLE x', '-1', '1e309',
    '99999999999999999999', '%00', '%', '../../etc/passwd', '{"a":{"b":1}}',
    '[[[[[[', '\u202e', '<script>', '{{7*7}}', '${7*7}', 'f_total',
    'id) UNION SELECT 1--', '\\', 'x'.repeat(3000)];
  const lists = table.filter((r) => r.method === 'GET' && !streams(r) &&
    !r.flags.includes('expensive') && r.access === 'person' &&
    /page|api/.test(r.flags.join()) && !r.pattern.includes('{id}'));
  assert.ok(lists.length > 12);
  let turn = 0;
  for (const route of lists)
    for (const key of names)
      // Every value meets every parameter over the routes; a few of each.
      for (let i = 0; i < 4; i += 1) {
        const value = values[(turn += 7) % values.length];
        const path = `${address(route)}?${encodeURIComponent(key)}=` +
          (value === '%00' ? value : encodeURIComponent(value));
        const page = await people['sun.tao'].get(path);
        assert.ok(page.status < 500, `${path}: ${page.status}`);
        assert.doesNotMatch(page.text, inner, path);
        assert.ok(!page.text.includes(secret), path);
        assert.ok(!page.text.includes('<script>"') &&
          !/49<|>49\b/.test(value === '{{7*7}}' ? page.text.replace(
            /<(script|svg)[\s\S]*?<\/\1>/g, '') : ''), path);
      }
});

test('S23 S58 answers of every kind carry the headers and a type', async () => {
  const me = people['zhang.wei'];
  const home = await me.get('/');
  const style = /href="(\/assets\/[^"]+\.css[^"]*)"/.exec(home.text)[1];
  const kinds = [['page', '/', 200], ['list', '/records/budget', 200],
    ['form', '/records/budget/new', 200], ['task box', '/tasks', 200],
    ['module page', '/m/vehicle/day', 200], ['static', style, 200],
    ['absent static', '/assets/none.css', 404],
    ['missing page', '/none', 404], ['refused', '/admin', 403],
    ['absent record', '/records/budget/1', 404],
    ['JSON', '/api/v1/session', 200],
    ['absent API', '/api/v1/records/none', 404],
    ['wrong method', '/api/v1/session', 405, 'DELETE'],
    ['bad query', '/records/budget?page=0', 422],
    ['file', `/files/${own.file}`, 200], ['counts', '/portal/counts', 200],
    ['to the sign-in', '/me', 303, 'GET', new Person(site)],
    ['health', '/healthz', 200]];
  for (const [kind, path, status, method = 'GET', who = me] of kinds) {
    const page = await who.fetch(method, path,
      { headers: { 'x-csrf-token': me.csrf } });
    assert.equal(page.status, status, `${kind} ${path}`);
    const { headers } = page;
    const csp = headers.get('content-security-policy');
    assert.ok(csp, `${kind}: no policy`);
    assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval|\*/, kind);
    assert.match(csp, /frame-ancestors|sandbox/, kind);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', kind);
    assert.ok(headers.get('referrer-policy'), kind);
    assert.equal(headers.get('server'), null, kind);
    assert.equal(headers.get('x-powered-by'), null, kind);
    if (page.text) {
      const type = headers.get('content-type');
      assert.match(type, /; charset=utf-8$/, kind);
      if (path.startsWith('/api/')) assert.match(type, /json/, kind);
    }
  }
  // What the front answers by itself, before any worker sees it.
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'BOGUS\r\n\r\n',
    `GET /${'a'.repeat(20000)} HTTP/1.1\r\nHost: x\r\n\r\n`]) {
    const { status, headers, body } = parsed((await raw(site, bytes)).text);
    assert.ok(status >= 400 && status < 500);
    assert.match(headers['content-security-policy'] || '', /default-src/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    if (body) assert.match(headers['content-type'], /charset=utf-8$/);
  }
});

test('S25 no address leads a browser to another site', async () => {
  const away = ['https://evil.example/', '//evil.example', '/\\evil.example',
    '\\\\evil.example', '/\t/evil.example', 'javascript:alert(1)',
    'data:text/html,x', '/%5cevil.example', '///evil.example',
    'http:evil.example', '/.//evil.example', ' //evil.example',
    '/\r\nLocation: //evil.example'];
  const inside = (page, what) => {
    const to = page.headers.get('location');
    if (!to) return;
    assert.equal(new URL(to, site.url).origin, new URL(site.url).origin,
      `${what} → ${to}`);
    assert.doesNotMatch(to, /^\/[\\/]|[\r\n\t]/, what);
  };
  const me = people['sun.tao'];
  const gets = table.filter((r) => r.method === 'GET' && !streams(r) &&
    !r.pattern.includes('{') && r.flags.includes('page') &&
    r.access !== 'administrator');
  for (const value of away) {
    for (const key of ['return', 'next', 'url', 'redirect', 'back'])
      for (const route of gets) {
        const query = `?${key}=${encodeURIComponent(value)}`;
        inside(await me.get(address(route) + query), name(route) + query);
        const page = await new Person(site).get(address(route) + query);
        inside(page, name(route) + query);
        assert.doesNotMatch(page.text,
          /(href|action)="(https?:)?(\/\/|\\\\|javascript)[^"]*evil/i);
      }
    for (const [path, fields] of [['/preferences/language', { locale: 'en' }],
      ['/preferences/theme', { theme: 'dark' }],
      ['/records/budget/columns', { 'columns[]': 'total' }],
      ['/confirm', { password: 'tenon-demo' }]]) {
      const page = await me.form(path, { ...fields, return: value });
      assert.ok(page.status < 500, path);
      inside(page, `${path} ${value}`);
    }
    const fresh = new Person(site);
    fresh.csrf = /name="_csrf" value="([^"]*)"/.exec(
      (await fresh.get('/sign-in')).text)[1];
    inside(await fresh.form('/sign-in', { username: 'sun.tao',
      password: 'tenon-demo', return: value }), `sign-in ${value}`);
  }
});

test('S30 another name is not served, nor put into links', async () => {
  const named = await newSite({ hosts: ['intra.example'] });
  try {
    const ask = async (path, headers) => parsed((await raw(named,
      `GET ${path} HTTP/1.1\r\n${headers}\r\n`)).text);
    for (const path of ['/', '/sign-in', '/api/v1/session', '/assets/x.css',
      '/admin/users'])
      for (const host of ['evil.example', 'intra.example.evil.example',
        '127.0.0.1', 'intra.example@evil.example', 'evil.example#'])
        assert.ok([400, 421].includes((await ask(path, `Host: ${host}\r\n`))
          .status), `${path} ${host}`);
    const page = await ask('/sign-in', 'Host: intra.example\r\n' +
      'X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n' +
      'X-Original-URL: /admin/users\r\nX-Rewrite-URL: /admin/users\r\n');
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.body, /evil\.example/);
    assert.match(page.body, /name="password"/);
    assert.deepEqual(statuses((await raw(named, 'GET /sign-in HTTP/1.1\r\n' +
      'Host: intra.example\r\nHost: evil.example\r\n\r\n')).text), [400]);
  } finally {
    await named.stop();
  }
});

test('S40 pages of errors repeat neither the address nor the query',
  async () => {
    for (const path of ['/none', '/records/budget/1', '/records/none',
      '/admin/users', '/files/1', '/tasks/1']) {
      const page = await people['sun.tao'].get(
        `${path}?quincequery=${encodeURIComponent('<b>quincevalue')}`);
      assert.ok(page.status >= 400 && page.status < 500, path);
      const words = page.text.replace(/href="[^"]*"|value="[^"]*"/g, '');
      assert.doesNotMatch(words, /quincequery|quincevalue/, path);
      assert.doesNotMatch(page.text, /<b>quince/, path);
      assert.doesNotMatch(page.text, inner, path);
      assert.ok(!page.text.includes(site.folder), path);
    }
  });

test('S45 a flow file brings neither entities nor code', async () => {
  const head = '<?xml version="1.0"?>\n';
  const model = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"';
  writeFileSync(join(site.folder, 'quince-secret.txt'), 'quince-inside');
  writeFileSync(join(site.folder, 'flows/entity.bpmn'), `${head}<!DOCTYPE x [` +
    `<!ENTITY e SYSTEM "file://${site.folder}/quince-secret.txt">]>` +
    `<definitions ${model}><process id="entity" name="&e;"/></definitions>`);
  writeFileSync(join(site.folder, 'flows/code.bpmn'), `${head}<definitions ` +
    `${model} targetNamespace="x"><process id="code" isExecutable="true">` +
    '<startEvent id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>' +
    '<scriptTask id="b" scriptFormat="javascript"><script>' +
    'require("child_process").exec("touch /tmp/quince")</script></scriptTask>' +
    '<sequenceFlow id="g" sourceRef="b" targetRef="c"/><endEvent id="c"/>' +
    '</process></definitions>');
  site.child.kill('SIGHUP');
  for (const file of ['entity.bpmn', 'code.bpmn'])
    await until(() => site.log('flow.refused').some((l) => l.file === file),
      `${file} to be refused`, 30000);
  assert.ok(!site.text.includes('quince-inside'));
  assert.equal((await people['zhang.wei'].get('/apply')).status, 200);
});

describe('S62 somebody who was disabled', () => {
  test('S62 sessions, API and streams end within a second', async () => {
    const me = await signedIn(site, 'lin.xiao');
    const admin = people.admin;
    const control = new AbortController();
    const cookie = me.client.cookie();
    const stream = await fetch(new URL('/portal/events', site.url),
      { headers: { cookie }, signal: control.signal });
    assert.equal(stream.status, 200);
    let ended = false;
    (async () => {
      try { for await (const piece of stream.body) void piece; } catch { /* */ }
      ended = true;
    })();
    await admin.form('/confirm', { password: 'tenon-demo', return: '/' });
    const result = run('user', '--site', site.folder, 'disable', 'lin.xiao');
    assert.equal(result.code, 0, result.err);
    assert.equal((await me.get('/api/v1/tasks')).status, 401);
    assert.equal((await me.get('/')).status, 303);
    assert.equal((await me.post('/api/v1/records/visitor', { values: {} }))
      .status, 401);
    await until(() => ended, 'the stream to end', 10000);
    await assert.rejects(signedIn(site, 'lin.xiao'));
  });
});

test('S63 nothing of the house is served', async () => {
  for (const who of [new Person(site), people['sun.tao']])
    for (const path of ['/.git/config', '/.git/HEAD', '/.env', '/tenon.cfg',
      '/tenon.db', '/demo-accounts.txt', '/forms/budget.json',
      '/scripts/', '/plugins/vehicle/plugin.cfg', '/run/control.sock',
      '/files/', '/assets', '/assets/', '/assets/..%2f..%2ftenon.cfg',
      '/assets/%2e%2e/tenon.cfg', '/assets/....//tenon.cfg', '/debug',
      '/debug/pprof', '/server-status', '/api/', '/api/v1',
      '/openapi.json', '/swagger', '/actuator/env', '/console', '/phpinfo.php',
      '/assets/m/vehicle/../plugin.cfg', '/assets/m/vehicle/%2e%2e/vehicle.so',
      '/assets/m/vehicle/..%5cplugin.cfg']) {
      const answer = await raw(site, `GET ${path} HTTP/1.1\r\nHost: ` +
        `127.0.0.1\r\nCookie: ${who.client.cookie()}\r\n` +
        'Connection: close\r\n\r\n');
      const { status, body } = parsed(answer.text);
      assert.ok([303, 400, 401, 404].includes(status), `${path}: ${status}`);
      assert.doesNotMatch(body, /Index of|tenon-demo|\[core\]|SQLite format/,
        path);
    }
  // What the API offers is told to people, each of what that person may do.
  assert.equal((await new Person(site).get('/api')).status, 303);
  assert.equal((await new Person(site).get('/api/v1/openapi.json')).status,
    401);
  for (const method of ['TRACE', 'TRACK', 'CONNECT', 'DEBUG']) {
    const [status] = statuses((await raw(site, `${method} / HTTP/1.1\r\n` +
      'Host: 127.0.0.1\r\nX-Quince: secret\r\n\r\n')).text);
    assert.ok([400, 405, 501].includes(status), `${method}: ${status}`);
  }
});

test('S64 private answers are not kept; signing out clears', async () => {
  const me = await signedIn(site, 'zhang.wei');
  for (const path of ['/', '/records/budget', '/tasks', '/portal/counts',
    '/api/v1/tasks', `/api/v1/records/budget/${own.record}`,
    `/files/${own.file}`, '/none', '/m/vehicle/day']) {
    const page = await me.get(path);
    assert.match(page.headers.get('cache-control') || '',
      /no-store/, path);
    assert.doesNotMatch(page.headers.get('cache-control'), /public/, path);
  }
  const token = Object.values(me.cookies).find((v) => v.length > 30);
  for (const path of ['/', '/me', '/records/budget', '/tasks']) {
    const { text } = await me.get(path);
    assert.ok(!text.includes(token), `S6 the token on ${path}`);
    assert.doesNotMatch(text, /(href|action|src)="[^"]*(_csrf|token|session)=/);
  }
  const out = await me.form('/sign-out', {});
  assert.equal(out.status, 303);
  assert.match(out.headers.get('clear-site-data'), /"cache"|"storage"/);
  assert.ok(!site.text.includes(token), 'S6 the token in the log');
});

test('S6 neither tokens nor passwords nor queries are in the log', async () => {
  const me = await signedIn(site, 'sun.tao');
  await me.get('/records/budget?q=quince-private-word');
  await me.get('/none/quince?token=quince-private-token');
  await until(() => site.text.includes('/records/budget'), 'the access log');
  for (const person of [me, ...Object.values(people)]) {
    for (const value of Object.values(person.cookies))
      if (value.length > 30) assert.ok(!site.text.includes(value));
    assert.ok(!site.text.includes(person.csrf));
  }
  assert.doesNotMatch(site.text, /tenon-demo|quince-private/);
});

test('S65 a field twice, or one that is unknown, changes nothing', async () => {
  const empty = await newSite();
  try {
    const root = await administrator(empty);
    const forms = table.filter((r) => r.method === 'POST' && !r.module &&
      !r.flags.includes('api') && !r.pattern.includes('{form}') &&
      r.access !== 'public' && r.pattern !== '/confirm');
    await addUser(empty, 'somebody');
    const list = await root.get('/admin/users?q=somebody');
    const somebody = /\/admin\/users\/(\d+)/.exec(list.text)[1];
    const taken = [];
    for (const route of forms) {
      await root.get('/me');
      for (const pair of [[['quince', '1']],
        [['name', 'a'], ['name', 'b']], [['_csrf', root.csrf], ['name', 'a']]]) {
        const page = await root.send('POST', address(route, { id: somebody }),
          { form: [['_csrf', root.csrf], ...pair] });
        if (page.status < 400 || page.status >= 500)
          taken.push(`${name(route)} ${pair[0][0]}: ${page.status}`);
      }
    }
    assert.deepEqual(taken, []);
    assert.equal((await root.get('/me')).status, 200);
  } finally {
    await empty.stop();
  }
  const me = people['zhang.wei'];
  for (const route of table.filter((r) => r.method === 'POST' &&
      r.flags.includes('api') && !r.flags.includes('upload') && !r.module)) {
    const path = address(route, { id: own.task });
    for (const body of ['{"quince":1}', '{"decision":"x","decision":"y"}']) {
      const page = await me.fetch('POST', path, { body, headers: {
        'content-type': 'application/json', 'x-csrf-token': me.csrf } });
      assert.ok(page.status >= 400 && page.status < 500,
        `${name(route)} ${body}: ${page.status}`);
    }
  }
});
