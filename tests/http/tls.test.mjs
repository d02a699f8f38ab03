// TLS by configuration: what is spoken, a certificate that is renewed, plain
// HTTP beside it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, readdirSync, readlinkSync }
  from 'node:fs';
import http, { createServer } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';

import { Site, build, configure, run, slow, temporaryFolder, tenon, until }
  from '../lib/server.mjs';

const folder = temporaryFolder('tls');
const at = (name) => join(folder, name);
let site, redirectPort;

// A certificate for localhost, made now, with its serial number.
function certificate(name, serial) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-set_serial', serial,
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)],
  { stdio: 'ignore' });
  chmodSync(at(`${name}.key`), 0o640);
}
function use(name) {
  copyFileSync(at(`${name}.key`), at('key.pem'));
  copyFileSync(at(`${name}.pem`), at('chain.pem'));
  chmodSync(at('key.pem'), 0o640);
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function ask(module, port, path, options = {}) {
  return new Promise((done, failed) => {
    const request = module.request({ host: '127.0.0.1', port, path,
      servername: 'localhost', rejectUnauthorized: false,
      headers: { host: `localhost:${port}`, ...options.headers },
      method: options.method || 'GET', agent: options.agent }, (answer) => {
      const parts = [];
      const serial = answer.socket.getPeerCertificate?.().serialNumber;
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => done({ status: answer.statusCode, serial,
        headers: answer.headers, body: Buffer.concat(parts) }));
    });
    request.on('error', failed);
    request.end(options.body);
  });
}
const secure = (path, options) => ask(https, site.port, path, options);
const plain = (path, options) => ask(http, redirectPort, path, options);

const ended = (child) => child.exitCode !== null || new Promise((done) =>
  child.on('exit', done));

// How `openssl s_client` fares with these words.
function client(...words) {
  const result = spawnSync('openssl', ['s_client', '-connect',
    `127.0.0.1:${site.port}`, '-servername', 'localhost', '-ign_eof', ...words],
  { input: 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n' +
      'Connection: close\r\n\r\n', encoding: 'utf8', timeout: 10000 * slow });
  return result.stdout + result.stderr;
}

before(async () => {
  certificate('first', '1001');
  certificate('second', '1002');
  use('first');
  redirectPort = await freePort();
  assert.equal(run('init', at('site')).code, 0);
  configure(at('site'), { tls_certificate: at('chain.pem'),
    tls_key: at('key.pem'), tls_redirect: `127.0.0.1:${redirectPort}`,
    hosts: ['localhost'], page_workers: 1 });
  site = await new Site(at('site'), []).start();
});
after(() => site?.stop());

test('the address that is announced speaks TLS', async () => {
  assert.match(site.url, /^https:/);
  const answer = await secure('/sign-in');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['strict-transport-security'],
    'max-age=31536000');
  assert.match(String(answer.headers['set-cookie']),
    /__Host-tenon-visit=.*Secure/);
});

test('S35 TLS 1.2 and 1.3 with forward secrecy, nothing older or weaker',
  () => {
    const weak = ['-cipher', 'ALL:@SECLEVEL=0'];
    assert.match(client('-tls1_3'), /HTTP\/1\.1 200/);
    assert.match(client('-tls1_2'), /HTTP\/1\.1 200/);
    assert.doesNotMatch(client('-tls1_1', ...weak), /HTTP\/1\.1/);
    assert.doesNotMatch(client('-tls1', ...weak), /HTTP\/1\.1/);
    for (const cipher of ['AES128-SHA', 'AES256-GCM-SHA384',
      'ECDHE-ECDSA-AES128-SHA'])
      assert.doesNotMatch(client('-tls1_2', '-cipher',
        `${cipher}:@SECLEVEL=0`), /HTTP\/1\.1/, cipher);
    assert.match(client('-alpn', 'h2,http/1.1'), /ALPN protocol: http\/1\.1/);
    assert.doesNotMatch(client('-alpn', 'h2'), /HTTP\/1\.1/);
    assert.doesNotMatch(client('-tls1_3', '-sess_out', '/dev/null'),
      /Max Early Data: [1-9]/);
  });

test('a file that is larger than a buffer comes whole, and in ranges',
  async () => {
    const assets = join(build, 'share/tenon/themes/default/assets');
    const name = readdirSync(assets).find((n) => /^lua\..*\.wasm$/.test(n));
    const file = readFileSync(join(assets, name));
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const both = await Promise.all([
      secure(`/assets/default/${name}`, { agent }),
      secure(`/assets/default/${name}`, { agent,
        headers: { range: 'bytes=100-199999' } }),
      secure('/healthz', { agent })]);
    agent.destroy();
    assert.ok(both[0].body.equals(file));
    assert.equal(both[1].status, 206);
    assert.ok(both[1].body.equals(file.subarray(100, 200000)));
    assert.equal(both[2].body.toString(), 'ok\n');
  });

test('a renewed certificate is taken over; open connections stay', async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const first = await secure('/healthz', { agent });
  assert.equal(first.serial, '03E9');
  use('second');
  process.kill(site.pid, 'SIGHUP');
  await until(async () => (await secure('/healthz', { agent: false }))
    .serial === '03EA', 'the new certificate');
  // The same connection goes on, under the certificate that it began with.
  const again = await secure('/healthz', { agent });
  assert.equal(again.status, 200);
  assert.equal(again.serial, '03E9');

  // One that does not fit is refused, the good one stays.
  copyFileSync(at('first.key'), at('key.pem'));
  process.kill(site.pid, 'SIGHUP');
  await until(() => site.log('tls.refused').length, 'the refusal');
  assert.equal((await secure('/healthz', { agent: false })).serial, '03EA');
  // Without a signal, when the files change.
  use('first');
  await until(async () => (await secure('/healthz', { agent: false }))
    .serial === '03E9', 'the change to be seen', 30000);
  agent.destroy();
});

test('S59 plain HTTP leads pages to TLS and refuses the rest', async () => {
  const page = await plain('/records/x?a=1&b=%20');
  assert.equal(page.status, 308);
  assert.equal(page.headers.location,
    `https://localhost:${site.port}/records/x?a=1&b=%20`);
  assert.equal(page.headers['strict-transport-security'], undefined);
  assert.equal((await plain('/api/v1/me',
    { headers: { authorization: 'Bearer x' } })).status, 403);
  assert.equal((await plain('/sign-in', { method: 'POST', body: 'a=b' }))
    .status, 403);
  assert.equal((await plain('/', { headers: { host: 'evil.example' } }))
    .status, 421);
});

test('what is no TLS ends its own connection only', async () => {
  const answer = await new Promise((done) => {
    const socket = connect(site.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.on('close', () => done(text));
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
  assert.doesNotMatch(answer, /HTTP\/1\.1 200/);
  assert.equal((await secure('/healthz')).status, 200);
});

test('S35 no worker has the key', async () => {
  const { workers } = await site.control({ do: 'status' });
  for (const { pid } of workers)
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      let name = '';
      try { name = readlinkSync(`/proc/${pid}/fd/${fd}`); } catch { continue; }
      assert.doesNotMatch(name, /\.pem$/, `worker ${pid}`);
    }
});

test('S35 a worker drops the group that may read the key',
  { skip: process.getuid() !== 0 && 'needs root to give a group' },
  async () => {
    const home = temporaryFolder('tls-group');
    assert.equal(run('init', join(home, 'site')).code, 0);
    for (const name of ['chain.pem', 'key.pem'])
      copyFileSync(at(name), join(home, name));
    configure(join(home, 'site'), { tls_certificate: join(home, 'chain.pem'),
      tls_key: join(home, 'key.pem'), page_workers: 1,
      listen: '127.0.0.1:0' });
    execFileSync('chown', ['-R', '65534:65534', home]);
    execFileSync('chown', ['0:1', join(home, 'key.pem')]);
    chmodSync(join(home, 'key.pem'), 0o640);
    // Its own folder may lie where only root gets to.
    for (let up = home; up !== '/' && up !== '/tmp'; up = join(up, '..'))
      execFileSync('chmod', ['o+x', up]);
    const child = spawn('setpriv', ['--reuid=65534', '--regid=65534',
      '--groups=1', '--inh-caps=+setgid', '--ambient-caps=+setgid', tenon,
      'serve', '--announce', join(home, 'site')],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env,
      TENON_SHARE: join(build, 'share/tenon') } });
    let said = '', log = '';
    child.stdout.on('data', (data) => { said += data; });
    child.stderr.on('data', (data) => { log += data; });
    try {
      await until(() => said || child.exitCode !== null, 'the service', 20000);
      assert.ok(said, log);
      const status = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.match(status(child.pid), /^Groups:\t1/m);
      const children = () => readFileSync(
        `/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
        .split(' ');
      const bare = (pid) => {
        const text = status(pid);
        return /^Groups:\t *$/m.test(text) && /^CapEff:\t0+$/m.test(text) &&
          /^CapAmb:\t0+$/m.test(text);
      };
      // One that has just been forked is the front still, for a moment.
      await until(() => children().length > 2 && children().every((pid) => {
        try { return bare(pid); } catch { return false; }
      }), 'workers without the group');
    } finally {
      child.kill('SIGTERM');
      await ended(child);
    }
  });

test('a socket of systemd that is called "redirect" leads to the other',
  async () => {
    const place = join(temporaryFolder('tls-sockets'), 'site');
    assert.equal(run('init', place).code, 0);
    configure(place, { tls_certificate: at('first.pem'),
      tls_key: at('first.key'), page_workers: 1 });
    const child = spawn('python3', ['-c', `
import os, socket, sys
for fd in (3, 4):
    s = socket.create_server(('127.0.0.1', 0))
    print(s.getsockname()[1], flush=True)
    os.dup2(s.detach(), fd)
    os.set_inheritable(fd, True)
env = dict(os.environ, LISTEN_FDS='2', LISTEN_PID=str(os.getpid()),
    LISTEN_FDNAMES='tenon:redirect')
os.execve(sys.argv[1], sys.argv[1:], env)`, tenon, 'serve', '--announce',
    place], { stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TENON_SHARE: join(build, 'share/tenon') } });
    try {
      let said = '';
      child.stdout.on('data', (data) => { said += data; });
      await until(() => said.includes('https:') || child.exitCode !== null,
        'the service', 20000);
      const [tlsPort, plainPort] = said.split('\n').map(Number);
      assert.equal((await ask(https, tlsPort, '/healthz')).status, 200);
      const page = await ask(http, plainPort, '/');
      assert.equal(page.headers.location, `https://localhost:${tlsPort}/`);
    } finally {
      child.kill('SIGTERM');
      await ended(child);
    }
  });

test('settings that can\'t work are refused with what is wrong', () => {
  const refused = (settings, words) => {
    const place = join(temporaryFolder('tls-bad'), 'site');
    assert.equal(run('init', place).code, 0);
    configure(place, { listen: '127.0.0.1:0', ...settings });
    const result = run('serve', place);
    assert.notEqual(result.code, 0);
    assert.match(result.err, words);
  };
  const good = { tls_certificate: at('first.pem'), tls_key: at('first.key') };
  refused({ tls_certificate: at('first.pem') }, /tls_key/);
  refused({ ...good, tls_key: at('second.key') }, /belongs to/);
  refused({ ...good, tls_certificate: '/etc/hostname' }, /no certificate/);
  refused({ ...good, tls_key: '/nowhere/key.pem' }, /nowhere/);
  refused({ tls_redirect: '127.0.0.1:80' }, /tls_redirect/);
  chmodSync(at('first.key'), 0o644);
  refused(good, /read by everybody/);
  chmodSync(at('first.key'), 0o640);
});
