// malformed.test.mjs - malformed HTTP gets the right 4xx and a closed
// connection: never two requests from one, never a crash or a stuck worker
// (S32, F07). Each row of the table was taken wrongly by some server.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { long, raw, statuses, stubSite } from '../lib/server.mjs';
import { chunk, chunks, get, mutated, noMutation, post, refused, second } from
  '../lib/malformed.mjs';

let site;
before(async () => { site = await stubSite({ header_seconds: 3 }); });
after(async () => site && site.stop());

for (const [what, bytes, status = 400] of refused) {
  test(`S32_ F07_ ${what} is answered with ${status} and closed`, async () => {
    const { text, closed } = await raw(site, bytes + second);
    assert.deepEqual(statuses(text), [status], text.slice(0, 300));
    assert.ok(closed, 'the connection is closed');
    assert.match(text, /content-security-policy: default-src 'self'/);
    assert.match(text, /x-content-type-options: nosniff/);
    assert.doesNotMatch(text, /hello from/);
  });
}

for (const [what, body] of chunks) {
  test(`S32_ F07_ ${what} is answered with 400 and closed`, async () => {
    const { text, closed } = await raw(site,
      post('Transfer-Encoding: chunked\r\n', body) + second);
    assert.deepEqual(statuses(text), [400], text.slice(0, 300));
    assert.ok(closed, 'the connection is closed');
    assert.doesNotMatch(text, /hello from/);
  });
}

test('S32_ a trailer is never a header', async () => {
  const { text } = await raw(site, post('Transfer-Encoding: chunked\r\n',
    `${chunk('hello')}0\r\nX-Forwarded-For: 6.6.6.6\r\nCookie: a=b\r\n\r\n`));
  assert.deepEqual(statuses(text), [200]);
  assert.match(text, /\[hello\]/);
  assert.doesNotMatch(text, /6\.6\.6\.6|a=b/);
});

test('a chunked body comes whole, extensions are dropped', async () => {
  const { text } = await raw(site, post('Transfer-Encoding: chunked\r\n',
    '3;name="v"\r\nabc\r\n4\r\ndefg\r\n00000\r\n\r\n') + second);
  assert.deepEqual(statuses(text), [200, 200]);
  assert.match(text, /body=7\/7/);
  assert.match(text, /\[abcdefg\]/);
});

test('Upgrade is ignored', async () => {
  for (const to of ['websocket', 'h2c', 'TLS/1.0']) {
    const { text } = await raw(site, get('/hello',
      `Connection: Upgrade\r\nUpgrade: ${to}\r\n`));
    assert.deepEqual(statuses(text), [200], to);
  }
});

test('an absolute target of our own authority is taken', async () => {
  const { text } = await raw(site, get('http://127.0.0.1/echo?x=1'));
  assert.deepEqual(statuses(text), [200]);
  assert.match(text, /GET \/echo \?x=1 /);
});

test('requests come byte by byte', async () => {
  const { text } = await raw(site, post('Content-Length: 5\r\n', 'hello') +
    get('/hello') + post('Transfer-Encoding: chunked\r\n',
      `${chunk('hello')}0\r\n\r\n`), { pieces: true });
  assert.deepEqual(statuses(text), [200, 200, 200]);
});

test('pipelined requests are answered in order', async () => {
  const { text } = await raw(site, [1, 2, 3, 4, 5].map((i) =>
    get(`/echo?${i}`)).join(''));
  assert.deepEqual(statuses(text), [200, 200, 200, 200, 200]);
  const order = [...text.matchAll(/GET \/echo \?(\d)/g)].map((m) => m[1]);
  assert.deepEqual(order, ['1', '2', '3', '4', '5']);
});

test('a half-closed client gets its answer', async () => {
  const { text, closed } = await raw(site, get('/hello'), { end: true });
  assert.deepEqual(statuses(text), [200]);
  assert.ok(closed);
});

test('HTTP/1.0 is closed after the answer, unless it asks otherwise',
  async () => {
    const plain = await raw(site, 'GET /hello HTTP/1.0\r\n\r\n');
    assert.deepEqual(statuses(plain.text), [200]);
    assert.ok(plain.closed);
    const kept = await raw(site,
      'GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'.repeat(2));
    assert.deepEqual(statuses(kept.text), [200, 200]);
    assert.match(kept.text, /connection: keep-alive/);
    assert.ok(!kept.closed);
  });

test('Expect: 100-continue is answered before the body', async () => {
  const { text } = await raw(site, post(
    'Content-Length: 5\r\nExpect: 100-continue\r\n', 'hello'));
  assert.deepEqual(statuses(text), [100, 200]);
});

test('S28_ a worker cannot be made to split an answer', async () => {
  const { text } = await raw(site, get('/split') );
  assert.deepEqual(statuses(text), [500]);
  assert.doesNotMatch(text, /stolen/);
});

test('S52_ an escaped escape stays as it is', async () => {
  const { text } = await raw(site, get('/echo?%252e%252e'));
  assert.match(text, /\?%252e%252e /);
});

test('F07_ requests with changed bits are answered or refused, never more '
  + 'than there are', { skip: noMutation }, async () => {
  const cases = mutated(long ? 3000 : 120, long ? 1000 : 0);
  const turns = Array.from({ length: 20 }, async (unused, turn) => {
    for (let i = turn; i < cases.length; i += 20) {
      const [what, bytes] = cases[i];
      const { text } = await raw(site, bytes, { ms: 150 });
      const all = statuses(text);
      // A body that is shorter than it was is followed by what is no request.
      assert.ok(all.length <= 4, `${what}: ${all}`);
      const bad = all.findIndex((status) => status >= 400 && status !== 404 &&
        status !== 403 && status !== 421);
      assert.ok(bad < 0 || bad === all.length - 1,
        `${what}: after a refusal the connection is closed: ${all}`);
      assert.ok(all.every((status) => status < 500 || [501, 505]
        .includes(status)), `${what}: ${all}`);
    }
  });
  await Promise.all(turns);
  assert.deepEqual(statuses((await raw(site, get('/hello'))).text), [200]);
});

test('after all of this nothing died and everybody is answered', async () => {
  const died = site.log('worker.died').filter((line) =>
    line.entry !== 'page /split' && line.kind !== 'protocol');
  assert.deepEqual(died, []);
  const answer = await fetch(`${site.url}/hello`);
  assert.equal(answer.status, 200);
});
