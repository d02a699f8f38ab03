// The fourth story: an administrator switches an example module off and on
// again while others work; one that crashes costs the request that called it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { accessible, as, desktop, launch, noFaults, noSidewaysScroll, phone }
  from '../lib/browser.mjs';

const matrix = process.env.TENON_LONG
  ? [['en', desktop], ['en', phone], ['zh-CN', desktop], ['zh-CN', phone]]
  : [['en', desktop], ['zh-CN', phone]];
const words = {
  en: { menu: 'Vehicles' },
  'zh-CN': { menu: '用车' },
};

// Fills in a record's form and saves it.
async function save(page, form, fields) {
  await page.goto(`/records/${form}/new`);
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`[name="${name}"]`).first();
    if (typeof value === 'boolean') await field.setChecked(value);
    else await field.fill(value);
  }
  await Promise.all([
    page.waitForURL(/\/records\/[a-z.]+\/\d+/),
    page.locator('button.btn-primary[form=record-form], ' +
      '#record-form button.btn-primary').first().click(),
  ]);
}

describe('modules', () => {
  let browser, site;
  before(async () => {
    browser = await launch();
    site = await demoSite({ zone: 'Asia/Shanghai' });
    cpSync(join(build, 'test-plugins/plugins/crash'),
      join(site.folder, 'plugins/crash'), { recursive: true });
    await site.whole();
  });
  after(async () => {
    if (browser) await browser.close();
    if (site) await site.stop();
  });

  for (const [locale, size] of matrix) {
    test(`${locale} at ${size.width}: switched off for everybody, and back`,
      async () => {
        const admin = await as(browser, site, 'admin', { locale, size });
        const person = await as(browser, site, 'zhang.wei', { locale, size,
          dark: size === phone });
        await save(admin, 'vehicle.car', { name: `GL8 ${locale} ${size.width}`,
          plate: `${locale}-${size.width}`, seats: '7' });
        for (const path of ['/m/vehicle/day', '/m/notice']) {
          await person.goto(path);
          await accessible(person);
          await noSidewaysScroll(person);
        }
        await person.goto('/m/vehicle/day');
        assert.ok((await person.locator('h1').first().textContent()).trim());
        await person.getByText(`GL8 ${locale} ${size.width}`).waitFor();
        // The module's own picture of an address comes and goes with it.
        const picture = () => person.request.get(
          '/assets/m/vehicle/garage.svg').then((answer) => answer.status());
        assert.equal(await picture(), 200);

        await admin.goto('/admin/modules');
        await accessible(admin);
        await noSidewaysScroll(admin);
        const switchTo = async (verb) => {
          const answer = admin.waitForResponse((response) =>
            response.url().includes(`/admin/modules/vehicle/${verb}`));
          await admin.locator(`form[action$="/vehicle/${verb}"] button`)
            .click();
          const status = (await answer).status();
          assert.ok([200, 303].includes(status), String(status));
        };
        await switchTo('disable');
        const gone = await person.goto('/m/vehicle/day');
        assert.equal(gone.status(), 404);
        await person.goto('/');
        assert.equal(await person.locator('a[href="/m/vehicle/day"]').count(),
          0);
        assert.equal((await person.goto('/records/vehicle.booking/new'))
          .status() >= 400, true);

        await admin.goto('/admin/modules');
        await switchTo('enable');
        await until(async () =>
          (await person.goto('/m/vehicle/day')).status() === 200,
        'the module', 20000);
        await person.getByText(`GL8 ${locale} ${size.width}`).waitFor();
        await site.whole(); // of several workers the first has it already
        await person.goto('/');
        assert.ok(await person.locator('a[href="/m/vehicle/day"]').count() > 0);
        assert.ok((await person.locator('a[href="/m/vehicle/day"]').first()
          .textContent()).includes(words[locale].menu));
        assert.equal(await picture(), 200);
        // A live part that was being loaded anew when the page was left.
        for (const page of [admin, person])
          page.faults = page.faults.filter((fault) =>
            !/Failed to fetch/.test(fault));
        noFaults(admin);
        noFaults(person);
        await admin.context().close();
        await person.context().close();
      });
  }

  test('for one department: gone for the others, with a word why', async () => {
    const admin = await as(browser, site, 'admin', { locale: 'en' });
    const person = await as(browser, site, 'zhang.wei', { locale: 'zh-CN',
      size: phone });
    const other = await as(browser, site, 'liu.yang', { locale: 'en' });
    const choose = async (name) => {
      await admin.goto('/admin/modules');
      await admin.getByRole('link', { name: 'Vehicles', exact: true }).last()
        .click();
      await admin.waitForURL(/modules\/vehicle$/);
      const box = admin.getByRole('combobox', { name: /Departments/ });
      if (name) {
        await box.fill(name);
        await admin.getByRole('option', { name: new RegExp(`^${name}\\b`) })
          .first().click();
      } else {
        await admin.getByRole('button', { name: /Remove/ }).first().click();
      }
      await accessible(admin);
      await noSidewaysScroll(admin);
      await Promise.all([
        admin.waitForResponse((answer) => answer.url().endsWith(
          '/modules/vehicle/departments')),
        admin.getByRole('button', { name: 'Save' }).click()]);
    };
    await choose('Sales');
    const gone = await other.goto('/m/vehicle/day');
    assert.equal(gone.status(), 404);
    await other.getByText('Vehicles is not available for your department')
      .waitFor();
    await accessible(other);
    await other.goto('/');
    assert.equal(await other.locator('a[href="/m/vehicle/day"]').count(), 0);
    assert.equal((await person.goto('/m/vehicle/day')).status(), 200);
    await choose(null);
    assert.equal((await other.goto('/m/vehicle/day')).status(), 200);
    noFaults(admin);
    noFaults(other);
  });

  test('one that crashes costs exactly the request that called it', async () => {
    const result = run('plugin', 'enable', site.folder, 'crash');
    assert.equal(result.code, 0, result.err);
    await site.whole();
    const one = await as(browser, site, 'zhang.wei', { locale: 'en' });
    const other = await as(browser, site, 'li.na', { locale: 'en' });
    const pages = [];
    let over = false;
    const reading = (async () => {
      while (!over || pages.length < 10)
        pages.push((await other.goto('/m/notice')).status());
    })();
    const crash = await one.goto('/m/crash/null');
    assert.equal(crash.status(), 500);
    // The page tells a number, and is readable.
    assert.match(await one.locator('code').first().textContent(),
      /^[0-9A-Z]{8}$/);
    await accessible(one);
    assert.equal((await one.goto('/m/crash/ok')).status(), 200);
    over = true;
    await reading;
    assert.deepEqual(pages.filter((status) => status !== 200), []);
    const died = site.log('worker.died').at(-1);
    assert.equal(died.module, 'crash');
    assert.equal(died.entry, 'GET /m/crash/null');
  });

  test('a widget that crashes costs itself; the home page stands', async () => {
    for (const where of ['scripts/api_lua', 'plugins/crash_widget']) {
      cpSync(join(build, 'test-plugins', where), join(site.folder, where),
        { recursive: true });
      const result = run('plugin', 'enable', site.folder, where.split('/')[1]);
      assert.equal(result.code, 0, result.err);
    }
    await site.whole();
    const one = await as(browser, site, 'zhang.wei', { locale: 'en' });
    assert.equal((await one.goto('/')).status(), 200);
    const crash = one.locator('#widget-crash_widget-one');
    await crash.getByText(/Not available right now. Incident [0-9A-Z]{8}/)
      .waitFor();
    await one.locator('#widget-api_lua-figures #figures').waitFor();
    // Those that are not for this person are left out.
    await until(async () => !await one.locator(
      '#widget-api_lua-not_for_you').count(), 'the widget to go');
    await one.locator('#widget-tasks').waitFor();
    await accessible(one);
    const died = site.log('worker.died').at(-1);
    assert.equal(died.module, 'crash_widget');
    assert.equal(died.entry, 'crash_widget.one');
    // A job's page follows it to its end by itself.
    const program = await signedIn(site, 'zhang.wei');
    const job = await program.post('/api/v1/m/api_lua/job',
      { data: { to: 200000 } });
    await one.goto(`/jobs/${job.body.id}`);
    await one.getByText('Counted to 200000.').waitFor();
    await one.getByText('200,000 of 200,000').waitFor();
    await accessible(one);
    await noSidewaysScroll(one);
    // Without scripts there is a link to it.
    assert.equal((await one.request.get('/portal/widgets/api_lua.figures'))
      .status(), 200);
  });
});
