// `tenon import` and `tenon export`, beside a service and without one; real
// tables where tests/data, ../shared/data or $TENON_DATA has them.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { demoSite, run, temporaryFolder, slow } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { parts, sheet, workbook, zip } from '../lib/workbook.mjs';

let site;
let folder;
let person;
const beside = (path) => new URL(path, import.meta.url).pathname;
const data = process.env.TENON_DATA || [beside('../data'),
  beside('../../../shared/data')].find(existsSync) || beside('../data');

before(async () => {
  site = await demoSite();
  folder = mkdtempSync(join(temporaryFolder('import'), 'x'));
  person = await signedIn(site, 'zhang.wei');
});
after(() => site?.stop());

function file(name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const imported = (...words) => run('import', '--site', site.folder, ...words);

test('a table makes a form that everybody can read at once', async () => {
  const result = imported('--form', 'suppliers', file('suppliers.csv',
    '\ufeffName,Tax no,Since,Limit\n"Oak, Ltd",0012345,2020-05-01,1000.50\n' +
    '橡木行,0098765,2021-06-02,20.00\n'));
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /2 of 2 rows/);
  const list = (await person.get('/api/v1/records/suppliers?sort=name')).body;
  assert.deepEqual(list.records.map((r) => r.values), [
    { name: 'Oak, Ltd', tax_no: '0012345', since: '2020-05-01',
      limit: '1000.50' },
    { name: '橡木行', tax_no: '0098765', since: '2021-06-02', limit: '20.00' }]);
  assert.equal((await person.get('/records/suppliers?q=橡木')).status, 200);
});

test('refused rows are given back with reasons', async () => {
  const path = file('more.csv', 'Name,Since\nBirch,2022-01-01\nAsh,soon\n' +
    ',2022-01-01\n');
  const result = imported('--form', 'suppliers', path);
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /2 of 3 rows/);
  const refused = readFileSync(`${path}.refused.csv`, 'utf8');
  assert.match(refused, /^\ufeffName,Since,refused because\r\nAsh,soon,/);
  assert.match(refused, /since: /);
  // The file of refused rows can be mended and sent again as it is.
  writeFileSync(`${path}.refused.csv`, refused.replace('soon', '2022-02-02'));
  const again = imported('--form', 'suppliers', `${path}.refused.csv`);
  assert.equal(again.code, 0, again.err);
  assert.match(again.out, /1 of 1 rows/);
});

test('--all-or-none imports none of them', async () => {
  const before = (await person.get('/api/v1/records/suppliers?count=true')).body
    .count;
  const result = imported('--form', 'suppliers', '--all-or-none',
    file('none.csv', 'Name,Since\nElm,2022-01-01\nFir,never\n'));
  assert.equal(result.code, 1);
  assert.match(result.err + result.out, /1 rows? (is|are) refused|none/);
  assert.equal((await person.get('/api/v1/records/suppliers?count=true')).body
    .count, before);
});

test('bad files are named with line and column', () => {
  const broken = imported('--form', 'suppliers', file('broken.csv',
    'Name,Since\nElm,"2022\n'));
  assert.equal(broken.code, 1);
  assert.match(broken.err, /broken\.csv.*[Ll]ine 2, column 2/s);
  const unknown = imported('--form', 'suppliers', file('unknown.csv',
    'Name,Colour\nElm,red\n'));
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /Colour/);
  assert.equal(imported('--form', 'suppliers', join(folder, 'absent.csv')).code,
    1);
  assert.equal(run('import', file('a.csv', 'a\n1\n')).code, 2);
});

test('what is exported comes back', () => {
  const out = run('export', site.folder, '--form', 'suppliers');
  assert.equal(out.code, 0, out.err);
  assert.match(out.out, /^\ufeffName,Tax no,Since,Limit\r\n"Oak, Ltd",0012345/);
  const copy = imported('--form', 'copies', file('copy.csv', out.out));
  assert.equal(copy.code, 0, copy.err);
  assert.equal(run('export', site.folder, '--form', 'copies').out, out.out);
});

test('a workbook is read as a CSV is, whatever it is called', async () => {
  // A day in WPS's own format, numbers, an emptied column at the end.
  const book = workbook([['Name', 'Tax no', 'Since', 'Limit', ''],
    ['白杨', '0044', { day: 46112 }, 1234.5, ''],
    ['=1+1', '0045', { day: 46113 }, 0.1],
    ['', '0046', { day: 46114 }, 3]]);
  const path = file('book.csv', book);
  const result = imported('--form', 'suppliers', path);
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /3 of 3 rows/);
  const list = (await person.get('/api/v1/records/suppliers?sort=tax_no&q=白杨'))
    .body.records;
  assert.deepEqual(list.map((r) => r.values), [{ name: '白杨', tax_no: '0044',
    since: '2026-03-31', limit: '1234.50' }]);
  // It makes a form, too, with the types of its cells.
  const made = imported('--form', 'poplars', file('poplars.xlsx', workbook([
    ['Name', 'Planted', 'Height'], ['A', { day: 46112 }, 2.25],
    ['B', { day: 46113 }, 10]])));
  assert.equal(made.code, 0, made.err);
  const form = (await person.get('/api/v1/forms/poplars')).body;
  assert.deepEqual(form.fields.map((f) => f.type), ['text', 'date', 'decimal']);
});

test('a refused row of a workbook comes back as CSV; a text that looks like a ' +
  'formula keeps no apostrophe', async () => {
  const path = file('mixed.xlsx', workbook([['Name', 'Since'],
    ['=SUM(A1)', 'soon'], ['Rowan', { day: 46112 }]]));
  const result = imported('--form', 'suppliers', path);
  assert.match(result.out, /1 of 2 rows/);
  const refused = readFileSync(`${path}.refused.csv`, 'utf8');
  assert.match(refused, /\r\n"'=SUM\(A1\)",soon,/);
  writeFileSync(`${path}.refused.csv`, refused.replace('soon', '2022-02-02'));
  assert.match(imported('--form', 'suppliers', `${path}.refused.csv`).out,
    /1 of 1 rows/);
  const { records } = (await person.get('/api/v1/records/suppliers?filter=' +
    encodeURIComponent(JSON.stringify({ since: '2022-02-02' })))).body;
  assert.ok(records.some((r) => r.values.name === '=SUM(A1)'),
    JSON.stringify(records));
});

test('decimal commas make numbers, found or said', async () => {
  const made = imported('--form', 'prices', file('prices.csv',
    'Name;Price;Pieces;Size\nA;1.234,56;1.000;12,5 x 3\nB;12,5;20;4\n'));
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /2 of 2 rows/);
  const form = (await person.get('/api/v1/forms/prices')).body;
  assert.deepEqual(form.fields.map((f) => f.type),
    ['text', 'decimal', 'integer', 'text']);
  const values = async (name) => (await person.get('/api/v1/records/prices' +
    `?filter=${encodeURIComponent(JSON.stringify({ name }))}`)).body
    .records.map((r) => r.values);
  assert.deepEqual(await values('A'),
    [{ name: 'A', price: '1234.56', pieces: 1000, size: '12,5 x 3' }]);
  assert.deepEqual(await values('B'),
    [{ name: 'B', price: '12.50', pieces: 20, size: '4' }]);
  // Into a form that is there: a sign that could be either is said.
  const either = file('either.csv', 'Name;Pieces\nC;1.000\n');
  assert.match(imported('--form', 'prices', either).out, /1 of 1 rows/);
  assert.deepEqual((await values('C')).map((r) => r.pieces), [1]);
  assert.match(imported('--form', 'prices', '--decimal', 'comma', either).out,
    /1 of 1 rows/);
  assert.deepEqual((await values('C')).map((r) => r.pieces).sort(), [1, 1000]);
  const path = file('wrong.csv', 'Name;Price\nD;12,5\nE;13\n');
  assert.match(imported('--form', 'prices', '--decimal', 'point', path).out,
    /1 of 2 rows/);
  assert.match(readFileSync(`${path}.refused.csv`, 'utf8'),
    /D,"12,5","?price: .*decimal point/);
  assert.equal(imported('--form', 'prices', '--decimal', 'dot', path).code, 2);
  // Numbers of a workbook are what they are.
  const book = file('typed.xlsx', workbook([['Name', 'Price'], ['F', '12,5'],
    ['G', 1234.5]]));
  assert.match(imported('--form', 'prices', book).out, /2 of 2 rows/);
  assert.deepEqual([...await values('F'), ...await values('G')]
    .map((r) => r.price), ['12.50', '1234.50']);
});

test('--sheet names or numbers a sheet', () => {
  const two = parts([['Name'], ['First']]);
  const xml = Object.fromEntries(Object.entries(two));
  xml['xl/workbook.xml'] = xml['xl/workbook.xml'].replace('</sheets>',
    '<sheet name="2026" sheetId="2" r:id="rId2"/></sheets>');
  xml['xl/_rels/workbook.xml.rels'] = xml['xl/_rels/workbook.xml.rels']
    .replace('</Relationships>', '<Relationship Id="rId2" ' +
      'Target="worksheets/sheet2.xml"/></Relationships>');
  xml['xl/worksheets/sheet2.xml'] = sheet([['Name'], ['Second'], ['Third']]);
  const path = file('two.xlsx', zip(xml));
  const rows = (...words) => imported('--form', 'sheets', ...words, path);
  assert.match(rows().out, /1 of 1 rows/);
  assert.match(rows('--sheet', '2').out, /2 of 2 rows/);
  assert.match(rows('--sheet', '2026').out, /2 of 2 rows/);
  assert.match(rows('--sheet', '客户').out, /1 of 1 rows/);
  for (const wrong of ['3', '0', 'Summary']) {
    const result = rows('--sheet', wrong);
    assert.equal(result.code, 1, wrong);
    assert.match(result.err, /two\.xlsx has no sheet/);
  }
  const bad = imported('--form', 'sheets', file('bad.xlsx',
    zip(xml).subarray(0, 300)));
  assert.equal(bad.code, 1);
  assert.match(bad.err, /bad\.xlsx: This is no XLSX workbook/);
  const old = imported('--form', 'sheets', file('old.xlsx',
    Buffer.from('d0cf11e0a1b11ae1', 'hex')));
  assert.match(old.err, /old\.xlsx is no table/);
});

const real = (name) => join(data, name);
const places = ['provinces.csv', 'cities.csv', 'areas.csv', 'streets.csv'];

test('the street names of China become a cascade of four levels', {
  skip: !existsSync(real('streets.csv')) && 'the real tables are not here',
}, async () => {
  // As people's spreadsheets save: one in GB18030, one with a mark.
  const cities = file('cities.csv', spawnSync('iconv',
    ['-t', 'GB18030', real('cities.csv')]).stdout);
  const areas = file('areas.csv',
    `\ufeff${readFileSync(real('areas.csv'), 'utf8')}`);
  const started = Date.now();
  const result = imported('--form', 'regions', real('provinces.csv'), cities,
    areas, real('streets.csv'));
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /44703 of 44703 rows/);
  assert.ok(Date.now() - started < 60000 * slow);
  const list = (await person.get('/api/v1/records/regions?q=中山' +
    '&sort=code&limit=200')).body.records;
  assert.ok(list.length > 30);
  assert.equal((await person.get('/records/regions?sort=-name&page=20')).status,
    200);
  writeFileSync(join(site.folder, 'forms/visit.json'), JSON.stringify({
    title: 'Visit', fields: [{ key: 'place', type: 'cascade',
      target: 'regions' }] }));
  site.child.kill('SIGHUP');
  const options = '/api/v1/forms/visit/fields/place/options';
  let parent = '';
  for (let level = 0; level < 4; level += 1) {
    let answer;
    for (let tries = 0; tries < 200; tries += 1) {
      answer = await person.get(`${options}?parent=${parent}`);
      if (answer.status === 200) break;
      await new Promise((r) => setTimeout(r, 100));
    }
    assert.equal(answer.status, 200, answer.text);
    const first = answer.body.options[0];
    assert.equal(first.leaf, level === 3);
    parent = first.value;
  }
  const made = await person.post('/api/v1/records/visit',
    { values: { place: parent } });
  assert.equal(made.status, 201, made.text);
  const page = await person.get(`/records/visit/${made.body.id}`);
  assert.match(page.text, /北京市 \/ 市辖区 \/ 东城区 \/ 东华门街道/);
  // Nobody adds streets but administrators.
  assert.equal((await person.post('/api/v1/records/regions',
    { values: { name: 'x' } })).status, 403);
});

test('the 503 companies', {
  skip: !existsSync(real('companies.csv')) && 'the real tables are not here',
}, async () => {
  const result = imported('--form', 'companies', real('companies.csv'));
  assert.match(result.out, /503 of 503 rows/);
  const form = (await person.get('/api/v1/forms/companies')).body;
  const type = (key) => form.fields.find((f) => f.key === key).type;
  assert.equal(type('cik'), 'text');
  assert.equal(type('founded'), 'text');
  assert.equal(type('date_added'), 'date');
  const page = await person.get('/records/companies?sort=-date_added');
  assert.match(page.text, /503/);
});
