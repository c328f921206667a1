import type { ShownReaction } from "../call/model";
import { t } from "../locales/translate";
import type { PeerId } from "../protocol/generated";
import { REACTION_PICTURE } from "./reactions";

interface FloatingReactionsProps {
  readonly reactions: readonly ShownReaction[];
  readonly nameOf: (peerId: PeerId) => string;
}

/** Over a tile, or of those without one; the engine takes each one away after its moment. */
export function FloatingReactions({ reactions, nameOf }: FloatingReactionsProps) {
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 bottom-10 flex justify-center gap-1">
      {reactions.map(({ id, peerId, reaction }) => (
        <span key={id} className="animate-rise text-4xl">
          <span aria-hidden="true">{REACTION_PICTURE[reaction]}</span>
          <span className="sr-only">
            {t("reaction.from", { name: nameOf(peerId), reaction: t(`reaction.${reaction}`) })}
          </span>
        </span>
      ))}
    </div>
  );
}
