// old_server.mjs - a PostgreSQL server that is too old, as far as it gets: it
// says who it is.
//
//   const server = await oldServer('13.9');   server.url, server.close()
import { createServer } from 'node:net';

export function oldServer(version) {
  const message = (letter, ...parts) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const head = Buffer.alloc(5);
    head.write(letter);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.length === 8) return socket.write('N'); // no TLS, no GSS
      socket.write(Buffer.concat([message('R', [0, 0, 0, 0]),
        message('S', `server_version\0${version}\0`),
        message('S', 'server_encoding\0UTF8\0'),
        message('S', 'client_encoding\0UTF8\0'),
        message('Z', 'I')]));
    });
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => {
    server.url = `postgresql://bob:s3cret@127.0.0.1:${server.address().port}` +
      '/x?sslmode=disable';
    done(server);
  }));
}
