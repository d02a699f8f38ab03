// network.test.mjs - F18: connections that are reset, killed, half open, that
// come byte by byte, over IPv6, with cookies of 64 KiB; and, in --long, the
// slow clients of slowhttptest (F06). Others are served all the while, and
// nothing is left behind.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { long, raw, sleep, slow, statuses, stubSite, until }
  from '../lib/server.mjs';

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
const memory = (pid) => Number(/VmRSS:\s+(\d+)/.exec(
  readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const connections = async (site) => Number(/tenon_connections (\d+)/.exec(
  await (await fetch(`${site.url}/metrics`)).text())[1]);

// p99 in ms of `count` requests one after the other.
async function p99(site, count = 60) {
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const begun = performance.now();
    assert.equal((await fetch(`${site.url}/hello`)).status, 200);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[Math.floor(count * 0.99)];
}

// Sockets that stay open until close().
async function crowd(port, count, begin, host = '127.0.0.1') {
  const sockets = [];
  for (let i = 0; i < count; i += 1) {
    const socket = connect(port, host);
    socket.gone = false;
    socket.on('error', () => {});
    socket.on('close', () => { socket.gone = true; });
    socket.on('connect', () => begin(socket));
    sockets.push(socket);
    if (i % 50 === 49) await sleep(20);
  }
  await sleep(200);
  return { sockets, left: () => sockets.filter((one) => !one.gone).length,
    close: () => sockets.forEach((one) => one.destroy()) };
}

describe('F18_ the network', () => {
  let site, normal;
  before(async () => {
    site = await stubSite({ connections_per_address: 2000, header_seconds: 2,
      body_seconds: 3 });
    await site.whole();
    normal = await p99(site);
  });
  after(() => site?.stop());

  // As F06: under 3 times normal; what is under 250 ms is no harm anyway.
  const bearable = async () => {
    const now = await p99(site);
    assert.ok(now < Math.max(250 * slow, 3 * normal), `${now} ms, ${normal} ms`);
  };

  test('F18_ an answer does not wait for an acknowledgement (Nagle)',
    async () => {
      const socket = connect(site.port, '127.0.0.1');
      socket.setNoDelay(true);
      const times = [];
      for (let i = 0; i < 20; i += 1) {
        const begun = performance.now();
        const said = new Promise((done) => socket.once('data', done));
        socket.write('POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
          'Content-Length: 5\r\n\r\n');
        socket.write('hello');
        await said;
        times.push(performance.now() - begun);
      }
      socket.destroy();
      times.sort((a, b) => a - b);
      assert.ok(times[10] < 20 * slow, `${times[10]} ms`);
    });

  test('F18_ requests byte by byte, many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () =>
      raw(site, get('/hello') + get('/echo?x'), { pieces: true })));
    for (const { text } of answers) assert.deepEqual(statuses(text), [200, 200]);
    await bearable();
  });

  test('F18_ cookies of 64 KiB are refused, and cost no memory', async () => {
    const before = memory(site.pid);
    const head = `GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=${
      'b'.repeat(64 * 1024)}\r\n\r\n`;
    for (let i = 0; i < 10; i += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () =>
        raw(site, head)));
      for (const { text, closed } of answers) {
        assert.deepEqual(statuses(text), [431]);
        assert.ok(closed);
      }
    }
    // The sanitizer keeps what was freed, for a while.
    const kept = process.env.ASAN_OPTIONS === undefined ? 0 : 200 * 2 * 64;
    const grown = memory(site.pid) - before;
    assert.ok(grown < 200 * 16 * slow + kept, `${grown} KiB`);
    await bearable();
  });

  test('F18_ connections that are reset in every state', async () => {
    const moments = [(socket) => socket, (socket) => socket.write('GET /h'),
      (socket) => socket.write(get('/sleep?300')),
      (socket) => socket.write(get('/big?900000')),
      (socket) => socket.write('POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
        'Content-Length: 300000\r\n\r\nxxxx'),
      (socket) => socket.write(get('/stream?5'))];
    for (const moment of moments) {
      const many = await crowd(site.port, 40, moment);
      for (const socket of many.sockets) socket.resetAndDestroy();
    }
    await bearable();
    await until(async () => await connections(site) <= 2, 'their end');
    assert.deepEqual(site.log('worker.died'), []);
  });

  test('F18_ connections that the kernel kills (ss -K)', async (t) => {
    const many = await crowd(site.port, 60, (socket) =>
      socket.write(get('/big?900000')));
    many.sockets.forEach((socket) => socket.pause());
    const { status } = spawnSync('ss', ['-K', '-t', 'dst', '127.0.0.1',
      'dport', '=', `${site.port}`]);
    await sleep(300);
    if (status !== 0 || await connections(site) >= 60) {
      many.close();
      return t.skip('this user, or this kernel, kills no connections');
    }
    await bearable();
    await until(async () => await connections(site) <= 2, 'their end');
    many.close();
    return undefined;
  });

  test('F18_ over IPv6 the same deadlines hold', async () => {
    await site.stop();
    site.listen = '[::1]:0';
    await site.start();
    await site.whole();
    const many = await crowd(site.port, long ? 1000 : 200, (socket) => {
      socket.resume();
      socket.write('GET /hello HTTP/1.1\r\nHost: a');
    }, '::1');
    assert.ok(many.left() > 0);
    await bearable();
    await until(() => many.left() === 0, 'their end', 6000);
    assert.equal((await fetch(`${site.url}/hello`)).status, 200);
    many.close();
  });
});

// A network of its own, which can be cut: what is in flight is lost and
// neither side is told.
const cut = process.getuid() === 0 ? ['unshare', '-n'] : ['unshare', '-Urn'];
const noCut = spawnSync(cut[0], [...cut.slice(1), 'ip', 'link', 'set', 'lo',
  'up']).status !== 0 && 'this user may not have a network of his own';

test('F18_ half-open connections are closed by their deadlines',
  { skip: noCut }, async () => {
    const site = await stubSite({ connections_per_address: 500,
      header_seconds: 2, body_seconds: 3 }, { before(made) {
      made.under = [...cut, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'];
    } });
    const inside = (...words) => spawn('nsenter', [
      ...(process.getuid() === 0 ? [] : ['-U', '--preserve-credentials']),
      '-n', '-t', `${site.pid}`, ...words], { stdio: ['ignore', 'pipe',
      'inherit'] });
    const out = (child) => new Promise((done) => {
      let text = '';
      child.stdout.on('data', (data) => { text += data; });
      child.on('close', () => done(text));
    });
    await site.whole();
    const crowdOf = inside(process.execPath, '-e', `
      const { connect } = require('net');
      const kinds = ['GET /hello HTTP/1.1\\r\\nHost: a', 'POST /echo HTTP/1.1' +
        '\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 900\\r\\n\\r\\nx', ''];
      let open = 0;
      for (let i = 0; i < 90; i += 1) {
        const socket = connect(${site.port}, '127.0.0.1', () => {
          socket.write(kinds[i % 3]);
          if (++open === 90) setTimeout(() => console.log('all'), 100);
        });
        socket.on('error', () => {});
      }
      setTimeout(() => process.exit(), 60000);`);
    await new Promise((done) => crowdOf.stdout.once('data', done));
    const held = () => out(inside('sh', '-c', `ss -Htn sport = :${site.port} |
      grep -c ESTAB`)).then(Number);
    assert.ok(await held() >= 90);
    await out(inside('ip', 'link', 'set', 'lo', 'down'));
    await until(async () => await held() === 0, 'the end of all', 15000);
    await out(inside('ip', 'link', 'set', 'lo', 'up'));
    const page = await out(inside(process.execPath, '-e',
      `fetch('${site.url}/hello').then((a) => console.log(a.status))`));
    assert.equal(page.trim(), '200');
    crowdOf.kill('SIGKILL');
    await site.stop();
  });

const slowly = spawnSync('slowhttptest', ['-h']).error &&
  'slowhttptest is missing';
describe('F06_ slowhttptest', { skip: !long || slowly }, () => {
  const kinds = [['slow headers', ['-H']], ['slow bodies', ['-B', '-s', '9000']],
    ['slow reading', ['-X', '-k', '20', '-w', '1', '-y', '64', '-z', '8',
      '-n', '1']]];
  for (const [what, words] of kinds)
    test(`F06_ 1,000 connections of ${what}`, async () => {
      const site = await stubSite({ connections_per_address: 5000,
        header_seconds: 3, body_seconds: 4 });
      await site.whole();
      const normal = await p99(site);
      const before = memory(site.pid);
      const path = words[0] === '-X' ? '/big?900000'
        : words[0] === '-B' ? '/echo' : '/hello';
      const child = spawn('slowhttptest', [...words, '-c', '1000', '-r', '500',
        '-i', '1', '-l', '20', '-x', '10', '-u', `${site.url}${path}`],
      { stdio: 'ignore' });
      const over = new Promise((done) => child.on('close', done));
      await sleep(4000);
      const now = await p99(site);
      assert.ok(now < Math.max(250 * slow, 3 * normal), `${now}, ${normal} ms`);
      // What the kernel buffers aside: slow readers hold an answer each.
      const each = (memory(site.pid) - before) / 1000;
      assert.ok(words[0] === '-X' || each < 16 * slow, `${each} KiB each`);
      await over;
      await until(async () => await connections(site) <= 3, 'their end', 30000);
      assert.equal((await fetch(`${site.url}/hello`)).status, 200);
      await site.stop();
    });
});
