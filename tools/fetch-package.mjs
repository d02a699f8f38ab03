// fetch-package NAME VERSION INTEGRITY FILE - one tarball of the npm registry,
// written only where its hash is the pinned one.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync, existsSync } from 'node:fs';

const [name, version, integrity, file] = process.argv.slice(2);
let registry = process.env.npm_config_registry;
if (!registry && existsSync('.npmrc'))
  registry = /^registry=(.+)$/m.exec(readFileSync('.npmrc', 'utf8'))?.[1];
registry = (registry || 'https://registry.npmjs.org/').replace(/\/?$/, '/');

const answer = await fetch(
  `${registry}${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`);
if (!answer.ok) {
  console.error(`${name} ${version}: the registry answered ${answer.status}`);
  process.exit(1);
}
const bytes = Buffer.from(await answer.arrayBuffer());
const hash = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
if (hash !== integrity) {
  console.error(`${name} ${version}: the hash is not the pinned one; refused`);
  process.exit(1);
}
writeFileSync(file, bytes);
