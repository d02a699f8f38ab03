-- The year of the demo company's sales department, for the module crm: who
-- its customers are, what was offered, what was said. Made up by a generator
-- that always makes up the same, so that tests and pictures can rely on it.
--
-- records(language, month, weekday) gives a list of {form, key?, update?, by,
-- days, minute, values} in the order of time: so many days ago, at that minute
-- of the day. Values are those of demo/modules.json: "@-3" a date, "@-3 09:30"
-- an instant, "#key" an id. month, weekday (Monday is 1): those of today.

local language -- "en", "zh-CN", "zh-TW"

local COLUMN = { en = 1, ["zh-CN"] = 2, ["zh-TW"] = 3 }

local function L(texts)
  return texts[COLUMN[language]]
end

-- ---- chance, the same on every machine ----

local seed = 20251126

local function chance()          -- 0 <= x < 1
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
end

local function between(low, high)
  return low + math.floor(chance() * (high - low + 1))
end

local function pick(list)
  return list[between(1, #list)]
end

-- From {weight, value} pairs.
local function draw(pairs_)
  local sum, x = 0, nil
  for _, pair in ipairs(pairs_) do sum = sum + pair[1] end
  x = chance() * sum
  for _, pair in ipairs(pairs_) do
    x = x - pair[1]
    if x < 0 then return pair[2] end
  end
  return pairs_[#pairs_][2]
end

-- ---- where, who, what: {en, zh-CN, zh-TW} ----

local PROVINCES = {
  { { "Shanghai", "上海市", "上海市" }, "east", {
    { "Huangpu", "黄浦区", "黃浦區" }, { "Xuhui", "徐汇区", "徐匯區" },
    { "Jing’an", "静安区", "靜安區" }, { "Minhang", "闵行区", "閔行區" } } },
  { { "Zhejiang", "浙江省", "浙江省" }, "east", {
    { "Hangzhou", "杭州市", "杭州市" }, { "Ningbo", "宁波市", "寧波市" },
    { "Huzhou", "湖州市", "湖州市" }, { "Shaoxing", "绍兴市", "紹興市" } } },
  { { "Jiangsu", "江苏省", "江蘇省" }, "east", {
    { "Nanjing", "南京市", "南京市" }, { "Suzhou", "苏州市", "蘇州市" },
    { "Wuxi", "无锡市", "無錫市" }, { "Yangzhou", "扬州市", "揚州市" } } },
  { { "Anhui", "安徽省", "安徽省" }, "east", {
    { "Hefei", "合肥市", "合肥市" }, { "Huangshan", "黄山市", "黃山市" } } },
  { { "Guangdong", "广东省", "廣東省" }, "south", {
    { "Guangzhou", "广州市", "廣州市" }, { "Shenzhen", "深圳市", "深圳市" },
    { "Foshan", "佛山市", "佛山市" }, { "Dongguan", "东莞市", "東莞市" },
    { "Zhuhai", "珠海市", "珠海市" } } },
  { { "Fujian", "福建省", "福建省" }, "south", {
    { "Fuzhou", "福州市", "福州市" }, { "Xiamen", "厦门市", "廈門市" },
    { "Quanzhou", "泉州市", "泉州市" } } },
  { { "Guangxi", "广西壮族自治区", "廣西壯族自治區" }, "south", {
    { "Nanning", "南宁市", "南寧市" }, { "Guilin", "桂林市", "桂林市" } } },
  { { "Hainan", "海南省", "海南省" }, "south", {
    { "Haikou", "海口市", "海口市" }, { "Sanya", "三亚市", "三亞市" } } },
}

local NAMES = {
  { "Lakeside", "湖畔", "湖畔" }, { "Cloudrest", "云栖", "雲棲" },
  { "Old Bridge", "老桥", "老橋" }, { "Plum Garden", "梅园", "梅園" },
  { "Bamboo Lane", "竹里", "竹里" }, { "White Heron", "白鹭", "白鷺" },
  { "Southwind", "南风", "南風" }, { "Green Hill", "青山", "青山" },
  { "Riverbend", "江湾", "江灣" }, { "Morning Light", "晨光", "晨光" },
  { "Two Pines", "双松", "雙松" }, { "Osmanthus", "桂香", "桂香" },
  { "Stone Gate", "石库门", "石庫門" }, { "Wutong", "梧桐", "梧桐" },
  { "Harbour", "海港", "海港" }, { "Silk Road", "丝路", "絲路" },
  { "Moon Pavilion", "望月", "望月" }, { "Red Maple", "红枫", "紅楓" },
  { "Snow Orchid", "雪兰", "雪蘭" }, { "Far Shore", "彼岸", "彼岸" },
  { "Quiet Water", "静水", "靜水" }, { "Longjing", "龙井", "龍井" },
  { "Blue Porcelain", "青瓷", "青瓷" }, { "Canal Side", "运河", "運河" },
  { "Hundred Herbs", "百草", "百草" }, { "Star River", "星河", "星河" },
  { "Warm House", "暖居", "暖居" }, { "Paper Kite", "纸鸢", "紙鳶" },
  { "Golden Rice", "金禾", "金禾" }, { "Deep Forest", "深林", "深林" },
  { "Camphor", "香樟", "香樟" }, { "Rain Alley", "雨巷", "雨巷" },
  { "Good Neighbour", "邻里", "鄰里" }, { "Ink and Wood", "墨木", "墨木" },
  { "Wide Sky", "天阔", "天闊" }, { "Sea Breeze", "海风", "海風" },
}

-- Industry, how often, size of its orders, what its companies are called.
local INDUSTRIES = {
  { key = "hotel", weight = 20, size = 180000, called = {
    { "Hotel", "酒店", "飯店" }, { "Hotels", "酒店管理有限公司", "飯店管理有限公司" },
    { "Guesthouse", "民宿", "民宿" } } },
  { key = "dining", weight = 18, size = 70000, called = {
    { "Tea House", "茶馆", "茶館" }, { "Restaurants", "餐饮有限公司", "餐飲有限公司" },
    { "Café", "咖啡馆", "咖啡館" } } },
  { key = "retail", weight = 12, size = 60000, called = {
    { "Books", "书店", "書店" }, { "Fashion", "服饰有限公司", "服飾有限公司" } } },
  { key = "office", weight = 12, size = 110000, called = {
    { "Technology", "科技有限公司", "科技有限公司" },
    { "Law Office", "律师事务所", "律師事務所" } } },
  { key = "estate", weight = 8, size = 320000, called = {
    { "Property", "置业有限公司", "置業有限公司" } } },
  { key = "design", weight = 12, size = 90000, called = {
    { "Interior Design", "室内设计事务所", "室內設計事務所" },
    { "Architects", "建筑设计有限公司", "建築設計有限公司" } } },
  { key = "education", weight = 7, size = 130000, called = {
    { "School", "实验学校", "實驗學校" }, { "Library", "图书馆", "圖書館" } } },
  { key = "health", weight = 5, size = 95000, called = {
    { "Clinic", "诊所", "診所" }, { "Care Home", "养老院", "養老院" } } },
  { key = "dealer", weight = 6, size = 140000, called = {
    { "Furniture", "家具有限公司", "家具有限公司" } } },
}

local SURNAMES = {
  { "Chen", "陈", "陳" }, { "Wang", "王", "王" }, { "Lin", "林", "林" },
  { "Huang", "黄", "黃" }, { "Zhou", "周", "周" }, { "Wu", "吴", "吳" },
  { "Xu", "许", "許" }, { "Zheng", "郑", "鄭" }, { "Shen", "沈", "沈" },
  { "Gu", "顾", "顧" }, { "Lu", "陆", "陸" }, { "Qian", "钱", "錢" },
  { "Tang", "唐", "唐" }, { "Feng", "冯", "馮" }, { "Luo", "罗", "羅" },
  { "He", "何", "何" }, { "Cai", "蔡", "蔡" }, { "Deng", "邓", "鄧" },
}

local GIVEN = {
  { "Jing", "静", "靜" }, { "Wei", "伟", "偉" }, { "Yuting", "雨婷", "雨婷" },
  { "Haoran", "浩然", "浩然" }, { "Xin", "欣", "欣" }, { "Lei", "磊", "磊" },
  { "Meiling", "美玲", "美玲" }, { "Jian", "健", "健" }, { "Ying", "颖", "穎" },
  { "Guoqiang", "国强", "國強" }, { "Simin", "思敏", "思敏" }, { "Tao", "涛", "濤" },
  { "Yifan", "一凡", "一凡" }, { "Hong", "红", "紅" }, { "Zhiyuan", "志远", "志遠" },
  { "Lan", "岚", "嵐" }, { "Peng", "鹏", "鵬" }, { "Xiaoyu", "晓雨", "曉雨" },
}

local POSITIONS = {
  { "General manager", "总经理", "總經理" }, { "Buyer", "采购经理", "採購經理" },
  { "Designer", "设计师", "設計師" }, { "Project manager", "项目经理", "專案經理" },
  { "Owner", "老板", "負責人" }, { "Head of operations", "运营总监", "營運總監" },
  { "Site manager", "工程主管", "工程主管" },
}
local PARTS = { "decides", "buys", "advises", "uses", "decides", "advises", "uses" }

local GOODS = {
  { "Lobby furniture", "大堂家具", "大廳家具" }, { "Guest room wardrobes", "客房衣柜", "客房衣櫃" },
  { "Solid oak tables", "橡木实木桌", "橡木實木桌" }, { "Tea room screens", "茶室屏风", "茶室屏風" },
  { "Reading room shelves", "阅览室书架", "閱覽室書架" }, { "Reception desk", "前台", "櫃檯" },
  { "Wall panels", "木饰面", "木飾面" }, { "Meeting table and chairs", "会议桌椅", "會議桌椅" },
  { "Display shelves", "陈列架", "陳列架" }, { "Stairs and railings", "楼梯与扶手", "樓梯與扶手" },
  { "Show flat furniture", "样板房家具", "樣品屋家具" }, { "Dining chairs", "餐椅", "餐椅" },
  { "Bar counter", "吧台", "吧檯" }, { "Custom doors", "定制木门", "訂製木門" },
  { "Second phase", "二期工程", "二期工程" }, { "Refit of the old rooms", "旧房翻新", "舊房翻新" },
}

local COMPETITORS = {
  { { "Hengmu Furniture", "恒木家居", "恆木家居" },
    { "Low prices, large stock.", "价格低，库存足。", "價格低，庫存足。" },
    { "No custom sizes, late deliveries before the holidays.", "不做定制尺寸，节前交期不稳。", "不做訂製尺寸，節前交期不穩。" } },
  { { "Nordhaus Interiors", "北舍软装", "北舍軟裝" },
    { "Well-known designs, showroom in the city.", "设计有名气，市区有展厅。", "設計有名氣，市區有展間。" },
    { "Veneer instead of solid wood.", "多为贴皮，非实木。", "多為貼皮，非實木。" } },
  { { "Lingnan Woodworks", "岭南木业", "嶺南木業" },
    { "Close to the customers in the south.", "贴近华南客户。", "貼近華南客戶。" },
    { "Small workshop, no assembly team.", "产能小，没有安装队。", "產能小，沒有安裝隊。" } },
  { { "Quanyou Contract", "全友工程", "全友工程" },
    { "Tenders, credit of 120 days.", "擅长投标，账期 120 天。", "擅長投標，帳期 120 天。" },
    { "Changes of plan take weeks.", "改图周期长。", "改圖週期長。" } },
}

local STREETS = {
  { "Zhongshan Road", "中山路", "中山路" }, { "Renmin Road", "人民路", "人民路" },
  { "Jiefang Road", "解放路", "解放路" }, { "Xihu Avenue", "西湖大道", "西湖大道" },
  { "Binjiang Road", "滨江路", "濱江路" }, { "Wenhua Street", "文化街", "文化街" },
}

-- What is said; %s: the goods that it is about.
local SAID = {
  call = {
    { { "First call: %s", "首次电话：%s", "首次電話：%s" },
      { "They plan to open in spring and compare three makers. Send the catalogue and the list of woods.",
        "计划春季开业，正比较三家厂商，需寄图册和木料清单。",
        "計畫春季開業，正比較三家廠商，需寄型錄與木料清單。" } },
    { { "Asked about delivery: %s", "询问交期：%s", "詢問交期：%s" },
      { "Six weeks are too long for them; four would do if the chairs come first.",
        "六周交期偏长，如餐椅先到，四周可以接受。", "六週交期偏長，如餐椅先到，四週可以接受。" } },
    { { "Price talk: %s", "电话议价：%s", "電話議價：%s" },
      { "They want five per cent. Three with payment of half in advance is possible.",
        "对方希望让利五个点；若预付五成，可让三个点。", "對方希望讓利五個點；若預付五成，可讓三個點。" } } },
  visit = {
    { { "Measured on site: %s", "现场量尺：%s", "現場丈量：%s" },
      { "The floor is uneven at the windows; feet must be adjustable. Photographs are in the folder.",
        "窗边地面不平，需用可调脚；照片已存档。", "窗邊地面不平，需用可調腳；照片已存檔。" } },
    { { "Showed samples: %s", "带样品拜访：%s", "帶樣品拜訪：%s" },
      { "Oak with oil finish liked best. The owner decides together with the architect.",
        "最喜欢橡木擦油，由老板与设计师共同决定。", "最喜歡橡木擦油，由老闆與設計師共同決定。" } } },
  mail = {
    { { "Offer sent: %s", "发送报价：%s", "寄出報價：%s" },
      { "Offer with drawings and the list of fittings, valid for 30 days.",
        "报价附图纸与五金清单，有效期 30 天。", "報價附圖面與五金清單，有效期 30 天。" } },
    { { "Contract draft: %s", "合同草稿：%s", "合約草稿：%s" },
      { "Their lawyer wants the warranty in writing: five years on the frame.",
        "对方法务要求书面质保：框架五年。", "對方法務要求書面保固：框架五年。" } } },
  message = {
    { { "Pictures of the pieces: %s", "发送实物照片：%s", "傳送實品照片：%s" },
      { "Sent pictures of similar work; answer: “just so”.",
        "发了类似项目的照片，回复：“就要这样的。”", "傳了類似案例的照片，回覆：「就要這樣的。」" } } },
  showroom = {
    { { "Visit to the showroom: %s", "到展厅看样：%s", "到展間看樣：%s" },
      { "Came with the architect, stayed two hours, sat on every chair.",
        "与设计师同来，看了两小时，每把椅子都试坐了。", "與設計師同來，看了兩小時，每張椅子都試坐了。" } } },
}

local NEXT = {
  { "Send the offer", "发送报价", "寄出報價" }, { "Call back", "回电", "回電" },
  { "Bring the samples", "送样品", "送樣品" }, { "Measure on site", "现场量尺", "現場丈量" },
  { "Get the decision", "确认决定", "確認決定" }, { "Meet the architect", "约见设计师", "約見設計師" },
  { "Agree on the price", "商定价格", "議定價格" },
}

local TEAM = {
  east = { { 10, "li.na" }, { 46, "zhang.wei" }, { 44, "wang.fang" } },
  south = { { 40, "he.jun" }, { 60, "lin.xiao" } },
}

-- How much is begun in each month: hotels fit out for spring and autumn, and
-- nobody orders at the Spring Festival.
local SEASON = { 8, 3, 11, 11, 9, 7, 6, 5, 10, 11, 10, 9 }

-- ---- the year ----

local YEAR, FIRST = 365, 540 -- days ago that the year and the customers begin
local rows, weekday_today

-- What would fall on a weekend is done on the Friday before.
local function workday(ago)
  local of = (weekday_today - 1 - ago) % 7 + 1
  return of > 5 and ago + of - 5 or ago
end

local function add(row, time)
  row.days, row.minute = time.days, time.minute
  row.planned, row.order = time.planned, #rows
  rows[#rows + 1] = row
end

-- A day of the last year, by the seasons; `month` is that of today.
local function season_day(month)
  for _ = 1, 100 do
    local ago = between(3, YEAR)
    local of = (month - 1 - math.floor(ago / 30.42)) % 12 + 1
    if chance() * 11 < SEASON[of] then return ago end
  end
  return between(3, YEAR)
end

local function at(ago, from, to)
  ago = math.max(ago, 0)
  return { planned = ago, days = workday(ago), minute = between(from or 540, to or 1060) }
end

local function stamp(time)
  return string.format("@%d %02d:%02d", -time.days, time.minute // 60, time.minute % 60)
end

local function person_name()
  local family, given = pick(SURNAMES), pick(GIVEN)
  if language == "en" then return L(given) .. " " .. L(family) end
  return L(family) .. L(given)
end

local function mobile()
  return string.format("%d%d %04d %04d", pick { 13, 15, 18, 19 }, between(0, 9),
    between(0, 9999), between(0, 9999))
end

local function join(...)
  return table.concat({ ... }, language == "en" and " " or "")
end

-- A company's name begins with its city, without the word "city".
local function place_of(city)
  local name = L(city.direct or city.name)
  return text.ends(name, "市") and name:sub(1, -4) or name
end

local function add_regions()
  local cities = {}
  for i, province in ipairs(PROVINCES) do
    local key = "region-" .. i
    add({ form = "crm.region", key = key, by = "admin",
      values = { name = L(province[1]) } }, at(FIRST, 540, 540))
    for k, city in ipairs(province[3]) do
      add({ form = "crm.region", key = key .. "-" .. k, by = "admin",
        values = { name = L(city), parent = "#" .. key } }, at(FIRST, 541, 541))
      cities[#cities + 1] = { key = key .. "-" .. k, name = city,
        side = province[2], direct = i == 1 and province[1] }
    end
  end
  return cities
end

local function add_competitors()
  for i, rival in ipairs(COMPETITORS) do
    add({ form = "crm.competitor", key = "competitor-" .. i, by = "li.na",
      values = { name = L(rival[1]), strengths = L(rival[2]),
        weaknesses = L(rival[3]) } }, at(FIRST - 5))
  end
end

local function phone()
  return string.format("0%d %04d %04d", between(510, 799), between(2000, 8999),
    between(0, 9999))
end

-- A name that nobody has yet.
local function company(taken, city, industry)
  for _ = 1, 50 do
    local word, kind = pick(NAMES), pick(industry.called)
    local name = join(place_of(city), L(word), L(kind))
    if not taken[name] then
      taken[name] = true
      return name, word[1]
    end
  end
  error("no names left")
end

local function add_customer(i, cities, month, taken)
  local side = draw { { 66, "east" }, { 34, "south" } }
  local weighted, place, industry = {}, nil, nil
  repeat place = pick(cities) until place.side == side
  for _, one in ipairs(INDUSTRIES) do weighted[#weighted + 1] = { one.weight, one } end
  industry = draw(weighted)
  local name, word = company(taken, place, industry)
  local ago = i <= 120 and between(YEAR, FIRST - 20) or season_day(month)
  local class = draw { { 8, "a" }, { 22, "b" }, { 48, "c" }, { 22, "d" } }
  local who = draw(TEAM[side])
  local time = at(ago)
  local site = word:lower():gsub("[^a-z]", "")
  add({ form = "crm.customer", key = "customer-" .. i, by = who,
    values = { name = name, class = class, status = "prospect",
      industry = industry.key, region = "#" .. place.key,
      source = draw { { 30, "referral" }, { 24, "fair" }, { 16, "website" },
        { 14, "visit" }, { 9, "dealer" }, { 7, "tender" } },
      address = language == "en"
        and string.format("%d %s", between(3, 980), L(pick(STREETS)))
        or string.format("%s %d %s", L(pick(STREETS)), between(3, 980),
          L { "", "号", "號" }),
      phone = phone(), website = chance() < 0.6
        and string.format("www.%s%d.example", site, i) or nil,
      manager = "#" .. who } }, time)
  return { key = "customer-" .. i, by = who, since = time, class = class,
    size = industry.size, site = site .. i, contacts = {} }
end

local function add_contacts(customer, count)
  for k = 1, count do
    local n = between(1, #POSITIONS)
    local key = customer.key .. "-contact-" .. k
    local since = customer.since
    add({ form = "crm.contact", key = key, by = customer.by,
      values = { name = person_name(), customer = "#" .. customer.key,
        job = L(POSITIONS[n]), part = PARTS[n], mobile = mobile(),
        mail = chance() < 0.7
          and string.format("office%d@%s.example", k, customer.site) or nil,
        main = k == 1 or nil } },
      { days = since.days, planned = since.planned, minute = since.minute + k })
    customer.contacts[k] = key
  end
end

-- Something that was said, `days` ago. The last one of something open has a
-- next step, mostly in the days to come.
local function add_activity(customer, kind, goods, days, options)
  local said = pick(SAID[kind])
  local time = at(days, 705)
  local values = { kind = kind, customer = "#" .. customer.key,
    contact = "#" .. pick(customer.contacts), at = stamp(time),
    person = "#" .. customer.by,
    subject = (L(said[1]):gsub("%%s", L(goods))), notes = L(said[2]),
    opportunity = options.opportunity and "#" .. options.opportunity }
  if options.next_in then
    values.next_step = L(pick(NEXT))
    values.next_on = string.format("@%d", options.next_in)
    values.next_done = options.done
  end
  add({ form = "crm.activity", by = customer.by, values = values }, time)
end

local function amount(customer)
  local factor = ({ a = 2.2, b = 1.3, c = 0.8, d = 0.4 })[customer.class]
  local raw = customer.size * factor * (0.4 + chance() * 1.3)
  return string.format("%d.00", math.floor(raw / 500) * 500 + 500)
end

-- One opportunity with what was said on its way.
local function add_opportunity(i, customer, ago)
  local goods, key = pick(GOODS), "opportunity-" .. i
  local length = between(18, 95)
  local left = ago - length
  local fate = left > 0 and draw { { 43, "won" }, { 47, "lost" }, { 10, "open" } }
    or "open"
  local walked = math.min(1, ago / length)
  local stage = ({ "first", "need", "offer", "talks" })
    [math.min(4, 1 + math.floor(walked * 4 * (0.15 + chance() * 0.8)))]
  -- Most of those that nobody closes have never come far.
  if left > 0 and fate == "open" then
    stage = draw { { 36, "first" }, { 28, "need" }, { 20, "offer" },
      { 16, "talks" } }
  end
  local closes = -left
  if fate == "open" then
    local soon = ({ first = 55, need = 35, offer = 15, talks = -6 })[stage]
    closes = soon + between(0, 35)
  end
  add({ form = "crm.opportunity", key = key, by = customer.by,
    values = { title = L(goods), customer = "#" .. customer.key,
      contact = "#" .. customer.contacts[1], stage = fate == "open" and stage or "first",
      amount = amount(customer), closes = string.format("@%d", closes),
      manager = "#" .. customer.by,
      competitor = chance() < 0.35 and "#competitor-" .. between(1, #COMPETITORS) or nil } }, at(ago, 545, 700))
  local said = between(2, 4)
  for k = 1, said do
    local last = fate == "open" and 0 or left
    local day = math.floor(ago - (ago - last) * (k - 0.5) / said)
    local kind = k == 1 and draw { { 70, "call" }, { 30, "showroom" } }
      or draw { { 32, "call" }, { 26, "visit" }, { 22, "mail" },
        { 12, "message" }, { 8, "showroom" } }
    add_activity(customer, kind, goods, day, { opportunity = key,
      next_in = (k < said or fate == "open") and chance() < 0.75
        and (k < said and -(day - between(3, 9)) or draw { { 15, between(-7, -1) }, { 85, between(0, 18) } }) or nil,
      done = k < said or nil })
  end
  if fate == "won" then
    add({ update = key, form = "crm.opportunity", by = customer.by,
      values = { stage = "won" } }, at(left, 1070, 1080))
  elseif fate == "lost" then
    local why = draw { { 34, "price" }, { 18, "time" }, { 10, "design" },
      { 14, "budget" }, { 24, "silent" } }
    add({ update = key, form = "crm.opportunity", by = customer.by,
      values = { stage = "lost", lost_reason = why } }, at(left, 1070, 1080))
  end
end

-- By day; what was moved to a Friday follows what happened on it.
local function earlier(a, b)
  if a.days ~= b.days then return a.days > b.days end
  if a.planned ~= b.planned then return a.planned > b.planned end
  if a.minute ~= b.minute then return a.minute < b.minute end
  return a.order < b.order
end

function records(wanted, month, weekday)
  local taken, customers = {}, {}
  language = COLUMN[wanted] and wanted or "en"
  weekday_today = weekday
  rows = {}
  local cities = add_regions()
  add_competitors()
  for i = 1, 300 do
    local customer = add_customer(i, cities, month, taken)
    add_contacts(customer, draw { { 50, 1 }, { 35, 2 }, { 15, 3 } })
    customers[i] = customer
  end
  for i = 1, 400 do
    local customer
    repeat
      customer = pick(customers)
    until chance() < ({ a = 1, b = 0.7, c = 0.35, d = 0.12 })[customer.class]
    add_opportunity(i, customer,
      math.min(season_day(month), customer.since.planned - 1))
  end
  -- Calls and messages in between.
  for _ = 1, 330 do
    local customer = pick(customers)
    add_activity(customer, draw { { 60, "call" }, { 30, "message" }, { 10, "visit" } },
      pick(GOODS), between(0, customer.since.planned - 1), {})
  end
  table.sort(rows, earlier)
  return rows
end
