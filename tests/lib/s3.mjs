// s3.mjs - a small S3-compatible object store for tests, in memory.
//
// It checks each request's signature by its own implementation of AWS
// Signature Version 4 and the content by its SHA-256, and it misbehaves when
// it is told to:
//   store.fault = (request) => 'slow down' | 'fail' | 'hang' | 'garbage' |
//     'cut' | 'half' | 'endless' | 'redirect' | 'forbid' | undefined
// request: { method, key, query, headers }; undefined lets it work.
//   store.body = text: what every good request gets.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

// RFC 3986, as AWS writes it down: all but the unreserved characters.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) =>
  `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// What a request should be signed with; undefined where its head is odd.
export function signatureOf(request, options) {
  const head = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
    .exec(request.headers.authorization ?? '');
  if (!head) return undefined;
  const [, access, day, region, signed, given] = head;
  const url = new URL(request.url, 'http://x');
  const path = url.pathname.split('/').map((part) =>
    encode(decodeURIComponent(part))).join('/');
  const query = [...url.searchParams].map(([name, value]) =>
    [encode(name), encode(value)]).sort((a, b) =>
    (a[0] === b[0] ? a[1] > b[1] : a[0] > b[0]) ? 1 : -1)
    .map(([name, value]) => `${name}=${value}`).join('&');
  const names = signed.split(';');
  const canonical = [request.method, path, query,
    ...names.map((name) => `${name}:${(request.headers[name] ?? '').trim()
      .replace(/ +/g, ' ')}`), '', signed,
    request.headers['x-amz-content-sha256']].join('\n');
  const date = request.headers['x-amz-date'] ?? '';
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${options.secretKey}`, day), region),
    's3'), 'aws4_request');
  return { access, region, names, date, given, right: hmac(key, text) };
}

function refusal(request, options) {
  const it = signatureOf(request, options);
  if (!it) return 'AccessDenied';
  if (it.access !== options.accessKey) return 'InvalidAccessKeyId';
  if (it.region !== options.region) return 'AuthorizationHeaderMalformed';
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256'])
    if (!it.names.includes(name)) return 'AccessDenied';
  const [, y, mo, d, h, mi, s] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(it.date) ?? [];
  const age = Date.now() - Date.UTC(y, mo - 1, d, h, mi, s);
  if (!(Math.abs(age) < 15 * 60 * 1000)) return 'RequestTimeTooSkewed';
  return timingSafeEqual(Buffer.from(it.given, 'hex'), it.right)
    ? null : 'SignatureDoesNotMatch';
}

const statusOf = { AccessDenied: 403, InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403, RequestTimeTooSkewed: 403, NoSuchKey: 404,
  NoSuchBucket: 404, AuthorizationHeaderMalformed: 400,
  XAmzContentSHA256Mismatch: 400, InvalidRange: 416, MethodNotAllowed: 405,
  SlowDown: 503, InternalError: 500, TemporaryRedirect: 307 };

const xml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
  .replace(/>/g, '&gt;');

function refuse(response, code, more = {}) {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}` +
    `</Code><Message>Refused: ${code}</Message></Error>`;
  response.writeHead(statusOf[code], { 'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body), ...more });
  response.end(body);
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

function list(store, query, response) {
  const prefix = query.get('prefix') ?? '';
  const most = Math.min(Number(query.get('max-keys') ?? 1000), store.pageSize);
  const after = query.get('continuation-token');
  const from = after ? Buffer.from(after, 'base64').toString() : '';
  const keys = [...store.objects.keys()].filter((key) =>
    key.startsWith(prefix) && key > from).sort();
  const page = keys.slice(0, most);
  const more = keys.length > page.length;
  const body = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult ' +
    'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Name>${store.bucket}</Name><Prefix>${xml(prefix)}</Prefix>` +
    `<KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>` +
    (more ? `<NextContinuationToken>${Buffer.from(page.at(-1))
      .toString('base64')}</NextContinuationToken>` : '') +
    page.map((key) => `<Contents><Key>${xml(key)}</Key><LastModified>${
      new Date(store.objects.get(key).at).toISOString()}</LastModified>` +
      `<Size>${store.objects.get(key).data.length}</Size>` +
      '<Owner><ID>Key</ID></Owner></Contents>').join('') +
    '</ListBucketResult>';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(body);
}

function give(store, request, key, response) {
  const object = store.objects.get(key);
  if (!object) return refuse(response, 'NoSuchKey');
  const { data } = object;
  const head = { 'content-type': 'binary/octet-stream', 'etag': '"stub"',
    'last-modified': new Date(object.at).toUTCString() };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (request.method === 'HEAD' || !range) {
    response.writeHead(200, { ...head, 'content-length': data.length });
    return response.end(request.method === 'HEAD' ? undefined : data);
  }
  const first = Number(range[1]);
  const last = range[2] ? Math.min(Number(range[2]), data.length - 1)
    : data.length - 1;
  if (first >= data.length) return refuse(response, 'InvalidRange');
  const part = data.subarray(first, last + 1);
  response.writeHead(206, { ...head, 'content-length': part.length,
    'content-range': `bytes ${first}-${last}/${data.length}` });
  return response.end(part);
}

async function misbehave(fault, request, response, sockets) {
  if (fault === 'slow down') return refuse(response, 'SlowDown');
  if (fault === 'fail') return refuse(response, 'InternalError');
  if (fault === 'forbid') return refuse(response, 'AccessDenied');
  if (fault === 'redirect')
    return refuse(response, 'TemporaryRedirect',
      { location: 'http://127.0.0.1:1/elsewhere' });
  if (fault === 'cut') return request.socket.destroy();
  if (fault === 'garbage')
    return request.socket.end(Buffer.from('\0\xffHTTP/9 yes\r\n<x', 'latin1'));
  if (fault === 'half') {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('only this');
    return setTimeout(() => request.socket.destroy(), 20);
  }
  if (fault === 'endless') {
    response.writeHead(200);
    const piece = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more);
    };
    return more();
  }
  sockets.add(request.socket); // hangs
  return undefined;
}

// { url, bucket, objects: Map(key → { data, at }), requests, fault, stop() }
export async function objectStore(options = {}) {
  const store = { bucket: 'files', region: 'eu-test-1', pageSize: 1000,
    accessKey: 'AKIDTEST', secretKey: 'se/cret+Key=0123456789', fault: null,
    objects: new Map(), requests: [], ...options };
  const sockets = new Set();

  async function serve(request, response) {
    const url = new URL(request.url, 'http://x');
    const path = decodeURIComponent(url.pathname).slice(1);
    const host = request.headers.host.replace(/:\d+$/, '');
    const hosted = host.startsWith(`${store.bucket}.`);
    const bucket = hosted ? store.bucket : path.split('/')[0];
    const key = hosted ? path : path.slice(bucket.length + 1);
    const seen = { method: request.method, key, query: url.searchParams,
      headers: request.headers, hosted };
    store.requests.push(seen);
    const fault = store.fault?.(seen);
    if (fault) {
      request.resume();
      return misbehave(fault, request, response, sockets);
    }
    const data = await bodyOf(request);
    const no = refusal(request, store);
    if (no) return refuse(response, no);
    if (bucket !== store.bucket) return refuse(response, 'NoSuchBucket');
    if (request.headers['x-amz-content-sha256'] !== sha256(data))
      return refuse(response, 'XAmzContentSHA256Mismatch');
    if (store.body) return response.end(store.body);
    if (!key && request.method === 'GET')
      return list(store, url.searchParams, response);
    if (request.method === 'PUT') {
      store.objects.set(key, { data, at: Date.now() });
      response.writeHead(200, { etag: '"stub"', 'content-length': 0 });
      return response.end();
    }
    if (request.method === 'DELETE') {
      store.objects.delete(key);
      response.writeHead(204);
      return response.end();
    }
    if (request.method === 'GET' || request.method === 'HEAD')
      return give(store, request, key, response);
    return refuse(response, 'MethodNotAllowed');
  }

  const answer = (request, response) => serve(request, response).catch(() =>
    request.socket.destroy());
  const server = store.tls ? createTlsServer(store.tls, answer)
    : createServer(answer);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  store.port = server.address().port;
  store.url = `http${store.tls ? 's' : ''}://127.0.0.1:${store.port}`;
  store.stop = () => new Promise((done) => {
    for (const socket of sockets) socket.destroy();
    server.close(done);
  });
  return store;
}
