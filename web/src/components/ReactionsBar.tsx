import type { Reaction } from "../protocol/generated";
import { t } from "../locales/translate";
import { REACTION_PICTURE, REACTIONS } from "./reactions";

interface ReactionsBarProps {
  readonly onReact: (reaction: Reaction) => void;
}

export function ReactionsBar({ onReact }: ReactionsBarProps) {
  return (
    <div role="group" aria-label={t("controls.reactions")} className="flex justify-center gap-1">
      {REACTIONS.map((reaction) => (
        <button
          key={reaction}
          type="button"
          aria-label={t(`reaction.${reaction}`)}
          title={t(`reaction.${reaction}`)}
          onClick={() => onReact(reaction)}
          className="grid size-12 place-items-center rounded-full text-2xl hover:bg-surface-2"
        >
          <span aria-hidden="true">{REACTION_PICTURE[reaction]}</span>
        </button>
      ))}
    </div>
  );
}
