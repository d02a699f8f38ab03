// Real data, as people bring it: 503 companies in the encodings that their
// spreadsheets save, 44,703 places of China as a cascade of four levels; in
// lists, filters, sorts, pages and a form. Skipped where the tables are not.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, root, run, temporaryFolder } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { launch, as, phone, desktop, accessible, noSidewaysScroll, noFaults,
  eventually } from '../lib/browser.mjs';

const data = [process.env.TENON_DATA, join(root, 'tests/data'),
  join(root, '../shared/data')].find((folder) => folder &&
  existsSync(join(folder, 'companies.csv')));
const skip = !data && 'the real tables are not here (TENON_DATA)';

// Rows of a CSV file, quotes and commas inside fields and all.
function rowsOf(text) {
  const rows = [];
  let row = [], cell = '', quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') { cell += c; i += 1; }
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === ',') { row.push(cell); cell = ''; }
    else if (!quoted && c === '\n') {
      rows.push([...row, cell.replace(/\r$/, '')]);
      row = [];
      cell = '';
    } else cell += c;
  }
  if (cell || row.length) rows.push([...row, cell]);
  return rows;
}

describe('real data', { skip }, () => {
  let site, browser, person, companies;
  const kinds = ['companies', 'companies_bom', 'companies_gb', 'companies_16'];

  before(async () => {
    if (skip) return;
    site = await demoSite();
    browser = await launch();
    person = await signedIn(site, 'zhang.wei');
    const [, ...rows] = rowsOf(readFileSync(join(data, 'companies.csv'),
      'utf8'));
    companies = rows.map(([symbol, security, sector, sub, where, added, cik,
      founded]) => ({ symbol, security, sector, sub, where, added, cik,
      founded }));
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  const records = async (form, query = '') => {
    const all = [];
    let cursor = '';
    do {
      const page = await person.get(`/api/v1/records/${form}?limit=200` +
        `${query}${cursor && `&cursor=${cursor}`}`);
      assert.equal(page.status, 200, page.text);
      all.push(...page.body.records.map((r) => r.values));
      cursor = page.body.cursor || '';
    } while (cursor);
    return all;
  };

  test('503 companies in four encodings are the same companies', async () => {
    const folder = temporaryFolder('data');
    const text = readFileSync(join(data, 'companies.csv'));
    assert.equal(companies.length, 503);
    const files = {
      companies: text,
      companies_bom: Buffer.concat([Buffer.from('\ufeff'), text]),
      companies_gb: spawnSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'],
        { input: text, maxBuffer: 1 << 24 }).stdout,
      companies_16: spawnSync('iconv', ['-f', 'UTF-8', '-t', 'UTF-16'],
        { input: text, maxBuffer: 1 << 24 }).stdout,
    };
    for (const form of kinds) {
      const path = join(folder, `${form}.csv`);
      writeFileSync(path, files[form]);
      const result = run('import', '--site', site.folder, '--form', form,
        path);
      assert.equal(result.code, 0, `${form}: ${result.err}`);
      assert.match(result.out, /503 of 503 rows/, form);
    }
    const expected = companies.map((c) => [c.symbol, c.security, c.where,
      c.added, c.cik, c.founded].join('|')).sort();
    for (const form of kinds) {
      const got = (await records(form)).map((v) => [v.symbol, v.security,
        v.headquarters_location, v.date_added, v.cik, v.founded].join('|'))
        .sort();
      assert.deepEqual(got, expected, form);
    }
  });

  test('filters, sorts and counts give what the file says', async () => {
    const count = async (query) => (await person.get(
      `/api/v1/records/companies?count=true&limit=1${query}`)).body.count;
    const filter = (value) => `&filter=${encodeURIComponent(
      JSON.stringify(value))}`;
    assert.equal(await count(''), 503);
    const sector = companies[0].sector;
    assert.equal(await count(filter({ gics_sector: sector })),
      companies.filter((c) => c.sector === sector).length);
    assert.equal(await count(filter({ headquarters_location:
      { contains: 'California' } })),
    companies.filter((c) => c.where.includes('California')).length);
    assert.equal(await count(filter({ date_added: { lt: '2000-01-01' } })),
      companies.filter((c) => c.added < '2000-01-01').length);
    assert.equal(await count(filter({ date_added: { between:
      ['2010-01-01', '2019-12-31'] } })),
    companies.filter((c) => c.added >= '2010-01-01' && c.added <= '2019-12-31')
      .length);
    const dates = (await records('companies', '&sort=-date_added'))
      .map((v) => v.date_added);
    assert.deepEqual(dates, companies.map((c) => c.added).sort().reverse());
  });

  for (const [size, locale] of [[desktop, 'en'], [phone, 'zh-CN']])
    test(`the list of companies, ${size.width} px, ${locale}`, async () => {
      const page = await as(browser, site, 'zhang.wei', { size, locale });
      await page.goto('/records/companies?sort=symbol');
      const rows = page.locator('tbody tr[data-id]');
      await rows.first().waitFor();
      const sorted = companies.map((c) => c.symbol).sort();
      assert.ok((await rows.first().innerText()).includes(sorted[0]));
      assert.match(await page.locator('main').innerText(), /503/);
      await noSidewaysScroll(page);
      await accessible(page);
      // A number that is a name has no separators.
      const cik = companies.find((c) => c.cik.length > 6);
      await page.goto(`/records/companies?q=${
        encodeURIComponent(cik.security)}`);
      await rows.first().click();
      await page.waitForURL(/\/records\/companies\/\d+/);
      const words = await page.locator('main').innerText();
      assert.ok(words.includes(cik.cik), 'the number as it was');
      assert.ok(words.includes(cik.security));
      await noSidewaysScroll(page);
      // Page by page, every company once.
      const seen = [];
      await page.goto('/records/companies?sort=symbol');
      for (;;) {
        seen.push(...await rows.evaluateAll((all) =>
          all.map((row) => row.dataset.id)));
        const next = page.locator('a[rel=next]');
        if (!await next.count()) break;
        const first = await rows.first().getAttribute('data-id');
        await next.first().click();
        await eventually(async () => (await rows.count()) &&
          (await rows.first().getAttribute('data-id')) !== first);
        assert.ok(seen.length <= 503);
      }
      assert.equal(new Set(seen).size, 503);
      noFaults(page);
      await page.context().close();
    });

  test('a search in 503 rows shows the one, while typing', async () => {
    const page = await as(browser, site, 'zhang.wei');
    await page.goto('/records/companies');
    await page.locator('#list-q').pressSequentially('Smith');
    const expected = companies.filter((c) => Object.values(c).some((v) =>
      v.toLowerCase().includes('smith'))).length;
    await eventually(async () =>
      (await page.locator('tbody tr[data-id]').count()) === expected);
    noFaults(page);
    await page.context().close();
  });

  describe('44,703 places', () => {
    before(() => {
      const result = run('import', '--site', site.folder, '--form', 'regions',
        ...['provinces', 'cities', 'areas', 'streets'].map((name) =>
          join(data, `${name}.csv`)));
      assert.equal(result.code, 0, result.err);
      assert.match(result.out, /44703 of 44703 rows/);
      writeFileSync(join(site.folder, 'forms/visit.json'), JSON.stringify({
        title: { en: 'Visit', 'zh-CN': '拜访', 'zh-TW': '拜訪' },
        label: 'reason', fields: [
          { key: 'reason', type: 'text', required: true,
            title: { en: 'Reason', 'zh-CN': '事由', 'zh-TW': '事由' } },
          { key: 'place', type: 'cascade', target: 'regions', required: true,
            title: { en: 'Place', 'zh-CN': '地点', 'zh-TW': '地點' } }] }));
      site.child.kill('SIGHUP');
    });

    for (const [size, locale, path] of [
      [desktop, 'zh-CN', ['广东省', '中山市', '', '']],
      [phone, 'en', ['北京市', '市辖区', '东城区', '东华门街道']]])
      test(`a place is chosen level by level, ${size.width} px`, async () => {
        const page = await as(browser, site, 'zhang.wei', { size, locale });
        // The new form is there when the new generation is.
        await eventually(async () =>
          (await page.request.get('/records/visit/new')).ok(), 3000);
        await page.goto('/records/visit/new');
        await page.fill('[name=reason]', `Quarry ${size.width}`);
        const chosen = [];
        for (let level = 0; level < 4; level += 1) {
          const select = page.locator(`select[data-level="${level}"]`);
          await eventually(async () => {
            if (await select.count()) return true;
            // Some cities have streets right below them.
            return chosen.length > 2 && page.locator(
              `select[data-level="${level - 1}"] option:checked[data-leaf]`)
              .count();
          });
          if (!await select.count()) break;
          const label = path[level] || await select.locator('option').nth(1)
            .textContent();
          await select.selectOption({ label });
          chosen.push(label);
        }
        assert.ok(chosen.length >= 3, chosen.join(' '));
        await accessible(page);
        await noSidewaysScroll(page);
        await Promise.all([page.waitForURL(/\/records\/visit\/\d+/),
          page.locator('button.btn-primary[form=record-form], ' +
            '#record-form button.btn-primary').first().click()]);
        await page.getByText(chosen.join(' / ')).first().waitFor();
        // Opened again, each level stands where it was.
        await page.goto(`${page.url().split('?')[0]}/edit`);
        for (let level = 0; level < chosen.length; level += 1)
          await eventually(async () => (await page.locator(
            `select[data-level="${level}"] option:checked`).textContent())
            .trim() === chosen[level]);
        noFaults(page);
        await page.context().close();
      });

    test('another province above empties what stood below', async () => {
      const page = await as(browser, site, 'zhang.wei', { locale: 'en' });
      await eventually(async () =>
        (await page.request.get('/records/visit/new')).ok(), 3000);
      await page.goto('/records/visit/new');
      const level = (n) => page.locator(`select[data-level="${n}"]`);
      await level(0).waitFor();
      await level(0).selectOption({ label: '北京市' });
      await level(1).waitFor();
      await level(1).selectOption({ label: '市辖区' });
      await level(2).waitFor();
      await level(0).selectOption({ label: '上海市' });
      await eventually(async () => (await level(2).count()) === 0);
      await eventually(async () => (await level(1).locator('option').count())
        > 1);
      assert.equal(await level(1).inputValue(), '');
      await page.context().close();
    });

    test('41,352 streets: searched, sorted, paged in a moment', async () => {
      const start = Date.now();
      for (const query of ['q=中山', 'sort=-name&page=20', 'sort=code',
        'f.name.contains=长安']) {
        const page = await person.get(`/records/regions?${query}`);
        assert.equal(page.status, 200, query);
      }
      assert.ok(Date.now() - start < 4000 * 10 *
        Number(process.env.TENON_SLOW || 1));
    });
  });
});
