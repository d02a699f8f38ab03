// filter.ts - the filter's editor made comfortable: only the operators that a
// field has, and for its value a control of its kind. What is sent stays the
// plain form's add.value.
import { all, make, one } from "./dom.ts";
import { t } from "./texts.ts";

interface Choice {
  value: string;
  label: string;
}

const VALUELESS = /^(empty|not_empty)$/;
const DAYS = /^(last|next)_(\d+)_days$/;
const RELATIVE = /^today(?:([+-])(\d+))?$/;

function choices(list: Element | null): Choice[] {
  return list
    ? all<HTMLOptionElement>("option", list).map((option) => ({
        value: option.value,
        label: option.label || option.textContent || option.value,
      }))
    : [];
}

export class FilterEditor {
  constructor(private readonly root: HTMLElement) {
    root.addEventListener("change", (event) => {
      const id = (event.target as Element).id;
      if (id === "filter-field") this.operators();
      if (id === "filter-field" || id === "filter-op") this.control("");
    });
    this.refresh();
  }

  private form(): HTMLFormElement | null {
    return one<HTMLFormElement>("[data-filter]", this.root);
  }

  /** After the list was swapped the form is the server's again. */
  refresh(): void {
    const form = this.form();
    if (!form) return;
    this.operators();
    this.control(one<HTMLInputElement>("#filter-value", form)?.value ?? "");
    const menu = form.closest("details");
    if (menu?.open && menu.querySelector("[name=edit], [role=alert]"))
      one<HTMLElement>("[data-filter-value] :is(input, select)", form)?.focus();
  }

  private field(): HTMLOptionElement | null {
    return (
      one<HTMLSelectElement>("#filter-field", this.root)?.selectedOptions[0] ??
      null
    );
  }

  private operators(): void {
    const op = one<HTMLSelectElement>("#filter-op", this.root);
    const field = this.field();
    const form = this.form();
    if (!op || !field || !form) return;
    const own = choices(
      one(
        `[data-ops-of="${CSS.escape(field.dataset["class"] ?? "")}"]`,
        form,
      ),
    );
    const before = op.value;
    op.replaceChildren(...own.map(({ value, label }) => new Option(label, value)));
    // What one mostly looks for first.
    const first = own.some((o) => o.value === "within")
      ? "within"
      : own.some((o) => o.value === "in") && field.dataset["class"] !== "text"
        ? "in"
        : (own[0]?.value ?? "");
    op.value = own.some((o) => o.value === before) && this.editing()
      ? before
      : first;
  }

  private editing(): boolean {
    return !!one("[name=edit]", this.form() ?? this.root);
  }

  /** The control for the value; `value` is what it shows first. */
  private control(value: string): void {
    const host = one("[data-filter-value]", this.root);
    const field = this.field();
    const op = one<HTMLSelectElement>("#filter-op", this.root)?.value ?? "";
    if (!host || !field) return;
    const kind = field.dataset["class"] ?? "text";
    const hidden = make("input", { type: "hidden", name: "add.value" });
    hidden.value = value;
    host.hidden = VALUELESS.test(op);
    host.replaceChildren(hidden);
    if (host.hidden) return;
    const known = choices(
      one(`[data-options-of="${CSS.escape(field.value)}"]`, this.form()!),
    );
    if (op === "within") this.periods(host, hidden);
    else if (kind === "date" || kind === "instant") this.day(host, hidden);
    else if (kind === "id") void this.people(host, hidden, field, op, known);
    else if (known.length && op === "in") this.ticks(host, hidden, known);
    else if (known.length) this.one(host, hidden, known);
    else this.text(host, hidden, kind);
  }

  private label(host: Element, control: string): void {
    host.append(
      make(
        "label",
        { class: "form-label", for: control },
        t("filter_value"),
      ),
    );
  }

  private text(host: Element, hidden: HTMLInputElement, kind: string): void {
    const input = make("input", {
      id: "filter-value",
      class: "form-control",
      maxlength: "800",
      autocomplete: "off",
      inputmode: kind === "number" ? "decimal" : "text",
    });
    input.value = hidden.value;
    input.addEventListener("input", () => (hidden.value = input.value));
    this.label(host, input.id);
    host.append(input);
  }

  private select(id: string, options: Choice[]): HTMLSelectElement {
    const select = make("select", { id, class: "form-select" });
    select.append(...options.map((o) => new Option(o.label, o.value)));
    return select;
  }

  private one(host: Element, hidden: HTMLInputElement, known: Choice[]): void {
    const select = this.select("filter-value", known);
    if (known.some((o) => o.value === hidden.value)) select.value = hidden.value;
    const take = (): void => {
      hidden.value = select.value;
    };
    select.addEventListener("change", take);
    this.label(host, select.id);
    host.append(select);
    take();
  }

  private ticks(host: Element, hidden: HTMLInputElement, known: Choice[]): void {
    const chosen = new Set(hidden.value.split(","));
    const group = make(
      "fieldset",
      { class: "tn-filterticks" },
      make("legend", { class: "form-label" }, t("filter_value")),
    );
    const take = (): void => {
      hidden.value = all<HTMLInputElement>("input", group)
        .filter((input) => input.checked)
        .map((input) => input.value)
        .join(",");
    };
    known.forEach((option, index) => {
      const input = make("input", {
        class: "form-check-input",
        type: "checkbox",
        id: index ? null : "filter-value",
      });
      input.value = option.value;
      input.checked = chosen.has(option.value);
      group.append(
        make(
          "label",
          { class: "form-check" },
          input,
          make("span", { class: "form-check-label" }, option.label),
        ),
      );
    });
    group.addEventListener("change", take);
    host.append(group);
  }

  private number(value: string): HTMLInputElement {
    const input = make("input", {
      class: "form-control",
      type: "number",
      min: "1",
      max: "3660",
      "aria-label": t("days"),
    });
    input.value = value;
    return input;
  }

  private periods(host: Element, hidden: HTMLInputElement): void {
    const named = choices(one("[data-periods]", this.form()!));
    const select = this.select("filter-value", [
      ...named,
      { value: "last", label: t("period_last") },
      { value: "next", label: t("period_next") },
    ]);
    const days = DAYS.exec(hidden.value);
    const number = this.number(days?.[2] ?? "7");
    select.value =
      days?.[1] ??
      (named.some((o) => o.value === hidden.value)
        ? hidden.value
        : "this_month");
    const take = (): void => {
      const open = select.value === "last" || select.value === "next";
      number.hidden = !open;
      hidden.value = open
        ? `${select.value}_${number.value || "1"}_days`
        : select.value;
    };
    for (const control of [select, number])
      control.addEventListener("input", take);
    this.label(host, select.id);
    host.append(make("div", { class: "tn-filterpair" }, select, number));
    take();
  }

  private day(host: Element, hidden: HTMLInputElement): void {
    const relative = RELATIVE.exec(hidden.value);
    const select = this.select("filter-kind", [
      { value: "fixed", label: t("day_fixed") },
      { value: "today", label: t("day_today") },
      { value: "-", label: t("day_ago") },
      { value: "+", label: t("day_ahead") },
    ]);
    const date = make("input", {
      id: "filter-value",
      class: "form-control",
      type: "date",
    });
    const number = this.number(relative?.[2] ?? "7");
    select.value = relative ? (relative[1] ?? "today") : "fixed";
    if (!relative) date.value = hidden.value;
    const take = (): void => {
      date.hidden = select.value !== "fixed";
      number.hidden = !/^[+-]$/.test(select.value);
      hidden.value =
        select.value === "fixed"
          ? date.value
          : select.value === "today"
            ? "today"
            : `today${select.value}${number.value || "1"}`;
    };
    for (const control of [select, date, number])
      control.addEventListener("input", take);
    this.label(host, select.id);
    host.append(make("div", { class: "tn-filterpair" }, select, date, number));
    take();
  }

  /** People, departments, records: looked up while typing. */
  private async people(
    host: Element,
    hidden: HTMLInputElement,
    field: HTMLOptionElement,
    op: string,
    known: Choice[],
  ): Promise<void> {
    const address = field.dataset["optionsUrl"];
    if (!address) {
      this.text(host, hidden, "text");
      return;
    }
    const { Picker } = await import("./picker.ts");
    const { getJson } = await import("./api.ts");
    if (!hidden.isConnected) return;
    const select = this.select("filter-value", [
      { value: "", label: "" },
      ...known,
    ]);
    select.multiple = op === "in";
    const wanted = hidden.value.split(",").filter(Boolean);
    const missing = wanted.filter((id) => !known.some((o) => o.value === id));
    if (missing.length && missing.every((id) => /^\d+$/.test(id))) {
      const named = await getJson<{ options: Choice[] }>(
        `${address}?ids=${missing.join(",")}`,
      ).catch(() => ({ options: [] }));
      select.append(
        ...named.options.map((o) => new Option(o.label, o.value)),
      );
      if (!hidden.isConnected) return;
    }
    for (const option of select.options)
      option.selected = !!option.value && wanted.includes(option.value);
    const root = make(
      "div",
      {
        class: "tn-picker",
        "data-options-url": address,
        "data-multiple": select.multiple,
      },
      select,
    );
    this.label(host, "filter-value");
    host.append(root);
    new Picker(root);
    select.addEventListener("change", () => {
      hidden.value = [...select.selectedOptions]
        .map((option) => option.value)
        .filter(Boolean)
        .join(",");
    });
    if (!known.length) return;
    const quick = make("div", { class: "tn-filterquick" });
    for (const option of known) {
      const button = make(
        "button",
        { type: "button", class: "btn btn-sm" },
        option.label,
      );
      button.addEventListener("click", () => {
        select.dispatchEvent(
          new CustomEvent("tenon:set", {
            detail: select.multiple
              ? [...hidden.value.split(",").filter(Boolean), option.value]
              : option.value,
          }),
        );
        hidden.value = select.multiple
          ? [
              ...new Set([
                ...hidden.value.split(",").filter(Boolean),
                option.value,
              ]),
            ].join(",")
          : option.value;
      });
      quick.append(button);
    }
    host.append(quick);
  }
}
