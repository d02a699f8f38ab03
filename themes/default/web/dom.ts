// dom.ts - small helpers: making elements, finding them, icons. Text always
// goes in as text; no HTML is ever made from strings.

type Attributes = Record<string, string | boolean | null | undefined>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? "" : value);
  element.append(...children);
  return element;
}

export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset["icons"] ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

export function all<T extends Element = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

export function one<T extends Element = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): T | null {
  return root.querySelector<T>(selector);
}

/** An element of a name, whatever characters the name has. */
export function byName(form: HTMLFormElement, name: string): HTMLElement[] {
  return [...form.elements].filter(
    (element) => element.getAttribute("name") === name,
  ) as HTMLElement[];
}

/** Does somebody type there? Then single keys are letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !/^(checkbox|radio|button|submit|reset|file|range|color)$/.test(
      target.type,
    );
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}

/** An input method is at work: its keys are not ours (E10). */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

export function debounce<A extends unknown[]>(
  call: (...args: A) => void,
  wait: number,
): (...args: A) => void {
  let timer = 0;
  return (...args: A) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => call(...args), wait);
  };
}

/** Addresses of our own site only; null otherwise (S25). */
export function ownAddress(address: string | null | undefined): string | null {
  if (!address) return null;
  try {
    const url = new URL(address, location.href);
    return url.origin === location.origin ? url.href : null;
  } catch {
    return null;
  }
}
