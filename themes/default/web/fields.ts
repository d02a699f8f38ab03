// fields.ts - what a form's fields hold: reading them for the logic, writing
// what it answers, errors at their places. Names are paths: "items.0.price".
import type { Problem } from "./api.ts";
import type { FieldState } from "./lua.ts";
import { all, byName, make, one } from "./dom.ts";
import { groupDigits, locale, t } from "./texts.ts";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export function isControl(element: Element): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/** The id of the control of a name: "items.0.price" → "f-items-0-price". */
export function idOf(name: string): string {
  return `f-${name.replace(/\./g, "-")}`;
}

/** The element around a field. */
export function fieldOf(form: ParentNode, name: string): HTMLElement | null {
  return one(`[data-field="${CSS.escape(name)}"]`, form);
}

/** "１，２３４．５" and "1 234.5" as people type them → "1234.5". */
export function plainNumber(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[，,\s\u00a0_'’￥¥$€%]/g, "")
    .replace(/。/g, ".")
    .replace(/[−–—]/g, "-");
}

/** "5" and "5.00": what somebody typed stays as it was typed. */
function sameNumber(typed: string, value: string): boolean {
  const digits = (text: string): string =>
    text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const plain = plainNumber(typed);
  return (
    /^-?\d+(\.\d+)?$/.test(plain) &&
    /^-?\d+(\.\d+)?$/.test(value) &&
    digits(plain) === digits(value)
  );
}

function textOf(field: HTMLElement, form: HTMLFormElement): string {
  const name = field.dataset["field"] ?? "";
  for (const element of byName(form, name)) {
    if (element instanceof HTMLInputElement && element.type === "radio") {
      if (element.checked) return element.value;
    } else if (isControl(element)) {
      return element.value;
    }
  }
  return "";
}

function listOf(form: HTMLFormElement, name: string): string[] {
  const values: string[] = [];
  for (const element of byName(form, `${name}[]`)) {
    if (element instanceof HTMLSelectElement)
      values.push(...[...element.selectedOptions].map((o) => o.value));
    else if (element instanceof HTMLInputElement)
      if (element.type === "hidden" || element.checked)
        values.push(element.value);
  }
  return values.filter(Boolean);
}

function numberOf(text: string, whole: boolean): unknown {
  const plain = plainNumber(text);
  if (!/^-?\d+(\.\d+)?$/.test(plain)) return null;
  if (!whole) return plain;
  const number = Number(plain);
  return Number.isSafeInteger(number) ? number : null;
}

/** The value of one field as the logic wants it. */
function valueOf(field: HTMLElement, form: HTMLFormElement): unknown {
  const name = field.dataset["field"] ?? "";
  const type = field.dataset["type"] ?? "text";
  switch (type) {
    case "integer":
      return numberOf(textOf(field, form), true);
    case "decimal":
    case "money":
    case "percent":
      return numberOf(textOf(field, form), false);
    case "boolean":
      return byName(form, name).some(
        (element) => element instanceof HTMLInputElement && element.checked,
      );
    case "multi_choice":
    case "file":
      return listOf(form, name);
    case "user":
    case "department":
    case "link":
      return byName(form, `${name}[]`).length
        ? listOf(form, name)
        : textOf(field, form) || null;
    default:
      return textOf(field, form) || null;
  }
}

/** All fields: {purpose: "…", items: [{…}, {…}]}. */
export function readValues(form: HTMLFormElement): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const field of all("[data-field]", form)) {
    const name = field.dataset["field"] ?? "";
    const type = field.dataset["type"] ?? "";
    if (type === "computed" || type === "auto_number") continue;
    if (type === "sub_table") {
      values[name] ??= [];
      continue;
    }
    const parts = name.split(".");
    if (parts.length === 1) {
      values[name] = valueOf(field, form);
      continue;
    }
    const [table = "", index = "0", key = ""] = parts;
    const rows = (values[table] ??= []) as Record<string, unknown>[];
    (rows[Number(index)] ??= {})[key] = valueOf(field, form);
  }
  return values;
}

function dateText(value: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (!match) return value;
  const date = new Date(Date.UTC(+match[1]!, +match[2]! - 1, +match[3]!));
  return new Intl.DateTimeFormat(locale === "en-XA" ? "en" : locale, {
    dateStyle: "medium",
    timeZone: "UTC",
  }).format(date);
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What people read in an <output>. */
function shown(value: unknown): string {
  if (value === true) return "✓";
  if (value === false) return "–";
  const text = plainText(value);
  return text === "" ? "—" : groupDigits(dateText(text));
}

function writeChoices(form: HTMLFormElement, name: string, value: unknown): void {
  const chosen = new Set(Array.isArray(value) ? value.map(String) : []);
  for (const element of byName(form, `${name}[]`)) {
    if (element instanceof HTMLInputElement && element.type === "checkbox")
      element.checked = chosen.has(element.value);
    else if (element instanceof HTMLSelectElement)
      element.dispatchEvent(
        new CustomEvent("tenon:set", { detail: [...chosen] }),
      );
  }
}

/** Puts a value into its field; the one that somebody is in is left. */
export function writeValue(
  form: HTMLFormElement,
  name: string,
  value: unknown,
): void {
  for (const output of all(`[data-computed="${CSS.escape(name)}"]`, form))
    output.textContent = shown(value);
  for (const element of byName(form, name)) {
    if (element === document.activeElement) continue;
    if (element instanceof HTMLInputElement && element.type === "checkbox")
      element.checked = value === true || value === "true";
    else if (element instanceof HTMLInputElement && element.type === "radio")
      element.checked = element.value === plainText(value);
    else if (element.closest("[data-island=picker], [data-island=cascade]"))
      element.dispatchEvent(
        new CustomEvent("tenon:set", { detail: plainText(value) }),
      );
    else if (isControl(element) && !sameNumber(element.value, plainText(value)))
      element.value = plainText(value);
  }
  writeChoices(form, name, value);
}

/** "items.price" names a column: all its cells. */
function fieldsNamed(form: HTMLFormElement, name: string): HTMLElement[] {
  const direct = fieldOf(form, name);
  if (direct) return [direct];
  const [table, key] = name.split(".");
  if (!table || !key) return [];
  const pattern = new RegExp(`^${table}\\.\\d+\\.${key}$`);
  return all("[data-field]", form).filter((field) =>
    pattern.test(field.dataset["field"] ?? ""),
  );
}

/** Shown, locked, required, as the rules say. A hidden field is not sent
 * (E14): its controls are disabled. */
export function applyState(
  form: HTMLFormElement,
  name: string,
  state: FieldState,
): void {
  for (const field of fieldsNamed(form, name)) {
    if (state.hidden !== undefined) {
      field.hidden = state.hidden;
      for (const control of all("input, select, textarea", field))
        if (isControl(control) && !control.dataset["locked"])
          control.disabled = state.hidden;
    }
    if (state.required !== undefined) {
      const star = one(".tn-star", field);
      if (star) star.hidden = !state.required;
      for (const control of all("input, select, textarea", field))
        if (isControl(control) && control.name)
          control.required = state.required;
    }
    if (state.read_only !== undefined)
      for (const control of all("input, select, textarea", field))
        if (
          control instanceof HTMLInputElement ||
          control instanceof HTMLTextAreaElement
        )
          control.readOnly = state.read_only;
        else field.classList.toggle("is-locked", state.read_only);
  }
}

/** The control that an error belongs to; the field's first one otherwise. */
export function controlOf(
  form: HTMLFormElement,
  name: string,
): HTMLElement | null {
  const byId = document.getElementById(idOf(name));
  if (byId && form.contains(byId)) return byId;
  const named = byName(form, name)[0] ?? byName(form, `${name}[]`)[0];
  if (named && named.getClientRects().length) return named;
  const field = fieldOf(form, name);
  return field
    ? one("input:not([type=hidden]), select, textarea, [tabindex]", field)
    : null;
}

export function clearProblems(form: HTMLFormElement): void {
  for (const note of all(".invalid-feedback", form)) note.textContent = "";
  for (const control of all(".is-invalid, [aria-invalid]", form)) {
    control.classList.remove("is-invalid");
    control.removeAttribute("aria-invalid");
  }
  const summary = one("[data-problems]", form);
  if (summary) summary.hidden = true;
}

function markField(form: HTMLFormElement, name: string, message: string): void {
  const control = controlOf(form, name);
  const note =
    document.getElementById(`${idOf(name)}-error`) ??
    fieldOf(form, name)?.querySelector<HTMLElement>(".invalid-feedback");
  if (note) note.textContent = message;
  if (!control) return;
  const box = control.closest(".tn-combo") ?? control;
  box.classList.add("is-invalid");
  control.setAttribute("aria-invalid", "true");
}

function summaryOf(form: HTMLFormElement): HTMLElement {
  const there = one("[data-problems]", form);
  if (there) return there;
  const made = make("div", {
    class: "tn-problems",
    "data-problems": true,
    role: "alert",
    tabindex: "-1",
  });
  made.append(make("h2"), make("ul"));
  form.prepend(made);
  return made;
}

function labelText(id: string): string {
  const label = document.getElementById(`${id}-label`)?.cloneNode(true);
  if (!(label instanceof Element)) return "";
  for (const star of label.querySelectorAll(".tn-star")) star.remove();
  return label.textContent?.trim() ?? "";
}

/** What the summary calls a field: "Purpose", "Items 2 · Unit price"; a part
 * that is no row of a table by its own label. */
function nameOf(name: string): string {
  const [table = "", index, key] = name.split(".");
  if (key === undefined || index === undefined || !/^\d+$/.test(index))
    return labelText(idOf(name));
  const label = labelText(idOf(name));
  return `${labelText(idOf(table))} ${Number(index) + 1} · ${label}`;
}

/** Each error at its field and in the summary, which takes the focus (E12).
 * Values stay as they are. */
export function showProblems(form: HTMLFormElement, problems: Problem[]): void {
  clearProblems(form);
  const summary = summaryOf(form);
  const list = one("ul", summary) ?? summary;
  const title = one("h2 span", summary) ?? one("h2", summary);
  if (title)
    title.textContent =
      problems.length === 1
        ? t("problem")
        : t("problems", { count: problems.length });
  list.replaceChildren();
  for (const problem of problems) {
    const name = problem.field ?? "";
    const control = name ? controlOf(form, name) : null;
    if (name) markField(form, name, problem.message);
    if (!control) {
      list.append(make("li", {}, problem.message));
      continue;
    }
    const link = make("a", { href: `#${control.id || idOf(name)}` });
    const called = nameOf(name);
    link.textContent = called
      ? `${called}: ${problem.message}`
      : problem.message;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      control.focus();
      control.scrollIntoView({ block: "center" });
    });
    list.append(make("li", {}, link));
  }
  summary.hidden = false;
  summary.focus();
  summary.scrollIntoView({ block: "nearest" });
}

/** Required fields that are empty, but not those of rows left blank. */
export function missing(form: HTMLFormElement): Problem[] {
  const blank = (control: Element): boolean => {
    const row = control.closest("tr[data-row]");
    return (
      row !== null &&
      all<HTMLInputElement>("input:not([type=hidden]), select", row).every(
        (one) => !one.value.trim(),
      )
    );
  };
  return all<HTMLInputElement>(
    "input[required]:not([type=radio]), select[required], textarea[required]",
    form,
  )
    .filter(
      (control) =>
        !control.disabled &&
        !control.value.trim() &&
        !control.closest("[hidden]") &&
        !blank(control),
    )
    .map((control) => ({
      field: control.name.replace(/\[\]$/, ""),
      message: t("required"),
    }));
}
