// kanban.ts - cards between columns: by mouse, by finger (a long press lifts,
// so that the board still scrolls) and by keyboard (space lifts, arrows,
// space drops, Escape puts back). A move shows at once and is saved; what is
// refused goes back, with the reason. Loaded only where there is a board.
import { Offline, send, type Problem } from "./api.ts";
import { openDialog } from "./dialog.ts";
import { all, make, one, ownAddress } from "./dom.ts";
import { reloadFragment } from "./live.ts";
import { t } from "./texts.ts";
import { toast } from "./toast.ts";

const MOUSE_PX = 5;
const TOUCH_PX = 10;
const TOUCH_MS = 300;
const EDGE_PX = 48;

interface Answer {
  version?: number;
  problems?: Problem[];
  message?: string;
}

/** A card in somebody's hand. */
interface Lifted {
  card: HTMLElement;
  list: HTMLElement;
  next: Element | null;
  ghost: HTMLElement | null; // of mouse and finger
  dx: number;
  dy: number;
}

export class Kanban {
  private lifted: Lifted | null = null;
  private press: { card: HTMLElement; x: number; y: number } | null = null;
  private timer = 0;
  private frame = 0;
  private point = { x: 0, y: 0 };
  private placing = false;
  private readonly status: HTMLElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly start: (root: ParentNode) => void,
  ) {
    this.status =
      one("[data-board-status]") ??
      make("p", {
        class: "visually-hidden",
        role: "status",
        "aria-live": "assertive",
        "data-board-status": true,
      });
    document.body.append(this.status);
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("touchstart", (event) => this.touch(event), {
      passive: true,
    });
    root.addEventListener("touchmove", (event) => this.touchMove(event), {
      passive: false,
    });
    root.addEventListener("touchend", () => this.release());
    root.addEventListener("touchcancel", () => this.cancel());
    root.addEventListener("contextmenu", (event) => {
      if (this.lifted || this.timer) event.preventDefault();
    });
    root.addEventListener("dragstart", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusout", () => {
      if (this.lifted && !this.lifted.ghost && !this.placing) this.cancel();
    });
    root.addEventListener("click", (event) => this.click(event), true);
  }

  // ---- what is where ----

  private lane(card: Element): HTMLElement | null {
    return card.closest<HTMLElement>(".tn-lane");
  }

  private title(lane: Element | null): string {
    return lane ? (one("[data-lane-title]", lane)?.textContent?.trim() ?? "") : "";
  }

  private name(card: Element): string {
    return one(".tn-cardtitle", card)?.textContent?.trim() ?? "";
  }

  private say(key: string, args: Record<string, string | number>): void {
    this.status.textContent = t(key, args);
  }

  // ---- lifting, moving, putting down ----

  private lift(card: HTMLElement, at?: { x: number; y: number }): void {
    const list = card.parentElement;
    if (!list || this.lifted) return;
    const box = card.getBoundingClientRect();
    this.lifted = { card, list, next: card.nextElementSibling, ghost: null, dx: 0, dy: 0 };
    this.root.dataset["busy"] = "1";
    // The board keeps its height while its tallest column loses the card:
    // else the hand would be outside of it, and the card go home.
    this.root.style.minHeight = `${this.root.offsetHeight}px`;
    this.root.classList.add("is-moving");
    card.classList.add("is-lifted");
    one("[data-refused]", card)?.remove();
    if (at) {
      const ghost = card.cloneNode(true) as HTMLElement;
      ghost.removeAttribute("id");
      ghost.setAttribute("aria-hidden", "true");
      ghost.classList.add("is-ghost");
      ghost.style.width = `${box.width}px`;
      document.body.append(ghost);
      this.lifted.ghost = ghost;
      this.lifted.dx = at.x - box.left;
      this.lifted.dy = at.y - box.top;
      this.drag(at.x, at.y);
      this.frame = requestAnimationFrame(() => this.edge());
    }
    this.say("board_lifted", { card: this.name(card), lane: this.title(this.lane(card)) });
  }

  /** Puts the lifted card into a column, for now. */
  private place(lane: HTMLElement | null): void {
    const lifted = this.lifted;
    const list = lane && one("[data-cards]", lane);
    if (!lifted || !list || lifted.card.parentElement === list) return;
    this.placing = true;
    if (list === lifted.list) list.insertBefore(lifted.card, lifted.next);
    else list.prepend(lifted.card);
    if (!lifted.ghost) one(".tn-cardtitle", lifted.card)?.focus();
    this.placing = false;
    for (const other of all(".tn-lane", this.root))
      other.classList.toggle("is-over", other === lane && list !== lifted.list);
    const cards = all(".tn-boardcard", list);
    this.say("board_over", {
      lane: this.title(lane),
      n: cards.indexOf(lifted.card) + 1,
      count: cards.length,
    });
  }

  private drag(x: number, y: number): void {
    const lifted = this.lifted;
    if (!lifted?.ghost) return;
    this.point = { x, y };
    lifted.ghost.style.transform = `translate(${x - lifted.dx}px, ${y - lifted.dy}px)`;
    // By places, not by what lies there: buttons float over a phone's board.
    const board = this.root.getBoundingClientRect();
    const lane = all(".tn-lane[data-droppable]", this.root).find((one) => {
      const box = one.getBoundingClientRect();
      return x >= box.left && x <= box.right;
    });
    // Between two columns the card stays where it was; outside it goes home.
    if (y < board.top || y > board.bottom) this.place(this.lane(lifted.list));
    else if (lane) this.place(lane);
  }

  /** Near an edge the board, or the page, comes along. */
  private edge(): void {
    if (!this.lifted?.ghost) return;
    const { x, y } = this.point;
    const box = this.root.getBoundingClientRect();
    const side = x < box.left + EDGE_PX ? -1 : x > Math.min(box.right, innerWidth) - EDGE_PX ? 1 : 0;
    const high = y < EDGE_PX * 2 ? -1 : y > innerHeight - EDGE_PX * 2 ? 1 : 0;
    const list = this.lifted.card.parentElement;
    const inside = list?.getBoundingClientRect();
    if (side) this.root.scrollLeft += side * 6;
    if (high) scrollBy(0, high * 8);
    if (list && inside && y < inside.top + EDGE_PX) list.scrollTop -= 8;
    else if (list && inside && y > inside.bottom - EDGE_PX) list.scrollTop += 8;
    if (side || high) this.drag(x, y);
    this.frame = requestAnimationFrame(() => this.edge());
  }

  /** The hand is empty again; the card stays where it is. */
  private letGo(): Lifted | null {
    const lifted = this.lifted;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.timer = 0;
    this.press = null;
    this.lifted = null;
    if (!lifted) return null;
    lifted.ghost?.remove();
    lifted.card.classList.remove("is-lifted");
    this.root.style.minHeight = "";
    this.root.classList.remove("is-moving");
    for (const lane of all(".tn-lane.is-over", this.root)) lane.classList.remove("is-over");
    return lifted;
  }

  private putBack(lifted: Lifted): void {
    const focused = lifted.card.contains(document.activeElement);
    const next = lifted.next?.parentElement === lifted.list ? lifted.next : null;
    this.placing = true;
    lifted.list.insertBefore(lifted.card, next);
    if (focused) one(".tn-cardtitle", lifted.card)?.focus();
    this.placing = false;
  }

  private done(): void {
    delete this.root.dataset["busy"];
    const list = this.root.closest("#list");
    if (list) void reloadFragment(list);
  }

  private cancel(): void {
    const lifted = this.letGo();
    if (!lifted) return;
    this.putBack(lifted);
    this.say("board_back", {
      card: this.name(lifted.card),
      lane: this.title(this.lane(lifted.list)),
    });
    this.done();
  }

  private release(): void {
    const lifted = this.letGo();
    if (!lifted) return;
    const lane = this.lane(lifted.card);
    if (!lane || lifted.card.parentElement === lifted.list) {
      this.putBack(lifted);
      this.done();
      return;
    }
    void this.save(lifted, lane);
  }

  // ---- saving ----

  private async patch(card: HTMLElement, key: string): Promise<Response> {
    const form = this.root.dataset["form"] ?? "";
    const field = this.root.dataset["field"] ?? "";
    return send(
      `/api/v1/records/${encodeURIComponent(form)}/${card.dataset["card"] ?? ""}`,
      {
        method: "PATCH",
        headers: {
          Accept: "application/json",
          "Content-Type": "application/json",
          "If-Match": `"${card.dataset["version"] ?? ""}"`,
        },
        body: JSON.stringify({ values: { [field]: key || null } }),
      },
    );
  }

  private async save(lifted: Lifted, lane: HTMLElement): Promise<void> {
    const { card } = lifted;
    const from = this.lane(lifted.list);
    const names = { card: this.name(card), lane: this.title(lane) };
    card.setAttribute("aria-busy", "true");
    let answer: Answer = {};
    let status = 0;
    try {
      const response = await this.patch(card, lane.dataset["lane"] ?? "");
      status = response.status;
      answer = (await response.json().catch(() => ({}))) as Answer;
    } catch (error) {
      if (!(error instanceof Offline)) throw error;
      answer = { problems: [{ message: t("offline") }] };
    } finally {
      card.removeAttribute("aria-busy");
    }
    if (status === 200) {
      card.dataset["version"] = String(answer.version ?? "");
      this.say("board_moved", names);
      toast(t("board_moved", names), {
        kind: "success",
        ...(from?.dataset["droppable"] === undefined
          ? {}
          : { action: { label: t("undo"), run: () => this.undo(card.id, from) } }),
      });
      this.done();
      return;
    }
    const problems = answer.problems ?? [];
    const field = this.root.dataset["field"];
    if (
      status === 422 &&
      problems.some((problem) => problem.field && problem.field !== field)
    ) {
      await this.askMore(lifted, lane, problems);
      return;
    }
    this.refuse(lifted, problems);
    // Somebody was faster: the board shows what is true now.
    if (status === 409) this.done();
  }

  private refuse(lifted: Lifted, problems: Problem[]): void {
    const reason =
      problems.map((problem) => problem.message).join(" ") || t("failed", { status: "" });
    this.putBack(lifted);
    one("[data-refused]", lifted.card)?.remove();
    lifted.card.append(
      make("p", { class: "tn-refused", "data-refused": true }, reason),
    );
    this.say("board_stays", {
      card: this.name(lifted.card),
      lane: this.title(this.lane(lifted.list)),
      reason,
    });
    toast(reason, { kind: "danger" });
    // The reason stays at the card until something else happens.
    delete this.root.dataset["busy"];
  }

  private undo(id: string, lane: HTMLElement): void {
    const card = document.getElementById(id);
    const list = card?.parentElement;
    const target = one("[data-cards]", lane);
    if (!card || !list || !target) return;
    const lifted = { card, list, next: card.nextElementSibling, ghost: null, dx: 0, dy: 0 };
    target.prepend(card);
    void this.save(lifted, lane);
  }

  // ---- the form in a dialog ----

  /** The page's form, in a dialog, at what is missing; true where it was
   * saved. */
  private async form(address: string, problems: Problem[]): Promise<boolean> {
    const response = await send(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const form = page.getElementById("record-form");
    const bar = page.querySelector<HTMLElement>(".tn-formbar");
    if (!form || !bar) {
      location.assign(address);
      return false;
    }
    const control = (problem: Problem): HTMLElement | null =>
      one(`#f-${CSS.escape((problem.field ?? "").replaceAll(".", "-"))}`, form);
    const notes = problems.map((problem) => {
      const id = control(problem)?.id;
      const label = id && one(`label[for="${CSS.escape(id)}"]`, form);
      const name = label ? (label.firstChild?.textContent?.trim() ?? "") : "";
      return make("p", {}, name ? `${name}: ${problem.message}` : problem.message);
    });
    const dialog = openDialog(
      page.querySelector("h1")?.textContent?.trim() ?? "",
      [
        ...(notes.length
          ? [make("div", { class: "alert alert-warning", role: "alert" }, ...notes)]
          : []),
        document.adoptNode(form),
        document.adoptNode(bar),
      ],
      "tn-dialog tn-dialog-form",
    );
    dialog.dataset["hold"] = "1";
    let saved = false;
    form.addEventListener("tn:saved", (event) => {
      event.preventDefault();
      saved = true;
      const text = (event as CustomEvent<{ toast?: string }>).detail.toast;
      if (text) toast(text, { kind: "success" });
      dialog.close();
    });
    for (const link of all<HTMLAnchorElement>("a[href]", bar))
      link.addEventListener("click", (event) => {
        event.preventDefault();
        dialog.close();
      });
    const closed = new Promise<void>((resolve) =>
      dialog.addEventListener("close", () => resolve()),
    );
    this.start(dialog);
    problems.map(control).find((element) => element)?.focus();
    await closed;
    return saved;
  }

  /** The column wants more than a move says: its form, with the column set. */
  private async askMore(
    lifted: Lifted,
    lane: HTMLElement,
    problems: Problem[],
  ): Promise<void> {
    const { card } = lifted;
    const link = one<HTMLAnchorElement>(".tn-cardtitle", card);
    const field = this.root.dataset["field"] ?? "";
    const query = new URLSearchParams({ [field]: lane.dataset["lane"] ?? "" });
    const saved = await this.form(`${link?.pathname ?? ""}/edit?${query}`, problems);
    if (!saved) {
      this.putBack(lifted);
      this.say("board_back", {
        card: this.name(card),
        lane: this.title(this.lane(lifted.list)),
      });
    }
    link?.focus();
    this.done();
  }

  private async create(address: string): Promise<void> {
    this.root.dataset["busy"] = "1";
    await this.form(address, []);
    this.done();
  }

  /** The next cards of a column. */
  private async more(link: HTMLAnchorElement): Promise<void> {
    const lane = this.lane(link);
    const address = ownAddress(link.href);
    const list = lane && one("[data-cards]", lane);
    if (!address || !list) return;
    link.setAttribute("aria-busy", "true");
    const response = await send(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector(".tn-lane");
    const cards = fresh ? all(".tn-boardcard", fresh) : [];
    for (const card of cards)
      if (!document.getElementById(card.id)) list.append(document.adoptNode(card));
    const next = fresh?.querySelector<HTMLAnchorElement>("[data-board-more]");
    if (next) link.href = next.href;
    else link.remove();
    link.removeAttribute("aria-busy");
    one(".tn-cardtitle", cards[0] ?? list)?.focus();
  }

  // ---- mouse, finger, keys ----

  private movable(target: EventTarget | null): HTMLElement | null {
    return target instanceof Element
      ? target.closest<HTMLElement>("[data-movable]:not([aria-busy])")
      : null;
  }

  private down(event: PointerEvent): void {
    const card = this.movable(event.target);
    if (!card || event.pointerType === "touch" || event.button !== 0 || this.lifted) return;
    const from = { x: event.clientX, y: event.clientY };
    const end = new AbortController();
    const { signal } = end;
    document.addEventListener(
      "pointermove",
      (move) => {
        if (!this.lifted) {
          if (Math.hypot(move.clientX - from.x, move.clientY - from.y) < MOUSE_PX) return;
          getSelection()?.removeAllRanges();
          this.lift(card, from);
        }
        move.preventDefault();
        this.drag(move.clientX, move.clientY);
      },
      { signal },
    );
    document.addEventListener(
      "pointerup",
      () => {
        end.abort();
        if (!this.lifted) return;
        this.swallowClick();
        this.release();
      },
      { signal },
    );
    document.addEventListener(
      "keydown",
      (key) => {
        if (key.key !== "Escape") return;
        end.abort();
        this.cancel();
      },
      { signal },
    );
    document.addEventListener("pointercancel", () => {
      end.abort();
      this.cancel();
    }, { signal });
  }

  /** The click that ends a drag opens nothing. */
  private swallowClick(): void {
    const end = new AbortController();
    addEventListener(
      "click",
      (click) => {
        click.preventDefault();
        click.stopPropagation();
      },
      { capture: true, signal: end.signal },
    );
    setTimeout(() => end.abort(), 0);
  }

  private touch(event: TouchEvent): void {
    const [finger] = event.touches;
    const card = this.movable(event.target);
    clearTimeout(this.timer);
    this.timer = 0;
    if (!card || !finger || event.touches.length !== 1 || this.lifted) return;
    this.press = { card, x: finger.clientX, y: finger.clientY };
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (!this.press) return;
      navigator.vibrate?.(10);
      this.lift(card, { x: this.press.x, y: this.press.y });
    }, TOUCH_MS);
  }

  private touchMove(event: TouchEvent): void {
    const [finger] = event.touches;
    if (!finger) return;
    if (this.lifted?.ghost) {
      event.preventDefault();
      this.drag(finger.clientX, finger.clientY);
      return;
    }
    // The page is being scrolled.
    if (
      this.press &&
      Math.hypot(finger.clientX - this.press.x, finger.clientY - this.press.y) > TOUCH_PX
    ) {
      clearTimeout(this.timer);
      this.timer = 0;
      this.press = null;
    }
  }

  private click(event: MouseEvent): void {
    const target = event.target as Element;
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    const more = target.closest<HTMLAnchorElement>("[data-board-more]");
    const create = target.closest<HTMLAnchorElement>("[data-board-new]");
    const address = ownAddress(create?.href);
    if (more && plain) {
      event.preventDefault();
      void this.more(more);
    } else if (address && plain) {
      event.preventDefault();
      void this.create(address);
    }
  }

  private key(event: KeyboardEvent): void {
    const link = event.target as Element;
    const card = link.closest<HTMLElement>(".tn-boardcard");
    if (!card || !link.matches(".tn-cardtitle")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (this.lifted && !this.lifted.ghost) {
      if (side) this.step(card, side);
      else if (event.key === " " || event.key === "Enter") this.release();
      else if (event.key === "Escape") this.cancel();
      else if (!event.key.startsWith("Arrow")) return;
    } else if (event.key === " ") {
      if (card.dataset["movable"] !== undefined) this.lift(card);
    } else if (side) this.look(card, side);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const cards = all(".tn-boardcard", card.parentElement ?? this.root);
      const to = cards[cards.indexOf(card) + (event.key === "ArrowUp" ? -1 : 1)];
      if (to) one(".tn-cardtitle", to)?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private step(card: HTMLElement, side: number): void {
    const lanes = all(".tn-lane[data-droppable]", this.root);
    const lane = this.lane(card);
    const next = lane && lanes[lanes.indexOf(lane) + side];
    if (!next) return;
    this.place(next);
    next.scrollIntoView({ inline: "nearest", block: "nearest" });
  }

  private look(card: HTMLElement, side: number): void {
    const lanes = all(".tn-lane", this.root);
    const lane = this.lane(card);
    for (let i = (lane ? lanes.indexOf(lane) : 0) + side; lanes[i]; i += side) {
      const found = one(".tn-cardtitle", lanes[i]);
      if (!found) continue;
      found.focus();
      return;
    }
  }
}

export function start(
  root: ParentNode,
  started: WeakSet<Element>,
  islands: (root: ParentNode) => void,
): void {
  for (const element of all("[data-island=kanban]", root)) {
    if (started.has(element)) continue;
    started.add(element);
    new Kanban(element, islands);
  }
}
