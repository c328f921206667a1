import type { Reaction } from "../protocol/generated";

/** In the order in which they are offered. */
export const REACTIONS = [
  "thumbs-up",
  "clap",
  "heart",
  "laugh",
  "surprised",
  "celebrate",
] as const satisfies readonly Reaction[];

export const REACTION_PICTURE: Readonly<Record<Reaction, string>> = {
  "thumbs-up": "👍",
  clap: "👏",
  heart: "❤️",
  laugh: "😂",
  surprised: "😮",
  celebrate: "🎉",
};
