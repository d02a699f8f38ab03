// help.test.mjs - what the program says of itself: every command explains its
// options, in three languages; what is called wrongly is named.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, root, tenon } from '../lib/server.mjs';

const skip = !existsSync(tenon);

function run(language, ...words) {
  const result = spawnSync(tenon, words, { encoding: 'utf8', env: {
    ...process.env, LC_ALL: language,
    TENON_SHARE: join(build, 'share/tenon') } });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

const commands = () => [...run('C', '--help').out
  .matchAll(/^  ([a-z-]+) +\S/gm)].map((match) => match[1]);

for (const language of ['en_GB.UTF-8', 'zh_CN.UTF-8', 'zh_TW.UTF-8'])
  test(`--help explains every command and option, ${language}`, { skip }, () => {
    assert.ok(commands().length >= 9);
    for (const command of [...commands(), 'worker', 'routes']) {
      const { code, out } = run(language, command, '--help');
      assert.equal(code, 0, command);
      const [usage] = out.split('\n\n');
      const options = new Set(usage.match(/--[a-z-]+/g));
      for (const option of options)
        assert.match(out, new RegExp(`^  ${option}( [A-Z]+)? +\\S`, 'm'),
          `${command}: ${option}`);
      assert.doesNotMatch(out, /\b[a-z_]+\.[a-z_]+\.[a-z_]+/, 'a raw key');
      for (const line of out.split('\n'))
        assert.ok(line.length < 80 || !/^[\x20-\x7e]+$/.test(line), line);
      assert.equal(/[\u4e00-\u9fff]/.test(out), language !== 'en_GB.UTF-8',
        command);
    }
  });

test('what is called wrongly is named, with the usage', { skip }, () => {
  for (const command of ['init', 'serve', 'export']) {
    const { code, err } = run('C', command, '--no-such-thing', 'x');
    assert.equal(code, 2);
    assert.match(err, /--no-such-thing is no option/);
    assert.match(err, new RegExp(`Usage:\\n  tenon ${command} `));
  }
  const unknown = run('C', 'nonsense');
  assert.equal(unknown.code, 2);
  assert.equal(unknown.out, '');
  assert.match(unknown.err, /  serve /);
});

test('--version tells the version that CMake builds', { skip }, () => {
  const version = /project\(tenon VERSION (\S+)/.exec(
    readFileSync(join(root, 'CMakeLists.txt'), 'utf8'))[1];
  assert.equal(run('C', '--version').out, `tenon ${version}\n`);
});
