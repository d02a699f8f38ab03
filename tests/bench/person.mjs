// person.mjs - somebody signed in at a demo site: his cookie and token.
import { request } from 'node:http';

const PASSWORD = 'tenon-demo';

// fetch hides set-cookie and opens new connections; this is all that we need.
function call(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const sent = request(url, { method, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => done({ status: answer.statusCode,
        headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

const cookies = (answer) => (answer.headers['set-cookie'] || [])
  .map((line) => line.split(';')[0]).filter((pair) => !pair.endsWith('='));
const token = (answer) => /name="csrf" content="([^"]*)"/.exec(answer.body)[1];

export class Person {
  static async signIn(site, login) {
    const page = await call(`${site.url}/sign-in`);
    const answer = await call(`${site.url}/sign-in`, {
      method: 'POST', body: new URLSearchParams({ _csrf: token(page),
        username: login, password: PASSWORD }).toString(),
      headers: { cookie: cookies(page).join('; '),
        'content-type': 'application/x-www-form-urlencoded' } });
    const person = new Person();
    person.url = site.url;
    person.cookie = cookies(answer).find((pair) => pair.startsWith('tenon='));
    if (!person.cookie)
      throw new Error(`${login} cannot sign in: ${answer.status}`);
    person.csrf = token(await call(`${site.url}/me`,
      { headers: { cookie: person.cookie } }));
    return person;
  }

  async get(path) {
    const answer = await call(this.url + path,
      { headers: { cookie: this.cookie } });
    if (answer.status !== 200)
      throw new Error(`GET ${path}: ${answer.status}\n${answer.body}`);
    return answer.body;
  }

  async post(path, body, status, headers = {}) {
    const answer = await call(this.url + path, { method: 'POST',
      body: JSON.stringify(body), headers: { cookie: this.cookie,
        'x-csrf-token': this.csrf, 'content-type': 'application/json',
        ...headers } });
    if (answer.status !== status)
      throw new Error(`POST ${path}: ${answer.status}\n${answer.body}`);
    return answer.body;
  }
}
