/** How calls were, by those who said so. Stays on this device. */
import { readStored, writeStored } from "./storage";

export const QUALITIES = ["bad", "fair", "good", "great"] as const;
export type Quality = (typeof QUALITIES)[number];

const KEY = "wecall.ratings";
const KEPT = 50;

interface Rating {
  readonly at: number;
  readonly quality: Quality;
}

export function keepRating(rating: Rating): void {
  const stored = readStored("localStorage", KEY);
  writeStored("localStorage", KEY, JSON.stringify([...parse(stored), rating].slice(-KEPT)));
}

function parse(stored: string | null): readonly unknown[] {
  if (stored === null) return [];
  try {
    const parsed: unknown = JSON.parse(stored);
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
