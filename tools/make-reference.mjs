// make-reference.mjs - the SDK's reference, made of its headers and of the
// examples that are compiled and run (sdk/examples).
//
//   node tools/make-reference.mjs --out FOLDER
//
// index.html (rules, statuses, all names) and a page for each area. What a
// page says stands in the headers; nothing is written here twice.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync,
  writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examples, handles, isEntry, readHeaders } from './sdk-headers.mjs';

const root = new URL('..', import.meta.url).pathname;
const sdk = join(root, 'sdk');

// The pages, and which sections of the headers they hold. A section that is
// not named here stops the build: somebody has to say where it belongs.
const AREAS = [
  ['begin', 'How a module begins', "the host's tables"],
  ['register', 'What a module registers', 'registrations'],
  ['call', 'The call', 'the call'],
  ['values', 'Values', 'values'],
  ['record', 'The record of a hook', 'the record of a hook or service'],
  ['records', 'Records of forms', 'records of forms'],
  ['conditions', 'Conditions', 'conditions'],
  ['web', 'Requests and answers', 'requests and answers'],
  ['people', 'People', 'people'],
  ['files', 'Files', 'files: streams that end with the call; at most 100 in one'],
  ['work', 'Background work', 'background work'],
  ['settings', 'Settings', 'settings'],
  ['offers', 'What modules offer each other', 'what modules offer each other'],
].map(([key, title, section]) => ({ key, title, section, entries: [] }));
// Enums that an area explains; all others stand on the first page.
const ENUMS = { register: ['tn_when', 'tn_access', 'tn_storage'],
  conditions: ['tn_op'], values: ['tn_kind'], call: ['tn_level'] };
// Structs that no macro fills by name.
const STRUCTS = { values: ['tn_decimal'] };

const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

// ---- what there is ----

function areaOf(macro) {
  const section = /\bTN_ADD_\(/.test(macro.body) ? 'registrations'
    : macro.section?.title;
  const area = AREAS.find((each) => each.section === section);
  if (!area) throw new Error(`${macro.name}: no page for "${section}"`);
  return area;
}

// The host's function behind a macro, with the macro's own parameters.
function prototype(macro, structs) {
  const through = macro.body.match(/^TN_CALL_\( ?(\w+), (\w+), (.*)\)$/);
  if (!through) return condition(macro);
  const table = structs.find(({ name }) => name === `tn_host_${through[1]}`);
  const target = table?.members.find(({ name }) => name === through[2]);
  if (!target) throw new Error(`${macro.name}: no ${through[1]}.${through[2]}`);
  // The first part is what is answered where the host lacks the function.
  const passed = split(through[3]).slice(1);
  const given = macro.parameters.map((name) => {
    if (name === '...') return '.member = …';
    const at = passed.findIndex((each) => each === name);
    const shown = name.replace(/_$/, '');
    if (at >= 0) return typed(target.parameters[at], shown);
    // A member of a struct that the macro makes.
    const inside = macro.body.match(new RegExp(
      `\\((\\w+)\\)\\{[^}]*\\.(\\w+) = \\(${name}\\)`));
    const member = inside && structs.find((each) => each.name === inside[1])
      ?.members.find((each) => each.name === inside[2]);
    return member ? `${member.type} ${shown}` : shown;
  });
  return `${target.result}${target.result.endsWith('*') ? '' : ' '}` +
    `${macro.name}(${given.join(', ')})`;
}

function condition(macro) {
  const types = { field: 'const char *field', field_: 'const char *field',
    value: 'const tn_value *value', value_: 'const tn_value *value',
    list: 'const tn_value *list', v: 'const tn_value *v', op_: 'enum tn_op op',
    condition: 'const tn_condition *condition',
    '...': 'const tn_condition *condition, …' };
  const parameters = macro.parameters.map((name) => types[name] ?? name);
  const result = /tn_condition|TN_(TEST|PARTS)\(/.test(macro.body)
    ? 'const tn_condition *' : /TN_NULL\)|^\(tn_host_table/.test(macro.body)
      ? 'bool ' : '';
  return `${result}${macro.name}(${parameters.join(', ')})`;
}

// Arguments at the top level of a list.
function split(text) {
  const parts = [''];
  let depth = 0;
  for (const sign of text) {
    depth += '({'.includes(sign) ? 1 : ')}'.includes(sign) ? -1 : 0;
    if (sign === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts.map((part) => part.trim());
}

// A parameter of the table's function under the macro's name for it.
const typed = (declaration, name) => declaration.includes('(*')
  ? declaration.replace(/\(\*\w*\)/, `(*${name})`)
  : declaration.replace(/\w+$/, name);

function readExamples() {
  const found = [];
  for (const [language, folder, ext] of [['c', 'plugins/sdk_c', '.c'],
    ['lua', 'scripts/sdk_lua', '.lua']])
    for (const file of readdirSync(join(sdk, 'examples', folder)).sort())
      if (file.endsWith(ext))
        for (const block of examples(readFileSync(
          join(sdk, 'examples', folder, file), 'utf8'), ext === '.lua'))
          found.push({ ...block, language, number: found.length + 1,
            file: `sdk/examples/${folder}/${file}` });
  return found;
}

// ---- what pages say ----

const where = {}; // name, or "enum name" → address
const link = (text, page) => escape(text).replace(/\b(enum )?(tn|TN)_\w+/g,
  (name) => where[name] ? `<a href="${
    where[name].replace(`${page}.html#`, '#')}">${name}</a>` : name).replace(/`([^`<>\n]+)`/g, '<code>$1</code>');

// A comment: paragraphs, and as they stand the lines that are set in.
function prose(text, page) {
  const blocks = [];
  for (const line of (text ?? '').split('\n')) {
    const last = blocks[blocks.length - 1];
    // What goes on in an item of a list is set in as well.
    const kind = line === '' ? '' : !/^ {2,}/.test(line) ? 'p'
      : last?.lines.some((each) => each.startsWith('- ')) ? 'p' : 'pre';
    if (last && last.kind === kind) last.lines.push(line);
    else blocks.push({ kind, lines: [line] });
  }
  return blocks.filter(({ kind }) => kind).map(({ kind, lines }) => {
    if (kind === 'p') return list(lines, page);
    const set = Math.min(...lines.map((line) => line.search(/\S/)));
    return `<pre>${link(lines.map((line) => line.slice(set)).join('\n'), page)
    }</pre>`;
  }).join('\n');
}

// Lines with "- " at their beginnings are a list.
function list(lines, page) {
  const at = lines.findIndex((line) => line.startsWith('- '));
  if (at < 0) return `<p>${link(lines.join('\n'), page)}</p>`;
  const before = at > 0 ? `<p>${link(lines.slice(0, at).join('\n'), page)}</p>\n`
    : '';
  const items = lines.slice(at).join('\n').replace(/^- /, '').split('\n- ');
  return `${before}<ul>${items.map((item) =>
    `<li>${link(item, page)}</li>`).join('\n')}</ul>`;
}

const table = (head, rows) => `<div class="wide"><table><thead><tr>${head.map(
  (each) => `<th scope="col">${each}</th>`).join('')}</tr></thead><tbody>\n${
  rows.map((row) => `<tr${row.id ? ` id="${row.id}"` : ''}>${row.cells.map(
    (each) => `<td>${each}</td>`).join('')}</tr>`).join('\n')
}\n</tbody></table></div>`;

const enumTable = (each, page) => `<h3 id="enum-${each.name}">enum ${each.name}</h3>
${prose(each.comment, page)}
${table(['Name', 'Value', ''], each.values.map((value, i) => ({ id: value.name,
    cells: [`<code>${value.name}</code>`, value.value ?? String(i),
      link(value.comment, page)] })))}`;

// Members that a module fills; `size` is the macros' business.
const structTable = (each, page) => `${prose(each.comment, page)}
${table(['Member', 'Type', ''], each.members
    .filter(({ name }) => name !== 'size' && name !== 'reserved')
    .map((member) => ({ cells: [`<code>.${member.name}</code>`,
      `<code>${link(member.type, page)}</code>`,
      link(member.comment, page)] })))}`;

// An example stands once on a page; its other names lead there.
function exampleOf(name, language, all, page, shown) {
  const title = language === 'c' ? 'C' : 'Lua';
  const found = all.filter((each) => each.language === language &&
    each.names.includes(name)).sort((a, b) => a.names.length - b.names.length);
  const block = found.find((each) => !each.plain) ?? found[0];
  if (!block) throw new Error(`${name}: no example in ${title}`);
  if (block.plain)
    return `<p class="note">Lua: plain Lua does this, see <a ` +
      'href="index.html#plain-lua">values in Lua</a>.</p>';
  const id = `example-${block.number}`;
  if (shown.has(id)) return `<p class="note">Example in ${title}: <a ` +
    `href="#${id}">above</a>.</p>`;
  shown.add(id);
  return `<figure id="${id}"><figcaption>${title}</figcaption>` +
    `<pre><code>${escape(block.text)}</code></pre></figure>`;
}

// What the header says of it; where it says that of several, of which.
function said(macro, entries, page) {
  const others = entries.filter(({ comment, section }) =>
    comment && comment === macro.comment && section === macro.section);
  return (others.length > 1 ? `<p class="note">${others.map(({ name }) =>
    link(name, page)).join(', ')}:</p>\n` : '') + prose(macro.comment, page);
}

function entry(macro, structs, all, area, shown) {
  const page = area.key;
  const filled = macro.body.match(/sizeof\((tn_\w+)\)|TN_ADD_\(self, \w+, (\w+)/);
  const struct = macro.parameters.includes('...') && filled &&
    structs.find(({ name }) => name === (filled[1] ?? filled[2]));
  const form = /\bTN_ADD_\(/.test(macro.body)
    ? `int ${macro.name}(tn_module *self, .member = …)`
    : macro.name === 'TN_MODULE' ? 'TN_MODULE(int start(tn_module *self))'
      : prototype(macro, structs);
  return `<section id="${macro.name}">
<h2><a href="#${macro.name}">${macro.name}</a></h2>
<pre class="form"><code>${escape(form)}</code></pre>
${/TN_ADD_/.test(macro.body) ? '' : said(macro, area.entries, page)}
${struct ? structTable(struct, page) : ''}
${exampleOf(macro.name, 'c', all, page, shown)}
${exampleOf(macro.name, 'lua', all, page, shown)}
</section>`;
}

const frame = (title, page, body) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)} - Tenon SDK 1.0</title>
<link rel="stylesheet" href="reference.css">
</head>
<body>
<nav aria-label="Areas">
<p><a href="index.html"${page === 'index' ? ' aria-current="page"' : ''}>Tenon SDK 1.0</a></p>
<ul>
${AREAS.map((area) => `<li><a href="${area.key}.html"${area.key === page
    ? ' aria-current="page"' : ''}>${escape(area.title)}</a></li>`).join('\n')}
</ul>
</nav>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`;

function areaPage(area, headers, structs, all) {
  const section = headers.flatMap(({ sections }) => sections)
    .find(({ title }) => title === area.section);
  const enums = headers.flatMap((header) => header.enums)
    .filter(({ name }) => ENUMS[area.key]?.includes(name));
  const shown = new Set();
  const about = area.key === 'files'
    ? `${area.section.split(': ')[1]}.` : section.comment;
  return frame(area.title, area.key, [
    prose(about[0] ? about[0].toUpperCase() + about.slice(1) : '', area.key),
    `<ul class="names">${area.entries.map(({ name }) =>
      `<li><a href="#${name}">${name}</a></li>`).join('\n')}</ul>`,
    ...area.entries.map((macro) => entry(macro, structs, all, area, shown)),
    ...enums.map((each) => enumTable(each, area.key)),
    ...structs.filter(({ name }) => STRUCTS[area.key]?.includes(name)).map(
      (each) => `<h3 id="${each.name}">struct ${each.name}</h3>\n${
        structTable(each, area.key)}`),
  ].join('\n'));
}

function indexPage(headers, all) {
  const [, , rules] = readFileSync(join(sdk, 'include/tenon/tenon.h'), 'utf8')
    .match(/\/\*\n \* (tenon\.h) - ([^]*?)\n \*\//);
  const status = headers[0].enums.find(({ name }) => name === 'tn_status');
  const plain = all.find((each) => each.plain);
  const opaque = handles(readFileSync(join(sdk, 'include/tenon/base.h'),
    'utf8'));
  const text = rules.replace(/^ \* ?/gm, '');
  return frame('Reference of the SDK', 'index', [
    prose(text[0].toUpperCase() + text.slice(1), 'index'),
    '<p>Each example here is compiled, run and checked with the program: ' +
      '<code>sdk/examples</code>. <code>THING</code> and <code>LOAN</code> ' +
      'are the names of its forms.</p>',
    ...AREAS.map((area) => `<h2><a href="${area.key}.html">${
      escape(area.title)}</a></h2>\n<ul class="names">${area.entries.map(
      ({ name }) => `<li><a href="${where[name]}">${name}</a></li>`)
      .join('\n')}</ul>`),
    '<h2 id="statuses">Statuses</h2>',
    enumTable(status, 'index'),
    '<h2 id="handles">Handles</h2>',
    table(['Type', ''], opaque.map(({ name, comment }) => ({
      cells: [`<code>${name}</code>`, escape(comment)] }))),
    '<h2 id="plain-lua">Values in Lua</h2>',
    `<figure><figcaption>Lua</figcaption><pre><code>${escape(plain.text)}` +
      '</code></pre></figure>',
  ].join('\n'));
}

export function pages() {
  const headers = readHeaders(join(sdk, 'include'));
  const structs = headers.flatMap((header) => header.structs);
  const all = readExamples();
  for (const [key, names] of Object.entries(STRUCTS))
    for (const name of names) where[name] = `${key}.html#${name}`;
  for (const macro of headers.flatMap(({ macros }) => macros).filter(isEntry)) {
    const area = areaOf(macro);
    area.entries.push(macro);
    where[macro.name] = `${area.key}.html#${macro.name}`;
  }
  for (const { name, values } of headers.flatMap(({ enums }) => enums)) {
    const key = Object.keys(ENUMS).find((each) => ENUMS[each].includes(name)) ??
      'index';
    where[`enum ${name}`] = `${key}.html#enum-${name}`;
    for (const value of values) where[value.name] = `${key}.html#${value.name}`;
  }
  return new Map([['index.html', indexPage(headers, all)], ...AREAS.map(
    (area) => [`${area.key}.html`, areaPage(area, headers, structs, all)])]);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const out = process.argv[process.argv.indexOf('--out') + 1];
  if (!process.argv.includes('--out') || !out) {
    console.error('use: node tools/make-reference.mjs --out FOLDER');
    process.exit(2);
  }
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const [name, text] of pages()) writeFileSync(join(out, name), text);
  copyFileSync(join(sdk, 'reference.css'), join(out, 'reference.css'));
}
