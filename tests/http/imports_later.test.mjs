// Imports and exports in time: a file of an export lasts a day, an import can
// be taken back for a day, and one goes on where its worker was killed. Time
// is moved in the store, not waited for.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoSite, processExists, slow, sleep, until } from '../lib/server.mjs';
import { sql as storeSql, tables } from '../lib/store.mjs';
import { signedIn } from '../lib/person.mjs';

const DAY = 24 * 3600 * 1000;
let site;
let person;

// Nothing names a record: a row that came in twice would be there twice.
const reading = { title: { en: 'Readings', 'zh-CN': '读数' }, label: 'name',
  grants: [{ who: 'everyone', right: 'export', scope: 'owner' }],
  fields: [{ key: 'name', type: 'text', required: true, title: 'Name' },
    { key: 'count', type: 'integer', title: 'Count' }] };

before(async () => {
  site = await demoSite();
  writeFileSync(join(site.folder, 'forms/reading.json'),
    JSON.stringify(reading));
  await site.stop();
  await site.start();
  person = await signedIn(site, 'zhang.wei');
});
after(() => site?.stop());

const sql = (text) => storeSql(site, text);

async function upload(text) {
  const body = new FormData();
  body.set('form', 'reading');
  body.set('file', new Blob([text]), 'readings.csv');
  const made = await person.fetch('POST', '/api/v1/imports', { body,
    headers: { 'x-csrf-token': person.csrf } });
  assert.equal(made.status, 201, made.text);
  return `/api/v1/imports/${made.body.id}`;
}

const settled = (path, ms = 10000) => until(async () => {
  const { body } = await person.get(path);
  return !/ing$/.test(body.state) && body;
}, 'the end of the import', ms);

async function imported(text) {
  const path = await upload(text);
  assert.equal((await person.post(`${path}/run`)).status, 202);
  return settled(path);
}

// Any new job makes the lane look at what is due.
async function wake() {
  const path = await upload('Name\nx\n');
  assert.equal((await person.post(`${path}/check`)).status, 202);
  return settled(path);
}

test('an export\'s file is gone after a day, its link says so, its space is ' +
  'free', async () => {
  const done = await imported('Name,Count\nOne,1\nTwo,2\n');
  assert.equal(done.created, 2);
  const made = await person.post('/api/v1/exports', { form: 'reading',
    format: 'csv' });
  assert.equal(made.status, 202, made.text);
  const job = made.body.job_url;
  const state = await until(async () => {
    const { body } = await person.get(job);
    return body.state === 'done' && body;
  }, 'the export');
  const file = await person.get(state.file_url);
  assert.equal(file.status, 200);
  assert.match(file.text, /Two/);
  const page = `/jobs/${state.id}`;
  assert.match((await person.get(page)).text, new RegExp(`${page}/file`));
  const hash = sql('SELECT file_hash FROM event_progress WHERE job = ' +
    state.id);
  const blob = join(site.folder, 'files', hash.slice(0, 2), hash.slice(2));
  assert.ok(statSync(blob).size > 0);

  // Its end waits for just a day.
  const due = () => Number(sql('SELECT due FROM event_job WHERE kind = ' +
    `'form.export_forget' AND data LIKE '%${state.id}%'`));
  assert.ok(Math.abs(due() - Date.now() - DAY) < 120000 * slow);
  sql('UPDATE event_job SET due = 1 WHERE kind = \'form.export_forget\'');
  await wake();
  await until(async () => (await person.get(`${page}/file`)).status === 404,
    'the end of the file');
  const gone = await person.get(`${page}/file`, { accept: 'application/json' });
  assert.match(gone.text, /has left no file/);
  const after = (await person.get(job)).body;
  assert.equal(after.state, 'done');
  assert.equal(after.file, undefined);
  assert.equal(after.file_url, undefined);
  assert.match(after.result, /2 /);
  assert.doesNotMatch((await person.get(page)).text,
    new RegExp(`${page}/file`));

  // Nobody names the file: the second night's round takes it off the disk.
  assert.ok(existsSync(blob));
  const old = (Date.now() - 2 * DAY) / 1000;
  utimesSync(blob, old, old);
  const night = async () => {
    sql('UPDATE event_job SET due = 1 WHERE kind = \'form.collect_files\'');
    await wake();
  };
  const row = `hash = '${hash}'`;
  sql(`UPDATE store_blob SET put_at = 1 WHERE ${row}`);
  await night();
  await until(() => Number(sql('SELECT unused_at FROM store_blob WHERE ' +
    row)) > 1, 'the first night');
  assert.ok(existsSync(blob));
  sql(`UPDATE store_blob SET unused_at = ${Date.now() - 2 * DAY} WHERE ${row}`);
  await night();
  await until(() => !existsSync(blob), 'the space');
});

test('an import can\'t be undone after a day: the button is gone, the answer ' +
  'says why', async () => {
  const done = await imported('Name,Count\nThree,3\n');
  const path = `/api/v1/imports/${done.id}`;
  assert.equal(done.undoable, true);
  const button = new RegExp(`action="/imports/${done.id}/undo"`);
  assert.match((await person.get(`/imports/${done.id}`)).text, button);
  const age = (ms) => sql(`UPDATE import_job SET finished = ${Date.now() - ms}` +
    ` WHERE id = ${done.id}`);
  age(DAY - 600000);
  assert.equal((await person.get(path)).body.undoable, true);
  age(DAY + 1000);
  assert.equal((await person.get(path)).body.undoable, false);
  assert.doesNotMatch((await person.get(`/imports/${done.id}`)).text, button);
  const rest = await person.post(`${path}/undo`);
  assert.equal(rest.status, 409, rest.text);
  assert.match(rest.text, /undone for a day/);
  // A page from yesterday still has the button.
  const form = await person.form(`/imports/${done.id}/undo`, {},
    { accept: 'text/html' });
  assert.equal(form.status, 409);
  assert.match(form.text, /undone for a day/);
  assert.equal((await person.get(path)).body.state, 'done');
  assert.equal(sql('SELECT count(*) FROM import_row WHERE import = ' +
    `${done.id} AND state = 2`), '1');
  const list = await person.get('/api/v1/records/reading?q=Three');
  assert.equal(list.body.records.length, 1);
});

// Kills the workers of the jobs while the import is in this state.
async function killIn(path, state, rows) {
  await until(async () => {
    const { body } = await person.get(path);
    assert.match(body.state, /ing$/, 'it was over before it was cut');
    return body.state === state && body.done >= rows;
  }, state, 60000);
  const workers = (await site.control({ do: 'status' })).workers
    .filter(({ name }) => name.startsWith('jobs'));
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  await until(() => !workers.some(({ pid }) => processExists(pid)),
    'their end');
  const { body } = await person.get(path);
  assert.equal(body.state, state, 'it was over before it was cut');
  return body.done;
}

test('an import goes on when its worker is killed, and each row is there once',
  async () => {
    const rows = 20000;
    const text = Array.from({ length: rows }, (_, i) =>
      `Row ${i},${i % 100 === 7 ? 'many' : i}`).join('\n');
    const path = await upload(`Name,Count\n${text}\n`);
    assert.equal((await person.post(`${path}/run`)).status, 202);
    await killIn(path, 'checking', 1000);
    await sleep(50);
    const stood = await killIn(path, 'importing', 2000);
    assert.ok(stood < rows, `${stood}`);
    const done = await settled(path, 100000);
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual([done.rows, done.created, done.refused, done.updated,
      done.unchanged], [rows, rows - rows / 100, rows / 100, 0, 0]);
    const table = tables(site).find((name) => name.endsWith('reading'));
    assert.equal(sql(`SELECT count(*), count(DISTINCT f_name) FROM "${table}"` +
      ' WHERE f_name LIKE \'Row %\''), '19800|19800');
    assert.equal(sql('SELECT state, count(*), count(DISTINCT record) FROM' +
      ` import_row WHERE import = ${done.id} GROUP BY state ORDER BY state`),
    '1|200|1\n2|19800|19800');
    // Each one is found, and its trail says once that it was made.
    assert.equal(sql('SELECT count(*), count(DISTINCT subject_id) FROM' +
      ` audit_entry WHERE subject_id IN (SELECT id FROM "${table}" WHERE` +
      ' f_name LIKE \'Row %\')'), '19800|19800');
    const last = await person.get('/api/v1/records/reading?q=19999');
    assert.equal(last.body.records.length, 1);
    const { body } = await person.get(`${path}/rows`);
    assert.deepEqual(body.rows.slice(0, 2).map((row) => row.line), [9, 109]);
  });
