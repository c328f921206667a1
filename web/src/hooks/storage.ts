/**
 * What is kept on this device. Storage may be full or forbidden (private windows, blocked cookies):
 * then things are simply not remembered.
 */
type Store = "localStorage" | "sessionStorage";

export function readStored(store: Store, key: string): string | null {
  try {
    return window[store].getItem(key);
  } catch (error) {
    return forgotten(error);
  }
}

export function writeStored(store: Store, key: string, value: string | null): void {
  try {
    if (value === null) window[store].removeItem(key);
    else window[store].setItem(key, value);
  } catch (error) {
    forgotten(error);
  }
}

/** Only what storage itself throws is expected here. */
function forgotten(error: unknown): null {
  if (error instanceof DOMException) return null;
  throw error;
}
