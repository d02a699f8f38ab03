// htmx.ts - htmx and its CSP extension. hx-csp must be registered before
// htmx starts (it does so behind the current task), and reads the global.
import htmx from "htmx.org/dist/htmx.esm.js";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}
window.htmx = htmx;
export { htmx };
