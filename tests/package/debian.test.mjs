// The Debian package: installs, starts, upgrades, is removed and purged; in a
// throw-away layer over this machine's files, so nothing of it stays.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, temporaryFolder } from '../lib/server.mjs';

const skip = process.getuid() !== 0 && 'installing needs root';
const folder = temporaryFolder('package');

function pack(version) {
  const to = join(folder, version);
  mkdirSync(to);
  execFileSync('cpack', ['-G', 'DEB', '-B', to, '-D',
    `CPACK_PACKAGE_VERSION=${version}`], { cwd: build, stdio: 'pipe' });
  return join(to, readdirSync(to).find((name) => name.endsWith('.deb')));
}

// What root does with the packages; each line that it prints is looked at.
const script = `
set -eu
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
run() { # as the unit does, without systemd
    rm -f /tmp/address
    setpriv --reuid tenon --regid tenon --groups "$(getent group tenon-tls |
        cut -d: -f3)" --inh-caps=+setgid --ambient-caps=+setgid \\
        $(sed -n 's/^ExecStart=//p' /lib/systemd/system/tenon.service) \\
        --announce --next-port >/tmp/address 2>/tmp/log &
    pid=$!
    for i in $(seq 200); do grep -qs http /tmp/address && break; sleep 0.1; done
    echo "$1 $(curl -s "$(cat /tmp/address)/healthz")"
    kill -TERM $pid; wait $pid || true
}
dpkg -i FIRST >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
grep -o '/first-run/' /tmp/out
echo "owner $(stat -c '%U %a' /var/lib/tenon /var/lib/tenon/site | tr '\\n' ' ')"
echo "program $(tenon --version)"
echo "units $(systemd-analyze verify --man=no /lib/systemd/system/tenon.service \\
    /lib/systemd/system/tenon.socket 2>&1 | grep -c tenon || true)"
man -l /usr/share/man/man1/tenon.1.gz 2>/dev/null | grep -c 'tenon serve' || true
run first
# An administrator's own change survives what follows.
echo '# mine' >>/var/lib/tenon/site/tenon.cfg
dpkg -i SECOND >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
echo "again $(grep -c first-run /tmp/out || true)"
echo "kept $(grep -c '# mine' /var/lib/tenon/site/tenon.cfg)"
run second
dpkg -r tenon >/dev/null 2>&1
echo "removed $(ls /usr/bin/tenon 2>/dev/null | wc -l) $(ls /var/lib/tenon)"
dpkg -P tenon 2>/dev/null | grep 'by hand'
echo "purged $(ls /var/lib/tenon/site | grep -c tenon.cfg) \\
$(ls /lib/systemd/system/tenon* 2>/dev/null | wc -l)"
`;

test('the package installs, starts, upgrades and is purged', { skip }, () => {
  const first = pack('0.1.0'), second = pack('0.1.1');
  const layer = join(folder, 'layer'), own = join(folder, 'script.sh');
  mkdirSync(layer);
  writeFileSync(own, script.replace('FIRST', first).replace('SECOND', second));
  const result = spawnSync('unshare', ['--mount', '--pid', '--fork', 'sh',
    '-euc', `
mount -t tmpfs tmpfs ${layer}
mkdir ${layer}/up ${layer}/work ${layer}/root
mount -t overlay overlay -o \
  lowerdir=/,upperdir=${layer}/up,workdir=${layer}/work ${layer}/root
mount -t proc proc ${layer}/root/proc
mount --rbind /dev ${layer}/root/dev
mount --bind ${folder} ${layer}/root${folder}
mount -t tmpfs tmpfs ${layer}/root/tmp
exec chroot ${layer}/root sh ${own}`], { encoding: 'utf8', timeout: 240000 });
  const lines = result.stdout.trim().split('\n').map((line) => line.trim());
  rmSync(join(folder, '0.1.0'), { recursive: true });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.deepEqual(lines.map((line) => line.replace(/\s+/g, ' ')), [
    '/first-run/', 'owner tenon 750 tenon 700', 'program tenon 0.1.0',
    'units 0', lines[4], 'first ok', 'again 0', 'kept 1', 'second ok',
    'removed 0 site', lines[10], 'purged 1 0']);
  assert.ok(Number(lines[4]) >= 1, 'the man page names the commands');
  assert.match(lines[10], /stays in \/var\/lib\/tenon\/site/);
});
