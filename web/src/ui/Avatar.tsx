import { cx } from "./classNames";

const SIZE = {
  small: "size-9 text-sm",
  /** Follows its container, which says `container-type: size`. */
  tile: "size-[clamp(2rem,38cqmin,8rem)] text-[clamp(0.8rem,15cqmin,3rem)]",
} as const;

/** Quiet grounds on which white text meets AA. */
const GROUND = [
  "bg-[#2f6f62]",
  "bg-[#7a4b6b]",
  "bg-[#3f6187]",
  "bg-[#80562f]",
  "bg-[#5a6130]",
  "bg-[#8a4540]",
] as const;

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const first = firstCharacter(words[0]);
  const last = words.length > 1 ? firstCharacter(words.at(-1)) : "";
  return (first + last).toLocaleUpperCase();
}

/** What a person sees as one character may be several code points. */
function firstCharacter(word: string | undefined): string {
  if (word === undefined || word === "") return "";
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
  return segments[Symbol.iterator]().next().value?.segment ?? "";
}

function ground(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return GROUND[sum % GROUND.length] ?? GROUND[0];
}

interface AvatarProps {
  readonly name: string;
  readonly size: keyof typeof SIZE;
}

export function Avatar({ name, size }: AvatarProps) {
  return (
    <span
      aria-hidden="true"
      className={cx(
        "inline-grid shrink-0 place-items-center rounded-full font-semibold text-white select-none",
        SIZE[size],
        ground(name),
      )}
    >
      {initials(name)}
    </span>
  );
}
