// Expectations of newcomers that no story has: one click in (E1), languages
// and colours before signing in (E5, E50), the mail's link (E28), places kept
// (E8, E17, E24) where other tests do not look: on the phone and in tasks.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { launch, as, visitor, phone, desktop, accessible, noSidewaysScroll,
  noFaults, eventually } from '../lib/browser.mjs';

let site;
let browser;
let applicant;

before(async () => {
  site = await demoSite();
  browser = await launch();
  applicant = await signedIn(site, 'zhang.wei');
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

async function apply(purpose) {
  const answer = await applicant.post('/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '10' }] } },
  { 'idempotency-key': purpose });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
}

for (const [size, locale, scripts] of [[desktop, 'en', true],
  [phone, 'zh-CN', true], [phone, 'zh-TW', false]])
  test(`E1 one click in, ${size.width} px, ${locale}${scripts ? ''
    : ', without scripts'}`, async () => {
    const page = await visitor(browser, site, { size, locale, scripts });
    await page.goto('/');
    assert.match(page.url(), /\/sign-in/);
    const people = page.locator('form[action="/sign-in/demo"] button');
    assert.ok(await people.count() >= 5);
    await page.locator('button[name=person][value="li.na"]').click();
    await page.waitForURL((url) => url.pathname === '/');
    assert.equal((await page.goto('/tasks')).status(), 200);
    // In a site with data, not an empty one.
    await page.locator('.tn-tabs a').first().waitFor();
    assert.match(await page.locator('body').innerText(), /demo|演示|示範|展示/i);
    await noSidewaysScroll(page);
    noFaults(page);
    await page.context().close();
  });

test('E5 the language of the browser before signing in, and a switch',
  async () => {
    for (const [locale, lang] of [['zh-TW', 'zh-TW'], ['zh-HK', 'zh-TW'],
      ['zh-CN', 'zh-CN'], ['en-GB', 'en'], ['fr', 'en']]) {
      const page = await visitor(browser, site, { locale });
      await page.goto('/sign-in');
      assert.equal(await page.locator('html').getAttribute('lang'), lang,
        locale);
      await page.context().close();
    }
    const page = await visitor(browser, site, { locale: 'en' });
    await page.goto('/sign-in');
    const button = page.locator('button[name=locale][value="zh-TW"]').first();
    if (!await button.isVisible())
      await page.locator('summary', { has: page.locator('svg') }).first()
        .click();
    await button.click();
    await eventually(async () =>
      (await page.locator('html').getAttribute('lang')) === 'zh-TW');
    assert.match(page.url(), /\/sign-in/);
    await page.context().close();
  });

test('E50 dark from the first frame, chosen or by the system, print light',
  async () => {
    const bright = (page) => page.evaluate(() => getComputedStyle(
      document.body).backgroundColor.match(/\d+/g).slice(0, 3)
      .reduce((sum, part) => sum + Number(part), 0) > 384);
    for (const scripts of [true, false]) {
      const page = await visitor(browser, site, { dark: true, scripts });
      for (const path of ['/sign-in', '/no/such/page']) {
        await page.goto(path, { waitUntil: 'commit' });
        await page.waitForLoadState('domcontentloaded');
        assert.equal(await bright(page), false, `${path} ${scripts}`);
      }
      await page.context().close();
    }
    // The person's own choice wins over the system's, before any script.
    const page = await as(browser, site, 'sun.tao', { dark: false });
    const answer = await page.evaluate(async () => {
      const body = new URLSearchParams({ theme: 'dark', return: '/',
        _csrf: document.querySelector('[name=_csrf]').value });
      return (await fetch('/preferences/theme', { method: 'POST', body }))
        .status;
    });
    assert.equal(answer, 200);
    const html = await (await page.request.get('/')).text();
    assert.match(html, /<html[^>]* data-bs-theme="dark"/);
    await page.goto('/');
    assert.equal(await bright(page), false);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await bright(page), true, 'print is light');
    await page.context().close();
  });

test('E28 the address in a mail shows, and changes nothing, by GET or HEAD',
  async () => {
    const record = await apply('E28 by link');
    const page = await as(browser, site, 'li.na', { size: phone });
    await page.goto('/tasks');
    const task = await page.locator(`a[data-record="${record}"]`).first()
      .getAttribute('href');
    for (const query of ['', '?decision=approve', '?decision=reject&comment=x',
      '/decision', '/decision?decision=approve'])
      for (const method of ['GET', 'HEAD']) {
        const answer = await page.request.fetch(task + query,
          { method, maxRedirects: 0 });
        assert.ok([200, 400, 404, 405, 422].includes(answer.status()),
          `${method} ${query}: ${answer.status()}`);
      }
    // A mail program or a proxy may fetch it, with the cookie, many times.
    await Promise.all(Array.from({ length: 5 }, () => page.request.get(task)));
    const state = (await applicant.get(`/api/v1/records/budget/${record}`))
      .body;
    assert.equal(state.state, 'running');
    const open = await signedIn(site, 'li.na');
    assert.ok((await open.get('/api/v1/tasks?limit=200')).body.tasks
      .some((t) => t.record === record));
    await page.context().close();
  });

test('E28 a link that needs signing in leads there, then to the task',
  async () => {
    const record = await apply('E28 signed out');
    const open = await signedIn(site, 'li.na');
    const { id } = (await open.get('/api/v1/tasks?limit=200')).body.tasks
      .find((t) => t.record === record);
    const page = await visitor(browser, site, { size: phone });
    await page.goto(`/tasks/${id}`);
    assert.match(page.url(), /\/sign-in\?return=/);
    await page.locator('button[name=person][value="li.na"]').click();
    await page.waitForURL(new RegExp(`/tasks/${id}$`));
    await page.locator('button[name=decision][value=approve]').first()
      .waitFor();
    await accessible(page);
    await page.context().close();
  });

test('E8 the decision bar stays inside the screen at any scroll', async () => {
  const record = await apply('E8 of a task');
  for (const size of [phone, desktop]) {
    const page = await as(browser, site, 'li.na', { size });
    await page.goto('/tasks');
    await page.locator(`a[data-record="${record}"]`).first().click();
    const approve = page.locator('button[name=decision][value=approve]')
      .first();
    await approve.waitFor();
    const first = await approve.boundingBox();
    for (const part of [0.5, 1, 0]) {
      await page.evaluate((at) => globalThis.scrollTo(0,
        at * document.documentElement.scrollHeight), part);
      const now = await approve.boundingBox();
      assert.equal(Math.round(now.x), Math.round(first.x));
      assert.ok(now.y >= 0 && now.y + now.height <= size.height,
        `at ${part}: ${now.y}`);
    }
    await page.context().close();
  }
});

test('E24 back from a task keeps the tab of the box and the place',
  async () => {
    for (let i = 0; i < 12; i += 1) await apply(`E24 ${i}`);
    const page = await as(browser, site, 'li.na', { size: phone });
    await page.goto('/tasks?box=todo');
    const links = page.locator('main a[data-record][href^="/tasks/"]');
    await links.first().waitFor();
    const link = links.nth(Math.min(10, await links.count() - 1));
    await link.scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => globalThis.scrollY);
    await link.click();
    await page.locator('button[name=decision]').first().waitFor();
    await page.goBack();
    await links.first().waitFor();
    await eventually(async () => Math.abs(
      await page.evaluate(() => globalThis.scrollY) - before) < 80);
    assert.match(page.url(), /box=todo/);
    await page.context().close();
  });

test('E55 the dialog that asks again holds the focus and gives it back',
  async () => {
    const page = await as(browser, site, 'zhang.wei', { locale: 'en' });
    await page.goto('/me');
    const button = page.locator('button[data-confirm]').first();
    await button.focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    assert.ok(await page.evaluate(() =>
      !!document.activeElement.closest('dialog[open]')));
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() =>
        document.activeElement === document.body ||
        !!document.activeElement.closest('dialog[open]')));
    }
    await page.keyboard.press('Escape');
    await eventually(async () => !await page.locator('dialog[open]').count());
    assert.ok(await button.evaluate((el) => document.activeElement === el));
    // Nothing was sent: still signed in.
    assert.equal((await page.goto('/me')).status(), 200);
    assert.match(page.url(), /\/me$/);
    noFaults(page);
    await page.context().close();
  });
