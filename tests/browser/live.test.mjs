// Live tabs: all tabs of one browser share one event stream, with a
// SharedWorker and without; what changes is on every tab within a second.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { launch, as, visitor, signIn, eventually, noFaults } from
  '../lib/browser.mjs';

let site;
let browser;
let applicant;

before(async () => {
  site = await demoSite();
  browser = await launch();
  applicant = await signedIn(site, 'zhang.wei');
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const streams = async () => (await site.control({ do: 'status' })).streams;
const badge = (page) => page.locator('[data-count=tasks]').first();
const count = async (page) => Number((await badge(page).textContent()) || 0);

async function apply(purpose) {
  const answer = await applicant.post('/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '10' }] } },
  { 'idempotency-key': purpose });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
}

// The named second is asked for generously: the machine may be busy, but
// nobody reloads, so without the stream it would never happen.
async function shows(page, wanted) {
  await eventually(async () => (await count(page)) === wanted);
}

async function tenTabs(first) {
  const tabs = [first];
  for (let i = 1; i < 10; i += 1) {
    const tab = await first.context().newPage();
    await tab.goto('/');
    tabs.push(tab);
  }
  return tabs;
}

for (const shared of [true, false])
  test(`ten tabs use one stream, an 11th request is answered (${shared
    ? 'SharedWorker' : 'Web Lock'})`, async () => {
    const first = await visitor(browser, site, { locale: 'en' });
    if (!shared) await first.context().addInitScript(() => {
      delete globalThis.SharedWorker;
    });
    await eventually(async () => (await streams()) === 0);
    await signIn(first, 'li.na');
    await first.goto('/');
    const tabs = await tenTabs(first);
    await eventually(async () => (await streams()) === 1);
    // Six streams would have taken all connections to the server.
    const answers = await Promise.all(tabs.map((tab) => tab.evaluate(
      async () => (await fetch('/portal/counts', {
        headers: { Accept: 'application/json' } })).status)));
    assert.deepEqual(answers, Array(10).fill(200));
    await tabs[9].goto('/tasks');
    assert.equal(await streams(), 1);

    const before = await count(tabs[0]);
    await apply(`live ${shared}`);
    for (const tab of [tabs[0], tabs[5], tabs[9]])
      await shows(tab, before + 1);
    assert.equal(await streams(), 1);

    // The tab that held it goes: the others go on.
    await tabs.shift().close();
    await eventually(async () => (await streams()) === 1);
    await apply(`live again ${shared}`);
    await shows(tabs[0], before + 2);
    await eventually(async () => (await streams()) === 1);
    for (const tab of tabs) noFaults({ faults: tab.faults || [] });
    await tabs[0].context().close();
    await eventually(async () => (await streams()) === 0);
  });

test('a decision in one tab is counted in the other within a second',
  async () => {
    const one = await as(browser, site, 'li.na', { locale: 'en' });
    await one.goto('/');
    const other = await one.context().newPage();
    await other.goto('/records/budget');
    const before = await count(other);
    const record = await apply('two tabs');
    await shows(other, before + 1);
    await shows(one, before + 1);
    await one.goto('/tasks');
    await one.locator(`a[data-record="${record}"]`).first().click();
    const approve = one.locator('button[name=decision][value=approve]').first();
    await approve.waitFor();
    const address = other.url();
    const start = Date.now();
    await approve.click();
    await shows(other, before);
    const spent = Date.now() - start;
    assert.equal(other.url(), address, 'nobody was led anywhere');
    assert.ok(spent < 10000 * Number(process.env.TENON_SLOW || 1),
      `took ${spent} ms`);
    await one.context().close();
  });

test('E47 one click marks all read, in the other tab too', async () => {
  const one = await as(browser, site, 'li.na', { locale: 'en' });
  await apply('E47 first');
  await apply('E47 second');
  const other = await one.context().newPage();
  await other.goto('/records/budget');
  const bell = (page) => page.locator('[data-count=messages]:visible').first();
  await eventually(async () => Number(await bell(other).textContent()) >= 2);
  await one.goto('/messages');
  await one.getByRole('button', { name: 'Mark all as read' }).click();
  await eventually(async () => (await bell(other).count()) === 0);
  await eventually(async () => (await bell(one).count()) === 0);
  assert.ok(other.url().endsWith('/records/budget'), 'nobody was led away');
  await one.context().close();
});

test('another person\'s browser learns it too, and only what is theirs',
  async () => {
    const head = await as(browser, site, 'li.na', { locale: 'en' });
    const stranger = await as(browser, site, 'sun.tao', { locale: 'en' });
    await head.goto('/');
    await stranger.goto('/');
    await eventually(async () => (await streams()) === 2);
    const [theirs, own] = [await count(head), await count(stranger)];
    await apply('for the head alone');
    await shows(head, theirs + 1);
    assert.equal(await count(stranger), own);
    await stranger.context().close();
    await head.context().close();
  });

test('a job shows how far it is, and ends when its button is pressed',
  async () => {
    cpSync(join(build, 'test-plugins/plugins/api_c'),
      join(site.folder, 'plugins/api_c'), { recursive: true });
    const enabled = run('plugin', 'enable', site.folder, 'api_c');
    assert.equal(enabled.code, 0, enabled.err);
    await site.whole();
    const { body: { id } } = await applicant.post('/api/v1/m/api_c/order',
      { job: 'api_c.wait' });
    const page = await as(browser, site, 'zhang.wei', { locale: 'en' });
    await page.goto(`/jobs/${id}`);
    const bar = page.locator('#job progress[value]');
    await bar.waitFor();
    const before = Number(await bar.getAttribute('value'));
    await eventually(async () => Number(await bar.getAttribute('value')) >
      before);
    // The administrator sees it move as well.
    const admin = await as(browser, site, 'admin', { locale: 'en' });
    await admin.goto('/admin/jobs');
    await admin.locator('#running progress').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).first().click();
    // Who takes time to think: the job goes on, news comes.
    const progress = () => admin.locator('#running progress')
      .getAttribute('value').then(Number);
    const asked = await progress();
    await eventually(async () => await progress() > asked + 1);
    await page.locator('dialog[open] .btn-primary, dialog[open] .btn-danger')
      .first().click();
    await page.locator('#job .badge', { hasText: 'cancelled' }).waitFor();
    await eventually(async () => await admin.locator('#running li').count() ===
      0);
    noFaults(page);
    noFaults(admin);
  });
