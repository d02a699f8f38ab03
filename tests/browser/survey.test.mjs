// survey.test.mjs - surveys in a browser: built by an officer, answered on a
// phone, looked at as charts.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite, slow } from '../lib/server.mjs';
import { accessible, as, desktop, eventually, launch, noFaults,
  noSidewaysScroll, phone } from '../lib/browser.mjs';

let site, browser, officer, path;

before(async () => {
  site = await demoSite();
  browser = await launch();
  officer = await as(browser, site, 'huang.yan', { size: desktop });
});
after(async () => {
  if (browser) await browser.close();
  if (site) await site.stop();
});

// The card of the n-th question (from 1).
const card = (page, n) => page.locator('[data-list] > li').nth(n - 1);

async function question(page, kind, title) {
  await page.locator(`[data-add=${kind}]`).click();
  // The focus is where one types.
  await page.keyboard.type(title);
}

describe('Other, and how many', () => {
  test('offered in the builder, told at once where it is wrong', async () => {
    const page = officer;
    await page.goto('/m/survey/new');
    await page.locator('[name=title]').fill('Drinks');
    await question(page, 'multiple', 'What would you drink?');
    await card(page, 1).getByText('Required').click();
    await page.locator('[data-part="options.a1"]').fill('Tea');
    await page.locator('[data-part="options.a2"]').fill('Milk');
    await card(page, 1).getByLabel(/Offer “Other”/).check();
    await card(page, 1).getByLabel('Fewest choices').fill('2');
    await card(page, 1).getByLabel('Most choices').fill('2');
    await question(page, 'text', 'Which?');
    // What is offered may be asked for.
    await card(page, 2).locator('[data-when]').selectOption('q1');
    await card(page, 2).locator('.survey-values').getByLabel('Other').check();
    await card(page, 2).locator('.survey-values').getByLabel('Tea').uncheck();
    await accessible(page, 'builder');
    await noSidewaysScroll(page, 'builder');
    await page.getByLabel('Everybody here').check();
    await Promise.all([page.waitForURL(/\/m\/survey\/\d+\/edit/),
      page.getByRole('button', { name: 'Publish' }).click()]);
    const link = new URL(page.url()).pathname.replace('/edit', '');
    // What people may have chosen stays.
    assert.ok(await card(page, 1).getByLabel(/Offer “Other”/).isDisabled());
    noFaults(page);

    const person = await as(browser, site, 'chen.jing', { size: phone });
    let sent = 0;
    person.on('request', (one) => {
      if (one.method() === 'POST' && one.url().endsWith(link)) sent++;
    });
    await person.goto(link);
    await person.getByText('Choose 2.').waitFor();
    // The page's script is there: what is not asked is away.
    await person.locator('[data-item=q2]').waitFor({ state: 'hidden' });
    const submit = person.locator('[data-submit]');
    const problems = person.locator('[data-problems] li');
    await submit.click();
    await problems.first().waitFor();
    assert.match(await problems.first().textContent(), /drink\?: Please answer/);
    const words = person.locator('[name="q.q1.other"]');
    await words.fill('Juice');
    assert.ok(await person.locator('[data-other]').isChecked());
    await person.locator('[data-item=q2]').waitFor();
    await submit.click();
    assert.match(await problems.first().textContent(), /at least 2/);
    await person.getByLabel('Tea').check();
    await person.getByLabel('Milk').check();
    await submit.click();
    assert.match(await problems.first().textContent(), /at most 2/);
    // Who takes it back has the words again with it.
    await person.locator('[data-other]').uncheck();
    assert.equal(await words.inputValue(), '');
    await person.locator('[data-item=q2]').waitFor({ state: 'hidden' });
    await person.locator('[data-other]').check();
    assert.equal(await words.inputValue(), 'Juice');
    await person.getByLabel('Milk').uncheck();
    await words.fill('');
    await submit.click();
    assert.match(await problems.first().textContent(), /^Other: .*“Other”/);
    await accessible(person, 'answering');
    await noSidewaysScroll(person, 'answering');
    assert.equal(sent, 0);
    await words.fill('Juice');
    await submit.click();
    await person.getByText('Your answers have arrived').waitFor();
    noFaults(person);

    await page.goto(`${link}/results`);
    await page.locator('.survey-texts').getByText('Juice').waitFor();
    await accessible(page, 'results');
  });
});

describe('an officer builds, people answer', () => {
  test('a survey with a branch is built by keyboard and published', async () => {
    const page = officer;
    await page.goto('/m/survey');
    await page.getByRole('link', { name: 'New survey' }).first().click();
    await page.locator('[name=title]').fill('Canteen');
    await question(page, 'single', 'Do you eat there?');
    await page.locator('[data-part="options.a1"]').fill('Yes');
    await page.keyboard.press('Tab');
    await page.locator('[data-part="options.a2"]').fill('No');
    // Enter makes another option.
    await page.keyboard.press('Enter');
    await page.keyboard.type('Sometimes');
    await card(page, 1).getByLabel('Required').check();
    await question(page, 'scale', 'How is it?');
    await card(page, 2).getByLabel('Required').check();
    await card(page, 2).locator('[data-when]').selectOption('q1');
    await question(page, 'text', 'Wishes');
    assert.equal(await page.locator('[data-list] > li').count(), 3);
    // Moved up by Alt and the arrow, and back by undoing.
    await card(page, 3).locator('[data-title]').press('Alt+ArrowUp');
    assert.equal(await card(page, 2).locator('[data-title]').inputValue(),
      'Wishes');
    await page.keyboard.press('Control+z');
    assert.equal(await card(page, 3).locator('[data-title]').inputValue(),
      'Wishes');
    await page.getByLabel('Everybody here').check();
    await Promise.all([page.waitForURL(/\/m\/survey\/\d+\/edit/),
      page.getByRole('button', { name: 'Publish' }).click()]);
    path = new URL(page.url()).pathname.replace('/edit', '');
    assert.equal(await card(page, 2).locator('[data-title]').inputValue(),
      'How is it?');
    await accessible(page, 'builder');
    noFaults(page);
  });

  test('E14_ a question comes at once, and what is hidden is not sent',
    async () => {
      const page = await as(browser, site, 'sun.tao', { size: phone });
      await page.goto(path);
      const scale = page.locator('[data-item=q2]');
      await scale.waitFor({ state: 'hidden' });
      await page.getByLabel('Yes', { exact: true }).check();
      const took = await page.evaluate(() => new Promise((done) => {
        const box = document.querySelector('[data-item=q2]');
        const no = document.querySelector('[name="q.q1"][value=a2]');
        const start = performance.now();
        no.click();
        requestAnimationFrame(() => done(box.hidden
          ? performance.now() - start : Infinity));
      }));
      assert.ok(took < 100 * slow, `${took} ms`);
      await page.getByLabel('Yes', { exact: true }).check();
      await scale.locator('label').nth(3).click();
      await page.getByLabel('No', { exact: true }).check();
      await page.locator('[name="q.q3"]').fill('More soup');
      await noSidewaysScroll(page, 'answering');
      await accessible(page, 'answering');
      const [request] = await Promise.all([
        page.waitForRequest((one) => one.method() === 'POST' &&
          one.url().endsWith(path)),
        page.locator('[data-submit]').click()]);
      assert.doesNotMatch(request.postData(), /q\.q2/);
      await page.getByText('Your answers have arrived').waitFor();
      noFaults(page);
    });

  test('what is missing is told at its question; the page closed while ' +
    'typing has the text still', async () => {
    const page = await as(browser, site, 'li.na', { size: phone });
    await page.goto(path);
    await page.locator('[name="q.q3"]').fill('A salad bar');
    await page.locator('[data-submit]').click();
    const summary = page.locator('[data-problems] a');
    await summary.waitFor();
    assert.match(await summary.textContent(), /Do you eat there\?/);
    await eventually(() => page.evaluate(() => Object.keys(localStorage)
      .some((key) => localStorage[key].includes('salad'))));
    await page.reload();
    await page.getByRole('button', { name: /restore|continue|use/i }).first()
      .click();
    assert.equal(await page.locator('[name="q.q3"]').inputValue(),
      'A salad bar');
    await page.getByLabel('Sometimes').check();
    await page.locator('[data-submit]').click();
    await page.getByText('Your answers have arrived').waitFor();
    noFaults(page);
  });

  test('without scripts it is answered as well', async () => {
    const page = await as(browser, site, 'zhao.min',
      { size: phone, scripts: false });
    await page.goto(path);
    await page.getByText('Only if you answered “Do you eat there?” with Yes')
      .waitFor();
    await page.getByLabel('Yes', { exact: true }).check();
    await page.locator('[data-submit]').click();
    await page.getByText('Please answer this').first().waitFor();
    assert.ok(await page.getByLabel('Yes', { exact: true }).isChecked());
    await page.locator('[data-item=q2] label').nth(4).click();
    await page.locator('[data-submit]').click();
    await page.getByText('Your answers have arrived').waitFor();
  });

  test('the results are charts, by light and dark, on a phone too',
    async () => {
      await officer.goto(`${path}/results`);
      await officer.getByText('3 answers').first().waitFor();
      await officer.locator('.tn-chart').first().waitFor();
      await officer.getByLabel('Break down by').selectOption('q1');
      await officer.getByRole('button', { name: 'Show' }).click();
      await officer.locator('.survey-crosstable').first().waitFor();
      await accessible(officer, 'results');
      noFaults(officer);
      const page = await as(browser, site, 'huang.yan',
        { size: phone, dark: true, locale: 'zh-CN' });
      for (const part of ['/edit', '/results']) {
        await page.goto(path + part);
        await noSidewaysScroll(page, part);
        await accessible(page, part);
      }
      // The export by a job, which few answers would not need.
      await page.evaluate(() => {
        const form = document.querySelector('form[action$="/close"]');
        form.action = form.action.replace('/close', '/export');
        form.submit();
      });
      await page.waitForURL(/\/jobs\/\d+/);
      await page.getByRole('link', { name: /survey-\d+\.csv/ }).waitFor();
      await page.getByText('已导出 3 份答卷').waitFor();
      await noSidewaysScroll(page, 'the job');
      await accessible(page, 'the job');
      noFaults(page);
    });
});
