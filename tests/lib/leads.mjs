// leads.mjs - a form of leads for the tests of boards and charts: a stage that
// wants more (a reason when lost), one that a rule refuses (won too cheaply),
// a link to a small form with an order of its own, views of each kind.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { demoSite } from './server.mjs';

const title = (en, cn, tw) => ({ en, 'zh-CN': cn, 'zh-TW': tw || cn });

const lead = {
  title: title('Leads', '线索', '線索'), label: 'name', apply: false,
  fields: [
    { key: 'name', type: 'text', required: true, title: title('Name', '名称') },
    { key: 'stage', type: 'choice', required: true, default: 'new',
      title: title('Stage', '阶段', '階段'), options: [
        { key: 'new', title: title('New', '新建'), color: 'gray' },
        { key: 'talks', title: title('Talks', '洽谈', '洽談'), color: 'blue' },
        { key: 'won', title: title('Won', '成交'), color: 'green' },
        { key: 'lost', title: title('Lost', '失败', '失敗'), color: 'red' }] },
    { key: 'amount', type: 'money', currency: 'CNY', min: 0,
      title: title('Amount', '金额', '金額') },
    { key: 'closes', type: 'date', title: title('Closes', '预计成交') },
    { key: 'reason', type: 'text', title: title('Why lost', '原因') },
    { key: 'phase', type: 'link', target: 'phase',
      title: title('Phase', '阶段二') },
    { key: 'secret', type: 'money', hidden: true, title: 'Secret' }],
  list: { columns: ['name', 'stage', 'amount', 'closes'], sort: 'created_at' },
  rules: [{ refuse: "stage == 'won' and amount < 100", field: 'stage',
    message: title('A lead below 100 is not won',
      '低于 100 的线索不能成交') }],
  views: [
    { key: 'board', title: title('Board', '看板'), kind: 'kanban',
      group: 'stage', card: ['amount', 'closes'], sum: 'amount' },
    { key: 'funnel', title: title('Funnel', '漏斗'), kind: 'chart', home: true,
      chart: 'funnel', group: 'stage', measure: 'sum:amount' },
    { key: 'talking', title: title('Talking', '洽谈中'), kind: 'kanban',
      locked: true, filter: { amount: { ge: '1000' } }, group: 'stage' }],
};
const logic = `
function rules(form)
  form:hide("reason", form.stage ~= "lost")
  form:require("reason", form.stage == "lost")
end
`;
const phase = {
  title: 'Phases', label: 'name', apply: false,
  fields: [{ key: 'name', type: 'text', required: true },
    { key: 'place', type: 'integer', index: true }],
  list: { columns: ['name', 'place'], sort: 'place' },
  grants: [{ who: 'everyone', right: 'read', scope: 'all' }],
};

export async function leadSite() {
  const site = await demoSite();
  const write = (name, text) =>
    writeFileSync(join(site.folder, 'forms', name), text);
  write('lead.json', JSON.stringify(lead));
  write('lead.lua', logic);
  write('phase.json', JSON.stringify(phase));
  await site.stop();
  await site.start();
  await site.whole();
  return site;
}

export async function add(person, form, values) {
  const answer = await person.post(`/api/v1/records/${form}`, { values });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

export async function read(person, record) {
  return (await person.get(`/api/v1/records/${record.form}/${record.id}`)).body;
}
