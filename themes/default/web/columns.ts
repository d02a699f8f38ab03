// columns.ts - columns made wider, narrower and moved (E18): by dragging the
// edge or the head, or by keys on the edge. Widths are classes in steps of 8
// px, so that the server can write them; they are sent a moment later.
import { csrf } from "./api.ts";
import { all, debounce, icon, make, one } from "./dom.ts";
import { t } from "./texts.ts";

const STEP = 8;
const LEAST = 6;
const MOST = 100;

export class Columns {
  private readonly send = debounce(() => this.save(), 600);
  private waiting = false;

  constructor(private readonly root: HTMLElement) {
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("keydown", (event) => this.key(event));
    // A drag ends on the head, whose link would sort.
    root.addEventListener("click", (event) => this.swallow(event), true);
    addEventListener("pagehide", () => {
      if (this.waiting) this.save();
    });
    this.refresh();
  }

  /** After the list was swapped the head is the server's again. */
  refresh(): void {
    this.chooser();
    if (innerWidth < 768) return;
    for (const head of this.heads()) {
      if (one(".tn-grip", head)) continue;
      const grip = make("span", {
        class: "tn-grip",
        role: "separator",
        tabindex: "0",
        "aria-orientation": "vertical",
        "aria-valuemin": String(LEAST * STEP),
        "aria-valuemax": String(MOST * STEP),
        "aria-label": t("column_width", { name: head.innerText.trim() }),
      });
      head.append(grip);
      this.tell(head);
    }
  }

  private table(): HTMLTableElement | null {
    return one<HTMLTableElement>("table[data-columns-url]", this.root);
  }

  private heads(): HTMLTableCellElement[] {
    const table = this.table();
    return table ? all<HTMLTableCellElement>("th[data-column]", table) : [];
  }

  private steps(head: HTMLElement): number {
    const named = /(?:^| )tn-w-(\d+)/.exec(head.className);
    return named
      ? Number(named[1])
      : Math.round(head.getBoundingClientRect().width / STEP);
  }

  private tell(head: HTMLElement): void {
    const grip = one(".tn-grip", head);
    grip?.setAttribute("aria-valuenow", String(this.steps(head) * STEP));
  }

  private cells(head: HTMLTableCellElement): HTMLElement[] {
    const table = this.table();
    if (!table) return [];
    return [...table.rows].flatMap((row) => {
      const cell = row.cells[head.cellIndex];
      return cell ? [cell] : [];
    });
  }

  private set(head: HTMLTableCellElement, steps: number): void {
    const held = Math.max(LEAST, Math.min(MOST, Math.round(steps)));
    for (const cell of this.cells(head)) {
      cell.className = cell.className.replace(/(^| )tn-w-\d+/g, "");
      cell.classList.add(`tn-w-${held}`);
    }
    this.tell(head);
  }

  /** From now on each column has its own width; the others stay as wide. */
  private freeze(): void {
    const table = this.table();
    if (!table || table.classList.contains("is-sized")) return;
    const heads = this.heads();
    const now = heads.map((head) => this.steps(head));
    heads.forEach((head, index) => this.set(head, now[index] ?? LEAST));
    table.classList.add("is-sized");
  }

  private later(): void {
    this.waiting = true;
    this.send();
  }

  private save(): void {
    const address = this.table()?.dataset["columnsUrl"];
    if (!address || !this.waiting) return;
    this.waiting = false;
    const sized = this.table()?.classList.contains("is-sized");
    const layout = this.heads()
      .map((head) =>
        sized
          ? `${head.dataset["column"]}:${this.steps(head) * STEP}`
          : head.dataset["column"],
      )
      .join(",");
    void fetch(address, {
      method: "POST",
      keepalive: true,
      body: new URLSearchParams({ layout, _csrf: csrf() }),
      headers: { "X-Tenon-Request": "form", "X-CSRF-Token": csrf() },
    }).catch(() => {
      this.waiting = true;
    });
  }

  private down(event: PointerEvent): void {
    const target = event.target as Element;
    const head = target.closest<HTMLTableCellElement>("th[data-column]");
    if (!head || event.button !== 0 || innerWidth < 768) return;
    if (target.closest(".tn-grip")) this.resize(head, event);
    else this.drag(head, event);
  }

  private resize(head: HTMLTableCellElement, event: PointerEvent): void {
    event.preventDefault();
    this.freeze();
    const from = this.steps(head);
    const start = event.clientX;
    const turn = getComputedStyle(head).direction === "rtl" ? -1 : 1;
    this.follow(
      (move) => this.set(head, from + (turn * (move.clientX - start)) / STEP),
      () => this.later(),
    );
  }

  private moved = false;

  private drag(head: HTMLTableCellElement, event: PointerEvent): void {
    const start = event.clientX;
    let dragged = false;
    this.follow(
      (move) => {
        if (!dragged && Math.abs(move.clientX - start) < 8) return;
        dragged = true;
        head.classList.add("is-dragged");
        const over = this.heads().find((other) => {
          const box = other.getBoundingClientRect();
          return move.clientX >= box.left && move.clientX < box.right;
        });
        if (over && over !== head) this.place(head, over);
      },
      () => {
        head.classList.remove("is-dragged");
        this.moved = dragged;
        setTimeout(() => (this.moved = false));
        if (dragged) this.later();
      },
    );
  }

  private swallow(event: MouseEvent): void {
    const target = event.target as Element;
    if (!this.moved && !target.closest(".tn-grip")) return;
    if (!target.closest("thead")) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private follow(move: (event: PointerEvent) => void, end: () => void): void {
    const stop = new AbortController();
    const done = (): void => {
      stop.abort();
      end();
    };
    const options = { signal: stop.signal };
    document.addEventListener("pointermove", move, options);
    document.addEventListener("pointerup", done, options);
    document.addEventListener("pointercancel", done, options);
    document.addEventListener("dragstart", (e) => e.preventDefault(), options);
  }

  /** The column to where another one is. */
  private place(head: HTMLTableCellElement, to: HTMLTableCellElement): void {
    const from = head.cellIndex;
    const target = to.cellIndex;
    const table = this.table();
    if (!table) return;
    for (const row of table.rows) {
      const cell = row.cells[from];
      const other = row.cells[target];
      if (!cell || !other) continue;
      if (target > from) other.after(cell);
      else other.before(cell);
    }
  }

  /** On the edge: arrows change the width, with Ctrl they move the column. */
  private key(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (!target.matches(".tn-grip")) return;
    const head = target.closest<HTMLTableCellElement>("th[data-column]");
    const step =
      event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!head || !step) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey) {
      const heads = this.heads();
      const other = heads[heads.indexOf(head) + step];
      if (other) this.place(head, other);
      (target as HTMLElement).focus();
    } else {
      this.freeze();
      this.set(head, this.steps(head) + step * (event.shiftKey ? 5 : 1));
    }
    this.later();
  }

  /** In the menu of columns each entry goes up and down. */
  private chooser(): void {
    const form = one("[data-columns]", this.root);
    if (!form || one(".tn-up", form)) return;
    for (const entry of all(".tn-menu-item", form)) {
      const name = (entry.textContent ?? "").trim();
      for (const [kind, step] of [
        ["up", -1],
        ["down", 1],
      ] as const) {
        const button = make("button", {
          type: "button",
          class: `btn btn-icon btn-ghost tn-${kind}`,
          "aria-label": t(`column_${kind}`, { name }),
        });
        button.append(icon(`chevron-${kind}`));
        button.addEventListener("click", (event) => {
          event.preventDefault();
          const other =
            step < 0 ? entry.previousElementSibling : entry.nextElementSibling;
          if (!other?.matches(".tn-menu-item")) return;
          if (step < 0) other.before(entry);
          else other.after(entry);
          button.focus();
        });
        entry.append(button);
      }
    }
  }
}
