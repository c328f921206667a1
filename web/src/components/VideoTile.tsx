/**
 * One picture of one person, or of their screen.
 *
 * Stable hooks for tests in browsers: `article[data-tile]` with `data-peer-id`, `data-self` (only on
 * the own), `data-kind="camera|screen"`, `data-connection`, `data-microphone="on|off"`,
 * `data-camera="on|off"`, `data-speaking` (only while speaking), and `data-place` (see gridLayout).
 * Inside: one `<video>` while there is a picture to show.
 */
import { AudioLines, Crown, Hand, MicOff, MonitorUp, WifiOff } from "lucide-react";
import { memo, useCallback } from "react";
import { t } from "../locales/translate";
import { Avatar } from "../ui/Avatar";
import { cx } from "../ui/classNames";
import { Spinner } from "../ui/Spinner";
import type { Place } from "./gridLayout";
import type { TileView } from "./tiles";

interface VideoTileProps extends Omit<TileView, "key"> {
  readonly place: Place;
}

export const VideoTile = memo(function VideoTile(tile: VideoTileProps) {
  const { stream, kind, self, place } = tile;
  const showsVideo = stream !== null && (kind === "screen" || tile.camera);
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
      className={cx(
        "relative grid size-full place-items-center overflow-hidden rounded-tile bg-tile [container-type:size]",
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
        <Avatar name={tile.name} size="tile" />
      )}
      <ConnectionVeil connection={tile.connection} compact={place === "strip" || place === "inset"} />
      {tile.speaking && (
        <span
          aria-hidden="true"
          className="pointer-events-none absolute inset-0 rounded-tile ring-3 ring-accent ring-inset"
        />
      )}
      <TileLabel {...tile} />
      {tile.hand && (
        <span className="absolute top-2 right-2 flex items-center rounded-full bg-[#f3cf83] p-1.5 text-[#3a2b00]">
          <Hand aria-hidden="true" size={18} />
          <span className="sr-only">{t("tile.hand")}</span>
        </span>
      )}
    </article>
  );
});

function titleOf({ self, kind, name }: VideoTileProps): string {
  if (kind === "screen") return self ? t("tile.ownScreen") : t("tile.screen", { name });
  return self ? t("tile.you", { name }) : name;
}

function TileLabel(tile: VideoTileProps) {
  const screen = tile.kind === "screen";
  return (
    <p
      className={cx(
        "absolute bottom-2 left-2 m-0 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-full bg-black/60 px-2.5 py-1 text-[0.8rem] leading-5 font-medium text-white",
        // Small tiles have room for the signs alone.
        "@max-[7.5rem]:px-1.5",
        !screen && tile.microphone && !tile.speaking && "@max-[7.5rem]:hidden",
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
      <span className="truncate @max-[7.5rem]:sr-only">{titleOf(tile)}</span>
      {!screen && tile.host && (
        <>
          <Crown aria-hidden="true" size={14} className="shrink-0 text-[#f3cf83] @max-[7.5rem]:hidden" />
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
        "absolute inset-0 flex flex-col items-center justify-end gap-1 p-4 pb-12 text-center text-white",
        connection === "connecting" ? "bg-transparent" : "bg-black/50",
        compact && "pb-9",
      )}
    >
      <p className="m-0 inline-flex items-center gap-2 rounded-full bg-black/60 px-3 py-1 text-sm font-medium">
        {lost ? <WifiOff aria-hidden="true" size={16} /> : <Spinner />}
        {t(`tile.${connection}`)}
      </p>
      {lost && !compact && <p className="m-0 max-w-xs text-sm">{t("tile.failedHint")}</p>}
    </div>
  );
}
