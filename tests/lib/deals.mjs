// deals.mjs - a form of deals for the tests of lists: choices, money, dates, a
// view that anybody opens and a locked one; and many of its records.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { demoSite, run, temporaryFolder } from './server.mjs';

const title = (en, cn, tw) => ({ en, 'zh-CN': cn, 'zh-TW': tw || cn });

export const deal = {
  title: title('Deals', '商机', '商機'), label: 'name',
  fields: [
    { key: 'name', type: 'text', required: true, title: title('Name', '名称') },
    { key: 'stage', type: 'choice', title: title('Stage', '阶段', '階段'),
      options: [
        { key: 'new', title: title('New', '新建') },
        { key: 'talks', title: title('Talks', '洽谈', '洽談') },
        { key: 'won', title: title('Won', '成交'), color: 'green' },
        { key: 'lost', title: title('Lost', '失败', '失敗'), color: 'red' }] },
    { key: 'amount', type: 'money', index: true,
      title: title('Amount', '金额', '金額') },
    { key: 'closes', type: 'date', title: title('Closes', '预计成交') },
    { key: 'seller', type: 'user', title: title('Seller', '销售', '銷售') },
    { key: 'secret', type: 'text', hidden: true, title: 'Secret' }],
  list: { columns: ['name', 'stage', 'amount', 'closes', 'owner'] },
  rules: [{ refuse: "stage == 'won' and not amount", field: 'amount',
    message: title('A deal that is won has an amount', '成交须填写金额') }],
  views: [
    { key: 'open', title: title('Open', '进行中', '進行中'),
      filter: { stage: { in: ['new', 'talks'] } }, sort: '-amount',
      columns: ['name', 'amount', 'stage'] },
    { key: 'sold', title: title('Sold', '已成交'), locked: true,
      filter: { stage: 'won' } }],
  grants: [{ who: 'everyone', right: 'export' }],
};

// Imports `count` deals as nobody's; amounts count up by 100.
export function importDeals(site, count) {
  const folder = temporaryFolder('deals');
  mkdirSync(folder, { recursive: true });
  const stages = ['new', 'talks', 'won', 'lost'];
  const rows = Array.from({ length: count }, (_, i) =>
    `Deal ${String(i).padStart(3, '0')},${stages[i % 4]},${(i + 1) * 100}.00,` +
    `2026-${String(i % 12 + 1).padStart(2, '0')}-15`);
  const file = join(folder, 'deals.csv');
  writeFileSync(file, `name,stage,amount,closes\n${rows.join('\n')}\n`);
  const result = run('import', '--site', site.folder, '--form', 'deal', file);
  assert.equal(result.code, 0, result.err);
}

export async function dealSite(count, prepare) {
  const site = await demoSite();
  writeFileSync(join(site.folder, 'forms/deal.json'), JSON.stringify(deal));
  if (prepare) prepare(site);
  await site.stop();
  await site.start();
  if (count) importDeals(site, count);
  return site;
}
