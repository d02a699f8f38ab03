// memory.test.mjs - F11: nothing grows. The memory of front and workers over
// many requests (100,000 in --long); one thread in each process but the keeper,
// whose two are the step unit-tsan's; in --long valgrind looks at the front under
// the stub's requests, and at commands that go through store, forms and flows.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { build, demoFolder, demoSite, long, raw, root, slow, stubSite,
  temporaryFolder, tenon } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

const asan = process.env.ASAN_OPTIONS !== undefined;
const status = (pid, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm')
  .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

describe('F11_ the whole service', () => {
  let site, person;
  before(async () => {
    // No worker is replaced meanwhile: its growth shall show.
    site = await demoSite({ worker_requests: 10000000,
      connections_per_address: 100 });
    person = await signedIn(site, 'zhang.wei');
  });
  after(() => site?.stop());

  test('F11_ each process but the keeper has one thread', async () => {
    const { workers } = await site.whole();
    for (const path of ['/', '/records/budget', '/search?q=budget'])
      assert.equal((await person.get(path)).status, 200);
    for (const { name, pid } of [{ name: 'front', pid: site.pid }, ...workers])
      assert.ok(status(pid, 'Threads') <= (name === 'keeper' ? 2 : 1), name);
  });

  test('F11_ memory is flat over many requests', { skip: asan }, async () => {
    const total = long ? 100000 : 4000;
    const { workers } = await site.whole();
    const pids = [site.pid, ...workers.map((one) => one.pid)];
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const paths = ['/tasks', '/api/v1/records/budget?limit=10', '/me',
      '/records/budget?sort=-date', '/assets/none', '/api/v1/session'];
    const ask = (path) => new Promise((done, failed) => {
      request({ port: site.port, path, agent,
        headers: { cookie: person.client.cookie() } }, (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
      }).on('error', failed).end();
    });
    const many = async (count) => {
      let left = count;
      await Promise.all(Array.from({ length: 16 }, async () => {
        while (left-- > 0)
          assert.ok([200, 404].includes(await ask(paths[left % 6])));
      }));
    };
    await many(total / 4);
    const warm = pids.map((pid) => status(pid, 'VmRSS'));
    await many(total * 3 / 4);
    pids.forEach((pid, i) => {
      const grown = status(pid, 'VmRSS') - warm[i];
      assert.ok(grown < 4096, `${i ? workers[i - 1].name : 'front'}: ` +
        `${grown} KiB more than ${warm[i]}`);
    });
    agent.destroy();
  });
});

const noValgrind = spawnSync('valgrind', ['--version']).error &&
  'valgrind is missing';
const memcheck = (log) => ['valgrind', '--fair-sched=yes', '--quiet',
  '--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=' +
  'definite', '--show-leak-kinds=definite', '--trace-children=no',
  `--log-file=${log}`];

describe('F11_ valgrind', { skip: !long || asan || noValgrind }, () => {
  const environment = { ...process.env, TENON_SHARE: process.env.TENON_SHARE ||
    join(build, 'share/tenon') };

  test('F11_ memcheck of commands', () => {
    const folder = temporaryFolder('valgrind');
    const site = demoFolder(), log = join(folder, 'log');
    const tests = (id) => ['plugin', 'test', '--tests', join(root,
      `plugins/${id}/tests`), join(build, `share/tenon/plugins/${id}`)];
    for (const words of [['init', join(folder, 'site')], ['doctor', site],
      ['backup', site, join(folder, 'copy')], tests('vehicle'),
      tests('crm')]) {
      const [program, ...rest] = [...memcheck(log), tenon, ...words];
      const result = spawnSync(program, rest, { encoding: 'utf8',
        env: environment, timeout: 200000 * slow });
      assert.notEqual(result.status, 99, `${words[0]}: ` +
        readFileSync(log, 'utf8').slice(0, 4000));
      assert.equal(result.signal, null, words[0]);
    }
  });

  test('F11_ memcheck of the front', async () => {
    const log = join(temporaryFolder('valgrind'), 'log');
    const site = await stubSite({ header_seconds: 3 }, { before(made) {
      made.under = memcheck(log);
    } });
    await site.whole();
    const head = (path, more = '', method = 'GET') =>
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`;
    for (let i = 0; i < 10; i += 1)
      for (const bytes of [head('/hello'), head('/big?900000'), head('/file'),
        head('/nothing'), head('/crash'), head('/metrics'), 'GET / HTTP/9\r\n',
        head('/echo', 'Content-Length: 5\r\n', 'POST') + 'hello',
        head('/echo', 'Transfer-Encoding: chunked\r\n', 'POST') +
          '5\r\nhello\r\n0\r\n\r\n', head('/stream?4'),
        head('/echo', 'Content-Length: 300000\r\n', 'POST') +
          'x'.repeat(300000), head('/hello').slice(0, 30)])
        await raw(site, bytes, { ms: 300 });
    const { code } = await site.stop();
    assert.notEqual(code, 99, readFileSync(log, 'utf8').slice(0, 4000));
  });
});
