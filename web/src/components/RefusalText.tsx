import { t } from "../locales/later";
import type { ErrorCode } from "../protocol/generated";

/** Why the server refused something. */
export default function RefusalText({ code }: { readonly code: ErrorCode }) {
  return t(`error.${code}`);
}
