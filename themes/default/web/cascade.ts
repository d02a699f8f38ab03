// cascade.ts - levels of choices (province, city, …), each loaded when the
// one above it is chosen. The value sent is that of the last one chosen.
import { getJson } from "./api.ts";
import { all, make, one, ownAddress } from "./dom.ts";
import type { Options } from "./picker.ts";
import { t } from "./texts.ts";

export class Cascade {
  private readonly hidden: HTMLInputElement;
  private readonly address: string | null;
  private readonly id: string;
  private readonly most: number;
  private turn = 0;

  constructor(private readonly root: HTMLElement) {
    const path = one<HTMLInputElement>("input[data-cascade-path]", root);
    this.id = path?.id ?? "";
    this.hidden = one<HTMLInputElement>("[data-cascade-value]", root)!;
    this.address = ownAddress(root.dataset["optionsUrl"]);
    this.most = Number(root.dataset["levels"] ?? 8);
    this.hidden.name = root.dataset["name"] ?? "";
    for (const plain of all("[data-cascade-path]", root)) plain.remove();
    for (const select of this.levels()) this.adopt(select);
    root.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement) void this.pick(event.target);
    });
    this.hidden.addEventListener("tenon:set", (event) =>
      void this.set((event as CustomEvent<unknown>).detail),
    );
    if (!this.levels().length) void this.load("");
  }

  private levels(): HTMLSelectElement[] {
    return all<HTMLSelectElement>("select[data-level]", this.root);
  }

  private adopt(select: HTMLSelectElement): void {
    select.hidden = false;
    if (this.root.dataset["readonly"] !== undefined) select.disabled = true;
    const index = this.levels().indexOf(select);
    if (index === 0 && this.id) select.id = this.id;
  }

  private async pick(select: HTMLSelectElement): Promise<void> {
    const levels = this.levels();
    const index = levels.indexOf(select);
    for (const below of levels.slice(index + 1)) below.remove();
    this.hidden.value = select.value || levels[index - 1]?.value || "";
    this.hidden.dispatchEvent(new Event("input", { bubbles: true }));
    const leaf = select.selectedOptions[0]?.dataset["leaf"] !== undefined;
    if (select.value && !leaf) await this.load(select.value);
  }

  /** Another level, where the one chosen has children. */
  private async load(parent: string, chosen = ""): Promise<void> {
    const turn = ++this.turn;
    if (!this.address || this.levels().length >= this.most) return;
    const wait = make("span", { class: "tn-muted", role: "status" }, t("loading"));
    const slow = window.setTimeout(() => this.root.append(wait), 200);
    try {
      const answer = await getJson<Options>(
        `${this.address}?parent=${encodeURIComponent(parent)}`,
      );
      if (turn !== this.turn || !answer.options.length) return;
      const level = this.levels().length;
      const select = make(
        "select",
        {
          class: "form-select",
          "data-level": String(level),
          "aria-label": t("level", { n: level + 1 }),
        },
        make("option", { value: "" }, t("choose")),
      );
      for (const option of answer.options)
        select.append(
          make(
            "option",
            { value: option.value, "data-leaf": option.leaf === true },
            option.label,
          ),
        );
      select.value = chosen;
      this.root.append(select);
      this.adopt(select);
    } catch {
      const again = make(
        "button",
        { type: "button", class: "btn btn-sm" },
        t("upload_again"),
      );
      again.addEventListener("click", () => {
        again.remove();
        void this.load(parent, chosen);
      });
      this.root.append(again);
    } finally {
      clearTimeout(slow);
      wait.remove();
    }
  }

  /** From a draft or the logic: the code alone; the server tells its path. */
  private async set(detail: unknown): Promise<void> {
    const first = Array.isArray(detail) ? (detail[0] as unknown) : detail;
    const value =
      typeof first === "object" && first !== null
        ? (first as { value: string }).value
        : String(first ?? "");
    this.hidden.value = value;
    for (const select of this.levels()) select.remove();
    const path = value && this.address ? await this.path(value) : [];
    let parent = "";
    for (const code of path) {
      await this.load(parent, code);
      parent = code;
    }
    await this.load(parent);
  }

  private async path(value: string): Promise<string[]> {
    try {
      const answer = await getJson<Options & { path?: string[] }>(
        `${this.address}?ids=${encodeURIComponent(value)}`,
      );
      return answer.path ?? [];
    } catch {
      return [];
    }
  }
}
