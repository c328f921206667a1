import { useEffect } from "react";

/** Keeps the screen on while `active`. The browser drops the lock of a hidden page: asked for anew. */
export function useWakeLock(active: boolean): void {
  useEffect(() => {
    if (!active || !("wakeLock" in navigator)) return undefined;
    let sentinel: WakeLockSentinel | null = null;
    let ended = false;

    async function acquire() {
      if (document.visibilityState !== "visible") return;
      try {
        const lock = await navigator.wakeLock.request("screen");
        if (ended) await lock.release();
        else sentinel = lock;
      } catch (error) {
        // Low battery, or not allowed: the call is no worse for it.
        if (!(error instanceof DOMException)) throw error;
      }
    }

    const reacquire = () => void acquire();
    reacquire();
    document.addEventListener("visibilitychange", reacquire);
    return () => {
      ended = true;
      document.removeEventListener("visibilitychange", reacquire);
      void sentinel?.release();
    };
  }, [active]);
}
