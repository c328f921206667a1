import type { NameProblem } from "../hooks/rememberedName";
import type { PlainKey } from "../locales/translate";

export const NAME_PROBLEM: Readonly<Record<NameProblem, PlainKey>> = {
  empty: "prejoin.nameEmpty",
  "too-long": "prejoin.nameLong",
};
