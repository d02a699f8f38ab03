// files.ts - files go at once, with progress; the form sends their ids. What
// could not be sent stays in the list and can be tried again.
import { upload, type Problem } from "./api.ts";
import { all, icon, make, one } from "./dom.ts";
import { t } from "./texts.ts";

interface Uploaded {
  id: string;
  name: string;
  size_text?: string;
  url?: string;
}

const running = new WeakMap<HTMLFormElement, Set<Promise<void>>>();

/** Resolves when no file of the form is under way; null where none is. */
export function pendingUploads(form: HTMLFormElement): Promise<unknown> | null {
  const set = running.get(form);
  return set?.size ? Promise.all([...set]) : null;
}

export class Files {
  private readonly list: HTMLElement;
  private readonly input: HTMLInputElement | null;

  constructor(private readonly root: HTMLElement) {
    this.list = one(".tn-filelist", root)!;
    this.input = one<HTMLInputElement>("input[type=file]", root);
    root.addEventListener("tenon:files", (event) =>
      this.restore((event as CustomEvent<Uploaded[]>).detail),
    );
    if (!this.input) return;
    this.input.addEventListener("change", () => {
      this.take([...(this.input?.files ?? [])]);
      if (this.input) this.input.value = "";
    });
    const drop = one(".tn-drop", root) ?? root;
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("is-over");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("is-over");
      this.take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  private get multiple(): boolean {
    return this.root.dataset["multiple"] !== undefined;
  }

  private changed(): void {
    this.root.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private take(files: File[]): void {
    const most = Number(this.root.dataset["maxBytes"] ?? 0);
    for (const file of this.multiple ? files : files.slice(0, 1)) {
      if (most && file.size > most) {
        const text = t("upload_large", {
          name: file.name,
          max: this.root.dataset["maxText"] ?? "",
        });
        this.list.append(this.bad(text, null));
        continue;
      }
      this.start(file);
    }
  }

  private start(file: File): void {
    const form = this.root.closest("form");
    const job = this.send(file).finally(() => {
      if (form) running.get(form)?.delete(job);
    });
    if (!form) return;
    if (!running.has(form)) running.set(form, new Set());
    running.get(form)?.add(job);
  }

  private async send(file: File): Promise<void> {
    const bar = make("progress", {
      max: "1",
      value: "0",
      "aria-label": t("upload_progress", { name: file.name, percent: 0 }),
    });
    const item = make(
      "li",
      { class: "tn-fileitem" },
      make("span", { class: "tn-file" }, icon("paperclip"), file.name),
      bar,
    );
    this.list.append(item);
    try {
      const answer = await upload("/api/v1/files", file, (part) => {
        bar.value = part;
        const percent = Math.round(part * 100);
        bar.setAttribute(
          "aria-label",
          t("upload_progress", { name: file.name, percent }),
        );
      });
      if (answer.status === 200 || answer.status === 201) {
        if (!this.multiple)
          for (const other of all("li", this.list))
            if (other !== item) other.remove();
        item.replaceWith(this.item(answer.json as Uploaded));
        this.changed();
        return;
      }
      const problems = (answer.json as { problems?: Problem[] } | null)?.problems;
      const text =
        problems?.[0]?.message ?? t("upload_failed", { name: file.name });
      item.replaceWith(this.bad(text, file));
    } catch {
      item.replaceWith(this.bad(t("upload_failed", { name: file.name }), file));
    }
  }

  private item(file: Uploaded): HTMLElement {
    const keep = make("input", {
      type: "hidden",
      name: `${this.root.dataset["name"]}[]`,
      value: String(file.id),
      "data-keep-file": true,
    });
    const name = file.url
      ? make("a", { class: "tn-file", href: file.url }, icon("paperclip"), file.name)
      : make("span", { class: "tn-file" }, icon("paperclip"), file.name);
    const remove = make("button", {
      type: "button",
      class: "btn btn-icon btn-ghost btn-sm",
      "aria-label": t("remove", { name: file.name }),
    });
    remove.append(icon("x"));
    const item = make(
      "li",
      { class: "tn-fileitem" },
      keep,
      name,
      make("span", { class: "tn-muted" }, file.size_text ?? ""),
      remove,
    );
    remove.addEventListener("click", () => {
      item.remove();
      this.changed();
      this.input?.focus();
    });
    return item;
  }

  private bad(text: string, file: File | null): HTMLElement {
    const item = make(
      "li",
      { class: "tn-fileitem is-bad", role: "alert" },
      make("span", { class: "tn-file" }, icon("alert"), text),
    );
    const button = make(
      "button",
      { type: "button", class: "btn btn-sm" },
      file ? t("upload_again") : t("close"),
    );
    button.addEventListener("click", () => {
      item.remove();
      if (file) this.start(file);
    });
    item.append(button);
    return item;
  }

  /** A draft remembers ids; those that are not in the list yet. */
  private restore(files: Uploaded[]): void {
    const there = new Set(
      all<HTMLInputElement>("[data-keep-file]", this.list).map((i) => i.value),
    );
    for (const file of files)
      if (!there.has(file.id)) this.list.append(this.item(file));
  }
}
