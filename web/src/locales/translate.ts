/**
 * `t(key, params)`: text from the catalogue of the person's language. The catalogue is chosen once,
 * before anything is rendered; only what is needed of English is part of the first load.
 */
import { loadChunk } from "../services/chunks";
import { en } from "./en";
import type { enLater } from "./enLater";

interface PluralForms {
  readonly zero?: string;
  readonly one?: string;
  readonly two?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

type Early = typeof en;
type English = Early & typeof enLater;
export type TextKey = keyof English;
/** What another language has to provide: the same keys, in the same shapes. */
export type Catalogue = {
  readonly [K in TextKey]: English[K] extends string ? string : PluralForms;
};

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;
type ParamName<K extends TextKey> = English[K] extends string
  ? Names<English[K]>
  : English[K] extends { readonly other: infer Other extends string }
    ? Names<Other> | "count"
    : never;
type Params<K extends TextKey> = [ParamName<K>] extends [never]
  ? []
  : [params: Readonly<Record<ParamName<K>, string | number>>];

/** Keys of texts that need nothing filled in. */
export type PlainKey = { [K in TextKey]: [ParamName<K>] extends [never] ? K : never }[TextKey];
/** Those of them that are part of the first load. */
export type EarlyPlainKey = PlainKey & keyof Early;

type Entries = Readonly<Record<string, string | PluralForms>>;

let english: Entries = en;
let catalogue = english;
let locale = "en";
let plurals = new Intl.PluralRules(locale);
let numbers = new Intl.NumberFormat(locale);

const OTHER_LANGUAGES: Readonly<Record<string, () => Promise<Catalogue>>> = {
  de: async () => (await loadChunk(() => import("./de"))).de,
};

/** The first of the wanted languages that there is a catalogue for. */
export function pickLanguage(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (language === "en" || Object.hasOwn(OTHER_LANGUAGES, language)) return language;
  }
  return "en";
}

/** Loads the catalogue of `language` and makes it the one that `t` reads. */
export async function loadLanguage(language: string): Promise<void> {
  const load = OTHER_LANGUAGES[language];
  catalogue = load === undefined ? english : await load();
  locale = load === undefined ? "en" : language;
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale);
}

/** Texts of parts that are loaded later. Other languages have all of theirs in one. */
export function addEnglish(texts: Entries): void {
  const shown = catalogue === english;
  english = { ...english, ...texts };
  if (shown) catalogue = english;
}

export function currentLocale(): string {
  return locale;
}

function fill(text: string, params: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

/** Of the first load; parts that come later have `t` of `later`. */
export const t: <K extends keyof Early>(key: K, ...params: Params<K>) => string = text;

export function text<K extends TextKey>(key: K, ...[params]: Params<K>): string {
  const entry = catalogue[key] ?? key;
  const values: Readonly<Record<string, string | number>> = params ?? {};
  if (typeof entry === "string") return fill(entry, values);
  const form = plurals.select(Number(values["count"] ?? 0));
  return fill(entry[form] ?? entry.other, values);
}

export function formatTime(epochMs: number): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(epochMs);
}

export function formatDateTime(epochMs: number): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(epochMs);
}
