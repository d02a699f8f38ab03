// sub-table.ts - rows of a sub-table: add, remove (with undo), move with the
// keyboard, paste from a spreadsheet. Names stay numbered from 0.
import { all, isComposing, one } from "./dom.ts";
import { isControl } from "./fields.ts";
import { t } from "./texts.ts";
import { toast } from "./toast.ts";

const NUMBERED = [
  "name",
  "id",
  "for",
  "data-field",
  "data-name",
  "data-computed",
  "aria-labelledby",
  "aria-describedby",
  "aria-controls",
];

export class SubTable {
  private readonly name: string;
  private readonly body: HTMLElement;
  private readonly blank: HTMLTemplateElement | null;

  constructor(
    private readonly root: HTMLElement,
    private readonly started: (row: Element) => void,
  ) {
    this.name = root.dataset["name"] ?? "";
    this.body = one("tbody", root) ?? root;
    this.blank = one<HTMLTemplateElement>(":scope > template", root);
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("paste", (event) => this.paste(event));
    root.addEventListener("tenon:rows", (event) =>
      this.resize((event as CustomEvent<number>).detail),
    );
    const least = Number(root.dataset["min"] ?? 0);
    while (this.rows().length < least && this.add());
  }

  private rows(): HTMLElement[] {
    return all(":scope > tr[data-row]", this.body);
  }

  private get most(): number {
    return Number(this.root.dataset["max"] ?? 1000);
  }

  private changed(): void {
    this.root.dispatchEvent(new Event("input", { bubbles: true }));
    this.root.dispatchEvent(
      new CustomEvent("tenon:rowschanged", { bubbles: true }),
    );
  }

  /** "items.3.price" and "f-items-3-price" get the number of their row. */
  private renumber(): void {
    const dotted = new RegExp(`^${this.name}\\.(\\d+|__N__)\\.`);
    const dashed = new RegExp(
      `(^|\\s)f-${this.name}-(\\d+|__N__)-`,
      "g",
    );
    this.rows().forEach((row, index) => {
      row.dataset["row"] = String(index);
      for (const element of [row, ...all("*", row)])
        for (const attribute of NUMBERED) {
          const old = element.getAttribute(attribute);
          if (!old) continue;
          const text = old
            .replace(dotted, `${this.name}.${index}.`)
            .replace(dashed, `$1f-${this.name}-${index}-`);
          if (text !== old) element.setAttribute(attribute, text);
        }
    });
  }

  private add(before: Element | null = null): HTMLElement | null {
    if (!this.blank) return null;
    if (this.rows().length >= this.most) {
      toast(t("rows_max", { count: this.most }), { kind: "warning" });
      return null;
    }
    const copy = this.blank.content.cloneNode(true) as DocumentFragment;
    const row = copy.querySelector<HTMLElement>("tr[data-row]");
    if (!row) return null;
    this.body.insertBefore(row, before);
    this.renumber();
    this.started(row);
    return row;
  }

  private resize(count: number): void {
    while (this.rows().length < count && this.add());
    for (const row of this.rows().slice(count)) row.remove();
  }

  private remove(row: HTMLElement): void {
    const index = this.rows().indexOf(row);
    const next = row.nextElementSibling;
    if (this.rows().length <= Number(this.root.dataset["min"] ?? 0)) return;
    row.remove();
    this.renumber();
    this.changed();
    const near = this.rows()[Math.min(index, this.rows().length - 1)];
    const focus: HTMLElement | null = near
      ? firstControl(near)
      : one("[data-add-row]", this.root);
    focus?.focus();
    toast(t("row_removed", { n: index + 1 }), {
      action: {
        label: t("undo"),
        run: () => {
          this.body.insertBefore(row, next?.isConnected ? next : null);
          this.renumber();
          this.changed();
          firstControl(row)?.focus();
        },
      },
    });
  }

  private click(event: MouseEvent): void {
    const target = event.target as Element;
    if (target.closest("[data-add-row]")) {
      const row = this.add();
      if (!row) return;
      this.changed();
      firstControl(row)?.focus();
      return;
    }
    const row = target
      .closest("[data-remove-row]")
      ?.closest<HTMLElement>("tr[data-row]");
    if (row) this.remove(row);
  }

  /** Up and down in a column; Enter goes down and makes the next row. */
  private key(event: KeyboardEvent): void {
    if (isComposing(event) || event.altKey || event.ctrlKey || event.metaKey)
      return;
    const target = event.target as HTMLElement;
    const cell = target.closest("td");
    const row = target.closest<HTMLElement>("tr[data-row]");
    if (!cell || !row || !(target instanceof HTMLInputElement)) return;
    if (target.getAttribute("aria-expanded") === "true") return;
    const rows = this.rows();
    const index = rows.indexOf(row);
    let to = index;
    if (event.key === "ArrowDown" || event.key === "Enter") to = index + 1;
    else if (event.key === "ArrowUp") to = index - 1;
    else return;
    if (target.type === "date" && event.key !== "Enter") return;
    event.preventDefault();
    if (to === rows.length && event.key === "Enter" && this.add())
      this.changed();
    const column = [...row.children].indexOf(cell);
    const other = this.rows()[to]?.children[column];
    if (other) firstControl(other)?.focus();
  }

  /** Rows copied from a spreadsheet: tabs and line ends (E15). */
  private paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const target = event.target as HTMLElement;
    const cell = target.closest("td");
    const row = target.closest<HTMLElement>("tr[data-row]");
    if (!cell || !row || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
    const first = this.rows().indexOf(row);
    const columns = all("td[data-field]", row);
    const column = columns.indexOf(cell as HTMLElement);
    let count = 0;
    for (const [index, line] of lines.entries()) {
      const there = this.rows()[first + index] ?? this.add();
      if (!there) break;
      const cells = all("td[data-field]", there).slice(column);
      line.split("\t").forEach((value, at) => {
        const control = cells[at] && firstControl(cells[at]);
        if (control && isControl(control)) fill(control, value.trim());
      });
      count++;
    }
    this.changed();
    toast(t("rows_pasted", { count }));
  }
}

function fill(control: Element, value: string): void {
  if (control instanceof HTMLSelectElement) {
    const option = [...control.options].find(
      (candidate) => candidate.text === value || candidate.value === value,
    );
    if (option) control.value = option.value;
  } else if (control instanceof HTMLInputElement && control.type === "checkbox") {
    control.checked = /^(true|1|yes|y|是|x|✓)$/i.test(value);
  } else if (isControl(control)) {
    control.value = value;
  }
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

function firstControl(root: Element): HTMLElement | null {
  return one(
    "input:not([type=hidden]):not(:disabled), select:not([hidden]):not(:disabled), textarea:not(:disabled)",
    root,
  );
}
