// disk.mjs - a disk that says of itself what a test wants
// (tests/faults/disk.c): of another kind, or nearly full.
//
//   onDisk(folder, { kind: '6969', free: 1e6 }, 'doctor', folder)
//   new Site(folder, [], diskEnv(folder, { kind: '6969' }))
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { preload } from './preload.mjs';
import { build, slow, tenon } from './server.mjs';

export const diskEnv = (folder, { kind, free }) => ({
  ...preload('disk.so'), TENON_DISK_FOLDER: folder,
  ...kind && { TENON_DISK_KIND: kind },
  ...free !== undefined && { TENON_DISK_FREE: String(free) } });

// `tenon WORDS…` on such a disk: { code, out, err }.
export function onDisk(folder, disk, ...words) {
  const { status, stdout, stderr } = spawnSync(tenon, words, {
    encoding: 'utf8', timeout: 60000 * slow, env: { ...process.env,
      TENON_SHARE: process.env.TENON_SHARE || join(build, 'share/tenon'),
      ...diskEnv(folder, disk) } });
  return { code: status, out: stdout, err: stderr };
}
