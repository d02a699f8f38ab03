// crm.mjs - crm.list: the customers of a salesperson among 10,000 and among
// 1,000,000; crm.funnel: 100,000 opportunities by stage for the manager.
import { copyRecords, sql } from './fill.mjs';
import { wrk } from './lib.mjs';
import { Person } from './person.mjs';

const FEW = 10000, MANY = 1000000, OWN = 200, OPPORTUNITIES = 100000;
const SALESPERSON = 'lin.xiao', MANAGER = 'li.na'; // the head of Sales
const LIST = '/records/crm.customer';
const FUNNEL = '/records/crm.opportunity?view=funnel';

const round = (number, digits = 0) => Number(number.toFixed(digits));

export const crmFigures = ({ makeSite, serve, bareStatements }) => {
  // The demo company's customers, copied: of those the salesperson has OWN.
  function fill(site, records, apart) {
    const person = `(SELECT id FROM org_user WHERE login = '${SALESPERSON}')`;
    const table = copyRecords(site, { form: 'crm.customer', records, apart,
      people: `login <> '${SALESPERSON}'`, spread: 't.id / 4194304',
      changed: { f_manager: 'p.id', f_name: "t.f_name || ' ' || k",
        f_next_step: "date('2026-01-01', (t.id + k * 13) % 365 || ' days')" },
      after: (name) => `
        UPDATE ${name} SET (owner, department, f_manager) =
          (SELECT id, department, id FROM p LIMIT 1) WHERE owner = ${person};
        UPDATE ${name} SET (owner, department, f_manager) =
          (SELECT id, department, id FROM org_user
            WHERE login = '${SALESPERSON}')
          WHERE id IN (SELECT id FROM ${name}
            ORDER BY id / 4194304 * 7919 % 1000003 LIMIT ${OWN})` });
    const [all, own] = sql(site, `SELECT count(*), sum(owner = ${person})
      FROM ${table};`).trim().split('\t').map(Number);
    if (all !== records || own !== OWN)
      throw new Error(`${all} customers, ${own} own`);
  }

  async function load(site) {
    const served = await serve(site);
    await served.whole();
    const person = await Person.signIn(served, SALESPERSON);
    const rows = (await person.get(LIST)).split('data-id="').length - 1;
    if (rows !== 50) throw new Error(`the page has ${rows} rows`);
    const ask = (connections, seconds) => wrk(served.url + LIST,
      { connections, seconds, headers: { cookie: person.cookie } });
    await ask(32, 1);
    const many = await ask(32, 6);
    const few = await ask(8, 5);
    await served.stop();
    return { rate: many.rate, p99: few.p99 };
  }

  async function list() {
    const site = makeSite('crm-site');
    fill(site, FEW, 1);
    const small = await load(site);
    fill(site, MANY, 100);
    const rate = await bareStatements(site, SALESPERSON, LIST,
      'r_crm_customer');
    const large = await load(site);
    const bare = rate();
    return [
      { name: 'crm.list', value: round(large.rate), unit: 'page/s',
        baseline: round(bare), ratio: large.rate / bare,
        goal: (row) => row.value >= 1500, goalText: '>= 1500/s' },
      { name: 'crm.list.p99', value: large.p99, unit: 'ms',
        goal: (row) => row.value < 25, goalText: '< 25 ms at 8' },
      { name: 'crm.list.cost', value: round(small.rate / large.rate, 2),
        unit: 'times', baseline: round(small.rate),
        ratio: large.rate / small.rate, goal: (row) => row.value <= 1.5,
        goalText: '<= 1.5 times that of 10,000' },
    ];
  }

  async function funnel() {
    const site = makeSite('funnel-site');
    copyRecords(site, { form: 'crm.opportunity', records: OPPORTUNITIES,
      people: `id IN (SELECT owner FROM r_crm_opportunity)`,
      spread: 't.id / 4194304', changed: { f_manager: 'p.id',
        f_title: "t.f_title || ' ' || k", f_stage: `CASE (t.id + k * 7) % 6
          WHEN 0 THEN 'first' WHEN 1 THEN 'need' WHEN 2 THEN 'offer'
          WHEN 3 THEN 'talks' WHEN 4 THEN 'won' ELSE 'lost' END`,
        f_amount: '(t.f_amount * 31 + k * 7919) % 90000000' } });
    const rate = await bareStatements(site, MANAGER, FUNNEL,
      'r_crm_opportunity');
    const served = await serve(site);
    await served.whole();
    const person = await Person.signIn(served, MANAGER);
    const page = await person.get(FUNNEL);
    if (!/<svg[^>]*tn-chart|class="tn-chart/.test(page))
      throw new Error(`no funnel in\n${page}`);
    const ask = (connections, seconds) => wrk(served.url + FUNNEL,
      { connections, seconds, headers: { cookie: person.cookie } });
    await ask(3, 1);
    const alone = await ask(1, 6);
    await served.stop();
    const bare = round(1000 / rate(), 1);
    return [{ name: 'crm.funnel', value: alone.p99, unit: 'ms p99',
      goal: (row) => row.value < 60, goalText: '< 60 ms' },
    { name: 'crm.funnel.p50', value: alone.p50, unit: 'ms',
      baseline: bare, ratio: alone.p50 / bare }];
  }

  return [
    { name: 'crm.list', measure: list },
    { name: 'crm.funnel', measure: funnel },
  ];
};
