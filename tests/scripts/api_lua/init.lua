-- Uses every part of the SDK, for tests. tests/plugins/api_c does the same in
-- C; tests/http/twin.test.mjs compares what they answer.
local tenon = require "tenon"

local ITEM, LOG = "api_lua.item", "api_lua.log"

local function write_log(ctx, verb, item)
  ctx.records.create(LOG, { what = verb .. " " .. item.name })
end

tenon.on { form = ITEM, when = "before_save", call = function(ctx, item)
  if item.name == "bad" then
    return ctx:fail_at("invalid", "name", "api_lua.bad", "a bad name",
      { "bad", 3, decimal("2.50") })
  end
  -- A before-hook writes nothing, and begins nothing that could.
  if item.name == "writes" then ctx.records.create(LOG, {}) end
  if item.name == "begins" then ctx.records.transaction(function() end) end
  if not item.amount then
    item.amount = "1.50"
  elseif item.amount > decimal("100.00") then
    item.note = "large"
  end
  if not tenon.is_new(item) and tenon.changed(item, "name") then
    item.note = tenon.before(item, "name")
  end
end }

tenon.on { form = ITEM, when = "after_save", call = function(ctx, item)
  write_log(ctx, tenon.is_new(item) and "created" or "changed", item)
end }

tenon.on { form = ITEM, when = "before_delete", call = function(ctx, item)
  if item.name == "keep" then
    return ctx:fail("conflict", "api_lua.keep", "kept")
  end
end }

tenon.on { form = ITEM, when = "committed", call = function(ctx, item)
  if item.name == "later" then write_log(ctx, "committed", item) end
end }

tenon.route { path = "/api/v1/m/api_lua/echo/{word}",
  example = "/api/v1/m/api_lua/echo/x",
  call = function(ctx, request, answer)
    answer:json(200, {
      word = request:param("word"),
      q = request:query("q") or tenon.null,
      method = request.method,
      path = request.path,
      accept = request:header("accept"),
      cookie = request:header("cookie") or tenon.null,
      locale = ctx.locale,
      login = ctx.person.login,
    })
  end }

local function row_of(item)
  local row = {}
  for _, key in ipairs { "name", "amount", "day", "at", "done", "note",
    "version", "state" } do
    row[key] = item[key]
  end
  row.amount_text = item.text and item.text.amount
  return row
end

tenon.route { path = "/api/v1/m/api_lua/find",
  call = function(ctx, request, answer)
    local items = ctx.records.find(ITEM, {
      sort = "name", descending = true, texts = true, limit = 10,
      where = { ["or"] = {
        { amount = { ge = request:query("least") or "0" } },
        { name = { ["in"] = { "one", "two" } } },
      } },
    })
    local rows = {}
    for i, item in ipairs(items) do rows[i] = row_of(item) end
    answer:json(200, { items = rows, others = ctx.records.count(ITEM,
      { ["not"] = { name = "one" } }) })
  end }

tenon.route { path = "/api/v1/m/api_lua/update", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    ctx.records.update(ITEM, sent.id, sent.version, { name = sent.name })
    answer:json(200, row_of(ctx.records.get(ITEM, sent.id)))
  end }

local function text(ctx, request, answer)
  answer:header("Cache-Control", "private, max-age=60")
  answer:text(200, "text/plain; charset=utf-8", "grüß dich\n")
end

tenon.route { path = "/m/api_lua/text", call = text }
tenon.route { path = "/m/api_lua/admin", access = "administrator", call = text }
tenon.route { path = "/m/api_lua/public", access = "public", call = text }

tenon.route { path = "/m/api_lua/away", call = function(ctx, request, answer)
  answer:redirect(request:query("to"))
end }

tenon.route { path = "/m/api_lua/done", method = "POST",
  call = function(ctx, request, answer)
    answer:done("/m/notice",
      ctx:t("api_lua.done", { name = request:form("name") }))
  end }

tenon.route { path = "/m/api_lua/page", call = function(ctx, request, answer)
  answer:page("page", "api_lua.page", {
    hello = "<b>hello</b>", raw = "<script>alert(1)</script>" })
end }

tenon.route { path = "/api/v1/m/api_lua/self", expensive = true,
  anonymous = true,
  call = function(ctx, request, answer)
    local function count() return ctx.records.count(ITEM) end
    local all = ctx:as_module(count)
    -- An error inside leaves nothing of the module's rights behind.
    pcall(ctx.as_module, ctx, function() error("caught") end)
    answer:json(200, {
      all = all, own = count(),
      json = ctx:to_json(ctx:from_json('{"a":[1,"b"]}').a),
      token = #ctx:token(),
      may = ctx.records.may(ITEM, "create"),
      may_not = ctx.records.may(ITEM, "design"),
    })
  end }

tenon.route { path = "/api/v1/m/api_lua/figures",
  call = function(ctx, request, answer)
    answer:json(200, { rows = ctx.records.aggregate(ITEM, {
      groups = { request:query("group") },
      measures = { "count", request:query("measure") or "sum:amount" },
      sort = request:query("sort"),
      where = { name = { starts = "figure" } },
    }) })
  end }

-- outer "bad": the second record is refused; inner: in a part of its own.
tenon.route { path = "/api/v1/m/api_lua/transaction", method = "POST",
  call = function(ctx, request, answer)
    local inner = request:form("inner")
    ctx.records.transaction(function()
      ctx.records.create(ITEM, { name = "tx one" })
      if inner then
        pcall(ctx.records.transaction, function()
          ctx.records.create(ITEM, { name = "tx inner" })
          if inner == "fail" then error("inner") end
        end)
      end
      ctx.records.create(ITEM, { name = request:form("outer") })
    end)
    answer:json(200, { x = tenon.null })
  end }

tenon.route { path = "/api/v1/m/api_lua/delete", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    ctx.records.delete(ITEM, sent.id, sent.version)
    answer:json(200, { x = tenon.null })
  end }

-- In the menu of one person only.
tenon.menu { title = "api_lua.page", path = "/m/api_lua/page",
  call = function(ctx) return ctx.person.login == "zhang.wei" end }

-- Figures and days as people and fields have them.
tenon.route { path = "/api/v1/m/api_lua/words",
  call = function(ctx, request, answer)
    answer:json(200, {
      day = ctx:iso_date("2025-11-24T23:30:00.000Z"),
      number = ctx:number(decimal "1234.50"),
      money = ctx:money(decimal "1234.50", "CNY"),
      none = ctx:number(nil),
    })
  end }

tenon.route { path = "/m/api_lua/chart/{kind}", example = "/m/api_lua/chart/bar",
  call = function(ctx, request, answer)
    local url = "/m/api/page?of=1"
    local made = ctx:chart(request:param("kind"), {
      { label = "Quoted <b>", value = decimal("1200.50"), url = url },
      { label = "Won", value = decimal("300.00"), url = url },
    }, { title = "Amounts", format = "money", currency = "CNY" })
    answer:page("chart", "api_lua.page", { chart = made })
  end }

-- What came several times; a page of its own name that is no success.
tenon.route { path = "/m/api_lua/several", method = "POST",
  call = function(ctx, request, answer)
    answer:page("page", "api_lua.page", {
      page = { title = "Own <title>" },
      hello = ctx:to_json(request:form_list("x[]")),
    }, 422)
  end }

require "calls"
require "files"
require "people"
require "work"
