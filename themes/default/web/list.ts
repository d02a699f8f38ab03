// list.ts - the list island: rows by keyboard and click, ticks and their bar,
// live search, the filter editor. Pages, sorting and filters are links; htmx
// swaps them in place.
import { Columns } from "./columns.ts";
import { all, debounce, isTyping, one } from "./dom.ts";
import { FilterEditor } from "./filter.ts";
import { ListDrop } from "./list-drop.ts";
import { t } from "./texts.ts";

const FOCUS = "tenon.row:";

export class ListIsland {
  private at = -1;

  constructor(private readonly root: HTMLElement) {
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("auxclick", (event) => {
      if (event.button === 1) this.open(rowOf(event.target), true, event);
    });
    root.addEventListener("change", (event) => this.change(event));
    document.addEventListener("keydown", (event) => this.key(event));
    this.measure();
    this.liveSearch();
    this.comeBack();
    const filter = new FilterEditor(root);
    const columns = new Columns(root);
    document.addEventListener("htmx:after:swap", () => {
      if (!root.isConnected) return;
      filter.refresh();
      columns.refresh();
    });
    new ListDrop(root);
  }

  private rows(): HTMLElement[] {
    return all("tbody > tr[data-href]", this.root);
  }

  /** The toolbar's height is where the sticky head begins (E17). */
  private measure(): void {
    const bar = one(".tn-toolbar", this.root);
    if (!bar) return;
    const set = (): void => {
      const scroll = one(".tn-listscroll", this.root);
      const table = one("table", this.root);
      this.root.style.setProperty(
        "--tn-toolbar-height",
        `${bar.getBoundingClientRect().height}px`,
      );
      if (scroll && table && innerWidth >= 768)
        scroll.classList.toggle(
          "is-wide",
          table.scrollWidth > scroll.clientWidth + 1,
        );
    };
    new ResizeObserver(set).observe(bar);
    new ResizeObserver(set).observe(this.root);
  }

  private open(row: HTMLElement | null, tab: boolean, event: Event): void {
    const address = row?.dataset["href"];
    if (!row || !address) return;
    event.preventDefault();
    try {
      sessionStorage.setItem(
        FOCUS + location.pathname + location.search,
        `${row.dataset["id"] ?? ""} ${this.inner()?.scrollTop ?? 0}`,
      );
    } catch {
      // No storage: no focus on return.
    }
    if (tab) window.open(address, "_blank", "noopener");
    else location.assign(address);
  }

  private click(event: MouseEvent): void {
    const target = event.target as Element;
    const everything = target.closest<HTMLElement>("[data-bulk-all]");
    if (everything) {
      this.everything(true);
      return;
    }
    if (target.closest("[data-bulk-clear]")) {
      for (const tick of this.ticks()) tick.checked = false;
      this.count();
      return;
    }
    const row = rowOf(target);
    if (!row) return;
    const link = target.closest("a");
    if (link?.classList.contains("tn-rowmain"))
      this.remember(row);
    if (target.closest("a, button, input, label, summary")) return;
    if (getSelection()?.toString()) return;
    this.open(row, event.ctrlKey || event.metaKey, event);
  }

  private inner(): HTMLElement | null {
    return one(".tn-listscroll", this.root);
  }

  private remember(row: HTMLElement): void {
    try {
      sessionStorage.setItem(
        FOCUS + location.pathname + location.search,
        `${row.dataset["id"] ?? ""} ${this.inner()?.scrollTop ?? 0}`,
      );
    } catch {
      // No storage.
    }
  }

  /** Back from a record: its row has the focus again (E24). */
  private comeBack(): void {
    const [entry] = performance.getEntriesByType(
      "navigation",
    ) as PerformanceNavigationTiming[];
    const key = FOCUS + location.pathname + location.search;
    try {
      const [id, top] = (sessionStorage.getItem(key) ?? "").split(" ");
      sessionStorage.removeItem(key);
      if (!id || entry?.type !== "back_forward") return;
      const rows = this.rows();
      this.at = rows.findIndex((row) => row.dataset["id"] === id);
      rows[this.at]?.focus({ preventScroll: true });
      rows[this.at]?.classList.add("is-focus");
      // A wide table scrolls inside of itself; the browser forgets where.
      if (Number(top) > 0)
        addEventListener("load", () =>
          setTimeout(() => this.inner()?.scrollTo(0, Number(top)), 50),
        );
    } catch {
      // No storage.
    }
  }

  private ticks(): HTMLInputElement[] {
    return all<HTMLInputElement>("[data-tick]", this.root);
  }

  /** All that the filter finds, beyond this page. */
  private everything(on: boolean): void {
    const chosen = one<HTMLInputElement>(
      "[data-bulk] [name=_all]",
      this.root,
    );
    const button = one("[data-bulk-all]", this.root);
    const text = one("[data-bulk-count]", this.root);
    if (!chosen || !button) return;
    chosen.value = on ? "true" : "";
    button.hidden =
      on || !one<HTMLInputElement>("[data-tick-all]", this.root)?.checked;
    if (on && text) text.textContent = button.dataset["label"] ?? "";
  }

  private count(): void {
    const ticks = this.ticks();
    const on = ticks.filter((tick) => tick.checked).length;
    const bar = one("[data-bulk]", this.root);
    const text = one("[data-bulk-count]", this.root);
    const every = one<HTMLInputElement>("[data-tick-all]", this.root);
    if (bar) bar.hidden = on === 0;
    if (text) text.textContent = t("selected", { count: on });
    if (every) {
      every.checked = on > 0 && on === ticks.length;
      every.indeterminate = on > 0 && on < ticks.length;
    }
    this.everything(false);
  }

  private change(event: Event): void {
    const target = event.target as Element;
    if (target.matches("[data-tick-all]"))
      for (const tick of this.ticks())
        tick.checked = (target as HTMLInputElement).checked;
    if (target.matches("[data-tick], [data-tick-all]")) this.count();
  }

  private move(step: number): void {
    const rows = this.rows();
    if (!rows.length) return;
    rows[this.at]?.classList.remove("is-focus");
    this.at = Math.max(0, Math.min(rows.length - 1, this.at + step));
    const row = rows[this.at];
    row?.classList.add("is-focus");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  private key(event: KeyboardEvent): void {
    if (!this.root.isConnected || isTyping(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
      return;
    if (one("dialog[open]")) return;
    if (event.key === "j") this.move(1);
    else if (event.key === "k") this.move(-1);
    else if (event.key === "Enter" && document.activeElement?.matches("tr"))
      this.open(this.rows()[this.at] ?? null, false, event);
    else if (event.key === "x" && this.at >= 0) {
      const tick = one<HTMLInputElement>("[data-tick]", this.rows()[this.at]);
      if (!tick) return;
      tick.checked = !tick.checked;
      this.count();
    } else return;
    event.preventDefault();
  }

  /** Searches while typing, never in the midst of a composition (E10). */
  private liveSearch(): void {
    const go = debounce((input: HTMLInputElement) => {
      if (input.isConnected) input.form?.requestSubmit();
    }, 300);
    this.root.addEventListener("input", (event) => {
      const input = event.target;
      if (!(input instanceof HTMLInputElement) || input.type !== "search") return;
      if (!(event as InputEvent).isComposing) go(input);
    });
    this.root.addEventListener("compositionend", (event) => {
      const input = event.target;
      if (input instanceof HTMLInputElement && input.type === "search") go(input);
    });
  }
}

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element
    ? target.closest<HTMLElement>("tbody > tr[data-href]")
    : null;
}
