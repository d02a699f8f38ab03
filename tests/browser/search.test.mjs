// The palette (E45), search by pinyin and digits (E46), and the keyboard.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite, run } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { accessible, as, desktop, eventually, launch, noFaults, noSidewaysScroll,
  phone } from '../lib/browser.mjs';

let site, browser;
before(async () => {
  site = await demoSite();
  run('user', '--site', site.folder, 'add', 'zw', '--name', '张伟', '--link');
  const zhang = await signedIn(site, 'zhang.wei');
  for (const [i, purpose] of ['Lamp', '青松茶馆 138-0013 8000'].entries())
    await zhang.post('/api/v1/records/budget', { state: 'draft', values: {
      purpose, date: `2026-12-1${i}`, items: [] } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const palette = (page) => page.locator('dialog.tn-palette');
const options = (page) => palette(page).locator('[role=option]');

// Keys are heard when the page's code is there.
const openPalette = (page, key = 'Control+k') => eventually(async () => {
  await page.keyboard.press(key);
  return palette(page).isVisible();
});

// Puts one of each kind of field that keeps keys for itself on the page.
async function fields(page) {
  await page.evaluate(() => {
    const main = document.querySelector('main');
    const add = (tag, id, more) => {
      const element = Object.assign(document.createElement(tag), { id, ...more });
      main.append(element);
      return element;
    };
    add('input', 'plain', { value: 'text' });
    const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
    add('div', 'rich', { contentEditable: 'true', textContent: 'rich text' })
      .addEventListener('keydown', swallow);
    const shadow = add('div', 'code').attachShadow({ mode: 'open' });
    const inner = Object.assign(document.createElement('div'),
      { contentEditable: 'true', textContent: 'code()' });
    inner.addEventListener('keydown', swallow);
    shadow.append(inner);
  });
}

test('E45 Ctrl+K opens with the focus in any field, Esc gives it back',
  async () => {
    const page = await as(browser, site, 'zhang.wei');
    await page.goto('/me');
    await fields(page);
    for (const [key, focus, where] of [
      ['Control+k', () => page.locator('#plain').focus(),
        () => document.activeElement.id === 'plain'],
      ['Meta+k', () => page.locator('#rich').click(),
        () => document.activeElement.id === 'rich' &&
          getSelection().anchorNode.parentElement.id === 'rich'],
      ['Control+k', () => page.locator('#code div').click(),
        () => document.activeElement.id === 'code' &&
          document.activeElement.shadowRoot.activeElement !== null],
      ['Control+k', () => page.locator('#f-zone').focus(),
        () => document.activeElement.id === 'f-zone']]) {
      await focus();
      await openPalette(page, key);
      assert.ok(await page.evaluate(() =>
        document.activeElement.matches('.tn-palette input')));
      await page.keyboard.press('Escape');
      await palette(page).waitFor({ state: 'detached' });
      assert.ok(await page.evaluate(where), key + where);
    }
    noFaults(page);
    await page.context().close();
  });

test('E45 it finds pages, records, people, applications, actions', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await page.goto('/records/budget');
  for (const [text, expected] of [['task', 'My tasks'], ['lamp', /^Lamp.+/],
    ['li.na', 'Li Na'], ['budget', 'Apply: '], ['new', 'New']]) {
    await openPalette(page);
    await palette(page).locator('input').fill(text);
    await options(page).filter({ hasText: expected }).first().waitFor();
    await page.keyboard.press('Escape');
  }
  // By keyboard alone; what was chosen comes first the next time.
  await openPalette(page);
  await page.keyboard.type('lamp');
  const lamp = options(page).filter({ hasText: /^Lamp.+/ }).first();
  await lamp.waitFor();
  while (await lamp.getAttribute('aria-selected') !== 'true')
    await page.keyboard.press('ArrowDown');
  await Promise.all([page.waitForURL(/\/records\/budget\/\d+$/),
    page.keyboard.press('Enter')]);
  await openPalette(page);
  await options(page).first().waitFor();
  assert.match(await options(page).first().textContent(), /Lamp/);
  await accessible(page, 'palette');
  noFaults(page);
  await page.context().close();
});

test('E10 E45 an input method\'s keys choose nothing', async () => {
  const page = await as(browser, site, 'zhang.wei');
  await openPalette(page);
  const input = palette(page).locator('input');
  await input.evaluate((element) => {
    element.value = 'lamp';
    for (const key of ['Enter', 'ArrowDown'])
      element.dispatchEvent(new KeyboardEvent('keydown',
        { key, isComposing: true, bubbles: true, cancelable: true }));
    element.dispatchEvent(new InputEvent('input',
      { isComposing: true, bubbles: true }));
  });
  assert.equal(new URL(page.url()).pathname, '/');
  assert.equal(await options(page).first().getAttribute('aria-selected'),
    'true');
  assert.equal(await palette(page).locator('[role=status]').count(), 1);
  await page.context().close();
});

test('E46 pinyin initials find the person, digits the telephone number',
  async () => {
    const page = await as(browser, site, 'zhang.wei', { locale: 'zh-CN' });
    for (const [text, expected] of [['zhw', '张伟'], ['8000', '青松茶馆'],
      ['qscg', '青松茶馆']]) {
      await page.goto('/search');
      await page.locator('main input[type=search]').fill(text);
      await page.keyboard.press('Enter');
      await page.waitForURL(/q=/);
      await page.locator('main .tn-rowlink').filter({ hasText: expected })
        .first().waitFor();
    }
    // Nobody else's draft.
    const other = await as(browser, site, 'wang.fang');
    await other.goto('/search?q=8000');
    assert.equal(await other.locator('main .tn-rowlink').count(), 0);
    await other.context().close();
    await page.context().close();
  });

for (const size of [phone, desktop])
  test(`search at ${size.width} px: readable, and without scripts`, async () => {
    const page = await as(browser, site, 'zhang.wei',
      { size, scripts: size !== phone });
    await page.goto('/');
    if (size === phone) {
      await page.locator('.tn-tools a[href="/search"]').click();
      await page.locator('main input[type=search]').fill('lamp');
      await page.locator('main input[type=search]').press('Enter');
      assert.equal(await page.locator('main mark').first().textContent(),
        'Lamp');
    } else {
      await page.goto('/search?q=lamp');
      await accessible(page, 'search');
      await noSidewaysScroll(page, 'search');
    }
    await page.context().close();
  });

test('on a phone the palette is a sheet that covers the page', async () => {
  const page = await as(browser, site, 'zhang.wei', { size: phone });
  await page.locator('.tn-tools [data-palette-open]').click();
  const box = await palette(page).boundingBox();
  assert.deepEqual([box.x, box.y, box.width], [0, 0, phone.width]);
  assert.ok(box.height >= phone.height - 1);
  await palette(page).locator('button').click();
  await palette(page).waitFor({ state: 'detached' });
  await page.context().close();
});

test('keys: places, lists, help, and none while somebody types', async () => {
  const page = await as(browser, site, 'zhang.wei');
  const at = (path) => page.waitForURL((url) => url.pathname === path,
    { timeout: 3000 });
  for (const [keys, path] of [['gt', '/tasks'], ['ga', '/apply'],
    ['gr', '/records'], ['gm', '/messages'], ['gp', '/me'], ['gh', '/']]) {
    await page.locator('.tn-find').waitFor();
    await eventually(() => page.keyboard.type(keys).then(() => at(path))
      .then(() => true, () => false));
  }
  const help = page.locator('dialog[open] .tn-keys');
  await eventually(() => page.keyboard.press('?').then(() =>
    help.isVisible()));
  for (const key of ['Ctrl', 'j', 'x', 'e', 'n', '/'])
    assert.ok(await help.locator('kbd', { hasText: key }).count() > 0, key);
  await page.keyboard.press('Escape');

  await page.goto('/records/budget');
  const row = page.locator('tbody tr.is-focus');
  await eventually(() => page.keyboard.press('j').then(() => row.count()));
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  assert.equal(await row.count(), 1);
  const tick = row.locator('[data-tick]');
  if (await tick.count()) {
    await page.keyboard.press('x');
    assert.ok(await tick.isChecked());
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/records\/budget\/\d+$/);
  await eventually(() => page.keyboard.press('e').then(() =>
    page.waitForURL(/\/edit$/, { timeout: 1000 })).then(() => true, () => false));
  const purpose = page.locator('[name=purpose]');
  await purpose.fill('');
  await purpose.type('gt?/jx');
  assert.equal(await purpose.inputValue(), 'gt?/jx');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  await Promise.all([page.waitForRequest((request) =>
    request.method() === 'POST'), page.keyboard.press('Control+Enter')]);

  await page.goto('/records/budget');
  await eventually(() => page.keyboard.press('/').then(() => page.evaluate(() =>
    document.activeElement.matches('main input[type=search]'))));
  noFaults(page);
  await page.context().close();
});
