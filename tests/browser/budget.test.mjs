// The main job, end to end: an activity budget finds its approvers.
// One language per width; --long runs each language at each width.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite } from '../lib/server.mjs';
import { launch, as, visitor, signIn, phone, desktop, accessible,
  noSidewaysScroll, noFaults, eventually, pdf } from '../lib/browser.mjs';

const matrix = process.env.TENON_LONG
  ? [['en', desktop], ['en', phone], ['zh-CN', desktop], ['zh-CN', phone]]
  : [['zh-CN', phone]];

const count = async (page) => {
  const badge = page.locator('[data-count=tasks]').first();
  return Number((await badge.textContent() || '0').trim() || 0);
};

// Fills in the budget form that is open; rows of [name, quantity, price].
async function fill(page, { purpose, date = '2026-12-15', rows }) {
  if (purpose !== undefined)
    await page.locator('[name=purpose]').fill(purpose);
  await page.locator('[name=date]').fill(date);
  for (const [i, row] of rows.entries()) {
    if (await page.locator(`[name="items.${i}.name"]`).count() === 0)
      await page.locator('[data-add-row]').first().click();
    await page.locator(`[name="items.${i}.name"]`).fill(row[0]);
    await page.locator(`[name="items.${i}.quantity"]`).fill(String(row[1]));
    await page.locator(`[name="items.${i}.unit_price"]`).fill(String(row[2]));
  }
}

async function openBudget(page) {
  await page.goto('/apply');
  await page.locator('a[href*="/budget/new"]').first().click();
  await page.locator('form[data-form=budget]').waitFor();
}

// Presses the primary button and waits for the record's page.
async function submit(page) {
  await Promise.all([
    page.waitForURL(/\/records\/budget\/\d+$/),
    page.locator('[form=record-form].btn-primary, #record-form .btn-primary')
      .first().click(),
  ]);
  return page.url().match(/(\d+)$/)[1];
}

async function apply(page, budget) {
  await openBudget(page);
  await fill(page, budget);
  return submit(page);
}

async function openTask(page, record) {
  await page.goto('/tasks');
  const link = page.locator(`a[href^="/tasks/"][data-record="${record}"]`);
  await eventually(async () => {
    if (await link.count()) return true;
    await page.goto('/tasks');
    return false;
  });
  await link.first().click();
  await page.locator('[name=decision]').first().waitFor();
}

async function decide(page, value, comment) {
  if (comment) await page.locator('[name=comment]').first().fill(comment);
  const button = page.locator(`button[name=decision][value=${value}]`).first();
  const old = page.url();
  await button.click();
  const confirm = page.locator('dialog[open] .btn-primary, dialog[open] .btn-danger');
  await eventually(async () => {
    if (page.url() !== old) return true;
    if (await confirm.count()) await confirm.first().click();
    return false;
  });
}

const stateOf = async (page, record) => page.evaluate(async (id) =>
  (await (await fetch(`/api/v1/records/budget/${id}`)).json()).state, record);

for (const [locale, size] of matrix) {
  describe(`the budget, ${locale}, ${size.width} px`, () => {
    let site;
    let browser;
    before(async () => {
      site = await demoSite();
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await site?.stop();
    });

    test('a missing purpose and a negative price stand at their fields (E12)',
      async () => {
        const page = await as(browser, site, 'zhang.wei', { size, locale });
        await openBudget(page);
        await fill(page, { purpose: '', rows: [['椅子 chair', 2, '-5']] });
        await page.locator('[form=record-form].btn-primary, ' +
          '#record-form .btn-primary').first().click();
        await page.locator('.is-invalid, [aria-invalid=true]').first()
          .waitFor();
        const summary = page.locator('[data-problems], .tn-problems').first();
        await summary.waitFor();
        assert.ok(await summary.evaluate((node) =>
          node.contains(document.activeElement)), 'focus is in the summary');
        await summary.locator('a[href="#f-purpose"]').click();
        assert.equal(await page.evaluate(() =>
          document.activeElement.getAttribute('name')), 'purpose');
        assert.equal(await page.locator('[name="items.0.name"]').inputValue(),
          '椅子 chair');
        assert.equal(Number(await page
          .locator('[name="items.0.unit_price"]').inputValue()), -5);
        await accessible(page);
        await noSidewaysScroll(page);
        noFaults(page);
      });

    test('up to 5,000: head, then finance; the applicant is told', async () => {
      const me = await as(browser, site, 'zhang.wei', { size, locale });
      const head = await as(browser, site, 'li.na', { size, locale });
      const money = await as(browser, site, 'liu.yang', { size, locale });
      const manager = await as(browser, site, 'zhou.ming', { size, locale });
      const headHad = await count(head);
      const moneyHad = await count(money);
      const managerHad = await count(manager);

      await openBudget(me);
      await fill(me, { purpose: '新品发布 Launch',
        rows: [['Room', 1, '1200.50'], ['Tea', 30, '25']] });
      await eventually(async () =>
        /1,?950\.50/.test(await me.locator('body').innerText() +
          await me.locator('[name=total]').evaluateAll((nodes) =>
            nodes.map((node) => node.value).join(' '))));
      await me.locator('input[type=file]').first().setInputFiles({
        name: 'quotation.pdf', mimeType: 'application/pdf', buffer: pdf() });
      await me.getByText('quotation.pdf').first().waitFor();
      const record = await submit(me);

      // The count changes without reload.
      await eventually(async () => await count(head) === headHad + 1);
      await openTask(head, record);
      await head.getByText('quotation.pdf').first().waitFor();
      const bar = await head.locator('button[name=decision]').first()
        .boundingBox();
      const height = size.height;
      assert.ok(bar.y + bar.height <= height && bar.y > height - 120,
        `decision bar at the bottom (E27): ${JSON.stringify(bar)}`);
      await accessible(head);
      await noSidewaysScroll(head);
      await decide(head, 'approve', 'Good plan');

      await eventually(async () => await count(money) === moneyHad + 1);
      assert.equal(await count(manager), managerHad, 'not over 5,000');
      await openTask(money, record);
      await money.getByText('Good plan').first().waitFor();
      await decide(money, 'approve');
      await eventually(async () => await stateOf(me, record) === 'approved');
      await me.goto('/messages');
      await me.locator('a[href*="/messages/"]', { hasText: '新品发布 Launch' })
        .first().click();
      await me.waitForURL(new RegExp(`/records/budget/${record}$`));
      for (const page of [me, head, money]) noFaults(page);
    });

    test('over 5,000: also the general manager; returned and submitted again',
      async () => {
        const me = await as(browser, site, 'wang.fang', { size, locale });
        const head = await as(browser, site, 'li.na', { size, locale });
        const record = await apply(me, { purpose: 'Fair 展会',
          rows: [['Stand', 1, '5200'], ['Bus', 2, '100']] });

        await openTask(head, record);
        await decide(head, 'return', 'Please add the hotel');
        await eventually(async () => await stateOf(me, record) === 'returned');
        await me.goto(`/records/budget/${record}`);
        await me.getByText('Please add the hotel').first().waitFor();
        await me.locator('a[href$="/edit"]').first().click();
        await me.locator('form[data-form=budget]').waitFor();
        await me.locator('[name=purpose]').fill('Fair with hotel 展会与住宿');
        await submit(me);

        await openTask(head, record);
        await decide(head, 'approve');
        const manager = await as(browser, site, 'zhou.ming', { size, locale });
        await openTask(manager, record);
        await decide(manager, 'approve');
        const money = await as(browser, site, 'chen.jing', { size, locale });
        await openTask(money, record);
        await decide(money, 'reject', 'Not this quarter');
        await eventually(async () => await stateOf(me, record) === 'rejected');
      });

    test('a head does not approve the own budget', async () => {
      const head = await as(browser, site, 'li.na', { size, locale });
      const record = await apply(head, { purpose: 'Team day 团建',
        rows: [['Bus', 1, '800']] });
      await head.goto('/tasks');
      assert.equal(await head.locator(
        `a[href^="/tasks/"][data-record="${record}"]`).count(), 0);
      const superior = await as(browser, site, 'zhou.ming', { size, locale });
      await openTask(superior, record);
      await decide(superior, 'approve');
    });

    test('E32 after a decision the next task is on the screen', async () => {
      const me = await as(browser, site, 'wang.fang', { size, locale });
      for (const purpose of ['One 一', 'Two 二'])
        await apply(me, { purpose, rows: [['Pens', 1, '10']] });
      const head = await as(browser, site, 'li.na', { size, locale });
      await head.goto('/tasks');
      await head.locator('a[href^="/tasks/"][data-record]').first().click();
      const old = head.url();
      await decide(head, 'approve');
      assert.notEqual(head.url(), old);
      assert.match(new URL(head.url()).pathname, /^\/tasks/);
    });

    test('E6 leaving a form saves nothing and offers the draft', async () => {
      const me = await as(browser, site, 'lin.xiao', { size, locale });
      await openBudget(me);
      await fill(me, { purpose: '草稿 kept', rows: [['Pens', 3, '2.5']] });
      await eventually(() => me.evaluate(() => Object.entries(localStorage)
        .some(([key, text]) => key.startsWith('tenon.draft:') &&
          text.includes('草稿 kept') && text.includes('2.5'))));
      await me.goto('/apply');
      await openBudget(me);
      const offer = me.locator('[data-draft] button').first();
      await offer.waitFor();
      await offer.click();
      await eventually(async () =>
        await me.locator('[name=purpose]').inputValue() === '草稿 kept');
      assert.equal(await me.locator('[name="items.0.name"]').inputValue(),
        'Pens');
    });

    test('E9 a session that ends while typing: sign in in place, text kept',
      async () => {
        const me = await as(browser, site, 'lin.xiao', { size, locale });
        await openBudget(me);
        await fill(me, { purpose: 'Long text 很长', rows: [['Pens', 3, '2']] });
        await me.context().clearCookies();
        await me.locator('[form=record-form].btn-primary, ' +
          '#record-form .btn-primary').first().click();
        const dialog = me.locator('dialog[open]');
        await dialog.waitFor();
        await dialog.locator('[name=username]').fill('lin.xiao');
        await dialog.locator('[name=password]').fill('tenon-demo');
        await Promise.all([
          me.waitForURL(/\/records\/budget\/\d+$/),
          dialog.locator('button.btn-primary').first().click(),
        ]);
        await me.getByText('Long text 很长').first().waitFor();
      });

    test('E10 the Enter of an input method submits nothing', async () => {
      const me = await as(browser, site, 'lin.xiao', { size, locale });
      await openBudget(me);
      let posts = 0;
      me.on('request', (r) => { if (r.method() === 'POST') posts += 1; });
      const cdp = await me.context().newCDPSession(me);
      await me.locator('[name=purpose]').focus();
      await cdp.send('Input.imeSetComposition',
        { text: '你hao', selectionStart: 2, selectionEnd: 2 });
      await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown',
        windowsVirtualKeyCode: 229, code: 'Enter', key: 'Process' });
      await cdp.send('Input.insertText', { text: '你好' });
      await me.waitForTimeout(300);
      assert.equal(posts, 0);
      assert.match(me.url(), /\/new/);
      assert.match(await me.locator('[name=purpose]').inputValue(), /你好/);
    });
  });
}

test('E54 the story by keyboard alone', async () => {
  const site = await demoSite();
  const browser = await launch();
  try {
    const page = await visitor(browser, site, {});
    await page.goto('/sign-in');
    await page.locator('form[data-sign-in] [name=username]').focus();
    await page.keyboard.type('zhang.wei');
    await page.keyboard.press('Tab');
    await page.keyboard.type('tenon-demo');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL(/\/apply/);
    const tabTo = async (selector, most = 80) => {
      for (let i = 0; i < most; i += 1) {
        if (await page.evaluate((s) =>
          document.activeElement?.matches(s), selector)) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`Tab never reached ${selector}`);
    };
    await tabTo('a[href*="/budget/new"]');
    await page.keyboard.press('Enter');
    await page.locator('form[data-form=budget]').waitFor();
    await tabTo('[name=purpose]');
    await page.keyboard.type('By keyboard 键盘');
    await tabTo('[name=date]');
    await page.keyboard.type('12152026');
    await tabTo('[name="items.0.name"]');
    await page.keyboard.type('Pens');
    await tabTo('[name="items.0.quantity"]');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('4');
    await tabTo('[name="items.0.unit_price"]');
    await page.keyboard.type('2.50');
    await Promise.all([
      page.waitForURL(/\/records\/budget\/\d+$/),
      page.keyboard.press('Control+Enter'),
    ]);
    noFaults(page);
  } finally {
    await browser.close();
    await site.stop();
  }
});

test('without scripts: a task is read and decided', async () => {
  const site = await demoSite();
  const browser = await launch();
  try {
    const me = await as(browser, site, 'zhang.wei', {});
    const record = await apply(me, { purpose: 'Plain', rows: [['x', 1, '1']] });
    const head = await as(browser, site, 'li.na', { scripts: false });
    await head.goto('/tasks');
    await head.locator(`a[href^="/tasks/"][data-record="${record}"]`).first()
      .click();
    await head.waitForURL(/\/tasks\/\d+/);
    const task = head.url();
    await head.locator('button[name=decision][value=approve]').first().click();
    await head.waitForURL((url) => url.href !== task);
    const money = await as(browser, site, 'chen.jing', {});
    await openTask(money, record);
  } finally {
    await browser.close();
    await site.stop();
  }
});

test('signing in from a sign-in page that remembers where one wanted to go',
  async () => {
    const site = await demoSite();
    const browser = await launch();
    try {
      const page = await visitor(browser, site, {});
      await page.goto('/tasks');
      await page.waitForURL(/\/sign-in/);
      await page.locator('[name=username]').first().fill('li.na');
      await page.locator('[name=password]').first().fill('tenon-demo');
      await page.locator('form[data-sign-in] button.btn-primary').first().click();
      await page.waitForURL(/\/tasks$/);
      await page.context().clearCookies();
      await signIn(page, 'li.na');
    } finally {
      await browser.close();
      await site.stop();
    }
  });
