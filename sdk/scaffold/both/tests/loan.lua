-- Each test has a site of its own: nothing is left of the one before.
local test = require "tenon.test"

local LOANS = "@id@.loan"

local function lend(login, thing, due)
  return test.as(login, function(ctx)
    return ctx.records.create(LOANS,
      { thing = thing, borrower = test.id_of(login), due = due })
  end)
end

test.test("a loan ends today or later", function()
  test.at("2026-11-26T08:00:00Z")
  lend("li.na", "Drill", "2026-11-26")
  test.refused("@id@.past", function()
    lend("li.na", "Ladder", "2026-11-25")
  end)
end)

test.test("a late loan can still be changed", function()
  test.at("2026-11-26T08:00:00Z")
  local id = lend("li.na", "Drill", "2026-11-27")
  test.pass("3d")
  test.as("li.na", function(ctx)
    ctx.records.update(LOANS, id, 1, { thing = "Drill, large" })
    test.equal(ctx.records.get(LOANS, id).thing, "Drill, large")
  end)
end)

test.test("the page shows what a person may see", function()
  test.at("2026-11-26T08:00:00Z")
  lend("zhang.wei", "Projector", "2026-12-01")
  local own = test.get("zhang.wei", "/m/@id@")
  test.equal(own.status, 200)
  test.ok(own.text:find("Projector", 1, true), "the own loan is shown")
  local other = test.get("wang.fang", "/m/@id@")
  test.ok(not other.text:find("Projector", 1, true), "a colleague's is not")
end)

test.test("who is not signed in is sent to the sign-in", function()
  test.equal(test.get(nil, "/m/@id@").status, 303)
end)
