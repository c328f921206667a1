/**
 * Starts a worker from the address of its script, as `import script from "./x.ts?worker&url"` gives
 * it. Assets may come from another origin, from which browsers start no worker, but one of a few
 * bytes of the page's own that imports it; the content security policy allows both.
 *
 * Refers to nothing outside itself, for tests run it in a page.
 */
export function startWorker(script: string, options: { readonly name?: string } = {}): Worker {
  const { href, origin } = new URL(script, document.baseURI);
  const how: WorkerOptions = { ...options, type: "module" };
  if (origin === window.location.origin) return new Worker(href, how);
  const shim = new Blob([`import ${JSON.stringify(href)};`], { type: "text/javascript" });
  const url = URL.createObjectURL(shim);
  const worker = new Worker(url, how);
  // The browser has taken up the address by now, but reads from it later.
  const forget = () => URL.revokeObjectURL(url);
  worker.addEventListener("message", forget, { once: true });
  worker.addEventListener("error", forget, { once: true });
  return worker;
}
