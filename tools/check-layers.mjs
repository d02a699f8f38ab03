// check-layers.mjs - keeps the includes pointing down: a file in core/X takes
// headers of X and of the layers before it in CMakeLists.txt (TENON_LAYERS)
// only; modules take the SDK's headers only.
import { files, finish, lineAt, read, refuse, withoutComments }
  from './source.mjs';

const list = /set\(TENON_LAYERS\s+([a-z\s]+)\)/.exec(read('CMakeLists.txt'));
if (!list) {
  console.error('CMakeLists.txt: there is no set(TENON_LAYERS …)');
  process.exit(1);
}
const layers = list[1].trim().split(/\s+/);
// The front opens no store and knows no people; nobody but the command line
// that starts it knows the front.
const only = { front: ['base', 'ipc', 'front'] };
const users = { front: ['front', 'cli'] };

// Why `layer` may not include `path`; null where it may.
function objection(layer, path) {
  const folder = path.split('/')[0];
  if (path.includes('..')) return 'an include leads out by ".."';
  if (!path.includes('/'))
    return `"${path}" must be written with its folder, "${layer}/${path}"`;
  if (folder === 'tenon')
    return layers.indexOf(layer) < layers.indexOf('plugin')
      ? 'the SDK belongs to the layers from plugin on' : null;
  if (!layers.includes(folder)) return `there is no layer "${folder}"`;
  if (only[layer] && !only[layer].includes(folder))
    return `${layer} may include ${only[layer].join(', ')} only`;
  if (users[folder] && !users[folder].includes(layer))
    return `only ${users[folder].join(' and ')} may include ${folder}`;
  if (layers.indexOf(folder) > layers.indexOf(layer))
    return `${layer} stands below ${folder}; the order is ` +
      `${layers.join(' ')}`;
  return null;
}

const includes = (text) => [...withoutComments(text).matchAll(
  /^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]/gm)];

const core = files(/^core\/.*\.[ch]$/);
for (const file of core) {
  const text = read(file);
  const layer = file.split('/').length > 2 ? file.split('/')[1] : 'cli';
  if (!layers.includes(layer)) {
    refuse(file, 1, `core/${layer} is not among the layers of CMakeLists.txt`);
    continue;
  }
  for (const [, quote, path] of includes(text)) {
    const known = [...layers, 'tenon'].includes(path.split('/')[0]);
    const why = quote === '"' || known ? objection(layer, path) : null;
    if (why) refuse(file, lineAt(text, text.indexOf(path)), why);
  }
}

const modules = files(/^(plugins|sdk|tests\/plugins)\/.*\.[ch]$/);
for (const file of modules) {
  const text = read(file);
  for (const [, quote, path] of includes(text)) {
    if (layers.includes(path.split('/')[0]))
      refuse(file, lineAt(text, text.indexOf(path)),
        `modules and the SDK know <tenon/…> only, not "${path}"`);
    if (quote === '"' && path.includes('..'))
      refuse(file, lineAt(text, text.indexOf(path)),
        'an include leads out by ".."');
  }
}
finish('layers', `${core.length + modules.length} files`);
