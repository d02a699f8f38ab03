// archives.test.mjs - F20: archives, workbooks, XML and pictures that unpack to
// far more than they are. Each is refused under a second and 64 MB.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, long, slow } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';
import { crc32, workbook, zip } from '../lib/workbook.mjs';

// KiB that a worker may take, however slow the machine. (Under the address
// sanitizer too: it takes 2 MiB.)
const most = 64 * 1024;

let site, person, pids;
before(async () => {
  site = await demoSite({ body_max: 64 * 1024 * 1024 });
  writeFileSync(join(site.folder, 'forms/client.json'), JSON.stringify({
    title: 'Clients', label: 'name', fields: [
      { key: 'name', type: 'text', title: 'Name' },
      { key: 'note', type: 'text', title: 'Note' }] }));
  await site.stop();
  await site.start();
  person = await signedIn(site, 'zhang.wei');
  pids = (await site.whole()).workers.map((one) => one.pid);
});
after(() => site?.stop());

const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(
  readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(
  readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// What `work` costs: { result, ms, kib }, the memory of the worker that took
// the most. (What is sent lies in a file of the front's.)
async function cost(work) {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = pids.map(resident);
  const begun = performance.now();
  const result = await work();
  return { result, ms: performance.now() - begun,
    kib: Math.max(...pids.map((pid, i) => peak(pid) - before[i])) };
}

async function send(path, name, bytes, form) {
  const body = new FormData();
  if (form) body.set('form', form);
  body.set('file', new Blob([bytes]), name);
  return person.fetch('POST', path, { body,
    headers: { 'x-csrf-token': person.csrf } });
}

// An import goes on as a job where its reading does not refuse it at once.
async function refused(what, bytes, name) {
  const { result, ms, kib } = await cost(() =>
    send('/api/v1/imports', name, bytes, 'client'));
  assert.ok([413, 422].includes(result.status), `${what}: ${result.text}`);
  // Tens of megabytes take their time to arrive.
  const arrival = bytes.length / 1024 / 1024 * 20;
  assert.ok(ms - arrival < 1000 * slow, `${what}: ${ms.toFixed(0)} ms`);
  assert.ok(kib < most, `${what}: ${kib} KiB for ${bytes.length} bytes`);
  return result.body.problems[0].message;
}

// An archive whose parts are { name: { packed, size, crc } } as they say.
function lying(parts) {
  const files = [], heads = [];
  let at = 0;
  for (const [name, { packed, size, claimed = packed.length, crc = 0 }]
    of parts) {
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc, 10);
    facts.writeUInt32LE(claimed, 14);
    facts.writeUInt32LE(size, 18);
    facts.writeUInt16LE(name.length, 22);
    const central = Buffer.alloc(46);
    central.write('PK\x01\x02', 0, 'latin1');
    central.writeUInt16LE(20, 4);
    facts.copy(central, 6, 0, 24);
    central.writeUInt32LE(at, 42);
    heads.push(central, Buffer.from(name));
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts,
      Buffer.from(name), packed]);
    files.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(heads), end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(Math.min(parts.length, 65535), 8);
  end.writeUInt16LE(Math.min(parts.length, 65535), 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, directory, end]);
}

const sheetOf = (rows) => '<worksheet xmlns="http://schemas.openxmlformats.org' +
  `/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`;
const part = 'xl/worksheets/sheet1.xml';
// One letter, many times: packed to a thousandth.
const SIZE = (long ? 400 : 120) * 1024 * 1024;
const inflated = deflateRawSync(Buffer.alloc(SIZE, 0x20),
  { level: 9 });
const good = workbook([['Name'], ['x']]);

test('F20_ a part that unpacks to a thousand times its size', async () => {
  const bytes = lying([[part, { packed: inflated, size: SIZE }]]);
  assert.match(await refused('honest', bytes, 'a.xlsx'), /unpacks to more/);
});

test('F20_ a part that says it is small', async () => {
  for (const size of [100, 3 * 1024 * 1024]) {
    const names = ['[Content_Types].xml', 'xl/workbook.xml',
      'xl/_rels/workbook.xml.rels', part];
    const bytes = lying(names.map((name) =>
      [name, { packed: inflated, size }]));
    await refused(`says ${size}`, bytes, 'a.xlsx');
  }
});

test('F20_ a part that says it is packed less', async () => {
  const bytes = lying([['xl/_rels/workbook.xml.rels', { packed: inflated,
    size: SIZE, claimed: SIZE }]]);
  await refused('claims', bytes, 'a.xlsx');
});

test('F20_ a million entries', async () => {
  for (const count of [70000, long ? 600000 : 200000]) {
    const empty = { packed: Buffer.alloc(0), size: 0 };
    const bytes = lying(Array.from({ length: count }, (unused, i) =>
      [`${i}`, empty]));
    await refused(`${count} entries`, bytes, 'a.xlsx');
  }
});

test('F20_ a sheet of 10^9 cells', async () => {
  const cells = '<c r="A1" t="s"><v>0</v></c>'.repeat(200);
  // Each of 200 cells in 20,000 rows is one text of 30,000 letters.
  const strings = `<sst count="1000000000" uniqueCount="1000000000"><si><t>${
    'x'.repeat(30000)}</t></si></sst>`;
  const shared = workbook([['Name', 'Note']], {
    [part]: sheetOf('<row r="1"><c t="inlineStr"><is><t>Name</t></is></c>' +
      '<c t="inlineStr"><is><t>Note</t></is></c></row>' +
      '<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>'.repeat(20000)),
    'xl/sharedStrings.xml': strings });
  await refused('shared strings', shared, 'a.xlsx');
  const wide = workbook([['Name']], {
    [part]: sheetOf(`<row>${cells.repeat(400)}</row>`) });
  await refused('wide', wide, 'a.xlsx');
});

test('F20_ entities that grow, also inside of texts', async () => {
  const laughs = Array.from({ length: 9 }, (unused, i) =>
    `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
  const doctype = `<!DOCTYPE x [<!ENTITY e0 "ha">${laughs}]>`;
  for (const name of [part, 'xl/sharedStrings.xml', 'xl/workbook.xml',
    'xl/styles.xml', 'xl/_rels/workbook.xml.rels'])
    assert.match(await refused(name, workbook([['Name']], { [name]:
      `<?xml version="1.0"?>${doctype}<x>&e9;</x>` }), 'a.xlsx'),
    /document type|no sheet/);
});

// A PNG of one colour: 50,000 × 50,000 are 7.5 GB for who shows it.
function png(width, height) {
  const chunk = (type, data) => {
    const head = Buffer.alloc(8), tail = Buffer.alloc(4);
    head.writeUInt32BE(data.length, 0);
    head.write(type, 4, 'latin1');
    tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])));
    return Buffer.concat([head, data, tail]);
  };
  const facts = Buffer.alloc(13);
  facts.writeUInt32BE(width, 0);
  facts.writeUInt32BE(height, 4);
  facts.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', facts), chunk('IDAT', deflateSync(Buffer.alloc(
      Math.min((width + 1) * height, 8 * 1024 * 1024)))),
    chunk('IEND', Buffer.alloc(0))]);
}

function jpeg(width, height) {
  const frame = Buffer.from('ffd8ffe000104a46494600010100000100010000' +
    'ffc0000b08000000000101110000', 'hex');
  frame.writeUInt16BE(height, 25);
  frame.writeUInt16BE(width, 27);
  return frame;
}

function gif(width, height) {
  const head = Buffer.from('474946383961000000000000003b', 'hex');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  return head;
}

function webp(width, height) {
  const head = Buffer.alloc(30);
  head.write('RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0', 0, 'latin1');
  head.writeUIntLE(width - 1, 24, 3);
  head.writeUIntLE(height - 1, 27, 3);
  return head;
}

test('F20_ pictures of more points than anybody can show', async () => {
  const large = [['a.png', png(50000, 50000)],
    ['a.jpg', jpeg(65500, 65500)], ['a.gif', gif(65535, 65535)],
    ['a.webp', webp(16777216, 255)]];
  for (const [name, bytes] of large) {
    const { result, ms, kib } = await cost(() =>
      send('/api/v1/files', name, bytes));
    assert.equal(result.status, 422, result.text);
    assert.match(result.body.problems[0].message, /points/);
    assert.ok(ms < 1000 * slow, `${ms} ms`);
    assert.ok(kib < most, `${kib} KiB`);
  }
  for (const [name, bytes] of [['a.png', png(200, 200)],
    ['a.png', png(3, 2000000)], ['a.png', png(8000, 6000)], ['a.jpg', jpeg(16320, 12240)],
    ['a.gif', gif(100, 100)], ['a.webp', webp(4000, 3000)]])
    assert.equal((await send('/api/v1/files', name, bytes)).status, 201, name);
});

test('F20_ a good one is taken afterwards, and nobody died', async () => {
  const made = await send('/api/v1/imports', 'a.xlsx', good, 'client');
  assert.equal(made.status, 201, made.text);
  assert.equal(zip({ a: 'b' }).length > 0, true);
  assert.deepEqual(site.log('worker.died'), []);
});
