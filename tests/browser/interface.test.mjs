// The browser code of the theme against a real site: forms (E8, E14, E15),
// lists (E17, E24), dialogs (E55), live events, and what slips into a page
// (S23). Stories of applications, tasks and administration stand beside it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { launch, as, phone, desktop, noFaults, eventually } from
  '../lib/browser.mjs';

let site;
let browser;
let clerk;

before(async () => {
  site = await demoSite();
  browser = await launch();
  clerk = await signedIn(site, 'zhang.wei');
  const host = (await clerk.get(
    '/api/v1/forms/visitor/fields/host/options?q=')).body.options[0].value;
  for (let i = 0; i < 60; i++) {
    const answer = await clerk.post('/api/v1/records/visitor', { values: {
      name: `Guest ${String(i).padStart(2, '0')}`, day: '2026-12-01', host,
      purpose: 'Looking at the workshop' } },
    { 'idempotency-key': `guest-${i}` });
    assert.equal(answer.status, 201, answer.text);
  }
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const box = (page, selector) => page.locator(selector).first().boundingBox();

test('E8 the button that saves stays where it is', async () => {
  for (const size of [desktop, phone]) {
    const page = await as(browser, site, 'zhang.wei', { size });
    await page.goto('/records/budget/new');
    await page.locator('[data-add-row]').waitFor();
    const first = await box(page, '[data-submit]');
    await page.fill('#f-purpose', 'Moves nothing');
    for (const part of [0.5, 1, 0]) {
      await page.evaluate((at) => globalThis.scrollTo(0,
        at * document.documentElement.scrollHeight), part);
      const now = await box(page, '[data-submit]');
      assert.equal(Math.round(now.x), Math.round(first.x));
      assert.ok(now.y >= 0 && now.y + now.height <= size.height);
    }
    noFaults(page);
    await page.context().close();
  }
});

test('E14 E15 rows from a spreadsheet, totals at once', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/budget/new');
  await page.locator('[data-add-row]').waitFor();
  // The logic has run once when the total is there.
  await eventually(async () =>
    (await page.locator('#f-total').textContent()).trim() !== '');
  const first = page.locator('[name="items.0.name"]');
  await first.focus();
  const spent = await page.evaluate(async () => {
    const data = new DataTransfer();
    data.setData('text/plain', Array.from({ length: 20 }, (_, i) =>
      `Item ${i}\t2\t10.50`).join('\n'));
    const start = performance.now();
    document.activeElement.dispatchEvent(new ClipboardEvent('paste',
      { clipboardData: data, bubbles: true, cancelable: true }));
    while (document.querySelector('#f-total').textContent !== '420.00' &&
        performance.now() - start < 10000)
      await new Promise((done) => setTimeout(done, 5));
    return performance.now() - start;
  });
  assert.equal(await page.locator('#f-total').textContent(), '420.00');
  assert.equal(await page.locator('tr[data-row]').count(), 20);
  assert.ok(spent < 1000, `took ${Math.round(spent)} ms`);
  // A row that goes can come back.
  await page.locator('[data-remove-row]').first().click();
  await eventually(async () =>
    (await page.locator('#f-total').textContent()) === '399.00');
  await page.locator('.tn-toast button').click();
  await eventually(async () =>
    (await page.locator('#f-total').textContent()) === '420.00');
  assert.equal(await first.inputValue(), 'Item 0');
  noFaults(page);
  await page.context().close();
});

test('people are found while typing, by keyboard alone', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/visitor/new');
  const host = page.getByRole('combobox', { name: /Visits/ });
  await host.focus();
  // What is typed before the page's scripts are there finds nothing.
  await eventually(async () => {
    await host.fill('');
    await page.keyboard.type('Li N');
    return page.locator('.tn-combo-list [role=option]').first()
      .waitFor({ timeout: 3000 }).then(() => true, () => false);
  });
  await eventually(async () => (await page.locator(
    '.tn-combo-list [aria-selected=true]').textContent()).includes('Li Na'));
  await page.keyboard.press('Enter');
  assert.equal(await host.inputValue(), 'Li Na');
  // Leaving keeps what was chosen (E11), whatever stands in the box.
  await page.keyboard.type('nobody at all');
  await page.keyboard.press('Tab');
  assert.equal(await host.inputValue(), 'Li Na');
  noFaults(page);
  await page.context().close();
});

test('E17 the head of a list stays', async () => {
  const page = await as(browser, site, 'zhang.wei', { size: desktop });
  await page.goto('/records/visitor');
  await page.mouse.move(640, 500);
  await page.mouse.wheel(0, 2000);
  await page.waitForTimeout(200);
  const bar = await box(page, '.tn-toolbar');
  const head = await box(page, 'thead th');
  assert.ok(bar.y >= 0 && bar.y < 120, `toolbar at ${bar.y}`);
  assert.ok(Math.abs(bar.y + bar.height - head.y) <= 1,
    `toolbar ends at ${bar.y + bar.height}, head begins at ${head.y}`);
  noFaults(page);
  await page.context().close();

  const small = await as(browser, site, 'zhang.wei', { size: phone });
  await small.goto('/records/visitor');
  await small.evaluate(() => globalThis.scrollTo(0, 2000));
  await small.waitForTimeout(200);
  const search = await box(small, '.tn-toolbar input[type=search]');
  assert.ok(search.y >= 0 && search.y < 120, `search at ${search.y}`);
  noFaults(small);
  await small.context().close();
});

test('E24 back keeps place', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/visitor');
  const row = page.locator('tbody tr').nth(35);
  await row.scrollIntoViewIfNeeded();
  const id = await row.getAttribute('data-id');
  const before = await page.evaluate(() => globalThis.scrollY);
  await row.locator('td').nth(3).click();
  await page.waitForURL(new RegExp(`/${id}$`));
  await page.goBack();
  await eventually(async () => (await page.evaluate(() =>
    document.activeElement?.dataset?.id)) === id);
  const now = await page.evaluate(() => globalThis.scrollY);
  assert.ok(Math.abs(now - before) < 60, `was at ${before}, is at ${now}`);
  noFaults(page);
  await page.context().close();
});

test('E24 a list that scrolls inside of itself keeps its place too',
  async () => {
    const page = await as(browser, site, 'li.na');
    await page.goto('/records/crm.activity');
    const row = page.locator('tbody tr').nth(40);
    await page.locator('.tn-listscroll.is-wide').waitFor();
    await row.scrollIntoViewIfNeeded();
    const inner = () => page.evaluate(() =>
      document.querySelector('.tn-listscroll').scrollTop);
    const before = await inner();
    assert.ok(before > 500);
    await row.locator('td').nth(3).click();
    await page.waitForURL(/\/\d+$/);
    await page.goBack();
    await eventually(async () => Math.abs(await inner() - before) < 60);
    noFaults(page);
    await page.context().close();
  });

test('rows by keyboard, search in place', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/visitor');
  const rows = page.locator('tbody tr');
  const second = await rows.nth(1).getAttribute('data-id');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  assert.equal(await page.locator('tr.is-focus').getAttribute('data-id'),
    second);
  await page.keyboard.press('/');
  await page.keyboard.type('Guest 41');
  await eventually(async () => (await rows.count()) === 1);
  assert.match(page.url(), /[?&]q=Guest/);
  // Nobody is thrown out of the box while typing.
  assert.equal(await page.evaluate(() => document.activeElement.id), 'list-q');
  noFaults(page);
  await page.context().close();
});

test('E55 the focus goes into a dialog, is held, comes back', async () => {
  const page = await as(browser, site, 'zhang.wei');
  const inside = () => page.evaluate(() =>
    !!document.activeElement.closest('dialog[open]'));
  await page.goto('/records/visitor');
  await page.locator('#list-q').focus();
  await page.keyboard.press('Control+k');
  await page.locator('dialog[open]').waitFor();
  assert.ok(await inside());
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab');
    // The browser's own bar is a stop of its own.
    assert.ok(await page.evaluate(() =>
      document.activeElement === document.body ||
      !!document.activeElement.closest('dialog[open]')));
  }
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'list-q');
  await page.locator('#list-q').blur();
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  assert.ok(await inside());
  noFaults(page);
  await page.context().close();
});

test('S23 an htmx attribute that slipped in fires nothing', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/visitor');
  await page.locator('tbody tr').first().waitFor();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.evaluate(() => {
    const slipped = document.createElement('div');
    slipped.innerHTML = '<i hx-get="/slipped" hx-trigger="load"></i>' +
      '<i data-hx-get="/slipped" data-hx-trigger="load"></i>' +
      '<i hx-get="/slipped" hx-trigger="load" hx-nonce="guess"></i>';
    document.body.append(slipped);
    globalThis.htmx.process(slipped);
  });
  // Our own elements still work.
  await page.locator('th a').first().click();
  await eventually(async () => asked.some((url) => /sort=/.test(url)));
  assert.deepEqual(asked.filter((url) => /slipped/.test(url)), []);
  await page.context().close();
});

test('ten tabs share one event stream', async () => {
  const first = await as(browser, site, 'zhang.wei');
  let streams = 0;
  first.context().on('request', (request) => {
    if (request.url().endsWith('/portal/events')) streams++;
  });
  const tabs = [first];
  for (let i = 1; i < 10; i++) tabs.push(await first.context().newPage());
  for (const tab of tabs) await tab.goto('/');
  // The tenth tab is answered: six streams would have blocked it.
  await tabs[9].goto('/tasks');
  assert.ok(streams <= 1, `${streams} streams from tabs`);
  for (const tab of tabs)
    assert.ok(await tab.locator('[data-count=tasks]').count() > 0);
  await first.context().close();
});

test('the menu made narrow stays narrow', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.locator('[data-narrow]').click();
  const narrow = (await box(page, '.tn-bar')).width;
  assert.ok(narrow < 80);
  await page.goto('/apply');
  assert.ok((await box(page, '.tn-bar')).width < 80);
  noFaults(page);
  await page.context().close();
});
