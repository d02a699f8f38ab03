// lib.mjs - what the figures share: load by wrk, the disk's fsync latency,
// processes' memory. Sites for measurements stand in build/bench, never on a
// tmpfs: what is measured there would not be durable.
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync,
  rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';

import { build } from '../lib/server.mjs';

export const root = new URL('../..', import.meta.url).pathname;
export const folder = `${root}build/bench`;
mkdirSync(folder, { recursive: true });

export function machine() {
  return `${cpus().length} × ${cpus()[0].model.trim()}`;
}

// Refuses a tmpfs; measures 200 writes of 4 KiB, each synced.
export function fsyncLatency() {
  const TMPFS = 0x01021994;
  if (statfsSync(folder).type === TMPFS) {
    console.error(`${folder} is on a tmpfs: nothing there is durable`);
    process.exit(2);
  }
  const path = `${folder}/fsync`;
  const fd = openSync(path, 'w');
  const block = Buffer.alloc(4096, 1);
  const times = [];
  for (let i = 0; i < 200; i += 1) {
    const begun = process.hrtime.bigint();
    writeSync(fd, block);
    fsyncSync(fd);
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  closeSync(fd);
  rmSync(path);
  times.sort((a, b) => a - b);
  return { median: times[100].toFixed(2), p99: times[197].toFixed(2) };
}

// wrk's word: requests a second, latencies in ms. Not waited for in place:
// somebody must read the service's log meanwhile, or its pipe fills.
export async function wrk(url, { connections, seconds = 8, script, threads = 1,
  headers = {}, name = 'wrk' }) {
  const words = ['-t', String(threads), '-c', String(connections), '-d',
    `${seconds}s`, '--latency'];
  for (const [name, value] of Object.entries(headers))
    words.push('-H', `${name}: ${value}`);
  if (script) {
    const file = `${folder}/${name}.lua`;
    writeFileSync(file, script);
    words.push('-s', file);
  }
  const text = await new Promise((done, failed) => {
    execFile('wrk', [...words, url], (error, out, err) =>
      (error ? failed(new Error(`wrk: ${out}${err}`)) : done(out)));
  });
  const ms = (percent) => {
    const match = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm')
      .exec(text);
    return match ? Number(match[1]) *
      { us: 0.001, ms: 1, s: 1000 }[match[2]] : NaN;
  };
  const bad = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)/.exec(text);
  if (bad) throw new Error(`wrk: answers were errors\n${text}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: ms(50), p99: ms(99) };
}

// Proportional set size of processes, in MB.
export function pss(pids) {
  let kb = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    kb += Number(/^Pss:\s+(\d+)/m.exec(text)[1]);
  }
  return kb / 1024;
}

// A process and all below it.
export function tree(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2)
        .split(' ')[1]);
      children.set(parent, [...(children.get(parent) || []), Number(name)]);
    } catch { /* it has ended meanwhile */ }
  }
  const all = [pid];
  for (let i = 0; i < all.length; i += 1)
    all.push(...(children.get(all[i]) || []));
  return all;
}

export function program(name) {
  return `${build}/bench/${name}`;
}

export function run(file, args, options = {}) {
  return execFileSync(file, args, { encoding: 'utf8', ...options });
}
