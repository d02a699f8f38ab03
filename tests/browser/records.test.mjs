// Imported tables in the browser: lists that filter, sort and page, a cascade
// of four levels in a form, two people at one record, comments, the bin. In
// English on a desk and in Chinese on a phone.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, run, temporaryFolder } from '../lib/server.mjs';
import { launch, as, phone, desktop, accessible, noFaults, noSidewaysScroll,
  eventually } from '../lib/browser.mjs';

let site;
let browser;

const visit = { title: { en: 'Site visit', 'zh-CN': '现场考察' },
  label: 'customer', fields: [
    { key: 'customer', type: 'text', required: true,
      title: { en: 'Customer', 'zh-CN': '客户' } },
    { key: 'place', type: 'cascade', target: 'places', required: true,
      title: { en: 'Place', 'zh-CN': '地点' } },
    { key: 'supplier', type: 'link', target: 'suppliers',
      title: { en: 'Supplier', 'zh-CN': '供应商' } } ] };

before(async () => {
  const folder = temporaryFolder('tables');
  mkdirSync(folder, { recursive: true });
  const table = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  site = await demoSite();
  const rows = Array.from({ length: 130 }, (_, i) =>
    `Supplier ${String(i).padStart(3, '0')},${i % 2 ? '木材' : '五金'},` +
    `${i * 10}.50`);
  const imported = run('import', '--site', site.folder, '--form', 'suppliers',
    table('suppliers.csv', `Name,Trade,Limit\n${rows.join('\n')}\n`));
  assert.equal(imported.code, 0, imported.err);
  const tree = run('import', '--site', site.folder, '--form', 'places',
    table('provinces.csv', 'code,name\n11,北京市\n33,浙江省\n'),
    table('cities.csv', 'code,name,provinceCode\n1101,市辖区,11\n' +
      '3301,杭州市,33\n3302,宁波市,33\n'),
    table('areas.csv', 'code,name,cityCode\n110101,东城区,1101\n' +
      '330106,西湖区,3301\n330110,余杭区,3301\n330203,海曙区,3302\n'),
    table('streets.csv', 'code,name,areaCode\n110101001,东华门街道,110101\n' +
      '330106001,北山街道,330106\n330106002,西溪街道,330106\n' +
      '330110001,仓前街道,330110\n330203001,南门街道,330203\n'));
  assert.equal(tree.code, 0, tree.err);
  writeFileSync(join(site.folder, 'forms/visit.json'), JSON.stringify(visit));
  await site.stop();
  await site.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const readers = [['en', desktop], ['zh-CN', phone]];

for (const [locale, size] of readers) {
  const words = locale === 'en'
    ? { chip: 'Trade is 木材', open: 'Filter' }
    : { chip: 'Trade是木材', open: '筛选' };

  test(`a list filters, sorts and pages, ${locale} ${size.width}`, async () => {
    const page = await as(browser, site, 'zhang.wei', { size, locale });
    await page.goto('/records/suppliers');
    assert.equal(await page.locator('#list tbody tr').count(), 50);
    await page.locator('.tn-pager a[rel=next]').click();
    await eventually(async () => /page=2/.test(page.url()));
    await eventually(async () => (await page.locator('#list tbody tr')
      .first().innerText()).includes('Supplier 050'));
    await page.goto('/records/suppliers');
    // By the head of the column; a phone has a menu for it. Twice: backwards.
    const first = () => page.locator('#list tbody tr').first().innerText();
    for (const [sort, row] of [['limit', 'Supplier 000'],
      ['-limit', 'Supplier 129']]) {
      if (size === phone) await page.locator('.tn-sort summary').click();
      await page.locator(size === phone ? '.tn-sort a'
        : '#list thead th[data-column=limit] a')
        .filter({ hasText: 'Limit' }).click();
      await eventually(async () => page.url().endsWith(`sort=${sort}`) &&
        (await first()).includes(row));
    }
    await noSidewaysScroll(page);
    await page.goto('/records/suppliers');
    await page.locator('.tn-filter summary').click();
    await page.selectOption('#filter-field', 'trade');
    await page.selectOption('#filter-op', 'eq');
    await page.selectOption('#filter-value', '木材');
    await page.locator('.tn-filterform button.btn-primary').click();
    await page.locator('.tn-chip').waitFor();
    assert.equal((await page.locator('.tn-chip-text').first().innerText())
      .trim(), words.chip);
    assert.match(page.url(), /f\.trade\.eq=/);
    await page.fill('#list-q', '12');
    await page.keyboard.press('Enter');
    await eventually(async () => await page.locator('#list tbody tr').count()
      < 20);
    assert.match(page.url(), /f\.trade\.eq=.*q=12|q=12.*f\.trade\.eq=/);
    await accessible(page);
    await noSidewaysScroll(page);
    await page.locator('.tn-chip-x').click();
    await eventually(async () => !/f\.trade/.test(page.url()));
    noFaults(page);
    await page.context().close();
  });

  test(`a cascade is chosen level by level, ${locale} ${size.width}`,
    async () => {
      const page = await as(browser, site, 'zhang.wei', { size, locale });
      await page.goto('/records/visit/new');
      await page.fill('#f-customer', '王先生');
      for (const [level, name] of ['浙江省', '杭州市', '西湖区', '西溪街道']
        .entries()) {
        const select = page.locator('select[data-level]').nth(level);
        await select.waitFor();
        await select.selectOption({ label: name });
      }
      await accessible(page);
      await noSidewaysScroll(page);
      await page.locator('[data-submit]').click();
      await page.waitForURL(/records\/visit\/\d+/);
      await eventually(async () => (await page.locator('main').innerText())
        .includes('浙江省 / 杭州市 / 西湖区 / 西溪街道'));
      await accessible(page);
      await noSidewaysScroll(page);
      // Not down to the last level: told at the field, nothing lost.
      await page.goto('/records/visit/new');
      await page.fill('#f-customer', '李女士');
      await page.locator('select[data-level]').first()
        .selectOption({ label: '北京市' });
      await page.locator('[data-submit]').click();
      await eventually(async () => (await page.locator('#f-place-error')
        .innerText()).trim() !== '');
      assert.equal(await page.inputValue('#f-customer'), '李女士');
      noFaults(page);
      await page.context().close();
    });
}

test('two people change one record: the second is told and decides',
  async () => {
    const one = await as(browser, site, 'admin');
    await one.goto('/records/suppliers?q=042');
    await one.locator('.tn-rowmain').first().click();
    await one.waitForURL(/suppliers\/\d+$/);
    const address = one.url();
    const two = await as(browser, site, 'admin');
    await one.goto(`${address}/edit`);
    await two.goto(`${address}/edit`);
    await one.fill('#f-name', 'First change');
    await one.locator('[data-submit]').click();
    await one.waitForURL(address);
    await two.fill('#f-name', 'Second change');
    await two.locator('[data-submit]').click();
    const dialog = two.locator('dialog[open]');
    await dialog.waitFor();
    const text = await dialog.innerText();
    assert.match(text, /First change/);
    assert.match(text, /Second change/);
    await accessible(two, 'the conflict');
    await one.context().close();
    await two.context().close();
  });

for (const [locale, size] of readers)
  test(`E13 what was deleted is taken back by one click, ${locale}`,
    async () => {
      const page = await as(browser, site, 'admin', { locale, size });
      await page.goto('/records/suppliers?q=033');
      await page.locator('.tn-rowmain').first().click();
      await page.waitForURL(/suppliers\/\d+$/);
      const address = page.url();
      await page.locator('form[action$="/delete"] button').click();
      await page.waitForURL(/suppliers$/);
      const undo = page.locator('.tn-toast form button');
      assert.equal((await undo.innerText()).trim(),
        locale === 'en' ? 'Undo' : '撤销');
      assert.equal((await page.request.get(address)).status(), 200);
      await accessible(page);
      await noSidewaysScroll(page);
      await undo.click();
      await page.waitForURL(address);
      await page.locator('form[action$="/delete"]').waitFor();
      // It is offered once: another page has no such button any more.
      await page.goto('/records/suppliers');
      assert.equal(await undo.count(), 0);
      noFaults(page);
      await page.context().close();
    });

test('a comment stands in the history; what is deleted comes back', async () => {
  const page = await as(browser, site, 'admin');
  await page.goto('/records/suppliers?q=077');
  await page.locator('.tn-rowmain').first().click();
  await page.waitForURL(/suppliers\/\d+$/);
  const address = page.url();
  await page.fill('#timeline-body', '请尽快联系');
  await page.locator('.tn-composer button').click();
  await eventually(async () => (await page.locator('.tn-timeline').innerText())
    .includes('请尽快联系'));
  await page.locator('form[action$="/delete"] button').click();
  await eventually(async () => /suppliers$/.test(page.url()));
  await page.goto('/records/suppliers/bin');
  await accessible(page);
  await page.locator('.tn-rowmain').first().click();
  await page.waitForURL(address);
  await page.locator('form[action$="/restore"] button').click();
  await eventually(async () => await page.locator('form[action$="/delete"]')
    .count() === 1);
  noFaults(page);
  await page.context().close();
});
