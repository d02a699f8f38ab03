-- The notice board: an example module in Lua.
--
-- The form is a declaration (forms/notice.json). Code is for what is special:
-- a notice ends by itself, a page shows those that hold today, and a process
-- may put one up.

local tenon = require "tenon"

local FORM = "notice"
local DAYS = 30 -- a notice without a last day

-- A notice has a last day, and not before its first.
tenon.on {
  form = FORM,
  when = "before_save",
  guard = "id",
  call = function(ctx, notice)
    local starts = notice.starts
    if not starts then
      starts = tostring(date.today())
      notice.starts = starts
    end
    if not notice.ends then
      notice.ends = tostring(date(starts):add_days(DAYS))
    elseif notice.ends < starts then
      return ctx:fail_at("invalid", "ends", "notice.ends_first",
        "a notice ends before it starts")
    end
  end,
}

local function current(today)
  return { starts = { le = today }, ends = { ge = today } }
end

-- What the page shows of a notice.
local function card(ctx, notice)
  return {
    url = "/records/" .. FORM .. "/" .. notice.id,
    title = notice.title,
    body = notice.body,
    important = notice.important or false,
    by = notice.text.author,
    ends = ctx:t("notice.until", { date = ctx:date(notice.ends) }),
  }
end

tenon.page {
  path = "/m/notice",
  template = "board",
  title = "notice.board",
  call = function(ctx, request)
    local found = ctx.records.find(FORM, {
      where = current(tostring(date.today())),
      sort = "starts", descending = true, limit = 100, texts = true,
    })
    local first, others = {}, {}
    for _, notice in ipairs(found) do
      local list = notice.important and first or others
      list[#list + 1] = card(ctx, notice)
    end
    for _, one in ipairs(others) do
      first[#first + 1] = one
    end
    return { notices = first, page = { width = "read" } }
  end,
}

tenon.menu {
  title = "notice.board",
  path = "/m/notice",
  icon = "speakerphone",
  form = FORM,
  order = 50,
}

-- tenon:service="notice.publish": puts up a notice. Parameters: title, body,
-- days (30), important ("true").
tenon.service {
  name = "notice.publish",
  call = function(ctx, record, parameters)
    if not parameters.title or parameters.title == "" then
      return ctx:fail("invalid", "notice.no_title",
        "notice.publish needs a title")
    end
    local days = tonumber(parameters.days or DAYS)
    local today = date.today()
    ctx.records.create(FORM, {
      title = parameters.title,
      body = parameters.body,
      author = record.owner,
      important = parameters.important == true
        or parameters.important == "true",
      starts = tostring(today),
      ends = tostring(today:add_days(math.tointeger(days) or DAYS)),
    })
    ctx:log("info", "notice.published", tenon.form(record))
  end,
}
