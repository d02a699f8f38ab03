// replica.test.mjs - reports and exports from a read replica that streams: as
// long as it is there and not too far behind; pages that show what their
// reader has done never.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addUser, password } from '../lib/client.mjs';
import { founded } from '../lib/hosts.mjs';
import { signedIn } from '../lib/person.mjs';
import { startPostgres, startReplica } from '../lib/postgres.mjs';
import { long, sleep, until } from '../lib/server.mjs';

const note = { title: { en: 'Notes' }, label: 'text',
  fields: [{ key: 'text', type: 'text', max_length: 100 }],
  grants: ['read', 'create', 'export'].map((right) =>
    ({ who: 'everyone', right, scope: 'all' })) };

let primary, replica, site, root, count = 0;
before(async () => {
  primary = await startPostgres();
  site = founded(primary.url, { page_workers: 1, job_workers: 1 });
  replica = await startReplica(primary);
  const config = join(site.folder, 'tenon.cfg');
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^url = .*$/m,
    `$&\nreplica_url = "${replica.url}";`));
  mkdirSync(join(site.folder, 'forms'), { recursive: true });
  writeFileSync(join(site.folder, 'forms/note.json'), JSON.stringify(note));
  await addUser(site, 'root', '--role', 'administrators');
  await site.start();
  await site.whole();
  root = await signedIn(site, 'root', password);
});
after(async () => {
  await site?.stop();
  await replica?.remove();
  await primary?.remove();
});

async function write() {
  const answer = await root.post('/api/v1/records/note',
    { values: { text: `Note ${++count}` } });
  assert.equal(answer.status, 201, answer.text);
}
// As the report sees it, and as the list does.
async function reported() {
  const answer = await root.get('/api/v1/records/note/aggregate' +
    '?group=state&measure=count');
  assert.equal(answer.status, 200, answer.text);
  return answer.body.groups[0]?.count ?? 0;
}
const listed = async () =>
  (await root.get('/api/v1/records/note?count=true')).body.count;

// The replica looks whether it shall pause or go on when something comes.
const wake = () => primary.admin(
  "SELECT pg_logical_emit_message(true, '', '')", 'tenon');

// Whether the last report came from the replica: what it has not replayed is
// missing. The replica stands still meanwhile.
async function fromReplica() {
  replica.admin('SELECT pg_wal_replay_pause()', 'tenon');
  await until(() => {
    wake();
    return replica.admin('SELECT pg_get_wal_replay_pause_state()', 'tenon') ===
      'paused';
  }, 'the pause');
  await write();
  const seen = await reported();
  assert.equal(await listed(), count, 'lists are of now');
  return seen === count - 1;
}
// A report that comes from it, while it stands still.
const standsStill = () => until(async () => {
  if (await fromReplica()) return true;
  goOn();
  await sleep(300);
  return false;
}, 'a report from the replica');
function goOn() {
  replica.admin('SELECT pg_wal_replay_resume()', 'tenon');
  wake();
}

test('a report comes from the replica, a list from the primary', async () => {
  await write();
  await until(async () => (await sleep(100), await reported()) === count,
    'the replica');
  await standsStill();
  assert.ok(site.log('store.replica').length);
  goOn();
});

// The rows of an export that a job has made.
async function exported() {
  const answer = await root.post('/api/v1/exports',
    { form: 'note', format: 'csv' });
  assert.equal(answer.status, 202, answer.text);
  const job = await until(async () => {
    const { body } = await root.get(`/api/v1/jobs/${answer.body.job}`);
    return body.state === 'done' && body;
  }, 'the export');
  const { text } = await root.get(job.file_url);
  return text.trim().split('\n').length - 1;
}

// What the jobs worker has seen of the primary, the replica is to have as well
// before it stands still.
async function replayed() {
  const position = primary.admin('SELECT pg_current_wal_lsn()', 'tenon');
  await until(() => {
    wake();
    return replica.admin(`SELECT pg_last_wal_replay_lsn() >= '${position}'`,
      'tenon') === 't';
  }, 'the replay');
}

test('an export too', async () => {
  await exported();
  await replayed();
  await standsStill();
  assert.equal(await exported(), count - 1);
  goOn();
});

test('what is cached belongs to an epoch, and the replica\'s is another',
  async () => {
    await until(async () => (await sleep(200), await reported()) === count,
      'the replay');
    await standsStill();
    await addUser(site, 'li.na');
    assert.equal(await reported(), count);
    goOn();
  });

test('one that lags is not asked', async () => {
  await replica.stop();
  replica.configure({ recovery_min_apply_delay: '60s' });
  await replica.start();
  await write();
  // Who asked it a moment ago still may, until ten seconds have gone; a new
  // process never does.
  if (long) {
    await sleep(11000);
    assert.equal(await reported(), count);
  }
  await site.stop();
  await site.start();
  for (let i = 0; i < 3; i++) {
    await write();
    assert.equal(await reported(), count);
  }
});

test('where it is away, the primary does all', async () => {
  await replica.stop();
  for (let i = 0; i < 3; i++) {
    await write();
    assert.equal(await reported(), count);
  }
  assert.equal(site.log('store.replica_away').length, 1);
});
