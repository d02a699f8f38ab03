// silence.test.mjs - the database's machine is gone without a word: what is sent
// to it is lost, and no line is ended (F13, F18). Another one, which the URL
// names, has taken its place.
import { after, before, test } from 'node:test';
import { spawn, spawnSync } from 'node:child_process';
import { founded } from '../lib/hosts.mjs';
import { startPostgres } from '../lib/postgres.mjs';
import { configure, root, until } from '../lib/server.mjs';

const cut = ['unshare', '-n'];
const skip = spawnSync(cut[0], [...cut.slice(1), 'ip', 'link', 'set', 'lo',
  'up']).status !== 0 && 'this user may not have a network of his own';

const [FIRST, SECOND] = ['10.9.9.1', '10.9.9.2'];
let server, site, network;

// Words that run a program in that network.
const inside = () => ['nsenter', '-n', '-t', `${network.pid}`];

// The server stands at both addresses.
const bridge = (socket) => `
  const { connect, createServer } = require('net');
  for (const host of ['${FIRST}', '${SECOND}'])
    createServer((near) => {
      const far = connect('${socket}');
      near.pipe(far).pipe(near);
      for (const end of [near, far]) end.on('error', () => {});
    }).listen(5432, host);
  console.log('ready');`;

before(async () => {
  if (skip) return;
  server = await startPostgres();
  network = spawn(cut[0], [...cut.slice(1), 'sh', '-c', `ip link set lo up
    ip addr add ${FIRST}/32 dev lo
    ip addr add ${SECOND}/32 dev lo
    exec node -e "$0"`, bridge(`${server.folder}/.s.PGSQL.5432`)],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((done) => network.stdout.once('data', done));
  // Founded from outside, at the server's socket.
  site = founded(server.url, { page_workers: 2 });
});
after(async () => {
  await site?.stop();
  network?.kill('SIGKILL');
  await server?.remove();
});

// Of a topic that nobody hears: the jobs lane removes it.
const put = (id) => server.admin('INSERT INTO event_outbox (id, topic, ' +
  `subject, at) VALUES (${id}, 'nothing', 1, 1)`, 'tenon');
const gone = async (id) => {
  await site.control({ do: 'wake' }); // nobody else tells it
  return server.admin('SELECT count(*) FROM event_outbox ' +
    `WHERE id = ${id}`, 'tenon').trim() === '0';
};

test('F13_ a database that is gone without a word is left for its successor',
  { skip }, async () => {
    configure(site.folder, { store: { driver: 'postgresql',
      url: `postgresql://tenon@${FIRST},${SECOND}/tenon` } });
    site.under = inside();
    await site.start();
    await site.whole();
    put(1);
    await until(() => gone(1), 'the jobs lane');
    const away = spawnSync(inside()[0], [...inside().slice(1), 'ip', 'addr',
      'del', `${FIRST}/32`, 'dev', 'lo']);
    if (away.status !== 0) throw new Error(`${away.stderr}`);
    put(2);
    await until(() => gone(2), 'the jobs lane at the other server', 60000);
    await site.whole();
  });
