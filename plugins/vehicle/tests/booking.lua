local test = require "tenon.test"

local CARS, BOOKINGS = "vehicle.car", "vehicle.booking"

local function car(name)
  return test.as("admin", function(ctx)
    return ctx.records.create(CARS,
      { name = name, plate = name, seats = 5, in_service = true })
  end)
end

local function book(login, vehicle, starts, ends)
  return test.as(login, function(ctx)
    return ctx.records.create(BOOKINGS, { vehicle = vehicle, purpose = "Visit",
      driver = test.id_of(login), starts = starts, ends = ends })
  end)
end

test.test("nobody gets a car that is taken, whoever took it", function()
  local van = car("Van")
  book("li.na", van, "2026-01-06T09:00:00Z", "2026-01-06T12:00:00Z")
  test.refused("vehicle.overlap", function()
    book("sun.tao", van, "2026-01-06T11:00:00Z", "2026-01-06T13:00:00Z")
  end)
  book("sun.tao", van, "2026-01-06T12:00:00Z", "2026-01-06T13:00:00Z")
end)

test.test("another car is free at the same time", function()
  book("li.na", car("Van"), "2026-01-06T09:00:00Z", "2026-01-06T12:00:00Z")
  book("sun.tao", car("Bus"), "2026-01-06T09:00:00Z", "2026-01-06T12:00:00Z")
end)

test.test("the page of the day shows who has which car", function()
  book("li.na", car("Van"), "2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z")
  local page = test.get("sun.tao", "/m/vehicle/day")
  test.equal(page.status, 200)
  test.ok(page.text:find("Van", 1, true), "the car")
  test.ok(page.text:find("10:00", 1, true), "when it leaves")
end)
