// scanners.test.mjs - F09, in --long only: sqlmap and wapiti over the demo
// site, as each role. They find nothing, and whatever they send is answered
// without a 500.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, long, temporaryFolder } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const seconds = Number(process.env.TENON_SCAN_SECONDS || 20);
const missing = (program) => spawnSync(program, ['--version']).error &&
  `${program} is missing`;
const skip = !long || missing('sqlmap') || missing('wapiti');

// An administrator, a head of department, an employee, nobody.
const roles = ['admin', 'li.na', 'zhang.wei', null];

// `home`: what these programs keep is gone with the test.
function run(home, program, words, limit) {
  return new Promise((done) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: home } });
    let text = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    child.stdout.on('data', (data) => { text += data; });
    child.stderr.on('data', (data) => { text += data; });
    child.on('close', (code) => { clearTimeout(timer); done({ code, text }); });
  });
}

// 501 and 503 say what they mean; 500 says that nobody thought of it.
function noErrors(site) {
  const bad = site.log('request').filter((line) =>
    ['500', '502', '504'].includes(line.status));
  assert.deepEqual(bad.map((line) => `${line.method} ${line.path}`), []);
  assert.deepEqual(site.log('worker.died'), []);
  assert.ok(site.log('request').length > 30, 'it asked');
}

describe('F09_ scanners', { skip }, () => {
  for (const role of roles) {
    const name = role || 'nobody';
    // What they meet ends no session and runs into no limit of requests.
    const settings = { connections_per_address: 500 };

    test(`F09_ sqlmap as ${name} finds nothing`, async () => {
      const site = await demoSite(settings);
      const person = role && await signedIn(site, role);
      const home = temporaryFolder('sqlmap');
      const urls = ['/records/budget?q=fair&sort=-purpose&page=1',
        '/search?q=fair', '/records/crm.customer?sort=name&q=a',
        '/api/v1/records/budget?q=a&sort=-purpose&limit=5&fields=purpose',
        '/api/v1/records/budget?filter=%7B%22purpose%22%3A%22a%22%7D',
        '/sign-in?return=%2F', '/admin/users?q=a', '/admin/audit?who=1&what=a'];
      const list = join(home, 'urls');
      writeFileSync(list, urls.map((path) => site.url + path).join('\n'));
      const { text } = await run(home, 'sqlmap', ['-m', list, '--batch',
        '--level', '2', '--risk', '1', '--dbms', 'SQLite', '--technique',
        'BEU', '--threads', '2', '--timeout', '5',
        '--retries', '0', '--output-dir', home, ...(person ? ['--cookie',
          person.client.cookie()] : [])], seconds * 4);
      assert.doesNotMatch(text, /is vulnerable|injection point\(s\)/);
      assert.match(text, /testing/);
      noErrors(site);
      await site.stop();
    });

    test(`F09_ wapiti as ${name} finds nothing`, async () => {
      const site = await demoSite(settings);
      const person = role && await signedIn(site, role);
      const home = temporaryFolder('wapiti'), report = join(home, 'report');
      const { text } = await run(home, 'wapiti', ['-u', `${site.url}/`,
        '--scope', 'folder', '-m',
        // Not ssrf and xxe: they ask a server of their makers.
        'backup,crlf,exec,file,htaccess,permanentxss,redirect,sql,xss',
        '--flush-session', '--max-scan-time', `${seconds}`,
        '--max-attack-time', `${Math.ceil(seconds / 4)}`, '--no-bugreport',
        '-v', '0', '-f', 'json', '-o', report, ...(person ? ['-H',
          `Cookie: ${person.client.cookie()}`] : [])], seconds * 6);
      assert.ok(existsSync(report), text.slice(-1500));
      const found = JSON.parse(readFileSync(report, 'utf8')).vulnerabilities;
      const named = Object.entries(found).flatMap(([kind, all]) =>
        all.map((one) => `${kind}: ${one.method} ${one.path} ${one.info}`));
      assert.deepEqual(named, [], text.slice(-500));
      noErrors(site);
      await site.stop();
    });
  }
});
