/**
 * When a part of the app is gone for good, the page is of a version that no server has any more: a
 * reload gets the newest. Never in a call, and not again and again when that was not the reason.
 */
import { isInCall } from "./rejoin";
import { readStored, writeStored } from "./storage";

const KEY = "wecall.reloaded-at";
/** Whoever comes across the next missing part sooner is told instead. */
const AT_MOST_EVERY_MS = 60_000;

/** Whether the page is on its way out now. */
export function reloadOnce(
  now: number = Date.now(),
  reload: () => void = () => window.location.reload(),
): boolean {
  if (isInCall()) return false;
  const last = readStored("sessionStorage", KEY);
  if (last !== null && Math.abs(now - Number(last)) < AT_MOST_EVERY_MS) return false;
  writeStored("sessionStorage", KEY, String(now));
  // Where nothing is remembered, nothing would end it.
  if (readStored("sessionStorage", KEY) !== String(now)) return false;
  reload();
  return true;
}
