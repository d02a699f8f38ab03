// disk_full.test.mjs - F04: no room for the database, for files, for what is
// temporary, for the log. What cannot be kept is refused with 507 and a
// reason; reading goes on; making room is enough to go on.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Site, demoFolder, long, run, sleep, temporaryFolder, until }
  from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { onPostgresql } from '../lib/store.mjs';
import { fillDisk, noSmallDisk, onSmallDisk } from '../lib/small_disk.mjs';

const skip = noSmallDisk;

const demo = (settings) => new Site(demoFolder(settings), []);

async function save(person, purpose, rows = 1) {
  const items = Array.from({ length: rows }, (unused, i) => ({
    name: `Stand ${i} ${'x'.repeat(80)}`, quantity: '1', unit_price: '10' }));
  return person.post('/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15', items } });
}

async function upload(person, name, bytes) {
  const body = new FormData();
  body.append('file', new Blob([bytes]), name);
  return person.fetch('POST', '/api/v1/files', { body,
    headers: { 'x-csrf-token': person.csrf } });
}

const purposes = async (person) => {
  const found = [];
  for (let path = '/api/v1/records/budget?limit=100'; path;) {
    const { status, body, text } = await person.get(path);
    assert.equal(status, 200, text);
    found.push(...body.records.map((one) => one.values.purpose));
    path = body.cursor ? `/api/v1/records/budget?limit=100&cursor=${
      encodeURIComponent(body.cursor)}` : null;
  }
  return found;
};

describe('F04_ the disk of the database is full', {
  skip: skip || onPostgresql &&
    'the database has a disk of its own (postgres.test.mjs)' }, () => {
  let site, person, admin;
  before(async () => {
    site = demo({});
    await onSmallDisk(site, { [site.folder]: long ? '400m' : '96m' });
    await site.whole();
    person = await signedIn(site, 'zhang.wei');
    admin = await signedIn(site, 'admin');
  });
  after(() => site?.stop());

  test('F04_ writes are refused with 507, reads go on, room is enough',
    async () => {
      for (let round = 0; round < (long ? 5 : 1); round += 1) {
        const kept = [], refused = [];
        const filler = fillDisk(site.folder);
        for (let i = 0; i < 20000 && refused.length < 5; i += 1) {
          const name = `F04-${round}-${i}`;
          const { status, text } = await save(person, name, 100);
          assert.ok([201, 507].includes(status), `${status} ${text}`);
          (status === 201 ? kept : refused).push(name);
          if (status === 507) assert.match(text, /no room left on the disk/);
        }
        assert.ok(refused.length, 'the disk was never full');
        // What was typed comes back with the reason.
        const rows = Array.from({ length: 100 }, (unused, i) => [
          [`items.${i}.name`, 'y'.repeat(90)], [`items.${i}.quantity`, '1'],
          [`items.${i}.unit_price`, '1']]).flat();
        let page;
        for (let i = 0; i < 2000 && page?.status !== 507; i += 1)
          page = await person.form('/records/budget', [['purpose', 'F04 typed'],
            ['date', '2026-12-15'], ...rows], { accept: 'text/html' });
        assert.equal(page.status, 507, page.text);
        assert.match(page.text, /no room left on the disk/);
        assert.match(page.text, /value="F04 typed"/);
        let file;
        for (let i = 0; i < 40 && file?.status !== 507; i += 1)
          file = await upload(person, 'a.txt', `${i}${'x'.repeat(900000)}`);
        assert.equal(file.status, 507, file.text);
        // A worker that ends now is back all the same.
        const { workers } = await site.control({ do: 'status' });
        const { pid } = workers.find((one) => one.name === 'pages-1');
        process.kill(pid, 'SIGKILL');
        await until(async () => (await site.whole()).workers
          .every((one) => one.pid !== pid), 'another worker');
        for (const path of ['/', '/records/budget', '/tasks', '/me'])
          assert.equal((await person.get(path)).status, 200, path);
        assert.equal((await admin.get('/admin')).status, 200);
        const ready = await fetch(`${site.url}/readyz`);
        assert.equal((await ready.json()).store, 'full');
        rmSync(filler);
        await until(async () => (await save(person, `F04-${round}-again`))
          .status === 201, 'a write', 15000);
        const there = await purposes(person);
        for (const name of kept) assert.ok(there.includes(name), name);
        for (const name of refused) assert.ok(!there.includes(name), name);
        await until(async () => (await (await fetch(`${site.url}/readyz`))
          .json()).store === 'ok', 'readyz', 15000);
      }
      // None died but those that were killed here.
      assert.equal(site.log('worker.died').length, long ? 5 : 1);
      assert.equal(run('doctor', site.folder).code, 0);
    });
});

describe('F04_ the disk of the files is full', { skip }, () => {
  let site, person;
  before(async () => {
    site = demo({});
    mkdirSync(join(site.folder, 'files'), { recursive: true });
    await onSmallDisk(site, { [join(site.folder, 'files')]: '12m' });
    await site.whole();
    person = await signedIn(site, 'zhang.wei');
  });
  after(() => site?.stop());

  test('F04_ uploads are refused with 507, all else goes on', async () => {
    const small = 'x'.repeat(30000), large = 'x'.repeat(3000000);
    const first = await upload(person, 'first.txt', large);
    assert.equal(first.status, 201, first.text);
    await sleep(200); // its spool file goes after the answer
    const filler = fillDisk(join(site.folder, 'files'));
    for (const bytes of [small, large]) {
      const { status, text } = await upload(person, 'more.txt', bytes);
      assert.equal(status, 507, text);
      assert.match(text, /disk/);
    }
    assert.equal((await save(person, 'F04 no file')).status, 201);
    const read = await person.get(first.body.url);
    assert.equal(read.status, 200);
    assert.equal(read.text.length, large.length);
    rmSync(filler);
    const again = await upload(person, 'again.txt', `${large}2`);
    assert.equal(again.status, 201, again.text);
    assert.deepEqual(site.log('worker.died'), []);
    // Nothing of what was refused is left (.tenon-files says whose they are).
    const left = readdirSync(join(site.folder, 'files'), { recursive: true })
      .filter((name) => !name.startsWith('.') &&
        statSync(join(site.folder, 'files', name)).isFile());
    assert.equal(left.length, 2, left.join());
  });
});

describe('F04_ the disks for what is temporary are full', { skip }, () => {
  // The tests' PostgreSQL has its socket below /tmp.
  const folders = onPostgresql ? ['/var/tmp'] : ['/tmp', '/var/tmp'];
  let site, person, manager;
  before(async () => {
    site = demo({});
    await onSmallDisk(site, Object.fromEntries(folders.map((folder) =>
      [folder, '1m'])), { copy: false });
    await site.whole();
    person = await signedIn(site, 'zhang.wei');
    manager = await signedIn(site, 'admin');
  });
  after(() => site?.stop());

  test('F04_ lists, sums and exports go on, saving too', async () => {
    for (const folder of folders) fillDisk(site.inside(folder));
    for (const path of ['/', '/records/budget?sort=-purpose', '/tasks',
      '/records/crm.customer?sort=-name', '/api/v1/records/crm.customer/' +
        'aggregate?group=region'])
      assert.ok([200, 404, 422].includes((await manager.get(path)).status),
        path);
    assert.equal((await save(person, 'F04 temporary')).status, 201);
    const xlsx = await manager.get(
      '/records/crm.customer/export?format=xlsx');
    assert.ok([200, 303, 507].includes(xlsx.status), `${xlsx.status}`);
    assert.deepEqual(site.log('worker.died'), []);
  });
});

describe('F04_ the disk of the log is full', { skip }, () => {
  test('F04_ requests are answered; the log goes on with room', async () => {
    const folder = temporaryFolder('log');
    const site = demo({});
    const log = join(folder, 'tenon.log');
    await onSmallDisk(site, { [folder]: '1m' }, { log });
    await site.whole();
    const person = await signedIn(site, 'zhang.wei');
    const filler = fillDisk(site.inside(folder));
    const seen = () => statSync(site.inside(log)).size;
    const before = seen();
    for (let i = 0; i < 60; i += 1)
      assert.equal((await person.get('/tasks')).status, 200);
    assert.equal((await save(person, 'F04 log')).status, 201);
    assert.ok(seen() - before < 8192, 'the disk was full');
    rmSync(filler);
    assert.equal((await person.get('/tasks?F04')).status, 200);
    await until(() => seen() > before + 100, 'the log');
    await site.whole();
    await site.stop();
  });
});
