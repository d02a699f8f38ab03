// sdk-headers.mjs - what the SDK's headers say, as data: for the reference
// (make-reference.mjs) and for the tests that hold it complete.
//
// parseHeader(text) gives {about, sections, macros, structs, enums}, in the
// order of the file. It knows the few shapes that those headers use; a test
// counts that none is left out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const parts = ['base', 'register', 'host', 'call', 'more'];

// A comment's text: without the stars, paragraphs and indented lines kept.
function comment(source) {
  return source.replace(/^\/\*+ ?/, '').replace(/\s*\*+\/$/, '')
    .split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n').replace(/^\n+/, '').trimEnd();
}

// The same of a comment beside a member: one line.
const aside = (source) => comment(source).replace(/\s+/g, ' ');

// "const char *path, *example" or a function: [{name, type}].
function declared(source) {
  const text = source.replace(/\s+/g, ' ').trim();
  const call = text.match(/^(.*?)\(\*(\w+)\)\((.*)\)$/);
  if (call) {
    return [{ name: call[2], type: `${call[1].trim()} (*)(${call[3]})`,
      result: call[1].trim(),
      parameters: call[3].split(/,(?![^(]*\))/).map((each) => each.trim()) }];
  }
  const shape = text.match(/^((?:const |struct )*\w+)(.*)$/);
  return shape[2].split(',').map((each) => {
    const name = each.match(/(\w+)\s*$/)[1];
    const stars = each.slice(0, each.lastIndexOf(name)).trim();
    return { name, type: stars ? `${shape[1]} ${stars}` : shape[1] };
  });
}

// A struct's members, each with the comments before and beside it.
function members(body) {
  const found = [];
  let before = '', last = [];
  for (const [token] of body.matchAll(/\/\*[^]*?\*\/|\n[ \t]*\n|[^;/]+;|\n/g)) {
    if (token.startsWith('/*')) {
      // On the line of a member it is that member's; else the next one's.
      if (last.length) for (const member of last) member.comment = aside(token);
      else before = aside(token);
    } else if (token.endsWith(';')) {
      last = declared(token.slice(0, -1)).map((member) => ({ ...member,
        comment: before }));
      before = '';
      found.push(...last);
    } else last = [];
  }
  return found;
}

// An enum's values; a comment after one belongs to it.
const VALUE = /(TN_\w+)(?:\s*=\s*(-?\d+))?\s*,?[ \t]*(\/\*[^]*?\*\/)?/g;
const values = (body) => [...body.matchAll(VALUE)].map((found) => ({
  name: found[1], value: found[2], comment: found[3] ? aside(found[3]) : '' }));

const TOKEN = new RegExp([
  /\/\*[^]*?\*\//, /#define [^]*?[^\\](?=\n)/, /#[^\n]*/,
  /(?:typedef )?(?:struct|enum) \w+ \{[^\n]*\}[^;\n]*;/,
  /(?:typedef )?(?:struct|enum) \w+ \{\n[^]*?\n\}[^;]*;/,
  /(?:typedef|extern)[^;]*;/, /\n[ \t]*\n/, /\s/, /./,
].map((each) => each.source).join('|'), 'g');

export function parseHeader(text) {
  const header = { sections: [], macros: [], structs: [], enums: [] };
  let about = '', section = null, said = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith('/*')) {
      const words = comment(token);
      if (/^---- /.test(words)) {
        const title = words.match(/^----\s*([^]*?)\s*-{4,}\s*([^]*)$/);
        const [name, ...rest] = title[1].replace(/\s+/g, ' ').split('. ');
        section = { title: name, comment: [rest.join('. '), title[2]]
          .filter(Boolean).join('\n\n') };
        header.sections.push(section);
        about = '';
      } else if (!said && !header.sections.length) {
        header.about = words;
        said = true;
      } else about = words;
    } else if (/^\n[ \t]*\n$/.test(token)) {
      about = '';
    } else if (token.startsWith('#define')) {
      const macro = token.replace(/\\\n\s*/g, ' ')
        .match(/^#define (\w+)(?:\(([^)]*)\))?\s*([^]*)$/);
      header.macros.push({ name: macro[1], body: macro[3].replace(/\s+/g, ' '),
        parameters: macro[2]?.split(',').map((each) => each.trim()),
        comment: about, section });
    } else if (/^(typedef )?struct \w+ \{/.test(token)) {
      const shape = token.match(/struct (\w+) \{([^]*)\}/);
      header.structs.push({ name: shape[1], members: members(shape[2]),
        comment: about, section });
      about = '';
    } else if (/^(typedef )?enum \w+ \{/.test(token)) {
      const shape = token.match(/enum (\w+) \{([^]*)\}/);
      header.enums.push({ name: shape[1], values: values(shape[2]),
        comment: about, section });
      about = '';
    }
  }
  return header;
}

// The opaque types: [{name, comment}].
export const handles = (text) => [...text.matchAll(
  /^typedef struct (tn_\w+) \1;\s*\/\*\s*([^]*?)\s*\*\//gm)]
  .map(([, name, about]) => ({ name, comment: about }));

// The blocks that a source names: [{names, plain, text}]. In C between
// "example: NAMES" and "end"; in Lua the same after "--", and once "plain
// Lua: NAMES" for what needs no function there.
export function examples(source, lua) {
  const block = lua ? /^-- (example|plain Lua): ([^]*?)\n-- end$/gm
    : /^\/\* (example): ([^]*?)\n\/\* end \*\/$/gm;
  return [...source.matchAll(block)].map(([, kind, rest]) => {
    const head = rest.match(lua ? /^(?:.*,\n-- )*.*\n/ : /^[^]*?\*\/\n/)[0];
    return { plain: kind !== 'example', names: head.match(/\b(tn|TN)_\w+/g),
      text: rest.slice(head.length).trimEnd() };
  });
}

// All parts: [{part, about, sections, macros, structs, enums}].
export function readHeaders(folder) {
  return parts.map((part) => ({ part, ...parseHeader(readFileSync(
    join(folder, 'tenon', `${part}.h`), 'utf8')) }));
}

// What a module calls: the macros that take arguments and are not the SDK's
// own means (TN_CALL_, TN_ADD_).
export const isEntry = (macro) => macro.parameters && !macro.name.endsWith('_');
