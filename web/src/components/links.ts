/** Finds addresses in text that somebody wrote. Only http and https: nothing else is ever a link. */
export interface TextPart {
  readonly kind: "text" | "link";
  readonly text: string;
  readonly at: number;
}

const ADDRESS = /https?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…]+$/u;

export function splitLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index), at: from });
    parts.push({ kind: "link", text: address, at: match.index });
    from = match.index + address.length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from), at: from });
  return parts;
}

/** A closing bracket belongs to the address only if it was opened in it. */
function trimAddress(found: string): string {
  let address = found.replace(TRAILING, "");
  while (address.endsWith(")") && !address.includes("(")) {
    address = address.slice(0, -1).replace(TRAILING, "");
  }
  return address;
}
