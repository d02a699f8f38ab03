// client.mjs - somebody with a browser's manners: cookies, CSRF tokens, forms.
//
//   const root = await firstAdministrator(site);
//   const lin = await person(site, 'lin');          adds and signs in
//   const page = await lin.get('/me');              { status, headers, text }
//   await lin.post('/me/password', { current: …, password: … });
import { spawn } from 'node:child_process';
import { tenon, build } from './server.mjs';
import { join } from 'node:path';

export const password = 'correct horse battery';

export class Client {
  constructor(site, headers = {}) {
    this.site = site;
    this.cookies = {};
    this.headers = headers;
  }

  cookie() {
    return Object.entries(this.cookies).map(([k, v]) => `${k}=${v}`).join('; ');
  }

  async send(method, path, { form, json, body, headers = {} } = {}) {
    const all = { ...this.headers, ...headers };
    if (this.cookie()) all.cookie = this.cookie();
    if (form) body = form instanceof FormData ? form
      : new URLSearchParams(form);
    if (json !== undefined) {
      body = JSON.stringify(json);
      all['content-type'] ||= 'application/json';
    }
    const answer = await fetch(this.site.url.replace(/\/$/, '') + path,
      { method, headers: all, body, redirect: 'manual' });
    // Node before 18.14 joins them with commas.
    const lines = answer.headers.getSetCookie?.() ??
      (answer.headers.get('set-cookie') || '').split(/,(?=\s*[^ ;=]+=)/)
        .filter(Boolean);
    for (const line of lines) {
      const [, name, value] = /^\s*([^=]+)=([^;]*)/.exec(line);
      if (value && !/max-age=0/i.test(line)) this.cookies[name] = value;
      else delete this.cookies[name];
    }
    const text = await answer.text();
    const page = { status: answer.status, headers: answer.headers, text,
      location: answer.headers.get('location') };
    const token = csrfOf(text) || page.headers.get('x-csrf-token');
    if (token) this.csrf = token;
    return page;
  }

  get(path, options) { return this.send('GET', path, options); }

  // A form with the token of the last page; asks for one where there is none.
  async post(path, form = {}, options = {}) {
    if (!this.csrf) await this.get('/sign-in');
    return this.send('POST', path,
      { ...options, form: [['_csrf', this.csrf], ...entries(form)] });
  }

  async api(method, path, json, headers = {}) {
    if (!this.csrf) await this.get('/sign-in');
    const page = await this.send(method, path,
      { json, headers: { 'x-csrf-token': this.csrf, ...headers } });
    try { page.json = JSON.parse(page.text); } catch { /* no JSON */ }
    return page;
  }

  async signIn(username, secret = password, back = '/') {
    await this.get('/sign-in');
    const page = await this.post('/sign-in',
      { username, password: secret, return: back });
    if (page.status === 303) await this.get('/me');
    return page;
  }

  // The session's token, as the browser keeps it.
  get token() { return this.cookies.tenon; }
}

// A form's pairs; a list is a name sent several times.
function entries(form) {
  return Object.entries(form).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]);
}

export function csrfOf(text) {
  return /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ||
    /name="csrf" content="([^"]+)"/.exec(text)?.[1];
}

// `tenon WORDS…` with a text on its standard input: { code, out, err }.
export function command(words, input = '') {
  return new Promise((done) => {
    const child = spawn(tenon, words, { env: { ...process.env,
      TENON_SHARE: process.env.TENON_SHARE || join(build, 'share/tenon') } });
    let out = '', err = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    child.on('close', (code) => done({ code, out, err }));
    child.stdin.on('error', () => {}); // it may have ended without reading
    child.stdin.end(input);
  });
}

export async function addUser(site, login, ...words) {
  const result = await command(['user', '--site', site.folder, 'add', login,
    ...words], `${password}\n`);
  if (result.code !== 0) throw new Error(`user add: ${result.err}`);
}

// Adds a person (or takes a known one) and signs in.
export async function person(site, login, ...words) {
  await addUser(site, login, ...words);
  return signedIn(site, login);
}

export async function signedIn(site, login, secret = password) {
  const client = new Client(site);
  const page = await client.signIn(login, secret);
  if (page.status !== 303) throw new Error(`sign-in of ${login}: ` +
    `${page.status}`);
  return client;
}

export function administrator(site, login = 'root') {
  return person(site, login, '--role', 'administrators');
}

// The route table: [{ method, pattern, access, flags, example }].
export async function routes() {
  const result = await command(['routes', '--json']);
  if (result.code !== 0) throw new Error(result.err);
  return JSON.parse(result.out);
}
