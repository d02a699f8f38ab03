// fill.js - branching while somebody answers: questions come and go at once,
// and what is not asked is not sent. design.lua does the same on the server,
// which decides.

const controls = (item) => item.querySelectorAll("input, select, textarea");

// What stands in a question: a list of texts; empty where it is not answered.
function valuesOf(item) {
  const values = [];
  for (const control of controls(item)) {
    if (/^(radio|checkbox)$/.test(control.type)) {
      if (control.checked) values.push(control.value);
    } else if (control.value.trim()) {
      values.push(control.value.trim());
    }
  }
  return values;
}

function holds(when, values) {
  if (!values.length) return false;
  if (when.op === "at_least" || when.op === "at_most") {
    const number = Number(values[0].normalize("NFKC").replace(/[\s,]/g, ""));
    return when.op === "at_least" ? number >= Number(when.value)
      : number <= Number(when.value);
  }
  const met = values.some((value) => when.values.includes(value));
  return when.op === "is" ? met : !met;
}

function show(element, yes) {
  element.hidden = !yes;
}

export function start(element) {
  const form = element.closest("form");
  const items = new Map();
  for (const item of form.querySelectorAll("[data-item]"))
    items.set(item.dataset.item, item);
  const whens = new Map();
  for (const [id, item] of items)
    if (item.dataset.when) whens.set(id, JSON.parse(item.dataset.when));
  if (!whens.size) return;
  for (const note of form.querySelectorAll("[data-only]")) note.hidden = true;

  // In the order of the page: a condition asks what stands before.
  function branch() {
    const shown = new Map();
    for (const [id, item] of items) {
      const when = whens.get(id);
      const section = item.closest("[data-section]");
      const inside = section === item || section.hidden !== true;
      const yes = !when || (shown.get(when.question) === true &&
        holds(when, valuesOf(items.get(when.question))));
      shown.set(id, inside && yes);
      show(item, yes);
    }
    for (const [id, item] of items) {
      if (item.hasAttribute("data-section")) continue;
      for (const control of controls(item)) control.disabled = !shown.get(id);
    }
  }
  form.addEventListener("input", branch);
  form.addEventListener("change", branch);
  // A draft that is taken up sets values without events.
  form.addEventListener("click", () => requestAnimationFrame(branch));
  branch();
}
