// E33 to E39: a spreadsheet becomes records in the browser, and back; E15: rows
// pasted from one into a sub-table. One site, a desk and a phone.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite } from '../lib/server.mjs';
import { launch, as, phone, accessible, noFaults, noSidewaysScroll,
  eventually } from '../lib/browser.mjs';
import { workbook } from '../lib/workbook.mjs';

let site;
let browser;
let page;

const account = { title: { en: 'Accounts', 'zh-CN': '客户' }, label: 'name',
  grants: [{ who: 'everyone', right: 'export', scope: 'owner' }],
  fields: [
    { key: 'code', type: 'text', unique: true, required: true,
      title: { en: 'Code', 'zh-CN': '编码' } },
    { key: 'name', type: 'text', required: true,
      title: { en: 'Name', 'zh-CN': '名称' } },
    { key: 'since', type: 'date', title: { en: 'Since', 'zh-CN': '日期' } },
    { key: 'rate', type: 'decimal', title: { en: 'Rate', 'zh-CN': '费率' } },
    { key: 'lines', type: 'sub_table', title: { en: 'Lines', 'zh-CN': '明细' },
      fields: [{ key: 'what', type: 'text', title: 'What' },
        { key: 'count', type: 'integer', title: 'Count' },
        { key: 'price', type: 'money', title: 'Price' },
        { key: 'sum', type: 'computed', result: 'money', title: 'Sum',
          expression: 'count * price' }] },
    { key: 'total', type: 'computed', result: 'money', title: 'Total',
      expression: "sum(lines, 'sum')" },
  ] };

before(async () => {
  site = await demoSite();
  writeFileSync(join(site.folder, 'forms/account.json'),
    JSON.stringify(account));
  await site.stop();
  await site.start();
  browser = await launch();
  page = await as(browser, site, 'zhang.wei');
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const text = (where = page) => where.locator('#import').innerText();

// By the menu of the list, as people do.
async function open(bytes, name = 'accounts.csv', where = page) {
  await where.goto('/records/account');
  await where.locator('.tn-toolbar-end summary').last().click();
  await where.locator('a[data-import]').click();
  await where.locator('#import-file').setInputFiles({ name,
    mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await where.locator('.tn-import-upload button').click();
  await where.waitForURL(/\/imports\/\d+/);
}

async function go(action, words, where = page, named = 2000) {
  await where.locator(`#import-map button[value=${action}]`).click();
  await eventually(async () => words.test(await text(where)), named);
}

test('a file that can not be read is refused where one is chosen', async () => {
  await page.goto('/records/account/import');
  await page.locator('#import-file').setInputFiles({ name: 'open.csv',
    mimeType: 'text/csv', buffer: Buffer.from('Code,Name\nX1,"x\nX2,y\n') });
  await page.locator('.tn-import-upload button').click();
  await page.locator('[data-problems] a', { hasText: 'never ends' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id),
    'import-file');
  await accessible(page);
  // The next one goes on from here.
  await page.locator('#import-file').setInputFiles({ name: 'closed.csv',
    mimeType: 'text/csv', buffer: Buffer.from('Code,Name\nX1,x\n') });
  await page.locator('.tn-import-upload button').click();
  await page.waitForURL(/\/imports\/\d+/);
  noFaults(page);
});

test('E25 long values of a file stay within a phone', async () => {
  const small = await as(browser, site, 'zhang.wei', { size: phone });
  await open(`Code,Name\nX1,${'a very long name '.repeat(9)}\n`, 'long.csv',
    small);
  await noSidewaysScroll(small);
  noFaults(small);
  await small.context().close();
});

test('E33_who_may_add_records_may_import_2000_and_nothing_else', async () => {
  const rows = Array.from({ length: 2000 }, (_, i) =>
    `A${i},Account ${i},2026-03-${String(i % 28 + 1).padStart(2, '0')}`);
  await open(`Code,Name,Since\n${rows.join('\n')}\n`);
  await go('import', /2,000 added/, page, 6000);
  await page.goto('/records/account?q=Account%201999');
  await eventually(async () => /A1999/.test(await page.locator('#list')
    .innerText()));
  const other = await page.context().request.get('/admin/users');
  assert.equal(other.status(), 403);
  noFaults(page);
});

test('E34_the_mapping_is_remembered_for_the_same_headers', async () => {
  await open('No.,Firm,Remark\nE34,Elm,x\n');
  await page.selectOption('#column-0', 'code');
  await page.selectOption('#column-1', 'name');
  await page.locator('[name="key.0"]').check();
  await go('check', /1 will be added/);
  await open('No.,Firm,Remark\nE35,Oak,y\n');
  assert.equal(await page.locator('#column-0').inputValue(), 'code');
  assert.equal(await page.locator('#column-1').inputValue(), 'name');
  assert.equal(await page.locator('#column-2').inputValue(), '');
  assert.ok(await page.locator('[name="key.0"]').isChecked());
});

test('E35_an_export_comes_back_without_a_change', async () => {
  await page.goto('/records/account');
  await page.locator('.tn-toolbar-end summary').last().click();
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.locator('.tn-menu-item', { hasText: 'Excel' }).first().click()]);
  assert.equal(download.suggestedFilename(), 'account.xlsx');
  await open(readFileSync(await download.path()), 'account.xlsx');
  await go('import', /2,000 unchanged/, page, 6000);
  assert.doesNotMatch(await text(), /added|changed\b(?<!unchanged)|refused/);
});

test('E36_three_orders_of_days_are_known_and_an_ambiguous_one_asks',
  async () => {
    await open('Code,Name,Since\nE36,x,03/04/2026\n');
    await page.locator('#import-map button[value=check]').click();
    await page.locator('#import-map [data-problems] li').waitFor();
    await page.selectOption('#date-2', 'dmy');
    await go('import', /1 added/);
    await page.goto('/records/account?q=E36');
    await eventually(async () => /3 Apr 2026/.test(await page.locator('#list')
      .innerText()));
    for (const [day, order] of [['31.12.2026', 'dmy'], ['12/31/2026', 'mdy'],
      ['2026年12月31日', null]]) {
      await open(`Code,Name,Since\nE36,x,${day}\n`);
      if (order)
        assert.equal(await page.locator('#date-2').inputValue(), order, day);
      await go('import', /1 changed|1 unchanged/);
    }
  });

test('E36_decimal_commas_are_found_shown_and_can_be_said', async () => {
  await open('Code;Name;Rate\nE36C;x;1.234,56\n');
  const reading = page.locator('.tn-import-reading');
  assert.equal(await reading.innerText(), '“1.234,56” is read as 1,234.56');
  const sign = page.locator('#import-decimal');
  assert.equal(await sign.inputValue(), 'auto');
  await accessible(page, 'the mapping of numbers');
  await sign.selectOption('point');
  await page.locator('#import-map button[value=show]').click();
  await eventually(async () => /no number with a decimal point/.test(
    await reading.innerText().catch(() => '')));
  await page.locator('#import-decimal').selectOption('comma');
  await go('import', /1 added/);
  await page.goto('/records/account?q=E36C');
  await page.locator('.tn-rowmain').first().click();
  await page.waitForURL(/\/records\/account\/\d+$/);
  await eventually(async () => /1,234\.56/.test(await page.locator('main')
    .innerText()));
  noFaults(page);
});

test('E37_a_table_in_GB18030_and_a_workbook_of_WPS_load_on_a_phone',
  async () => {
    const small = await as(browser, site, 'zhang.wei',
      { size: phone, locale: 'zh-CN', dark: true });
    // 编码,名称 / W1,橡木 in GB18030.
    await open(Buffer.from('b1e0c2eb2cc3fbb3c60a57312ccff0c4be0a', 'hex'),
      '客户.csv', small);
    await noSidewaysScroll(small);
    await accessible(small, 'the mapping on a phone');
    await go('import', /新增 1 条/, small);
    await open(workbook([['编码', '名称', '日期'], ['W2', '柳树', { day: 46112 }]]),
      '客户.xlsx', small);
    await go('import', /新增 1 条/, small);
    await noSidewaysScroll(small);
    await small.goto('/records/account?q=柳树');
    await eventually(async () => /2026年3月31日/.test(await small
      .locator('#list').innerText()));
    noFaults(small);
    await small.context().close();
  });

test('E38_bad_cells_are_marked_and_their_file_comes_back', async () => {
  await open('Code,Name,Since\nB1,,2026-01-01\nB2,Box,soon\nB3,Fir,2026-01-01\n');
  await go('import', /1 added[^]*2 refused|2 refused[^]*1 added/);
  const bad = page.locator('.tn-import-refused td.is-bad');
  await eventually(async () => (await bad.count()) === 2);
  assert.match(await bad.nth(0).innerText(), /fill this in/);
  assert.match(await bad.nth(1).innerText(), /soon[^]*YYYY-MM-DD/);
  await accessible(page, 'the refused rows');
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.locator('a[href$="refused.csv"]').click()]);
  const file = readFileSync(await download.path(), 'utf8');
  await open(file.replace('B1,', 'B1,Bay').replace('soon', '2026-02-01'));
  await go('import', /2 added/);
  assert.doesNotMatch(await text(), /refused/);
});

test('E39_an_import_is_undone_by_one_click_but_for_later_edits', async () => {
  await open('Code,Name\nU1,Una\nU2,Uno\nB3,Fir tree\n');
  await go('import', /2 added/);
  const report = page.url();
  await page.goto('/records/account?q=Uno');
  await page.locator('.tn-rowmain', { hasText: /U2|Uno/ }).first().click();
  await page.waitForURL(/\/records\/account\/\d+$/);
  await page.goto(`${page.url()}/edit`);
  await page.locator('#f-name').fill('Uno mine');
  await page.locator('button[form=record-form].btn-primary').click();
  await page.waitForURL(/\/records\/account\/\d+$/);
  await page.goto(report);
  await page.locator('form[action$="/undo"] button').click();
  await eventually(async () => /2 undone/.test(await text()), 2000);
  assert.match(await text(), /1 left alone/);
  assert.match(await page.locator('table').innerText(), /changed after/);
  await page.goto('/records/account?q=Una');
  await eventually(async () => /Nothing matches/.test(await page
    .locator('#list').innerText()));
  noFaults(page);
});

test('a file dropped on the list is imported into it', async () => {
  await page.goto('/records/account');
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['Code,Name\nDR,Dropped\n'], 'dropped.csv'));
    document.querySelector('#list').dispatchEvent(new DragEvent('drop',
      { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.waitForURL(/\/imports\/\d+/);
  assert.match(await text(), /dropped\.csv/);
});

test('E15_rows_pasted_from_a_spreadsheet_become_rows_with_totals',
  async () => {
    await page.goto('/records/account/new');
    const cell = page.locator('#f-lines-0-what');
    if (!await cell.count())
      await page.locator('[data-add-row]').click();
    await cell.waitFor();
    const rows = Array.from({ length: 20 }, (_, i) =>
      `Item ${i}\t${i + 1}\t1,000.50`).join('\r\n');
    await cell.evaluate((element, pasted) => {
      const data = new DataTransfer();
      data.setData('text/plain', pasted);
      element.dispatchEvent(new ClipboardEvent('paste',
        { clipboardData: data, bubbles: true, cancelable: true }));
    }, `${rows}\r\n`);
    assert.equal(await page.locator('tr[data-row]').count(), 20);
    assert.equal(await page.locator('#f-lines-19-what').inputValue(),
      'Item 19');
    // 210 × 1,000.50
    await eventually(async () => /210,105\.00/.test(await page
      .locator('#record-form').innerText()), 100);
    noFaults(page);
  });
