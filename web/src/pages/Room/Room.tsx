/**
 * `/r/CODE`: from the link to the call and out of it again. The root element of each state carries
 * `data-phase="checking|prejoin|joining|joined|refused|over"`, and `data-reason` with the code where
 * there is one: stable hooks for tests in browsers.
 */
import { lazy, useCallback, useState } from "react";
import { otherTabs } from "../../call";
import type { CallEnd } from "../../call/model";
import { lazyPage } from "../../components/lazyPage";
import { keepRating } from "../../hooks/qualityRatings";
import { inCallMark, type RejoinMark } from "../../hooks/rejoin";
import { normaliseCode, roomLink } from "../../hooks/roomCode";
import { useDocumentTitle } from "../../hooks/useDocumentTitle";
import { t } from "../../locales/translate";
import type { RoomId } from "../../protocol/generated";
import { loadChunk } from "../../services/chunks";
import { LiveRoom } from "./LiveRoom";

/** Without a reload, after which nothing would say that the call is over. */
const AfterCall = lazy(() => loadChunk(() => import("./lazy/AfterCall")));
const Unsupported = lazyPage(() => import("./lazy/Unsupported"));
const WrongLink = lazyPage(() => import("./lazy/WrongLink"));

interface RoomProps {
  /** As it stands in the address. */
  readonly code: string;
}

export function Room({ code: typed }: RoomProps) {
  const roomId = normaliseCode(typed);
  useDocumentTitle(roomId === null ? null : t("room.untitled", { code: roomId }));
  if (roomId === null) return <WrongLink code={typed} />;
  if (typeof RTCPeerConnection === "undefined") {
    return <Unsupported link={roomLink(window.location.origin, roomId)} />;
  }
  return <RoomVisit key={roomId} roomId={roomId} />;
}

/** A visit is one call after another of the same room: each has an engine of its own. */
type Visit =
  | { kind: "live"; number: number; straightIn: RejoinMark | null }
  | { kind: "over"; number: number; reason: CallEnd; last: RejoinMark };

function RoomVisit({ roomId }: { readonly roomId: RoomId }) {
  const [visit, setVisit] = useState<Visit>(() => ({
    kind: "live",
    number: 1,
    straightIn: inCallMark(roomId),
  }));
  const handleOver = useCallback((reason: CallEnd, last: RejoinMark) => {
    setVisit(({ number }) => ({ kind: "over", number, reason, last }));
  }, []);
  const handleRestart = useCallback(() => {
    setVisit(({ number }) => ({ kind: "live", number: number + 1, straightIn: null }));
  }, []);

  if (visit.kind === "over") {
    return (
      <AfterCall
        reason={visit.reason}
        onRejoin={() => {
          if (visit.reason === "taken-elsewhere") otherTabs().takeOver(roomId);
          setVisit({ kind: "live", number: visit.number + 1, straightIn: visit.last });
        }}
        onRate={(quality) => keepRating({ at: Date.now(), quality })}
      />
    );
  }
  return (
    <LiveRoom
      key={visit.number}
      roomId={roomId}
      straightIn={visit.straightIn}
      onOver={handleOver}
      onRestart={handleRestart}
    />
  );
}
