// Lists for people: filters that read as sentences (E23), saved views (E19,
// E20), columns (E18), totals, bulk work (E22), many rows (E21).
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { dealSite, importDeals } from '../lib/deals.mjs';
import { long } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { launch, as, phone, desktop, accessible, noFaults, noSidewaysScroll,
  eventually } from '../lib/browser.mjs';

// What E21 speaks of takes --long.
const many = long ? 100000 : 20000;
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
  page.locator('.tn-filterform .btn-primary').click()]);
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

const save = async (page, title, { share = 'nobody', locked = false } = {}) => {
  await page.locator('.tn-viewmenu > summary').click();
  await page.fill('#view-title', title);
  await page.selectOption('#view-share', share);
  await page.locator('.tn-viewform [name=locked]').setChecked(locked);
  await Promise.all([page.waitForURL(/view=\d+/),
    page.locator('.tn-viewform button[value=create]').click()]);
};
const act = async (page, what) => {
  await page.locator('.tn-viewmenu > summary').click();
  await Promise.all([page.waitForEvent('load'),
    page.locator(`.tn-viewform button[value=${what}]`).click()]);
};
const tabs = (page) => page.locator('.tn-tabs a').allInnerTexts();
const mine = async (person, name, values = {}) => {
  const answer = await person.post('/api/v1/records/deal',
    { values: { name, stage: 'won', amount: '5', ...values } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
};

test('E19 a filter becomes a tab; shared, it shows others their own rows',
  async () => {
    const li = await signedIn(site, 'li.na');
    await mine(li, 'Deal of Li');
    const page = await as(browser, site, 'admin');
    await page.goto('/records/deal?f.stage.eq=won&sort=-amount');
    await save(page, 'Won by size', { share: 'everyone' });
    const address = page.url();
    assert.ok((await tabs(page)).includes('Won by size'));
    assert.equal(await page.locator('.tn-tabs [aria-current]').innerText(),
      'Won by size');
    assert.equal(await rows(page), 16);
    await accessible(page);
    // Another person: the same tab, the own rows.
    const other = await as(browser, site, 'li.na', { size: phone,
      locale: 'zh-CN' });
    await other.goto('/records/deal');
    await other.locator('.tn-tabs a', { hasText: 'Won by size' }).click();
    await other.waitForURL(/view=/);
    await shows(other, '阶段是成交');
    assert.equal(await rows(other), 1);
    await noSidewaysScroll(other);
    // It is not hers to change, but she may open it first.
    await other.locator('.tn-viewmenu > summary').click();
    assert.equal(await other.locator('.tn-viewform button[value=delete]')
      .count(), 0);
    await other.goto(address);
    await act(other, 'default_mine');
    await other.goto('/records/deal');
    assert.match(other.url(), /view=\d+/);
    await other.goto('/records/deal?view=all');
    assert.equal(await other.locator('.tn-chip').count(), 0);
    // Everybody's default, by who may design the form.
    await page.goto('/records/deal?view=open');
    await act(page, 'default_every');
    const third = await as(browser, site, 'zhang.wei');
    await third.goto('/records/deal');
    assert.match(third.url(), /view=open/);
    await other.goto('/records/deal');
    assert.doesNotMatch(other.url(), /view=open/);
    await page.goto('/records/deal?view=open');
    await act(page, 'no_default_every');
    // Renamed, moved, deleted, and back.
    await page.goto(address);
    await page.locator('.tn-viewmenu > summary').click();
    await page.fill('#view-title', 'Big wins');
    await Promise.all([page.waitForEvent('load'),
      page.locator('.tn-viewform button[value=update]').click()]);
    assert.ok((await tabs(page)).includes('Big wins'));
    await act(page, 'left');
    assert.ok((await tabs(page)).indexOf('Big wins') <
      (await tabs(page)).indexOf('Sold'));
    await act(page, 'delete');
    assert.ok(!(await tabs(page)).includes('Big wins'));
    await Promise.all([page.waitForURL(/view=\d+/),
      page.locator('.tn-toast form button').click()]);
    assert.ok((await tabs(page)).includes('Big wins'));
    noFaults(page);
    noFaults(other);
    for (const one of [page, other, third]) await one.context().close();
  });

test('E20 what a view has locked can not be taken off', async () => {
  const page = await as(browser, site, 'admin');
  const sold = async () => {
    const stages = await page.locator('#list tbody td[data-label=Stage]')
      .allInnerTexts();
    assert.ok(stages.length && stages.every((text) => text === 'Won'),
      `${page.url()}: ${stages}`);
    assert.equal(await page.locator('.tn-chip.is-locked').count(), 1);
    assert.equal(await page.locator('.tn-chip.is-locked .tn-chip-x').count(),
      0);
  };
  for (const query of ['', '&filter=none', '&f.stage.eq=lost&match=any',
    '&match=any&f.amount.gte=1', '&f.stage.in=won,lost',
    '&g1.stage.eq=won&g1.stage.eq.2=lost', '&q=Deal']) {
    await page.goto(`/records/deal?view=sold${query}`);
    if (/lost&match/.test(query)) assert.equal(await rows(page), 0);
    else await sold();
  }
  // One's own condition comes and goes beside it.
  await page.goto('/records/deal?view=sold&f.amount.gte=4000');
  assert.equal(await page.locator('.tn-chip-x').count(), 1);
  await page.locator('.tn-chip-x').click();
  await shows(page, 'Stage is Won');
  await sold();
  // A saved one that is locked, too; the export holds to it as well.
  await page.goto('/records/deal?f.stage.eq=lost');
  await save(page, 'Lost only', { locked: true });
  assert.equal(await page.locator('.tn-chip-x').count(), 0);
  const csv = await page.request.get(page.url().replace('/records/deal?',
    '/records/deal/export?') + '&filter=none');
  assert.doesNotMatch(await csv.text(), /Won|won/);
  await page.context().close();
});

test('E18 columns stay as wide as somebody made them, on every browser',
  async () => {
    const page = await as(browser, site, 'sun.tao');
    await mine(await signedIn(site, 'sun.tao'), 'Deal of Sun');
    const width = async (on, key) => Math.round((await on.locator(
      `th[data-column=${key}]`).boundingBox()).width);
    const order = (on) => on.locator('th[data-column]').evaluateAll((all) =>
      all.map((head) => head.dataset.column));
    await page.goto('/records/deal');
    const before = await width(page, 'stage');
    const grip = await page.locator('th[data-column=stage] .tn-grip')
      .boundingBox();
    const sent = page.waitForResponse(/\/columns/);
    await page.mouse.move(grip.x + 4, grip.y + 10);
    await page.mouse.down();
    await page.mouse.move(grip.x + 84, grip.y + 10, { steps: 4 });
    await page.mouse.up();
    const wide = await width(page, 'stage');
    assert.ok(Math.abs(wide - before - 80) <= 8, `${before} to ${wide}`);
    assert.equal((await sent).status(), 200);
    await page.reload();
    assert.equal(await width(page, 'stage'), wide);
    // By keyboard: wider, and a place to the left.
    const again = page.waitForResponse(/\/columns/);
    await page.locator('th[data-column=amount] .tn-grip').focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Control+ArrowLeft');
    assert.equal((await again).status(), 200);
    const amount = await width(page, 'amount');
    const keys = ['name', 'amount', 'stage', 'closes', 'owner'];
    assert.deepEqual(await order(page), keys);
    // Another browser of the same person; another view has its own.
    const other = await as(browser, site, 'sun.tao',
      { size: { width: 1600, height: 900 } });
    await other.goto('/records/deal');
    assert.deepEqual(await order(other), keys);
    assert.equal(await width(other, 'stage'), wide);
    assert.equal(await width(other, 'amount'), amount);
    await other.goto('/records/deal?view=sold');
    assert.equal((await order(other))[1], 'stage');
    // Nobody else's list changes.
    const third = await as(browser, site, 'admin');
    await third.goto('/records/deal');
    assert.equal((await order(third))[1], 'stage');
    noFaults(page);
    for (const one of [page, other, third]) await one.context().close();
  });

test('E22 many are changed at once, with the rights of each, and taken back',
  async () => {
    const chen = await signedIn(site, 'zhang.wei');
    for (let i = 0; i < 4; i += 1)
      await mine(chen, `Many ${i}`, { stage: 'talks', amount: i ? '7' : null });
    const page = await as(browser, site, 'zhang.wei');
    await page.goto('/records/deal?q=Many');
    await page.locator('[data-tick-all]').check();
    await accessible(page);
    await page.selectOption('#bulk-field', 'stage');
    await page.locator('[data-bulk] button[value=edit]').click();
    await page.waitForURL(/\/bulk/);
    await page.locator('main').getByText('Won', { exact: true }).first()
      .click().catch(() => page.selectOption('#f-stage', 'won'));
    await accessible(page, 'the value');
    await page.locator('[data-submit]').click();
    await page.waitForURL(/\/bulk\/\d+/);
    const text = await page.locator('main').innerText();
    assert.match(text, /3 done, 1 not/);
    assert.match(text, /Many 0/);
    assert.match(text, /A deal that is won has an amount/);
    await accessible(page, 'the result');
    await noSidewaysScroll(page);
    const result = page.url();
    await page.goto('/records/deal?q=Many&f.stage.eq=won');
    assert.equal(await rows(page), 3);
    await page.goto(result);
    await page.locator('form[action$="/undo"] button').first().click();
    await eventually(async () => /3 records taken back/.test(await page
      .locator('main').innerText().catch(() => '')));
    await page.goto('/records/deal?q=Many&f.stage.eq=talks');
    assert.equal(await rows(page), 4);
    noFaults(page);
    await page.context().close();
  });

test('E22 the notice of bulk work takes it back', async () => {
  const wang = await signedIn(site, 'wang.fang');
  for (let i = 0; i < 3; i += 1) await mine(wang, `Back ${i}`);
  const undo = (page) => page.locator('.tn-toast form[action$="/undo"] button');
  for (const size of [desktop, phone]) {
    const page = await as(browser, site, 'wang.fang', { size });
    const open = async (stage) => {
      await page.goto(`/records/deal?q=Back&f.stage.eq=${stage}`);
      return page.locator('#list [data-tick]').count();
    };
    const tick = async () => {
      for (const box of await page.locator('#list [data-tick]').all())
        await box.check();
    };
    assert.equal(await open('won'), 3);
    await tick();
    await page.selectOption('#bulk-field', 'stage');
    await page.locator('[data-bulk] button[value=edit]').click();
    await page.waitForURL(/\/bulk/);
    await page.locator('main').getByText('Lost', { exact: true }).first()
      .click().catch(() => page.selectOption('#f-stage', 'lost'));
    await page.locator('[data-submit]').click();
    await undo(page).waitFor();
    await Promise.all([page.waitForURL(/\/bulk\/\d+$/), undo(page).click()]);
    assert.equal(await open('lost'), 0);
    assert.equal(await open('won'), 3);
    noFaults(page);
    await page.context().close();
  }
});

test('on a phone the totals stand first, the open tab in sight', async () => {
  const page = await as(browser, site, 'admin', { size: phone });
  await page.goto('/records/deal/totals');
  const totals = await page.locator('.tn-listtotals').boundingBox();
  const first = await page.locator('#list tbody tr').first().boundingBox();
  assert.ok(totals.y < first.y, `${totals.y} above ${first.y}`);
  for (const part of ['dt', 'dd']) {
    const box = await page.locator(`.tn-listtotals ${part}`).first()
      .boundingBox();
    assert.ok(box.x > 120, `${part} beside its title: ${box.x}`);
  }
  await noSidewaysScroll(page);
  // Its six tabs are wider than the screen.
  await page.goto('/records/crm.customer/bin');
  const tab = await page.locator('.tn-tabs [aria-current]').boundingBox();
  assert.ok(tab.x >= 0 && tab.x + tab.width <= phone.width,
    `the tab from ${tab.x} to ${tab.x + tab.width}`);
  noFaults(page);
  await page.context().close();
});

test('totals come when somebody asks, over all that the filter finds',
  async () => {
    const page = await as(browser, site, 'admin');
    await page.goto('/records/deal?f.name.starts=Deal%200&f.stage.eq=new');
    assert.equal(await page.locator('.tn-listtotals').count(), 0);
    await page.locator('.tn-totals-ask').click();
    await page.waitForURL(/\/totals\?/);
    // 100, 500, … 5,700: each fourth of sixty.
    const text = (await page.locator('.tn-listtotals .tn-num').innerText())
      .replace(/\s+/g, ' ');
    assert.equal(text,
      'Sum 43,500.00 Average 2,900.00 Least 100.00 Most 5,700.00');
    await accessible(page);
    noFaults(page);
    await page.context().close();
  });

test('E21 a long list is read a page at a time: few rows, little memory',
  async () => {
    importDeals(site, many);
    const page = await as(browser, site, 'admin');
    const session = await page.context().newCDPSession(page);
    for (const path of ['/records/deal?sort=amount',
      `/records/deal?page=${many / 50}`,
      `/records/deal?f.stage.eq=lost&sort=-amount&page=${many / 200 - 1}`]) {
      await page.goto(path);
      const count = await page.locator('tr').count();
      assert.ok(count > 40 && count <= 200, `${path}: ${count} rows`);
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      assert.ok(usedSize < 30e6, `${path}: heap ${usedSize}`);
    }
    // Exact to the last one, when asked.
    await page.goto('/records/deal/totals?f.name.starts=Deal');
    assert.match(await page.locator('.tn-listcount').innerText(),
      new RegExp(`^${many / 1000},0\\d\\d$`));
    // All that match, beyond what the page shows.
    await page.goto('/records/deal?f.amount.lte=30000&f.stage.eq=talks');
    await page.locator('[data-tick-all]').check();
    await page.locator('[data-bulk-all]').click();
    await Promise.all([page.waitForEvent('load'),
      page.locator('[data-bulk] button[value=delete]').click()]);
    assert.match(await page.locator('.tn-toast').innerText(),
      /9\d records done/);
    await eventually(async () => {
      await page.goto('/records/deal?f.amount.lte=30000&f.stage.eq=talks');
      return await rows(page) === 0;
    }, 2000);
    await page.context().close();
  });
