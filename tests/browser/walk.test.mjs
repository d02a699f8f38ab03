// The walk: every page of the route table, in both themes, at both widths.
//   E53 axe-core finds nothing serious    E25 nothing scrolls sideways
//   E7  inputs have borders one can see   E51 a pseudo-locale: no raw text
//   E50 dark from the first paint         E2  no menu entry answers 403
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { demoSite, long, root, run } from '../lib/server.mjs';
import { launch, as, visitor, phone, desktop, accessible, noSidewaysScroll,
  noFaults } from '../lib/browser.mjs';

let site;
let browser;
let addresses; // of the signed-in administrator: [pattern, path]

const pageRoutes = () => JSON.parse(run('routes', '--json', site.folder).out)
  .filter((route) => route.method === 'GET' && route.flags.includes('page'));

const matcher = (pattern) => new RegExp(`^${pattern
  .replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);

// Some pages of one kind show all that the kind links to.
const OF_A_KIND = 4;

// Follows the links of the pages until each route has an address.
async function collect(page, routes, first) {
  const found = new Map();
  const seen = new Set();
  const visits = new Map();
  const queue = ['/', ...first,
    ...routes.map((route) => route.example).filter(Boolean)];
  while (queue.length && found.size < routes.length && seen.size < 150) {
    const path = queue.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await page.request.get(path, { maxRedirects: 5 });
    if (!answer.ok()) continue;
    const html = await answer.text();
    const here = new URL(answer.url()).pathname;
    // A pattern without parameters is itself rather than another's example.
    const route = routes.find((r) => r.pattern === here) ||
      routes.find((r) => !found.has(r.pattern) && matcher(r.pattern).test(here));
    if (route && !found.has(route.pattern)) found.set(route.pattern, path);
    const kind = route?.pattern ?? here.replace(/\d{3,}/g, '{}');
    visits.set(kind, (visits.get(kind) || 0) + 1);
    if (visits.get(kind) > OF_A_KIND) continue;
    for (const match of html.matchAll(/href="(\/[^"#]*)"/g)) {
      const next = match[1].replace(/&amp;/g, '&');
      if (!next.startsWith('/assets/') && !seen.has(next)) queue.push(next);
    }
  }
  return found;
}

async function unlinked(page) {
  const api = async (path) => (await page.request.get(path)).json();
  const { records } = await api('/api/v1/records/survey.survey?limit=1');
  const customers = await api('/api/v1/records/crm.customer?limit=1');
  return { survey: records[0].id, person: records[0].owner,
    customer: customers.records[0].id };
}

before(async () => {
  site = await demoSite({}, { TENON_TEST_LOCALE: '1' });
  browser = await launch();
  const page = await as(browser, site, 'admin');
  const routes = pageRoutes().filter((route) => route.access !== 'public');
  // What few pages link to, or none.
  const { survey, person, customer } = await unlinked(page);
  const first = [`/people/${person}`, `/records/crm.customer/${customer}/edit`,
    `/m/survey/${survey}`, `/m/survey/${survey}/results`,
    `/m/survey/${survey}/thanks`, `/m/survey/${survey}/preview`,
    '/admin/modules/crm/settings'];
  const found = await collect(page, routes, first);
  const open = routes.filter((route) => !found.has(route.pattern));
  // What an administrator has no task for, the others have.
  for (const login of ['li.na', 'zhang.wei']) {
    if (!open.length) break;
    const other = await as(browser, site, login);
    for (const [pattern, path] of await collect(other, open, first))
      found.set(pattern, { path, login });
    await other.context().close();
  }
  addresses = [...found].map(([pattern, at]) => typeof at === 'string'
    ? { pattern, path: at, login: 'admin' } : { pattern, ...at });
  await page.context().close();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

test('every page route has an address that the walk visits', () => {
  const missing = pageRoutes().filter((route) => route.access !== 'public' &&
    !addresses.some((a) => a.pattern === route.pattern))
    .map((route) => route.pattern);
  assert.deepEqual(missing, []);
});

const each = async ({ pseudo, ...options }, visit) => {
  const logins = [...new Set(addresses.map((a) => a.login))];
  const failures = [];
  for (const login of logins) {
    const page = await as(browser, site, login, options);
    if (pseudo)
      await page.context().addCookies([{ name: 'tenon_locale', value: 'en-XA',
        url: site.url }]);
    for (const { path } of addresses.filter((a) => a.login === login)) {
      try {
        const answer = await page.goto(path);
        assert.ok(answer.ok(), `${path}: ${answer.status()}`);
        await visit(page, path);
        noFaults(page);
      } catch (error) {
        page.faults.length = 0;
        failures.push(`${path}: ${error.message.split('\n').slice(0, 12)
          .join('\n')}`);
      }
    }
    await page.context().close();
  }
  assert.equal(failures.length, 0, failures.join('\n\n'));
};

// Both widths and both themes; all four together in --long.
for (const [size, width] of [[desktop, '1280 px'], [phone, '360 px']])
  for (const dark of long ? [false, true] : [size === phone])
    test(`E53 E25 E7 every page, ${width}, ${dark ? 'dark' : 'light'}`, () =>
      each({ size, dark }, async (page, path) => {
        await accessible(page, path);
        await noSidewaysScroll(page, path);
        // E7: the border of each enabled input stands out 3:1.
        const pale = await page.evaluate(() => {
          const channel = (c) => {
            const v = c / 255;
            return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          };
          const light = ([r, g, b]) => 0.2126 * channel(r) +
            0.7152 * channel(g) + 0.0722 * channel(b);
          const rgb = (text) => text.match(/[\d.]+/g).slice(0, 4).map(Number);
          const behind = (node) => {
            for (let at = node.parentElement; at; at = at.parentElement) {
              const c = rgb(getComputedStyle(at).backgroundColor);
              if (c.length < 4 || c[3] > 0.9) return c;
            }
            return rgb(getComputedStyle(document.body).backgroundColor);
          };
          return [...document.querySelectorAll(
            'input:not([type=hidden],[type=file],[type=radio],' +
            '[type=checkbox]):enabled, select:enabled, textarea:enabled')]
            .filter((node) => node.offsetParent !== null &&
              node.getClientRects().length && !node.readOnly &&
              getComputedStyle(node).opacity !== '0')
            .filter((node) => {
              const a = light(rgb(getComputedStyle(node).borderBottomColor));
              const b = light(behind(node));
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 3;
            }).map((node) => node.outerHTML.slice(0, 100));
        });
        assert.deepEqual(pale, [], 'E7 pale borders');
      }));

test('E53 public pages and error pages, both themes and widths', async () => {
  for (const size of [desktop, phone])
    for (const dark of [false, true]) {
      const page = await visitor(browser, site, { size, dark });
      for (const path of ['/sign-in', '/no/such/page']) {
        await page.goto(path);
        await accessible(page, path);
        await noSidewaysScroll(page, path);
        // E50: dark without a choice, by the system's word, before scripts.
        const colour = await page.evaluate(() =>
          getComputedStyle(document.body).backgroundColor);
        const [r, g, b] = colour.match(/\d+/g).map(Number);
        assert.equal(r + g + b < 384, dark, `${path} ${colour}`);
      }
      await page.context().close();
    }
});

test('E11 P: targets of the frame and of forms are at least 44 px', () =>
  each({ size: phone }, async (page) => {
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, .btn, select, ' +
        'input:not([type=hidden],[type=checkbox],[type=radio],[type=file])')]
        .filter((node) => node.offsetParent !== null)
        .map((node) => [node, node.getBoundingClientRect()])
        .filter(([, box]) => box.width > 2 && box.height > 2 &&
          box.height < 43.5)
        .map(([node, box]) => `${Math.round(box.height)} px: ` +
          node.outerHTML.slice(0, 90)));
    assert.deepEqual(small, []);
  }));

test('E2 a person of HR sees few menu entries and none is refused',
  async () => {
    const page = await as(browser, site, 'huang.yan');
    await page.goto('/');
    const links = await page.locator('nav a[data-palette]')
      .evaluateAll((nodes) => [...new Set(nodes.map((n) =>
        n.getAttribute('href')))]);
    assert.ok(links.length > 0 && links.length <= 8, links.join(' '));
    for (const link of links)
      assert.equal((await page.request.get(link)).status(), 200, link);
  });

test('E5 the browser\'s language before sign-in, and the switch', async () => {
  for (const [asked, lang] of [['zh-TW', 'zh-TW'], ['zh-CN', 'zh-CN'],
    ['en-GB', 'en'], ['zh-HK', 'zh-TW'], ['fr', 'en']]) {
    const page = await visitor(browser, site, { locale: asked });
    await page.goto('/sign-in');
    assert.equal(await page.locator('html').getAttribute('lang'), lang, asked);
    await page.context().close();
  }
  const page = await visitor(browser, site, { locale: 'en' });
  await page.goto('/sign-in');
  const choice = page.locator('[name=locale][value=zh-TW]').first();
  if (await choice.count() && await choice.isVisible()) await choice.click();
  else {
    await page.locator('select[name=locale]').selectOption('zh-TW');
    const send = page.locator('form:has(select[name=locale]) button');
    if (await send.count() && await send.first().isVisible())
      await send.first().click();
  }
  await page.locator('html[lang=zh-TW]').waitFor();
});

// Everything that the demo's and the modules' forms say: data, not the
// program's words.
function demoWords() {
  const words = new Set();
  const take = (value) => {
    if (typeof value === 'string') words.add(value.trim());
    else if (value && typeof value === 'object')
      Object.values(value).forEach(take);
  };
  take(JSON.parse(readFileSync(`${root}demo/company.json`)));
  for (const name of ['crm', 'survey'])
    for (const [, text] of readFileSync(`${root}demo/${name}.lua`, 'utf8')
      .matchAll(/"((?:\\.|[^"\\\n])*)"/g)) words.add(text.trim());
  for (const kind of ['plugins', 'scripts'])
    for (const name of readdirSync(`${root}${kind}`))
      for (const [, text] of readFileSync(
        `${root}${kind}/${name}/plugin.cfg`, 'utf8')
        .matchAll(/"((?:\\.|[^"\\\n])*)"/g)) words.add(text.trim());
  const modules = ['plugins', 'scripts'].flatMap((kind) =>
    readdirSync(`${root}${kind}`).map((name) => `${kind}/${name}`));
  for (const folder of ['demo', ...modules]
    .map((name) => `${root}${name}/forms`).filter((name) => existsSync(name)))
    for (const name of readdirSync(folder))
      if (name.endsWith('.json'))
        take(JSON.parse(readFileSync(`${folder}/${name}`)));
  return words;
}

test('E51 the pseudo-locale shows no raw text and nothing overflows',
  () => {
    const words = demoWords();
    return each({ size: desktop, pseudo: true }, async (page, path) => {
      await noSidewaysScroll(page, path);
      const texts = await page.evaluate(() => {
        const out = [];
        for (const node of document.querySelectorAll(
          'button, label, th, h1, h2, h3, legend, .tn-lead, .form-hint, ' +
          '.btn, [role=tab]')) {
          // The API's document speaks English, and says so.
          if (node.closest('main [lang=en]')) continue;
          for (const child of node.childNodes)
            if (child.nodeType === 3 && child.data.trim().length > 2)
              out.push(child.data.trim());
        }
        for (const node of document.querySelectorAll('[placeholder]'))
          out.push(node.getAttribute('placeholder').trim());
        return [...new Set(out)];
      });
      const raw = texts.filter((text) => /[A-Za-z]{3}/.test(text) &&
        !/[^\x00-\x7f]/.test(text) && !words.has(text.replace(/ \(\w+\)$/, '')) &&
        !/^[a-z]+\.[a-z]+$|^Tenon|^[A-Z]+-\d|Ctrl|^English/.test(text));
      assert.deepEqual(raw, [], 'untranslated');
      const keys = texts.filter((text) => /^[a-z_]+(\.[a-z_]+)+$/.test(text) &&
        text !== 'openapi.json' && !words.has(text));
      assert.deepEqual(keys, [], 'keys shown');
    });
  });
