import type { PlainKey } from "../locales/translate";
import type { ApiFailure } from "../call";

export function failureText(failure: ApiFailure): PlainKey {
  if (failure.kind === "unreachable") return "error.unreachable";
  return failure.code === null ? "error.unavailable" : `error.${failure.code}`;
}
