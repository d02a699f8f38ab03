// person.mjs - somebody signed in at a site that is measured: his cookie and
// token for wrk, and requests that fail loudly.
import { signedIn } from '../lib/person.mjs';

function expect(answer, status, what) {
  if (answer.status !== status)
    throw new Error(`${what}: ${answer.status}\n${answer.text}`);
  return answer.text;
}

export class Person {
  static async signIn(site, login) {
    const person = new Person();
    person.who = await signedIn(site, login);
    person.cookie = person.who.client.cookie();
    person.csrf = person.who.csrf;
    return person;
  }

  async get(path) {
    return expect(await this.who.get(path), 200, `GET ${path}`);
  }

  async post(path, body, status, headers = {}) {
    return expect(await this.who.post(path, body, headers), status,
      `POST ${path}`);
  }
}
