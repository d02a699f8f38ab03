// The OpenAPI document: whole, true to the route table and to what the API
// answers.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { demoSite, run } from '../lib/server.mjs';
import { signedIn } from '../lib/person.mjs';

let site, admin, zhang, document;
before(async () => {
  site = await demoSite();
  admin = await signedIn(site, 'admin');
  zhang = await signedIn(site, 'zhang.wei');
  document = (await admin.get('/api/v1/openapi.json')).body;
});
after(() => site?.stop());

// As much of JSON Schema as the document uses.
function problems(schema, value, at = '$') {
  if (schema.$ref) return problems(resolve(schema.$ref), value, at);
  const found = (schema.allOf || []).flatMap((part) =>
    problems(part, value, at));
  const types = [].concat(schema.type ?? []);
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array'
    : Number.isInteger(value) ? 'integer' : typeof value;
  if (types.length && !types.includes(kind))
    return [...found, `${at}: ${kind} is not ${types}`];
  if (schema.enum && !schema.enum.includes(value))
    found.push(`${at}: ${value} is none of ${schema.enum}`);
  if (kind === 'string') {
    if (schema.pattern && !new RegExp(schema.pattern).test(value))
      found.push(`${at}: ${value} is not ${schema.pattern}`);
    if (schema.format === 'date' && !/^\d{4}-\d\d-\d\d$/.test(value))
      found.push(`${at}: ${value} is no date`);
    if (schema.format === 'date-time' && Number.isNaN(Date.parse(value)))
      found.push(`${at}: ${value} is no moment`);
    if (schema.maxLength && [...value].length > schema.maxLength)
      found.push(`${at}: too long`);
  }
  if (kind === 'integer' && (value < schema.minimum || value > schema.maximum))
    found.push(`${at}: ${value} is out of range`);
  if (kind === 'array')
    value.forEach((item, i) => found.push(...problems(schema.items || {}, item,
      `${at}[${i}]`)));
  if (kind === 'object') {
    for (const name of schema.required || [])
      if (!(name in value)) found.push(`${at}.${name} is missing`);
    for (const [name, item] of Object.entries(value))
      if (schema.properties?.[name])
        found.push(...problems(schema.properties[name], item, `${at}.${name}`));
      else if (schema.additionalProperties === false)
        found.push(`${at}.${name} is not known`);
  }
  return found;
}

function resolve(ref) {
  const target = ref.slice(2).split('/').reduce((at, name) => at?.[name],
    document);
  assert.ok(target, `${ref} leads nowhere`);
  return target;
}

const operations = () => Object.entries(document.paths).flatMap(
  ([path, item]) => Object.entries(item).map(([method, operation]) =>
    ({ path, method, operation })));

test('the document has the shape of OpenAPI 3.1', () => {
  assert.match(document.openapi, /^3\.1\.\d$/);
  assert.ok(document.info.title && document.info.version);
  const ids = new Set();
  for (const { path, method, operation } of operations()) {
    const name = `${method} ${path}`;
    assert.ok(path.startsWith('/api/v1/'), name);
    assert.match(method, /^(get|put|post|patch|delete)$/, name);
    assert.ok(operation.summary, name);
    assert.ok(!ids.has(operation.operationId), operation.operationId);
    ids.add(operation.operationId);
    const asked = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const given = operation.parameters.filter((one) => one.in === 'path');
    assert.deepEqual(given.map((one) => one.name), asked, name);
    assert.ok(given.every((one) => one.required === true), name);
    const seen = operation.parameters.map((one) => `${one.in} ${one.name}`);
    assert.equal(new Set(seen).size, seen.length, name);
    for (const one of operation.parameters)
      assert.ok(['path', 'query', 'header'].includes(one.in) && one.schema);
    const statuses = Object.keys(operation.responses);
    assert.ok(statuses.some((status) => /^2\d\d$/.test(status)), name);
    assert.ok(operation.responses.default.content['application/problem+json'],
      name);
    for (const answer of Object.values(operation.responses))
      assert.ok(answer.description, name);
    if (method === 'get') assert.equal(operation.requestBody, undefined, name);
  }
  assert.equal(document.components.securitySchemes.token.scheme, 'bearer');
});

test('every $ref leads somewhere', () => {
  let count = 0;
  const walk = (value) => {
    if (!value || typeof value !== 'object') return;
    if (typeof value.$ref === 'string') {
      resolve(value.$ref);
      count += 1;
    }
    Object.values(value).forEach(walk);
  };
  walk(document);
  assert.ok(count > 100);
});

test('every API route of the route table is in it', () => {
  const { out } = run('routes', '--json', site.folder);
  const routes = JSON.parse(out).filter((route) =>
    route.pattern.startsWith('/api/v1/'));
  assert.ok(routes.length > 25);
  for (const route of routes) {
    const path = route.pattern.replace('*}', '}');
    const operation = document.paths[path]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.pattern}`);
    assert.equal(operation['x-access'], route.access);
    if (route.access === 'public') assert.deepEqual(operation.security, []);
  }
});

test('every route of the core says what it is for', () => {
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(operations))
      if (!path.startsWith('/api/v1/m/'))
        assert.doesNotMatch(operation.summary || '', /^$|^[A-Z]+ \//,
          `${method} ${path}`);
});

test('S12 it shows each the forms and routes that they may use', async () => {
  const { body } = await zhang.get('/api/v1/openapi.json');
  const { body: list } = await zhang.get('/api/v1/forms');
  const named = Object.keys(body.components.schemas)
    .filter((name) => name.endsWith('.values'))
    .map((name) => name.slice(0, -'.values'.length)).sort();
  assert.deepEqual(named, list.forms.map((form) => form.name).sort());
  for (const item of Object.values(body.paths))
    for (const operation of Object.values(item))
      assert.notEqual(operation['x-access'], 'administrator');
  const page = await zhang.get('/api');
  assert.equal(page.status, 200);
  for (const name of named) assert.ok(page.text.includes(`<code>${name}</code>`));
  assert.ok(!/<script(?![^>]*src="\/assets)/.test(page.text
    .replace(/<script type="application\/json"[\s\S]*?<\/script>/g, '')));
});

test('what the API answers is what the document says', async () => {
  const answers = { '/api/v1/session': '/api/v1/session',
    '/api/v1/forms': '/api/v1/forms', '/api/v1/tasks': '/api/v1/tasks',
    '/api/v1/messages': '/api/v1/messages',
    '/api/v1/search': '/api/v1/search?q=budget',
    '/api/v1/forms/{form}': '/api/v1/forms/budget',
    '/api/v1/records/{form}': '/api/v1/records/budget?count=true',
    '/api/v1/records/{form}/aggregate':
      '/api/v1/records/budget/aggregate?group=state',
    '/api/v1/forms/{form}/fields/{field}/options':
      '/api/v1/forms/visitor/fields/host/options' };
  const { body } = await admin.get('/api/v1/records/budget?limit=1');
  const one = `/api/v1/records/budget/${body.records[0].id}`;
  for (const part of ['comments', 'trail', 'history'])
    answers[`/api/v1/records/{form}/{id}/${part}`] = `${one}/${part}`;
  answers['/api/v1/records/{form}/{id}'] = one;
  answers['/api/v1/records/budget/{id}'] = one;
  for (const [path, address] of Object.entries(answers)) {
    const answer = await admin.get(address);
    assert.equal(answer.status, 200, address);
    const schema = document.paths[path].get.responses['200']
      .content['application/json'].schema;
    assert.deepEqual(problems(schema, answer.body), [], address);
  }
  const bad = await admin.get('/api/v1/search');
  assert.deepEqual(problems(document.components.schemas.Problems, bad.body), []);
});

// A value that the schema takes; ids are those of somebody who is there.
function sample(schema, key) {
  if (schema.enum) return schema.enum[0];
  const type = [].concat(schema.type)[0];
  if (type === 'array') return [];
  if (type === 'integer') return Math.max(1, schema.minimum ?? 1);
  if (type === 'boolean') return true;
  if (schema.format === 'date') return '2026-12-15';
  if (schema.format === 'date-time') return '2026-12-15T08:00:00Z';
  if (/\[0-9\]\+\$$/.test(schema.pattern || '') &&
      ['user'].includes(schema['x-type'])) return admin.id;
  if (schema.pattern) return '10';
  return `Sample ${key}`;
}

test('a request made from a form\'s schema is taken, its answer fits',
  async () => {
    let taken = 0;
    for (const [path, item] of Object.entries(document.paths)) {
      const operation = item.post;
      if (!operation?.['x-form'] || path.includes('{')) continue;
      const schema = resolve(resolve(operation.requestBody
        .content['application/json'].schema.$ref).allOf[1].properties.values.$ref);
      const wanted = [...schema.required || [], ...schema['x-required'] || []];
      const values = {};
      let possible = true;
      for (const key of wanted) {
        const property = schema.properties[key];
        // Links need a record of that form; rows are made by hand elsewhere.
        possible &&= !['link', 'cascade', 'sub_table', 'department', 'file']
          .includes(property['x-type']);
        values[key] = sample(property, key);
      }
      if (!possible) continue;
      const form = operation['x-form'];
      const body = { values };
      assert.deepEqual(problems(operation.requestBody
        .content['application/json'].schema, body), [], form);
      const made = await admin.post(path, body);
      if (made.status === 422) {
        // Rules of a form are its own; of the shape nothing may be said.
        for (const { key } of made.body.problems)
          assert.ok(!/unknown_field|expected_|bad_/.test(key),
            `${form}: ${made.text}`);
        continue;
      }
      assert.equal(made.status, 201, `${form}: ${made.text}`);
      const answer = operation.responses['201'].content['application/json'];
      assert.deepEqual(problems(answer.schema, made.body), [], form);
      const unknown = await admin.post(path, { values: { ...values, zz: 1 } });
      assert.equal(unknown.status, 422);
      taken += 1;
    }
    assert.ok(taken >= 3, `${taken} forms`);
  });
