// Lists for people: filters that read as sentences (E23), saved views (E19,
// E20), columns (E18), totals, bulk work (E22), many rows (E21).
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { dealSite } from '../lib/deals.mjs';
import { launch, as, phone, desktop, accessible, noFaults, noSidewaysScroll,
  eventually } from '../lib/browser.mjs';

let site;
let browser;

before(async () => {
  site = await dealSite(60);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const chips = (page) => page.locator('.tn-chip-text').allInnerTexts();
// Also while one page goes and the next comes.
const shows = (page, ...texts) => eventually(async () =>
  JSON.stringify(await chips(page).catch(() => null)) ===
    JSON.stringify(texts));
const apply = (page) => Promise.all([page.waitForEvent('load'),
  page.locator('.tn-filterfoot .btn-primary').click()]);
const rows = (page) => page.locator('#list tbody tr').count();

test('E23 a filter is put together and reads as a sentence', async () => {
  const page = await as(browser, site, 'admin');
  await page.goto('/records/deal');
  // One of several: ticked, not typed.
  await page.locator('.tn-filter > summary').click();
  await page.selectOption('#filter-field', 'stage');
  for (const name of ['Won', 'Lost'])
    await page.locator('.tn-filterticks').getByLabel(name).check();
  await apply(page);
  await page.waitForURL(/f\.stage\.in=won%2Clost/);
  assert.deepEqual(await chips(page), ['Stage is Won or Lost']);
  assert.equal(await rows(page), 30);
  // From a number, as a further condition.
  await page.locator('.tn-filter > summary').click();
  await page.selectOption('#filter-field', 'amount');
  await page.selectOption('#filter-op', 'gte');
  await page.fill('#filter-value', '5000');
  await page.keyboard.press('Enter');
  await page.waitForURL(/f\.amount\.gte=5000/);
  // A period joins it by "or".
  await page.locator('.tn-filter > summary').click();
  await page.selectOption('#filter-field', 'closes');
  await page.selectOption('#filter-op', 'within');
  await page.selectOption('#filter-value', 'last');
  await page.locator('.tn-filterpair [type=number]').fill('30');
  await page.selectOption('#filter-to', '1');
  await accessible(page, 'the editor');
  await apply(page);
  await page.waitForURL(/g1\.closes\.within=last_30_days/);
  const all = ['Stage is Won or Lost',
    'Amount from 5,000.00 or Closes in the last 30 days'];
  assert.deepEqual(await chips(page), all);
  // The address holds all of it: elsewhere, after a reload, on the way back.
  const address = page.url();
  await page.reload();
  assert.deepEqual(await chips(page), all);
  await page.locator('.tn-chip-x').last().click();
  await shows(page, all[0]);
  await page.goBack();
  await shows(page, ...all);
  assert.equal(page.url(), address);
  // A condition is changed where it stands.
  await page.locator('.tn-chip-edit').first().click();
  await page.locator('.tn-filterticks').getByLabel('Lost').uncheck();
  await apply(page);
  assert.equal((await chips(page))[0], 'Stage is Won');
  await page.locator('.tn-match').click();
  await shows(page, 'Stage is Won',
    'Amount from 5,000.00 and Closes in the last 30 days');
  assert.match(page.url(), /match=any/);
  noFaults(page);
  await page.context().close();
});

test('E23 the same sentences in Chinese, on a phone, without scripts',
  async () => {
    const page = await as(browser, site, 'admin',
      { size: phone, locale: 'zh-CN', scripts: false });
    await page.goto('/records/deal');
    await page.locator('.tn-filter > summary').click();
    await page.selectOption('#filter-field', 'stage');
    await page.selectOption('#filter-op', 'in');
    // What people call it, not its key.
    await page.fill('#filter-value', '成交,失败');
    await apply(page);
    await page.waitForURL(/f\.stage\.in=won%2Clost/);
    assert.deepEqual(await chips(page), ['阶段是成交 或 失败']);
    await page.goto(page.url());
    // What is wrong is said where it was entered.
    await page.locator('.tn-filter > summary').click();
    await page.selectOption('#filter-field', 'amount');
    await page.selectOption('#filter-op', 'gte');
    await page.fill('#filter-value', '很多');
    await apply(page);
    await page.locator('.tn-filterform [role=alert]').waitFor();
    assert.deepEqual(await chips(page), ['阶段是成交 或 失败']);
    await noSidewaysScroll(page);
    await page.context().close();
  });
