// front.test.mjs - what the front does by itself: limits, deadlines, static
// files, ranges, compression, bodies, live events, names of hosts, metrics.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { answer, raw, sleep, slow, statuses, stubSite, until }
  from '../lib/server.mjs';

const host = 'Host: 127.0.0.1\r\n';
const request = (path, extra = '', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\n${host}${extra}\r\n`;
const one = async (site, ...args) => answer((await raw(site,
  request(...args))).text);

const asset = 'x'.repeat(5000);
function prepare(folder) {
  const web = join(folder, 'themes/web');
  mkdirSync(join(web, 'sub'), { recursive: true });
  writeFileSync(join(web, 'app.css'), asset);
  writeFileSync(join(web, 'app-QFZ3BGBN.js'), asset);
  writeFileSync(join(web, 'app.1a2b3c4d.js'), asset);
  writeFileSync(join(web, 'components.js'), asset);
  writeFileSync(join(web, 'logic-worker.1a2b3c4d.js'), 'w');
  writeFileSync(join(web, 'packed.css'), asset);
  writeFileSync(join(web, 'packed.css.gz'), gzipSync(asset));
  writeFileSync(join(web, 'packed.css.br'), brotliCompressSync(asset));
  writeFileSync(join(web, 'sub/a b.txt'), 'spaces');
  writeFileSync(join(web, '.secret'), 'no');
  writeFileSync(join(web, 'unknown.xyz'), '<script>');
  writeFileSync(join(web, 'large.bin'), Buffer.alloc(3000000, 'abcdefghij'));
  symlinkSync('/etc/passwd', join(web, 'link.txt'));
  symlinkSync('/etc', join(web, 'etc'));
}

describe('the front', () => {
  let site;
  before(async () => {
    site = await stubSite({ body_max: 4 * 1024 * 1024, header_seconds: 2,
      body_seconds: 3, spool_max: 6 * 1024 * 1024, event_streams_max: 3,
      connections_per_address: 60 }, { prepare });
    await site.whole();
  });
  after(async () => site && site.stop());

  test('every answer has the security headers (S23)', async () => {
    for (const path of ['/hello', '/nothing', '/healthz', '/assets/stub/app.css',
      '/assets/stub/none', '/assets/front/error.css', '/crash']) {
      const { headers } = await one(site, path);
      assert.match(headers['content-security-policy'], /default-src 'self'/,
        path);
      assert.match(headers['content-security-policy'],
        /frame-ancestors 'none'/, path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.ok(headers['referrer-policy'], path);
      assert.ok(headers['x-request-id'], path);
      assert.match(headers['content-type'], /charset=utf-8/, path);
      assert.equal(headers.server, undefined);
    }
  });

  test('a handler brings its own policy', async () => {
    const { headers } = await one(site, '/page?100');
    assert.equal(headers['content-security-policy'],
      "default-src 'nonce-abc'");
    assert.equal(headers['cache-control'], 'no-store');
  });

  describe('static files', () => {
    test('have type, tag and caching; If-None-Match gets 304', async () => {
      const first = await one(site, '/assets/stub/app.css');
      assert.equal(first.status, 200);
      assert.equal(first.body, asset);
      assert.equal(first.headers['content-type'], 'text/css; charset=utf-8');
      assert.equal(first.headers['cache-control'], 'public, no-cache');
      const again = await one(site, '/assets/stub/app.css',
        `If-None-Match: W/"x", ${first.headers.etag}\r\n`);
      assert.equal(again.status, 304);
      assert.equal(again.body, '');
      assert.equal(again.headers.etag, first.headers.etag);
    });

    test('with a hash in the name are kept for a year', async () => {
      for (const name of ['app-QFZ3BGBN.js', 'app.1a2b3c4d.js',
        'app.css?v=12']) {
        const { headers } = await one(site, `/assets/stub/${name}`);
        assert.match(headers['cache-control'], /immutable/, name);
      }
      const { headers } = await one(site, '/assets/stub/components.js');
      assert.equal(headers['cache-control'], 'public, no-cache');
    });

    test('are sent packed to who takes it, each with its own tag', async () => {
      const tags = new Set();
      for (const [accept, coding] of [['br, gzip', 'br'], ['gzip', 'gzip'],
        ['br;q=0, gzip;q=0.5', 'gzip'], ['identity', undefined],
        ['', undefined]]) {
        const { headers, status } = await one(site, '/assets/stub/packed.css',
          accept ? `Accept-Encoding: ${accept}\r\n` : '');
        assert.equal(status, 200);
        assert.equal(headers['content-encoding'], coding, accept);
        assert.equal(headers.vary, 'accept-encoding');
        assert.equal(headers['content-type'], 'text/css; charset=utf-8');
        tags.add(headers.etag);
      }
      assert.equal(tags.size, 3);
    });

    test('are sent in ranges', async () => {
      const range = (text, extra = '') => one(site, '/assets/stub/large.bin',
        `Range: ${text}\r\n${extra}`);
      const part = await range('bytes=10-19');
      assert.equal(part.status, 206);
      assert.equal(part.body, 'abcdefghij');
      assert.equal(part.headers['content-range'], 'bytes 10-19/3000000');
      assert.equal((await range('bytes=-5')).body, 'fghij');
      assert.equal((await range('bytes=2999999-')).body, 'j');
      assert.equal((await range('bytes=2999990-9999999')).body, 'abcdefghij');
      const over = await range('bytes=3000000-');
      assert.equal(over.status, 416);
      assert.equal(over.headers['content-range'], 'bytes */3000000');
      for (const nonsense of ['bytes=5-2', 'bytes=0-1,4-5', 'bytes=a-b',
        'lines=1-2', 'bytes=-', 'bytes=--5', 'bytes=1-2x'])
        assert.equal((await range(nonsense)).status, 200, nonsense);
      assert.equal((await range('bytes=-0')).status, 416);
      const { headers } = part;
      assert.equal((await range('bytes=0-1',
        `If-Range: ${headers.etag}\r\n`)).status, 206);
      assert.equal((await range('bytes=0-1',
        'If-Range: "other"\r\n')).status, 200);
    });

    test('large ones come whole, and HEAD has no body', async () => {
      const response = await fetch(`${site.url}/assets/stub/large.bin`);
      const body = await response.arrayBuffer();
      assert.equal(body.byteLength, 3000000);
      const head = await one(site, '/assets/stub/large.bin', '', 'HEAD');
      assert.equal(head.headers['content-length'], '3000000');
      assert.equal(head.body, '');
    });

    test('S63_ outside of the folder there is nothing', async () => {
      for (const path of ['../../tenon.cfg', '%2e%2e/%2e%2e/tenon.cfg',
        '..%2f..%2ftenon.cfg', '..%5c..%5ctenon.cfg', 'sub/../../../tenon.cfg',
        '%252e%252e/tenon.cfg', '.secret', '%2esecret', 'sub', 'sub/', '',
        'sub//a', './app.css', 'app.css%00.txt', 'app.css/', 'link.txt',
        'etc/passwd', '%c0%ae%c0%ae/tenon.cfg', '/etc/passwd', 'file:app.css',
        '%', '%zz', '%2', 'sub/%2e/a%20b.txt']) {
        const { status, body } = await one(site, `/assets/stub/${path}`);
        assert.equal(status, 404, path);
        assert.doesNotMatch(body, /root:|listen/, path);
      }
    });

    test('names are decoded once', async () => {
      assert.equal((await one(site, '/assets/stub/sub/a%20b.txt')).body,
        'spaces');
      assert.equal((await one(site, '/assets/stub/sub/a%2520b.txt')).status,
        404);
    });

    test('a worker cannot have the site itself served', async () => {
      const { body } = await one(site, '/assets/etc/tenon.cfg');
      assert.doesNotMatch(body, /listen =/);
      assert.ok(site.log('mount.refused').length);
    });

    test('only GET and HEAD; unknown types are downloads', async () => {
      const post = await one(site, '/assets/stub/app.css', '', 'POST');
      assert.equal(post.status, 405);
      assert.equal(post.headers.allow, 'GET, HEAD');
      const unknown = await one(site, '/assets/stub/unknown.xyz');
      assert.equal(unknown.headers['content-type'],
        'application/octet-stream');
    });

    test('the script of a worker may compile WebAssembly', async () => {
      const { headers } = await one(site,
        '/assets/stub/logic-worker.1a2b3c4d.js');
      assert.match(headers['content-security-policy'], /'wasm-unsafe-eval'/);
      const other = await one(site, '/assets/stub/components.js');
      assert.doesNotMatch(other.headers['content-security-policy'], /wasm/);
    });
  });

  describe('answers of workers', () => {
    test('are packed when they are text and large enough', async () => {
      const accept = 'Accept-Encoding: br, gzip\r\n';
      const large = await one(site, '/big?50000', accept);
      assert.equal(large.headers['content-encoding'], 'gzip');
      assert.ok(Number(large.headers['content-length']) < 5000);
      const small = await one(site, '/big?500', accept);
      assert.equal(small.headers['content-encoding'], undefined);
      const plain = await one(site, '/big?50000');
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(plain.body.length, 50000);
    });

    test('of any size come whole', async () => {
      for (const size of [0, 1, 65535, 65536, 65537, 1048576, 1048577, 3000000]) {
        const response = await fetch(`${site.url}/big?${size}`, {
          headers: { 'accept-encoding': 'identity' } });
        const body = await response.text();
        assert.equal(body.length, size);
        if (size) assert.ok(body.startsWith('abc'.slice(0, size)));
      }
    });

    test('may be files, with ranges', async () => {
      const whole = await one(site, '/file');
      assert.equal(whole.headers['content-length'], '26000');
      const part = await one(site, '/file', 'Range: bytes=26-28\r\n');
      assert.equal(part.status, 206);
      assert.equal(part.body, 'abc');
    });

    test('to HEAD have no body', async () => {
      const { body, headers } = await one(site, '/hello', '', 'HEAD');
      assert.equal(body, '');
      assert.ok(Number(headers['content-length']) > 10);
    });
  });

  describe('bodies', () => {
    const post = (path, body, headers = {}) => fetch(site.url + path,
      { method: 'POST', body, headers, duplex: 'half' });
    const spoolEmpty = () => until(async () => /tenon_spool_bytes 0\n/.test(
      await (await fetch(`${site.url}/metrics`)).text()), 'an empty spool');

    test('small ones go with the request', async () => {
      const text = await (await post('/echo', 'y'.repeat(65536))).text();
      assert.match(text, /body=65536\/65536 fd=0/);
    });

    test('large ones are spooled after a worker said yes', async () => {
      const text = await (await post('/echo', 'y'.repeat(65537))).text();
      assert.match(text, /body=0\/65537 fd=1/);
      const more = await (await post('/echo', 'y'.repeat(3000000))).text();
      assert.match(more, /body=0\/3000000 fd=1/);
      await spoolEmpty();
    });

    test('large ones may be chunked', async () => {
      let left = 40;
      const stream = new ReadableStream({ pull(controller) {
        if (left-- > 0) controller.enqueue(Buffer.alloc(10000, 'z'));
        else controller.close();
      } });
      const text = await (await post('/echo', stream)).text();
      assert.match(text, /body=0\/400000 fd=1/);
      await spoolEmpty();
    });

    test('a refused one is not read', async () => {
      const { text, closed } = await raw(site, request('/refuse',
        'Content-Length: 3000000\r\n', 'POST') + 'y'.repeat(1000));
      assert.deepEqual(statuses(text), [403]);
      assert.match(text, /connection: close/);
      assert.ok(closed);
    });

    test('S32_ over the limit: 413 with the limit in words', async () => {
      const { text, closed } = await raw(site, request('/echo',
        'Content-Length: 5000000\r\n', 'POST'));
      assert.deepEqual(statuses(text), [413]);
      assert.match(text, /At most 4 MB/);
      assert.ok(closed);
      const chinese = await raw(site, request('/echo',
        'Content-Length: 5000000\r\nAccept-Language: zh-CN\r\n', 'POST'));
      assert.match(Buffer.from(chinese.text, 'latin1').toString(), /最多可发送 4 MB/);
    });

    test('a chunked one over the limit is cut', async () => {
      let left = 500;
      const stream = new ReadableStream({ pull(controller) {
        if (left-- > 0) controller.enqueue(Buffer.alloc(10000, 'z'));
        else controller.close();
      } });
      const response = await post('/echo', stream).catch((error) => error);
      if (response.status) assert.equal(response.status, 413);
      await spoolEmpty();
    });

    test('the spool is bounded in all', async () => {
      const sockets = [];
      const open = () => new Promise((done) => {
        const socket = connect(site.port, '127.0.0.1');
        sockets.push(socket);
        let text = '';
        socket.on('data', (data) => {
          text += data;
          done(text);
        });
        socket.on('error', () => done(text));
        socket.write(request('/echo', 'Content-Length: 3000000\r\n' +
          'Expect: 100-continue\r\n', 'POST'));
      });
      const first = [await open(), await open()];
      assert.deepEqual(first.map((text) => statuses(text)[0]), [100, 100]);
      const third = await open();
      assert.deepEqual(statuses(third), [503]);
      assert.match(third, /retry-after/);
      for (const socket of sockets) socket.destroy();
      await spoolEmpty();
    });

    test('nothing is left behind in files/', async () => {
      await spoolEmpty();
      const names = readdirSync(join(site.folder, 'files'));
      assert.ok(names.every((name) => name === '.spool'), names.join());
    });
  });

  describe('S33_ deadlines', () => {
    const slowly = (bytes, every, total) => new Promise((done) => {
      const socket = connect(site.port, '127.0.0.1');
      const begun = Date.now();
      let at = 0, text = '';
      const timer = setInterval(() => {
        if (at < bytes.length) socket.write(bytes[at++]);
      }, every);
      const end = () => {
        clearInterval(timer);
        clearTimeout(limit);
        socket.destroy();
        done({ text, ms: Date.now() - begun });
      };
      const limit = setTimeout(end, total * slow);
      socket.on('data', (data) => { text += data; });
      socket.on('close', end);
      socket.on('error', () => {});
    });

    test('a header that never ends', async () => {
      const { text, ms } = await slowly(request('/hello',
        'X: a\r\n'.repeat(100)), 100, 8000);
      assert.deepEqual(statuses(text), [408]);
      assert.ok(ms < 5000 * slow, `${ms}`);
    });

    test('a connection without a word', async () => {
      const { text, ms } = await slowly('', 100, 8000);
      assert.equal(text, '');
      assert.ok(ms < 5000 * slow, `${ms}`);
    });

    test('a body that never ends', async () => {
      const { text, ms } = await slowly([request('/echo',
        'Content-Length: 1000\r\n', 'POST'), ...'y'.repeat(500)], 50, 10000);
      assert.deepEqual(statuses(text), [408]);
      assert.ok(ms < 6000 * slow, `${ms}`);
    });

    test('slow people do not hold up others', async () => {
      const sockets = Array.from({ length: 40 }, () => {
        const socket = connect(site.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write('GET /hello HTTP/1.1\r\nHost: 127');
        return socket;
      });
      for (let i = 0; i < 50; i += 1) {
        const begun = performance.now();
        assert.equal((await fetch(`${site.url}/hello`)).status, 200);
        assert.ok(performance.now() - begun < 500 * slow);
      }
      for (const socket of sockets) socket.destroy();
    });
  });

  test('S34_ one address has a limit of connections', async () => {
    const sockets = [];
    const texts = await Promise.all(Array.from({ length: 70 }, () =>
      new Promise((done) => {
        const socket = connect(site.port, '127.0.0.1');
        sockets.push(socket);
        socket.on('data', (data) => done(String(data)));
        socket.on('error', () => done('error'));
        setTimeout(() => done(''), 800 * slow);
      })));
    const turned = texts.filter((text) => /503/.test(text));
    assert.ok(turned.length >= 8 && turned.length <= 30, `${turned.length}`);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await fetch(`${site.url}/hello`)
      .catch(() => ({}))).status === 200, 'room again');
  });

  describe('live events', () => {
    const open = (path) => new Promise((done, failed) => {
      const request = httpRequest(`${site.url}${path}`, (response) => {
        const stream = { response, text: '', ended: false, request };
        response.on('data', (data) => { stream.text += data; });
        response.on('end', () => { stream.ended = true; });
        response.on('error', () => { stream.ended = true; });
        done(stream);
      });
      request.on('error', failed);
      request.end();
    });

    test('reach the streams of their user, and all for user 0', async () => {
      const one = await open('/stream?11');
      const two = await open('/stream?12');
      assert.equal(one.response.headers['content-type'],
        'text/event-stream; charset=utf-8');
      await fetch(`${site.url}/event?11`);
      await until(() => /event: tasks\ndata: /.test(one.text), 'the event');
      assert.doesNotMatch(two.text, /event: tasks/);
      await fetch(`${site.url}/event?0`);
      await until(() => /event: tasks/.test(two.text), 'the event for all');
      await site.control({ do: 'event', user: 12, topic: 'messages' });
      await until(() => /event: messages/.test(two.text), 'the command');
      one.request.destroy();
      two.request.destroy();
    });

    test('S62_ end at once with their session', async () => {
      const stream = await open('/stream?21');
      await fetch(`${site.url}/end-streams?21`);
      await until(() => stream.ended, 'the end', 1000);
      const again = await open('/stream?22');
      await site.control({ do: 'end', user: 22, session: 'another' });
      await sleep(100);
      assert.ok(!again.ended);
      await site.control({ do: 'end', user: 22,
        session: 'session-of-the-stub' });
      await until(() => again.ended, 'the end', 1000);
    });

    test('S34_ a session has a limit of streams', async () => {
      const streams = [];
      for (let i = 0; i < 3; i += 1) streams.push(await open('/stream?31'));
      const over = await open('/stream?31');
      assert.equal(over.response.statusCode, 429);
      for (const stream of streams) stream.request.destroy();
      await until(async () => {
        const again = await open('/stream?31');
        const { statusCode } = again.response;
        again.request.destroy();
        return statusCode === 200;
      }, 'room for a stream');
    });

    test('a stream holds no worker', async () => {
      const streams = [];
      for (let i = 0; i < 12; i += 1) streams.push(await open(`/stream?${100 + i}`));
      assert.equal((await fetch(`${site.url}/hello`)).status, 200);
      for (const stream of streams) stream.request.destroy();
    });
  });

  test('error pages suit the reader', async () => {
    const html = await one(site, '/assets/stub/none',
      'Accept: text/html\r\nAccept-Language: zh-CN\r\n');
    assert.match(html.headers['content-type'], /^text\/html/);
    const json = await one(site, '/assets/stub/none',
      'Accept: application/json\r\n');
    assert.equal(JSON.parse(json.body).status, 404);
    assert.match(json.headers['content-type'], /^application\/problem\+json/);
  });

  test('the access log has a line for each request, no query', async () => {
    const response = await fetch(`${site.url}/hello?token=abc`);
    const id = response.headers.get('x-request-id');
    const line = await until(() => site.log('request')
      .find((l) => l.request === id), 'the line');
    assert.equal(line.path, '/hello');
    assert.equal(line.status, '200');
    assert.equal(line.method, 'GET');
    assert.equal(line.address, '127.0.0.1');
    assert.doesNotMatch(site.text, /token=abc/);
  });

  test('S06_ a secret in a path is not logged', async () => {
    await fetch(`${site.url}/secret/abcdefgh`);
    await until(() => site.log('request')
      .find((l) => l.path === '/secret/{token}'), 'the line');
    assert.doesNotMatch(site.text, /abcdefgh/);
  });

  test('S38_ nobody forges a line of the log', async () => {
    await raw(site, request('/hello%0a{"event":"forged"}'));
    assert.equal(site.log('forged').length, 0);
  });

  test('the front holds no file open that it no longer needs', async () => {
    await sleep(2500 * slow);
    const names = readdirSync(`/proc/${site.pid}/fd`);
    assert.ok(names.length < 70, `${names.length}`);
    assert.ok(statSync(site.folder).isDirectory());
  });
});

describe('names and proxies', () => {
  test('S30_ only known hosts are served', async () => {
    const site = await stubSite({ hosts: ['intra.example', 'b.example:8080'] });
    const as = async (name) => statuses((await raw(site,
      `GET /hello HTTP/1.1\r\nHost: ${name}\r\n\r\n`)).text)[0];
    assert.equal(await as('intra.example'), 200);
    assert.equal(await as('INTRA.example:99'), 200);
    assert.equal(await as('b.example:8080'), 200);
    assert.equal(await as('b.example:1'), 421);
    assert.equal(await as('127.0.0.1'), 421);
    assert.equal(await as('intra.example.evil.example'), 421);
    await site.stop();
  });

  test('S30_ forwarded headers count only from a configured proxy',
    async () => {
      const forged = 'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n' +
        'X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n';
      const plain = await stubSite();
      const first = await one(plain, '/echo', forged);
      assert.match(first.body, /address=127\.0\.0\.1 tls=0/);
      assert.doesNotMatch(first.body, /6\.6\.6\.6/);
      assert.equal(first.headers['strict-transport-security'], undefined);
      await plain.stop();
      const behind = await stubSite({ proxies: ['127.0.0.1', '10.1.1.1'] });
      const second = await one(behind, '/echo',
        'X-Forwarded-For: 9.9.9.9, 6.6.6.6, 10.1.1.1\r\n' +
        'X-Forwarded-Proto: https\r\n');
      assert.match(second.body, /address=6\.6\.6\.6 tls=1/);
      assert.ok(second.headers['strict-transport-security']);
      const nonsense = await one(behind, '/echo',
        'X-Forwarded-For: <script>\r\n');
      assert.match(nonsense.body, /address=127\.0\.0\.1 /);
      await behind.stop();
    });

  test('S63_ metrics: from the loopback address, not through a proxy',
    async () => {
      const site = await stubSite();
      await site.whole();
      await fetch(`${site.url}/hello`);
      const { body, headers } = await one(site, '/metrics');
      assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
      assert.match(body, /tenon_requests_total\{lane="pages",class="2xx"\} 1\n/);
      assert.match(body, /tenon_workers_ready\{lane="pages"\} \d/);
      assert.match(body, /tenon_stub_started\{worker="keeper"\} 1/);
      assert.doesNotMatch(body, /tenon_stub 1/);
      // With a forwarded header a worker is asked (the stub says yes).
      const asked = await one(site, '/metrics', 'X-Forwarded-For: 1.2.3.4\r\n');
      assert.match(asked.body, /tenon_stub 1\n/);
      assert.match(asked.body, /tenon_connections \d/);
      await site.stop();
    });

  test('an IPv6 address is listened on', async () => {
    const site = await stubSite({}, {}).then(async (s) => {
      await s.stop();
      s.listen = '[::1]:0';
      return s.start();
    });
    assert.match(site.url, /^http:\/\/\[::1\]:/);
    assert.equal((await fetch(`${site.url}/hello`)).status, 200);
    await site.stop();
  });

  test('a taken port is said', async () => {
    const site = await stubSite();
    const other = await stubSite().then(async (s) => { await s.stop(); return s; });
    other.listen = `127.0.0.1:${site.port}`;
    await assert.rejects(other.start(), /taken by another program|占用/);
    await site.stop();
  });
});
