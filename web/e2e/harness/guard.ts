import type { Page } from "playwright-core";

/**
 * Listens for what no page of the app may ever do: break the content security policy, throw an
 * error that nobody catches, or ask another origin for something.
 */
export class Guard {
  readonly complaints: string[] = [];

  /** `assets` is the origin from which hashed files may come, besides the page's own. */
  watch(page: Page, origin: string, assets?: string): void {
    const { host } = new URL(origin);
    const requested = (url: string): void => {
      if (assets === undefined || !url.startsWith(`${assets}/assets/`)) this.#requested(url, host);
    };
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.stack ?? error.message}`));
    page.on("crash", () => this.complaints.push("the page crashed"));
    page.on("console", (message) => {
      if (message.type() === "error" && /content.security.policy/i.test(message.text())) {
        this.complaints.push(`policy: ${message.text()}`);
      }
    });
    page.on("request", (request) => requested(request.url()));
    page.on("websocket", (socket) => this.#requested(socket.url(), host));
  }

  #requested(url: string, host: string): void {
    const { protocol, host: asked } = new URL(url);
    if (["data:", "blob:", "about:"].includes(protocol)) return;
    if (asked !== host) this.complaints.push(`a request to another origin: ${url}`);
  }
}
