// source.mjs - what the checks share: the files of the repository, C source
// without its comments, the calls in it, and how a finding is told.
//
// Each check takes the folder to look at as its only argument (the repository
// by default) and --warn to list what it only advises.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const words = process.argv.slice(2);
export const root = words.find((word) => !word.startsWith('--')) ??
  new URL('..', import.meta.url).pathname;
const withWarnings = words.includes('--warn');

const findings = [];
const warnings = [];
export const refuse = (file, line, text) =>
  findings.push(`${file}:${line}: ${text}`);
export const warn = (file, line, text) =>
  warnings.push(`${file}:${line}: ${text}`);

// Ends the check: 1 where something was refused.
export function finish(name, looked) {
  for (const finding of findings) console.error(finding);
  if (withWarnings) for (const warning of warnings) console.error(warning);
  const advice = warnings.length && !withWarnings
    ? `, ${warnings.length} to think about (--warn lists them)` : '';
  console.log(`${name}: ${looked} looked at, ${findings.length} refused` +
    advice);
  process.exit(findings.length ? 1 : 0);
}

function walk(folder, prefix = '') {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? entry.name === '.git' || entry.name === 'node_modules' ? []
        : walk(join(folder, entry.name), `${prefix}${entry.name}/`)
      : [prefix + entry.name]);
}

// All files, tracked or about to be; those of a folder without git as well.
let known;
export function files(pattern) {
  if (!known) {
    known = existsSync(join(root, '.git'))
      ? execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z',
        '--cached', '--others', '--exclude-standard'],
      { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
        .split('\0').filter((name) => name && existsSync(join(root, name)) &&
          statSync(join(root, name)).isFile())
      : walk(root);
    known = [...new Set(known)].sort();
  }
  return known.filter((name) => pattern.test(name));
}

const texts = new Map();
export function read(file) {
  if (!texts.has(file)) texts.set(file, readFileSync(join(root, file), 'utf8'));
  return texts.get(file);
}

export const lineAt = (text, index) => text.slice(0, index).split('\n').length;

// C source with comments (and, where asked, the insides of literals) turned
// into spaces, so that places stay as they are.
const pieces =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const blank = (text) => text.replace(/[^\n]/g, ' ');
export const withoutComments = (text) => text.replace(pieces, (piece) =>
  piece[0] === '/' ? blank(piece) : piece);
export const bare = (text) => text.replace(pieces, (piece) =>
  piece[0] === '/' ? blank(piece)
    : piece[0] + blank(piece.slice(1, -1)) + piece[0]);

// The calls of functions whose names match, with their arguments as source.
export function calls(source, names) {
  const code = withoutComments(source);
  const skeleton = bare(source);
  const found = [];
  for (const match of skeleton.matchAll(
    new RegExp(`\\b(${names})\\s*\\(`, 'g'))) {
    const args = [];
    let depth = 1;
    let start = match.index + match[0].length;
    let i = start;
    for (; i < skeleton.length && depth > 0; i++) {
      const c = skeleton[i];
      if (c === '(' || c === '[' || c === '{') depth++;
      if (c === ')' || c === ']' || c === '}') depth--;
      if ((c === ',' && depth === 1) || depth === 0) {
        args.push(code.slice(start, i).trim());
        start = i + 1;
      }
    }
    found.push({ name: match[1], args, index: match.index, end: i,
      line: lineAt(source, match.index) });
  }
  return found;
}

// The texts of the string literals in a piece of source, joined where they
// stand side by side.
export const literals = (code) =>
  [...code.matchAll(/"(?:\\[\s\S]|[^"\\\n])*"(?:\s*"(?:\\[\s\S]|[^"\\\n])*")*/g)]
    .map((match) => match[0].replace(/"\s*"/g, '').slice(1, -1));
