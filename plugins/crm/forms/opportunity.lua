-- An opportunity: the stage says how probable it is, and a lost one why.

local PROBABILITY = {
  first = 10, need = 25, offer = 50, talks = 75, won = 100, lost = 0,
}

function on_change(form, field)
  if field == "stage" and form.stage then
    form.probability = PROBABILITY[form.stage]
    if form.stage ~= "lost" then form.lost_reason = nil end
  end
end

function rules(form)
  local lost = form.stage == "lost"
  form:hide("lost_reason", not lost)
  form:require("lost_reason", lost)
  form:require("competitor", lost and form.lost_reason == "competitor")
  form:lock("probability", lost or form.stage == "won")
end
