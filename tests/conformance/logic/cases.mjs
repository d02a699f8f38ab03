// cases.mjs - the generated table: definitions and requests whose answers
// must be the same on the server and in the browser. One seed, one table.

/** A small generator of pseudo-random numbers (mulberry32). */
function random(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n) => next() % n;
  const pick = (list) => list[below(list.length)];
  return { next, below, pick };
}

const odd = [
  "0",
  "1",
  "-1",
  "0.1",
  "0.5",
  "-0.5",
  "2.5",
  "999999999999999999",
  "-999999999999999999",
  "0.000000001",
  "123456789.123456789",
  "1000000000",
  "33.333333333",
];

function decimalText(r) {
  if (r.below(3) === 0) return r.pick(odd);
  const digits = 1 + r.below(12);
  let text = "";
  for (let i = 0; i < digits; i++) text += r.below(10);
  const scale = r.below(7);
  if (scale) {
    text += ".";
    for (let i = 0; i < scale; i++) text += r.below(10);
  }
  return (r.below(2) ? "-" : "") + text;
}

const decimal = (r) => `decimal "${decimalText(r)}"`;

function number(r) {
  return r.pick([
    () => String(r.below(1000) - 500),
    () => String(r.next() - 0x80000000),
    () => `${r.below(100000) / 1000}`,
    () => `${r.below(1000)}e${r.below(40) - 20}`,
    () => r.pick(["0.0", "-0.0", "1e308", "5e-324", "0.1", "1/0", "-1/0"]),
    () =>
      r.pick([
        "math.maxinteger",
        "math.mininteger",
        "9007199254740993",
        "2.0 * 4503599627370496",
        "1 << 62",
      ]),
  ])();
}

function dateText(r) {
  const two = (n) => String(n).padStart(2, "0");
  const year = r.pick([
    2000 + r.below(60),
    1 + r.below(9999),
    r.pick([1900, 2000, 2024, 2100]),
  ]);
  return `${String(year).padStart(4, "0")}-${two(1 + r.below(12))}-${two(1 + r.below(31))}`;
}

const date = (r) => `date "${dateText(r)}"`;

const words = [
  "费用报销",
  "长沙市",
  "活动预算",
  "𠮷野家",
  "ＡＢＣ",
  "é",
  "naïve",
  "hello",
  "a-b_c",
  "100%",
  " \\t ",
  "　全角　",
  "😀",
  "",
  "x\\0y",
  "日本語テキスト",
];

function text(r) {
  let out = "";
  for (let i = 0; i <= r.below(4); i++) out += r.pick(words);
  return `"${out}"`;
}

const patterns = [
  "%a+",
  "%d*",
  "[^%s]+",
  "(.)(.)",
  ".-",
  "^%s*(.-)%s*$",
  "[\\xE4-\\xE9][\\x80-\\xBF]*",
  "%f[%w]%w+",
  "%b()",
  "()",
  "[%w_-]+",
  ".",
  "费",
  "%p",
  "x?y",
];

const kinds = {
  decimal: (r) =>
    r.pick([
      () =>
        `${decimal(r)} ${r.pick(["+", "-", "*", "/", "%", "//"])} ${decimal(r)}`,
      () =>
        `${decimal(r)} ${r.pick(["+", "-", "*", "/"])} ${r.below(2000) - 1000}`,
      () => `(${decimal(r)}):round(${r.below(10)})`,
      () =>
        `${decimal(r)} ${r.pick(["<", "<=", "==", ">", "~="])} ${decimal(r)}`,
      () => `decimal.divide(${decimal(r)}, ${decimal(r)}, ${r.below(10)})`,
      () => `(${decimal(r)}):${r.pick(["floor", "ceil", "abs", "integer"])}()`,
      () => `("%.17g"):format((${decimal(r)}):number())`,
      () => `${decimal(r)} + ${number(r)}`,
      () => `sum{${decimal(r)}, ${decimal(r)}, ${r.below(9)}}`,
    ])(),
  number: (r) =>
    r.pick([
      () =>
        `("%.17g"):format(${number(r)} ${r.pick(["+", "-", "*", "/", "%", "//"])} ${number(r)})`,
      () => `("%.17g"):format(math.pow(${number(r)}, ${r.below(40) - 20}))`,
      () => `${number(r)} ${r.pick(["<", "<=", "==", ">"])} ${number(r)}`,
      () =>
        `math.${r.pick(["floor", "ceil", "abs", "tointeger", "type"])}(${number(r)})`,
      () => `("%.17g"):format(math.sqrt(math.abs(${number(r)})))`,
      () =>
        `("%${r.pick(["d", "5.2f", ".3e", "g", "x", "i", "-8d|", "+d", "c"])}"):format(${number(r)})`,
      () =>
        `tonumber("${r.pick(["0x1F", "1e5", " 12 ", "1.", ".5", "0x.8p1", "1e400", "abc", "１２", "1_0", "-0"])}")`,
      () => `tostring(${number(r)})`,
      () => `math.fmod(${number(r)}, ${number(r)})`,
    ])(),
  date: (r) =>
    r.pick([
      () => `${date(r)} + ${r.below(100000) - 50000}`,
      () => `${date(r)} - ${date(r)}`,
      () => `(${date(r)}):add_months(${r.below(600) - 300})`,
      () => `(${date(r)}):add_years(${r.below(200) - 100})`,
      () => `(${date(r)}).${r.pick(["weekday", "year", "month", "day"])}`,
      () => `(${date(r)}):${r.pick(["month_start", "month_end"])}()`,
      () => `${date(r)} ${r.pick(["<", "<=", "==", ">"])} ${date(r)}`,
      () => `date.today() - ${date(r)}`,
      () =>
        `date.minutes("${dateText(r)}T0${r.below(10)}:30:00.000Z", "${dateText(r)}T1${r.below(10)}:05:00.000Z")`,
    ])(),
  text: (r) =>
    r.pick([
      () => `text.sub(${text(r)}, ${r.below(9) - 4}, ${r.below(9) - 4})`,
      () => `text.len(${text(r)})`,
      () => `text.trim(${text(r)})`,
      () => `(${text(r)}):gsub("${r.pick(patterns)}", "<%0>")`,
      () => `(${text(r)}):match("${r.pick(patterns)}")`,
      () =>
        `(${text(r)}):find("${r.pick(patterns)}", ${r.pick([r.below(5) - 2, "1 << 32", "math.mininteger"])})`,
      () => `(${text(r)}):${r.pick(["upper", "lower", "reverse", "len"])}()`,
      () => `${text(r)} .. ${decimal(r)} .. ${text(r)}`,
      () => `${text(r)} ${r.pick(["<", "<=", "=="])} ${text(r)}`,
      () => `table.concat(text.split(${text(r)}, ${text(r)}), "|")`,
      () => `("%s|%10s|%q"):format(${text(r)}, ${text(r)}, ${text(r)})`,
      () => `utf8.len(${text(r)})`,
      () => `(${text(r)}):rep(${r.below(4)}, ${text(r)})`,
    ])(),
  empty: (r) => {
    const a = r.pick(["form.no_text", "form.no_money", "form.no_date", "nil"]);
    return r.pick([
      () => `${a} ${r.pick(["+", "-", "*", "/", "//", "%"])} ${number(r)}`,
      () => `${decimal(r)} ${r.pick(["+", "-", "*", "/"])} ${a}`,
      () => `${a} ${r.pick(["<", "<=", ">", ">="])} ${decimal(r)}`,
      () => `${a} .. ${text(r)}`,
      () => `${date(r)} ${r.pick(["+", "-", "<"])} ${a}`,
      () => `#(${a}) + sum(${a})`,
      () => `-(${a})`,
    ])();
  },
  table: (r) =>
    r.pick([
      () => {
        let t = "";
        for (let i = 0; i < 8; i++)
          t += `[${r.pick([text(r), r.below(50), "true", "2.5"])}] = ${i}, `;
        return `walk{${t}}`;
      },
      () => {
        let t = "";
        for (let i = 0; i < 12; i++) t += `${r.below(40)}, `;
        return `sorted({${t}}, ${r.pick(["nil", "function(a, b) return a > b end", "function(a, b) return a % 5 < b % 5 end", "function() return true end"])})`;
      },
      () => {
        let t = "";
        for (let i = 0; i < 6; i++) t += `${text(r)}, `;
        return `sorted({${t}})`;
      },
      () =>
        `table.concat(table.move({1, 2, 3, 4, 5}, ${1 + r.below(5)}, ${1 + r.below(5)}, ${1 + r.below(7)}), ",")`,
      () => `select("#", table.unpack({1, 2, 3}, ${r.below(3)}, ${r.below(6)}))`,
    ])(),
  form: (r) =>
    r.pick([
      () => "form.total",
      () => "form.total * form.rate",
      () => `form.rows[${1 + r.below(3)}].amount`,
      () => `form.money ${r.pick(["+", "-", "*", "/"])} ${decimal(r)}`,
      () => `form.count * form.money`,
      () => `form.day + form.count`,
      () => `#form.rows .. form.title`,
    ])(),
};

const head = `
local function try(f)
  local ok, value, more = pcall(f)
  if more ~= nil then value = tostring(value) .. " " .. tostring(more) end
  return (ok and "" or "! ") .. tostring(value)
end
local function walk(t)
  local s = ""
  for k, v in pairs(t) do s = s .. tostring(k) .. "=" .. tostring(v) .. ";" end
  return s
end
local function sorted(t, by)
  table.sort(t, by)
  return table.concat(t, ",")
end
`;

const base = [
  { key: "title", type: "text" },
  { key: "no_text", type: "text" },
  { key: "no_money", type: "money", scale: 2 },
  { key: "no_date", type: "date" },
  { key: "money", type: "money", scale: 2 },
  { key: "rate", type: "percent", scale: 4 },
  { key: "count", type: "integer" },
  { key: "day", type: "date" },
  {
    key: "rows",
    type: "table",
    fields: [
      { key: "quantity", type: "decimal", scale: 3 },
      { key: "price", type: "money", scale: 2 },
      { key: "amount", type: "money", scale: 2, computed: "quantity * price" },
    ],
  },
  { key: "total", type: "money", scale: 2, computed: "sum(rows, 'amount')" },
];

function values(r) {
  const out = {
    title: r.pick(words.filter((word) => !word.includes("\\"))),
    money: decimalText(r),
    rate: `${r.below(10)}.${r.below(10000)}`,
    count: r.below(100000) - 50000,
    day: dateText(r),
    rows: [],
  };
  for (let i = 0; i < r.below(5); i++)
    out.rows.push({
      quantity: r.pick([decimalText(r), null, "1.5"]),
      price: r.pick([decimalText(r), "", "2.35"]),
    });
  return out;
}

/** Whole events that must end by a limit, with the same words. */
const limits = [
  "while true do end",
  "return 2 ^ 0.5",
  "while true do pcall(error) end",
  "local s = 'x' while true do s = s .. s end",
  "local t = {} for i = 1, 1 << 40 do t[i] = {i} end",
  "local function f() return 1 + f() end f()",
  "return ('x'):rep(1 << 27)",
  "return ('x'):rep(1 << 40)",
  "(('a'):rep(5000)):find('.-.-.-.-b')",
  "(('a'):rep(200)):find((('a?'):rep(200)) .. ('a'):rep(200))",
  "local function f(s) return (s:gsub('a', f)) end f('a')",
  "table.move({}, 1, math.maxinteger - 1, 2)",
  "table.insert(setmetatable({}, {__len = function() return 1 << 40 end}), 1, 1)",
  "table.sort({1, 2, 3}, function() while true do end end)",
  "(('a'):rep(100)):gsub('a', function() while true do end end)",
  "while true do ('').rep('', 1 << 60) end",
  "local m = {} local t = setmetatable({}, m) m.__close = function() while true do end end local function f() local x <close> = t while true do end end while true do pcall(f) end",
  "error({})",
  "error('费用')",
  "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]",
  "table.unpack({}, 1, 1e7)",
  `return ${"(".repeat(290)}1${")".repeat(290)}`,
  `return ${"{".repeat(250)}${"}".repeat(250)}`,
  "local s = ('A'):rep(1000000) while true do s:lower() end",
];

/**
 * The table: yields {definition, request}, in all at least `count` values
 * (a request gives as many as its definition has computed fields).
 */
export function* cases(count, seed = 20261123) {
  const r = random(seed);
  const names = Object.keys(kinds);
  const each = 250;
  for (let done = 0; done < count; done += each) {
    let source = head;
    const fields = [...base];
    for (let i = 0; i < each; i++) {
      const expression = kinds[names[i % names.length]](r);
      source += `computed.f${i} = function(form) return try(function() return ${expression} end) end\n`;
      fields.push({ key: `f${i}`, type: "text" });
    }
    yield {
      count: each,
      definition: { name: "table", file: "table.lua", fields, source },
      request: {
        event: r.pick(["open", "compute", "validate"]),
        today: "2026-11-23",
        locale: "zh-CN",
        values: values(r),
      },
    };
  }
  for (const code of limits)
    yield {
      count: 1,
      definition: {
        name: "limit",
        file: "limit.lua",
        fields: base,
        source: `function validate(form) ${code} end`,
      },
      request: { event: "validate", values: {} },
    };
}
