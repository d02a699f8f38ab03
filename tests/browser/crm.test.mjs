// crm.test.mjs - the module crm as its people see it: who is there already
// while a name is typed, a customer at a glance, a note, the team's figures;
// on a phone and on a desk, light and dark.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { accessible, as, desktop, eventually, launch, noFaults,
  noSidewaysScroll, phone } from '../lib/browser.mjs';

let site, browser, page;
before(async () => {
  site = await demoSite();
  browser = await launch();
  page = await as(browser, site, 'zhang.wei', { locale: 'zh-CN' });
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const customer = () => page.evaluate(async () => {
  const answer = await fetch('/api/v1/records/crm.customer?limit=1&filter=' +
    encodeURIComponent(JSON.stringify({ owner: 'me', status: 'customer' })));
  return (await answer.json()).records[0];
});

test('E10 who is there already shows while a name is typed, and asks nothing ' +
  'while an input method composes', async () => {
  const known = await customer();
  const asked = [];
  page.on('request', (request) => {
    if (request.url().includes('/similar')) asked.push(request.url());
  });
  await page.goto('/records/crm.customer/new');
  const name = page.locator('#f-name');
  await name.focus();
  // What Chromium does for pinyin: a composition, then its text.
  const client = await page.context().newCDPSession(page);
  await client.send('Input.imeSetComposition',
    { text: known.values.name, selectionStart: 0, selectionEnd: 0 });
  await page.waitForTimeout(600);
  assert.deepEqual(asked, []);
  await client.send('Input.insertText', { text: known.values.name });
  const hint = page.locator('.tn-similar');
  await hint.first().waitFor({ state: 'visible' });
  const link = hint.first().locator('a').first();
  assert.equal(await link.textContent(), known.values.name);
  assert.match(await link.getAttribute('href'), new RegExp(`${known.id}$`));
  await accessible(page, 'new customer');
});

test('a customer at a glance, and a note that stands there at once',
  async () => {
    const known = await customer();
    await page.goto(`/records/crm.customer/${known.id}`);
    assert.equal(new URL(page.url()).pathname, `/m/crm/customers/${known.id}`);
    assert.equal(await page.locator('.tn-bar [aria-current]')
      .getAttribute('href'), '/records/crm.customer');
    await page.locator('#note-text').fill('客户来电\n想看样品。');
    await page.locator('.tn-composer .btn-primary').click();
    await eventually(() => page.locator('.tn-entry').first()
      .textContent().then((text) => text.includes('客户来电')));
    await page.locator('a[data-key=e]').click();
    await page.waitForURL(/\/records\/crm\.customer\/\d+\?plain/);
    noFaults(page);
  });

test('contacts and deals are those of the chosen customer', async () => {
  const seller = await as(browser, site, 'zhang.wei',
    { size: phone, locale: 'en' });
  // Two customers with a contact, one of them with a deal.
  const [one, other] = await seller.evaluate(async () => {
    const list = async (form) => (await (await fetch(`/api/v1/records/${form}` +
      '?limit=200&filter=' + encodeURIComponent(JSON.stringify(
      { owner: 'me' })))).json()).records;
    const contacts = await list('crm.contact');
    const customers = [...new Set(contacts.map((c) => c.values.customer))];
    return customers.slice(0, 2).map((id) => ({ id, names: contacts.filter(
      (c) => c.values.customer === id).map((c) => c.values.name) }));
  });
  await seller.goto(`/records/crm.activity/new?customer=${one.id}`);
  const contact = seller.locator('input#f-contact');
  const rows = seller.locator('[data-name=contact] [role=option] span');
  await contact.click();
  await eventually(async () => await rows.count() > 0);
  assert.deepEqual((await rows.allTextContents()).sort(),
    [...one.names].sort());
  await seller.locator('[data-name=contact] [role=option]').first().click();
  assert.ok(one.names.includes(await contact.inputValue()));
  // Another customer: who was chosen does not go with it.
  const customer = seller.locator('input#f-customer');
  const name = await seller.evaluate(async (id) => (await (await fetch(
    `/api/v1/records/crm.customer/${id}`)).json()).values.name, other.id);
  await customer.fill(name);
  await seller.locator('[data-name=customer] [role=option]',
    { hasText: name }).first().click();
  await eventually(async () => await contact.inputValue() === '');
  await contact.click();
  await eventually(async () => (await rows.allTextContents()).sort().join() ===
    [...other.names].sort().join());
  await noSidewaysScroll(seller, 'a new activity');
  noFaults(seller);
  await seller.context().close();
});

test('one click down from the department to a person to the deals',
  async () => {
    const boss = await as(browser, site, 'zhou.ming', { locale: 'en' });
    await boss.goto('/m/crm/team');
    await boss.getByRole('link', { name: /Sales South/ }).first().click();
    await boss.getByRole('link', { name: /Lin Xiao/ }).first().click();
    await boss.waitForURL(/f\.manager\.eq=/);
    assert.ok(await boss.locator('#list tbody tr').count() > 5);
    noFaults(boss);
    await boss.context().close();
  });

for (const [size, dark] of [[phone, true], [desktop, false]])
  test(`E25 E53 the pages of crm, ${size.width}, ${dark ? 'dark' : 'light'}`,
    async () => {
      const reader = await as(browser, site, 'li.na',
        { size, dark, locale: 'zh-TW' });
      const known = await customer();
      for (const path of ['/m/crm', '/m/crm/team',
        `/m/crm/customers/${known.id}`]) {
        await reader.goto(path);
        await noSidewaysScroll(reader, path);
        await accessible(reader, path);
      }
      noFaults(reader);
      await reader.context().close();
    });

test('figures above bars never write over each other', async () => {
  for (const [size, least] of [[desktop, 10], [phone, 3]]) {
    const page = await as(browser, site, 'li.na', { locale: 'zh-CN', size });
    await page.goto('/m/crm');
    const boxes = await page.locator('.tn-chart-figure:visible')
      .evaluateAll((all) => all.map((one) => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        return { text: one.textContent, left, right, top, bottom };
      }));
    assert.ok(boxes.length >= least, `${boxes.length} figures`);
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        assert.ok(a.right <= b.left || b.right <= a.left ||
          a.bottom <= b.top + 3 || b.bottom <= a.top + 3,
        `${a.text} over ${b.text} at ${size.width}`);
    noFaults(page);
    await page.context().close();
  }
});
