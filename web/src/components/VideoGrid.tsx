import { useMemo } from "react";
import type { ShownReaction } from "../call/model";
import { useElementSize } from "../hooks/useElementSize";
import { t } from "../locales/translate";
import { layoutTiles } from "./gridLayout";
import { FloatingReactions } from "./FloatingReactions";
import type { TileView } from "./tiles";
import { VideoTile } from "./VideoTile";

interface VideoGridProps {
  readonly tiles: readonly TileView[];
  readonly reactions: readonly ShownReaction[];
}

export function VideoGrid({ tiles, reactions }: VideoGridProps) {
  const [container, size] = useElementSize<HTMLElement>();
  const places = useMemo(
    () => (size === null ? null : layoutTiles(tiles, size)),
    [tiles, size],
  );

  return (
    <section ref={container} aria-label={t("tile.grid")} className="relative size-full overflow-hidden">
      {tiles.map(({ key, ...tile }) => {
        const place = places?.get(key);
        if (place === undefined) return null;
        return (
          <div
            key={key}
            className="absolute top-0 left-0 transition-[translate,width,height] duration-200 ease-out data-inset:z-10"
            data-inset={place.place === "inset" ? "" : undefined}
            style={{
              width: place.width,
              height: place.height,
              translate: `${place.x}px ${place.y}px`,
            }}
          >
            <VideoTile {...tile} place={place.place} />
            {tile.kind === "camera" && (
              <FloatingReactions
                name={tile.name}
                reactions={reactions.filter((reaction) => reaction.peerId === tile.peerId)}
              />
            )}
          </div>
        );
      })}
    </section>
  );
}
