import { readStored, writeStored } from "./storage";

const KEY = "wecall.name";

/** The server's bound (`UserName`). */
export const NAME_MAX_CHARACTERS = 64;

export function rememberedName(): string {
  return readStored("localStorage", KEY) ?? "";
}

export function rememberName(name: string): void {
  writeStored("localStorage", KEY, name);
}

export type NameProblem = "empty" | "too-long";

/** The common mistakes, said before the server has to. */
export function nameProblem(name: string): NameProblem | null {
  const length = [...name.trim()].length;
  if (length === 0) return "empty";
  return length > NAME_MAX_CHARACTERS ? "too-long" : null;
}
