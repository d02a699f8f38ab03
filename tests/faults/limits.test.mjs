// limits.test.mjs - slow and greedy clients, and too few descriptors (F06,
// F08, S33, S34); the service manager's words; ten tabs.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { get as httpGet } from 'node:http';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { build, configure, long, raw, sleep, slow, statuses, stubSite, tenon,
  temporaryFolder, until } from '../lib/server.mjs';

const get = async (site, path) => (await fetch(site.url + path)).status;

async function p99(site, count) {
  const times = [];
  for (let i = 0; i < count; i += 1) {
    const begun = performance.now();
    assert.equal(await get(site, '/hello'), 200);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(count * 0.99)];
}

// `count` clients of one kind, gone at the end of test `t`; each is tended
// every 500 ms. They come some at a time: where the queue of those who wait to
// be accepted runs over, Linux lets a client believe that it is connected.
async function crowd(t, site, count, begin, tend = () => {}) {
  const sockets = [];
  const timer = setInterval(() => sockets.forEach((socket) => {
    if (!socket.destroyed) tend(socket);
  }), 500);
  const end = () => {
    clearInterval(timer);
    sockets.forEach((socket) => socket.destroy());
  };
  t.after(end);
  while (sockets.length < count) {
    for (let i = 0; i < 50 && sockets.length < count; i += 1) {
      const socket = connect(site.port, '127.0.0.1');
      socket.closed_by_peer = false;
      socket.on('error', () => {});
      socket.on('close', () => { socket.closed_by_peer = true; });
      socket.on('connect', () => begin(socket));
      sockets.push(socket);
    }
    await sleep(20);
  }
  return { end, open: () => sockets.filter((s) => !s.closed_by_peer).length };
}

// S33: under 3 times normal; what is under 250 ms is no harm anyway.
function bearable(calm, normal) {
  assert.ok(calm < Math.max(250 * slow, 3 * normal),
    `p99 ${calm} ms, normally ${normal} ms`);
}

// Memory grows with the address sanitizer's books, not with a slow machine.
const books = process.env.ASAN_OPTIONS === undefined ? 1 : 4;
const memory = (pid) => Number(/VmRSS:\s+(\d+)/.exec(
  readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

describe('F06_ S33_ a crowd of slow clients', () => {
  const count = long ? 1000 : 300;
  let site, normal;
  before(async () => {
    site = await stubSite({ connections_per_address: 2000,
      header_seconds: 3, body_seconds: 4 });
    await site.whole();
    normal = await p99(site, 60);
  });
  after(async () => site && site.stop());

  const kinds = [
    ['slow headers', (socket) => socket.write('GET /hello HTTP/1.1\r\nHost: a'),
      (socket) => socket.write('b')],
    ['slow bodies', (socket) => socket.write('POST /echo HTTP/1.1\r\n' +
      'Host: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n'),
    (socket) => socket.write('x')],
    ['slow chunks', (socket) => socket.write('POST /echo HTTP/1.1\r\n' +
      'Host: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    (socket) => socket.write('1\r\nx\r\n')],
    ['silence', () => {}],
  ];
  for (const [what, begin, tend] of kinds) {
    test(`${what}: others are served, the crowd is closed in time`, async (t) => {
      const before = memory(site.pid);
      const clients = await crowd(t, site, count, begin, tend);
      await sleep(500);
      bearable(await p99(site, 60), normal);
      const each = (memory(site.pid) - before) / count;
      assert.ok(each < 16 * books, `${each} KiB each`);
      await until(() => clients.open() === 0, 'their end', 9000);
      clients.end();
      assert.equal(await get(site, '/hello'), 200);
    });
  }

  test('slow readers: others are served, memory is bounded', async (t) => {
    const before = memory(site.pid);
    const clients = await crowd(t, site, 50, (socket) => {
      socket.pause();
      socket.write('GET /big?1000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
        .repeat(20));
    });
    await sleep(1500);
    bearable(await p99(site, 60), normal);
    // Not twenty answers each: the next is made when the last has left.
    assert.ok(memory(site.pid) - before < 120 * 1024 * books,
      `${memory(site.pid) - before} KiB`);
    clients.end();
  });

  test('slow readers are closed', { skip: !long }, async (t) => {
    const clients = await crowd(t, site, 20, (socket) => {
      socket.pause();
      // More than the kernel takes in for a socket.
      socket.write('GET /big?1000000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
        .repeat(20));
    });
    await sleep(45000);
    const metrics = await (await fetch(`${site.url}/metrics`)).text();
    assert.ok(Number(/tenon_connections (\d+)/.exec(metrics)[1]) < 10);
    clients.end();
  });

  test('F18_ resets and half answers leave nothing behind', async () => {
    for (let i = 0; i < 200; i += 1) {
      const socket = connect(site.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET /big?200000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      if (i % 2) socket.resetAndDestroy(); else setTimeout(() =>
        socket.resetAndDestroy(), i % 20);
    }
    await until(async () => /tenon_connections [1-9]\n/.test(await (await
      fetch(`${site.url}/metrics`)).text()), 'their end');
    assert.deepEqual(site.log('worker.died'), []);
  });
});

test('F08_ without descriptors the front rests, and recovers', async (t) => {
  const site = await stubSite({ connections_per_address: 2000 }, {
    before(made) {
      made.under = ['/bin/sh', '-c', 'ulimit -n 200; exec "$@"', 'sh'];
    } });
  await site.whole();
  // A person whose connection is in use all the while.
  const person = () => {
    const old = connect(site.port, '127.0.0.1');
    const one = { answers: 0, lost: false,
      end: () => { clearInterval(timer); old.destroy(); } };
    const timer = setInterval(() => old.write(
      'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), 200);
    old.on('data', (data) => {
      one.answers += statuses(String(data)).filter((s) => s === 200).length;
    });
    old.on('error', () => {});
    old.on('close', () => { one.lost = true; });
    return one;
  };
  const stat = () => readFileSync(`/proc/${site.pid}/stat`, 'utf8')
    .split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);
  const count = long ? 4 : 1;
  for (let round = 0; round < count; round += 1) {
    const one = person();
    await until(() => one.answers, 'an answer');
    const clients = await crowd(t, site, 300, (socket) =>
      socket.write('GET /hel'));
    // Not one descriptor more than it has now: also the capped ones fail.
    const open = readdirSync(`/proc/${site.pid}/fd`).length;
    const limit = (most) => spawnSync('prlimit', ['--pid', `${site.pid}`,
      `--nofile=${most}:200`]);
    if (round % 2 === 0) assert.equal(limit(open - 20).status, 0);
    const ticks = stat();
    const told = () => site.log().filter((line) =>
      line.event !== 'request' && line.event !== 'worker.ready').length;
    await sleep(100);
    const lines = told();
    const begun = Date.now();
    const answers = one.answers;
    await sleep(3000);
    assert.ok(!one.lost && one.answers - answers >= 4,
      `${one.answers - answers} answers, ${one.lost}`);
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(stat() - ticks < 20 * seconds * slow,
      `${stat() - ticks} ticks in ${seconds} s`);
    assert.ok(told() - lines <= seconds + 1, `${told() - lines} lines`);
    clients.end();
    one.end();
    limit(200);
    await until(async () => {
      try { return await get(site, '/hello') === 200; } catch { return false; }
    }, 'recovery');
  }
  await site.stop();
});

test('F06_ ten tabs of one browser share one stream; six more do no harm',
  async () => {
    const site = await stubSite({ event_streams_max: 4 });
    await site.whole();
    const tabs = await Promise.all(Array.from({ length: 10 }, () =>
      new Promise((done) => {
        const request = httpGet(`${site.url}/stream?7`, (response) =>
          done({ request, status: response.statusCode }));
      })));
    assert.equal(tabs.filter((tab) => tab.status === 200).length, 4);
    assert.equal(tabs.filter((tab) => tab.status === 429).length, 6);
    assert.equal(await get(site, '/hello'), 200);
    for (const tab of tabs) tab.request.destroy();
    await site.stop();
  });

test('F06_ an idle connection is closed for a new one at the limit', async (t) => {
  const site = await stubSite({ connections_max: 20,
    connections_per_address: 500 });
  await site.whole();
  const request = 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const clients = await crowd(t, site, 30, (socket) => socket.write(request));
  await sleep(1200);
  const { text } = await raw(site, request);
  assert.deepEqual(statuses(text), [200]);
  clients.end();
  await site.stop();
});

const python = spawnSync('python3', ['--version']).status === 0;

test('systemd is told: ready, watchdog, stopping; its socket is taken',
  { skip: !python }, async () => {
    const folder = temporaryFolder('systemd');
    configure(folder, { listen: '127.0.0.1:1' });
    mkdirSync(join(folder, 'run'), { recursive: true });
    const notes = join(folder, 'notes');
    // A small service manager: a datagram socket and a listening one.
    const manager = join(folder, 'manager.py');
    writeFileSync(manager, `
import os, socket, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind('\\0tenon-test-%d' % os.getpid())
listener = socket.create_server(('127.0.0.1', 0))
listener.set_inheritable(True)
print(listener.getsockname()[1], flush=True)
name = '@tenon-test-%d' % os.getpid()
pid = os.fork()
if pid == 0:
    os.dup2(listener.fileno(), 3)
    env = dict(os.environ, LISTEN_FDS='1', LISTEN_PID=str(os.getpid()),
        NOTIFY_SOCKET=name, WATCHDOG_USEC='400000')
    os.execve(sys.argv[1], sys.argv[1:], env)
listener.close()
print(pid, flush=True)
with open(${JSON.stringify(notes)}, 'w') as out:
    notify.settimeout(20)
    while True:
        note = notify.recv(1000).decode()
        out.write(note + '\\n')
        out.flush()
        if note.startswith('STOPPING'): break
os.waitpid(pid, 0)
`);
    const child = spawn('python3', [manager, tenon, 'serve',
      '--worker-program', join(build, 'worker_stub'), folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TENON_SHARE: join(build, 'share/tenon') } });
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    await until(() => out.split('\n').length > 2, 'the manager');
    const [port, pid] = out.split('\n').map(Number);
    const site = { url: `http://127.0.0.1:${port}`, port };
    assert.equal(await get(site, '/hello'), 200);
    const said = () => existsSync(notes) ? readFileSync(notes, 'utf8') : '';
    await until(() => /READY=1/.test(said()) &&
      (said().match(/WATCHDOG=1/g) || []).length >= 3, 'its words');
    process.kill(pid, 'SIGTERM');
    await new Promise((done) => child.on('exit', done));
    assert.match(said(), /STOPPING=1/);
  });

test('a port that another program has is refused at once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.on('listening', done));
  const folder = temporaryFolder('taken');
  configure(folder, { listen: '127.0.0.1:0' });
  const result = spawnSync(tenon, ['serve', '--listen',
    `127.0.0.1:${server.address().port}`, '--worker-program',
    join(build, 'worker_stub'), folder], { encoding: 'utf8',
    env: { ...process.env, TENON_SHARE: join(build, 'share/tenon') } });
  server.close();
  assert.equal(result.status, 1);
  assert.match(result.stderr, /tenon: |taken/);
});
