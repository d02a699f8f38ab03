-- Files as streams, downloads, cookies.
local tenon = require "tenon"

local ITEM = "api_lua.item"

local function save_with(ctx, name, file)
  return ctx.records.create(ITEM, { name = name, paper = { file } })
end

-- The part "paper" of the body becomes the paper of a new item.
local function take(ctx, request, answer)
  local file = request:upload("paper")
  if not file then
    return ctx:fail("not_found", "api_lua.bad", "no paper came")
  end
  local first, about = file:read(5), file:about()
  -- What was sent is not written on.
  if pcall(file.write, file, "x") then error("written") end
  local id = file:finish()
  answer:json(200, { first = first, about = about, file = id,
    item = save_with(ctx, request:form("name") or "paper", id) })
end

tenon.route { path = "/api/v1/m/api_lua/take", method = "POST", call = take }
tenon.route { path = "/m/api_lua/take_public", method = "POST",
  access = "public", call = take }

tenon.route { path = "/api/v1/m/api_lua/look",
  call = function(ctx, request, answer)
    local function look()
      local file = ctx.files.open(request:query("id"))
      if not file then return nil end
      local length, part = 0, file:read(1000)
      while part do
        length = length + #part
        part = file:read(1000)
      end
      return { about = file:about(), length = length }
    end
    local seen
    if request:query("as_module") then seen = ctx:as_module(look)
    else seen = look() end
    if not seen then
      return ctx:fail("not_found", "api_lua.bad", "not there")
    end
    answer:json(200, seen)
  end }

tenon.route { path = "/m/api_lua/download",
  call = function(ctx, request, answer)
    local file = ctx.files.open(request:query("id"))
    if not file then
      return ctx:fail("not_found", "api_lua.bad", "not there")
    end
    answer:file(file)
  end }

-- Written for this answer alone.
tenon.route { path = "/m/api_lua/report", call = function(ctx, request, answer)
  local file = ctx.files.create(request:query("name"))
  for _ = 1, 3 do file:write("a,b\n") end
  answer:file(file)
end }

-- A file of its own making, `times` as long.
tenon.route { path = "/api/v1/m/api_lua/make", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json()
    local file = ctx.files.create(sent.name)
    for _ = 1, sent.times or 1 do file:write(sent.text) end
    local id = file:finish()
    save_with(ctx, "made", id)
    answer:json(200, { file = id, about = file:about() })
  end }

-- In the background, where nobody is signed in.
tenon.on { form = ITEM, when = "committed", order = 1,
  call = function(ctx, item)
    if item.name ~= "file later" then return end
    local file = ctx.files.create("later.txt")
    file:write("later\n")
    save_with(ctx, "filed", file:finish())
  end }

tenon.route { path = "/m/api_lua/cookie", access = "public",
  call = function(ctx, request, answer)
    local set = request:query("set")
    if set then
      answer:cookie(request:query("name") or "voted", set,
        tonumber(request:query("seconds") or 0))
    end
    answer:text(200, "text/plain; charset=utf-8",
      request:cookie("voted") or "none")
  end }
