// texts.ts - the browser code's own texts, in the page's language. They come
// as a module of the theme (built from core/view/locale, "browser").

let texts: Record<string, string> = {};

export async function loadTexts(): Promise<void> {
  const address = document.body.dataset["texts"];
  if (!address) return;
  try {
    const loaded = (await import(address)) as { default: Record<string, string> };
    texts = loaded.default;
  } catch (error) {
    console.warn("texts", error);
  }
}

/** The text of a key, its {placeholders} filled. */
export function t(
  key: string,
  args: Record<string, string | number> = {},
): string {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name: string) =>
    name in args ? String(args[name]) : all,
  );
}

export const locale = document.documentElement.lang || "en";

/** "1234567.50" → "1,234,567.50"; the digits are never rounded. */
export function groupDigits(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!match) return text;
  const whole = (match[2] ?? "").replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return `${match[1]}${whole}${match[3] ?? ""}`;
}

/** "2 minutes ago", for drafts. */
export function ago(time: number): string {
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  const seconds = Math.round((time - Date.now()) / 1000);
  if (seconds > -60) return format.format(0, "minute");
  if (seconds > -3600) return format.format(Math.round(seconds / 60), "minute");
  if (seconds > -86400) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86400), "day");
}

function language(): string {
  return locale === "en-XA" ? "en" : locale;
}
