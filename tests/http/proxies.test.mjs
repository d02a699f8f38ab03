// proxies.test.mjs - the malformed requests once more, through haproxy and
// nginx: what they hand on is counted on both sides. Never are there more
// requests behind than in front, and whoever uses the same connection next
// gets his own answer (S32, F07).
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunks, get, mutated, post, refused, second }
  from '../lib/malformed.mjs';
import { long, raw, sleep, slow, stubSite, temporaryFolder, until }
  from '../lib/server.mjs';

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

// haproxy in front of `site`; `more` goes into its defaults.
const haproxy = (more) => ({
  files: (folder, port, site) => ({ 'haproxy.cfg': `
global
  log stdout format raw local0
defaults
  mode http
  log global
  option forwardfor
  ${more}
  http-reuse always
  timeout connect 5s
  timeout client 2s
  timeout http-request 2s
  timeout server 20s
  log-format "%s %ST %HM"
frontend in
  bind 127.0.0.1:${port}
  default_backend tenon
backend tenon
  server tenon 127.0.0.1:${site.port}
` }),
  words: (folder) => ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')],
  forwarded: /^tenon /gm,
});

// Each keeps and shares its connections to the site, and logs a line for each
// request that it hands on.
const proxies = {
  haproxy: haproxy(''),
  'a haproxy that accepts invalid requests':
    haproxy('option accept-invalid-http-request'),
  nginx: {
    files: (folder, port, site) => ({ 'nginx.conf': `
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/errors;
events { }
http {
  log_format behind '$upstream_addr $status';
  access_log ${folder}/out behind;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/other;
  uwsgi_temp_path ${folder}/other;
  scgi_temp_path ${folder}/other;
  client_header_timeout 2s;
  client_body_timeout 2s;
  upstream tenon { server 127.0.0.1:${site.port}; keepalive 4; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://tenon;
      proxy_http_version 1.1;
      proxy_next_upstream off;
      proxy_set_header Host 127.0.0.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
` }),
    words: (folder) => ['nginx', '-c', join(folder, 'nginx.conf'),
      '-p', folder],
    log: 'out',
    forwarded: /^127\.0\.0\.1:\d+ /gm,
  },
};

const cases = [
  ...refused.map(([what, bytes]) => [what, bytes + second]),
  ...chunks.map(([what, body]) =>
    [what, post('Transfer-Encoding: chunked\r\n', body) + second]),
  ...mutated(long ? 600 : 30),
];

describe('S32_ F07_ behind a proxy', { concurrency: true }, () => {
  for (const [name, proxy] of Object.entries(proxies)) {
    test(`S32_ F07_ behind ${name} no request becomes two`, async (t) => {
      const site = await stubSite({ proxies: ['127.0.0.1'] });
      const folder = temporaryFolder('proxy');
      const port = await freePort();
      for (const [file, text] of Object.entries(proxy.files(folder, port, site)))
        writeFileSync(join(folder, file), text);
      let text = '';
      const [program, ...words] = proxy.words(folder);
      const child = spawn(program, words, { env: { ...process.env,
        PATH: `${process.env.PATH}:/usr/sbin` } });
      child.stdout.on('data', (data) => { text += data; });
      child.stderr.on('data', (data) => { text += data; });
      t.after(async () => { child.kill('SIGKILL'); await site.stop(); });
      const front = { port };
      const through = async (marker) => (await raw(front,
        get(`/echo?${marker}`, 'Connection: close\r\n'), { ms: 2000 })).text;
      await until(async () => (await through('up')).includes('?up '), name);

      const forwarded = () => (text + (proxy.log
        ? readFileSync(join(folder, proxy.log), 'utf8') : ''))
        .match(proxy.forwarded)?.length ?? 0;
      const behind = () => site.log('request').length;
      for (const [number, [what, bytes]] of cases.entries()) {
        await raw(front, bytes, { ms: 150 });
        const answer = await through(`next-${number}.`);
        assert.ok(answer.includes(`?next-${number}. `),
          `after ${what}: ${answer}`);
        await until(() => behind() <= forwarded(),
          `${behind()} behind, ${forwarded()} in front after: ${what}`, 3000);
      }
      await sleep(1000 * slow); // the last lines of the log
      assert.ok(behind() <= forwarded(),
        `${behind()} behind, ${forwarded()} in front`);
      assert.ok(behind() >= cases.length, 'the proxy was in between');
    });
  }
});
