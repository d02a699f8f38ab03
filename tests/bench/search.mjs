// search.mjs - search: the global search over 1,000,000 records, two Chinese
// characters, and how fast the index of them is built.
import { until } from '../lib/server.mjs';
import { Person } from './person.mjs';

const RECORDS = 1000000;
const WORDS = 800; // each stands in some 2,500 records
const ASKED = 1200; // as much as the limits of an address allow
const AT_ONCE = 2;

// Two characters each, none twice: 天 0x5929 on.
const words = Array.from({ length: WORDS }, (_, i) =>
  String.fromCharCode(0x5000 + i * 7 % 4000, 0x6000 + i * 11 % 4000));

const round = (number, digits = 0) => Number(number.toFixed(digits));
const word = (salt) => '(SELECT text FROM word WHERE i = ' +
  `(k * ${salt} + t.f_quantity * 37 + t.id / 4194304) % ${WORDS})`;

// Of what is expensive a person may ask 120 times at once, so many ask.
async function askAll(served, people) {
  const times = [];
  let next = 0, found = 0;
  const one = async () => {
    for (let i = next++; i < ASKED; i = next++) {
      // Every fourth asks for what stands in every record.
      const text = i % 4 ? words[i * 13 % WORDS] : '公司';
      const begun = performance.now();
      const body = JSON.parse(await people[i % people.length].get(
        `/api/v1/search?q=${encodeURIComponent(text)}`));
      times.push(performance.now() - begun);
      found += body.groups.length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  if (found < ASKED / 8) throw new Error(`only ${found} answers found anything`);
  return times.sort((a, b) => a - b);
}

export const searchFigures = ({ makeSite, serve, sql, fillOrders }) => {
  async function search() {
    const site = makeSite('search-site');
    sql(site, `CREATE TABLE word (i INTEGER PRIMARY KEY, text TEXT);
      INSERT INTO word VALUES ${words.map((text, i) => `(${i},'${text}')`)};`);
    await fillOrders(site, RECORDS, {
      f_customer: `${word(7)} || ${word(13)} || '有限公司 ' || k`,
      f_note: `'备注 ' || ${word(29)} || ' room ' || k % 97`,
    });
    sql(site, `DROP TABLE word; UPDATE search_form SET cursor = ${2n ** 62n}
      WHERE form = (SELECT id FROM form WHERE name = 'order');`);
    const served = await serve(site);
    const begun = performance.now();
    await until(() => sql(site, 'SELECT sum(cursor) FROM search_form;')
      .trim() === '0', 'the index', 1200000);
    const seconds = (performance.now() - begun) / 1000;
    const people = await Promise.all(['admin', 'zhou.ming', 'li.na',
      'zhang.wei', 'wang.fang', 'he.jun', 'lin.xiao', 'chen.jing', 'liu.yang',
      'zhao.min', 'sun.tao', 'huang.yan']
      .map((login) => Person.signIn(served, login)));
    for (const person of people) await person.get('/api/v1/search?q=warm');
    const times = await askAll(served, people);
    await served.stop();
    return [
      { name: 'search', value: round(times[Math.floor(ASKED * 0.99)], 1),
        unit: 'ms p99', goal: (row) => row.value < 50, goalText: '< 50 ms' },
      { name: 'search.p50', value: round(times[ASKED >> 1], 1), unit: 'ms' },
      { name: 'search.build', value: round(RECORDS / seconds), unit: 'rec/s' },
      { name: 'search.size', value: round(Number(sql(site,
        'SELECT sum(length(block)) FROM search_index_data;')) / 2 ** 20, 1),
      unit: 'MiB' },
    ];
  }
  return [{ name: 'search', measure: search }];
};
