// check-style.mjs - the rules of docs/style.md that a program can see: sizes,
// heads, words, texts of errors, and that SQL and HTML are not put together
// from strings. Repair what it names, or mark the line as it says.
import { basename } from 'node:path';
import { checkCatalogs } from './catalogs.mjs';
import { bare, calls, files, finish, lineAt, literals, read, refuse, warn }
  from './source.mjs';

const ours = /^(core|sdk|plugins|scripts|themes|tests|tools|cmake|docs)\//;
const source = files(/\.(c|h|mjs|ts|scss|css|lua|cmake|mustache|sql)$/)
  .filter((file) => ours.test(file));
const generated = /^(sdk\/abi\/|.*\/generated\/|.*\.min\.)/;

// --- sizes ---

function checkSize(file, text) {
  const lines = text.split('\n').length - 1;
  if (lines > 1000)
    refuse(file, lines, `${lines} lines; a file has at most 1000`);
  else if (lines > 600)
    warn(file, lines, `${lines} lines ask to be two files`);
}

// A function's body stands between a "{" and a "}" in the first column.
function checkFunctions(file, text) {
  const lines = bare(text).split('\n');
  let begin = -1;
  lines.forEach((line, i) => {
    if (line === '{') begin = i;
    if (!line.startsWith('}') || begin < 0) return;
    let head = begin - 1;
    while (head > 0 && !/^[A-Za-z_]/.test(lines[head])) head--;
    const length = i - head + 1;
    const name = /([A-Za-z_0-9]+)\s*\(/.exec(lines[head])?.[1] ?? '?';
    const table = !/\(/.test(lines.slice(head, begin).join(' '));
    if (!table && length > 100)
      refuse(file, head + 1, `${name} has ${length} lines, at most 100`);
    else if (!table && length > 60)
      warn(file, head + 1, `${name} has ${length} lines, more than a screen`);
    begin = -1;
  });
}

// --- heads and words ---

function checkHead(file, text) {
  const name = basename(file).replace(/\./g, '\\.');
  if (!new RegExp(`^/\\*\\n \\* ${name} - \\S`).test(text))
    refuse(file, 1, 'the file begins with "/*", then ' +
      `" * ${basename(file)} - what it is for"`);
  if (!/^(core|tests\/unit|tests\/fuzz)\/.*\.c$/.test(file)) return;
  const first = /^#include\s+(\S+)/m.exec(text)?.[1];
  if (first !== '"base/banned.h"')
    refuse(file, 1, 'the first include is "base/banned.h"');
}

const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X',
  'HA' + 'CK'].join('|')})\\b`, 'g');

function checkWords(file, text) {
  for (const match of text.matchAll(unfinished))
    refuse(file, lineAt(text, match.index),
      `"${match[0]}": finish it, or make it an issue`);
  for (const match of text.matchAll(/[ \t]+$/gm))
    if (!file.endsWith('.md'))
      refuse(file, lineAt(text, match.index), 'spaces at the end of a line');
}

// --- calls that are refused ---

const banned = [
  ['cJSON_GetObjectItem', 'it ignores case; take value_get'],
  ['cJSON_Parse\\w*', 'take json_parse', /^core\/base\/json\.c$/],
  ['gets|alloca|strdupa|setlocale', 'style rule 6'],
  ['sqlite3_exec', 'take the statements of store/',
    /^(core\/store|tests\/(bench|unit\/store))\//],
  ['sqlite3_mprintf|sqlite3_snprintf|sqlite3_vmprintf',
    'SQL is bound, not printed', /^tests\/bench\//],
  ['lua_load|luaL_loadstring|luaL_loadfile\\w*|luaL_dostring|luaL_dofile',
    'scripts are loaded as text by script/ only', /^core\/script\//],
  ['config_read|config_read_file|config_read_string',
    'take base/config.h, which refuses @include',
    /^core\/base\/config\.c$/],
  ['dlclose', 'a module is never unmapped (pitfalls 4)'],
];

function checkBanned(file, text) {
  for (const [names, why, except] of banned) {
    if (except?.test(file)) continue;
    for (const match of bare(text).matchAll(
      new RegExp(`\\b(${names})\\s*\\(`, 'g')))
      refuse(file, lineAt(text, match.index), `${match[1]}(): ${why}`);
  }
}

// --- SQL and HTML made of strings (rule 7) ---

const printing = 'arena_printf|buf_addf|buf_vaddf|snprintf|vsnprintf|' +
  'asprintf|vasprintf|fprintf|dprintf';
const sql = new RegExp('(^|[ (])(SELECT|INSERT INTO|INSERT OR|UPDATE|' +
  'DELETE FROM|CREATE (UNIQUE |TEMP )?(TABLE|INDEX|VIEW|TRIGGER)|DROP TABLE|' +
  'ALTER TABLE|FROM|WHERE|JOIN|ORDER BY|GROUP BY|LIMIT|VALUES|UNION|' +
  'PRAGMA|SAVEPOINT) ');
const html = /<\/?[a-z][a-z0-9]*[ >%]|^[^{]* [a-z-]+=\\"%/;
// Numbers are harmless by their type.
const inserts = /%[-+ #0-9.*]*s/;

// The lines of a call and the one before it, where its mark may stand.
const around = (text, call) => {
  const start = text.lastIndexOf('\n', text.lastIndexOf('\n', call.index) - 1);
  const end = text.indexOf('\n', call.end);
  return text.slice(start + 1, end < 0 ? text.length : end);
};

function checkBuilding(file, text) {
  for (const call of calls(text, printing)) {
    const made = literals(call.args.join(', ')).join(' ');
    if (sql.test(`${made} `) && inserts.test(made) &&
        !around(text, call).includes('/* sql: names from the definition */'))
      refuse(file, call.line, 'SQL is made by printing; bind the values, and ' +
        'where names come from a definition say so: ' +
        '/* sql: names from the definition */');
    if (html.test(made) && inserts.test(made) &&
        !/\/\* html: [^*]+\*\//.test(around(text, call)))
      refuse(file, call.line, 'HTML is made by printing; take buf_add_html ' +
        'or a template, or say why it is safe: /* html: … */');
  }
}

// SQL that only one store has (docs/architecture.md, "SQL"); the driver and
// what stands in for it may.
const oneStore = new RegExp('\\b(json_each|json_extract|ifnull|iif|instr|' +
  'group_concat|strftime|GLOB|INSERT OR|UPDATE OR|REPLACE INTO|' +
  'NOT INDEXED|INDEXED BY|sqlite_\\w+|pragma_\\w+)\\b');

const asking = 'arena_printf|buf_addf|buf_add_text|db_query|db_query_values|' +
  'db_exec|db_exec_values|db_int|db_text';

function checkSubset(file, text) {
  if (!/^(core|plugins|sdk)\//.test(file) || file.startsWith('core/store/'))
    return;
  for (const call of calls(text, asking)) {
    const found = oneStore.exec(literals(call.args.join(', ')).join(' '));
    if (found && !around(text, call).includes('/* sql: of SQLite alone */'))
      refuse(file, call.line, `not every store has ${found[1]}; ` +
        'see docs/architecture.md, "SQL"');
  }
}

// --- texts of errors ---

const keyPattern = /^[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+$/;
const keyArgument = { fail: 2, fail_at: 3, tr: 1, tr_with: 1 };

function checkKeys(file, text, keys) {
  const roots = new Set([...keys.keys()].map((key) => key.split('.')[0]));
  const missing = (line, key) => refuse(file, line,
    `no catalog has the key "${key}" (core/${file.split('/')[1]}/locale/)`);
  for (const call of calls(text, '\\w*fail\\w*|refuse\\w*|tr|tr_with')) {
    const place = keyArgument[call.name];
    if (/^(int|static|const|void|char)\b/.test(call.args[0] ?? '')) continue;
    const candidates = place !== undefined
      ? literals(call.args[place] ?? '')
      : call.args.flatMap((arg) => literals(arg))
        .filter((key) => roots.has(key.split('.')[0]) && !/\.(c|h|cfg|json|db|sock|log)$/.test(key));
    for (const key of candidates)
      if (keyPattern.test(key) && !keys.has(key)) missing(call.line, key);
      else if (place === 2 && !keyPattern.test(key) && call.name === 'fail')
        refuse(file, call.line, `"${key}" is no key (room.reason)`);
  }
}

// A module's pages also have its own catalog.
function checkTemplate(file, text, keys, folders) {
  const own = /^((?:plugins|scripts)\/[^/]+)\//.exec(file)?.[1];
  const more = folders.get(`${own}/locale`)?.get('en');
  for (const match of text.matchAll(/\{\{\s*t\.([a-z0-9_.]+)\s*\}\}/g))
    if (!keys.has(match[1]) && !more?.has(match[1]))
      refuse(file, lineAt(text, match.index),
        `no catalog has the key "${match[1]}"`);
  const forbidden = [
    [/\sstyle\s*=/gi, 'an inline style (the CSP refuses it)'],
    [/\son[a-z]+\s*=\s*["']/gi, 'an inline handler (the CSP refuses it)'],
    [/<script(?![^>]*\s(?:src=|type="application\/json"))[^>]*>/gi, 'an inline script'],
    [/href\s*=\s*["']javascript:/gi, 'a javascript: address'],
  ];
  for (const [pattern, what] of forbidden)
    for (const match of text.matchAll(pattern))
      refuse(file, lineAt(text, match.index + 1), what);
}

// --- SQL files: typed tables ---

function checkSql(file, text) {
  if (file.endsWith('.postgresql.sql')) return;
  const code = text.replace(/--[^\n]*/g, (comment) =>
    ' '.repeat(comment.length));
  for (const match of code.matchAll(
    /CREATE TABLE(?: IF NOT EXISTS)?\s+([^\s(]+)[^;]*;/gi))
    if (!/\)[^)]*\bSTRICT\b[^)]*;$/i.test(match[0]))
      refuse(file, lineAt(text, match.index),
        `the table ${match[1]} is not STRICT`);
}

// --- browser code ---

function checkBrowser(file, text) {
  const patterns = [
    [/\.(inner|outer)HTML\s*=(?!=)|insertAdjacentHTML\s*\(/g,
      'HTML from a string; take textContent or a <template>'],
    [/\beval\s*\(|\bnew Function\b/g, 'code from a string'],
    [/document\.write\s*\(/g, 'document.write'],
  ];
  for (const [pattern, what] of patterns)
    for (const match of text.matchAll(pattern)) {
      const line = lineAt(text, match.index);
      if (!/\/\/ html: /.test(text.split('\n').slice(line - 2, line)
        .join('\n')))
        refuse(file, line, `${what}; where it is safe say why: // html: …`);
    }
}

// --- all of it ---

const { keys, folders, count } = checkCatalogs();
for (const file of source) {
  if (generated.test(file)) continue;
  const text = read(file);
  checkSize(file, text);
  if (!file.startsWith('tools/check-style') &&
      !file.startsWith('tests/tools/')) checkWords(file, text);
  if (/\.[ch]$/.test(file)) {
    checkHead(file, text);
    checkFunctions(file, text);
    if (!file.startsWith('core/base/banned.h')) checkBanned(file, text);
    if (file.startsWith('core/')) {
      checkBuilding(file, text);
      checkSubset(file, text);
      checkKeys(file, text, keys);
    }
  }
  if (file.endsWith('.mustache') && !file.startsWith('tests/'))
    checkTemplate(file, text, keys, folders);
  if (file.endsWith('.sql')) checkSql(file, text);
  if (/^themes\/.*\.ts$/.test(file)) checkBrowser(file, text);
}
finish('style', `${source.length} files and ${count} catalogs`);
