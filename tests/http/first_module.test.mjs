// The first pages for people who write modules, run as they stand: what is
// said of a file is written, each command is run, in an empty folder, with
// nothing but the installed program and SDK.
import { test, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Client, password } from '../lib/client.mjs';
import { build, root, temporaryFolder, until } from '../lib/server.mjs';

const prefix = temporaryFolder('prefix');
const environment = { ...process.env, PATH: `${prefix}/bin:${process.env.PATH}`,
  CMAKE_PREFIX_PATH: prefix };
delete environment.TENON_SHARE;

before(() => {
  execFileSync('cmake', ['--install', build, '--prefix', prefix],
    { stdio: 'pipe' });
});

// The page's fences in order: { file, text } or { commands }. A file is the
// last one that the text before its fence names.
function stepsOf(page) {
  const steps = [];
  const parts = readFileSync(join(root, page), 'utf8')
    .split(/^```(\w*)\n([\s\S]*?)^```$/m);
  for (let i = 0; i + 2 < parts.length; i += 3) {
    const [before, language, body] = parts.slice(i, i + 3);
    const files = [...before.matchAll(/`(lunch\/[\w./-]+\.\w+)`/g)];
    if (language === 'sh') steps.push({ commands: body });
    else if (files.length) steps.push({ file: files.at(-1)[1], text: body });
    else assert.fail(`${page}: a fence belongs to no file:\n${body}`);
  }
  return steps;
}

// Does what the page says; resolves to what the commands printed, and the
// service that it started.
async function follow(page) {
  const folder = temporaryFolder('newcomer');
  let printed = '', service;
  for (const step of stepsOf(page)) {
    if (step.file) {
      mkdirSync(dirname(join(folder, step.file)), { recursive: true });
      writeFileSync(join(folder, step.file), step.text);
    } else if (step.commands.startsWith('tenon serve')) {
      service = spawn('sh', ['-c', `exec ${step.commands}`],
        { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
      service.stdout.on('data', (data) => { printed += data; });
    } else {
      printed += execFileSync('sh', ['-ec', step.commands],
        { cwd: folder, env: environment, encoding: 'utf8' });
    }
  }
  return { printed: () => printed, service, folder };
}

// Opens the link that init printed and becomes the first administrator.
async function firstAdministrator(site, link) {
  const client = new Client(site);
  assert.equal((await client.get(link)).status, 200);
  const done = await client.post(link, { username: 'boss', name: 'Boss',
    password });
  assert.equal(done.status, 303, done.text);
  return client;
}

async function works(page) {
  const { printed, service } = await follow(page);
  try {
    const address = await until(() =>
      /http:\/\/[\w.:[\]]+/.exec(printed().split('first-run').pop())?.[0],
    'the address');
    const url = new URL(address);
    const site = { url: address, port: Number(url.port) };
    const link = /\/first-run\/[\w-]+/.exec(printed())[0];
    const boss = await firstAdministrator(site, link);

    assert.match((await boss.get('/')).text, /href="\/m\/lunch"/);
    const empty = await boss.get('/m/lunch');
    assert.equal(empty.status, 200);
    assert.match(empty.text, /Nobody has ordered yet/);

    const made = await boss.send('POST', '/api/v1/records/lunch.order', {
      headers: { 'x-csrf-token': boss.csrf },
      json: { values: { dish: 'Noodles', day: '2199-01-01' } } });
    assert.equal(made.status, 201, made.text);
    assert.match((await boss.get('/m/lunch')).text, /Noodles/);
  } finally {
    service.kill('SIGTERM');
    await new Promise((done) => service.on('close', done));
  }
}

test('a stranger has a module in C after docs/vendor/first-module.md',
  () => works('docs/vendor/first-module.md'));

test('a stranger has a module in Lua after docs/customizer/first-script.md',
  () => works('docs/customizer/first-script.md'));
