// clock.mjs - a site whose wall clock the test sets (libfaketime); monotonic
// time goes on as it is.
//
//   const clock = fakeClock(folder);         a Site's third argument, clock.extra
//   clock.shift(400 * DAY)                   seconds from now on, all processes
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const DAY = 86400;

const library = readdirSync('/usr/lib').map((name) =>
  `/usr/lib/${name}/faketime/libfaketimeMT.so.1`).find((path) =>
  existsSync(path));
export const noFakeClock = !library ? 'libfaketime is missing'
  : process.env.ASAN_OPTIONS !== undefined &&
    'the sanitizer wants to be loaded first';

export function fakeClock(folder) {
  const file = join(folder, 'clock');
  const shift = (seconds) => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  shift(0);
  return {
    shift,
    extra: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_RESET: '1' },
  };
}
