// torture.test.mjs - F02: in the front the n-th allocation, open, socket,
// send or write fails, for every n that one request of each kind makes. It
// must not crash; the answer is whole or an error; the next request works.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, openSync, readSync, writeSync, mkdirSync, writeFileSync }
  from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { build, long, sleep, stubSite, temporaryFolder }
  from '../lib/server.mjs';

const kinds = { memory: 1, open: 2, socket: 3, send: 4, write: 5 };
const library = join(build, 'fail_nth.so');
// The sanitizer brings allocators of its own.
const skip = !existsSync(library) ||
  process.env.ASAN_OPTIONS !== undefined;

async function torturedSite() {
  const plan = join(temporaryFolder('plan'), 'plan');
  writeFileSync(plan, Buffer.alloc(4096));
  const site = await stubSite({ soft_ms: 2000, hard_ms: 3000 }, {
    prepare(folder) {
      mkdirSync(join(folder, 'themes/web'), { recursive: true });
      writeFileSync(join(folder, 'themes/web/app.css'), 'x'.repeat(200000));
    },
    extra: { LD_PRELOAD: library, TENON_FAIL: plan },
  });
  await site.whole();
  const fd = openSync(plan, 'r+');
  return { site,
    arm(kind, n) {
      const block = Buffer.alloc(16);
      block.writeInt32LE(n, 4);
      writeSync(fd, block, 0, 16, 0);
      block.writeInt32LE(kind, 0);
      writeSync(fd, block, 0, 4, 0);
    },
    // How many failed; nothing fails from here on.
    disarm() {
      writeSync(fd, Buffer.alloc(4), 0, 4, 0);
      const block = Buffer.alloc(16);
      readSync(fd, block, 0, 16, 0);
      return block.readInt32LE(8);
    } };
}

// Not by fetch: Node 20's never settles where the first connection of a
// process is closed as soon as it is accepted.
const once = (url, { method = 'GET', body = '' } = {}) =>
  new Promise((done, failed) => {
    const asked = httpRequest(url, { method, agent: false, timeout: 15000,
      headers: { connection: 'close', 'accept-encoding': 'gzip',
        'content-length': body.length } }, (response) => {
      response.on('error', () => done({ status: 0 }));
      response.on('end', () => done({ status: response.statusCode }));
      response.resume();
    });
    // An answer that is cut is an error too; one that hangs is not.
    asked.on('timeout', () => {
      failed(new Error(`${url} hangs`));
      asked.destroy();
    });
    asked.on('error', () => done({ status: 0 }));
    asked.end(body);
  });

const requests = {
  hello: (url) => once(`${url}/hello`),
  page: (url) => once(`${url}/page?60000`),
  'large answer': (url) => once(`${url}/big?900000`),
  file: (url) => once(`${url}/file`),
  asset: (url) => once(`${url}/assets/stub/app.css`),
  'small body': (url) => once(`${url}/echo`, { method: 'POST',
    body: 'y'.repeat(30000) }),
  'large body': (url) => once(`${url}/echo`, { method: 'POST',
    body: 'y'.repeat(300000) }),
  missing: (url) => once(`${url}/assets/stub/none`),
  metrics: (url) => once(`${url}/metrics`),
  crash: (url) => once(`${url}/core-crash`),
  stream: (url) => new Promise((done) => {
    const asked = httpRequest(`${url}/stream?3`, { agent: false,
      timeout: 3000 }, (response) => {
      response.on('error', () => {});
      response.resume();
      setTimeout(() => { asked.destroy(); done({ status: 200 }); }, 20);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => done({ status: 0 }));
    asked.end();
  }),
};
const allowed = [0, 200, 404, 413, 429, 500, 503, 504, 507];

for (const [what, ask] of Object.entries(requests)) {
  test(`F02_ ${what}: each failing call is survived`, { skip }, async () => {
    const { site, arm, disarm } = await torturedSite();
    for (const [name, kind] of Object.entries(kinds)) {
      const most = long ? 400 : 40;
      for (let n = 1; n <= most; n += 1) {
        arm(kind, n);
        const { status } = await ask(site.url).catch((error) => {
          throw new Error(`${name} ${n}: ${error.message}; ` +
            `failed so far: ${disarm()}`);
        });
        const failed = disarm();
        assert.ok(allowed.includes(status), `${name} ${n}: ${status}`);
        assert.equal(site.child.exitCode, null, `${name} ${n}: the front died`);
        assert.equal(site.child.signalCode, null,
          `${name} ${n}: the front died`);
        let next;
        for (let i = 0; i < 60; i += 1) {
          next = await once(`${site.url}/hello`);
          if (next.status === 200) break;
          await sleep(50);
        }
        assert.equal(next.status, 200, `${name} ${n}: the next request`);
        if (!failed) break; /* fewer calls than n were made */
      }
    }
    await site.whole();
    assert.deepEqual(await site.stop(), { code: 0, signal: null });
  });
}
