// `tenon doctor --verify`: every kind of damage that it knows is made on
// purpose, told with its key, and gone after --mend where that can mend it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync,
  rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configure, demoSite, newSite, root, run, runBeside, temporaryFolder,
  until } from '../lib/server.mjs';
import { onDisk } from '../lib/disk.mjs';
import { addressOf, copyDatabase, onPostgresql } from '../lib/store.mjs';

// Damage is made past the program, in the store.
const skip = !onPostgresql && spawnSync('sqlite3', ['--version']).error &&
  'sqlite3, the command, is missing';
const file_only = onPostgresql && 'damage is made in an SQLite file';

// The statements below are SQLite's; what PostgreSQL writes in another way.
// Keys and triggers are out of the way there.
const postgresql = (statement) => statement
  .replace(/\btemp\./g, 'pg_temp.')
  .replace(/\bx'([0-9a-f]*)'/g, "'\\x$1'::bytea")
  .replace('zeroblob(32)', `'\\x${'00'.repeat(32)}'::bytea`)
  .replace(/^DROP TRIGGER .*/, 'SELECT 1 WHERE 1 = 0');

function sql(folder, ...statements) {
  const url = addressOf(folder);
  const [program, words, lines] = url
    ? ['psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url],
      ['SET session_replication_role = replica', 'SET client_min_messages = ' +
        'warning', ...statements.map(postgresql)]]
    : ['sqlite3', ['-bail', '-cmd', '.timeout 10000', join(folder, 'tenon.db')],
      statements];
  const result = spawnSync(program, words, { encoding: 'utf8',
    input: lines.join(';\n') + ';\n' });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.trim();
}

// A copy of a site that nobody serves, its rows included.
function copyOf(original, name = 'sick') {
  const place = join(temporaryFolder(name), 'site');
  cpSync(original, place, { recursive: true });
  copyDatabase(place);
  return place;
}

// What the doctor says: { code, lines, keys } of what is not well.
function ask(folder, ...words) {
  const said = run('doctor', '--verify', '--json', ...words, folder);
  assert.ok(said.code === 0 || said.code === 1, said.err);
  const answer = JSON.parse(said.out);
  assert.equal(answer.ok, said.code === 0);
  const lines = answer.lines.filter((line) => line.verdict !== 'ok');
  return { code: said.code, lines, err: said.err,
    keys: new Map(lines.map((line) => [line.key, line])) };
}

// A copy of the demo that nobody serves.
async function stopped(site) {
  await site.whole();
  await until(() => sql(site.folder, 'SELECT count(*) FROM audit_entry ' +
    'WHERE seal IS NULL') === '0', 'the seals');
  await site.stop();
  return site.folder;
}

let site, folder;
before(async () => {
  if (skip) return;
  site = await demoSite();
  await site.whole();
  writeFileSync(join(site.folder, 'forms/place.json'), JSON.stringify({
    title: 'Place', fields: [{ key: 'name', type: 'text', title: 'Name' },
      { key: 'of', type: 'department', title: 'Of' }] }));
  await site.control({ do: 'reload' });
  await until(() => sql(site.folder,
    "SELECT count(*) FROM form WHERE name = 'place'") === '1', 'the form');
  folder = await stopped(site);
});
after(() => { if (site) site.stop(); });

// A whole application of its own, `n`, under way: a copy of a real one.
function clone(n) {
  const one = (table, where, change) => [
    'DROP TABLE IF EXISTS temp.x',
    `CREATE TEMP TABLE x AS SELECT * FROM ${table} WHERE ${where}`,
    `UPDATE x SET ${change}`, `INSERT INTO ${table} SELECT * FROM x`];
  return [
    'DROP TABLE IF EXISTS temp.r',
    'CREATE TEMP TABLE r AS SELECT i.id, i.record, t.id AS task, t.visit, ' +
      "v.token FROM flow_instance i JOIN flow_task t ON t.instance = i.id " +
      "AND t.state = 'active' JOIN flow_visit v ON v.id = t.visit WHERE " +
      "i.state = 'running' AND i.form = 'budget' AND i.id < " +
      '1000000000000000000 AND i.id > 100000 ORDER BY i.id LIMIT 1',
    ...one('r_budget', 'id = (SELECT record FROM r)',
      `id = ${n}, f_number = NULL`),
    ...one('flow_instance', 'id = (SELECT id FROM r)',
      `id = ${n}, record = ${n}`),
    ...one('flow_scope', 'instance = (SELECT id FROM r)',
      `id = ${n}, instance = ${n}`),
    ...one('flow_token', 'id = (SELECT token FROM r)',
      `id = ${n}, instance = ${n}, scope = ${n}`),
    ...one('flow_visit', 'id = (SELECT visit FROM r)',
      `id = ${n}, instance = ${n}, token = ${n}`),
    ...one('flow_task', 'id = (SELECT task FROM r)',
      `id = ${n}, instance = ${n}, visit = ${n}, record = ${n}`),
    ...one('flow_event', 'instance = (SELECT id FROM r)', `instance = ${n}`),
    ...one('access_reader', 'record = (SELECT record FROM r) LIMIT 1',
      `record = ${n}, user_id = (SELECT holder FROM flow_task ` +
      `WHERE id = ${n})`),
  ];
}

const passed = (n) => [
  `UPDATE flow_visit SET state = 'passed', closed_at = 1 WHERE id = ${n}`,
  `UPDATE flow_task SET state = 'approved', ended_at = 1 WHERE id = ${n}`];
const over = (n) => [...passed(n), `DELETE FROM flow_token WHERE id = ${n}`,
  `UPDATE flow_instance SET state = 'approved', ended_at = 1 WHERE id = ${n}`,
  `UPDATE r_budget SET state = 'approved' WHERE id = ${n}`];

// [key, what the machine can do, number of the application, statements]
const flows = [
  ['flow.health.state', false, 101,
    ["UPDATE flow_instance SET state = 'odd' WHERE id = 101"]],
  ['flow.health.record', false, 102, ['DELETE FROM r_budget WHERE id = 102']],
  ['flow.health.record_state', true, 103,
    ["UPDATE r_budget SET state = 'approved' WHERE id = 103"]],
  ['flow.health.stopped', false, 104,
    ['DELETE FROM flow_token WHERE id = 104']],
  ['flow.health.not_ended', true, 105,
    ['UPDATE flow_instance SET ended_at = 1 WHERE id = 105']],
  ['flow.health.no_end', true, 106, [...over(106),
    'UPDATE flow_instance SET ended_at = NULL WHERE id = 106']],
  ['flow.health.token_over', true, 107, [...over(107),
    "INSERT INTO flow_token SELECT 107, 107, 107, node, flow, 'wait' " +
    "FROM flow_token WHERE id = 103"]],
  ['flow.health.token_state', true, 108,
    ["UPDATE flow_token SET state = 'odd' WHERE id = 108"]],
  ['flow.health.token_place', false, 109,
    ["UPDATE flow_token SET node = 'nowhere' WHERE id = 109"]],
  ['flow.health.token_scope', false, 110,
    ['UPDATE flow_token SET scope = 109 WHERE id = 110']],
  ['flow.health.token_alone', true, 111, passed(111)],
  ['flow.health.token_job', true, 112, [...passed(112),
    "UPDATE flow_token SET state = 'fault' WHERE id = 112"]],
  ['flow.health.visit_over', true, 113,
    ["UPDATE flow_token SET state = 'leaving' WHERE id = 113"]],
  ['flow.health.visit_state', true, 114,
    ['UPDATE flow_visit SET closed_at = 1 WHERE id = 114']],
  ['flow.health.visit_empty', true, 115, ["UPDATE flow_task SET state = " +
    "'canceled', ended_at = 1 WHERE id = 115"]],
  ['flow.health.task_over', true, 116, ["UPDATE flow_visit SET state = " +
    "'passed', closed_at = 1 WHERE id = 116"]],
  ['flow.health.task_state', false, 117,
    ["UPDATE flow_task SET state = 'odd', ended_at = 1 WHERE id = 117"]],
  ['flow.health.task_instance', true, 118,
    ['UPDATE flow_task SET record = 103 WHERE id = 118',
      "INSERT INTO access_reader SELECT 103, holder, 'other', NULL " +
      'FROM flow_task WHERE id = 118']],
  ['flow.health.task_person', false, 119,
    ['UPDATE flow_task SET holder = 999 WHERE id = 119']],
  ['flow.health.task_reader', true, 120,
    ['DELETE FROM access_reader WHERE record = 120']],
  ['flow.health.history', false, 121,
    ['DELETE FROM flow_event WHERE instance = 121 AND seq = 1']],
  ['flow.health.incident', true, 122, ["INSERT INTO flow_incident VALUES " +
    "(122, 'F122', 122, 5, 'x', 'x', 'x', 1, 1, NULL)"]],
  ['flow.health.definition', false, 123, ["INSERT INTO flow_definition " +
    "VALUES (123, 'broken', 1, NULL, 'budget', 'x', 1, x'00', 'x', '[]', 1)"]],
];

const others = [
  ['store.health.reference', false, [
    "INSERT INTO org_user_role SELECT 77, id FROM org_user LIMIT 1"]],
  ['store.health.follower', true, [
    'INSERT INTO r_budget__items (id, record, position) VALUES (1, 88, 0)']],
  ['store.health.epoch', true, [
    "INSERT INTO store_epoch VALUES ('test', -5)"]],
  ['store.health.object', true, ['DROP TRIGGER audit_entry_stays',
    'DROP INDEX flow_task_open']],
  ['store.health.index', true, [
    'PRAGMA writable_schema = ON',
    // An index whose entries are other rows' than its definition says.
    "UPDATE sqlite_schema SET sql = 'CREATE INDEX home_index ON " +
      "home_widget (widget) WHERE place < 5' WHERE name = 'home_index'",
    'PRAGMA writable_schema = RESET']],
  ['event.health.job_data', false, ["INSERT INTO event_job (id, kind, data, " +
    "due, at) VALUES (1, 'test', '{', 99999999999999, 1)"]],
  ['event.health.job_stuck', true, ["INSERT INTO event_job (id, kind, due, " +
    "at, state, lease) VALUES (2, 'test', 1, 1, 1, 1)"]],
  ['event.health.delivery_stuck', true, [
    "INSERT INTO event_outbox VALUES (3, 'test', 1, NULL, 1, 1)",
    "INSERT INTO event_delivery (id, outbox, subscriber, due, state, lease) " +
      "VALUES (3, 3, 'test', 1, 1, 1)"]],
  ['event.health.outbox', true, [
    "INSERT INTO event_outbox VALUES (4, 'test', 1, NULL, 1, 1)"]],
  ['event.health.incident_job', true, ["INSERT INTO event_incident (id, " +
    "kind, job, at) VALUES (5, 'job', 6, 1)"]],
  ['event.health.result', true, ["INSERT INTO event_progress (job, person, " +
    "title, file_hash, file_name, at) VALUES (7, 1, 'x', " +
    `'${'0'.repeat(64)}', 'gone.csv', 99999999999999)`]],
  ['audit.health.broken', false, [
    'DROP TRIGGER audit_entry_is_only_erased',
    'UPDATE audit_entry SET changes = \'{"x":1}\' WHERE id = (SELECT id ' +
      "FROM audit_entry WHERE changes IS NOT NULL ORDER BY id LIMIT 1)"]],
  ['org.health.head', true, ["INSERT INTO org_department VALUES (11, NULL, " +
    "'Lost heads', 12, '/11/', NULL)"]],
  ['org.health.manager', false, [
    "UPDATE org_user SET manager = id WHERE login = 'li.na'"]],
  ['org.health.path', true, ["INSERT INTO org_department VALUES (13, NULL, " +
    "'Wrong way', NULL, '/14/', NULL)"]],
  ['org.health.keys', true, [
    "UPDATE org_user SET sort_key = x'00' WHERE login = 'li.na'"]],
  ['access.health.grant', true, [
    "INSERT INTO access_grant VALUES (15, 'role', 16, '*', 0, 0)"]],
  ['access.health.reader', true, [
    "INSERT INTO access_reader VALUES (17, 18, 'task', NULL)"]],
  ['access.health.module', false, [
    "INSERT INTO access_module_department VALUES ('crm', 19)"]],
  ['form.health.unreadable', false, [
    "INSERT INTO form VALUES (21, 'torn', NULL, 'r_torn', 1, 1)",
    "INSERT INTO form_version VALUES (21, 1, '{', NULL, 1, 1)"]],
  ['form.health.column', true, [
    'DROP TABLE r_survey_participation']],
  ['form.health.index', true, ['DROP INDEX i_budget__owner']],
  ['form.health.state', false, [
    "UPDATE r_notice SET state = 'odd' WHERE id = (SELECT min(id) " +
      'FROM r_notice)']],
  ['form.health.owner', true, [
    'UPDATE r_crm_region SET owner = 31 WHERE id = (SELECT min(id) ' +
      'FROM r_crm_region)']],
  ['form.health.file_field', false, ["UPDATE r_budget SET f_attachments = " +
    "'[\"72\"]' WHERE id = 122"]],
  ['form.health.department', false, ["INSERT INTO r_place (id, version, " +
    'owner, department, state, created_at, created_by, updated_at, ' +
    "updated_by, deleted_at, search, f_of) VALUES (73, 1, 0, 0, 'saved', 1, " +
    "0, 1, 0, 0, '', 74)"]],
  ['form.health.link', false, [
    'UPDATE r_crm_contact SET f_customer = 32 WHERE id = (SELECT min(id) ' +
      'FROM r_crm_contact)']],
  ['form.health.comment', true, ["INSERT INTO record_comment SELECT 33, id, " +
    "34, 1, 1, 'x' FROM form WHERE name = 'budget'"]],
  ['form.health.attachment', true, ["INSERT INTO attachment VALUES (35, " +
    "'budget', 36, 'x', 'lost-record.pdf', 'x', 1, " +
    `'${'1'.repeat(64)}', 1, -1, 1)`]],
  ['form.health.file_lost', false, ["INSERT INTO attachment VALUES (37, " +
    "NULL, 0, NULL, 'lost-file.pdf', 'x', 1, " +
    `'${'2'.repeat(64)}', 1, -1, 99999999999999)`]],
  ['form.health.search_text', true, [
    "UPDATE r_leave SET search = 'nonsense' WHERE id = (SELECT min(id) " +
      'FROM r_leave)']],
  ['form.health.search_stray', true, [
    'UPDATE r_crm_competitor SET deleted_at = 99999999999999 ' +
      'WHERE id = (SELECT min(id) FROM r_crm_competitor)']],
  ['form.health.search_entry', true, []], // the copies are in no index
  ['form.health.counter', true, [
    "UPDATE form_counter SET value = 1 WHERE field_key = 'number' AND form " +
      "= (SELECT id FROM form WHERE name = 'budget')"]],
  ['form.health.number_twice', false, [
    'UPDATE r_leave SET f_number = (SELECT min(f_number) FROM r_leave) ' +
      'WHERE id = (SELECT max(id) FROM r_leave WHERE f_number IS NOT NULL)']],
  ['form.health.grant', true, [
    "INSERT INTO access_grant VALUES (41, 'everyone', 0, 'gone', 0, 0)"]],
  ['form.health.import_row', true, [
    "INSERT INTO import_row (import, line, state, cells) VALUES " +
      "(42, 1, 0, '[]')"]],
  ['plugin.health.away', false, ['INSERT INTO module (id, version, hash, ' +
    "kind, enabled, changed_at) VALUES ('ghost', '1.0', 'x', 'lua', 1, 1)"]],
  ['plugin.health.changed', false, [
    "UPDATE module SET hash = 'other' WHERE id = 'vehicle'"]],
  ['plugin.health.problem', false, [
    "UPDATE module SET problem = 'it is tired' WHERE id = 'notice'"]],
  ['plugin.health.migration', false, [
    "INSERT INTO store_migration VALUES ('crm', 1, 'other', 'x', 1)"]],
  ['plugin.health.settings', false, [
    "DELETE FROM module_setting WHERE module = 'survey'",
    "INSERT INTO module_setting VALUES ('survey', '{', 1)"]],
  ['plugin.health.form', false, [
    "UPDATE form SET module = 'stranger' WHERE name = 'visitor'"]],
  ['backup.health.stuck', true, ["INSERT INTO backup_run (id, job, person, " +
    "state, begun, seen) VALUES (44, 1, 1, 'running', 1, 1)"]],
  ['portal.health.widget', true, [
    "INSERT INTO home_widget VALUES (43, 'tasks', NULL, 0)"]],
];

// What cannot stand beside the others: [key, mended, statements].
const alone = [
  ['org.health.circle', false, ["INSERT INTO org_department VALUES (51, 52, " +
    "'Chicken', NULL, '/51/', NULL), (52, 51, 'Egg', NULL, '/52/', NULL)"]],
  ['org.health.administrator', false, ["INSERT INTO org_user (id, login, " +
    "login_key, name, name_key, sort_key, enabled, created_at) VALUES " +
    "(53, 'a', 'a', 'a', 'a', x'00', 1, 1)"]],
  ['audit.health.unsealed', true, ['DELETE FROM temp.x']],
  ['store.health.table', false, ['DROP TABLE home_widget']],
  ['backup.health.overdue', false, [
    'UPDATE store_migration SET at = 1']],
  ['form.health.search_job', true, ["INSERT INTO form VALUES (54, 'any', " +
    "NULL, 'r_any', 1, 1)", "INSERT INTO form_version VALUES (54, 1, " +
    "'{\"title\":\"x\",\"fields\":[{\"key\":\"a\",\"type\":\"text\"," +
    "\"title\":\"a\"}]}', NULL, 1, 1)",
    "INSERT INTO search_form VALUES (54, 5, 0, '')"]],
];

// PostgreSQL looks after its own pages, indexes and references.
const of_file = new Set(['reference', 'follower', 'object', 'index', 'table']
  .map((name) => `store.health.${name}`));
const here = (list) => list.filter(([key]) =>
  !onPostgresql || !of_file.has(key));

test('nothing is found in a site that is whole', { skip }, () => {
  const { code, lines } = ask(folder);
  assert.deepEqual(lines, []);
  assert.equal(code, 0);
});

// Files that the demo has not: one that a record names, changed since; one
// that nobody names.
function damageFiles(place) {
  const put = (content, days) => {
    const hash = createHash('blake2b512').update(content).digest('hex');
    mkdirSync(join(place, 'files', hash.slice(0, 2)), { recursive: true });
    const path = join(place, 'files', hash.slice(0, 2), hash.slice(2, 64));
    writeFileSync(path, content);
    utimesSync(path, Date.now() / 1000 - days * 86400,
      Date.now() / 1000 - days * 86400);
    return hash.slice(0, 64);
  };
  const changed = put('as long as a BLAKE2b-512 is no BLAKE2b-256', 0);
  put('of nobody', 5);
  sql(place, "INSERT INTO attachment VALUES (61, NULL, 0, NULL, " +
    `'changed.txt', 'x', 1, '${changed}', 1, -1, 99999999999999)`);
}

test('every damage is told, and gone where the machine can mend it',
  { skip, timeout: 240000 }, async () => {
    const place = copyOf(folder);
    sql(place, 'CREATE INDEX home_index ON home_widget (widget)',
      "INSERT INTO home_widget SELECT id, 'home', 6, 0 FROM org_user",
      ...flows.flatMap(([, , n]) => clone(n)),
      ...flows.flatMap(([, , , statements]) => statements),
      // History that is counted too short: this one can be mended.
      ...clone(124), "INSERT INTO flow_event SELECT 124, seq + 100, at, " +
        'actor, action, node, round, reason, comment, data FROM flow_event ' +
        'WHERE instance = 124 AND seq = 1',
      ...here(others).flatMap(([, , statements]) => statements),
      // Fields of a form of the site that name who is not there.
      "UPDATE r_visitor SET f_host = 71 WHERE id = (SELECT min(id) " +
        'FROM r_visitor)');
    damageFiles(place);
    const before = sql(place, 'SELECT count(*) FROM r_budget');

    const found = ask(place);
    assert.equal(found.code, 1);
    const known = [...flows.map(([key, mends]) => [key, mends]),
      ...here(others).map(([key, mends]) => [key, mends]),
      ['form.health.person', false], ['form.health.file_changed', false],
      ['form.health.file_unused', true]];
    assert.deepEqual(known.map(([key]) => key).filter((key) =>
      !found.keys.has(key)), [], 'what is not told');
    for (const [key] of known) {
      const line = found.keys.get(key);
      assert.ok(line.count >= 1 && line.examples.length >= 1, key);
      assert.ok(line.mend.length > 10, key);
    }
    for (const [key, , n] of flows.filter(([, , n]) => n < 122))
      assert.ok(found.keys.get(key).examples.some((text) =>
        text.includes(String(n))), `${key} names ${n}: ` +
        found.keys.get(key).examples.join('; '));
    assert.equal(sql(place, 'SELECT count(*) FROM r_budget'), before,
      'looking changes nothing');

    const mended = ask(place, '--mend');
    assert.equal(mended.code, 1);
    const done = new Set(mended.lines.filter((line) =>
      line.verdict === 'done').map((line) => line.key));
    const rest = ask(place);
    for (const [key, mends] of known) {
      assert.equal(done.has(key), mends || key === 'flow.health.history' ||
        key === 'flow.health.task_state', `${key} mended`);
      assert.equal(rest.keys.has(key), !mends, `${key} afterwards`);
    }

    // Served, what was left to jobs is done: tasks are there again, and the
    // search finds the copies.
    site.folder = place;
    await site.start();
    await until(() => sql(place, 'SELECT count(DISTINCT instance) FROM ' +
      "flow_task WHERE instance IN (108, 111, 112, 115, 116) AND state = " +
      "'active'") === '5', 'the tasks', 60000);
    await until(() => sql(place, 'SELECT count(*) FROM search_form WHERE ' +
      'cursor > 0') === '0', 'the search', 60000);
    await site.stop();
    const last = ask(place);
    for (const key of last.keys.keys())
      assert.ok(known.some(([name, mends]) => name === key && !mends) ||
        key.startsWith('cli.doctor'), `${key} came back`);
  });

test('damage that hides the rest is told, too', { skip }, async () => {
  const empty = await newSite({ backup: { at: '0 3 * * *' } });
  const original = await stopped(empty);
  for (const [key, mends, statements] of here(alone)) {
    const place = copyOf(original);
    sql(place, 'CREATE TEMP TABLE x AS SELECT 1', ...statements);
    if (key === 'audit.health.unsealed')
      sql(place, 'DROP TRIGGER audit_entry_is_sealed_once',
        "INSERT INTO audit_entry (id, at, subject, subject_id, action, hash)" +
        " VALUES (1, 1, 'x', 1, 'x', zeroblob(32))");
    const found = ask(place);
    assert.ok(found.keys.get(key), `${key}: ${JSON.stringify(found.lines)}`);
    if (mends) ask(place, '--mend');
    assert.equal(ask(place).keys.has(key), !mends, key);
  }
});

function tear(place) {
  const path = join(place, 'tenon.db');
  const bytes = readFileSync(path);
  const size = bytes.readUInt16BE(16) === 1 ? 65536 : bytes.readUInt16BE(16);
  const page = Number(sql(place,
    "SELECT rootpage FROM sqlite_schema WHERE name = 'r_crm_activity'"));
  bytes.fill(0x5a, (page - 1) * size + 8, page * size - 64);
  writeFileSync(path, bytes);
  rmSync(`${path}-wal`, { force: true });
}

test('a torn database is told, not repaired', { skip: skip || file_only },
  () => {
    const place = copyOf(folder);
    tear(place);
    const said = run('doctor', '--verify', place);
    assert.equal(said.code, 1);
    assert.match(said.out, /BAD .*The database file is damaged/);
    assert.match(said.out, /→ .*tenon restore/);
    assert.ok(ask(place).keys.has('store.health.unreadable'));
  });

// ---- what `tenon doctor` asks without --verify ----

// The control socket of a service that hangs up on whoever asks.
function mute(place) {
  const server = createServer((socket) => socket.destroy());
  return new Promise((done) => server.listen(
    join(place, 'run/control.sock'), () => done(server)));
}

// A folder of files that bears the site's mark no more.
async function unmarked(place) {
  const path = temporaryFolder('files');
  configure(place, { files: { where: 'folder', path } });
  assert.equal((await runBeside('files', 'adopt', place)).code, 0);
  rmSync(join(path, '.tenon-files'));
}

const nearly_full = { free: 100 * 1024 * 1024 };

// [key in cli.doctor, verdict, what is done to the place, what is asked on]
const plain = [
  ['service', 'bad', mute],
  ['permissions', 'bad', (place) => chmodSync(join(place, 'tenon.cfg'), 0o644)],
  ['leftover', 'note', (place) => mkdirSync(join(place, '.restore'))],
  ['unclean', 'note', (place) => writeFileSync(join(place, 'run/unclean'), '')],
  ['room', 'bad', () => {}, nearly_full],
  ['ballast', 'note', (place) => rmSync(join(place, 'run/ballast'))],
  ['open', 'bad', (place) => onPostgresql
    ? configure(place, { store: { driver: 'postgresql',
      url: 'postgresql://nobody@127.0.0.1:1/none' } })
    : rmSync(join(place, 'tenon.db'))],
  ['integrity', 'bad', tear],
  ['references', 'bad', (place) => sql(place,
    'INSERT INTO org_user_role SELECT 77, id FROM org_user LIMIT 1')],
  ['migrations', 'note', (place) => sql(place, 'DELETE FROM store_migration ' +
    "WHERE component = 'portal'")],
  ['files_place', 'bad', unmarked],
  ['files', 'bad', (place) => sql(place, 'INSERT INTO attachment VALUES (1, ' +
    `NULL, 0, NULL, 'lost.pdf', 'x', 1, '${'2'.repeat(64)}', 1, -1, 1)`)],
  ['audit', 'bad', (place) => sql(place,
    'DROP TRIGGER audit_entry_is_only_erased', "UPDATE audit_entry SET " +
      "changes = '{\"x\":1}' WHERE changes IS NOT NULL")],
  ['incidents', 'note', (place) => sql(place, 'INSERT INTO event_incident ' +
    "(id, kind, at) VALUES (1, 'job', 1)")],
];
const plain_of_file = ['ballast', 'integrity', 'references'];

for (const [name, verdict, harm, disk = {}] of plain)
  test(`the doctor tells: ${name}`, { skip: skip ||
    (plain_of_file.includes(name) && file_only) }, async () => {
    const place = copyOf(folder);
    const server = await harm(place);
    const said = disk.free
      ? onDisk(place, disk, 'doctor', '--json', place)
      : await runBeside('doctor', '--json', place);
    server?.close?.();
    const { lines } = JSON.parse(said.out);
    const line = lines.find(({ key }) => key === `cli.doctor.${name}` ||
      key === `cli.doctor.${name}_bad`);
    assert.equal(line?.verdict, verdict, said.out);
    assert.ok(line.text.length > 10 && line.mend.length > 10, said.out);
    assert.equal(said.code, verdict === 'bad' ? 1 : 0, said.out);
    assert.deepEqual(lines.filter((other) => other !== line &&
      other.verdict !== 'ok'), [], 'nothing else is told');
  });

test('every kind of damage has its case here', { skip }, () => {
  const tested = new Set([...flows, ...others, ...alone, ...plain]
    .map(([key]) => key)
    .concat(['form.health.person', 'form.health.file_changed',
      'form.health.file_unused', 'store.health.damaged', 'store.health.unreadable']));
  const known = new Set();
  for (const room of readdirSync(join(root, 'core'))) {
    const path = join(root, 'core', room, 'locale/en.json');
    const health = existsSync(path) &&
      JSON.parse(readFileSync(path, 'utf8'))[room]?.health;
    for (const key of Object.keys(health || {}))
      if (!key.endsWith('_mend')) known.add(`${room}.health.${key}`);
  }
  assert.ok(known.size > 60, `${known.size} kinds`);
  const { doctor } = JSON.parse(readFileSync(join(root,
    'core/cli/locale/en.json'), 'utf8')).cli;
  for (const key of Object.keys(doctor).filter((one) => /_mend$/.test(one)))
    known.add(key.replace(/_mend$/, ''));
  const missing = [...known].filter((key) => !tested.has(key));
  assert.deepEqual(missing, []);
});

test('beside a served site the doctor looks and stops nobody', { skip },
  async () => {
    const place = copyOf(folder, 'live');
    site.folder = place;
    await site.start();
    await site.whole();
    const before = sql(place, 'SELECT count(*) FROM store_epoch');
    const said = ask(place);
    assert.deepEqual(said.lines, []);
    assert.equal((await fetch(`${site.url}/healthz`)).status, 200);
    assert.equal(sql(place, 'SELECT count(*) FROM store_epoch'), before);
    await site.stop();
  });

test('words that are not understood end with 2', () => {
  assert.equal(run('doctor', '--nonsense').code, 2);
  assert.equal(run('doctor', 'a', 'b').code, 2);
  assert.equal(run('doctor', '--verify', '/nonexistent').code, 1);
});
