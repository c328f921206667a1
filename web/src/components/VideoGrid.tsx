import { Suspense, useMemo, useState } from "react";
import type { CallQuality, CallViewRequest, ShownReaction, ViewTile } from "../call/model";
import type { LayoutMode } from "../hooks/layoutChoice";
import { useShortcuts } from "../hooks/shortcuts";
import { useElementSize } from "../hooks/useElementSize";
import { useMediaView } from "../hooks/useMediaView";
import { useSwipe } from "../hooks/useSwipe";
import { t } from "../locales/translate";
import type { PeerId } from "../protocol/generated";
import { isMini, layoutTiles } from "./callLayout";
import { FloatingReactions } from "./FloatingReactions";
import { lazyPart } from "./lazyPart";
import { PartBoundary } from "./PartBoundary";
import { sameView, shownTiles } from "./shownTiles";
import { nextOrder, NO_ORDER, ordered } from "./tileOrder";
import type { TileView } from "./tiles";
import { VideoTile } from "./VideoTile";

export interface VideoGridProps {
  readonly tiles: readonly TileView[];
  readonly reactions: readonly ShownReaction[];
  readonly mode: LayoutMode;
  readonly loudest: PeerId | null;
  /** The key of a tile. */
  readonly pinned: string | null;
  readonly onPin: (key: string) => void;
  /** Something else is over all of the pictures. */
  readonly covered: boolean;
  readonly quality: CallQuality;
  readonly onView: (view: CallViewRequest) => void;
}

export const loadPager = () => import("./Pager");
const Pager = lazyPart(loadPager);

const NOTHING: readonly ViewTile[] = [];

export function VideoGrid(props: VideoGridProps) {
  const { tiles, reactions, mode, loudest, pinned, onPin, covered, quality, onView } = props;
  const [container, size] = useElementSize<HTMLElement>();
  const [order, setOrder] = useState(NO_ORDER);
  const [page, setPage] = useState(0);
  const layout = useMemo(
    () => (size === null ? null : layoutTiles(ordered(tiles, order), size, { mode, pinned, loudest, page })),
    [tiles, order, size, mode, pinned, loudest, page],
  );
  // Answers itself once it has settled, so this ends.
  const settled = layout === null ? order : nextOrder(order, tiles, layout);
  if (settled !== order) setOrder(settled);

  const seen = useMemo(
    () => (layout === null || covered ? NOTHING : shownTiles(tiles, layout, window.devicePixelRatio)),
    [tiles, layout, covered],
  );
  const pinnedPeer = tiles.find((tile) => tile.key === pinned)?.peerId ?? null;
  useMediaView({ tiles: useUnchanged(seen), pinned: pinnedPeer, quality }, onView);

  const pages = layout?.pages ?? 1;
  const turn = (by: number) => setPage(Math.min(Math.max((layout?.page ?? 0) + by, 0), pages - 1));
  useShortcuts({ nextPage: () => turn(1), previousPage: () => turn(-1) });
  const swipe = useSwipe((direction) => turn(-direction));
  const nameOf = (peerId: PeerId) => tiles.find((tile) => tile.peerId === peerId)?.name ?? "";
  const canPin = tiles.length > 2 && size !== null && !isMini(size);

  return (
    <section
      ref={container}
      aria-label={t("tile.grid")}
      className="relative size-full touch-pan-y overflow-hidden"
      {...swipe}
    >
      {tiles.map(({ key, ...tile }) => {
        const place = layout?.places.get(key);
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
            <VideoTile
              {...tile}
              tileKey={key}
              place={place.place}
              pinned={key === pinned}
              onPin={canPin ? onPin : null}
            />
            {tile.kind === "camera" && (
              <FloatingReactions
                nameOf={nameOf}
                reactions={reactions.filter((reaction) => reaction.peerId === tile.peerId)}
              />
            )}
          </div>
        );
      })}
      <FloatingReactions
        nameOf={nameOf}
        reactions={reactions.filter((reaction) => layout?.places.has(reaction.peerId) === false)}
      />
      {layout !== null && layout.pager !== null && (
        <PartBoundary>
          <Suspense fallback={null}>
            <Pager place={layout.pager} page={layout.page} pages={layout.pages} onPage={setPage} />
          </Suspense>
        </PartBoundary>
      )}
    </section>
  );
}

/** The same object for as long as it says the same. */
function useUnchanged(next: readonly ViewTile[]): readonly ViewTile[] {
  const [last, setLast] = useState(next);
  if (last === next || sameView(last, next)) return last;
  setLast(next);
  return next;
}
