import { readStored, writeStored } from "./storage";

/** How the pictures of a call stand: all alike, or who speaks large. */
export const LAYOUT_MODES = ["grid", "speaker"] as const;
export type LayoutMode = (typeof LAYOUT_MODES)[number];

const KEY = "wecall.layout";

export function rememberedLayout(): LayoutMode {
  const stored = readStored("localStorage", KEY);
  return LAYOUT_MODES.find((mode) => mode === stored) ?? "grid";
}

export function rememberLayout(mode: LayoutMode): void {
  writeStored("localStorage", KEY, mode);
}
