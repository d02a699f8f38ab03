// Imports by people: rights, mapping, checking, applying, undoing, and files
// that are bad in every way; the same over REST.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, run, slow } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { workbook } from '../lib/workbook.mjs';

let site;
let person;
let other;

const client = { title: { en: 'Clients', 'zh-CN': '客户' }, label: 'name',
  grants: [{ who: 'everyone', right: 'export', scope: 'owner' }],
  fields: [
    { key: 'code', type: 'text', unique: true, required: true,
      title: { en: 'Code', 'zh-CN': '编码' } },
    { key: 'name', type: 'text', required: true,
      title: { en: 'Name', 'zh-CN': '名称' } },
    { key: 'class', type: 'choice', title: { en: 'Class', 'zh-CN': '等级' },
      options: [{ key: 'a', title: { en: 'Key account', 'zh-CN': '重点' } },
        { key: 'b', title: { en: 'Other', 'zh-CN': '一般' } }] },
    { key: 'since', type: 'date', title: { en: 'Since', 'zh-CN': '日期' } },
    { key: 'limit', type: 'money', currency: 'CNY',
      title: { en: 'Limit', 'zh-CN': '额度' } },
    { key: 'weight', type: 'decimal', scale: 3,
      title: { en: 'Weight', 'zh-CN': '重量' } },
    { key: 'keeper', type: 'user', title: { en: 'Keeper', 'zh-CN': '负责人' } },
    { key: 'above', type: 'link', target: 'client',
      title: { en: 'Belongs to', 'zh-CN': '上级' } },
    { key: 'secret', type: 'text', hidden: true, title: 'Secret' },
  ] };

before(async () => {
  site = await demoSite();
  writeFileSync(join(site.folder, 'forms/client.json'),
    JSON.stringify(client));
  await site.stop();
  await site.start();
  person = await signedIn(site, 'zhang.wei');
  other = await signedIn(site, 'li.na');
});
after(() => site?.stop());

function upload(who, text, name = 'clients.csv', form = 'client') {
  const body = new FormData();
  body.set('form', form);
  body.set('file', new Blob([text]), name);
  return who.fetch('POST', '/api/v1/imports', { body,
    headers: { 'x-csrf-token': who.csrf } });
}

// Thousands of rows take some seconds, where each one asks another server.
async function settled(who, id) {
  for (let tries = 0; tries < 1600 * slow; tries += 1) {
    const answer = await who.get(`/api/v1/imports/${id}`);
    if (!/ing$/.test(answer.body.state)) return answer.body;
    await new Promise((r) => setTimeout(r, 25));
  }
  return assert.fail('the import does not end');
}

// Uploads, imports, waits; the import as it then is.
async function imported(who, text, settings = {}, name = 'clients.csv') {
  const made = await upload(who, text, name);
  assert.equal(made.status, 201, made.text);
  if (Object.keys(settings).length) {
    const set = await who.send('PATCH', `/api/v1/imports/${made.body.id}`,
      settings);
    assert.equal(set.status, 200, set.text);
  }
  const started = await who.post(`/api/v1/imports/${made.body.id}/run`);
  assert.equal(started.status, 202, started.text);
  return settled(who, made.body.id);
}

const find = async (who, code) => (await who.get('/api/v1/records/client?' +
  `filter=${encodeURIComponent(JSON.stringify({ code }))}`)).body.records[0];

test('rows become records with choices, people and links by their names',
  async () => {
    const done = await imported(person, 'Code,Name,Class,Since,Limit,Keeper,' +
      'Belongs to\nC1,Oak,Key account,2026-03-31,"¥1,000.50",Li Na,\n' +
      'C2,Elm,一般,2026年4月1日,20,li.na,Oak\n');
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual([done.created, done.updated, done.refused], [2, 0, 0],
      JSON.stringify(done));
    const oak = await find(person, 'C1');
    assert.equal(oak.values.class, 'a');
    assert.equal(oak.values.limit, '1000.50');
    assert.equal(oak.owner, person.id);
    const elm = await find(person, 'C2');
    assert.equal(elm.values.since, '2026-04-01');
    assert.equal(elm.values.above, oak.id);
    assert.equal(elm.values.keeper, oak.values.keeper);
  });

test('a record that is there is changed, not doubled; what is the same is not ' +
  'written', async () => {
  const before = await find(person, 'C1');
  const done = await imported(person, 'Code,Name,Limit\nC1,Oak,1000.50\n' +
    'C2,Elm tree,20\nC3,Fir,7\n');
  assert.deepEqual([done.created, done.updated, done.unchanged, done.refused],
    [1, 1, 1, 0], JSON.stringify(done));
  assert.equal((await find(person, 'C1')).version, before.version);
  assert.equal((await find(person, 'C2')).values.name, 'Elm tree');
  // Empty cells and columns that are not there leave the field alone.
  assert.equal((await find(person, 'C2')).values.since, '2026-04-01');
});

test('an export comes back without a change, as CSV and as XLSX', async () => {
  await imported(person, 'Code,Name\nF1,"=1+1"\nF2,"\'=2"\nF3,-5\nF4,"a, ""b"""\n');
  for (const format of ['csv', 'xlsx']) {
    const answer = await fetch(`${site.url.replace(/\/$/, '')}` +
      `/records/client/export?format=${format}&columns=all`,
    { headers: { cookie: person.client.cookie() } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const done = await imported(person, bytes, {}, `back.${format}`);
    assert.deepEqual([done.created, done.updated, done.refused], [0, 0, 0],
      `${format}: ${JSON.stringify(done)}`);
    assert.equal(done.unchanged, 7);
    if (format === 'csv') {
      // S27: nothing that a spreadsheet runs; no hidden field.
      assert.match(bytes.toString(), /"'=1\+1"/);
      assert.doesNotMatch(bytes.toString(), /Secret/);
    }
  }
});

test('who looks at the moment it ends sees what it has done', async () => {
  for (let n = 1; n <= 8; n += 1) {
    const made = await upload(person, `Code,Name\nEYE${n},Larch\n`);
    const path = `/api/v1/imports/${made.body.id}`;
    assert.equal((await person.post(`${path}/run`)).status, 202);
    const ends = await Promise.all(Array.from({ length: 4 }, async () => {
      for (let tries = 0; tries < 4000 * slow; tries += 1) {
        const { body } = await person.get(path);
        if (!/ing$/.test(body.state)) return [body.state, body.created];
      }
      return 'no end';
    }));
    assert.deepEqual(ends, Array(4).fill(['done', 1]));
  }
});

test('refused rows come back with reasons at their cells, to be mended',
  async () => {
    const done = await imported(person, 'Code,Name,Since,Keeper\n' +
      'R1,Ash,2026-02-30,Li Na\nR2,,2026-01-01,Nobody\nR3,Yew,2026-01-01,\n' +
      'R3,Yew again,2026-01-01,\n');
    assert.deepEqual([done.created, done.refused], [1, 3]);
    const { rows } = (await person.get(`/api/v1/imports/${done.id}/rows`)).body;
    assert.deepEqual(rows.map((row) => row.line), [2, 3, 5]);
    assert.match(rows[0].cells[2].problem, /YYYY-MM-DD/);
    assert.match(rows[1].cells[1].problem, /fill this in/);
    assert.match(rows[1].cells[3].problem, /“Nobody”/);
    assert.match(rows[2].cells[0].problem, /line 4/);
    const page = await person.get(`/imports/${done.id}`);
    assert.match(page.text, /class="is-bad"/);
    const file = await person.get(`/imports/${done.id}/refused.csv`);
    assert.match(file.text, /^Code,Name,Since,Keeper,refused because\r\n/);
    const mended = file.text.replace('2026-02-30', '2026-02-28')
      .replace('R2,,', 'R2,Box,').replace('Nobody', '')
      .replace('R3,', 'R4,');
    const again = await imported(person, mended);
    assert.deepEqual([again.created, again.refused], [3, 0],
      JSON.stringify(again));
  });

test('all or none: a refused row lets nothing in', async () => {
  const done = await imported(person, 'Code,Name\nN1,Fig\nN2,\n',
    { bad: 'none' });
  assert.equal(done.state, 'checked');
  assert.deepEqual([done.created, done.refused], [1, 1]);
  assert.equal(await find(person, 'N1'), undefined);
  const run2 = await person.post(`/api/v1/imports/${done.id}/run`);
  assert.equal(run2.status, 422, run2.text);
});

test('checking saves nothing, importing then does what was checked',
  async () => {
    const made = await upload(person, 'Code,Name\nK1,Kauri\n');
    const path = `/api/v1/imports/${made.body.id}`;
    assert.equal((await person.post(`${path}/check`)).status, 202);
    const checked = await settled(person, made.body.id);
    assert.deepEqual([checked.state, checked.created], ['checked', 1]);
    assert.equal(await find(person, 'K1'), undefined);
    assert.equal((await person.post(`${path}/run`)).status, 202);
    assert.equal((await settled(person, made.body.id)).state, 'done');
    assert.equal((await find(person, 'K1')).values.name, 'Kauri');
    assert.equal((await person.post(`${path}/run`)).status, 409);
  });

test('an import is undone, but for what somebody changed since', async () => {
  const done = await imported(person, 'Code,Name\nU1,Una\nU2,Uno\nC3,Fir 2\n');
  assert.deepEqual([done.created, done.updated, done.undoable], [2, 1, true]);
  const kept = await find(person, 'U2');
  const changed = await person.send('PATCH', `/api/v1/records/client/${kept.id}`,
    { values: { name: 'Uno mine' } }, { 'if-match': `"${kept.version}"` });
  assert.equal(changed.status, 200, changed.text);
  const undo = await person.post(`/api/v1/imports/${done.id}/undo`);
  assert.equal(undo.status, 202, undo.text);
  const after = await settled(person, done.id);
  assert.deepEqual([after.state, after.undone, after.conflicts],
    ['undone', 2, 1]);
  assert.equal(await find(person, 'U1'), undefined);
  assert.equal((await find(person, 'U2')).values.name, 'Uno mine');
  assert.equal((await find(person, 'C3')).values.name, 'Fir');
  const { rows } = (await person.get(`/api/v1/imports/${done.id}/rows?` +
    'state=conflict')).body;
  assert.equal(rows[0].record, kept.id);
  assert.equal((await person.post(`/api/v1/imports/${done.id}/undo`)).status,
    409);
});

test('encodings and separators of spreadsheets are found', async () => {
  const utf16 = (text) => Buffer.concat([Buffer.from([0xff, 0xfe]),
    Buffer.from(text, 'utf16le')]);
  // "编码,名称\r\nG1,橡木\r\n" in GB18030.
  const gb = Buffer.from('b1e0c2eb2cc3fbb3c60d0a47312ccff0c4be0d0a', 'hex');
  const files = [[gb, 'G1', '橡木'], [utf16('编码\t名称\r\nG2\t橡木\r\n'), 'G2',
    '橡木'], ['\ufeff编码;名称\nG3;"橡木;1"\n', 'G3', '橡木;1'],
  ['编码,名称\rG4,橡木\r', 'G4', '橡木']];
  for (const [bytes, code, name] of files) {
    const done = await imported(person, bytes);
    assert.equal(done.created, 1, `${code}: ${JSON.stringify(done)}`);
    assert.equal((await find(person, code)).values.name, name);
  }
  // Named by hand where it is guessed wrong.
  const made = await upload(person, Buffer.from('Code,Name\nB1,\xa4\xa4\n',
    'latin1'));
  const set = await person.send('PATCH', `/api/v1/imports/${made.body.id}`,
    { encoding: 'Big5' });
  assert.equal(set.body.columns[1].samples[0], '中', set.text);
  assert.equal((await person.send('PATCH', `/api/v1/imports/${made.body.id}`,
    { encoding: 'EBCDIC' })).status, 422);
});

test('days: three orders are recognised, one that can be two is asked for',
  async () => {
    const rows = { '31/03/2026': '2026-03-31', '03/31/2026': '2026-03-31',
      '2026/3/31': '2026-03-31', '31.3.26': '2026-03-31' };
    let n = 0;
    for (const [text, day] of Object.entries(rows)) {
      const code = `D${n += 1}`;
      const done = await imported(person, `Code,Name,Since\n${code},x,${text}\n`);
      assert.equal(done.refused, 0, JSON.stringify(done));
      assert.equal((await find(person, code)).values.since, day, text);
    }
    const made = await upload(person, 'Code,Name,Since\nD9,x,03/04/2026\n');
    assert.equal(made.body.columns[2].ambiguous_date, true);
    // What was chosen for these headers before may not be right for it.
    await person.send('PATCH', `/api/v1/imports/${made.body.id}`,
      { dates: ['', '', ''] });
    const path = `/api/v1/imports/${made.body.id}/run`;
    const asked = await person.post(path);
    assert.equal(asked.status, 422, asked.text);
    assert.equal(asked.body.problems[0].field, 'dates.2');
    await person.send('PATCH', `/api/v1/imports/${made.body.id}`,
      { dates: ['', '', 'dmy'] });
    assert.equal((await person.post(path)).status, 202);
    await settled(person, made.body.id);
    assert.equal((await find(person, 'D9')).values.since, '2026-04-03');
  });

test('decimal commas are found, or said', async () => {
  // As a spreadsheet in much of Europe saves it.
  const made = await upload(person, 'Code;Name;Limit;Weight\n' +
    'E1;x;1.234,56;1.234\nE2;y;12,5;7\nE3;z;"1 234 567,89 €";0,5\n');
  assert.equal(made.body.settings.decimal, 'auto');
  assert.deepEqual(made.body.columns.map((c) => c.decimal),
    [undefined, undefined, 'comma', 'comma']);
  const page = await person.get(`/imports/${made.body.id}`);
  assert.match(page.text, /name="decimal"[^]*value="auto" selected>automatic/);
  assert.match(page.text, /“1\.234,56” is read as 1,234\.56/);
  assert.match(page.text, /“1\.234” is read as 1,234</);
  const chinese = await person.get(`/imports/${made.body.id}`,
    { 'accept-language': 'zh-CN' });
  assert.match(chinese.text, /小数点[^]*自动[^]*“1\.234,56”读作 1,234\.56/);
  await person.post(`/api/v1/imports/${made.body.id}/run`);
  const done = await settled(person, made.body.id);
  assert.deepEqual([done.created, done.refused], [3, 0], JSON.stringify(done));
  assert.equal(done.settings.decimals, undefined);
  const read = async (code) => {
    const { values } = await find(person, code);
    return [values.limit, values.weight];
  };
  assert.deepEqual(await read('E1'), ['1234.56', '1234.000']);
  assert.deepEqual(await read('E2'), ['12.50', '7.000']);
  assert.deepEqual(await read('E3'), ['1234567.89', '0.500']);

  // Where it could be either, the point is taken, unless somebody says.
  const either = 'Code,Name,Weight\nE4,x,1.234\nE5,y,"2,345"\n';
  await imported(person, either);
  assert.equal((await find(person, 'E4')).values.weight, '1.234');
  assert.equal((await find(person, 'E5')).values.weight, '2345.000');
  const said = await imported(person, either, { decimal: 'comma' });
  assert.deepEqual([said.updated, said.refused], [2, 0]);
  assert.equal((await find(person, 'E4')).values.weight, '1234.000');
  assert.equal((await find(person, 'E5')).values.weight, '2.345');

  // It is remembered for these headers, but for a file that contradicts it.
  const next = await upload(person, either);
  assert.equal(next.body.settings.decimal, 'comma');
  assert.match((await person.get(`/imports/${next.body.id}`)).text,
    /value="comma" selected/);
  const other2 = await upload(person, 'Code,Name,Weight\nE4,x,12.5\n');
  assert.equal(other2.body.settings.decimal, 'auto');

  // What can't be read with the sign that was said is refused, not guessed.
  for (const [decimal, text, words] of [
    ['comma', '12.5', /“12\.5” is no number with a decimal comma/],
    ['point', '"12,5"', /“12,5” is no number with a decimal point/]]) {
    const bad = await imported(person, `Code,Name,Weight\nE6,x,${text}\n`,
      { decimal });
    assert.deepEqual([bad.created, bad.refused], [0, 1]);
    const { rows } = (await person.get(`/api/v1/imports/${bad.id}/rows`)).body;
    assert.match(rows[0].cells[2].problem, words);
  }
  assert.equal((await person.send('PATCH', `/api/v1/imports/${next.body.id}`,
    { decimal: 'dot' })).status, 422);
  assert.equal((await person.send('PATCH', `/api/v1/imports/${next.body.id}`,
    { decimals: ['comma'] })).status, 422);
  // Without scripts, by the form.
  const form = await person.form(`/imports/${next.body.id}/settings`,
    { action: 'show', separator: ',', decimal: 'point' },
    { accept: 'text/html' });
  assert.equal(form.status, 303, form.text);
  assert.equal((await person.get(`/api/v1/imports/${next.body.id}`)).body
    .settings.decimal, 'point');
});

test('all cells of a column say how its numbers are written, not the first ones',
  async () => {
    const rows = Array.from({ length: 4000 }, (_, i) => `M${i};1.${100 + i %
      900};x`);
    rows.push('M4000;12,5;x');
    const made = await upload(person, `Code;Weight;Name\n${rows.join('\n')}\n`);
    assert.equal((await person.post(`/api/v1/imports/${made.body.id}/check`))
      .status, 202);
    const checked = await settled(person, made.body.id);
    assert.deepEqual([checked.created, checked.refused], [4001, 0]);
    // It holds over both steps.
    await person.post(`/api/v1/imports/${made.body.id}/run`);
    const done = await settled(person, made.body.id);
    assert.deepEqual([done.created, done.refused], [4001, 0]);
    assert.equal((await find(person, 'M0')).values.weight, '1100.000');
    assert.equal((await find(person, 'M4000')).values.weight, '12.500');
  });

test('numbers of a workbook have no sign to ask for, its texts have',
  async () => {
    const book = workbook([['Code', 'Name', 'Weight'], ['T1', 'x', 1.234],
      ['T2', 'y', '12,5'], ['T3', 'z', 1234.5], ['T4', 'u', '1.234']]);
    const expected = ['1.234', '12.500', '1234.500', '1234.000'];
    for (const settings of [{}, { decimal: 'comma' }]) {
      const done = await imported(person, book, settings, 'w.xlsx');
      assert.deepEqual([done.created + done.unchanged, done.refused], [4, 0],
        (await person.get(`/api/v1/imports/${done.id}/rows`)).text);
      for (const [i, weight] of expected.entries())
        assert.equal((await find(person, `T${i + 1}`)).values.weight, weight);
    }
  });

test('a workbook as WPS writes it comes in', async () => {
  const book = workbook([['编码', '名称', '日期', '额度'],
    ['W1', '白杨', { day: 46112 }, 1234.5], null,
    ['W2', '柳树', { day: 46113 }, 0.1]].filter(Boolean));
  const done = await imported(person, book, {}, '客户.xlsx');
  assert.deepEqual([done.created, done.refused], [2, 0], JSON.stringify(done));
  const one = (await find(person, 'W1')).values;
  assert.deepEqual([one.name, one.since, one.limit],
    ['白杨', '2026-03-31', '1234.50']);
});

test('bad files are refused with a sentence, and nothing is half in',
  async () => {
    const wide = Array.from({ length: 250 }, (_, i) => `c${i}`).join(',');
    const bomb = workbook([['Code']], { 'xl/worksheets/sheet1.xml':
      Buffer.concat([Buffer.from('<worksheet><sheetData><row><c><v>'),
        Buffer.alloc(40 * 1024 * 1024, 0x31)]) });
    const entity = workbook([['Code']], { 'xl/worksheets/sheet1.xml':
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM ' +
      '"file:///etc/passwd">]><worksheet><sheetData><row><c t="inlineStr">' +
      '<is><t>&e;</t></is></c></row></sheetData></worksheet>' });
    const files = [
      ['a quote that never closes', 'Code,Name\nX1,"x\nX2,y\n', /line 2/i],
      ['NUL bytes', 'Code,Name\nX1,a\0b\n', /no table|NUL/],
      ['a million empty lines', '\n'.repeat(1000000), /empty/],
      ['more columns than can be', `${wide}\n1\n`, /columns/],
      ['a bomb', bomb, /too much|more than/],
      ['an external entity', entity, /document type/],
      ['a name that leaves the archive',
        workbook([['Code']], { '../../etc/cron.d/x': 'x' }), /name/],
      ['an archive cut short', workbook([['Code'], ['X']]).subarray(0, 300),
        /workbook/],
      ['a picture called .csv', Buffer.from('89504e470d0a1a0a00', 'hex'),
        /no table/],
      ['an old XLS called .xlsx', Buffer.from('d0cf11e0a1b11ae1', 'hex'),
        /no table/],
      ['nothing', '', /empty|choose/],
    ];
    for (const [what, bytes, words] of files) {
      const answer = await upload(person, bytes, 'bad.xlsx');
      assert.ok([413, 422].includes(answer.status), `${what}: ${answer.text}`);
      assert.match(answer.body.problems[0].message, words, what);
    }
    // Of a hundred columns only those that fit are taken.
    const hundred = Array.from({ length: 100 }, (_, i) => i ? `c${i}` : 'Code')
      .concat('Name');
    const done = await imported(person, `${hundred.join(',')}\nH1` +
      `${',x'.repeat(100)}\n${'\n'.repeat(1000)}`);
    assert.deepEqual([done.created, done.refused], [1, 0],
      JSON.stringify(done));
    assert.equal(await find(person, 'X1'), undefined);
    // What is wrong deep in the file shows before anything is saved.
    const deep = `Code,Name\n${Array.from({ length: 4000 }, (_, i) =>
      `Q${i},x`).join('\n')}\nQ9,"x\n`;
    const late = await upload(person, deep);
    assert.equal(late.status, 201, late.text);
    await person.post(`/api/v1/imports/${late.body.id}/run`);
    const failed = await settled(person, late.body.id);
    assert.equal(failed.state, 'failed');
    assert.match(failed.problem, /Line 4002/);
    assert.equal(await find(person, 'Q1'), undefined);
  });

test('rights: one\'s own imports, own records, open fields', async () => {
  const made = await upload(person, 'Code,Name,Secret\nS1,x,y\n');
  const path = `/api/v1/imports/${made.body.id}`;
  // The hidden field is none, whatever its column is called.
  assert.deepEqual(made.body.settings.columns, ['code', 'name', '']);
  const set = await person.send('PATCH', path,
    { columns: ['code', 'name', 'secret'] });
  assert.equal(set.status, 422, set.text);
  assert.equal((await person.send('PATCH', path, { owner: '1' })).status, 422);
  assert.equal((await person.send('PATCH', path, { columns: ['code'] })).status,
    422);
  for (const [method, to] of [['GET', path], ['GET', `${path}/rows`],
    ['POST', `${path}/run`], ['POST', `${path}/undo`],
    ['GET', `${path}/refused.csv`], ['GET', `/imports/${made.body.id}`]])
    assert.equal((await other.send(method, to)).status, 404, to);
  // Who can't see a record doesn't change it by its key, nor by its id.
  const oak = await find(person, 'C1');
  const theirs = await imported(other, 'Code,Name\nC1,Stolen\n');
  assert.deepEqual([theirs.updated, theirs.refused], [0, 1]);
  const byId = await imported(other, `Record ID,Code,Name\n#${oak.id},C1,Stolen\n`);
  assert.deepEqual([byId.updated, byId.created, byId.refused], [0, 0, 1]);
  assert.equal((await find(person, 'C1')).values.name, 'Oak');
  // What goes through a process is not made beside it.
  const flow = await upload(person, 'Purpose\nx\n', 'a.csv', 'budget');
  assert.equal(flow.status, 403, flow.text);
  assert.equal((await upload(person, 'a\n1\n', 'a.csv', 'nothing')).status, 404);
});

test('a long export is a job, and its file is for who asked', async () => {
  const rows = Array.from({ length: 5100 }, (_, i) => `L${i},Name ${i}`);
  const done = await imported(person, `Code,Name\n${rows.join('\n')}\n`);
  assert.deepEqual([done.created, done.refused], [5100, 0], done.problem);
  const page = await person.get('/records/client/export?format=xlsx&f.code.starts=L');
  assert.equal(page.status, 303, page.text);
  const job = page.headers.get('location');
  assert.match(job, /^\/jobs\/\d+$/);
  for (let tries = 0; tries < 400 * slow; tries += 1) {
    const state = (await person.get(`/api/v1${job}`)).body;
    if (state.state === 'done') break;
    await new Promise((r) => setTimeout(r, 50));
  }
  const answer = await fetch(`${site.url.replace(/\/$/, '')}${job}/file`,
    { headers: { cookie: person.client.cookie() } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-disposition'), /client\.xlsx/);
  const back = await imported(person, Buffer.from(await answer.arrayBuffer()),
    {}, 'back.xlsx');
  assert.deepEqual([back.unchanged, back.refused], [5100, 0]);
  assert.equal((await other.get(`${job}/file`)).status, 404);
  const rest = await person.post('/api/v1/exports',
    { form: 'client', format: 'csv', filter: { code: 'L7' },
      columns: ['code', 'secret', 'name'] });
  assert.equal(rest.status, 202, rest.text);
  assert.equal((await person.post('/api/v1/exports', { form: 'client',
    colums: [] })).status, 422);
});

test('modules\' hooks hold within one file: the second of two bookings at one ' +
  'time is refused', async () => {
  const [{ id }] = (await person.get('/api/v1/records/vehicle.car?limit=1'))
    .body.records;
  const car = (await person.get(`/api/v1/records/vehicle.car/${id}`)).body;
  const made = await upload(person, 'Vehicle,From,Until,Purpose\n' +
    `${car.label},2031-03-31 09:00,2031-03-31 10:00,Visit\n` +
    `${car.label},2031-03-31 09:30,2031-03-31 11:00,Visit too\n` +
    `${car.label},2031-03-31 10:00,2031-03-31 11:00,Later\n`, 'b.csv',
  'vehicle.booking');
  assert.equal(made.status, 201, made.text);
  await person.post(`/api/v1/imports/${made.body.id}/run`);
  const done = await settled(person, made.body.id);
  assert.deepEqual([done.created, done.refused], [2, 1],
    (await person.get(`/api/v1/imports/${done.id}/rows`)).text);
  const { rows } = (await person.get(`/api/v1/imports/${done.id}/rows`)).body;
  assert.equal(rows[0].line, 3);
});

test('S19 uploads of tables are limited', async () => {
  let status = 0;
  for (let i = 0; i < 400 && status !== 429; i += 1)
    ({ status } = await upload(other, 'x'));
  assert.equal(status, 429);
});
