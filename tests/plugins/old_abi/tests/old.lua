-- A module of the first header runs on the host of today.
local test = require "tenon.test"

test.test("its hooks run, and refuse", function()
  test.as("li.na", function(ctx)
    local id = ctx.records.create("old_abi.item", { name = "Drill" })
    local item = ctx.records.get("old_abi.item", id)
    test.equal(item.note, "Drill")
    test.refused("old_abi.kept", function()
      ctx.records.delete("old_abi.item", id, item.version)
    end)
  end)
end)

test.test("its route, page and menu entry answer", function()
  test.as("li.na", function(ctx)
    ctx.records.create("old_abi.item", { name = "Drill" })
  end)
  test.equal(test.get("li.na", "/api/v1/m/old_abi/list").json,
    { first = "Drill", count = 1 })
  local page = test.get("li.na", "/m/old_abi")
  test.equal(page.status, 200)
  test.ok(page.text:find('<p id="hello">Old hello</p>', 1, true))
  test.ok(page.text:find('href="/m/old_abi"', 1, true), "the menu leads there")
end)
