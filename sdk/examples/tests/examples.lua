-- The examples of the SDK's reference, run: the same for both languages.
local test = require "tenon.test"

-- Which of the two modules is tested here.
local function module()
  local c = test.get("li.na", "/api/v1/m/sdk_c/words").status == 200
  return c and "sdk_c" or "sdk_lua"
end

local function create(login, form, values)
  local name = module() .. "." .. form
  return test.as(login, function(ctx)
    return ctx.records.create(name, values)
  end)
end

local function thing(login, name, kind, value)
  return create(login, "thing", { name = name, kind = kind, value = value })
end

local function lend(login, what, due)
  return create(login, "loan", { thing = what, due = due or "2026-01-09" })
end

local function api(path) return "/api/v1/m/" .. module() .. path end
local function page(path) return "/m/" .. module() .. path end

local function has(text, part, what)
  test.ok(text:find(part, 1, true), (what or part) .. " in: " .. text)
end

test.test("texts, times and amounts are those of the person", function()
  lend("wang.fang", thing("admin", "Drill", "tool"))
  lend("sun.tao", thing("admin", "Saw", "tool"))
  local got = test.get("sun.tao", api("/words")).json
  test.equal(got.late, "Li Na: 2 things are late.")
  test.equal(got.who, "sun.tao")
  test.equal(got.today, 1, "the own loans")
  test.equal(got.lent, 2, "those of all, through the module")
  test.equal(got.hour, "09:00")
  test.equal(got.due, "2026-01-05")
  has(got.worth, "1,234.50")
  test.equal(got.plain, "1,234.50")
  test.ok(got.path_length > 50, "a token of 256 bits")
  if module() == "sdk_c" then
    test.equal(got.title, "Drill (tool)")
    test.equal(got.check, "V", "(65 + 2 * 55) modulo 36")
    test.equal(got.primes, 25)
  else
    has(got.json, '"seen":true')
  end
end)

test.test("values are read, made and given back", function()
  local c = module() == "sdk_c"
  local got = test.send("li.na", "POST", api("/values"), c and
    { ids = { "12", "x", "13" }, days = 7, gentle = true, value = "150.00",
      at = "2026-01-05T09:00:00.000Z" } or
    { words = { "a", "b" }, days = 7, value = "150.00", day = "2026-01-30" })
  test.equal(got.status, 200, got.text)
  got = got.json
  test.equal(got.days, 7)
  test.equal(got.free, true)
  if not c then
    test.equal(got.words, { "A", "B" })
    test.equal(got.fine, "10.5000")
    test.equal(got.due, "2026-02-06")
    test.equal(got.can_chart, true)
    test.equal(got.can_fly, false)
    return
  end
  test.equal(got.shape, "several")
  test.equal(got.absent, "nothing")
  test.equal(got.gentle, true)
  test.equal(got.rate, 0.5)
  test.equal(got.fine, "10.5000")
  test.equal(got.later, "2026-01-06T09:00:00.000Z")
  test.equal(got.ids, { "12", "13" })
  test.equal(got.share, 0.75)
  test.equal(got.json, '{"a":[1,"b"],"seen":true}')
end)

test.test("hooks refuse, and change their record", function()
  local drill = thing("admin", "Drill", "tool")
  local id = lend("li.na", drill)
  local id_of = module()
  test.refused(id_of .. ".lent", function() lend("wang.fang", drill) end)
  local saw = thing("admin", "Saw", "tool")
  test.refused(id_of .. ".past", function()
    lend("li.na", saw, "2026-01-04")
  end)
  for _, name in ipairs { "A", "B" } do
    lend("li.na", thing("admin", name, "book"))
  end
  test.refused(id_of .. ".too_many", function() lend("li.na", saw) end)
  test.as("li.na", function(ctx)
    local loans = id_of .. ".loan"
    local loan = ctx.records.get(loans, id)
    ctx.records.update(loans, id, loan.version, { due = "2026-02-01" })
    test.equal(ctx.records.get(loans, id).note, "2026-01-09")
  end)
end)

test.test("conditions find what they say", function()
  local drill = thing("admin", "Drill", "tool", "120.00")
  thing("admin", "Toolbox", "book", "60.00")
  thing("admin", "Crane", nil, "900.00")
  lend("li.na", drill, "2026-01-06")
  test.equal(test.get("li.na", api("/conditions")).json.late, nil)
  test.pass("4d")
  local got = test.get("li.na", api("/conditions")).json
  test.equal(got.late, "Drill")
  test.equal(got.names, { "Drill", "Toolbox" })
  test.equal(got.medium, 2)
  test.equal(got.unsorted, 1)
  if module() == "sdk_c" then
    test.equal(got.both, 1, "dearer than 100, and a tool")
    test.equal(got.either, 2, "dearer than 100, or a tool")
  end
end)

test.test("records are lent, taken back, measured and removed", function()
  local drill = thing("li.na", "Drill", "tool", "120.00")
  local saw = thing("li.na", "Saw", "tool", "80.00")
  thing("li.na", "Book", "book", "60.00")
  local sent = { drill = drill, saw = saw }
  local got = test.send("li.na", "POST", api("/records"), sent)
  test.equal(got.status, 200, got.text)
  test.equal(got.json, { kind = "Tool", count = 2, worth = "200.00",
    can_lend = true, can_export = false })
  local forms = module()
  test.as("li.na", function(ctx)
    test.equal(ctx.records.get(forms .. ".thing", drill), nil)
    test.equal(ctx.records.count(forms .. ".loan", { back = true }), 1)
    test.equal(ctx.records.count(forms .. ".loan",
      { thing = saw, due = "2026-01-10" }), 1)
  end)
end)

test.test("what swaps is undone as a whole", function()
  local drill, saw = thing("li.na", "Drill"), thing("li.na", "Saw")
  lend("wang.fang", saw)
  local got = test.send("li.na", "POST", api("/records"),
    { drill = drill, saw = saw })
  test.equal(got.status, 409, got.text)
  local forms = module()
  test.as("li.na", function(ctx)
    test.equal(ctx.records.count(forms .. ".loan", { back = true }), 0)
  end)
end)

test.test("routes read requests and answer them", function()
  local id = thing("admin", "Drill", "tool", "120.00")
  test.equal(test.get("li.na", api("/things/" .. id)).json,
    { name = "Drill", value = "120.00" })
  test.equal(test.get("li.na", api("/things/1")).status, 404)
  local label = test.get("li.na", page("/label?of=A7"))
  test.equal(label.text, "A7")
  test.equal(label.headers["cache-control"], "private, max-age=60")
  test.equal(test.get("li.na", page("/label")).status, 400)
  local echo = test.send("li.na", "POST", api("/echo"), { word = "x" }).json
  test.equal(echo.method, "POST")
  test.equal(echo.path, api("/echo"))
  test.equal(echo.word, "x")
  has(echo.type, "application/json")
  has(test.get("li.na", page("/t/" .. id)).location,
    "/records/" .. module() .. ".thing/" .. id)
  test.equal(test.get("li.na", page("/search?q=Dri")).status, 200)
  test.equal(test.get("li.na", page("/search?q=none")).status, 404)
end)

test.test("a form is taken, with what came several times", function()
  local done = test.post("li.na", page("/add"),
    { name = "Saw", ["kind[]"] = "tool" })
  test.equal(done.status, 303, done.text)
  local forms = module()
  test.as("li.na", function(ctx)
    test.equal(ctx.records.count(forms .. ".thing",
      { name = "Saw", kind = "tool" }), 1)
  end)
end)

test.test("a chart has its figures; a cookie is signed", function()
  thing("admin", "Drill", "tool", "120.00")
  local values = test.get("li.na", page("/values"))
  test.equal(values.status, 200)
  has(values.text, "Tool")
  has(values.text, "120.00")
  local shelf = test.get(nil, page("/shelf?shelf=north"))
  test.equal(shelf.text, "all")
  has(shelf.headers["set-cookie"] or "", "shelf=")
end)

test.test("people are found, and told", function()
  test.equal(test.get("wang.fang", api("/people")).status, 405)
  local got = test.send("wang.fang", "POST", api("/people"), {})
  test.equal(got.status, 200, got.text)
  test.equal(got.json.head, "li.na")
  test.equal(got.json.keeper, false)
  test.equal(#got.json.sales, 5, "the department, and the one below")
  test.equal(test.notices("wang.fang")[1].text, "Li Na: one thing is late.")
end)

test.test("files come, are read, and go out", function()
  local done = test.post("li.na", page("/manual"), { name = "Drill",
    manual = { name = "drill.txt", type = "text/plain",
      content = "one\ntwo\n" } })
  test.equal(done.status, 303, done.text)
  test.equal(test.get("li.na", api("/look?of=Drill")).json,
    { name = "drill.txt", lines = 2 })
  thing("li.na", "Saw")
  local list = test.get("li.na", page("/download"))
  test.equal(list.text, "Drill\nSaw\n")
  has(list.headers["content-disposition"], "things.txt")
end)

test.test("a job tells people, and an offer answers", function()
  local drill = thing("admin", "Drill")
  lend("li.na", drill)
  local got = test.send("li.na", "POST", api("/work"),
    { person = test.id_of("sun.tao"), thing = drill })
  test.equal(got.json, { job = true, most = 3, free = false })
  test.ok(test.jobs() > 0)
  test.equal(test.notices("sun.tao")[1].text, "Tenon: one thing is late.")
end)

test.test("the file of a job is for who started it, for a day", function()
  thing("admin", "Saw")
  thing("admin", "Drill")
  local job = test.send("li.na", "POST", api("/list"), {}).json.job
  local path = "/jobs/" .. job .. "/file"
  test.equal(test.get("li.na", path).status, 404, "not before it is done")
  test.ok(test.jobs() > 0)
  test.equal(test.get("li.na", path).text, "Drill\nSaw\n")
  test.equal(test.get("sun.tao", path).status, 404)
  test.pass("25h")
  test.jobs()
  test.equal(test.get("li.na", path).status, 404)
end)

test.test("page, menu and widget are the person's", function()
  local path, entry = page(""), 'href="' .. page("") .. '"'
  local list = test.get("li.na", "/records/" .. module() .. ".thing").text
  test.ok(not list:find(entry, 1, true), "no menu entry without a loan")
  lend("li.na", thing("admin", "Drill", "tool"))
  local own = test.get("li.na", path)
  test.equal(own.status, 200)
  has(own.text, "Drill")
  has(own.text, entry)
  has(test.get("li.na", "/portal/widgets/" .. module() .. ".lent").text,
    '<p id="lent">1</p>')
  test.ok(not test.get("wang.fang", path).text:find("Drill", 1, true))
end)

test.test("a field type checks, and is shown as its text", function()
  test.refused(module() .. ".no_grade", function()
    create("admin", "thing", { name = "Drill", grade = 4 })
  end)
  local id = create("admin", "thing", { name = "Drill", grade = "2" })
  local shown = test.get("admin",
    "/records/" .. module() .. ".thing/" .. id).text
  has(shown, '<span class="grade">++ (3)</span>')
end)

test.test("a process calls the service, and asks the rule", function()
  test.person { login = "ke.ru", name = "Ke Ru", department = "Workshop",
    roles = { "keeper" } }
  local wishes = "/api/v1/records/" .. module() .. ".wish"
  local made = test.send("li.na", "POST", wishes,
    { values = { name = "Ladder" }, submit = true })
  test.ok(made.status < 300, made.text)
  test.jobs()
  local forms = module()
  test.as("li.na", function(ctx)
    test.equal(ctx.records.count(forms .. ".thing",
      { name = "Ladder", kind = "tool" }), 1)
  end)
  has(test.get("ke.ru", "/tasks").text, "Look at it")
end)
