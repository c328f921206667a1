import type { Cancel, Clock } from "../services/clock";
import type { Report } from "../services/report";
import type { OutgoingTracks } from "./description";
import type { LocalMedia } from "./model";
import { outgoingTracks, sameTracks } from "./outgoing";
import { EMPTY_ROOM, type RoomState } from "./roomState";
import { captureConstraints, type SendingContext } from "./senderLimits";

/** What of the own devices is sent, and with how much effort, as the room's size demands. */
export interface OwnTracks {
  tracks(): OutgoingTracks;
  context(): SendingContext;
  /** The devices give something else, or not. */
  handleLocalMedia(): void;
  update(room: RoomState): void;
  stop(): void;
}

export interface OwnTracksOptions {
  readonly localMedia: Pick<LocalMedia, "state">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isPhone: boolean;
  readonly report: Report;
  readonly onTracks: (tracks: OutgoingTracks) => void;
  /** Limits are others, or the picture has another size. */
  readonly onContext: (context: SendingContext) => void;
}

/** A room that is leaving the mesh has a second set of encoders running by then. */
const LEAVING_MESH_AS = 4;
/**
 * Cameras stop for a moment to change their size. When the room changes its way, everyone would
 * do so at once, and just when nothing is to be seen of it.
 */
const ADAPT_AFTER_MS = 5_000;
const ADAPT_SPREAD_MS = 15_000;

export function createOwnTracks(options: OwnTracksOptions): OwnTracks {
  const { localMedia, clock, isPhone } = options;
  let tracks = outgoingTracks(localMedia.state.get());
  let context: SendingContext = { participants: 1, sharingScreen: false, phone: isPhone };
  let room = EMPTY_ROOM;
  let cancelLater: Cancel = () => {};

  function adaptCapture(): void {
    cancelLater();
    const inLayers = room.topology === "sfu" && !isPhone;
    tracks.camera
      ?.applyConstraints(captureConstraints(room.members.length + 1, inLayers))
      .then(() => options.onContext(context))
      .catch((error: unknown) => options.report("adapting the camera", error));
  }

  function setContext(next: SendingContext): boolean {
    const { participants, sharingScreen } = next;
    if (participants === context.participants && sharingScreen === context.sharingScreen) {
      return false;
    }
    context = next;
    options.onContext(context);
    return true;
  }

  return {
    tracks: () => tracks,
    context: () => context,
    handleLocalMedia: () => {
      const next = outgoingTracks(localMedia.state.get());
      if (sameTracks(next, tracks)) {
        return;
      }
      const newCamera = next.camera !== null && next.camera !== tracks.camera;
      tracks = next;
      options.onTracks(tracks);
      setContext({ ...context, sharingScreen: tracks.screen !== null });
      if (newCamera && context.participants > 2) {
        adaptCapture();
      }
    },
    update: (next) => {
      const changesWay = next.topology !== room.topology;
      room = next;
      const people = room.members.length + 1;
      const participants = room.topology === "sfu" ? Math.max(people, LEAVING_MESH_AS) : people;
      const isOther = setContext({ ...context, participants });
      if (changesWay) {
        cancelLater();
        cancelLater = clock.after(ADAPT_AFTER_MS + options.random() * ADAPT_SPREAD_MS, adaptCapture);
      } else if (isOther && room.topology === "mesh") {
        adaptCapture();
      }
    },
    stop: () => cancelLater(),
  };
}
