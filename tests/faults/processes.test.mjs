// processes.test.mjs - a worker that crashes, hangs or says nonsense costs
// exactly its request; the log names module and handler (F14, S40, S46).
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { long, processExists, raw, sleep, slow, stubSite, until }
  from '../lib/server.mjs';

const quick = { soft_ms: 500 * slow, hard_ms: 1000 * slow, page_workers: 4,
  worker_memory_mb: 128 };
const text = async (response) => ({ status: response.status,
  body: await response.text(), headers: response.headers });
const get = async (site, path, options) =>
  text(await fetch(site.url + path, options));

// Requests of other people while something happens: none may fail, and none
// may take long.
async function others(site, work) {
  let over = false;
  const times = [], failed = [];
  const person = async () => {
    while (!over) {
      const begun = performance.now();
      const { status } = await get(site, '/hello');
      times.push(performance.now() - begun);
      if (status !== 200) failed.push(status);
    }
  };
  const people = [person(), person()];
  const result = await work();
  over = true;
  await Promise.all(people);
  times.sort((a, b) => a - b);
  return { result, failed, p99: times[Math.floor(times.length * 0.99)],
    count: times.length };
}

describe('one request that goes wrong', () => {
  let site;
  before(async () => { site = await stubSite(quick); await site.whole(); });
  after(async () => site && site.stop());

  const cases = [
    ['crash', 500, 'crash', 'page /crash'],
    ['recursion', 500, 'crash', 'page /recursion'],
    ['exit', 500, 'exit', 'page /exit'],
    ['exit?1', 500, 'exit', 'page /exit'],
    ['memory', 500, 'sick', 'page /memory'],
    ['loop', 504, 'timeout', 'page /loop'],
    ['garbage', 500, 'protocol', 'page /garbage'],
    ['turn?4', 500, 'protocol', 'page /turn'],
    ['turn?1', 500, 'protocol', 'page /turn'],
    ['turn?9', 500, 'protocol', 'page /turn'],
    ['turn?64', 500, 'protocol', 'page /turn'],
    ['lock', 500, 'lock', 'hook under the lock'],
  ];
  for (const [path, status, kind, entry] of cases) {
    test(`F14_ /${path} costs its request alone`, async () => {
      if (existsSync(join(site.folder, 'run/quarantine/bad.json'))) {
        rmSync(join(site.folder, 'run/quarantine/bad.json'));
        await site.control({ do: 'reload' });
        await site.whole();
      }
      const before = site.log('worker.died').length;
      const { result, failed, count } = await others(site, () =>
        get(site, `/${path}`));
      assert.equal(result.status, status);
      assert.deepEqual(failed, []);
      assert.ok(count > 0);
      const number = /<code>([0-9A-Z]{8})<\/code>/.exec(result.body);
      assert.ok(number, result.body);
      const died = await until(() => site.log('worker.died')[before],
        'the log');
      assert.equal(died.kind, kind);
      assert.equal(died.module, 'bad');
      assert.equal(died.entry, entry);
      assert.equal(died.incident, number[1]);
      assert.ok(died.request);
      const file = join(site.folder, `run/incidents/${number[1]}.json`);
      const incident = JSON.parse(readFileSync(file, 'utf8'));
      assert.equal(incident.number, number[1]);
      assert.ok(Math.abs(incident.at - Date.now()) < 60000);
      assert.equal(incident.kind, kind);
      assert.equal(incident.module, 'bad');
      assert.equal(incident.version, '1.0.0');
      assert.equal(incident.hash, 'abc123');
      assert.equal(incident.entry, entry);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await site.whole();
    });
  }

  test('S40_ the page of an incident tells neither path nor stack', async () => {
    const { body, headers } = await get(site, '/crash?secret=1', {
      headers: { 'accept-language': 'zh-TW' } });
    assert.doesNotMatch(body, /secret|crash|0x|stub|\/work/);
    assert.match(body, /<html lang="zh-TW">/);
    assert.match(body, /事件編號/);
    assert.doesNotMatch(body, /style=|<style|<script/);
    assert.match(headers.get('content-security-policy'), /default-src 'self'/);
  });

  test('an API client gets a problem in JSON', async () => {
    const { body, headers, status } = await get(site, '/core-crash', {
      headers: { accept: 'application/json' } });
    assert.equal(status, 500);
    assert.match(headers.get('content-type'), /^application\/problem\+json/);
    const problem = JSON.parse(body);
    assert.equal(problem.status, 500);
    assert.match(problem.incident, /^[0-9A-Z]{8}$/);
  });

  test('F14_ a crash of our own blames no module', async () => {
    const before = site.log('worker.died').length;
    await get(site, '/core-crash');
    const died = await until(() => site.log('worker.died')[before], 'the log');
    assert.equal(died.module, null);
    assert.equal(died.kind, 'crash');
  });

  test('F14_ waiting is not charged to the module', async () => {
    const before = site.log('worker.died').length;
    const { status } = await get(site, '/wait');
    assert.equal(status, 504);
    const died = await until(() => site.log('worker.died')[before], 'the log');
    assert.equal(died.module, null);
    assert.equal(died.waiting, 'lock');
  });

  test('F14_ who heeds the soft deadline lives', async () => {
    const before = site.log('worker.died').length;
    const { status, body } = await get(site, '/polite');
    assert.equal(status, 503);
    assert.equal(body, 'soft deadline\n');
    assert.equal(site.log('worker.died').length, before);
  });

  test('F14_ a worker that closed its link is replaced', async () => {
    const { status } = await get(site, '/close');
    assert.equal(status, 500);
    await site.whole();
  });

  test('F14_ a worker without descriptors still answers', async () => {
    const { status } = await get(site, '/descriptors');
    assert.equal(status, 200);
  });

  test('F01_ kill -9 of a worker costs at most its request', async () => {
    const rounds = long ? 200 : 20;
    const { failed } = await others(site, async () => {
      for (let i = 0; i < rounds; i += 1) {
        const { workers } = await site.control({ do: 'status' });
        const idle = workers.filter((w) => w.name.startsWith('pages') &&
          w.state === 'idle');
        if (idle.length)
          process.kill(idle[i % idle.length].pid, 'SIGKILL');
        await sleep(60);
      }
    });
    assert.ok(failed.length <= rounds, `${failed.length} failed`);
    await site.whole();
  });
});

describe('quarantine', () => {
  test('F14_ three crashes in a minute put the module away', async () => {
    const site = await stubSite(quick);
    await site.whole();
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await get(site, '/crash')).status, 500);
      await site.whole();
    }
    const file = join(site.folder, 'run/quarantine/bad.json');
    await until(() => existsSync(file), 'the quarantine');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(record.module, 'bad');
    assert.equal(record.version, '1.0.0');
    assert.equal(record.hash, 'abc123');
    const status = await until(async () => {
      const now = await site.control({ do: 'generation' });
      return now.generation === 2 && now.state === 'ready' && now;
    }, 'generation 2');
    assert.ok(status.ok);
    assert.equal(site.log('module.quarantined').length, 1);
    await site.stop();
  });

  test('F14_ two crashes do not; crashes of our own never do', async () => {
    const site = await stubSite(quick);
    await site.whole();
    for (const path of ['/crash', '/core-crash', '/core-crash', '/core-crash',
      '/crash']) {
      await get(site, path);
      await site.whole();
    }
    assert.ok(!existsSync(join(site.folder, 'run/quarantine/bad.json')));
    await site.stop();
  });

  test('F14_ one crash while loading is enough, also at the first start',
    async () => {
      const site = await stubSite(quick, { prepare: (folder) =>
        writeFileSync(join(folder, 'stub-crash'), '') });
      assert.equal((await get(site, '/hello')).status, 200);
      const died = site.log('worker.died');
      assert.equal(died.length, 1);
      assert.equal(died[0].kind, 'start');
      assert.equal(died[0].module, 'bad');
      const record = JSON.parse(readFileSync(
        join(site.folder, 'run/quarantine/bad.json'), 'utf8'));
      assert.equal(record.loading, true);
      await site.stop();
    });
});

describe('generations', () => {
  test('SIGHUP replaces every worker, and nobody notices', async () => {
    const site = await stubSite(quick);
    const before = await site.whole();
    const { failed } = await others(site, async () => {
      process.kill(site.pid, 'SIGHUP');
      await until(async () => {
        const now = await site.control({ do: 'generation' });
        return now.generation === 2 && now.state === 'ready';
      }, 'generation 2');
    });
    assert.deepEqual(failed, []);
    const after = await site.whole();
    const keeper = (status) => status.workers.find((w) => w.name === 'keeper');
    assert.equal(keeper(after).pid, keeper(before).pid);
    for (const worker of after.workers) {
      if (worker.name === 'keeper') continue;
      assert.equal(worker.generation, 2);
      assert.ok(!before.workers.some((w) => w.pid === worker.pid));
    }
    for (const worker of before.workers)
      if (worker.name !== 'keeper') assert.ok(!processExists(worker.pid));
    await site.stop();
  });

  test('a request in work is finished by the old worker', async () => {
    const site = await stubSite({ page_workers: 3 });
    await site.whole();
    const long_one = get(site, '/sleep?1500');
    await sleep(200);
    process.kill(site.pid, 'SIGHUP');
    const { status, body } = await long_one;
    assert.equal(status, 200);
    assert.match(body, /generation 1/);
    await until(async () => (await get(site, '/hello')).body
      .includes('generation 2'), 'the new generation');
    await site.stop();
  });

  test('what lies ready at a worker that ends is done by another, whole',
    async () => {
      const site = await stubSite({ page_workers: 3 });
      await site.whole();
      const post = (path, body) => get(site, path, { method: 'POST', body });
      for (let i = 0; i < 6; i += 1) {
        const [last, ...others] = await Promise.all([post('/last-words?6', 'x'),
          post('/echo', 'first words'), post('/echo', 'other words')]);
        assert.equal(last.status, 200);
        // What it was given as it ended may be lost with it, and says so.
        const done = others.filter(({ status }) => status === 200);
        assert.ok(done.length, JSON.stringify(others));
        for (const { body } of done)
          assert.match(body, /\[(first|other) words\]/);
        await until(() => site.log('worker.died').length === i + 1, 'its end');
        await site.whole();
      }
      await site.stop();
    });

  test('the first that fails keeps the generation in force', async () => {
    const site = await stubSite(quick);
    await site.whole();
    writeFileSync(join(site.folder, 'stub-fail'), '');
    const { failed } = await others(site, async () => {
      assert.ok((await site.control({ do: 'reload' })).ok);
      await until(() => site.log('generation.failed').length, 'the failure');
    });
    assert.deepEqual(failed, []);
    const told = site.log('generation.failed')[0];
    assert.match(told.why, /told to fail/);
    const file = JSON.parse(readFileSync(
      join(site.folder, 'run/generation.json'), 'utf8'));
    assert.equal(file.state, 'failed');
    assert.match(file.error, /told to fail/);
    assert.equal(file.generation, 1);
    rmSync(join(site.folder, 'stub-fail'));
    await site.control({ do: 'reload' });
    await until(async () => (await site.control({ do: 'generation' }))
      .state === 'ready' && (await get(site, '/hello')).body
      .includes('generation 3'), 'generation 3');
    await site.stop();
  });

  test('F14_ a module that crashes while loading is left out of the next',
    async () => {
      const site = await stubSite(quick);
      await site.whole();
      writeFileSync(join(site.folder, 'stub-crash'), '');
      const { failed } = await others(site, async () => {
        await site.control({ do: 'reload' });
        await until(async () => {
          const now = await site.control({ do: 'generation' });
          return now.state === 'ready' && now.generation >= 3;
        }, 'generation 3');
      });
      assert.deepEqual(failed, []);
      assert.ok(existsSync(join(site.folder, 'run/quarantine/bad.json')));
      await site.stop();
    });

  test('a worker asks for a new generation', async () => {
    const site = await stubSite(quick);
    await site.whole();
    assert.equal((await get(site, '/reload')).status, 200);
    await until(async () => (await site.control({ do: 'generation' }))
      .generation === 2, 'generation 2');
    await site.stop();
  });

  test('workers are recycled after their requests, unnoticed', async () => {
    const site = await stubSite({ worker_requests: 50 });
    await site.whole();
    for (let i = 0; i < 300; i += 1)
      assert.equal((await get(site, '/hello')).status, 200);
    await until(() => site.log('worker.end').length >= 2, 'the recycled');
    assert.deepEqual(site.log('worker.died'), []);
    await site.stop();
  });

  test('a generation comes while a worker is being recycled', async () => {
    const site = await stubSite({ page_workers: 1, worker_requests: 20 });
    await site.whole();
    writeFileSync(join(site.folder, 'stub-slow'), '');
    for (let i = 0; i < 20; i += 1)
      assert.equal((await get(site, '/hello')).status, 200);
    assert.match((await get(site, '/metrics')).body,
      /worker_recycled_total 1\n/);
    await site.control({ do: 'reload' });
    await until(async () => {
      const now = await site.control({ do: 'generation' });
      return now.generation === 2 && now.state === 'ready';
    }, 'generation 2');
    await site.stop();
  });

  test('workers that have grown are recycled', async () => {
    const site = await stubSite({}, { prepare: (folder) =>
      writeFileSync(join(folder, 'stub-small'), '') });
    await site.whole();
    for (let i = 0; i < 200; i += 1)
      assert.equal((await get(site, '/hello')).status, 200);
    await until(() => site.log('worker.end').length >= 1, 'the recycled');
    await site.stop();
  });

  test('a worker that never starts is tried again, with back-off', async () => {
    const site = await stubSite(quick);
    await site.whole();
    writeFileSync(join(site.folder, 'stub-fail'), '');
    await get(site, '/crash');
    await sleep(2000);
    const starts = site.log('worker.start').length;
    assert.ok(starts < 16, `${starts} starts`);
    assert.equal((await get(site, '/hello')).status, 200);
    rmSync(join(site.folder, 'stub-fail'));
    await site.whole();
    await site.stop();
  });

  test('a site whose first worker fails says why and ends', async () => {
    await assert.rejects(stubSite({}, { prepare: (folder) =>
      writeFileSync(join(folder, 'stub-fail'), '') }), /told to fail/);
  });
});

describe('lanes', () => {
  test('F14_ a module that hangs leaves pages and administration free', async () => {
    const site = await stubSite({ page_workers: 4, soft_ms: 2000 * slow,
      hard_ms: 3000 * slow });
    await site.whole();
    const hanging = [];
    for (let i = 0; i < 12; i += 1) hanging.push(get(site, '/module-sleep?1500'));
    await sleep(700);
    const begun = performance.now();
    assert.equal((await get(site, '/hello')).status, 200);
    assert.equal((await get(site, '/admin')).status, 200);
    assert.ok(performance.now() - begun < 700 * slow);
    for (const answer of await Promise.all(hanging))
      assert.equal(answer.status, 200);
    await site.stop();
  });

  test('administration is answered when all other workers are busy',
    async () => {
      const site = await stubSite({ page_workers: 3 });
      await site.whole();
      const busy = [get(site, '/sleep?1500'), get(site, '/sleep?1500'),
        get(site, '/sleep?1500')];
      await sleep(200);
      const begun = performance.now();
      assert.equal((await get(site, '/admin')).status, 200);
      assert.ok(performance.now() - begun < 700 * slow);
      await Promise.all(busy);
      await site.stop();
    });

  for (const soon of [false, true])
  test(`a write that takes long holds up no other write${soon ?
    ' that was to be the next' : ''}`, async () => {
    const site = await stubSite({ page_workers: 4 });
    await site.whole();
    const order = [];
    const write = (name, ms) => get(site, `/sleep?${ms}`, { method: 'POST' })
      .then((answer) => {
        assert.equal(answer.status, 200);
        order.push(name);
      });
    await write('first', 1);
    order.length = 0;
    const all = [write('long', 1500)];
    // Some come while it may yet be quick, and wait with its worker.
    await sleep(soon ? 5 : 100);
    all.push(write('short', 1), write('short', 1), write('short', 1));
    await Promise.all(all);
    assert.deepEqual(order, ['short', 'short', 'short', 'long']);
    await site.stop();
  });

  for (const [path, status] of [['crash?8', 500], ['descriptors?8', 200],
    ['loop', 504], ['turn?4', 500]])
    test(`F14_ what is to be written next outlives /${path}`, async () => {
      const site = await stubSite(quick);
      await site.whole();
      const write = (name, body) => get(site, name, { method: 'POST', body });
      const first = write(`/${path}`);
      await sleep(3);
      const next = await Promise.all(Array.from({ length: 12 }, (_, i) =>
        write('/count', `body ${i}`)));
      next.forEach((answer, i) => {
        assert.equal(answer.status, 200, answer.body);
        assert.match(answer.body, new RegExp(`\\[body ${i}\\]`));
      });
      assert.equal((await first).status, status);
      assert.equal(statSync(join(site.folder, 'count')).size, 12);
      await site.stop();
    });

  test('who goes while his write waits to be the next harms nobody', async () => {
    const site = await stubSite(quick);
    await site.whole();
    for (let i = 0; i < 20; i += 1) {
      const first = get(site, '/sleep?4', { method: 'POST' });
      const gone = get(site, '/count', { method: 'POST', body: 'gone',
        signal: AbortSignal.timeout(3) }).catch(() => null);
      const stays = get(site, '/count', { method: 'POST', body: 'stays' });
      await gone;
      assert.match((await stays).body, /\[stays\]/);
      assert.equal((await first).status, 200);
    }
    const count = statSync(join(site.folder, 'count')).size;
    assert.ok(count >= 20 && count <= 40, String(count));
    assert.deepEqual(site.log('worker.died'), []);
    await site.stop();
  });

  test('who reads does not wait with those who write', async () => {
    const site = await stubSite({ page_workers: 3 });
    await site.whole();
    const order = [];
    const done = (name) => (answer) => {
      assert.equal(answer.status, 200);
      order.push(name);
    };
    await get(site, '/hello');
    const all = ['POST', 'PUT', 'DELETE'].map((method) =>
      get(site, '/sleep?700', { method }).then(done('write')));
    await sleep(100);
    for (let i = 0; i < 4; i += 1) all.push(get(site, '/hello').then(done('read')));
    await Promise.all(all);
    assert.deepEqual(order.slice(0, 4), Array(4).fill('read'));
    assert.equal(order.length, 7);
    await site.stop();
  });

  test('routes take their lanes', async () => {
    const site = await stubSite();
    await site.whole();
    assert.match((await get(site, '/net')).body, /from net,/);
    assert.match((await get(site, '/local')).body, /from local,/);
    assert.match((await get(site, '/%6eet')).body, /nothing here/);
    assert.match((await get(site, '/hello')).body, /from pages-/);
    await site.stop();
  });

  test('a full queue is answered 503 with Retry-After', async () => {
    const site = await stubSite({ page_workers: 2, connections_per_address: 500,
      soft_ms: 20000, hard_ms: 30000, proxies: ['127.0.0.1'] });
    await site.whole();
    const all = [];
    // Two proxied people with 160 requests each: neither is over its own
    // share, both together are over the queue.
    for (let i = 0; i < 390; i += 1)
      all.push(get(site, '/sleep?20', { headers: {
        'x-forwarded-for': `10.0.0.${i % 4}` } }));
    const answers = await Promise.all(all);
    const busy = answers.filter((a) => a.status === 503);
    assert.ok(busy.length > 50, `${busy.length} refused`);
    assert.equal(busy[0].headers.get('retry-after'), '5');
    assert.equal(answers.filter((a) => a.status === 200).length +
      busy.length, answers.length);
    await site.stop();
  });

  test('S34_ one address gets no more than its share of the queue',
    async () => {
      const site = await stubSite({ page_workers: 2,
        connections_per_address: 500 });
      await site.whole();
      const all = [];
      for (let i = 0; i < 180; i += 1) all.push(get(site, '/sleep?20'));
      const answers = await Promise.all(all);
      assert.ok(answers.some((a) => a.status === 429));
      assert.ok(answers.every((a) => [200, 429].includes(a.status)));
      await site.stop();
    });
});

describe('start and stop', () => {
  test('SIGTERM answers what is in work, then ends with 0', async () => {
    const site = await stubSite();
    await site.whole();
    const { workers } = await site.control({ do: 'status' });
    const request = get(site, '/sleep?800');
    await sleep(200);
    const stopped = site.stop();
    const { status } = await request;
    assert.equal(status, 200);
    assert.deepEqual(await stopped, { code: 0, signal: null });
    for (const worker of workers) assert.ok(!processExists(worker.pid));
    assert.ok(!existsSync(join(site.folder, 'run/control.sock')));
  });

  test('Ctrl-C twice does not wait', async () => {
    const site = await stubSite();
    await site.whole();
    get(site, '/sleep?20000').catch(() => {});
    await sleep(200);
    process.kill(site.pid, 'SIGINT');
    await sleep(100);
    const begun = performance.now();
    await site.stop('SIGINT');
    assert.ok(performance.now() - begun < 8000 * slow);
  });

  test('F01_ workers do not outlive a front that was killed', async () => {
    const site = await stubSite();
    const { workers } = await site.whole();
    await site.stop('SIGKILL');
    await until(() => workers.every((w) => !processExists(w.pid)),
      'their end');
    const again = await site.start();
    assert.equal((await get(again, '/hello')).status, 200);
    await again.stop();
  });

  test('a site is served once', async () => {
    const site = await stubSite();
    await assert.rejects(() => {
      const other = Object.assign(Object.create(Object.getPrototypeOf(site)), {
        folder: site.folder, words: site.words, extra: {}, text: '' });
      return other.start();
    }, /being served already/);
    await site.stop();
  });

  test('S46_ front and workers have no more descriptors than they need',
    async () => {
      const site = await stubSite();
      const { workers } = await site.whole();
      for (const { pid } of workers)
        assert.deepEqual(readdirSync(`/proc/${pid}/fd`).map(Number)
          .sort((a, b) => a - b), [0, 1, 2, 3, 4, 5]);
      const limits = readFileSync(`/proc/${site.pid}/limits`, 'utf8');
      assert.match(limits, /Max core file size\s+0\s+0/);
      const own = readFileSync(`/proc/${workers[0].pid}/limits`, 'utf8');
      assert.match(own, /Max core file size\s+0\s+0/);
      await site.stop();
    });

  test('run/control.sock is for the service user alone', async () => {
    const site = await stubSite();
    await site.whole(); // what is for the keeper finds it
    const mode = statSync(join(site.folder, 'run/control.sock')).mode;
    assert.equal(mode & 0o777, 0o600);
    assert.equal((await site.control({ do: 'nonsense' })).ok, false);
    assert.equal((await site.control(['no', 'map'])).ok, false);
    const echo = await site.control({ do: 'backup', to: '/x' });
    assert.match(echo.echo, /"do":"backup"/);
    await site.stop();
  });

  test('/healthz and /readyz tell the truth', async () => {
    const site = await stubSite(quick);
    await site.whole();
    assert.equal((await get(site, '/healthz')).body, 'ok\n');
    const ready = await get(site, '/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(JSON.parse(ready.body), { ready: true, pages: 4,
      keeper: true, store: 'ok' });
    const { workers } = await site.control({ do: 'status' });
    const keeper = workers.find((w) => w.name === 'keeper').pid;
    process.kill(keeper, 'SIGKILL');
    await until(async () => (await site.whole()).workers.every((w) =>
      w.pid !== keeper), 'another keeper');
    assert.equal((await get(site, '/readyz')).status, 200);
    await site.stop();
  });
});

test('F14_ raw bytes at a dying worker leave the front alive', async () => {
  const site = await stubSite(quick);
  await site.whole();
  const request = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const { text: said } = await raw(site, request('/crash') +
    request('/hello'), { ms: 2000 });
  assert.match(said, /HTTP\/1\.1 500 /);
  assert.match(said, /hello from/);
  await site.stop();
});
