// Boards and charts in the browser: cards moved by mouse, by finger and by
// keyboard; what is refused goes back with the reason; a chart chosen on the
// page; the own home page. Without scripts all of it can be read.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { launch, as, phone, desktop, accessible, noFaults, noSidewaysScroll,
  eventually } from '../lib/browser.mjs';
import { signedIn } from '../lib/person.mjs';
import { add, leadSite, read } from '../lib/leads.mjs';

let site, browser, wei, desk;

before(async () => {
  site = await leadSite();
  wei = await signedIn(site, 'zhang.wei');
  browser = await launch();
  desk = await as(browser, site, 'zhang.wei');
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

let number = 0;
const lead = (values = {}) => add(wei, 'lead',
  { name: `Lead ${++number}`, stage: 'new', amount: '500.00', ...values });
const lane = (page, key) => page.locator(`.tn-lane[data-lane=${key}]`);
const card = (page, record) => page.locator(`#card-${record.id}`);
const inLane = (page, key, record) => lane(page, key).locator(
  `#card-${record.id}:not([aria-busy])`);
const stage = async (record) => (await read(wei, record)).values.stage;
const status = (page) => page.locator('[data-board-status]');

async function board(options) {
  const page = options ? await as(browser, site, 'zhang.wei', options) : desk;
  await page.goto('/records/lead?view=board');
  await page.locator('[data-board-status]').waitFor({ state: 'attached' });
  return page;
}

// Presses, moves in steps, lets go.
async function drag(page, record, key) {
  const from = await card(page, record).boundingBox();
  const to = await lane(page, key).boundingBox();
  await page.mouse.move(from.x + 40, from.y + 12);
  await page.mouse.down();
  await page.mouse.move(from.x + 60, from.y + 20, { steps: 3 });
  await page.mouse.move(to.x + 60, to.y + 60, { steps: 8 });
  await page.mouse.up();
}

test('a card is moved by mouse, and the move taken back', async () => {
  const record = await lead();
  const page = await board();
  const count = () => lane(page, 'talks').locator('[data-lane-count]')
    .textContent();
  const before = Number(await count());
  await drag(page, record, 'talks');
  await inLane(page, 'talks', record).waitFor();
  await eventually(async () => await stage(record) === 'talks');
  await eventually(async () => Number(await count()) === before + 1);
  await page.locator('.tn-toast button').click();
  await inLane(page, 'new', record).waitFor();
  await eventually(async () => await stage(record) === 'new');
  assert.match(page.url(), /view=board/);
  await accessible(page);
  noFaults(page);
});

test('a card is moved by keyboard, and what happens is said', async () => {
  const record = await lead({ name: 'Keys' });
  const page = await board();
  await card(page, record).locator('a').focus();
  await page.keyboard.press('Space');
  await eventually(async () => /Keys is lifted, in New/.test(
    await status(page).textContent()));
  await page.keyboard.press('ArrowRight');
  await inLane(page, 'talks', record).waitFor();
  await page.keyboard.press('Escape');
  await inLane(page, 'new', record).waitFor();
  assert.match(await status(page).textContent(), /Keys is back in New/);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await eventually(async () => await stage(record) === 'won');
  await eventually(async () => /Keys is in Won now/.test(
    await status(page).textContent()));
  // The focus has gone with the card.
  await eventually(() => page.evaluate((id) => document.activeElement
    .closest('.tn-boardcard')?.id === id, `card-${record.id}`));
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/records/lead/${record.id}`);
  noFaults(page);
});

test('a card is moved by finger; a short touch scrolls', async () => {
  const record = await lead();
  const page = await board({ size: phone });
  await noSidewaysScroll(page);
  const cdp = await page.context().newCDPSession(page);
  const touch = (type, x, y) => cdp.send('Input.dispatchTouchEvent',
    { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
  await card(page, record).scrollIntoViewIfNeeded();
  const box = await card(page, record).boundingBox();
  const [x, y] = [box.x + 60, box.y + 20];
  await touch('touchStart', x, y);
  await touch('touchMove', x, y - 30);
  assert.equal(await page.locator('.is-ghost').count(), 0);
  await touch('touchEnd');
  // What was pushed comes to rest.
  let again, rest;
  do {
    rest = await card(page, record).boundingBox();
    await page.waitForTimeout(150);
    again = await card(page, record).boundingBox();
  } while (again.y !== rest.y);
  await touch('touchStart', again.x + 60, again.y + 20);
  await page.locator('.is-ghost').waitFor();
  // At the edge the board comes along, to the next columns.
  for (const to of [120, 200, 280, 340])
    await touch('touchMove', to, again.y + 30);
  const laneNow = () => card(page, record).evaluate((el) =>
    el.closest('.tn-lane').dataset.lane);
  await eventually(async () => await laneNow() !== 'new');
  // It goes on along the edge; where it is let go it stays.
  await touch('touchEnd');
  await eventually(async () => await stage(record) !== 'new');
  await accessible(page);
  noFaults(page);
  await page.context().close();
});

test('what a rule refuses goes back with the reason', async () => {
  const record = await lead({ amount: '5.00' });
  const page = await board();
  await drag(page, record, 'won');
  await page.locator('.tn-toast.is-danger').waitFor();
  assert.match(await inLane(page, 'new', record).locator('[data-refused]')
    .textContent(), /below 100 is not won/);
  assert.match(await status(page).textContent(), /stays in New: A lead/);
  assert.equal(await stage(record), 'new');
});

test('somebody was faster: the card shows what is true now', async () => {
  const record = await lead();
  const page = await board();
  const patch = '**/api/v1/records/lead/*';
  await page.route(patch, async (route) => {
    await wei.send('PATCH', `/api/v1/records/lead/${record.id}`,
      { values: { stage: 'won' } }, { 'if-match': '"1"' });
    await route.continue();
  });
  await drag(page, record, 'talks');
  await page.locator('.tn-toast.is-danger').waitFor();
  await inLane(page, 'won', record).waitFor();
  await page.unroute(patch);
});

test('a column that wants more opens the form; Cancel puts it back',
  async () => {
    const record = await lead();
    const page = await board();
    await drag(page, record, 'lost');
    const dialog = page.locator('dialog[open]');
    await dialog.locator('#f-reason').waitFor();
    assert.match(await dialog.locator('.alert').textContent(),
      /Why lost: Please fill/);
    await eventually(() => page.evaluate(() =>
      document.activeElement.id === 'f-reason'));
    await accessible(page);
    await dialog.locator('.tn-formbar a').click();
    await inLane(page, 'new', record).waitFor();
    assert.equal(await stage(record), 'new');
    await drag(page, record, 'lost');
    await dialog.locator('#f-reason').fill('Too dear');
    await dialog.locator('[data-submit]').click();
    await eventually(async () => await stage(record) === 'lost');
    await inLane(page, 'lost', record).waitFor();
    assert.match(page.url(), /view=board/);
    noFaults(page);
    });

test('a record is added in a column; others see it at once', async () => {
  const page = await board();
  const other = await board({ size: phone });
  await lane(page, 'talks').locator('[data-board-new]').click();
  const dialog = page.locator('dialog[open]');
  await dialog.locator('#f-name').fill('From the board');
  await dialog.locator('[data-submit]').click();
  const made = lane(page, 'talks').getByText('From the board');
  await made.waitFor();
  await lane(other, 'talks').getByText('From the board')
    .waitFor({ state: 'attached' });
  noFaults(page);
  await other.context().close();
});

test('the next cards of a column come in place', async () => {
  for (let i = 0; i < 22; i++) await lead({ stage: 'lost', reason: 'x' });
  const page = await board();
  assert.equal(await lane(page, 'lost').locator('.tn-boardcard').count(), 20);
  await lane(page, 'lost').locator('[data-board-more]').click();
  await eventually(async () =>
    await lane(page, 'lost').locator('.tn-boardcard').count() > 20);
  noFaults(page);
});

test('a chart is chosen on the page; its bars lead to the records', async () => {
  const page = desk;
  await page.goto('/records/lead');
  await page.locator('.tn-kinds a', { hasText: 'Chart' }).click();
  await page.locator('#chart-measure').selectOption('sum:amount');
  await page.waitForURL(/measure=sum/);
  await page.locator('#chart-kind').selectOption('pie');
  await page.locator('.tn-chart-pie').waitFor();
  await page.waitForURL(/chart=pie/);
  await accessible(page);
  await page.reload();
  await page.locator('.tn-chart-data summary').click();
  await page.locator('.tn-chart-data td a').first().waitFor();
  await page.locator('.tn-chart-parts a', { hasText: 'Lost' }).click();
  await page.waitForURL(/stage\.eq=lost/);
  await page.locator('.tn-chip', { hasText: 'Lost' }).waitFor();
  noFaults(page);
});

test('a view stands on the home page, where its owner wants it', async () => {
  const page = await as(browser, site, 'zhang.wei', { size: phone });
  await page.goto('/');
  await page.locator('#widget-view-lead-funnel .tn-chart-funnel').waitFor();
  // The home page keeps views: another kind or filter is saved first.
  for (const other of ['as=chart', 'view=board&as=list']) {
    await page.goto(`/records/lead?${other}`);
    await page.locator('.tn-toolbar-end summary[title=More]').click();
    await page.getByText('Save this as a view').waitFor();
    assert.equal(await page.getByText('Add to home page').count(), 0);
  }
  await page.goto('/records/lead?view=board');
  await page.locator('.tn-toolbar-end summary[title=More]').click();
  await page.getByText('Add to home page').click();
  await page.locator('.tn-toast').waitFor();
  await page.goto('/portal/home');
  const titles = () => page.locator('.tn-arrange-title').allTextContents();
  const before = await titles();
  assert.equal(before.at(-1), 'Leads: Board');
  const up = page.locator('#earlier-view-lead-board');
  await up.focus();
  await page.keyboard.press('Enter');
  await eventually(async () => (await titles()).at(-2) === 'Leads: Board');
  await page.keyboard.press('Enter');
  await eventually(async () => (await titles()).at(-3) === 'Leads: Board');
  await accessible(page);
  await page.goto('/');
  await page.locator('#widget-view-lead-board .tn-chart').waitFor();
  await noSidewaysScroll(page);
  await accessible(page);
  noFaults(page);
  await page.context().close();
});

test('without scripts boards and charts can be read', async () => {
  const record = await lead();
  const page = await as(browser, site, 'zhang.wei', { scripts: false });
  await page.goto('/records/lead?view=board');
  await card(page, record).locator('a').click();
  await page.waitForURL(`**/records/lead/${record.id}`);
  await page.goto('/records/lead?as=chart&group=stage');
  assert.ok(await page.locator('.tn-chart svg').count());
  await page.locator('#chart-group').selectOption('owner');
  await page.locator('.tn-chartform button').click();
  await page.waitForURL(/group=owner/);
  await page.goto('/');
  await page.locator('#widget-view-lead-funnel noscript a').click();
  await page.locator('.tn-chart-funnel').waitFor();
  await page.context().close();
});
