// recent.ts - what a person chose lately in the palette; kept in this browser
// only, and emptied by signing out (Clear-Site-Data).
import type { Item } from "./palette.ts";

const MOST = 6;
const key = (): string => `tenon.recent:${document.body.dataset["person"] ?? ""}`;

export function recent(): Item[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key()) ?? "[]");
    return Array.isArray(list)
      ? (list as Item[]).filter((item) =>
          typeof item.label === "string" && typeof item.url === "string")
      : [];
  } catch {
    return [];
  }
}

export function remember({ kind, label, detail, url, icon }: Item): void {
  const item = { kind, label, detail, url, icon };
  const list = [item, ...recent().filter((one) => one.url !== url)];
  try {
    localStorage.setItem(key(), JSON.stringify(list.slice(0, MOST)));
  } catch {
    // No storage: nothing is remembered.
  }
}
