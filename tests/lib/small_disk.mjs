// small_disk.mjs - a site on a disk that is soon full: a small tmpfs in a
// mount namespace of its own, which ends with the service. No right of the
// machine is needed where the kernel lets users have namespaces.
//
//   const site = await onSmallDisk(site, { folder: '64m' });
//   site.inside(path)       the same path, as this process reaches it
//   fillDisk(folder)        takes all room; returns the file to remove
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const namespace = process.getuid() === 0 ? ['unshare', '-m']
  : ['unshare', '-U', '-r', '-m'];

export const noSmallDisk = spawnSync(namespace[0], [...namespace.slice(1), 'sh',
  '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status !== 0 &&
  'this user may not mount a tmpfs';

const quoted = (word) => `'${word.replaceAll("'", "'\\\\''")}'`;

// Starts `site`, which does not run yet, with a tmpfs over each folder of
// `disks` ({ folder: size }); what was there is copied onto it, unless `copy`
// is false. `log`: a file on one of them that gets the log.
export async function onSmallDisk(site, disks, { log, copy = true } = {}) {
  const steps = Object.entries(disks).map(([folder, size]) => `
    mount -t tmpfs -o size=1g tmpfs /mnt && ${copy ?
    `cp -a ${quoted(folder)}/. /mnt &&` : ''}
    mount -t tmpfs -o size=${size},mode=1777 tmpfs ${quoted(folder)} &&
    cp -a /mnt/. ${quoted(folder)} && umount /mnt || exit 1`);
  const outside = site.folder;
  site.under = [...namespace, 'sh', '-c', `${steps.join('\n')}
    ${log ? `exec 2>>${quoted(log)}` : ''}
    exec "$@"`, 'sh'];
  await site.start();
  site.inside = (path) => `/proc/${site.pid}/root${path}`;
  site.folder = site.inside(outside);
  return site;
}

// Fills the disk of `folder` to its last block.
export function fillDisk(folder) {
  const path = join(folder, 'filler');
  const file = openSync(path, 'a');
  for (let size = 1 << 20; size >= 512; size >>= 1) {
    const data = Buffer.alloc(size);
    try {
      while (writeSync(file, data) === size);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return path;
}
