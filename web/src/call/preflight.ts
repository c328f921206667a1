import type { ClientMessage, PeerId, Reach, ServerMessage } from "../protocol/generated";
import type { Cancel, Clock } from "../services/clock";
import type { Report } from "../services/report";
import { portsIn, type MediaPorts } from "./mediaPorts";
import { entriesOf, reachOf } from "./statsReport";

/**
 * Tries the way to the media server while it is not needed, so that everyone knows of trouble
 * before the room depends on it. It is a connection without media, and does not last.
 */
export interface Preflight {
  /** The room goes from browser to browser, and would go over this media server; null for none. */
  expect(mediaServer: PeerId | null): void;
  handleNetworkChange(): void;
  receive(message: ServerMessage): void;
}

export interface PreflightOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly newConnection: () => RTCPeerConnection;
  readonly report: Report;
  /** On a battery: once is enough. */
  readonly isPhone: boolean;
  readonly send: (message: ClientMessage) => void;
  readonly onReach: (reach: Reach) => void;
  /** The media server has said where it is. */
  readonly onPorts: (ports: MediaPorts) => void;
}

/** Joining has other things to do, and people who join together do not all try at once. */
const AFTER_JOINING_MS = 4_000;
const SPREAD_MS = 4_000;
/** Addresses come and go several times while a network changes. */
const AFTER_CHANGE_MS = 3_000;
/** ICE over UDP takes half a second, over TCP and TURN some seconds. */
const TRIAL_MS = 15_000;
/** A server that does not answer says nothing about the way to it. */
const AGAIN_MS = 30_000;

interface Trial {
  readonly connection: RTCPeerConnection;
  readonly cancel: Cancel;
  answered: boolean;
}

export function createPreflight(options: PreflightOptions): Preflight {
  const { clock } = options;
  let target: PeerId | null = null;
  let trial: Trial | null = null;
  let cancelNext: Cancel = () => {};
  let trials = 0;

  function schedule(afterMs: number): void {
    cancelNext();
    cancelNext = clock.after(afterMs + options.random() * SPREAD_MS, start);
  }

  function start(): void {
    end();
    if (target === null) {
      return;
    }
    const mediaServer = target;
    const connection = options.newConnection();
    const begun: Trial = { connection, answered: false, cancel: clock.after(TRIAL_MS, () => giveUp(begun)) };
    trial = begun;
    trials += 1;
    // A section of its own for nothing at all: just what a connection needs to come about.
    connection.addTransceiver("audio", { direction: "inactive" });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (trial === begun && candidate !== null && candidate.candidate !== "") {
        options.send({ type: "ice-candidate", target_peer_id: mediaServer, candidate: candidate.toJSON() });
      }
    });
    connection.addEventListener("connectionstatechange", () => {
      if (trial === begun && connection.connectionState === "connected") {
        run("reading how the media server is reached", () => conclude(begun));
      }
    });
    run("trying the media server", async () => {
      await connection.setLocalDescription();
      const sdp = connection.localDescription?.sdp;
      if (trial === begun && sdp !== undefined) {
        options.send({ type: "offer", target_peer_id: mediaServer, offer: { type: "offer", sdp } });
      }
    });
  }

  async function conclude(done: Trial): Promise<void> {
    const report = await done.connection.getStats();
    const reach = reachOf(entriesOf(report.values()));
    if (trial === done) {
      end();
      options.onReach(reach ?? "udp");
    }
  }

  function giveUp(failed: Trial): void {
    end();
    if (failed.answered) {
      options.onReach("nothing");
    } else {
      schedule(AGAIN_MS);
    }
  }

  function end(): void {
    trial?.cancel();
    trial?.connection.close();
    trial = null;
  }

  function run(what: string, task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      // Closed under way, by a room that goes over its media server by now.
      if (trial !== null) {
        options.report(what, error);
      }
    });
  }

  return {
    expect: (mediaServer) => {
      if (mediaServer === target) {
        return;
      }
      target = mediaServer;
      cancelNext();
      end();
      if (mediaServer !== null) {
        schedule(AFTER_JOINING_MS);
      }
    },
    handleNetworkChange: () => {
      if (target !== null && !(options.isPhone && trials > 0)) {
        schedule(AFTER_CHANGE_MS);
      }
    },
    receive: (message) => {
      const current = trial;
      if (current === null) {
        return;
      }
      if (message.type === "answer" && !current.answered) {
        current.answered = true;
        const { sdp } = message.answer;
        if (typeof sdp === "string") {
          options.onPorts(portsIn(sdp));
        }
        run("taking the media server's answer", () => current.connection.setRemoteDescription(message.answer));
      } else if (message.type === "media-gone" && !current.answered) {
        end();
        schedule(AGAIN_MS);
      }
    },
  };
}
