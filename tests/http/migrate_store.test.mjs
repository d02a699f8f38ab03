// tenon migrate-store: a site with forms, lines, files, running processes and
// a sealed trail goes from one store to the other and back; every answer of
// the REST API stays what it was, and a task is decided on each side.
// What is refused: a site in use, targets that do not suit.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoFolder, demoSite, run, runBeside, temporaryFolder, tenon,
  until }
  from '../lib/server.mjs';
import { oldServer } from '../lib/old_server.mjs';
import { signedIn } from '../lib/person.mjs';
import { newDatabase, onPostgresql, rows, shared, sql }
  from '../lib/store.mjs';

const skip = !onPostgresql && 'no PostgreSQL: TENON_TEST_STORE is not set';
const logins = ['zhang.wei', 'li.na', 'liu.yang', 'admin'];
const word = '迁移大会';

function psql(...words) {
  const result = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v',
    'ON_ERROR_STOP=1', '-d', shared, ...words], { encoding: 'utf8' });
  if (result.status) throw new Error(result.stderr);
  return result.stdout.trim();
}

async function upload(person, name, text) {
  const body = new FormData();
  body.append('file', new Blob([text]), name);
  const answer = await person.fetch('POST', '/api/v1/files',
    { body, headers: { 'x-csrf-token': person.csrf } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function apply(person, price, files = []) {
  const answer = await person.post('/api/v1/records/budget', { values: {
    purpose: `${word} ${price}`, date: '2026-12-15', attachments: files,
    items: [{ name: '展位 "A"\t', quantity: '2', unit_price: price },
      { name: 'Hotel', quantity: '1', unit_price: '0.01' }] } });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function decide(person, record, decision) {
  const { body } = await person.get('/api/v1/tasks?limit=200');
  const task = body.tasks.find((one) => one.record === record);
  assert.ok(task, 'the task is there');
  const answer = await person.post(`/api/v1/tasks/${task.id}/decision`,
    { decision, comment: '同意 ✓' }, { 'idempotency-key': `m-${task.id}` });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

// What everybody is told, of everything that tells.
async function allAnswers(people, record, file) {
  const paths = ['/api/v1/forms', '/api/v1/session', '/api/v1/messages',
    '/api/v1/tasks?limit=200', '/api/v1/tasks?box=done&limit=200',
    `/api/v1/search?q=${encodeURIComponent(word)}`, '/api/v1/search?q=a',
    `/api/v1/records/budget/${record}`, `/api/v1/files/${file.id}`, file.url,
    `/api/v1/records/budget/${record}/history`];
  const forms = (await people.admin.get('/api/v1/forms')).body;
  for (const form of forms.forms ?? forms)
    paths.push(`/api/v1/records/${form.name}?limit=100`,
      `/api/v1/records/${form.name}?limit=100&count=1&sort=-updated_at`,
      `/api/v1/forms/${form.name}`);
  const told = {};
  for (const login of logins)
    for (const path of paths) {
      if (/limit=100&|forms\//.test(path) && login !== 'zhang.wei') continue;
      const { status, text } = await people[login].get(path);
      // The token is masked anew in each answer; each refusal has a number.
      told[`${login} ${path}`] = text.startsWith('<!doctype') ? status
        : `${status} ${text.replace(/"(csrf|incident)":"[^"]*"/, '')}`;
    }
  return told;
}

const store = (folder) => /driver = "(\w+)"/.exec(
  readFileSync(join(folder, 'tenon.cfg'), 'utf8'))[1];

describe('there and back', { skip }, () => {
  const people = {};
  let site, record, file;

  // Where a first start adds something (a schedule), it has done so.
  before(async () => {
    site = await demoSite();
    for (const login of logins) people[login] = await signedIn(site, login);
    file = await upload(people['zhang.wei'], '报价.txt', 'the offer\n');
    record = (await apply(people['zhang.wei'], '1.50', [file.id])).id;
    await apply(people['zhang.wei'], '9000000.99');
    await site.whole();
  });
  after(() => site?.stop());

  async function move(to, driver) {
    await until(() => sql(site, 'SELECT count(*) FROM event_outbox') === '0' &&
      sql(site, 'SELECT count(*) FROM search_form WHERE cursor <> 0') === '0',
    'what is to be done after saving', 30000);
    const told = await allAnswers(people, record, file);
    const seals = rows(site, 'SELECT number, entries FROM audit_seal ' +
      'ORDER BY number');
    await site.stop();
    whole();
    const counts = counted();
    const moved = run('migrate-store', '--to', to, site.folder);
    assert.equal(moved.code, 0, moved.err + moved.out);
    assert.match(moved.out, /\d+ rows of \d+ tables were copied and compared/);
    assert.equal(store(site.folder), driver);
    assert.deepEqual(counted(), counts);
    await site.start();
    await searched();
    for (const [what, answer] of Object.entries(
      await allAnswers(people, record, file)))
      assert.equal(answer, told[what], what);
    assert.deepEqual(rows(site, 'SELECT number, entries FROM audit_seal ' +
      'ORDER BY number').slice(0, seals.length), seals);
  }

  const counted = () => ['budget', 'budget__items', 'crm_customer']
    .map((name) => sql(site, `SELECT count(*) FROM r_${name}`))
    .concat(['audit_entry', 'flow_task', 'org_session', 'attachment'].map(
      (name) => sql(site, `SELECT count(*) FROM ${name}`)));

  // The index is built again by a job; it finds the same then.
  async function searched() {
    await until(() => sql(site, 'SELECT count(*) FROM search_form ' +
      'WHERE cursor <> 0') === '0', 'the search index', 30000);
    const { body } = await people['zhang.wei'].get(
      `/api/v1/search?q=${encodeURIComponent(word.slice(1))}`);
    assert.equal(body.groups.find((group) => group.form === 'budget')
      .records.length, 2);
  }

  function whole() {
    const said = run('doctor', '--verify', '--json', site.folder);
    assert.equal(said.code, 0, said.out + said.err);
  }

  test('a served site is refused, and stays as it is', async () => {
    const before = store(site.folder);
    const refused = await runBeside('migrate-store', '--to', 'sqlite',
      site.folder);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /stop it first|served/);
    assert.equal(store(site.folder), before);
  });

  test('to SQLite: same answers; the task goes on there', async () => {
    await move('sqlite', 'sqlite');
    assert.equal((await decide(people['li.na'], record, 'approve')).state,
      'approved');
  });

  test('to PostgreSQL: same answers; the process ends there', async () => {
    await move(newDatabase(), 'postgresql');
    await decide(people['liu.yang'], record, 'approve');
    const { body } = await people['zhang.wei'].get(
      `/api/v1/records/budget/${record}`);
    assert.equal(body.state, 'approved');
    await site.stop();
    whole();
    await site.start();
  });

  test('the old stores and settings are kept beside', async () => {
    const names = readdirSync(site.folder);
    for (const name of ['tenon.db', 'tenon.cfg.sqlite', 'tenon.cfg.postgresql'])
      assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name.startsWith('tenon.db.copy')));
  });

  test('a backup made there is a site with a file of its own', async () => {
    const backup = join(temporaryFolder('backup'), 'copy');
    const place = join(temporaryFolder('restored'), 'site');
    const made = await runBeside('backup', site.folder, backup);
    assert.equal(made.code, 0, made.err);
    const restored = await runBeside('restore', backup, place);
    assert.equal(restored.code, 0, restored.err);
    assert.equal(store(place), 'sqlite');
    assert.equal(sql(place, "SELECT count(*) FROM store_fact " +
      "WHERE name = 'site_key'"), '0');
    for (const table of ['r_budget__items', 'flow_event', 'org_user',
      'attachment', 'form_version'])
      assert.equal(sql(place, `SELECT count(*) FROM ${table}`),
        sql(site, `SELECT count(*) FROM ${table}`), table);
    const said = await runBeside('doctor', '--verify', place);
    assert.equal(said.code, 0, said.out);

    // The rows of this one would not be those of its folder.
    const refused = await runBeside('restore', backup, site.folder);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /rows in PostgreSQL/);
  });

  test('records made before and after have different ids', async () => {
    const { id } = await apply(people['zhang.wei'], '3');
    assert.ok(BigInt(id) > BigInt(record));
  });
});

// So many messages that copying them takes some seconds; text: runs SQL where
// the site has its rows.
const fill = (text) => text('INSERT INTO notify_message (id, user_id, kind, ' +
  'args, link, at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 ' +
  "FROM n WHERE i < 200000) SELECT i, (SELECT min(id) FROM org_user), 'x', " +
  "'{}', '/', i FROM n");

describe('cut off in the middle', { skip }, () => {
  test('half a copy is served by nobody, and is finished', async () => {
    const folder = demoFolder();
    assert.equal(run('migrate-store', '--to', 'sqlite', folder).code, 0);
    fill((text) => sql(folder, text));
    const url = newDatabase();
    const target = (text) => spawnSync('psql', ['-X', '-A', '-t', '-d', url,
      '-c', text], { encoding: 'utf8' }).stdout.trim();
    const child = spawn(tenon, ['migrate-store', '--to', url, folder], {
      stdio: 'ignore', env: { ...process.env,
        TENON_SHARE: join(build, 'share/tenon') } });
    const ended = new Promise((done) => child.on('exit', done));
    await until(() => Number(target("SELECT count(*) FROM store_copy WHERE " +
      "kind = 'table' AND done = 1 AND number > 0")) > 0, 'a table', 30000);
    child.kill('SIGKILL');
    await ended;
    assert.equal(store(folder), 'sqlite');
    assert.equal(target("SELECT count(*) FROM store_copy WHERE " +
      "kind = 'source'"), '1');

    // Another site does not go on with it; nor does anybody serve it.
    const joined = join(folder, '../joined');
    assert.equal(run('init', '--store', url, '--join', joined).code, 1);
    const other = demoFolder();
    assert.equal(run('migrate-store', '--to', 'sqlite', other).code, 0);
    sql(other, 'UPDATE store_migration SET at = at + 1');
    const refused = run('migrate-store', '--to', url, other);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /half copy of another site/);

    // A row that was there is gone: no copy is good that lacks it.
    const table = target("SELECT name FROM store_copy WHERE kind = 'table' " +
      'AND done = 1 AND number > 0 ORDER BY name LIMIT 1');
    assert.equal(spawnSync('psql', ['-X', '-q', '-d', url, '-c',
      `DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM ${table} LIMIT 1)`])
      .status, 0);
    const differs = run('migrate-store', '--to', url, folder);
    assert.equal(differs.code, 1);
    assert.match(differs.err, new RegExp(`the table ${table} is not what`));
    assert.equal(store(folder), 'sqlite');
    assert.equal(run('init', '--store', url, '--join', joined).code, 1);

    const again = run('migrate-store', '--to', url, '--keep-config', folder);
    assert.equal(again.code, 0, again.err);
    assert.equal(store(folder), 'sqlite');
    assert.match(again.out, /tenon.cfg was left as it is/);
    assert.equal(target("SELECT to_regclass('store_copy') IS NULL"), 't');
    assert.equal(target('SELECT count(*) FROM audit_entry'),
      sql(folder, 'SELECT count(*) FROM audit_entry'));
  });

  test('back to SQLite: half a file is no site, and is finished', async () => {
    const folder = demoFolder();
    const file = join(folder, 'tenon.db.copy');
    fill((text) => sql(folder, text));
    const child = spawn(tenon, ['migrate-store', '--to', 'sqlite', folder], {
      stdio: 'ignore', env: { ...process.env,
        TENON_SHARE: join(build, 'share/tenon') } });
    const ended = new Promise((done) => child.on('exit', done));
    // Its log is gone (a byte of the head says so) before rows are copied.
    await until(() => existsSync(file) && readFileSync(file)[18] === 1 &&
      Number(spawnSync('sqlite3', ['-readonly', file, 'SELECT count(*) FROM ' +
        "store_copy WHERE kind = 'table' AND number > 0"]).stdout) > 2,
    'some tables', 30000);
    child.kill('SIGKILL');
    await ended;
    assert.equal(store(folder), 'postgresql');
    assert.ok(!existsSync(join(folder, 'tenon.db')));
    const entries = sql(folder, 'SELECT count(*) FROM audit_entry');

    const again = run('migrate-store', '--to', 'sqlite', folder);
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, /[1-9]\d* of them were there/);
    assert.equal(store(folder), 'sqlite');
    assert.ok(!existsSync(file));
    assert.equal(sql(folder, 'SELECT count(*) FROM audit_entry'), entries);
    const said = run('doctor', '--verify', folder);
    assert.equal(said.code, 0, said.out);
  });
});

describe('targets that do not suit', { skip }, () => {
  let folder;
  before(() => {
    folder = demoFolder();
    assert.equal(run('migrate-store', '--to', 'sqlite', folder).code, 0);
  });

  async function refused(to, ...patterns) {
    const said = await runBeside('migrate-store', '--to', to, folder);
    assert.equal(said.code, 1, said.out);
    const lines = said.err.split('\n').filter((line) =>
      line.startsWith('tenon: '));
    assert.equal(lines.length, 1, said.err);
    for (const pattern of patterns) assert.match(lines[0], pattern);
    assert.doesNotMatch(said.err, /s3cret/);
    assert.equal(store(folder), 'sqlite');
    assert.ok(!existsSync(join(folder, 'tenon.cfg.copy')));
    return said;
  }

  test('an address that nobody answers', () => refused(
    'postgresql://bob:s3cret@127.0.0.1:1/none', /127\.0\.0\.1/, /bob/,
    /refused/i));

  test('a database that is not there', () => refused(
    shared.replace(/\/[^/?]*\?/, '/no_such_database?'), /no_such_database/));

  test('something that is no address', () => refused('mysql://x',
    /postgresql:\/\//));

  test('where the rows are already', () => refused('sqlite', /already/));

  test('a server that is too old', async () => {
    const server = await oldServer('13.9');
    try {
      await refused(server.url, /13\.9/, /14/);
    } finally {
      server.close();
    }
  });

  test('a database in another encoding', async () => {
    const name = `tenon_ascii_${process.pid}`;
    psql('-c', `CREATE DATABASE ${name} TEMPLATE template0 ` +
      `ENCODING 'SQL_ASCII' LOCALE 'C'`);
    try {
      await refused(shared.replace(/(:\/\/[^/]*\/)[^?]*/, `$1${name}`),
        /SQL_ASCII/, /createdb -E UTF8/);
    } finally {
      psql('-c', `DROP DATABASE ${name} WITH (FORCE)`);
    }
  });

  test('an account that may not make tables', async () => {
    const role = `tenon_guest_${process.pid}`;
    psql('-c', `CREATE ROLE ${role} LOGIN`);
    try {
      await refused(newDatabase().replace(/\/\/[^@]*@/, `//${role}@`),
        new RegExp(`GRANT CREATE ON SCHEMA public TO ${role}`));
    } finally {
      psql('-c', `DROP ROLE ${role}`);
    }
  });

  test('a database that holds something else', async () => {
    const url = newDatabase();
    spawnSync('psql', ['-d', url, '-c', 'CREATE TABLE invoices (id int)']);
    await refused(url, /invoices/, /empty/);
    const there = spawnSync('psql', ['-A', '-t', '-d', url, '-c',
      "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"],
    { encoding: 'utf8' });
    assert.equal(there.stdout.trim(), '1');
  });
});
