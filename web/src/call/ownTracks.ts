import type { Report } from "../services/report";
import type { OutgoingTracks } from "./description";
import type { LocalMedia } from "./model";
import { outgoingTracks, sameTracks } from "./outgoing";
import type { RoomState } from "./roomState";
import { captureConstraints, type SendingContext } from "./senderLimits";

/** What of the own devices is sent, and with how much effort, as the room's size demands. */
export interface OwnTracks {
  tracks(): OutgoingTracks;
  context(): SendingContext;
  /** The devices give something else, or not. */
  handleLocalMedia(): void;
  update(room: RoomState): void;
}

export interface OwnTracksEvents {
  onTracks(tracks: OutgoingTracks): void;
  /** Limits are others, or the picture has another size. */
  onContext(context: SendingContext): void;
}

/** A room that is leaving the mesh has a second set of encoders running by then. */
const LEAVING_MESH_AS = 4;

export function createOwnTracks(
  { localMedia, phone, report }: { localMedia: LocalMedia; phone: boolean; report: Report },
  events: OwnTracksEvents,
): OwnTracks {
  let tracks = outgoingTracks(localMedia.state.get());
  let context: SendingContext = { participants: 1, sharingScreen: false, phone };
  /** The camera's picture goes to the media server, and nowhere else. */
  let inLayers = false;

  function adaptCapture(): void {
    tracks.camera
      ?.applyConstraints(captureConstraints(context.participants, inLayers && !phone))
      .then(() => events.onContext(context))
      .catch((error: unknown) => report("adapting the camera", error));
  }

  function setContext(next: SendingContext, layers: boolean): void {
    const same =
      next.participants === context.participants &&
      next.sharingScreen === context.sharingScreen &&
      layers === inLayers;
    if (same) {
      return;
    }
    context = next;
    inLayers = layers;
    adaptCapture();
    events.onContext(context);
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
      events.onTracks(tracks);
      setContext({ ...context, sharingScreen: tracks.screen !== null }, inLayers);
      if (newCamera && context.participants > 2) {
        adaptCapture();
      }
    },
    update: (room) => {
      const people = room.members.length + 1;
      const leavesMesh = room.topology === "sfu";
      const participants = leavesMesh ? Math.max(people, LEAVING_MESH_AS) : people;
      setContext({ ...context, participants }, leavesMesh && room.self?.path === "sfu");
    },
  };
}
