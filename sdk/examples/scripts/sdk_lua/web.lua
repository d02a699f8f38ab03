-- Examples: requests and their answers, files, cookies.
local tenon = require "tenon"

local THING = "sdk_lua.thing"

-- example: TN_ROUTE, tn_param, tn_answer_json
-- A thing as JSON. The record is asked for as the person: one that he may not
-- see is not found. Addresses lie below /m/ID, or /api/v1/m/ID for JSON.
tenon.route { path = "/api/v1/m/sdk_lua/things/{id}",
  example = "/api/v1/m/sdk_lua/things/1",
  call = function(ctx, request, answer)
    local thing = ctx.records.get(THING, request:param("id"))
    if not thing then
      return ctx:fail("not_found", "sdk_lua.none", "no such thing")
    end
    answer:json(200, { name = thing.name, value = thing.value })
  end }
-- end

-- example: tn_query, tn_set_header, tn_answer_text
-- /m/sdk_lua/label?of=…: the text for a label printer. Answers are not cached
-- unless a header says so.
tenon.route { path = "/m/sdk_lua/label", call = function(ctx, request, answer)
  local of = request:query("of")
  if not of then return ctx:fail("bad_request", "sdk_lua.none", "no ?of=") end
  answer:header("Cache-Control", "private, max-age=60")
  answer:text(200, "text/plain; charset=utf-8", of)
end }
-- end

-- example: tn_form_field, tn_form_list, tn_answer_done
-- A form of the module's page was sent: kinds in fields "kind[]", a word in
-- "name". What was done is said on the page where it leads.
tenon.route { path = "/m/sdk_lua/add", method = "POST",
  call = function(ctx, request, answer)
    local name = request:form("name")
    for _, kind in ipairs(request:form_list("kind[]")) do
      ctx.records.create(THING, { name = name, kind = kind })
    end
    answer:done("/m/sdk_lua", ctx:t("sdk_lua.taken", { name = name }))
  end }
-- end

-- example: tn_json, tn_method, tn_path, tn_header
-- What a caller sent, given back: for whoever tries out an interface.
tenon.route { path = "/api/v1/m/sdk_lua/echo", method = "POST",
  call = function(ctx, request, answer)
    local sent = request:json() or {} -- nil: no JSON came
    answer:json(200, { method = request.method, path = request.path,
      type = request:header("content-type"), word = sent.word })
  end }
-- end

-- example: tn_answer_redirect
-- The short address on a label leads to the record's page.
tenon.route { path = "/m/sdk_lua/t/{id}", example = "/m/sdk_lua/t/1",
  call = function(ctx, request, answer)
    answer:redirect("/records/" .. THING .. "/" .. request:param("id"))
  end }
-- end

-- example: tn_answer_page, tn_set_status
-- A search page of the module's own: pages/today.mustache over the data, in the
-- frame. One that found nothing says so in its status as well.
tenon.route { path = "/m/sdk_lua/search", call = function(ctx, request, answer)
  local word = request:query("q")
  local found = ctx.records.count(THING, { name = { contains = word } })
  answer:page("today", "sdk_lua.title", { word = word },
    found == 0 and 404 or 200)
end }
-- end

-- example: tn_chart
-- Bars of what each kind is worth; pages/values.mustache puts it out with
-- {{#chart}}{{>chart}}{{/chart}}, figures and all, without any script.
tenon.page { path = "/m/sdk_lua/values", template = "values",
  title = "sdk_lua.values", call = function(ctx)
    local bars = {}
    for i, row in ipairs(ctx.records.aggregate(THING,
      { groups = { "kind" }, measures = { "sum:value" } })) do
      bars[i] = { label = row.text.kind, value = row["sum:value"] }
    end
    return { chart = ctx:chart("bar", bars, { title = ctx:t("sdk_lua.values"),
      format = "money", currency = "CNY" }) }
  end }
-- end

-- example: tn_cookie, tn_set_cookie
-- Remembers in the browser which shelf somebody looks at, for 30 days. The host
-- signs it: what comes back is what was set, or nothing. What is open to
-- everybody is `expensive`: the host slows down who asks too often.
tenon.route { path = "/m/sdk_lua/shelf", access = "public", expensive = true,
  call = function(ctx, request, answer)
    local chosen = request:query("shelf")
    if chosen then answer:cookie("shelf", chosen, 30 * 86400) end
    answer:text(200, "text/plain; charset=utf-8",
      request:cookie("shelf") or "all")
  end }
-- end

-- example: tn_file_upload, tn_file_finish
-- A form with a part "manual" was sent: the file becomes that of a thing. It is
-- checked as any upload is: name, size, and kind by its content.
tenon.route { path = "/m/sdk_lua/manual", method = "POST",
  call = function(ctx, request, answer)
    local file = request:upload("manual")
    if not file then
      return ctx:fail("bad_request", "sdk_lua.none", "no file came")
    end
    ctx.records.create(THING,
      { name = request:form("name"), manual = { file:finish() } })
    answer:done("/m/sdk_lua")
  end }
-- end

-- example: tn_file_open, tn_file_read, tn_file_about
-- Name and number of lines of a thing's manual. Files are read in parts: they
-- may be larger than what a call may hold.
local function look_into(ctx, id)
  local file = ctx.files.open(id)
  if not file then return nil end -- or it is of a record that is not seen
  local lines, part = 0, file:read(4096)
  while part do
    for _ in part:gmatch("\n") do lines = lines + 1 end
    part = file:read(4096)
  end
  return { name = file:about().name, lines = lines }
end
-- end

tenon.route { path = "/api/v1/m/sdk_lua/look",
  call = function(ctx, request, answer)
    local things = ctx.records.find(THING,
      { where = { name = request:query("of") } })
    answer:json(200, look_into(ctx, things[1].manual[1]))
  end }

-- example: tn_file_create, tn_file_write, tn_answer_file
-- A list of the things as a download, written for this answer alone.
tenon.route { path = "/m/sdk_lua/download",
  call = function(ctx, request, answer)
    local file = ctx.files.create("things.txt")
    for _, thing in ipairs(ctx.records.find(THING,
      { sort = "name", limit = 200 })) do
      file:write(thing.name .. "\n")
    end
    answer:file(file)
  end }
-- end
