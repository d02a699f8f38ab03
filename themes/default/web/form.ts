// form.ts - the form island: sends in place, shows errors in place, keeps a
// draft, runs the form's logic. Without it the same form is sent plainly.
import { Offline, send, type Problem } from "./api.ts";
import { ask } from "./dialog.ts";
import { all, byName, isComposing, make, one, ownAddress } from "./dom.ts";
import { DraftKeeper } from "./draft.ts";
import { clearProblems, missing, plainNumber, showProblems } from "./fields.ts";
import { pendingUploads } from "./files.ts";
import { reloadFragment } from "./live.ts";
import { FormLogic } from "./logic.ts";
import { t } from "./texts.ts";
import { toast, toastNext } from "./toast.ts";

interface Conflict {
  version: number;
  by: string;
  at: string;
  changes: { label: string; yours: string; theirs: string }[];
}

interface Answer {
  location?: string;
  toast?: string;
  version?: number | string;
  problems?: Problem[];
  conflict?: Conflict;
}

export class FormIsland {
  private readonly draft: DraftKeeper;
  private readonly logic: FormLogic;
  private sending = false;

  constructor(private readonly form: HTMLFormElement) {
    this.draft = new DraftKeeper(form);
    this.logic = new FormLogic(form);
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit(event.submitter as HTMLButtonElement | null);
    });
    form.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("focusout", (event) => tidyNumber(event.target));
    form.addEventListener("click", (event) => this.phrase(event));
    this.draft.offer(() => {
      this.changed();
      this.logic.run("open");
    });
    this.logic.run("open");
    const summary = one("[data-problems]:not([hidden])", form);
    summary?.focus();
  }

  private changed(): void {
    this.draft.keep();
    const changed = this.draft.changed;
    for (const badge of all("[data-unsaved]")) badge.hidden = !changed;
  }

  /** Enter in a line of a form is not "send": there is a button, and
   * Ctrl+Enter. A composition's Enter is nobody's (E10). */
  private key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    if (isComposing(event)) return;
    if (
      event.target instanceof HTMLInputElement &&
      !/^(submit|button|checkbox|radio|file)$/.test(event.target.type)
    )
      event.preventDefault();
  }

  private phrase(event: MouseEvent): void {
    const button = (event.target as Element).closest("[data-phrase]");
    const area = byName(this.form, "comment")[0];
    if (!button || !(area instanceof HTMLTextAreaElement)) return;
    const text = button.textContent?.trim() ?? "";
    area.value = area.value ? `${area.value} ${text}` : text;
    button.closest("details")?.removeAttribute("open");
    area.focus();
    this.changed();
  }

  private body(submitter: HTMLButtonElement | null): FormData {
    const body = new FormData(this.form);
    if (submitter?.name) body.append(submitter.name, submitter.value);
    for (const [name, value] of [...body.entries()])
      if (value instanceof File && value.size === 0 && !value.name)
        body.delete(name);
    return body;
  }

  private busy(on: boolean, submitter: HTMLButtonElement | null): void {
    this.sending = on;
    const buttons = [
      ...all<HTMLButtonElement>("button:not([type=button])", this.form),
      ...all<HTMLButtonElement>(`button[form="${CSS.escape(this.form.id)}"]`),
    ];
    for (const button of buttons)
      if (on) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    if (!submitter) return;
    if (on) submitter.setAttribute("aria-busy", "true");
    else submitter.removeAttribute("aria-busy");
  }

  private async submit(submitter: HTMLButtonElement | null): Promise<void> {
    if (this.sending) return;
    this.busy(true, submitter);
    try {
      const waiting = pendingUploads(this.form);
      if (waiting) {
        toast(t("upload_wait"));
        await waiting;
      }
      // A draft may be unfinished. What else is wrong is told with the rest.
      const messages =
        submitter?.value === "draft"
          ? []
          : [...(await this.logic.check()), ...this.askedProblems()];
      if (messages.length) {
        showProblems(this.form, [...missing(this.form), ...messages]);
        return;
      }
      await this.deliver(submitter);
    } catch (error) {
      if (error instanceof Offline)
        showProblems(this.form, [{ message: t("offline") }]);
      else throw error;
    } finally {
      this.busy(false, submitter);
    }
  }

  /** What a page of a module finds wrong: its script listens to tn:check. */
  private askedProblems(): Problem[] {
    const problems: Problem[] = [];
    this.form.dispatchEvent(
      new CustomEvent("tn:check", { detail: { problems } }),
    );
    return problems;
  }

  private async deliver(submitter: HTMLButtonElement | null): Promise<void> {
    const data = this.body(submitter);
    const files = [...data.values()].some((value) => value instanceof File);
    const body = files
      ? data
      : new URLSearchParams([...data.entries()] as [string, string][]);
    const address =
      submitter?.getAttribute("formaction") ??
      this.form.getAttribute("action") ??
      location.href;
    const response = await send(address, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-Tenon-Request": "form" },
    });
    const answer = (await response.json().catch(() => ({}))) as Answer;
    if (response.ok) this.done(answer);
    else if (response.status === 409 && answer.conflict)
      await this.conflict(answer.conflict, submitter);
    else
      showProblems(
        this.form,
        answer.problems?.length
          ? answer.problems
          : [{ message: t("failed", { status: response.status }) }],
      );
  }

  private done(answer: Answer): void {
    clearProblems(this.form);
    this.draft.drop();
    for (const badge of all("[data-unsaved]")) badge.hidden = true;
    // Who has put the form into a dialog goes on from here.
    const saved = new CustomEvent("tn:saved", { cancelable: true, detail: answer });
    if (!this.form.dispatchEvent(saved)) return;
    const address = ownAddress(answer.location);
    if (address) {
      if (answer.toast) toastNext(answer.toast);
      location.assign(address);
      return;
    }
    if (answer.version !== undefined) {
      const version = one<HTMLInputElement>("[name=_version]", this.form);
      if (version) version.value = String(answer.version);
    }
    toast(answer.toast ?? t("saved"), { kind: "success" });
  }

  private async conflict(
    conflict: Conflict,
    submitter: HTMLButtonElement | null,
  ): Promise<void> {
    const rows = conflict.changes.map((change) =>
      make(
        "tr",
        {},
        make("td", {}, change.label),
        make("td", {}, change.yours),
        make("td", {}, change.theirs),
      ),
    );
    const table = make(
      "div",
      { class: "tn-scroll" },
      make(
        "table",
        { class: "table" },
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            make("th", { scope: "col" }, t("conflict_field")),
            make("th", { scope: "col" }, t("conflict_yours")),
            make("th", { scope: "col" }, t("conflict_theirs")),
          ),
        ),
        make("tbody", {}, ...rows),
      ),
    );
    const text = t("conflict_text", { by: conflict.by, at: conflict.at });
    const choice = await ask(t("conflict_title"), [make("p", {}, text), table], [
      { label: t("cancel"), value: "" },
      { label: t("conflict_take"), value: "theirs" },
      { label: t("conflict_keep"), value: "mine", kind: "primary" },
    ]);
    if (choice === "theirs") {
      this.draft.drop();
      location.reload();
    } else if (choice === "mine") {
      const version = one<HTMLInputElement>("[name=_version]", this.form);
      if (version) version.value = String(conflict.version);
      await this.deliver(submitter);
    }
  }
}

/** Numbers as people type them become plain ones when the field is left. */
function tidyNumber(target: EventTarget | null): void {
  if (
    !(target instanceof HTMLInputElement) ||
    target.dataset["number"] === undefined
  )
    return;
  const plain = plainNumber(target.value);
  if (plain !== target.value && /^-?\d*(\.\d+)?$/.test(plain)) {
    target.value = plain;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** The composer under a timeline: sent in place, the timeline loads anew. */
export function startComment(form: HTMLFormElement, sent: () => void): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void (async () => {
      const body = new URLSearchParams();
      for (const [name, value] of new FormData(form))
        if (typeof value === "string") body.append(name, value);
      try {
        const response = await send(form.action, {
          method: "POST",
          body,
          headers: { Accept: "application/json", "X-Tenon-Request": "form" },
        });
        if (!response.ok) {
          const answer = (await response.json().catch(() => ({}))) as Answer;
          toast(
            answer.problems?.[0]?.message ??
              t("failed", { status: response.status }),
            { kind: "danger" },
          );
          return;
        }
      } catch {
        toast(t("offline"), { kind: "danger" });
        return;
      }
      form.reset();
      for (const area of all<HTMLTextAreaElement>("textarea", form)) {
        area.value = "";
        area.blur();
      }
      sent();
      const part = form.closest("[id][data-live], #timeline");
      if (part) await reloadFragment(part);
    })();
  });
}
