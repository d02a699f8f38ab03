// browser.mjs - Chromium for the browser stories: contexts by width, language
// and colour scheme, signing in, axe-core, and what every story checks.
import { chromium } from 'playwright-core';
import { existsSync, readFileSync } from 'node:fs';
import assert from 'node:assert/strict';

export const phone = { width: 360, height: 780 };
export const desktop = { width: 1280, height: 800 };
const slow = Number(process.env.TENON_SLOW || 1);
const axe = readFileSync(
  new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

// The one without a window's frame answers a third sooner.
const program = process.env.CHROMIUM ||
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);

export async function launch() {
  return chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
}

// A person's browser: its own cookies and storage.
export async function visitor(browser, site, {
  size = desktop, locale = 'en', dark = false, scripts = true, motion = false,
} = {}) {
  const context = await browser.newContext({
    baseURL: site.url, viewport: size, locale,
    hasTouch: size.width < 600, isMobile: size.width < 600,
    colorScheme: dark ? 'dark' : 'light', javaScriptEnabled: scripts,
    timezoneId: 'Asia/Shanghai',
    // Pages that fade into each other cost a fifth of the time, and without
    // scripts nothing asks for the frames that end it.
    reducedMotion: motion ? 'no-preference' : 'reduce',
  });
  context.setDefaultTimeout(10000 * slow);
  const page = await context.newPage();
  page.faults = [];
  // A view transition that a faster navigation overtakes is no fault.
  page.on('pageerror', (error) => {
    if (!/Transition was (aborted|skipped)/.test(error.message))
      page.faults.push(`script: ${error.message}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' &&
        // What a navigation cuts off, and answers that a story asks for.
        !/Failed to fetch|status of (401|403|404|409|413|422|5\d\d)/
          .test(message.text()))
      page.faults.push(`console: ${message.text()}`);
  });
  return page;
}

// Signs in on the sign-in page, as a person does.
export async function signIn(page, login, password = 'tenon-demo') {
  await page.goto('/sign-in');
  const form = page.locator('form[data-sign-in]');
  await form.locator('[name=username]').fill(login);
  await form.locator('[name=password]').fill(password);
  await Promise.all([
    page.waitForURL((url) => !url.pathname.startsWith('/sign-in')),
    form.locator('button.btn-primary').click(),
  ]);
}

// Who has signed in on a site once brings the session along the next time,
// unless it has ended.
const sessions = new WeakMap();

export async function as(browser, site, login, options) {
  const page = await visitor(browser, site, options);
  const known = sessions.get(site) ?? new Map();
  sessions.set(site, known);
  if (known.has(login)) {
    await page.context().addCookies(known.get(login));
    await page.goto('/');
    if (!new URL(page.url()).pathname.startsWith('/sign-in')) return page;
  }
  await signIn(page, login);
  known.set(login, await page.context().cookies());
  return page;
}

// E53: axe-core finds nothing serious.
export async function accessible(page, what) {
  await page.evaluate(axe);
  const look = async () => {
    const result = await page.evaluate(() => globalThis.axe.run(document, {
      resultTypes: ['violations'] }));
    return result.violations
      .filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.slice(0, 3)
        .map((n) => n.target.join(' ')).join(' | ')}`);
  };
  let bad = await look();
  if (bad.length) { // scripts may just be making a control of a plain field
    await page.waitForTimeout(500);
    bad = await look();
  }
  assert.deepEqual(bad, [], `${what || page.url()}: axe-core`);
}

// E25: the page itself never scrolls sideways. A phone's innerWidth grows with
// what is too wide: the screen's own width counts.
export async function noSidewaysScroll(page, what) {
  const scroll = await page.evaluate(() =>
    document.documentElement.scrollWidth);
  const inner = page.viewportSize().width;
  assert.ok(scroll <= inner,
    `${what || page.url()}: scrolls sideways, ${scroll} in ${inner}`);
}

export function noFaults(page) {
  assert.deepEqual(page.faults, []);
}

// Waits until `probe` gives something true; `named` is the time that the
// issue names, ten times of it is waited.
export async function eventually(probe, named = 1000) {
  const end = Date.now() + named * 10 * slow;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) assert.fail('did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// A small PDF of one page with text, made here.
export function pdf(text = 'Quotation') {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R ' +
      '/Resources << /Font << /F1 5 0 R >> >> >>',
    null,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  const stream = `BT /F1 24 Tf 40 100 Td (${text}) Tj ET`;
  objects[3] = `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`;
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n` +
    offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('') +
    `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\n` +
    `startxref\n${start}\n%%EOF\n`;
  return Buffer.from(file);
}
