import type { ShownReaction } from "../call/model";
import { t } from "../locales/translate";
import { REACTION_PICTURE } from "./reactions";

interface FloatingReactionsProps {
  readonly name: string;
  readonly reactions: readonly ShownReaction[];
}

/** Over a tile; the engine takes each one away after its moment. */
export function FloatingReactions({ name, reactions }: FloatingReactionsProps) {
  return (
    <div role="status" className="pointer-events-none absolute inset-x-0 bottom-10 flex justify-center gap-1">
      {reactions.map(({ id, reaction }) => (
        <span key={id} className="animate-rise text-4xl">
          <span aria-hidden="true">{REACTION_PICTURE[reaction]}</span>
          <span className="sr-only">
            {t("reaction.from", { name, reaction: t(`reaction.${reaction}`) })}
          </span>
        </span>
      ))}
    </div>
  );
}
