// The commands of the store against a served and a stopped site: backup,
// restore, doctor.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync }
  from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { oldServer } from '../lib/old_server.mjs';
import { startPostgres, startReplica } from '../lib/postgres.mjs';
import { build, demoSite, run, runBeside, sleep, temporaryFolder, tenon }
  from '../lib/server.mjs';
import { onPostgresql } from '../lib/store.mjs';

let site;
before(async () => { site = await demoSite(); await site.whole(); });
after(() => site.stop());

const readWhole = (folder, name) => readFileSync(join(folder, name), 'utf8');

test('the doctor finds nothing wrong with a served site', () => {
  const said = run('doctor', site.folder);
  assert.equal(said.code, 0, said.out + said.err);
  assert.match(said.out, /SQLite 3\./);
  assert.doesNotMatch(said.out, /BAD/);
});

test('a served site is backed up, and its backup restored elsewhere', () => {
  const backup = join(temporaryFolder('backup'), 'copy');
  const made = run('backup', site.folder, backup);
  assert.equal(made.code, 0, made.err);
  assert.deepEqual(readdirSync(backup).filter((name) =>
    ['manifest.json', 'tenon.db', 'tenon.cfg'].includes(name)).sort(),
  ['manifest.json', 'tenon.cfg', 'tenon.db']);
  assert.equal(statSync(join(backup, 'tenon.db')).mode & 0o77, 0);
  assert.equal(run('restore', '--check', backup).code, 0);

  const again = run('backup', site.folder, backup);
  assert.equal(again.code, 1);
  assert.match(again.err, /already exists/);

  const place = join(temporaryFolder('restored'), 'site');
  const restored = run('restore', backup, place);
  assert.equal(restored.code, 0, restored.err);
  const doctor = run('doctor', place);
  assert.equal(doctor.code, 0, doctor.out);
});

// A site on PostgreSQL has no rows in its folder: it is restored elsewhere.
const inFolder = { skip: onPostgresql && 'the rows are not in the folder' };

test('a site that is served is not restored into', inFolder, () => {
  const backup = join(temporaryFolder('backup'), 'copy');
  assert.equal(run('backup', site.folder, backup).code, 0);
  const refused = run('restore', backup, site.folder);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /served/);
  assert.equal(run('doctor', site.folder).code, 0);
});

test('S36 a backup holds no password of the settings', () => {
  const path = join(site.folder, 'tenon.cfg');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, `${text}\nsmtp_url = "smtp://me:s3cret@localhost:25";\n`);
  const backup = join(temporaryFolder('backup'), 'copy');
  assert.equal(run('backup', site.folder, backup).code, 0);
  assert.doesNotMatch(readWhole(backup, 'tenon.cfg'), /s3cret/);
  assert.equal(spawnSync('grep', ['-rq', 's3cret', backup]).status, 1);
  writeFileSync(path, text);
});

test('a damaged backup is refused', () => {
  const backup = join(temporaryFolder('backup'), 'copy');
  assert.equal(run('backup', site.folder, backup).code, 0);
  writeFileSync(join(backup, 'tenon.db'), 'nothing of a database');
  const place = join(temporaryFolder('restored'), 'site');
  const refused = run('restore', backup, place);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /damaged|not the one/);
  assert.equal(existsSync(place), false);
});

test('a stopped site goes back to its backup', inFolder, async () => {
  const other = await demoSite();
  const backup = join(temporaryFolder('backup'), 'copy');
  assert.equal(run('backup', other.folder, backup).code, 0);
  assert.equal(run('user', '--site', other.folder, 'role', 'add', 'later')
    .code, 0);
  await other.stop();
  const restored = run('restore', backup, other.folder);
  assert.equal(restored.code, 0, restored.err);
  assert.equal(existsSync(join(other.folder, '.before')), false);
  await other.start();
  assert.equal((await fetch(`${other.url}/healthz`)).status, 200);
  await other.stop();
  assert.doesNotMatch(run('user', '--site', other.folder, 'role', 'list').out,
    /later/);
  // Nobody serves it: the last command moved the log.
  assert.equal(run('doctor', other.folder).code, 0);
  const log = join(other.folder, 'tenon.db-wal');
  assert.ok(!existsSync(log) || statSync(log).size === 0);
});

test('the doctor says what is bad and how to mend it', async () => {
  const backup = join(temporaryFolder('backup'), 'copy');
  assert.equal(run('backup', site.folder, backup).code, 0);
  const place = join(temporaryFolder('sick'), 'site');
  assert.equal(run('restore', backup, place).code, 0);
  spawnSync('chmod', ['o+r', join(place, 'tenon.db')]);
  writeFileSync(join(place, 'run/unclean'), '');
  const said = run('doctor', place);
  assert.equal(said.code, 1);
  assert.match(said.out, /BAD .*\n +→ .*chmod/);
  assert.match(said.out, /note .*\n +→ .*checks the database/);
  // What is left of a restore that was cut off before anything was moved.
  mkdirSync(join(place, '.restore'));
  assert.match(run('doctor', place).out, /note .*\.restore/);
  assert.equal(run('doctor', '--mend', place).code, 0);
  assert.equal(statSync(join(place, 'tenon.db')).mode & 0o77, 0);
  assert.equal(existsSync(join(place, '.restore')), false);
});

test('words that are not understood end with 2', () => {
  assert.equal(run('backup').code, 2);
  assert.equal(run('backup', site.folder).code, 2);
  assert.equal(run('restore', site.folder).code, 2);
  assert.equal(run('restore', '--nonsense', 'a', 'b').code, 2);
  assert.equal(run('doctor', 'a', 'b').code, 2);
  assert.equal(run('backup', '/nonexistent', '/tmp/x').code, 1);
});

test('F15 backups under load are consistent', async () => {
  // A child of the test writes through the command line meanwhile.
  const writer = spawn('sh', ['-c',
    'i=0; while :; do i=$((i+1)); ' +
    `"${tenon}" user --site "${site.folder}" role add "r_$i" --title "$i" ` +
    '>/dev/null 2>&1; done'], { env: { ...process.env, TENON_SHARE:
      process.env.TENON_SHARE || join(build, 'share/tenon') } });
  try {
    for (let i = 0; i < 5; i += 1) {
      const backup = join(temporaryFolder('backup'), `copy-${i}`);
      const made = run('backup', site.folder, backup);
      assert.equal(made.code, 0, made.err);
      assert.equal(run('restore', '--check', backup).code, 0);
      await sleep(50);
    }
  } finally {
    writer.kill('SIGKILL');
  }
});

test('S36 no message tells the password of a database', () => {
  const folder = join(temporaryFolder('wrong'), 'site');
  for (const address of ['tenon:s3cret@[::1/x', 'tenon:s3%zzcret@h/x',
    'tenon:s3cret@127.0.0.1:1/x', 'tenon:s3cret@127.0.0.1:99999999/x',
    'tenon@127.0.0.1:1/x?password=s3cret', 'tenon:s3cret@h/x?no=s3cret']) {
    const result = run('init', '--store', `postgresql://${address}`, folder);
    assert.equal(result.code, 1, address);
    assert.match(result.err, /cannot be reached/);
    assert.doesNotMatch(result.err + result.out, /s3/, address);
  }
});

// Of `init` and of `serve` alike, in one sentence without the password; what
// `init` has made is gone again. Whatever store the other tests run on.
describe('a PostgreSQL that does not suit is refused at the start', () => {
  let server, folder;
  before(async () => {
    server = await startPostgres();
    folder = join(temporaryFolder('unsuited'), 'site');
    const made = run('init', '--store', server.url, folder);
    assert.equal(made.code, 0, made.err);
  });
  after(() => server?.remove());

  const of = (database, role = 'tenon') => server.database(database)
    .replace('tenon@', `${role}:s3cret@`);

  function inOneSentence(said, patterns) {
    assert.equal(said.code, 1, said.err);
    const lines = said.err.split('\n').filter((line) =>
      line.startsWith('tenon: '));
    assert.equal(lines.length, 1, said.err);
    for (const pattern of patterns) assert.match(lines[0], pattern);
    assert.doesNotMatch(said.err + said.out, /s3cret/);
  }

  async function refused(url, ...patterns) {
    const fresh = join(temporaryFolder('fresh'), 'site');
    for (const words of [[], ['--join']]) {
      inOneSentence(await runBeside('init', '--store', url, ...words, fresh),
        patterns);
      assert.equal(existsSync(fresh), false);
    }
    const path = join(folder, 'tenon.cfg');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^(\s*url = ).*;$/m,
      `$1${JSON.stringify(url)};`));
    inOneSentence(await runBeside('serve', '--listen', '127.0.0.1:0', folder),
      patterns);
  }

  test('one that nobody answers for', () => refused(
    'postgresql://bob:s3cret@127.0.0.1:1/none', /127\.0\.0\.1/, /bob/,
    /refused/i));

  test('one that is too old', async () => {
    const old = await oldServer('13.9');
    try {
      await refused(old.url, /13\.9/, /14/);
    } finally {
      old.close();
    }
  });

  test('a database in another encoding', async () => {
    server.admin("CREATE DATABASE ascii TEMPLATE template0 ENCODING " +
      "'SQL_ASCII' LOCALE 'C'");
    await refused(of('ascii'), /SQL_ASCII/, /createdb -E UTF8/);
  });

  test('an account that may not make tables', async () => {
    server.admin('CREATE ROLE guest LOGIN');
    server.admin('CREATE DATABASE another');
    for (const database of ['another', 'tenon'])
      await refused(of(database, 'guest'),
        /GRANT CREATE ON SCHEMA public TO guest/);
  });

  test('a standby', async () => {
    const standby = await startReplica(server);
    try {
      await refused(standby.url.replace('tenon@', 'tenon:s3cret@'), /standby/,
        /primary/);
    } finally {
      await standby.remove();
    }
  });
});
