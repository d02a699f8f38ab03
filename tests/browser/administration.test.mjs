// Story 3: an administrator adds a department, a person and a role, moves a
// person, names a head; the next budget goes to the new head.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { launch, as, signIn, visitor, phone, desktop, accessible, noSidewaysScroll,
  noFaults, eventually } from '../lib/browser.mjs';

const matrix = process.env.TENON_LONG
  ? [['en', desktop], ['en', phone], ['zh-CN', desktop], ['zh-CN', phone]]
  : [['en', desktop]];

const secret = 'a bridge made of paper';

async function save(page, where) {
  await Promise.all([page.waitForURL(where),
    page.locator('[form=record-form].btn-primary').first().click()]);
}

// Chooses a person in a picker by typing a part of the name.
async function pick(page, field, name) {
  // The plain select becomes one when its script is there.
  const input = page.locator(`#f-${field}[role=combobox]`);
  await input.click();
  await input.fill(name);
  const option = page.locator(`.tn-combo-list [role=option]`,
    { hasText: name }).first();
  await option.click();
}

// The list row of a name opens its form.
async function openPerson(page, login, name) {
  await page.goto(`/admin/users?q=${login}`);
  await page.locator('.tn-rowmain', { hasText: name }).first().click();
  await page.locator('#f-login').waitFor();
}

for (const [locale, size] of matrix) {
  describe(`administration, ${locale}, ${size.width} px`, () => {
    let site, browser, admin;
    before(async () => {
      site = await demoSite();
      browser = await launch();
      admin = await as(browser, site, 'admin', { size, locale });
    });
    after(async () => {
      await browser?.close();
      await site?.stop();
    });

    test('a department is added below another', async () => {
      await admin.goto('/admin');
      await admin.locator('a.tn-pick[href="/admin/departments"]').click();
      await admin.locator('a[href="/admin/departments/new"]').first().click();
      await admin.locator('#f-name').fill('外贸部 Export');
      const parent = admin.locator('#f-parent option').nth(1);
      await admin.locator('#f-parent').selectOption(
        await parent.getAttribute('value'));
      await save(admin, '**/admin/departments');
      await admin.locator('.tn-tree a', { hasText: '外贸部 Export' }).first()
        .waitFor();
      await accessible(admin);
      await noSidewaysScroll(admin);
    });

    test('E12 a mistake is said at its field, what was typed stays',
      async () => {
        await admin.goto('/admin/users/new');
        await admin.locator('#f-name').fill('钱海 Qian Hai');
        await admin.locator('#f-login').fill('zhang.wei');
        await admin.locator('#f-mail').fill('nonsense');
        await admin.locator('[form=record-form].btn-primary').first().click();
        const error = admin.locator('#f-login-error');
        await eventually(async () => (await error.textContent()).trim());
        assert.ok((await admin.locator('#f-mail-error').textContent()).trim());
        assert.equal(await admin.locator('#f-name').inputValue(),
          '钱海 Qian Hai');
        await accessible(admin);
      });

    test('a role and a person are added; a link lets the person in',
      async () => {
        await admin.goto('/admin/roles/new');
        await admin.locator('#f-name').fill('出口 Export desk');
        await admin.locator('#f-key').fill('export_desk');
        await save(admin, '**/admin/roles');
        await admin.goto('/admin/users/new');
        await admin.locator('#f-name').fill('钱海 Qian Hai');
        await admin.locator('#f-login').fill('qian.hai');
        await admin.locator('#f-mail').fill('qian.hai@qingsong.example');
        await admin.locator('#f-department').selectOption(await admin
          .locator('#f-department option', { hasText: '外贸部' })
          .getAttribute('value'));
        await admin.locator('label.form-check', { hasText: '出口' })
          .locator('input').check();
        await save(admin, /\/admin\/users\/\d+$/);
        await admin.locator('form[action$="/link"] button').click();
        const link = await admin.locator('#user-link').inputValue();
        assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/invite\/[\w-]{43}$/);
        await accessible(admin);
        const qian = await visitor(browser, site, { size, locale });
        await qian.goto(link);
        await accessible(qian);
        await qian.locator('#f-password').fill(secret);
        await Promise.all([qian.waitForURL(`${site.url}/`),
          qian.locator('button.btn-primary').click()]);
        assert.match(await qian.locator('h1').innerText(), /钱海/);
        noFaults(qian);
      });

    test('a person is moved and a head is named: the next budget goes there',
      async () => {
        await openPerson(admin, 'zhang.wei', 'Zhang Wei');
        await admin.locator('#f-department').selectOption(await admin
          .locator('#f-department option', { hasText: '外贸部' })
          .getAttribute('value'));
        await save(admin, '**/admin/users');
        await admin.goto('/admin/departments');
        await admin.locator('.tn-tree a', { hasText: '外贸部' }).first()
          .click();
        await pick(admin, 'head', '钱海');
        await save(admin, '**/admin/departments');
        assert.match(await admin.locator('.tn-tree').innerText(), /钱海/);

        const zhang = await as(browser, site, 'zhang.wei', { size, locale });
        const record = await zhang.evaluate(async () => {
          const token = document.querySelector('meta[name=csrf]').content;
          const answer = await fetch('/api/v1/records/budget', {
            method: 'POST', headers: { 'content-type': 'application/json',
              'x-csrf-token': token },
            body: JSON.stringify({ values: { purpose: '广交会 Canton fair',
              date: '2026-12-15', items: [{ name: 'Stand', quantity: '1',
                unit_price: '800' }] } }) });
          return answer.json();
        });
        assert.equal(record.state, 'running', JSON.stringify(record));
        const qian = await visitor(browser, site, { size, locale });
        await signIn(qian, 'qian.hai', secret);
        await qian.goto('/tasks');
        await qian.locator(`a[data-record="${record.id}"]`).first().waitFor();
        noFaults(admin);
      });

    test('somebody who leaves is out at once', async () => {
      const qian = await visitor(browser, site, { size, locale });
      await signIn(qian, 'qian.hai', secret);
      await openPerson(admin, 'qian.hai', '钱海');
      await admin.locator('button[name=enabled][value=false]').click();
      const dialog = admin.locator('dialog[open] .btn-primary, ' +
        'dialog[open] .btn-danger');
      await dialog.first().click();
      await admin.locator('button[name=enabled][value=true]').waitFor();
      await qian.goto('/tasks');
      assert.equal(new URL(qian.url()).pathname, '/sign-in');
      noFaults(admin);
    });
  });
}
