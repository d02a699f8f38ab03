// malformed.mjs - raw requests that some server once took wrongly (pitfalls of
// llhttp and evhttp, CVEs, desync papers), shared by the test of the front
// alone and by that of the front behind proxies.
//
// refused: [what, bytes, status = 400]; chunks: [what, body of a POST];
// mutated(count): [what, bytes], good requests in which zzuf has changed bits.
import { spawnSync } from 'node:child_process';

const host = 'Host: 127.0.0.1\r\n';
export const get = (target, extra = '') =>
  `GET ${target} HTTP/1.1\r\n${host}${extra}\r\n`;
export const post = (extra, body = '') =>
  `POST /echo HTTP/1.1\r\n${host}${extra}\r\n${body}`;
// What an attacker would smuggle: a whole second request.
export const second = 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
export const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
const longLine = 'a'.repeat(9000);

export const refused = [
  ['Content-Length with Transfer-Encoding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['Transfer-Encoding before Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n')],
  ['Transfer-Encoding: gzip, chunked',
    post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['gzip, chunked with Content-Length',
    post('Content-Length: 4\r\nTransfer-Encoding: gzip, chunked\r\n',
      '0\r\n\r\n')],
  ['two different Content-Lengths',
    post('Content-Length: 5\r\nContent-Length: 0\r\n', 'hello')],
  ['two equal Content-Lengths',
    post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
  ['a list of equal lengths', post('Content-Length: 5, 5\r\n', 'hello')],
  ['Content-Length: +5', post('Content-Length: +5\r\n', 'hello')],
  ['Content-Length: -1', post('Content-Length: -1\r\n')],
  ['Content-Length: 0x5', post('Content-Length: 0x5\r\n', 'hello')],
  ['Content-Length: 5 5', post('Content-Length: 5 5\r\n', 'hello')],
  ['an empty Content-Length', post('Content-Length: \r\n', 'hello')],
  ['Content-Length: 99999999999999999999',
    post('Content-Length: 99999999999999999999\r\n', 'hello')],
  ['Content-Length: 18446744073709551621 (wraps to 5)',
    post('Content-Length: 18446744073709551621\r\n', 'hello')],
  ['Transfer-Encoding: identity',
    post('Transfer-Encoding: identity\r\n', second)],
  ['Transfer-Encoding: xchunked',
    post('Transfer-Encoding: xchunked\r\n', second)],
  ['Transfer-Encoding: chunked, identity',
    post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n')],
  ['Transfer-Encoding: chunked twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      '0\r\n\r\n')],
  ['Transfer-Encoding: "chunked" in quotes',
    post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n')],
  ['an empty Transfer-Encoding', post('Transfer-Encoding:\r\n', second)],
  ['space before the colon',
    post('Transfer-Encoding : chunked\r\nContent-Length: 5\r\n', 'hello')],
  ['tab before the colon',
    post('Content-Length\t: 5\r\n', 'hello')],
  ['chunked on HTTP/1.0',
    `POST /echo HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['CR inside a value makes a header (CVE-2023-30589)',
    post('X: \rTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['CR at the end of a value', post('X: a\r\r\n')],
  ['a folded line', get('/hello', 'X: a\r\n b\r\n')],
  ['a folded line with a tab', get('/hello', 'X: a\r\n\tb\r\n')],
  ['a folded length behind Host (CVE-2024-27982)',
    'POST /echo HTTP/1.1\r\nHost: a\r\n Content-Length: 5\r\n\r\nhello'],
  ['a folded first header', `GET /hello HTTP/1.1\r\n ${host}\r\n`],
  ['CR LF CR X ends the block (CVE-2025-23167)',
    `GET /hello HTTP/1.1\r\n${host}\r\n\rX`.replace('\r\n\r\n', '\r\n\rX: y\r\n\r\n')],
  ['a request line ended by LF', `GET /hello HTTP/1.1\n${host}\r\n`],
  ['a header ended by LF', 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\n\r\n'],
  ['a block ended by LF LF', 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\n\n'],
  ['LF, no version, with body (llhttp#877)',
    'POST /echo\nContent-Length: 5\r\n\r\nhello'],
  ['HTTP/0.9', 'GET /hello\r\n\r\n'],
  ['HTTP/0.9 with version', `GET /hello HTTP/0.9\r\n${host}\r\n`, 505],
  ['HTTP/2.0', `GET /hello HTTP/2.0\r\n${host}\r\n`, 505],
  ['HTTP/1.2', `GET /hello HTTP/1.2\r\n${host}\r\n`, 505],
  ['HTTP/3', `GET /hello HTTP/3\r\n${host}\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['lower-case http/1.1', `GET /hello http/1.1\r\n${host}\r\n`],
  ['HTTP/1.1 with a tail', `GET /hello HTTP/1.1x\r\n${host}\r\n`],
  ['two spaces behind the method', `GET  /hello HTTP/1.1\r\n${host}\r\n`],
  ['a tab behind the method', `GET\t/hello HTTP/1.1\r\n${host}\r\n`],
  ['two spaces before the version', `GET /hello  HTTP/1.1\r\n${host}\r\n`],
  ['a space before the method', ` GET /hello HTTP/1.1\r\n${host}\r\n`],
  ['NUL in a value', get('/hello', 'X: a\0b\r\n')],
  ['NUL in the target', get('/hel\0lo')],
  ['NUL in a name', get('/hello', 'X\0Y: a\r\n')],
  ['DEL in a value', get('/hello', 'X: a\x7fb\r\n')],
  ['ESC in a value', get('/hello', 'X: a\x1bb\r\n')],
  ['an empty header name', get('/hello', ': a\r\n')],
  ['a name with a space', get('/hello', 'X Y: a\r\n')],
  ['a name with control bytes', get('/hello', 'X\x01Y: a\r\n')],
  ['a name in brackets', get('/hello', '(X): a\r\n')],
  ['a name with bytes over 127', get('/hello', 'X\xe4: a\r\n')],
  ['a line without colon', get('/hello', 'nonsense\r\n')],
  ['no Host in HTTP/1.1', 'GET /hello HTTP/1.1\r\n\r\n'],
  ['two Hosts', get('/hello', 'Host: 127.0.0.1\r\n')],
  ['two different Hosts', get('/hello', 'Host: evil.example\r\n')],
  ['an empty Host', 'GET /hello HTTP/1.1\r\nHost: \r\n\r\n'],
  ['Host with a path', 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n'],
  ['Host with a user', 'GET /hello HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n'],
  ['Host with a comma', 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1, b\r\n\r\n'],
  ['Host with a bad port', 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1:99999\r\n\r\n'],
  ['an absolute target of another authority', get('http://evil.example/hello')],
  ['an absolute target with another port', get('http://127.0.0.1:1/hello')],
  ['an absolute target with https', get('https://127.0.0.1/hello')],
  ['an absolute target without path', get('http://127.0.0.1')],
  ['a target without slash', get('hello')],
  ['a target with a backslash first', get('\\hello')],
  ['a target with a fragment', get('/hello#x')],
  ['a target with bytes over 127', get('/h\xe9llo')],
  ['an asterisk with GET', get('*')],
  ['an empty target', `GET  HTTP/1.1\r\n${host}\r\n`],
  ['CONNECT', 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n', 501],
  ['TRACE', `TRACE /hello HTTP/1.1\r\n${host}\r\n`, 501],
  ['an unknown method', `BREW /hello HTTP/1.1\r\n${host}\r\n`, 501],
  ['a lower-case method', `get /hello HTTP/1.1\r\n${host}\r\n`, 501],
  ['a method that is no token', `G@T /hello HTTP/1.1\r\n${host}\r\n`],
  ['a method of RTSP', `DESCRIBE /hello HTTP/1.1\r\n${host}\r\n`, 501],
  ['the server side of HTTP', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['a target over 8 KiB', get(`/${longLine}`), 414],
  ['a request line without end', `GET /${'a'.repeat(20000)}`, 414],
  ['a header block over 16 KiB', get('/hello', `X: ${'a'.repeat(17000)}\r\n`), 431],
  ['more than 100 headers', get('/hello', 'X: a\r\n'.repeat(101)), 431],
  ['an unknown expectation', post('Content-Length: 5\r\nExpect: magic\r\n',
    'hello'), 417],
  ['too many empty lines', '\r\n'.repeat(20) + get('/hello')],
  ['a foreign Host', 'GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
];

export const chunks = [
  ['chunk size 0x5', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['chunk size +5', '+5\r\nhello\r\n0\r\n\r\n'],
  ['chunk size -5', '-5\r\nhello\r\n0\r\n\r\n'],
  ['chunk size with a space before', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['chunk size with a space behind', '5 \r\nhello\r\n0\r\n\r\n'],
  ['an empty chunk size', '\r\nhello\r\n0\r\n\r\n'],
  ['a chunk size that is no number', 'zz\r\nhello\r\n0\r\n\r\n'],
  ['a chunk size that overflows', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['LF behind the chunk size', '5\nhello\r\n0\r\n\r\n'],
  ['CR alone behind the chunk size', '5\rhello\r\n0\r\n\r\n'],
  ['LF behind the data (libevent#1542)', '5\r\nhello\n0\r\n\r\n'],
  ['no CRLF behind the data', '5\r\nhello0\r\n\r\n'],
  ['more data than the size', '5\r\nhello!\r\n0\r\n\r\n'],
  ['an extension with a control byte', '5;a=\x01b\r\nhello\r\n0\r\n\r\n'],
  ['an extension without end', `5;${'a'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`],
  ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
  ['a trailer that begins with a space', '0\r\n X: a\r\n\r\n'],
  ['LF in a trailer', '0\r\nX: a\nY: b\r\n\r\n'],
  ['CR LF CR X behind the last chunk', '0\r\n\rX\r\n\r\n'],
  ['trailers without end', `0\r\n${'X: aaaaaaaaaaaaaaaa\r\n'.repeat(400)}\r\n`],
];

// Three good requests on one connection, with all that a reader counts by.
const good = [
  get('/hello', 'Connection: keep-alive\r\n') +
    post('Content-Length: 11\r\n', 'hello world') + get('/echo?third'),
  post('Transfer-Encoding: chunked\r\n',
    `${chunk('hello')}${chunk('world')}0\r\n\r\n`) + get('/hello') +
    post('Content-Length: 3\r\n', 'abc'),
  get('/echo?first', 'Accept-Encoding: gzip\r\nCookie: a=b; c=d\r\n') +
    post('Transfer-Encoding: chunked\r\nTrailer: X\r\n',
      `${chunk('x'.repeat(30))}0;a=b\r\nX: y\r\n\r\n`) + get('/hello'),
];

export const noMutation = spawnSync('zzuf', ['--version']).error &&
  'zzuf is missing';

// `from`: the first seed. The same seed gives the same bytes.
export function mutated(count, from = 0) {
  return Array.from({ length: noMutation ? 0 : count }, (unused, i) => {
    const seed = from + i;
    const result = spawnSync('zzuf', ['-s', `${seed}`, '-r', '0.0005:0.02'],
      { input: Buffer.from(good[seed % good.length], 'latin1') });
    return [`zzuf's seed ${seed}`, result.stdout.toString('latin1')];
  });
}
