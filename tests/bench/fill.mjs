// fill.mjs - many records at once: those that the product made are copied by
// SQL on a site that nobody serves, with other ids, owners and departments.
import { join } from 'node:path';
import { program, run } from './lib.mjs';

export function sql(site, text) {
  return run(program('bench_sql'), [join(site, 'tenon.db')], { input: text,
    maxBuffer: 1 << 26 });
}

const MINUTE = 60000;

// The form's records as templates, copied until there are `records`. Owners
// are those of `people` (a condition on org_user), by turns and by `spread`.
// `changed`: other columns as SQL of the template t, the copy's number k and
// its owner p (id, department). A changed text gets its sort key. `after`:
// SQL in the same transaction, made from the table's name. `apart`: minutes
// between an original and its copy, and the next one.
export function copyRecords(site, { form, records, people = 'TRUE', spread,
  changed = {}, after = () => '', apart = 1 }) {
  const table = sql(site, `SELECT table_name FROM form WHERE name = '${form}';`)
    .trim();
  const columns = sql(site, `SELECT name FROM pragma_table_info('${table}');`)
    .trim().split('\n');
  const templates = Number(sql(site, `SELECT count(*) FROM ${table};`));
  const other = {
    id: `t.id - k * ${apart * MINUTE} * 4194304`,
    owner: 'p.id', department: 'p.department',
    created_at: `t.created_at - k * ${apart * MINUTE}`,
    updated_at: `t.updated_at - k * ${apart * MINUTE}`,
    ...changed,
  };
  const missing = Object.keys(other).filter((name) => !columns.includes(name));
  if (missing.length) throw new Error(`no column ${missing} in ${table}`);
  for (const name of Object.keys(changed)) {
    const key = name.replace(/^f_/, 's_');
    if (key !== name && columns.includes(key))
      other[key] = `sort_key(${changed[name]})`;
  }
  // Indexes are made at the end: row by row a million of them takes long.
  const indexes = sql(site, `SELECT replace(sql, char(10), ' ')
    FROM sqlite_master WHERE type = 'index' AND tbl_name = '${table}'
    AND sql IS NOT NULL;`).trim().split('\n');
  const drops = indexes.map((line) =>
    `DROP INDEX ${/INDEX ("[^"]+")/.exec(line)[1]}`);
  sql(site, `
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -400000;
    BEGIN IMMEDIATE;
    ${drops.join(';')};
    CREATE TEMP TABLE p (i INTEGER PRIMARY KEY, id, department);
    INSERT INTO p SELECT row_number() OVER (ORDER BY id) - 1, id, department
      FROM org_user WHERE ${people};
    WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n
      WHERE k < ${Math.ceil(records / templates) - 1})
    INSERT INTO ${table} (${columns}) SELECT ${columns.map((name) =>
      other[name] || `t.${name}`)} FROM ${table} t, n, p
      WHERE p.i = (k * 7 + ${spread}) % (SELECT count(*) FROM p)
      LIMIT ${records - templates};
    ${indexes.join(';')};
    ${after(table)};
    COMMIT;
    ANALYZE;`);
  return table;
}
