/** Light, dark, or as the device says; kept on this device. */
import { useSyncExternalStore } from "react";
import { readStored, writeStored } from "./storage";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "wecall.theme";
const darkDevice = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let chosen: Theme = THEMES.find((theme) => theme === readStored("localStorage", KEY)) ?? "system";

function apply(): void {
  const dark = chosen === "dark" || (chosen === "system" && darkDevice.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}

/** Called once, before the first rendering. */
export function startTheme(): void {
  apply();
  darkDevice.addEventListener("change", apply);
}

function chooseTheme(theme: Theme): void {
  chosen = theme;
  writeStored("localStorage", KEY, theme === "system" ? null : theme);
  apply();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  return [useSyncExternalStore(subscribe, () => chosen), chooseTheme];
}
