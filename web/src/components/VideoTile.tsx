/**
 * One picture of one person, or of their screen.
 *
 * Stable hooks for tests in browsers: `article[data-tile]` with `data-peer-id`, `data-self` (only on
 * the own), `data-kind="camera|screen"`, `data-connection`, `data-microphone="on|off"`,
 * `data-camera="on|off"`, `data-speaking` (only while speaking), `data-paused` (only while the
 * picture is), and `data-place` (see callLayout). Inside: one `<video>` while there is a picture to
 * show.
 */
import { AudioLines, CirclePause, Crown, Hand, MicOff, MonitorUp, Pin, PinOff, WifiOff } from "lucide-react";
import { memo, useCallback } from "react";
import { useAfterDelay } from "../hooks/useAfterDelay";
import { t } from "../locales/translate";
import { Avatar } from "../ui/Avatar";
import { cx } from "../ui/classNames";
import { Spinner } from "../ui/Spinner";
import type { Place } from "./callLayout";
import type { TileView } from "./tiles";

const PAUSED_SHOWN_AFTER_MS = 1_500;

interface VideoTileProps extends Omit<TileView, "key"> {
  readonly tileKey: string;
  readonly place: Place;
  readonly pinned: boolean;
  /** Null where nothing can be made larger. The same function each time. */
  readonly onPin: ((key: string) => void) | null;
}

export const VideoTile = memo(function VideoTile(tile: VideoTileProps) {
  const { stream, kind, self, place } = tile;
  // For a moment the last picture stands still, rather than all of it coming and going.
  const paused = useAfterDelay(tile.paused, PAUSED_SHOWN_AFTER_MS);
  const showsVideo = stream !== null && !paused && (kind === "screen" || tile.camera);
  const attach = useCallback(
    (video: HTMLVideoElement | null) => {
      if (video !== null && video.srcObject !== stream) video.srcObject = stream;
    },
    [stream],
  );

  return (
    <article
      aria-label={titleOf(tile)}
      data-tile=""
      data-peer-id={tile.peerId}
      data-self={self ? "" : undefined}
      data-kind={kind}
      data-place={place}
      data-connection={tile.connection}
      data-microphone={tile.microphone ? "on" : "off"}
      data-camera={tile.camera ? "on" : "off"}
      data-speaking={tile.speaking ? "" : undefined}
      data-paused={paused ? "" : undefined}
      // A finger that taps it brings its button out.
      tabIndex={-1}
      className={cx(
        "group/tile relative grid size-full place-items-center overflow-hidden rounded-tile bg-tile outline-none [container-type:size]",
        place === "inset" && "shadow-raised ring-1 ring-white/20",
      )}
    >
      {showsVideo ? (
        <video
          ref={attach}
          autoPlay
          playsInline
          muted
          className={cx(
            "absolute inset-0 size-full",
            kind === "screen" ? "bg-black object-contain" : "object-cover",
            self && kind === "camera" && "-scale-x-100",
          )}
        />
      ) : (
        // Low tiles have it above the name.
        <span className="[@container(max-height:7rem)]:-translate-y-3">
          <Avatar name={tile.name} size="tile" />
        </span>
      )}
      <ConnectionVeil connection={tile.connection} compact={place === "strip" || place === "inset"} />
      {tile.speaking && (
        <span
          aria-hidden="true"
          className="pointer-events-none absolute inset-0 rounded-tile ring-3 ring-accent ring-inset"
        />
      )}
      {paused && tile.connection === "connected" && <PausedNote />}
      <TileLabel {...tile} />
      <div className="absolute top-1.5 right-1.5 flex items-center gap-1">
        {tile.onPin !== null && !self && <PinButton {...tile} onPin={tile.onPin} />}
        {tile.hand && (
          <span className="flex items-center rounded-full bg-[#f3cf83] p-1.5 text-[#3a2b00]">
            <Hand aria-hidden="true" size={18} />
            <span className="sr-only">{t("tile.hand")}</span>
          </span>
        )}
      </div>
    </article>
  );
});

function titleOf({ self, kind, name }: VideoTileProps): string {
  if (kind === "screen") return self ? t("tile.ownScreen") : t("tile.screen", { name });
  return self ? t("tile.you", { name }) : name;
}

interface PinButtonProps extends VideoTileProps {
  readonly onPin: (key: string) => void;
}

/** Out of the way until a pointer, a finger or the focus is at the tile. */
function PinButton(tile: PinButtonProps) {
  const { pinned, onPin, tileKey } = tile;
  const Icon = pinned ? PinOff : Pin;
  return (
    <button
      type="button"
      aria-label={t("tile.pin", { name: titleOf(tile) })}
      aria-pressed={pinned}
      title={t(pinned ? "tile.unpinHint" : "tile.pinHint")}
      onClick={() => onPin(tileKey)}
      className={cx(
        "grid size-9 place-items-center rounded-full bg-black/60 text-white transition-opacity hover:bg-black/80",
        !pinned &&
          "pointer-events-none opacity-0 group-focus-within/tile:pointer-events-auto group-focus-within/tile:opacity-100 group-hover/tile:pointer-events-auto group-hover/tile:opacity-100",
      )}
    >
      <Icon aria-hidden="true" size={18} />
    </button>
  );
}

function PausedNote() {
  return (
    <p
      title={t("tile.paused")}
      className="absolute top-2 left-2 m-0 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-full bg-black/60 py-1 pr-2.5 pl-1.5 text-xs leading-4 font-medium text-white @max-[9rem]:p-1"
    >
      <CirclePause aria-hidden="true" size={16} className="shrink-0 text-[#f3cf83]" />
      <span className="@max-[17rem]:sr-only">{t("tile.paused")}</span>
      <span aria-hidden="true" className="@min-[17rem]:hidden @max-[9rem]:hidden">
        {t("tile.pausedShort")}
      </span>
    </p>
  );
}

function TileLabel(tile: VideoTileProps) {
  const screen = tile.kind === "screen";
  return (
    <p
      className={cx(
        "absolute bottom-2 left-2 m-0 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-full bg-black/60 px-2.5 py-1 text-[0.8rem] leading-5 font-medium text-white",
        "@max-[11rem]:bottom-1.5 @max-[11rem]:left-1.5 @max-[11rem]:px-2 @max-[11rem]:py-0.5 @max-[11rem]:text-xs @max-[11rem]:leading-5",
        // Small tiles have room for the signs alone.
        "@max-[6.75rem]:px-1.5",
        !screen && tile.microphone && !tile.speaking && "@max-[6.75rem]:hidden",
      )}
    >
      {screen && <MonitorUp aria-hidden="true" size={14} className="shrink-0" />}
      {!screen && !tile.microphone && (
        <>
          <MicOff aria-hidden="true" size={14} className="shrink-0 text-[#ffb3aa]" />
          <span className="sr-only">{t("tile.muted")}</span>
        </>
      )}
      {!screen && tile.speaking && (
        <>
          <AudioLines aria-hidden="true" size={14} className="shrink-0 animate-voice text-[#7bdac1]" />
          <span className="sr-only">{t("tile.speaking")}</span>
        </>
      )}
      <span className="truncate @max-[6.75rem]:sr-only">{titleOf(tile)}</span>
      {!screen && tile.publisher && (
        <span className="shrink-0 rounded-full bg-[#7bdac1] px-1.5 text-[0.7rem] leading-4 font-semibold text-[#06241d] @max-[9.5rem]:sr-only">
          {t("tile.publisher")}
        </span>
      )}
      {!screen && tile.host && (
        <>
          <Crown aria-hidden="true" size={14} className="shrink-0 text-[#f3cf83] @max-[6.75rem]:hidden" />
          <span className="sr-only">{t("tile.host")}</span>
        </>
      )}
    </p>
  );
}

interface ConnectionVeilProps {
  readonly connection: TileView["connection"];
  readonly compact: boolean;
}

function ConnectionVeil({ connection, compact }: ConnectionVeilProps) {
  if (connection === "connected") return null;
  const lost = connection === "failed";
  return (
    <div
      className={cx(
        "absolute inset-0 flex flex-col items-center justify-end gap-1 p-2 pb-11 text-center text-white",
        // On low tiles out of the way of the picture.
        "[@container(max-height:11rem)]:items-start [@container(max-height:11rem)]:justify-start",
        connection === "connecting" ? "bg-transparent" : "bg-black/50",
        compact && "pb-10",
      )}
    >
      <p className="m-0 inline-flex items-center gap-2 rounded-full bg-black/60 px-3 py-1 text-sm font-medium [@container(max-height:11rem)]:px-2 [@container(max-height:11rem)]:text-xs [@container(max-height:11rem)]:leading-4">
        {lost ? <WifiOff aria-hidden="true" size={16} /> : <Spinner />}
        <span className="@max-[8.5rem]:sr-only">{t(`tile.${connection}`)}</span>
      </p>
      {lost && !compact && <p className="m-0 max-w-xs text-sm @max-[18rem]:sr-only">{t("tile.failedHint")}</p>}
    </div>
  );
}
