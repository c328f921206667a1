/** What the page around a call tells: networks that come and go, and the page's own life. */
export interface PageEvents {
  /** The network is back, or another one. */
  onNetworkChange(): void;
  /** Back on the screen after so long that timers and sockets may have slept. */
  onWake(): void;
  /** The page goes away: closed, reloaded, or kept by the browser for the back button. */
  onHide(): void;
  /** The back button brought it back as it was. */
  onRestore(): void;
}

export interface PageEnvironment {
  readonly window: EventTarget;
  readonly document: EventTarget & { readonly visibilityState: DocumentVisibilityState };
  /** `navigator.connection`, where there is one. */
  readonly connection: EventTarget | null;
  readonly now: () => number;
}

const SLEPT_MS = 5_000;

export function watchPage(page: PageEnvironment, events: PageEvents): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  let hiddenAt: number | null = null;

  page.window.addEventListener("online", () => events.onNetworkChange(), { signal });
  page.connection?.addEventListener("change", () => events.onNetworkChange(), { signal });
  page.window.addEventListener("pagehide", () => events.onHide(), { signal });
  page.window.addEventListener(
    "pageshow",
    (event) => {
      if ("persisted" in event && event.persisted === true) {
        events.onRestore();
      }
    },
    { signal },
  );
  page.document.addEventListener(
    "visibilitychange",
    () => {
      if (page.document.visibilityState === "hidden") {
        hiddenAt = page.now();
      } else if (hiddenAt !== null && page.now() - hiddenAt > SLEPT_MS) {
        hiddenAt = null;
        events.onWake();
      }
    },
    { signal },
  );
  return () => controller.abort();
}
