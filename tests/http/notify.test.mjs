// Notifications: the page, the bell's count, mails in the receiver's language.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, sleep, until } from '../lib/server.mjs';
import { Client } from '../lib/client.mjs';

let site, zhang, li;

async function enter(login) {
  const client = new Client(site);
  await client.get('/sign-in');
  const page = await client.post('/sign-in/demo', { person: login });
  assert.equal(page.status, 303);
  await client.get('/me');
  return client;
}

// The mails of run/mail: { to, subject, text, raw }.
function mails() {
  const folder = join(site.folder, 'run/mail');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith('.eml'))
    .map((name) => {
      const raw = readFileSync(join(folder, name), 'latin1');
      const [head, body] = raw.split('\r\n\r\n');
      const subject = /^Subject: (.*(?:\r\n .*)*)/m.exec(head)[1];
      const words = [...subject.matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g)];
      return { raw, to: /<([^>]+)>/.exec(/^To: (.*(?:\r\n .*)*)/m
        .exec(head)[1])[1],
      subject: Buffer.concat(words.map(([, text]) =>
        Buffer.from(text, 'base64'))).toString(),
      text: Buffer.from(body, 'base64').toString() };
    });
}

const to = (login) => mails().filter((mail) => mail.to.startsWith(login));

async function apply(purpose) {
  const answer = await zhang.api('POST', '/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '100' }] } });
  assert.equal(answer.status, 201, answer.text);
}

before(async () => {
  site = await demoSite();
  zhang = await enter('zhang.wei');
  li = await enter('li.na');
});
after(() => site?.stop());

test('E52 a mail speaks the receiver\'s language, whoever caused it',
  async () => {
    await li.post('/preferences/language', { locale: 'zh-TW', return: '/' });
    await li.get('/me');
    await apply('E52 展會');
    const mail = await until(() => to('li.na').find((one) =>
      one.text.includes('E52')), 'the mail');
    assert.ok(/[\u4e00-\u9fff]/.test(mail.subject.replace('展會', '')),
      mail.subject);
    assert.match(mail.text, /https?:\/\/[^\s]+\/tasks\/\d+/);
    assert.match(mail.raw, /^Message-ID: <[0-9a-f]+@tenon>\r$/m);
  });

test('S31 what people write makes no header and no second receiver',
  async () => {
    await apply('x\r\nBcc: eve@evil.example\r\n\r\nbody'.replace(/\r\n/g, ' '));
    await apply('S31 "<eve@evil.example>, =?UTF-8?B?eA==?=');
    await until(() => to('li.na').some((m) => m.text.includes('S31')), 'mail');
    for (const mail of mails()) {
      assert.equal(mail.raw.match(/^To: /mg).length, 1);
      assert.ok(!/^Bcc:/mi.test(mail.raw));
      assert.ok(!mail.raw.includes('evil.example'));
    }
  });

test('a message counts until it is opened, and leads to its thing',
  async () => {
    await li.post('/messages/read', {});
    assert.equal(JSON.parse((await li.get('/portal/counts')).text).messages, 0);
    await apply('to be opened');
    const counts = JSON.parse((await li.get('/portal/counts')).text);
    assert.equal(counts.messages, 1);
    const page = await li.get('/messages');
    const link = /href="(\/messages\/\d+)"/.exec(page.text)[1];
    // Nobody else opens it.
    assert.equal((await zhang.get(link)).status, 404);
    const opened = await li.get(link);
    assert.equal(opened.status, 303);
    assert.match(opened.location, /^\/tasks\/\d+$/);
    assert.equal(JSON.parse((await li.get('/portal/counts')).text).messages, 0);
  });

test('who wants no mails gets none', async () => {
  await li.get('/me');
  const page = await li.post('/me', { locale: 'zh-TW', zone: '', theme: '' });
  assert.equal(page.status, 303);
  await apply('no mail please');
  await sleep(1500);
  assert.ok(!to('li.na').some((one) => one.text.includes('no mail please')));
  assert.ok((await li.get('/messages')).text.includes('no mail please'));
});

test('a language chosen later counts for the next mail', async () => {
  await li.get('/me');
  await li.post('/me', { locale: 'zh-TW', zone: '', theme: '',
    mail_wanted: 'true' });
  await apply('first');
  await until(() => to('li.na').some((m) => m.text.includes('first')), 'mail');
  await li.post('/preferences/language', { locale: 'en', return: '/' });
  await apply('second');
  await until(() => to('li.na').some((m) => m.text.includes('second')), 'mail');
  const [first, second] = ['first', 'second'].map((word) =>
    to('li.na').find((m) => m.text.includes(word)).text);
  assert.match(first, /[\u4e00-\u9fff]/);
  assert.ok(!/[\u4e00-\u9fff]/.test(second), second);
});

test('E48 five comments are one line, "5 new", and one mail', async () => {
  const made = await zhang.api('POST', '/api/v1/records/budget', { values: {
    purpose: 'E48 stand', date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '100' }] } });
  assert.equal(made.status, 201, made.text);
  const id = JSON.parse(made.text).id;
  const path = `/api/v1/records/budget/${id}/comments`;
  const unread = async () => JSON.parse((await zhang.get('/api/v1/messages'))
    .text).messages.filter((one) => one.link.endsWith(`/budget/${id}`));
  for (let i = 1; i <= 5; i += 1) {
    const said = await li.api('POST', path, { text: `Question ${i}` });
    assert.equal(said.status, 201, said.text);
    // The own comment tells nobody oneself.
    if (i === 1) assert.equal((await unread()).length, 1);
  }
  const lines = await unread();
  assert.equal(lines.length, 1);
  assert.match(lines[0].text, /5/);
  assert.match(lines[0].text, /E48 stand/);
  assert.equal(lines[0].read, false);
  const others = JSON.parse((await li.get('/api/v1/messages')).text).messages;
  assert.ok(!others.some((one) => one.link.endsWith(`/budget/${id}`)));
  await until(() => to('zhang.wei').some((one) =>
    one.text.includes('E48 stand')), 'the mail');
  assert.equal(to('zhang.wei').filter((one) => one.text.includes('E48 stand'))
    .length, 1);

  // Who answers is told in turn; read, the next begins a new line.
  await zhang.api('POST', path, { text: 'An answer' });
  const told = JSON.parse((await li.get('/api/v1/messages')).text).messages;
  assert.ok(told.some((one) => one.link.endsWith(`/budget/${id}`)));
  await zhang.post('/messages/read', {});
  await li.api('POST', path, { text: 'Thanks' });
  assert.equal((await unread()).filter((one) => !one.read).length, 1);
  assert.doesNotMatch((await unread())[0].text, /6/);
});
