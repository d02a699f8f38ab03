-- The demo company's surveys, for the module survey: an anonymous one on how
-- people like their work, and who comes to the year-end party.
--
-- records(language) gives a list as demo/crm.lua does. Answers of the
-- anonymous one name nobody; who has answered stands beside them, in another
-- order.

local COLUMN = { en = 1, ["zh-CN"] = 2, ["zh-TW"] = 3 }
local language, rows

local function L(texts)
  return texts[COLUMN[language]]
end

-- ---- JSON ----

local json

local function quoted(value)
  return '"' .. string.gsub(string.gsub(value, '[\\"]', "\\%0"), "\n", "\\n")
    .. '"'
end

local function members(value)
  local parts, keys = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = quoted(key) .. ":" .. json(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function json(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return tostring(value) end
  if value[1] == nil then return members(value) end
  local parts = {}
  for i, one in ipairs(value) do parts[i] = json(one) end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- ---- parts of questions ----

local function options(letter, list)
  local made = {}
  for i, texts in ipairs(list) do
    made[i] = { id = letter .. i, title = L(texts) }
  end
  return made
end

local function add(form, by, days, values, key)
  rows[#rows + 1] = { form = form, by = by, days = days, minute = 600,
    key = key, values = values }
end

-- ---- how people like their work: anonymous ----

local function satisfaction()
  return { items = {
    { id = "s1", kind = "section",
      title = L { "Your work", "你的工作", "您的工作" } },
    { id = "q1", kind = "single", required = true,
      title = L { "Where do you work?", "你在哪里工作？", "您在哪裡工作？" },
      options = options("a", {
        { "Sales", "销售", "業務" }, { "Workshop", "车间", "工廠" },
        { "Office", "办公室", "辦公室" } }) },
    { id = "q2", kind = "scale", required = true, from = 1, to = 5,
      title = L { "How satisfied are you with your work, all in all?",
        "总体而言，你对工作的满意度如何？", "整體而言，您對工作的滿意度如何？" },
      low = L { "Not at all", "很不满意", "很不滿意" },
      high = L { "Very much", "非常满意", "非常滿意" } },
    { id = "q3", kind = "matrix",
      title = L { "How do you find …", "你如何评价以下方面？", "您如何評價以下方面？" },
      options = options("a", { { "Very good", "很好", "很好" },
        { "Good", "较好", "不錯" }, { "Fair", "一般", "普通" },
        { "Poor", "较差", "不佳" } }),
      rows = options("r", {
        { "Tools and workplace", "工具与工作环境", "工具與工作環境" },
        { "Working together in your team", "团队协作", "團隊合作" },
        { "Pay and benefits", "薪酬福利", "薪資福利" },
        { "What you hear from the management", "公司信息透明度",
          "公司資訊透明度" } }) },
    { id = "q4", kind = "multiple",
      title = L { "What would help you most?", "哪些改进对你最有帮助？",
        "哪些改善對您最有幫助？" },
      options = options("a", {
        { "Flexible hours", "弹性工作时间", "彈性工時" },
        { "Newer machines", "更新设备", "更新設備" },
        { "Training", "培训机会", "進修機會" },
        { "A better canteen", "改善食堂", "改善餐廳" },
        { "Quieter rooms", "更安静的办公室", "更安靜的辦公室" } }) },
    { id = "s2", kind = "section",
      title = L { "Looking ahead", "展望", "展望" } },
    { id = "q5", kind = "scale", from = 0, to = 10,
      title = L { "Would you recommend us to a friend as an employer?",
        "你会向朋友推荐我们公司吗？", "您會向朋友推薦我們公司嗎？" },
      low = L { "Never", "绝不会", "絕不會" },
      high = L { "At once", "一定会", "一定會" } },
    { id = "q6", kind = "text", long = true,
      title = L { "What keeps you from it?", "主要原因是什么？",
        "主要原因是什麼？" },
      when = { question = "q5", op = "at_most", value = "6" } },
    { id = "q7", kind = "text", long = true,
      title = L { "What should we keep, what change?",
        "哪些值得保持，哪些需要改变？", "哪些值得保持，哪些需要改變？" } },
  } }
end

-- where, satisfied, four rows of the matrix, what helps, recommends, why not,
-- keep and change
local OPINIONS = {
  { 1, 4, "1223", "|a1|a3|", 8, nil,
    { "Keep the Monday round, it is short and useful.",
      "周一例会简短有效，请保持。", "週一例會簡短有效，請保持。" } },
  { 1, 3, "2233", "|a1|", 6,
    { "Weekend trade fairs without a day off in return.",
      "周末参展没有补休。", "週末參展沒有補休。" }, nil },
  { 1, 5, "1112", "|a3|", 9, nil, nil },
  { 2, 4, "3122", "|a2|a4|", 8, nil,
    { "The dust extraction on the second line is too weak.",
      "二号线的除尘效果太差。", "二號線的除塵效果太差。" } },
  { 2, 2, "4233", "|a2|", 4,
    { "The old planer stands still twice a week.",
      "旧刨床每周停两次。", "舊刨床每週停兩次。" },
    { "Buy a new planer.", "请更换刨床。", "請更換刨床。" } },
  { 3, 4, "2122", "|a1|a5|", 7, nil, nil },
  { 3, 5, "1111", "|a1|a3|", 10, nil,
    { "The colleagues. Keep them.", "同事们很好，请保持。",
      "同事們很好，請保持。" } },
  { 2, 4, "2122", "|a4|", 8, nil, nil },
  { 3, 3, "2234", "|a5|", 6,
    { "One hears of decisions in the corridor.",
      "很多决定都是听说来的。", "很多決定都是聽說來的。" }, nil },
}
local HAVE = { "chen.jing", "he.jun", "li.na", "lin.xiao", "liu.yang",
  "sun.tao", "wang.fang", "zhao.min", "zhou.ming" }

local function add_satisfaction()
  add("survey.survey", "huang.yan", 6, {
    title = L { "How do you like your work?", "员工满意度调查",
      "員工滿意度調查" },
    intro = L { "Ten minutes, once a year. What you write goes to Human Resources; the summary is shown to everybody in December.",
      "每年一次，约需十分钟。结果由人力资源部汇总，十二月向全员公布。",
      "每年一次，約需十分鐘。結果由人力資源部彙整，十二月向全員公布。" },
    anonymous = true, everybody = true, closes = "@9", remind = 3,
    status = "open", design = json(satisfaction()),
  }, "satisfaction")
  for i, one in ipairs(OPINIONS) do
    local values = { survey = "#satisfaction", c1 = "a" .. one[1],
      c2 = tostring(one[2]), c7 = one[4], c8 = tostring(one[5]),
      t1 = one[6] and L(one[6]), t2 = one[7] and L(one[7]) }
    for row = 1, 4 do
      values["c" .. row + 2] = "a" .. string.sub(one[3], row, row)
    end
    add("survey.answer", "admin", i % 4 + 1, values)
  end
  for _, login in ipairs(HAVE) do
    add("survey.participation", "admin", 1, { survey = "#satisfaction",
      person = "#" .. login })
  end
end

-- ---- the party: with names ----

local function party()
  local comes = { question = "q1", op = "is", values = { "a1" } }
  return { items = {
    { id = "q1", kind = "single", required = true,
      title = L { "Are you coming?", "你会参加吗？", "您會參加嗎？" },
      options = options("a", { { "Yes, gladly", "参加", "參加" },
        { "Not this time", "这次不参加", "這次不參加" } }) },
    { id = "q2", kind = "number", least = "0", most = "4", when = comes,
      title = L { "How many people do you bring along?", "带几位家属？",
        "帶幾位家屬？" }, unit = L { "people", "人", "人" } },
    { id = "q3", kind = "single", required = true, when = comes,
      title = L { "Which evening suits you best?", "哪天晚上更合适？",
        "哪天晚上較合適？" },
      options = options("a", { { "Friday", "周五", "週五" },
        { "Saturday", "周六", "週六" }, { "Both are fine", "都可以", "都可以" } }) },
    { id = "q4", kind = "multiple", when = comes,
      title = L { "What would you like to eat?", "想吃什么？", "想吃什麼？" },
      options = options("a", { { "Hot pot", "火锅", "火鍋" },
        { "Roast duck", "烤鸭", "烤鴨" }, { "Vegetarian", "素食", "素食" },
        { "Seafood", "海鲜", "海鮮" } }) },
    { id = "q5", kind = "text",
      when = { question = "q1", op = "is", values = { "a2" } },
      title = L { "What keeps you from coming?", "不能参加的原因？",
        "不能參加的原因？" } },
  } }
end

-- login, comes, brings, evening, food, why not
local GUESTS = {
  { "li.na", 1, 1, 3, "|a1|a2|" }, { "wang.fang", 1, 0, 1, "|a1|" },
  { "lin.xiao", 1, 2, 2, "|a1|a4|" }, { "liu.yang", 1, 1, 2, "|a3|" },
  { "sun.tao", 1, 3, 2, "|a2|a4|" }, { "zhao.min", 1, 1, 1, "|a2|" },
  { "he.jun", 2, why = { "At the fair in Guangzhou that week",
    "那周在广州参展", "那週在廣州參展" } },
}

local function add_party()
  add("survey.survey", "huang.yan", 3, {
    title = L { "Year-end party", "年会报名", "尾牙報名" },
    intro = L { "The company invites you and your family.",
      "公司诚邀你与家人参加年会。", "公司誠邀您與家人參加尾牙。" },
    everybody = true, closes = "@12", remind = 2, status = "open",
    design = json(party()) }, "party")
  for i, guest in ipairs(GUESTS) do
    add("survey.answer", "admin", i % 3, { survey = "#party",
      person = "#" .. guest[1], given = "@-" .. i % 3 .. " 1" .. i % 8 .. ":2"
        .. i % 6, c1 = "a" .. guest[2],
      n1 = guest[3] and tostring(guest[3]),
      c2 = guest[4] and "a" .. guest[4], c3 = guest[5],
      t1 = guest.why and L(guest.why) })
    add("survey.participation", "admin", 1, { survey = "#party",
      person = "#" .. guest[1] })
  end
end

function records(wanted)
  language = COLUMN[wanted] and wanted or "en"
  rows = {}
  add_satisfaction()
  add_party()
  return rows
end
