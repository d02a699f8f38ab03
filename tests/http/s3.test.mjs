// The client of S3-compatible object stores: signatures, ranges, lists of
// many pages, TLS, and stores that misbehave.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, slow, temporaryFolder } from '../lib/server.mjs';
import { objectStore, signatureOf } from '../lib/s3.mjs';

const folder = temporaryFolder('s3');
const at = (name) => join(folder, name);
let store;

// One run of s3_drive: its outcome and the milliseconds that it took.
function drive(words, env = {}) {
  const began = Date.now();
  return new Promise((done, failed) => execFile(join(build, 's3_drive'), words,
    { env: { PATH: process.env.PATH, S3_ENDPOINT: store.url,
      S3_BUCKET: store.bucket, S3_REGION: store.region,
      S3_PREFIX: 'site-one/', S3_ACCESS: store.accessKey,
      S3_SECRET: store.secretKey, ...env } }, (error, out) => {
      if (error) return failed(error);
      assert.ok(!out.includes(store.secretKey), 'the secret is told');
      return done({ ...JSON.parse(out), ms: Date.now() - began });
    }));
}

function file(data) {
  writeFileSync(at('in'), data);
  return at('in');
}

before(async () => { store = await objectStore(); });
after(() => store.stop());

test('the stand-in signs as the example of AWS does', () => {
  const names = 'host;range;x-amz-content-sha256;x-amz-date';
  const it = signatureOf({ method: 'GET', url: '/test.txt', headers: {
    host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934' +
      'ca495991b7852b855', 'x-amz-date': '20130524T000000Z',
    authorization: 'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524' +
      `/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=` +
      '0'.repeat(64) } },
  { secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' });
  assert.equal(it.right.toString('hex'),
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test('an object comes back as it was put, in whole and in part', async () => {
  const data = randomBytes(1500000);
  for (const key of ['ab/cd', 'odd name+(1)&~é.txt', 'empty']) {
    const sent = key === 'empty' ? Buffer.alloc(0) : data;
    assert.equal((await drive(['put', key, file(sent)])).rc, 'ok');
    assert.ok(store.objects.get(`site-one/${key}`).data.equals(sent));
    assert.equal((await drive(['get', key, at('out')])).size, sent.length);
    assert.ok(readFileSync(at('out')).equals(sent), key);
  }
  await drive(['get', 'ab/cd', at('out'), '1000', '10']);
  assert.ok(readFileSync(at('out')).equals(data.subarray(1000, 1010)));
  await drive(['get', 'ab/cd', at('out'), '1499990', '-1']);
  assert.ok(readFileSync(at('out')).equals(data.subarray(1499990)));
  const { objects } = await drive(['head', 'ab/cd']);
  assert.equal(objects[0].size, data.length);
  assert.ok(Math.abs(objects[0].modified - Date.now()) < 60000);
});

test('a bucket in the host\'s name is signed too', async () => {
  const env = { S3_HOSTED: '1',
    S3_ENDPOINT: `http://localhost:${store.port}` };
  store.objects.clear();
  const put = await drive(['put', 'hosted', file('x')], env);
  assert.equal(put.rc, 'ok', put.error);
  assert.ok(store.requests.at(-1).hosted);
  assert.ok(store.objects.has('site-one/hosted'));
});

test('a list goes on to the last page, and a missing object says so',
  async () => {
    store.objects.clear();
    store.pageSize = 7;
    for (let i = 0; i < 20; i++)
      store.objects.set(`site-one/a&<${i}>`, { data: Buffer.alloc(i),
        at: Date.now() });
    store.objects.set('other/a', { data: Buffer.alloc(1), at: 0 });
    const { objects, rc } = await drive(['list', 'a']);
    store.pageSize = 1000;
    assert.equal(rc, 'ok');
    assert.deepEqual(objects.map((one) => one.key).sort(),
      [...Array(20).keys()].map((i) => `a&<${i}>`).sort());
    assert.equal(objects.find((one) => one.key === 'a&<9>').size, 9);
    const gone = await drive(['get', 'gone', at('out')]);
    assert.equal(gone.rc, 'not_found');
    assert.match(gone.error, /127\.0\.0\.1:\d+\/files has no site-one\/gone/);
    assert.equal((await drive(['head', 'gone'])).rc, 'not_found');
    assert.equal((await drive(['delete', 'a&<3>'])).rc, 'ok');
    assert.equal((await drive(['delete', 'a&<3>'])).rc, 'ok');
    assert.equal(store.objects.size, 20);
  });

test('what is wrong with the keys, the bucket, the region is told', async () => {
  const wrong = async (env) => (await drive(['get', 'x', at('out')], env));
  assert.match((await wrong({ S3_SECRET: 'another' })).error,
    /403 SignatureDoesNotMatch/);
  assert.match((await wrong({ S3_ACCESS: 'NOBODY' })).error,
    /403 InvalidAccessKeyId/);
  assert.match((await wrong({ S3_BUCKET: 'another' })).error,
    /another answered 404 NoSuchBucket/);
  assert.match((await wrong({ S3_REGION: 'mars-1' })).error,
    /400 AuthorizationHeaderMalformed/);
  const begun = store.requests.length;
  for (const [env, name] of [[{ S3_ENDPOINT: 'ftp://x' }, 'endpoint'],
    [{ S3_ENDPOINT: 'http://x/path' }, 'endpoint'],
    [{ S3_ENDPOINT: 'http://user@x' }, 'endpoint'],
    [{ S3_BUCKET: 'No' }, 'bucket'], [{ S3_PREFIX: '/x' }, 'prefix'],
    [{ S3_SECRET: 'a\n' }, 'secret_key'], [{ S3_CA: 'x.pem' }, 'ca_file'],
    [{ S3_HOSTED: '1' }, 'virtual_host']])
    assert.match((await wrong(env)).error, new RegExp(`^${name} must be`));
  assert.equal(store.requests.length, begun);
});

test('a fault that passes is waited for, one that stays is told', async () => {
  store.objects.clear();
  for (const fault of ['slow down', 'fail', 'cut', 'garbage']) {
    let left = 2;
    store.requests.length = 0;
    store.fault = () => (left-- > 0 ? fault : undefined);
    const put = await drive(['put', fault.replace(' ', ''), file('twice')]);
    assert.equal(put.rc, 'ok', put.error);
    assert.equal(store.requests.length, 3);
  }
  for (const [fault, rc, words] of [['slow down', 'unavailable', /503 SlowDown/],
    ['forbid', 'io', /403 AccessDenied/], ['redirect', 'io', /307/],
    ['garbage', 'unavailable', /cannot be used/], ['cut', 'unavailable', /files cannot/],
    ['half', 'unavailable', /cannot be used/], ['endless', 'limit', /more than/]]) {
    store.fault = () => fault;
    const got = await drive(['get', 'fail', at('out')], { S3_ATTEMPTS: '2' });
    assert.equal(got.rc, rc, `${fault}: ${got.error}`);
    assert.match(got.error, words);
  }
  store.fault = null;
});

test('a store that hangs is given up, by the quiet time or the deadline',
  async () => {
    store.fault = () => 'hang';
    const quiet = await drive(['get', 'x', at('out')],
      { S3_TIMEOUT: '1', S3_ATTEMPTS: '1' });
    assert.equal(quiet.rc, 'unavailable');
    assert.ok(quiet.ms < 4000 * slow, `${quiet.ms} ms`);
    const late = await drive(['put', 'x', file('x')], { S3_MS: '500' });
    assert.ok(['unavailable', 'timeout'].includes(late.rc), late.rc);
    assert.ok(late.ms < 1500 * slow, `${late.ms} ms`);
    store.fault = null;
    const nobody = await drive(['head', 'x'],
      { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ATTEMPTS: '1' });
    assert.equal(nobody.rc, 'unavailable');
    assert.match(nobody.error, /127\.0\.0\.1:1\/files/);
  });

test('a list that is no list is refused', async () => {
  for (const body of ['<x/>', '<ListBucketResult><Contents/>', 'no',
    '<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>',
    '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>']) {
    store.body = body;
    assert.equal((await drive(['list', ''])).rc, 'io', body);
  }
  store.body = null;
});

test('TLS is checked against the CA file', async () => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=stub',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', at('key.pem'),
    '-out', at('ca.pem')], { stdio: 'ignore' });
  const tls = await objectStore({ tls: { key: readFileSync(at('key.pem')),
    cert: readFileSync(at('ca.pem')) } });
  const put = (env) => drive(['put', 'x', file('x')],
    { S3_ENDPOINT: tls.url, ...env });
  assert.equal((await put({ S3_CA: at('ca.pem') })).rc, 'ok');
  const strange = await put({});
  assert.equal(strange.rc, 'io');
  assert.match(strange.error, /certificate/);
  assert.equal(tls.requests.length, 1);
  await tls.stop();
});
