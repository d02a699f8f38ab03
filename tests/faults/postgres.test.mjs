// postgres.test.mjs - F13: the database is killed, restarted, away; the line
// is cut in the midst of a COMMIT; pgbouncer stands in front. What was
// acknowledged is there once, what was read stays, what was not known is found
// out by the idempotency key, and nobody starts Tenon again. F04: its disk is
// full.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { addUser, password } from '../lib/client.mjs';
import { founded, freePort, joined, listen } from '../lib/hosts.mjs';
import { notAgain } from '../lib/load.mjs';
import { signedIn } from '../lib/person.mjs';
import { startPostgres } from '../lib/postgres.mjs';
import { long, runBeside, sleep, temporaryFolder, until }
  from '../lib/server.mjs';

const NOBODY = 65534;

const form = { title: { en: 'Notes' }, label: 'text',
  fields: [{ key: 'text', type: 'text', max_length: 100 }],
  grants: ['read', 'create'].map((right) =>
    ({ who: 'everyone', right, scope: 'all' })) };

// A server that listens on the network, where lines can be cut between; a site
// in it, which each part serves through a port of its own.
let server, site;
before(async () => {
  const port = await freePort();
  // One that keeps what it says it has.
  server = await startPostgres({ listen_addresses: '127.0.0.1', port,
    fsync: 'on' });
  site = founded(at(port), { page_workers: 3 });
  mkdirSync(join(site.folder, 'forms'), { recursive: true });
  writeFileSync(join(site.folder, 'forms/note.json'), JSON.stringify(form));
  await addUser(site, 'root', '--role', 'administrators');
});
after(() => server?.remove());

const at = (port) => `postgresql://tenon@127.0.0.1:${port}/tenon`;

// Pages go to one port; what hosts tell each other to another, where named.
function lead(port, direct) {
  const config = join(site.folder, 'tenon.cfg');
  writeFileSync(config, readFileSync(config, 'utf8')
    .replace(/^\s*listen_url = .*\n/m, '').replace(/^(\s*url = ).*\n/m,
      `$1"${at(port)}";\n${direct ? `listen_url = "${at(direct)}";\n` : ''}`));
}

async function serve(port, direct) {
  lead(port, direct);
  site.text = '';
  await site.start();
  await site.whole();
}

// What may be answered while the database goes: nothing, where the line was
// cut; that it took too long; and that one has to wait, how long and why.
function note(log, answer) {
  const status = answer?.status ?? 0;
  assert.ok([0, 200, 201, 503, 504].includes(status),
    `${status} ${answer?.text}`);
  if (status === 200 || status === 201) log.taken++;
  if (status === 503) {
    assert.ok(Number(answer.headers.get('retry-after')) > 0, answer.text);
    assert.match(answer.text,
      /The database (cannot be reached|went away while this was being saved)/);
    log.waits++;
  }
  return status;
}

// Writes until it is told to stop; each record with a key of its own, again
// until it is acknowledged or refused.
function writer(person, name) {
  const log = { acknowledged: new Map(), taken: 0, waits: 0,
    over: false };
  const write = async (text) => {
    for (let tries = 0; tries < 1000; tries++) {
      const answer = await person.post('/api/v1/records/note',
        { values: { text } }, { 'idempotency-key': text }).catch(() => null);
      if (note(log, answer) === 201) {
        log.acknowledged.set(text, answer.body.id);
        return;
      }
      await sleep(100);
    }
    assert.fail(`${text} was never taken`);
  };
  log.done = (async () => {
    for (let i = 0; !log.over; i++) await write(`${name} ${i}`);
  })();
  return log;
}

// Reads the newest records, by the API and as a page in turn, and remembers
// what it has read.
function reader(person) {
  const log = { read: new Map(), taken: 0, waits: 0, over: false };
  const row = /href="\/records\/note\/(\d+)"><span[^>]*>([^<]+)</g;
  const look = async (page) => {
    const answer = await person.get(page ? '/records/note'
      : '/api/v1/records/note?limit=50&sort=-created_at').catch(() => null);
    if (note(log, answer) !== 200) return sleep(100);
    for (const [id, text] of page
      ? [...answer.text.matchAll(row)].map((found) => found.slice(1))
      : answer.body.records.map(({ id, values }) => [id, values.text]))
      log.read.set(id, text);
    return null;
  };
  log.done = (async () => {
    for (let i = 0; !log.over; i++) await look(i % 2);
  })();
  return log;
}

async function underLoad(name, fault, count = 4) {
  const person = await signedIn(site, 'root', password);
  const logs = Array.from({ length: count }, (_, i) =>
    writer(person, `${name} ${i}`));
  logs.push(reader(person));
  // Each has been busy before, and is again.
  const busy = () => {
    const from = logs.map((log) => log.taken);
    return until(() => logs.every((log, i) => log.taken >= from[i] + 3),
      'the writers and the reader', 30000);
  };
  await busy();
  await fault(logs);
  await busy();
  for (const log of logs) log.over = true;
  await Promise.all(logs.map((log) => log.done));
  return logs;
}

// Each that was acknowledged is there, once, under the id that was told; so is
// each that was read.
function check(logs) {
  const table = server.admin("SELECT table_name FROM form WHERE name = 'note'",
    'tenon');
  const column = server.admin('SELECT column_name FROM ' +
    `information_schema.columns WHERE table_name = '${table}' AND ` +
    "column_name LIKE '%text%'", 'tenon');
  const rows = new Map();
  for (const line of server.admin(`SELECT id, ${column} FROM ${table}`,
    'tenon').split('\n').filter(Boolean)) {
    const [id, text] = line.split('|');
    assert.ok(!rows.has(text), notAgain(`${text} is there twice`));
    rows.set(text, id);
  }
  let count = 0;
  for (const { acknowledged = [], read = [] } of logs) {
    for (const [text, id] of acknowledged) {
      assert.equal(rows.get(text), id, notAgain(text));
      count++;
    }
    for (const [id, text] of read) assert.equal(rows.get(text), id, notAgain(text));
  }
  assert.ok(count >= 6 * (logs.length - 1), `${count} acknowledged`);
  assert.ok(logs.at(-1).read.size >= 10, `${logs.at(-1).read.size} read`);
  assert.equal(site.child.exitCode, null);
  assert.deepEqual(site.log('worker.died'), []);
  return count;
}

describe('F13_ the server goes', () => {
  before(() => serve(server.port));
  after(() => site.stop());

  const away = long ? 30000 : 2000;
  test('F13_ killed, away for a while, and back', async () => {
    const logs = await underLoad('killed', async () => {
      await server.kill();
      await sleep(away);
      await server.start();
    });
    check(logs);
    assert.ok(logs.some((log) => log.waits > 0), 'some were told to wait');
  });

  test('F13_ restarted', async () => {
    const logs = await underLoad('restarted', async () => {
      for (let i = 0; i < (long ? 20 : 2); i++) {
        await server.stop();
        await server.start();
        await sleep(300);
      }
    });
    check(logs);
  });

  test('F13_ every session is ended at once', async () => {
    const logs = await underLoad('ended', async () => {
      for (let i = 0; i < 5; i++) {
        server.admin('SELECT count(pg_terminate_backend(pid)) FROM ' +
          "pg_stat_activity WHERE datname = 'tenon'");
        await sleep(200);
      }
    });
    check(logs);
  });
});

// What the server says when it lacks something: to who saves a note, at the
// statement or not before the COMMIT.
const LACKS = [
  ['room on its disk', '53100', 'could not extend file', 507,
    /There is no room left on the disk, so nothing was saved/],
  ['memory', '53200', 'out of memory', 500, /our fault/i],
  ['time to start', '57P03', 'the database system is starting up', 503,
    /The database (cannot be reached|went away)/],
];

describe('F04_ the server lacks what it needs', () => {
  let person, table;
  before(async () => {
    await serve(server.port);
    person = await signedIn(site, 'root', password);
    table = server.admin("SELECT table_name FROM form WHERE name = 'note'",
      'tenon');
  });
  after(() => site.stop());

  const lack = (state, said, when) => server.admin(`
    CREATE FUNCTION lacks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION '${said}' USING ERRCODE = '${state}'; END $$;
    CREATE CONSTRAINT TRIGGER lacks AFTER INSERT ON ${table} ${
  when === 'COMMIT' ? 'DEFERRABLE INITIALLY DEFERRED' : ''}
      FOR EACH ROW EXECUTE FUNCTION lacks()`, 'tenon');
  const again = () => server.admin('DROP FUNCTION IF EXISTS lacks CASCADE',
    'tenon');
  const save = (text) => person.post('/api/v1/records/note',
    { values: { text } }, { 'idempotency-key': text.replaceAll(' ', '-') });
  const texts = async () => (await person.get('/api/v1/records/note' +
    '?limit=200')).body.records.map((one) => one.values.text);

  for (const [what, state, said, status, words] of LACKS)
    for (const when of ['statement', 'COMMIT'])
      test(`F04_ ${what}, at the ${when}`, async () => {
        const [kept, refused, typed] = ['kept', 'refused', 'typed'].map((one) =>
          `${one} ${state} ${when}`);
        assert.equal((await save(kept)).status, 201);
        lack(state, said, when);
        try {
          const answer = await save(refused);
          assert.equal(answer.status, status, answer.text);
          assert.match(answer.text, words);
          if (status === 503)
            assert.ok(Number(answer.headers.get('retry-after')) > 0);
          // What was typed comes back with the reason.
          const page = await person.form('/records/note', { text: typed },
            { accept: 'text/html' });
          assert.equal(page.status, status, page.text);
          assert.match(page.text, words);
          if (status === 507)
            assert.match(page.text, new RegExp(`value="${typed}"`));
          // Who reads is answered.
          const there = await texts();
          assert.ok(there.includes(kept));
          assert.ok(!there.includes(refused) && !there.includes(typed));
        } finally {
          again();
        }
        const taken = await save(refused);
        assert.equal(taken.status, 201, taken.text);
        const there = await texts();
        for (const text of [kept, refused])
          assert.equal(there.filter((one) => one === text).length, 1, text);
        assert.deepEqual(site.log('worker.died'), []);
      });
});

// Between Tenon and the server; cuts the line at the COMMIT of what holds a text,
// before it is handed on, or after the server has done it.
async function cutter() {
  const state = { when: null, cuts: 0 };
  const proxy = createServer((near) => {
    const far = connect(server.port, '127.0.0.1');
    const end = () => { near.destroy(); far.destroy(); };
    let written = false, answering = false;
    near.on('data', (data) => {
      if (state.text && data.includes(state.text)) written = true;
      if (!data.includes('COMMIT\0') || !written || !state.when) {
        far.write(data);
        return;
      }
      state.cuts++;
      state.text = '';
      if (state.when === 'before') {
        state.when = null;
        end();
        return;
      }
      state.when = null;
      answering = true;
      far.write(data);
    });
    far.on('data', (data) => {
      if (!answering) near.write(data);
      else if (data.includes('COMMIT\0')) end(); // it is done
    });
    for (const socket of [near, far]) {
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return { state, port: proxy.address().port, stop: () => proxy.close() };
}

describe('F13_ the line is cut in the midst of a COMMIT', () => {
  let proxy, person;
  before(async () => {
    proxy = await cutter();
    await serve(proxy.port);
    person = await signedIn(site, 'root', password);
  });
  after(async () => {
    await site.stop();
    proxy?.stop();
  });

  // The key is asked for before; the text is in what is committed alone.
  const create = (text) => person.post('/api/v1/records/note',
    { values: { text } }, { 'idempotency-key': text.replace(' ', '-') });
  const found = async (text) => (await person.get('/api/v1/records/note' +
    '?limit=200')).body.records.filter((one) => one.values.text === text);

  for (const when of ['before', 'after'])
    test(`F13_ ${when} the server has done it`, async () => {
      for (let i = 0; i < (long ? 50 : 5); i++) {
        const text = `${when} ${i}`;
        const cuts = proxy.state.cuts;
        Object.assign(proxy.state, { when, text });
        const first = await create(text);
        assert.equal(proxy.state.cuts, cuts + 1);
        assert.equal(first.status, 503, first.text);
        assert.match(first.text, /store\.unknown/);
        assert.ok(Number(first.headers.get('retry-after')) > 0);
        assert.equal((await found(text)).length, when === 'after' ? 1 : 0);
        const again = await create(text);
        assert.equal(again.status, 201, again.text);
        const records = await found(text);
        assert.equal(records.length, 1);
        assert.equal(records[0].id, again.body.id);
      }
    });
});

async function pooler() {
  const folder = temporaryFolder('pgbouncer'), port = await freePort();
  writeFileSync(join(folder, 'users'), '"tenon" ""\n');
  writeFileSync(join(folder, 'pgbouncer.ini'), `
[databases]
tenon = host=127.0.0.1 port=${server.port} dbname=tenon user=tenon
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${folder}/users
pool_mode = session
server_reset_query = DISCARD ALL
default_pool_size = 40
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
server_login_retry = 1
`);
  if (process.getuid() === 0) chownSync(folder, NOBODY, NOBODY);
  let child;
  const start = () => {
    child = spawn('setpriv', [...process.getuid() === 0 ? ['--reuid',
      String(NOBODY), '--clear-groups'] : [], 'pgbouncer', '-q',
    join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
    process.on('exit', () => child.kill('SIGKILL'));
    return until(() => new Promise((done) => {
      const socket = connect(port, '127.0.0.1', () => done(true));
      socket.on('error', () => done(false));
      socket.on('connect', () => socket.destroy());
    }), 'pgbouncer');
  };
  const kill = () => new Promise((done) => {
    child.on('exit', done);
    child.kill('SIGKILL');
  });
  await start();
  return { port, start, kill };
}

describe('F13_ pgbouncer stands in front', () => {
  let pool;
  before(async () => {
    pool = await pooler();
    await serve(pool.port, server.port);
  });
  after(async () => {
    await site.stop();
    await pool?.kill();
  });

  test('F13_ it is killed, and the server is restarted behind it', async () => {
    const logs = await underLoad('pooled', async () => {
      await pool.kill();
      await sleep(300);
      await pool.start();
      await sleep(700);
      await server.stop();
      await server.start();
      await sleep(1500);
    });
    check(logs);
  });

  // What listened through it would hear nothing now.
  test('F13_ another host is heard past the pooler while that is away',
    async () => {
      const other = joined(at(server.port), { page_workers: 1 });
      try {
        await other.start();
        await until(() => [site, other].every((host) =>
          Number(host.log('hosts').at(-1)?.count) === 2), 'the hosts to meet');
        const heard = await listen(await signedIn(site, 'root', password));
        const person = await signedIn(other, 'root', password);
        await pool.kill();
        const answer = await person.post('/api/v1/records/note',
          { values: { text: 'Past the pooler' } });
        assert.equal(answer.status, 201, answer.text);
        await until(() => /event: ?records/.test(heard.text), 'the event');
        heard.stop();
      } finally {
        await other.stop();
        await pool.start();
      }
      await until(async () => (await fetch(`${site.url}/readyz`)).ok &&
        (await fetch(`${site.url}/sign-in`)).ok, 'the pooler');
    });
});

test('F13_ in the end the doctor finds nothing wrong', async () => {
  lead(server.port);
  const said = await runBeside('doctor', '--verify', site.folder);
  assert.equal(said.code, 0, said.out + said.err);
  assert.match(said.out, /The database is whole\.[^]*Nothing is wrong\./);
});
