// forms.ts - starts the islands of forms; a chunk of its own, so that pages
// without forms don't load it.
import { all } from "./dom.ts";
import { Cascade } from "./cascade.ts";
import { keepText } from "./draft.ts";
import { Files } from "./files.ts";
import { FormIsland, startComment } from "./form.ts";
import { Picker } from "./picker.ts";
import { Similar } from "./similar.ts";
import { SubTable } from "./sub-table.ts";

export function start(root: ParentNode, started: WeakSet<Element>): void {
  const each = (kind: string, run: (element: HTMLElement) => void): void => {
    for (const element of all(`[data-island=${kind}]`, root)) {
      if (started.has(element)) continue;
      started.add(element);
      run(element);
    }
  };
  // Parts first: the form reads what they have made of the markup.
  each("subtable", (el) => new SubTable(el, (row) => start(row, started)));
  each("picker", (el) => new Picker(el));
  each("cascade", (el) => new Cascade(el));
  each("files", (el) => new Files(el));
  each("similar", (el) => new Similar(el));
  each("form", (el) => {
    if (el instanceof HTMLFormElement) new FormIsland(el);
  });
  each("comment", (el) => {
    const area = el.querySelector("textarea");
    if (el instanceof HTMLFormElement && area) startComment(el, keepText(area));
  });
}
