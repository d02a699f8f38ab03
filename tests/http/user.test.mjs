// `tenon init` and `tenon user`: what they make, what they refuse, how they
// end.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newSite, run, temporaryFolder } from '../lib/server.mjs';
import { administrator, command, password, signedIn }
  from '../lib/client.mjs';

let site;
before(async () => { site = await newSite(); });
after(() => site?.stop());

const user = (words, input) => command(['user', '--site', site.folder,
  ...words], input);

test('S36 a new site is readable by its owner alone', () => {
  const folder = join(temporaryFolder('init'), 'site');
  const made = run('init', '--zone', 'Asia/Shanghai', folder);
  assert.equal(made.code, 0, made.err);
  for (const name of ['', 'tenon.cfg', 'tenon.db', 'files', 'run'])
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  assert.match(readFileSync(join(folder, 'tenon.cfg'), 'utf8'),
    /zone = "Asia\/Shanghai";/);
});

test('a folder with something in it is left alone', () => {
  const folder = temporaryFolder('init');
  run('init', join(folder, 'site'));
  const before = readFileSync(join(folder, 'site/tenon.cfg'), 'utf8');
  const again = run('init', join(folder, 'site'));
  assert.equal(again.code, 1);
  assert.match(again.err, /not empty/);
  assert.equal(readFileSync(join(folder, 'site/tenon.cfg'), 'utf8'), before);
});

test('a wrong wish leaves nothing behind', () => {
  const folder = temporaryFolder('init');
  for (const words of [['--zone', 'Mars/Olympus'], ['--locale', 'xx'],
    ['--listen', 'nonsense']]) {
    const made = run('init', ...words, join(folder, 'site'));
    assert.equal(made.code, 1, words.join(' '));
    assert.ok(!existsSync(join(folder, 'site')), words.join(' '));
    const into = run('init', ...words, folder);
    assert.equal(into.code, 1);
    assert.deepEqual(readdirSync(folder), []);
  }
});

test('people are added, listed, given roles, disabled and enabled',
  async () => {
    let done = await user(['add', 'lin', '--name', '林丹', '--mail',
      'lin@example.com'], `${password}\n`);
    assert.equal(done.code, 0, done.err);
    done = await user(['role', 'add', 'finance', '--title', '财务']);
    assert.equal(done.code, 0, done.err);
    assert.equal((await user(['role', 'give', 'finance', 'lin'])).code, 0);
    done = await user(['list']);
    assert.match(done.out, /^lin\t林丹\t\tenabled\t财务$/m);
    assert.match((await user(['role', 'list'])).out, /^finance\t财务\t1$/m);
    assert.equal((await user(['role', 'take', 'finance', 'lin'])).code, 0);
    assert.equal((await user(['disable', 'lin'])).code, 0);
    assert.match((await user(['list'])).out, /^lin\t.*disabled/m);
    assert.equal((await user(['enable', 'lin'])).code, 0);
    await signedIn(site, 'lin');
    done = await user(['passwd', 'lin'], 'another long one\n');
    assert.equal(done.code, 0, done.err);
    await signedIn(site, 'lin', 'another long one');
  });

test('what is wrong is said, and ends with 1', async () => {
  for (const [words, input, text] of [
    [['add', 'weak'], '12345678\n', /tried first|common/i],
    [['add', 'a b'], `${password}\n`, /Letters/],
    [['add', 'nobody', '--department', 'Mars'], `${password}\n`, /department/],
    [['add', 'silent'], '', /standard input/],
    [['disable', 'unknown'], '', /no such person/],
    [['role', 'give', 'unknown', 'lin'], '', /no such role/],
  ]) {
    const done = await user(words, input);
    assert.equal(done.code, 1, words.join(' '));
    assert.match(done.err, text, words.join(' '));
  }
  assert.ok(!/^(weak|nobody|silent)\t/m.test((await user(['list'])).out));
});

test('the last administrator stays', async () => {
  await administrator(site, 'only');
  const done = await user(['disable', 'only']);
  assert.equal(done.code, 1);
  assert.match(done.err, /administer/);
});

test('called wrongly it shows how, and ends with 2', async () => {
  for (const words of [[], ['dance'], ['add'], ['role', 'dance']]) {
    const done = await command(['user', '--site', site.folder, ...words]);
    assert.equal(done.code, 2, words.join(' '));
    assert.match(done.err, /tenon user/);
  }
});
