import type { ClientMessage, Reach, Topology } from "../protocol/generated";
import type { SelfMember } from "./roomState";

/** Tells the room by which way one gets everything, and how one reaches its media server. */
export interface PathReport {
  /** Said as often as one likes; it is sent when the room has it otherwise. */
  setPath(path: Topology): void;
  setReach(reach: Reach): void;
  /** How the room has it by now. */
  update(self: SelfMember | null): void;
  /** What was told may be lost. */
  restate(): void;
}

export function createPathReport(send: (message: ClientMessage) => void): PathReport {
  let known: { path: Topology; reach: Reach | null } | null = null;
  let reach: Reach | null = null;
  let toldPath: Topology | null = null;
  let toldReach: Reach | null = null;

  function tellReach(): void {
    if (known !== null && reach !== null && reach !== (toldReach ?? known.reach)) {
      toldReach = reach;
      send({ type: "media-path", reach });
    }
  }

  return {
    setPath: (path) => {
      if (known !== null && path !== (toldPath ?? known.path)) {
        toldPath = path;
        send({ type: "media-path", path });
      }
    },
    setReach: (next) => {
      reach = next;
      tellReach();
    },
    update: (self) => {
      known = self;
      toldPath = toldPath === self?.path ? null : toldPath;
      toldReach = toldReach === self?.reach ? null : toldReach;
    },
    restate: () => {
      toldPath = null;
      toldReach = null;
      tellReach();
    },
  };
}
