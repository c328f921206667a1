import type { NameProblem } from "../hooks/rememberedName";
import type { EarlyPlainKey } from "../locales/translate";

export const NAME_PROBLEM: Readonly<Record<NameProblem, EarlyPlainKey>> = {
  empty: "prejoin.nameEmpty",
  "too-long": "prejoin.nameLong",
};
