// workbook.mjs - small XLSX workbooks made by hand, good and bad ones: parts
// as texts, packed by an own writer of ZIP.
import { deflateRawSync } from 'node:zlib';

// (Node 18's zlib has no crc32.)
const table = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
export function crc32(data) {
  let c = 0xffffffff;
  for (const byte of data) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// { name: text or Buffer } as an archive.
export function zip(parts) {
  const files = [];
  const heads = [];
  let at = 0;
  for (const [name, text] of Object.entries(parts)) {
    const data = Buffer.from(text);
    const packed = deflateRawSync(data);
    const title = Buffer.from(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc32(data), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(data.length, 18);
    facts.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, title,
      packed]);
    const central = Buffer.alloc(46);
    central.write('PK\x01\x02', 0, 'latin1');
    central.writeUInt16LE(20, 4);
    facts.copy(central, 6, 0, 24);
    central.writeUInt32LE(at, 42);
    heads.push(Buffer.concat([central, title]));
    files.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(heads);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(heads.length, 8);
  end.writeUInt16LE(heads.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, directory, end]);
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const column = (i) => String.fromCharCode(65 + i);
const namespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';

// Rows of texts and numbers; { day: N } is a number in a style of a day.
export function sheet(rows) {
  const cell = (value, place) => value === null || value === '' ? ''
    : typeof value === 'number' ? `<c r="${place}"><v>${value}</v></c>`
      : typeof value === 'object' ? `<c r="${place}" s="1"><v>${value.day}</v></c>`
        : `<c r="${place}" t="inlineStr"><is><t>${escape(value)}</t></is></c>`;
  return `<?xml version="1.0"?><worksheet xmlns="${namespace}"><sheetData>` +
    rows.map((row, y) => `<row r="${y + 1}">` + row.map((value, x) =>
      cell(value, `${column(x)}${y + 1}`)).join('') + '</row>').join('') +
    '</sheetData></worksheet>';
}

// The parts of a workbook with one sheet, as WPS Office writes them (its
// formats of days are its own); `more` replaces or adds parts.
export function parts(rows, more = {}) {
  return { '[Content_Types].xml': '<?xml version="1.0"?><Types/>',
    'xl/workbook.xml': `<?xml version="1.0"?><workbook xmlns="${namespace}" ` +
      'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/' +
      'relationships"><sheets><sheet name="客户" sheetId="1" r:id="rId1"/>' +
      '</sheets></workbook>',
    'xl/_rels/workbook.xml.rels': '<?xml version="1.0"?><Relationships ' +
      'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' +
      '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>' +
      '</Relationships>',
    'xl/styles.xml': `<?xml version="1.0"?><styleSheet xmlns="${namespace}">` +
      '<numFmts><numFmt numFmtId="176" ' +
      'formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@"/>' +
      '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="176"/></cellXfs>' +
      '</styleSheet>',
    'xl/worksheets/sheet1.xml': sheet(rows), ...more };
}

export const workbook = (rows, more) => zip(parts(rows, more));
