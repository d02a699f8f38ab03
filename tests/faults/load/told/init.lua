-- What was told after a commit, at least once each: a line with the note's
-- number.
local tenon = require "tenon"

tenon.on {
  form = "note",
  when = "committed",
  call = function(ctx, note)
    ctx.records.create("told.line", { number = note.number })
  end,
}
