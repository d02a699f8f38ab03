// power.mjs - a disk for a site whose power can be cut at any moment, or that
// fails to sync: tests/faults/power.c keeps what is durable, and cut() makes
// of it, and of what was only written, what a machine finds after a power cut.
//
//   const power = new Power(folder);     the folder of a site, as it stands
//   new Site(folder, [], power.env)      serves it on that disk
//   power.set({ delay: 2000, fail: 1 })
//   power.cut(random)                    when its processes are dead
import { closeSync, existsSync, lstatSync, mkdirSync, mkdtempSync, openSync,
  readFileSync, readdirSync, realpathSync, renameSync, rmSync,
  statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preload } from './preload.mjs';

const SECTOR = 512;
const fields = ['fail', 'lie', 'delay', 'failed', 'syncs'];

// Numbers that come again with the same seed (mulberry32).
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const keyOf = (path) => {
  const facts = lstatSync(path, { bigint: true });
  return `${facts.ino}-${facts.birthtimeNs}`;
};

const entriesOf = (folder) => new Map(readdirSync(folder).map((name) =>
  [name, keyOf(join(folder, name))]));

export class Power {
  constructor(folder) {
    this.folder = realpathSync(folder);
    // The workers may write there, though they are confined.
    this.disk = mkdtempSync(join(tmpdir(), 'tenon-power-'));
    this.plan = join(this.disk, 'plan');
    writeFileSync(this.plan, Buffer.alloc(20));
    this.env = { ...preload('power.so'),
      TENON_POWER_SITE: this.folder, TENON_POWER_DISK: this.disk };
    this.on();
  }

  set(values) {
    const fd = openSync(this.plan, 'r+');
    for (const [name, value] of Object.entries(values)) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      writeSync(fd, bytes, 0, 4, fields.indexOf(name) * 4);
    }
    closeSync(fd);
  }

  get(name) {
    return readFileSync(this.plan).readInt32LE(fields.indexOf(name) * 4);
  }

  // The machine is on: everything that is there is durable.
  on() {
    for (const part of ['content', 'names']) {
      rmSync(join(this.disk, part), { recursive: true, force: true });
      mkdirSync(join(this.disk, part));
    }
    const keep = (folder) => {
      const entries = entriesOf(folder);
      writeFileSync(join(this.disk, 'names', keyOf(folder)),
        [...entries].map(([name, key]) => `${key} ${name}\n`).join(''));
      for (const [name, key] of entries) {
        const path = join(folder, name);
        if (lstatSync(path).isDirectory()) keep(path);
        else if (lstatSync(path).isFile() && name !== 'ballast')
          writeFileSync(join(this.disk, 'content', key), readFileSync(path));
      }
    };
    keep(this.folder);
  }

  durableNames(key) {
    const path = join(this.disk, 'names', key);
    if (!existsSync(path)) return new Map();
    return new Map(readFileSync(path, 'utf8').split('\n').filter(Boolean)
      .map((line) => {
        const at = line.indexOf(' ');
        return [line.slice(at + 1), line.slice(0, at)];
      }));
  }

  // What is left of a file; `path`: where it is now, null: nowhere.
  content(key, path, keeps) {
    const saved = join(this.disk, 'content', key);
    const then = existsSync(saved) ? readFileSync(saved) : Buffer.alloc(0);
    if (!path) return then;
    const now = readFileSync(path);
    const out = Buffer.alloc(now.length === then.length || keeps()
      ? now.length : then.length);
    for (let at = 0; at < out.length; at += SECTOR) {
      const [a, b] = [now, then].map((bytes) => bytes.subarray(at,
        Math.min(at + SECTOR, out.length)));
      (a.equals(b) || keeps() ? a : b).copy(out, at);
    }
    return out;
  }

  // Everything is dead. Returns how it was cut: what was not synced is lost,
  // or there, or partly there.
  cut(random) {
    const way = ['lost', 'there', 'torn', 'torn'][Math.floor(random() * 4)];
    const share = random();
    const keeps = () => (way === 'torn' ? random() < share : way === 'there');
    const paths = new Map();
    const walk = (folder) => {
      for (const [name, key] of entriesOf(folder)) {
        paths.set(key, join(folder, name));
        if (lstatSync(join(folder, name)).isDirectory())
          walk(join(folder, name));
      }
    };
    walk(this.folder);
    const after = `${this.folder}.after`;
    rmSync(after, { recursive: true, force: true });
    const make = (key, from, to) => {
      mkdirSync(to, { mode: 0o700 });
      const [then, now] = [this.durableNames(key),
        from ? entriesOf(from) : new Map()];
      for (const name of new Set([...then.keys(), ...now.keys()])) {
        const [a, b] = [then.get(name), now.get(name)];
        const chosen = a === b ? a : keeps() ? b : a;
        if (!chosen || name === 'ballast') continue;
        const path = paths.get(chosen) || null;
        const names = join(this.disk, 'names', chosen);
        if (path ? statSync(path).isDirectory() : existsSync(names))
          make(chosen, path, join(to, name));
        else if (!path || statSync(path).isFile())
          writeFileSync(join(to, name), this.content(chosen, path, keeps),
            { mode: 0o600 });
      }
    };
    make(keyOf(this.folder), this.folder, after);
    rmSync(this.folder, { recursive: true, force: true });
    renameSync(after, this.folder);
    this.on();
    return way;
  }

  remove() {
    rmSync(this.disk, { recursive: true, force: true });
  }
}
