// logic.ts - runs a form's Lua while somebody fills it in, and applies what
// it answers: computed values, what is shown, locked, required (E14).
import { getJson, type Problem } from "./api.ts";
import { all, debounce, isComposing, one, ownAddress } from "./dom.ts";
import { applyState, readValues, writeValue } from "./fields.ts";
import { Logic, type LogicAnswer, type LogicEvent } from "./lua.ts";
import { locale, t } from "./texts.ts";
import { toast } from "./toast.ts";

function today(): string {
  const now = new Date();
  const pad = (n: number): string => String(n).padStart(2, "0");
  return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
}

export class FormLogic {
  private readonly opened: Promise<Logic | null>;
  private queue: Promise<unknown> = Promise.resolve();
  private composing = false;
  private failed = false;

  constructor(private readonly form: HTMLFormElement) {
    this.opened = this.open();
    const change = debounce((name: string) => this.run("change", name), 30);
    form.addEventListener("keydown", (event) => {
      this.composing = isComposing(event);
    });
    const on = (event: Event): void => {
      if (this.composing && event.type === "input") return;
      const field = (event.target as Element).closest<HTMLElement>(
        "[data-field]",
      );
      if (field) change(field.dataset["field"] ?? "");
    };
    form.addEventListener("input", on);
    form.addEventListener("change", on);
    form.addEventListener("compositionend", (event) => {
      this.composing = false;
      on(event);
    });
    form.addEventListener("tenon:rowschanged", () => this.run("compute"));
  }

  private async definition(): Promise<unknown> {
    const inline = one(`#${CSS.escape(this.form.id)}-logic`);
    if (inline?.textContent) return JSON.parse(inline.textContent);
    const address = ownAddress(this.form.dataset["logicUrl"]);
    return address ? getJson<unknown>(address) : null;
  }

  private async open(): Promise<Logic | null> {
    const worker = ownAddress(document.body.dataset["luaWorker"]);
    const wasm = ownAddress(document.body.dataset["luaWasm"]);
    if (!this.form.id || !worker || !wasm) return null;
    try {
      const definition = await this.definition();
      return definition ? await Logic.open(definition, { worker, wasm }) : null;
    } catch (error) {
      this.complain(error);
      return null;
    }
  }

  /** The server decides at the save; here it is a help that fails softly. */
  private complain(error: unknown): void {
    console.warn("form logic:", error);
    if (!this.failed) toast(t("logic_failed"), { kind: "warning" });
    this.failed = true;
  }

  private async call(
    event: LogicEvent,
    field: string | null,
  ): Promise<LogicAnswer | null> {
    const logic = await this.opened;
    if (!logic) return null;
    try {
      return await logic.run(
        event,
        field,
        readValues(this.form),
        today(),
        locale,
      );
    } catch (error) {
      this.complain(error);
      return null;
    }
  }

  /** One call at a time, in order. */
  run(event: LogicEvent, field: string | null = null): void {
    this.queue = this.queue.then(async () => {
      const answer = await this.call(event, field);
      if (answer) this.apply(answer);
    });
  }

  private apply(answer: LogicAnswer): void {
    for (const [name, value] of Object.entries(answer.values))
      if (Array.isArray(value) && this.table(name)) this.writeTable(name, value);
      else writeValue(this.form, name, value);
    for (const [name, state] of Object.entries(answer.states))
      applyState(this.form, name, state);
  }

  private table(name: string): HTMLElement | null {
    return one(
      `[data-island=subtable][data-name="${CSS.escape(name)}"]`,
      this.form,
    );
  }

  private writeTable(name: string, rows: unknown[]): void {
    const table = this.table(name);
    if (!table) return;
    if (all("tbody > tr[data-row]", table).length !== rows.length)
      table.dispatchEvent(new CustomEvent("tenon:rows", { detail: rows.length }));
    rows.forEach((row, index) => {
      for (const [key, value] of Object.entries(row as object))
        writeValue(this.form, `${name}.${index}.${key}`, value);
    });
  }

  /** What the checks say, before sending; none where there is no logic. */
  async check(): Promise<Problem[]> {
    await this.queue;
    const answer = await this.call("validate", null);
    if (!answer) return [];
    this.apply(answer);
    return answer.messages;
  }
}
