// catalogs.mjs - the catalogs (FOLDER/locale/{en,zh-CN,zh-TW}.json): read the
// strict way, the same keys in each language, no key twice.
import { files, lineAt, read, refuse } from './source.mjs';

export const languages = ['en', 'zh-CN', 'zh-TW'];

// Texts by key of one file. JSON.parse would keep the last of two equal keys
// and tell no place, hence a small reader.
function readCatalog(file) {
  const text = read(file);
  const found = new Map();
  let at = 0;
  const stop = (what) => {
    refuse(file, lineAt(text, at), what);
    throw new SyntaxError(what);
  };
  const space = () => { while (/\s/.test(text[at] ?? '')) at++; };
  const string = () => {
    const match = /"(?:\\.|[^"\\\n])*"/y;
    match.lastIndex = at;
    const result = match.exec(text);
    if (!result) stop('a text in quotes was expected');
    at += result[0].length;
    return JSON.parse(result[0]);
  };
  const expect = (character) => {
    space();
    if (text[at] !== character) stop(`"${character}" was expected`);
    at++;
  };
  const object = (prefix) => {
    const own = new Map();
    expect('{');
    space();
    if (text[at] === '}') { at++; return own; }
    for (;;) {
      space();
      const line = lineAt(text, at);
      const key = string();
      if (own.has(key)) stop(`the key "${key}" stands here twice`);
      expect(':');
      space();
      if (text[at] === '{') own.set(key, object(`${prefix}${key}.`));
      else own.set(key, { text: string(), line });
      space();
      if (text[at] !== ',') break;
      at++;
    }
    expect('}');
    return own;
  };
  const flatten = (own, prefix) => {
    for (const [key, value] of own) {
      if (!(value instanceof Map)) {
        if (found.has(prefix + key))
          refuse(file, value.line, `the key "${prefix}${key}" is there twice`);
        found.set(prefix + key, value);
      } else if (value.size === 2 && value.has('one') && value.has('other')) {
        const one = value.get('one'), other = value.get('other');
        found.set(prefix + key,
          { text: `${one.text} ${other.text}`, line: other.line });
      } else {
        flatten(value, `${prefix}${key}.`);
      }
    }
  };
  try {
    flatten(object(''), '');
    space();
    if (at < text.length) stop('the end of the file was expected');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return found;
}

const placeholders = (text) => new Set(
  [...text.replaceAll('{{', '').matchAll(/\{([A-Za-z0-9_]+)\}/g)]
    .map((match) => match[1]));

// Checks all catalogs; gives the English keys of the core and its themes, of
// which each knows where it is, and the number of files.
export function checkCatalogs() {
  const folders = new Map();
  for (const file of files(/\/locale\/[^/]+\.json$/)) {
    // Nobody reads the pages of a module that only tests something.
    if (file.startsWith('tests/')) continue;
    const folder = file.slice(0, file.lastIndexOf('/'));
    const language = file.slice(folder.length + 1, -5);
    if (!languages.includes(language)) continue;
    if (!folders.has(folder)) folders.set(folder, new Map());
    folders.get(folder).set(language, readCatalog(file));
  }
  const core = new Map();
  let count = 0;
  for (const [folder, catalogs] of folders) {
    count += catalogs.size;
    for (const language of languages)
      if (!catalogs.has(language)) {
        refuse(`${folder}/${language}.json`, 1, 'this catalog is missing');
        catalogs.set(language, new Map());
      }
    compare(folder, catalogs);
    if (!folder.startsWith('core/')) continue;
    for (const [key, { line }] of catalogs.get('en')) {
      if (core.has(key))
        refuse(`${folder}/en.json`, line,
          `the key "${key}" is in ${core.get(key)} already`);
      core.set(key, `${folder}/en.json`);
    }
  }
  return { keys: core, folders, count };
}

function compare(folder, catalogs) {
  const english = catalogs.get('en');
  for (const language of languages.slice(1)) {
    const file = `${folder}/${language}.json`;
    const other = catalogs.get(language);
    for (const [key, { line }] of english)
      if (!other.has(key))
        refuse(file, 1,
          `the key "${key}" (${folder}/en.json:${line}) is missing`);
    for (const [key, { text, line }] of other) {
      if (!english.has(key)) {
        refuse(file, line, `the key "${key}" is not in en.json`);
        continue;
      }
      if (!text.trim() && english.get(key).text.trim())
        refuse(file, line, `the text of "${key}" is empty`);
      // Patterns of dates order and name their parts by language.
      const allowed = placeholders(english.get(key).text);
      for (const name of placeholders(text))
        if (!allowed.has(name) && !key.startsWith('time.'))
          refuse(file, line,
            `"${key}" has the placeholder {${name}}, en.json has not`);
    }
  }
}
