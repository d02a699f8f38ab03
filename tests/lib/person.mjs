// person.mjs - somebody who is signed in, without a browser: pages, forms and
// the REST API, with cookies and the CSRF token kept.
//
//   const li = await signedIn(site, 'li.na');
//   await li.get('/api/v1/tasks')           → { status, body, text, headers }
//   await li.post('/api/v1/…', { … })       JSON, with the token
//   await li.form('/tasks/17/decision', { decision: 'approve' })
import { Client, csrfOf } from './client.mjs';

export class Person {
  constructor(site) {
    this.client = new Client(site);
    this.csrf = '';
  }

  async fetch(method, path, { headers = {}, body } = {}) {
    const answer = await this.client.send(method, path, { headers, body });
    let parsed = null;
    try { parsed = JSON.parse(answer.text); } catch { /* a page */ }
    return { ...answer, body: parsed };
  }

  get cookies() { return this.client.cookies; }

  get(path, headers = {}) {
    return this.fetch('GET', path, { headers });
  }

  send(method, path, value, headers = {}) {
    return this.fetch(method, path, {
      headers: { 'content-type': 'application/json',
        'x-csrf-token': this.csrf, ...headers },
      body: value === undefined ? undefined : JSON.stringify(value),
    });
  }

  post(path, value = {}, headers = {}) {
    return this.send('POST', path, value, headers);
  }

  // As a browser without scripts sends a form: an object, or pairs where a
  // name comes several times.
  form(path, fields, headers = {}) {
    return this.fetch('POST', path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded',
        ...headers },
      body: new URLSearchParams([['_csrf', this.csrf],
        ...(Array.isArray(fields) ? fields : Object.entries(fields))])
        .toString(),
    });
  }
}

export async function signedIn(site, login, password = 'tenon-demo') {
  const person = new Person(site);
  const page = await person.get('/sign-in', { accept: 'text/html' });
  person.csrf = csrfOf(page.text) || '';
  const answer = await person.form('/sign-in',
    { username: login, password },
    { accept: 'application/json', 'x-tenon-request': 'form' });
  if (answer.status !== 200)
    throw new Error(`${login} cannot sign in: ${answer.status} ${answer.text}`);
  person.csrf = answer.body.csrf;
  person.id = answer.body.person;
  return person;
}
