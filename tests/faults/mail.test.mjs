// F17: a mail server that hangs, refuses, hangs up or answers nonsense keeps
// nobody from working; its mails are tried again and arrive.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { demoSite, until, slow } from '../lib/server.mjs';
import { takeMails } from '../lib/smtp.mjs';
import { signedIn } from '../lib/person.mjs';

let site, server, applicant, admin;
let mode = 'good';
let visits = 0;
const sockets = new Set();
const mails = [];

function serve(socket) {
  sockets.add(socket);
  visits += 1;
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => {});
  if (mode === 'hangs') return;
  if (mode === 'hangs up') { socket.destroy(); return; }
  if (mode === 'refuses') { socket.end('554 go away\r\n'); return; }
  if (mode === 'answers nonsense') {
    socket.end(Buffer.from('\0\xff\x80 250-\r\n999 <script>\r\n'.repeat(50),
      'latin1'));
    return;
  }
  takeMails(socket, (mail) => mails.push(mail));
}

before(async () => {
  server = createServer(serve);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  site = await demoSite({ smtp_from: 'tenon@example.org',
    smtp_url: `smtp://127.0.0.1:${server.address().port}` });
  applicant = await signedIn(site, 'zhang.wei');
  admin = await signedIn(site, 'admin');
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  await site?.stop();
});

async function apply(purpose) {
  const answer = await applicant.post('/api/v1/records/budget', { values: {
    purpose, date: '2026-12-15',
    items: [{ name: 'Stand', quantity: '1', unit_price: '10' }] } },
  { 'idempotency-key': purpose });
  assert.equal(answer.status, 201, answer.text);
}

const decoded = (mail) => mail + Buffer.from(
  mail.split('\r\n\r\n').slice(1).join(''), 'base64').toString();
const arrived = (word) => mails.filter((mail) => decoded(mail).includes(word));

// What waits for a second try is tried at once.
async function retry() {
  const page = await admin.get('/admin/jobs');
  assert.equal(page.status, 200);
  const forms = /action="(\/admin\/jobs\/\d+\/retry)"/g;
  for (const [, path] of page.text.matchAll(forms))
    await admin.form(path, {});
}

test('F17_ a mail server that works gets each mail once', async () => {
  await apply('F17-works');
  await until(() => arrived('F17-works').length, 'the mail', 30000);
  assert.equal(arrived('F17-works').length, 1);
});

for (const fault of ['refuses', 'hangs up', 'answers nonsense', 'hangs'])
  test(`F17_ a mail server that ${fault}: pages go on, the mail arrives`,
    async () => {
      const word = `F17-${fault.replaceAll(' ', '-')}-it`;
      const failed = site.log('job.failed').length +
        site.log('outbox.failed').length;
      mode = fault;
      visits = 0;
      await apply(word);
      await until(() => visits > 0, 'an attempt', 30000);
      const times = [];
      for (let i = 0; i < 20; i += 1) {
        const start = Date.now();
        assert.equal((await applicant.get('/tasks')).status, 200);
        times.push(Date.now() - start);
      }
      times.sort((a, b) => a - b);
      assert.ok(times[10] < 3000 * slow, `pages took ${times}`);
      if (fault === 'hangs') for (const socket of sockets) socket.destroy();
      await until(() => site.log('job.failed').length +
        site.log('outbox.failed').length > failed, 'the failure in the log',
      40000);
      assert.equal(arrived(word).length, 0);
      mode = 'good';
      await until(async () => {
        if (arrived(word).length) return true;
        await retry();
        return arrived(word).length;
      }, 'the mail after all', 60000);
      assert.equal((await applicant.get('/')).status, 200);
      assert.ok(!site.text.includes('<script>'), 'its answer is not logged');
    });
