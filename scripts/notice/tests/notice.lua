local test = require "tenon.test"

local function put_up(values)
  return test.as("huang.yan", function(ctx)
    return ctx.records.create("notice", values)
  end)
end

local function board(login)
  return test.get(login, "/m/notice").text
end

test.test("a notice ends by itself after 30 days", function()
  put_up({ title = "New coffee machine" })
  test.ok(board("sun.tao"):find("New coffee machine", 1, true), "day 1")
  test.pass("30d")
  test.ok(board("sun.tao"):find("New coffee machine", 1, true), "day 31")
  test.pass("1d")
  test.ok(not board("sun.tao"):find("New coffee machine", 1, true), "day 32")
end)

test.test("a notice can't end before it starts", function()
  test.refused("notice.ends_first", function()
    put_up({ title = "Yesterday", starts = "2026-01-05", ends = "2026-01-04" })
  end)
end)
