// The parts of htmx 4 that we call.
declare module "htmx.org/dist/htmx.esm.js" {
  interface AjaxOptions {
    target?: string | Element;
    select?: string;
    swap?: string;
    source?: string | Element;
    headers?: Record<string, string>;
    push?: string;
    replace?: string;
    /** Ours, kept in the context of its events: a reload that nobody asked. */
    unasked?: boolean;
  }
  const htmx: {
    version: string;
    config: Record<string, unknown>;
    process(element: Element): void;
    ajax(
      method: string,
      address: string,
      options: AjaxOptions | string | Element,
    ): Promise<unknown>;
  };
  export default htmx;
}
declare module "htmx.org/dist/ext/hx-csp.js";
