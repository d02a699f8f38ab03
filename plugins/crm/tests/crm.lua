-- What needs a clock that goes on, and what the module does for others.
local test = require "tenon.test"

local function seller(login, department)
  return test.person { login = login, name = login,
    department = department or "Sales", roles = { "sales" } }
end

local function create(login, form, values)
  return test.as(login, function(ctx) return ctx.records.create(form, values) end)
end

local function told(login)
  local texts = {}
  for _, notice in ipairs(test.notices(login)) do
    if notice.text:find("next step", 1, true) then texts[#texts + 1] = notice.text end
  end
  return texts
end

-- The hourly job, as often as a day has hours.
local function hours(number)
  for _ = 1, number do
    test.pass("1h")
    test.jobs()
  end
end

test.test("next steps that are due are told each morning, once", function()
  seller("an.na")
  seller("bo.bo")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  local step = create("an.na", "crm.activity", { subject = "Call",
    customer = customer, next_step = "Offer", next_on = "2026-01-06" })
  test.jobs()
  hours(12)
  test.equal(#told("an.na"), 0, "not before the day")
  hours(24)
  test.equal(told("an.na"), { "1 next step with a customer is due." })
  test.equal(#told("bo.bo"), 0)
  test.as("an.na", function(ctx)
    ctx.records.update("crm.activity", step,
      ctx.records.get("crm.activity", step).version, { next_done = true })
  end)
  hours(24)
  test.equal(#told("an.na"), 1, "a step that is done is told no more")
end)

test.test("a deal that is won closes today, and opens again", function()
  seller("an.na")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  local deal = create("an.na", "crm.opportunity", { title = "Chairs",
    customer = customer, amount = "100.00", closes = "2026-02-01" })
  test.as("an.na", function(ctx)
    local function change(values)
      local now = ctx.records.get("crm.opportunity", deal)
      ctx.records.update("crm.opportunity", deal, now.version, values)
      return ctx.records.get("crm.opportunity", deal)
    end
    local won = change { stage = "won" }
    test.equal(won.closed, "2026-01-05")
    test.equal(ctx.records.get("crm.customer", customer).status, "customer")
    test.ok(not change { stage = "talks" }.closed)
  end)
end)

test.test("a lost deal says why", function()
  seller("an.na")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  local answer = test.send("an.na", "POST", "/api/v1/records/crm.opportunity",
    { values = { title = "Chairs", customer = customer, amount = "100.00",
      closes = "2026-02-01", stage = "lost" } })
  test.equal(answer.status, 422)
  test.equal(answer.json.problems[1].field, "lost_reason")
end)

test.test("a customer that is given away is seen by the other one only", function()
  seller("an.na")
  local other = seller("bo.bo", "Sales South")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  create("an.na", "crm.contact", { name = "Chen", customer = customer })
  test.as("an.na", function(ctx)
    ctx.records.update("crm.customer", customer,
      ctx.records.get("crm.customer", customer).version, { manager = other })
    test.equal(ctx.records.count("crm.contact", {}), 0)
  end)
  test.equal(test.as("bo.bo", function(ctx)
    return ctx.records.count("crm.contact", {})
  end), 1)
  test.equal(test.get("an.na", "/m/crm/customers/" .. customer).status, 404)
  test.equal(test.get("bo.bo", "/m/crm/customers/" .. customer).status, 200)
end)

test.test("other modules get a customer in figures", function()
  seller("an.na")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  create("an.na", "crm.opportunity", { title = "Chairs", customer = customer,
    amount = "100.00", closes = "2026-02-01" })
  local got = test.as("an.na", function(ctx)
    return ctx:call("crm.customer_summary", customer)
  end)
  test.equal(got.name, "Lakeside Hotel")
  test.equal(got.open.count, 1)
  test.ok(got.open.amount == decimal "100.00")
  test.equal(got.won.count, 0)
end)

test.test("amounts are in the currency of the settings, everywhere", function()
  seller("an.na")
  local customer = create("an.na", "crm.customer", { name = "Lakeside Hotel" })
  local deal = create("an.na", "crm.opportunity", { title = "Chairs",
    customer = customer, amount = "1234.00", closes = "2026-02-01" })
  local pages = { "/records/crm.opportunity", "/records/crm.opportunity/" .. deal,
    "/m/crm/customers/" .. customer, "/m/crm/team" }
  local function shown(sign)
    for _, path in ipairs(pages) do
      local text = test.get("an.na", path).text
      test.ok(text:find(sign .. "1,234", 1, true), sign .. " on " .. path)
    end
  end
  shown("¥")
  local function set(currency)
    local page = test.get("admin", "/admin/modules/crm/settings").text
    return test.post("admin", "/admin/modules/crm/settings",
      { _fields = "dormant_days,currency,remind", dormant_days = "60",
        currency = currency, remind = "true",
        _version = page:match('name="_version" value="(%d+)"') }).status
  end
  test.equal(set("ABC"), 422, "no currency of the list")
  shown("¥")
  test.equal(set("EUR"), 303)
  shown("€")
  test.equal(set("CHF"), 303)
  shown("CHF ")
  local form = test.get("an.na", "/api/v1/forms/crm.opportunity").json
  for _, field in ipairs(form.fields) do
    if field.type == "money" then test.equal(field.currency, "CHF") end
  end
  local page = test.get("an.na", "/records/crm.opportunity/new").text
  test.ok(page:find(">CHF</span>", 1, true), "in the form")
end)

test.test("contact and deal are of the chosen customer", function()
  seller("an.na")
  local function company(name)
    local customer = create("an.na", "crm.customer", { name = name })
    return customer,
      create("an.na", "crm.contact", { name = "At " .. name,
        customer = customer }),
      create("an.na", "crm.opportunity", { title = "For " .. name,
        customer = customer, amount = "1.00", closes = "2026-02-01" })
  end
  local lake, chen = company("Lakeside Hotel")
  local hill, wu, stools = company("Hilltop Inn")
  local function offered(form, field, customer)
    local labels = {}
    for _, one in ipairs(test.get("an.na", "/api/v1/forms/crm." .. form ..
      "/fields/" .. field .. "/options?match.customer=" .. customer)
      .json.options) do labels[#labels + 1] = one.label end
    return table.concat(labels, ", ")
  end
  test.equal(offered("opportunity", "contact", lake), "At Lakeside Hotel")
  test.equal(offered("activity", "contact", hill), "At Hilltop Inn")
  test.equal(offered("activity", "opportunity", hill), "For Hilltop Inn")
  test.equal(offered("activity", "opportunity", ""),
    "For Hilltop Inn, For Lakeside Hotel")
  test.refused("form.no_match", function()
    create("an.na", "crm.opportunity", { title = "Chairs", customer = lake,
      contact = wu, amount = "1.00", closes = "2026-02-01" })
  end)
  test.refused("form.no_match", function()
    create("an.na", "crm.activity", { subject = "Call", customer = lake,
      opportunity = stools })
  end)
  local call = create("an.na", "crm.activity", { subject = "Call",
    customer = lake, contact = chen })
  test.refused("form.no_match", function()
    test.as("an.na", function(ctx)
      ctx.records.update("crm.activity", call,
        ctx.records.get("crm.activity", call).version, { customer = hill })
    end)
  end)
end)
