// twin.test.mjs - one test for two languages: the modules api_c and api_lua
// use every part of the SDK, and answer the same.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, demoSite, run, until } from '../lib/server.mjs';
import { Person, signedIn } from '../lib/person.mjs';

let site, admin, person, nobody;
before(async () => {
  site = await demoSite();
  for (const [kind, id] of [['plugins', 'api_c'], ['scripts', 'api_lua']]) {
    cpSync(join(build, 'test-plugins', kind, id), join(site.folder, kind, id),
      { recursive: true });
    const result = run('plugin', 'enable', site.folder, id);
    assert.equal(result.code, 0, result.err);
  }
  await site.whole();
  admin = await signedIn(site, 'admin');
  person = await signedIn(site, 'zhang.wei');
  nobody = new Person(site);
});
after(async () => site && site.stop());

// What both answered, without what must differ.
const seen = {};
function same(what, id, value) {
  const text = JSON.stringify(value).replaceAll(id, 'ID');
  if (seen[what] === undefined) seen[what] = text;
  else assert.equal(text, seen[what], what);
}

const jobsOf = async (kind) => (await admin.get(
  `/api/v1/jobs?kind=${kind}`)).body.jobs;

for (const id of ['api_c', 'api_lua']) {
  describe(id, () => {
    const items = `/api/v1/records/${id}.item`;
    const create = (values) => person.post(items, { values });
    const logs = async () => (await admin.get(
      `/api/v1/records/${id}.log?sort=created_at`)).text;

    test('a route sees request and person, not the session', async () => {
      const answer = await person.get(`/api/v1/m/${id}/echo/a%20b?q=1%2B1`,
        { accept: 'application/json' });
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.headers.get('content-type'), /^application\/json/);
      assert.equal(answer.body.word, 'a b');
      assert.equal(answer.body.q, '1+1');
      assert.equal(answer.body.cookie ?? null, null);
      assert.equal(answer.body.login, 'zhang.wei');
      const { cookie, ...rest } = answer.body;
      same('echo', id, Object.entries(rest).sort());
    });

    test('access is the host\'s', async () => {
      assert.equal((await nobody.get(`/api/v1/m/${id}/echo/x`)).status, 401);
      assert.equal((await nobody.get(`/m/${id}/public`)).text, 'grüß dich\n');
      assert.equal((await person.get(`/m/${id}/admin`)).status, 403);
      assert.equal((await admin.get(`/m/${id}/admin`)).status, 200);
      const forged = await person.fetch('POST', `/m/${id}/done`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'name=x' });
      assert.equal(forged.status, 403);
    });

    test('answers: text, header, redirect, done, page', async () => {
      const text = await person.get(`/m/${id}/text`);
      assert.equal(text.text, 'grüß dich\n');
      assert.match(text.headers.get('content-type'), /charset=utf-8/);
      const own = await person.get(`/m/${id}/away?to=/m/notice`);
      assert.equal(own.status, 303);
      assert.equal(own.headers.get('location'), '/m/notice');
      const other = await person.get(
        `/m/${id}/away?to=https://example.org/`);
      assert.equal(other.headers.get('location'), '/');
      const done = await person.form(`/m/${id}/done`, { name: 'Li <Na>' },
        { accept: 'application/json', 'x-tenon-request': 'form' });
      assert.equal(done.status, 200, done.text);
      assert.equal(done.body.location, '/m/notice');
      assert.equal(done.body.toast, 'Done, Li <Na>.');
      const page = await person.get(`/m/${id}/page`);
      assert.equal(page.status, 200, page.text);
      assert.ok(page.text.includes(
        '<p id="hello">&lt;b&gt;hello&lt;/b&gt;</p>'));
      assert.doesNotMatch(page.text, /<script>alert/);
      assert.match(page.text, /<title>[^<]*A page/);
    });

    test('days and figures, as fields and as people have them', async () => {
      const { body } = await person.get(`/api/v1/m/${id}/words`);
      assert.match(body.day, /^2025-11-2[45]$/);
      assert.deepEqual({ ...body, day: undefined }, { day: undefined,
        number: '1,234.50', money: '¥1,234.50', none: '' });
      same('words', id, body);
    });

    test('a chart: shapes, links and a table of the same figures', async () => {
      for (const kind of ['bar', 'line', 'funnel', 'pie']) {
        const page = await person.get(`/m/${id}/chart/${kind}`);
        assert.equal(page.status, 200, page.text);
        const figure = page.text.match(/<figure[^]*<\/figure>/)[0];
        assert.match(figure, /<svg/);
        assert.match(figure, /href="\/m\/api\/page\?of=1"/);
        assert.match(figure, /Quoted &lt;b&gt;[^]*¥1,200\.50/);
        assert.match(figure, /<th scope="row">Won<\/th><td class="tn-num"/);
        assert.doesNotMatch(figure, /style=|<script|<b>/);
        same(`chart ${kind}`, id, figure);
      }
      assert.equal((await person.get(`/m/${id}/chart/radar`)).status, 422);
    });

    test('before a save: sets fields, refuses at a field with arguments',
      async () => {
        const one = await create({ name: 'one', day: '2026-11-23',
          at: '2026-11-23T09:30:00Z' });
        assert.equal(one.status, 201, one.text);
        assert.equal(one.body.values.amount, '1.50');
        const two = await create({ name: 'two', amount: '100.01',
          done: true });
        assert.equal(two.body.values.note, 'large');
        const bad = await create({ name: 'bad' });
        assert.equal(bad.status, 422);
        assert.equal(bad.body.problems[0].field, 'name');
        assert.equal(bad.body.problems[0].message, 'bad is bad, 3 of 2.50.');
        const writes = await create({ name: 'writes' });
        assert.equal(writes.status, 403, writes.text);
        const log = await logs();
        assert.match(log, /created one/);
        assert.match(log, /created two/);
        assert.doesNotMatch(log, /bad|writes/);
      });

    test('finding, counting, reading: the person\'s own eyes', async () => {
      const found = await person.get(`/api/v1/m/${id}/find?least=100`);
      assert.equal(found.status, 200, found.text);
      assert.deepEqual(found.body.items.map((item) => item.name),
        ['two', 'one']);
      assert.equal(found.body.others, 1);
      assert.equal(found.body.items[0].amount, '100.01');
      assert.equal(found.body.items[1].at, '2026-11-23T09:30:00.000Z');
      same('find', id, found.body.items.map((item) =>
        Object.entries(item).sort()));
      const other = await signedIn(site, 'wang.fang');
      const none = await other.get(`/api/v1/m/${id}/find`);
      assert.deepEqual(none.body.items ?? [], []);
      assert.equal(none.body.others, 0);
      assert.equal((await person.get(`/api/v1/m/${id}/find?least=x`)).status,
        422);
    });

    test('changing: version, grants, hooks', async () => {
      const record = (await create({ name: 'old' })).body;
      const change = (who, version, name) => who.post(
        `/api/v1/m/${id}/update`, { id: record.id, version, name });
      assert.equal((await change(person, 7, 'new')).status, 409);
      const other = await signedIn(site, 'wang.fang');
      assert.equal((await change(other, 1, 'new')).status, 404);
      const changed = await change(person, 1, 'new');
      assert.equal(changed.status, 200, changed.text);
      assert.equal(changed.body.name, 'new');
      assert.equal(changed.body.note, 'old');
      assert.equal(changed.body.version, 2);
      assert.match(await logs(), /changed new/);
    });

    test('figures by groups, of what the person sees', async () => {
      for (const [name, amount, done] of [['figure a', '1.10', true],
        ['figure b', '2.20', true], ['figure c', '4.40', false]])
        assert.equal((await create({ name, amount, done })).status, 201);
      const ask = async (query, who = person) => {
        const answer = await who.get(`/api/v1/m/${id}/figures?${query}`);
        return answer.status === 200 ? answer.body.rows : answer.status;
      };
      const rows = await ask('group=done&sort=-sum:amount');
      assert.deepEqual(rows, [
        { group: { done: false }, text: { done: 'No' }, count: 1,
          'sum:amount': '4.40' },
        { group: { done: true }, text: { done: 'Yes' }, count: 2,
          'sum:amount': '3.30' }]);
      const all = await ask('measure=avg:amount');
      assert.equal(all[0].count, 3);
      assert.equal(all[0]['avg:amount'], '2.57');
      assert.equal((await ask('', await signedIn(site, 'wang.fang')))[0].count,
        0);
      assert.equal(await ask('group=name%20desc'), 422);
      assert.equal(await ask('measure=sum:name'), 422);
    });

    test('a transaction is written whole or not at all', async () => {
      const write = (fields) => person.form(`/api/v1/m/${id}/transaction`,
        fields, { accept: 'application/json' });
      const names = async () => (await person.get(
        `${items}?fields=name&filter={"name":{"starts":"tx"}}`)).body.records
        .map((record) => record.values.name).sort();
      const refused = await write({ outer: 'bad' });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.body.problems.at(-1).field, 'name');
      assert.deepEqual(await names(), []);
      assert.doesNotMatch(await logs(), /tx/);
      assert.equal((await write({ inner: 'fail', outer: 'tx two' })).status,
        200);
      assert.deepEqual(await names(), ['tx one', 'tx two']);
      assert.equal((await write({ inner: 'good', outer: 'bad' })).status, 422);
      assert.deepEqual(await names(), ['tx one', 'tx two']);
      assert.equal((await write({ inner: 'good', outer: 'tx three' })).status,
        200);
      assert.deepEqual(await names(),
        ['tx inner', 'tx one', 'tx one', 'tx three', 'tx two']);
      assert.equal((await create({ name: 'begins' })).status, 403);
    });

    test('into the bin, with the version that was read', async () => {
      const record = (await create({ name: 'gone' })).body;
      const kept = (await create({ name: 'keep' })).body;
      const remove = (who, { id: of }, version) => who.post(
        `/api/v1/m/${id}/delete`, { id: of, version });
      assert.equal((await remove(await signedIn(site, 'wang.fang'), record, 1))
        .status, 404);
      // Whoever may only change it does not delete it.
      assert.equal((await remove(person, record, 1)).status, 403);
      assert.equal((await remove(admin, record, 7)).status, 409);
      assert.equal((await remove(admin, record, 0)).status, 422);
      assert.equal((await remove(admin, kept, 1)).status, 409);
      assert.equal((await remove(admin, record, 1)).status, 200);
      assert.equal((await person.get(`${items}/${record.id}`)).status, 404);
    });

    test('as the module and back; tokens, JSON, what one may', async () => {
      const other = await signedIn(site, 'wang.fang');
      const answer = await other.get(`/api/v1/m/${id}/self`);
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.body.all > 0);
      assert.equal(answer.body.own, 0);
      assert.equal(answer.body.json, '[1,"b"]');
      assert.equal(answer.body.token, 43);
      assert.equal(answer.body.may, true);
      assert.equal(answer.body.may_not, false);
      // Its line in the log has no address.
      const line = await until(() => site.log('request').find((one) =>
        one.path === `/api/v1/m/${id}/self`), 'the line');
      assert.equal(line.address, '');
    });

    test('values that come several times; a page of another status', async () => {
      const answer = await person.form(`/m/${id}/several`,
        [['x[]', 'a'], ['x[]', 'b']]);
      assert.equal(answer.status, 422);
      assert.match(answer.text, /\[&quot;a&quot;,&quot;b&quot;\]/);
      assert.match(answer.text, /<title>Own &lt;title&gt;/);
    });

    test('a menu entry that asks', async () => {
      const entry = new RegExp(`href="/m/${id}/page"`);
      assert.match((await person.get('/')).text, entry);
      const other = await signedIn(site, 'wang.fang');
      assert.doesNotMatch((await other.get('/')).text, entry);
    });

    test('before it goes into the bin', async () => {
      const keep = (await create({ name: 'keep' })).body;
      const away = (await create({ name: 'away' })).body;
      const remove = (record) => admin.fetch('DELETE',
        `${items}/${record.id}`, { headers: { 'x-csrf-token': admin.csrf,
          'if-match': `"${record.version}"` } });
      const refused = await remove(keep);
      assert.equal(refused.status, 409, refused.text);
      assert.match(refused.text, /This one is kept/);
      assert.ok([200, 204].includes((await remove(away)).status));
    });

    test('widgets: behind the home page, each on its own', async () => {
      const home = await person.get('/');
      assert.ok(home.text.includes(
        `data-load="/portal/widgets/${id}.figures"`), home.text);
      assert.ok(!home.text.includes('id="figures"'));
      const part = { 'hx-request': 'true' };
      const one = await person.get(`/portal/widgets/${id}.figures`, part);
      assert.equal(one.status, 200, one.text);
      assert.match(one.text, /is-wide/);
      assert.match(one.text, /<h2[^>]*>.*Figures/);
      assert.match(one.text,
        /<p id="figures">\d+ zhang.wei &lt;b&gt;raw&lt;\/b&gt;<\/p>/);
      same('widget', id, one.text);
      assert.match((await person.get(`/portal/widgets/${id}.figures`)).text,
        /<html/);
      // Left out; failed, with a number; and for others not there.
      assert.equal((await person.get(`/portal/widgets/${id}.not_for_you`,
        part)).status, 204);
      const broken = await person.get(`/portal/widgets/${id}.broken`, part);
      assert.equal(broken.status, 500);
      assert.ok(broken.headers.get('x-request-id'));
      assert.equal((await person.get('/')).status, 200);
      assert.equal((await nobody.get(`/portal/widgets/${id}.figures`,
        { accept: 'application/json' })).status, 401);
    });

    test('jobs: progress, result, refusal, by themselves', async () => {
      const add = (body) => person.post(`/api/v1/m/${id}/job`, body);
      const job = async (who, answer) => (await who.get(
        `/api/v1/jobs/${answer.body.id}`));
      const over = async (answer) => until(async () => {
        const { body } = await job(person, answer);
        return /done|failed/.test(body.state) && body;
      }, 'the job', 15000);
      const one = await add({ data: { to: 40 } });
      assert.equal(one.status, 200, one.text);
      const done = await over(one);
      const { id: number, at, finished, ...rest } = done;
      assert.deepEqual(rest, { title: 'Counting', state: 'done', done: 40,
        total: 40, percent: 100, result: 'Counted to 40.',
        link: `/m/${id}/page`, own: true });
      assert.match(await logs(), /counted to 40/);
      const page = await person.get(`/jobs/${number}`);
      assert.match(page.text, /Counted to 40\./);
      assert.match(page.text, /40 of 40/);
      // Others see nothing of it, administrators do.
      const other = await signedIn(site, 'wang.fang');
      assert.equal((await job(other, one)).status, 404);
      assert.equal((await other.get(`/jobs/${number}`)).status, 404);
      assert.equal((await job(admin, one)).body.own, false);
      const bad = await over(await add({ data: { refuse: true } }));
      assert.equal(bad.state, 'failed');
      assert.equal(bad.problem, 'This one is kept.');
      const none = await add({ job: 'other.job' });
      assert.equal(none.status, 422, none.text);
      await until(async () => /"ticked"/.test(await logs()), 'the schedule',
        15000);
    });

    test('jobs: started later, looked at, called off', async () => {
      const start = async (body) => (await person.post(
        `/api/v1/m/${id}/order`, body)).body.id;
      const of = (number) => `/api/v1/m/${id}/order/${number}`;
      const state = async (number) => (await person.get(of(number))).body.state;
      const later = await start({ job: `${id}.count`, delay: 3600 });
      assert.equal(await state(later), 'waiting');
      assert.equal((await person.send('DELETE', of(later))).status, 200);
      assert.equal(await state(later), 'cancelled');
      assert.equal((await person.send('DELETE', of(later))).status, 404);
      // Those of the core are none of its business.
      const [{ id: other }] = await jobsOf('form.purge_bin');
      assert.equal((await person.get(of(other))).status, 404);
      assert.equal((await person.send('DELETE', of(other))).status, 404);
      // One that runs is told.
      const runs = await start({ job: `${id}.wait` });
      await until(async () => await state(runs) === 'running', 'it runs', 15000);
      assert.equal((await person.send('DELETE', of(runs))).status, 200);
      await until(async () => await state(runs) === 'cancelled', 'its end',
        15000);
      const { body: { incidents } } = await admin.get('/api/v1/incidents');
      assert.ok(!incidents.some(({ data }) => data.job === `${id}.wait`));
      const wrong = await person.post(`/api/v1/m/${id}/order`,
        { job: `${id}.count`, priority: 10 });
      assert.equal(wrong.status, 422);
    });

    test('jobs: what an atomic one saves is there once', async () => {
      const { body: { id: number } } = await person.post(
        `/api/v1/m/${id}/order`, { job: `${id}.once` });
      const lines = async () => (await logs()).match(/written once/g)?.length;
      await until(async () => (await jobsOf(`${id}.once`))[0]?.error,
        'its refusal', 15000);
      const [{ priority, attempt, state }] = await jobsOf(`${id}.once`);
      assert.deepEqual([priority, attempt, state], [2, 1, 'waiting']);
      assert.equal(await lines(), undefined);
      assert.equal((await admin.post(`/api/v1/jobs/${number}/retry`)).status,
        200);
      await until(async () => await lines() === 1, 'its lines', 15000);
    });

    test('jobs: a calendar has a zone', async () => {
      const [{ cron, zone, due }] = await jobsOf(`${id}.yearly`);
      assert.deepEqual([cron, zone], ['30 7 1 1 *', 'Asia/Shanghai']);
      assert.match(due, /-12-31T23:30:00\.000Z$/);
    });

    test('settings: defaults, a form for administrators, seen by all',
      async () => {
        const read = async () => (await person.get(
          `/api/v1/m/${id}/settings`)).body;
        assert.deepEqual(await read(), { greeting: 'Hello', most: 10,
          loud: false });
        const address = `/admin/modules/${id}/settings`;
        assert.equal((await person.get(address)).status, 403);
        const page = await admin.get(address);
        assert.match(page.text, /name="greeting"[^>]*value="Hello"/);
        assert.match((await admin.get(`/admin/modules/${id}`)).text,
          new RegExp(`href="${address}"`));
        const save = (fields) => admin.form(address, {
          _fields: 'greeting,most,rate,loud', ...fields },
        { accept: 'application/json', 'x-tenon-request': 'form' });
        const bad = await save({ greeting: '', most: '101', rate: 'x' });
        assert.equal(bad.status, 422, bad.text);
        assert.deepEqual(bad.body.problems.map((one) => one.field).sort(),
          ['greeting', 'most', 'rate']);
        const wrong = await save({ greeting: 'Hi', absent: '1' });
        assert.equal(wrong.status, 422, wrong.text);
        assert.deepEqual((await read()).greeting, 'Hello');
        const good = await save({ greeting: 'Grüß <dich>', most: '7',
          rate: '12.50', loud: 'true' });
        assert.equal(good.status, 200, good.text);
        for (let i = 0; i < 12; i++)
          assert.deepEqual(await read(), { greeting: 'Grüß <dich>', most: 7,
            rate: '12.50', loud: true });
        // Somebody else was faster.
        assert.equal((await save({ greeting: 'Hi', _version: '0' })).status,
          409);
        assert.equal((await save({ greeting: 'Hello', most: '10',
          _version: '1' })).status, 200);
      });

    test('participants: whom the rule names; nobody is the empty rule',
      async () => {
        const li = await signedIn(site, 'li.na');
        const me = (await li.get('/api/v1/session')).body.person.id;
        const ask = async (values) => {
          const answer = await person.post(`/api/v1/records/${id}.ask`,
            { values }, { 'idempotency-key': `${id}-${values.name}` });
          assert.equal(answer.status, 201, answer.text);
          return answer.body.id;
        };
        const has = async (who, record) => (await who.get(
          '/api/v1/tasks?limit=200')).body.tasks.some((task) =>
          task.record === record);
        const one = await ask({ name: 'one', who: me });
        assert.ok(await has(li, one));
        assert.ok(!await has(admin, one));
        for (const name of ['nobody', 'broken', 'writes']) {
          const record = await ask({ name });
          assert.ok(await has(admin, record), name);
          assert.ok(!await has(li, record), name);
        }
        // The first of them is told; the rule's name is its number.
        const incidents = (await admin.get('/admin/incidents')).text;
        assert.ok(incidents.includes(`${id}.named`));
        assert.match(incidents, /the rule named nobody/);
      });

    test('field types: input, text, templates, lists, filters, export',
      async () => {
        const rated = `/api/v1/records/${id}.rated`;
        const add = (values) => person.post(rated, { values });
        const one = await add({ name: 'one', stars: 3, code: 'ab-1',
          parts: [{ what: 'x', stars: '★★' }] });
        assert.equal(one.status, 201, one.text);
        assert.equal(one.body.values.stars, 3);
        assert.equal(one.body.values.code, 'AB-1');
        assert.equal(one.body.values.parts[0].stars, 2);
        const two = await add({ name: 'two', stars: '★★★★★' });
        assert.equal(two.body.values.stars, 5);
        const none = await add({ name: 'none', stars: 0 });
        assert.equal(none.body.values.stars, null);
        const bad = await add({ name: 'bad', stars: 6,
          parts: [{ what: 'x', stars: 4 }] });
        assert.equal(bad.status, 422, bad.text);
        assert.deepEqual(bad.body.problems.map((problem) =>
          [problem.field, problem.message]),
        [['stars', 'At most 5.'], ['parts.0.stars', 'At most 3.']]);
        // Lists: shown by the module, sorted and filtered as it lies.
        const list = `/records/${id}.rated`;
        const rows = (text) => [...text.matchAll(
          /<span class="stars">(★+) \(\d\)<\/span>/g)].map((m) => m[1].length);
        assert.deepEqual(rows((await person.get(`${list}?sort=-stars`)).text),
          [5, 3]);
        assert.deepEqual(rows((await person.get(`${list}?f.stars.gte=4`))
          .text), [5]);
        assert.deepEqual(rows((await person.get(`${list}?q=AB-1`)).text), [3]);
        // Record page, edit page with the module's input, sub-table.
        const page = (await person.get(`${list}/${one.body.id}`)).text;
        assert.match(page, /<span class="stars">★★★ \(5\)<\/span>/);
        assert.match(page, /<span class="stars">★★ \(3\)<\/span>/);
        const edit = (await person.get(`${list}/${one.body.id}/edit`)).text;
        assert.match(edit,
          /<select[^>]* name="stars">.*<option value="3" selected>3</);
        assert.match(edit, /<select[^>]* name="parts\.0\.stars">/);
        const saved = await person.form(`${list}/${one.body.id}`, {
          _version: '1', _fields: 'name,stars,code', name: 'one', stars: '4',
          code: 'x' }, { accept: 'application/json',
          'x-tenon-request': 'form' });
        assert.equal(saved.status, 200, saved.text);
        const after = (await person.get(`${rated}/${one.body.id}`)).body;
        assert.deepEqual([after.values.stars, after.values.code], [4, 'X']);
        assert.equal(after.values.parts[0].stars, 2);
        const types = (await person.get(`/api/v1/forms/${id}.rated`)).text;
        assert.match(types, new RegExp(`"type":"${id}.stars"`));
      });

    test('after the commit, in the background', async () => {
      assert.equal((await create({ name: 'later' })).status, 201);
      await until(async () => /committed later/.test(await logs()),
        'the hook', 15000);
    });
  });
}
