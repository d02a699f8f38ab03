// hosts.mjs - several hosts that serve one site from a PostgreSQL of its own,
// whatever store the rest of the tests runs on.
//
//   const company = await startHosts(2, { prepare: (host) => … });
//   company.hosts[0].url, company.server.admin(sql, 'tenon')
//   company.sql(text)
//   await company.stop();
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure, run, Site, temporaryFolder, until } from './server.mjs';
import { startPostgres } from './postgres.mjs';

export const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

function host(words, settings, extra) {
  const folder = join(temporaryFolder('host'), 'site');
  const result = run('init', '--store', ...words, folder);
  if (result.code !== 0)
    throw new Error(`tenon init: ${result.err}${result.out}`);
  configure(folder, settings);
  return new Site(folder, [], extra);
}

// The first host of a new site, and a further one: each in a folder of its
// own, not served yet.
export const founded = (url, settings = {}, extra = {}) =>
  host([url], settings, extra);
export const joined = (url, settings = {}, extra = {}) =>
  host([url, '--join'], settings, extra);

// `each(number)`: settings and environment of one host; `prepare` gets each
// before it is served.
export async function startHosts(count, { settings = {}, server: own = {},
  each = () => ({}), prepare = () => {} } = {}) {
  const server = await startPostgres(own);
  const hosts = [];
  for (let i = 0; i < count; i++) {
    const { settings: more = {}, extra = {} } = each(i);
    const all = { page_workers: 2, ...settings, ...more };
    hosts.push(i ? joined(server.url, all, extra)
      : founded(server.url, all, extra));
    prepare(hosts[i], i);
  }
  await Promise.all(hosts.map((host) => host.start()));
  return {
    server, hosts,
    sql: (text) => server.admin(text, 'tenon'),
    // Beside what follows; the exit code of psql.
    later: (text) => new Promise((done) => spawn('psql', ['-X', '-q', '-v',
      'ON_ERROR_STOP=1', '-d', server.url, '-c', text], { stdio: 'ignore' })
      .on('exit', done)),
    // Until every keeper knows of all of them.
    whole: () => until(() => hosts.every((host) =>
      host.log('hosts').at(-1)?.count === String(count) ||
      host.log('hosts').at(-1)?.count === count), 'the hosts to meet', 15000),
    async stop() {
      await Promise.all(hosts.map((host) => host.stop()));
      await server.remove();
    },
  };
}

// What an event stream has said so far.
export async function listen(person) {
  const stop = new AbortController();
  const stream = await fetch(new URL('/portal/events', person.client.site.url),
    { signal: stop.signal, headers: { cookie: person.client.cookie() } });
  assert.equal(stream.status, 200);
  const heard = { text: '', ended: false, stop: () => stop.abort() };
  (async () => {
    try {
      for await (const part of stream.body)
        heard.text += Buffer.from(part).toString('utf8');
    } catch { /* stopped */ }
    heard.ended = true;
  })();
  await until(() => heard.text.includes('open'), 'the stream');
  return heard;
}

// haproxy in front of the hosts; `options` of its backend.
export async function balance(hosts, options = 'balance roundrobin') {
  const folder = temporaryFolder('haproxy');
  const port = await freePort();
  writeFileSync(join(folder, 'haproxy.cfg'), `
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${port}
  default_backend tenon
backend tenon
  ${options}
  option http-server-close
  option httpchk GET /readyz
  http-check expect status 200
  option redispatch
  retry-on conn-failure
${hosts.map((host, i) => `  server host${i} 127.0.0.1:${host.port} check` +
    ` inter 200ms fall 2 rise 1 cookie host${i}`).join('\n')}
`);
  const child = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')],
    { stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}/`;
  await until(() => fetch(`${url}healthz`).then((a) => a.ok, () => false),
    'haproxy');
  return { url, port, stop: () => child.kill('SIGTERM') };
}
