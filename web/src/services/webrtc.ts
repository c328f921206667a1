import type { Api } from "./api";

/** Makes peer connections with the server's ICE servers. */
export interface WebRtc {
  /** Fetches the ICE servers ahead of the first connection. */
  prepare(): Promise<void>;
  /** Takes over what the server gave by another way, with credentials of one's own. */
  adopt(iceServers: RTCIceServer[]): void;
  /** Never waits: without an answer of the server yet, the connection starts without its ICE servers. */
  createConnection(): RTCPeerConnection;
}

/** TURN credentials expire, so a long call's later connections ask again. */
const ICE_SERVERS_MAX_AGE_MS = 10 * 60_000;

export function createWebRtc(
  api: Pick<Api, "config">,
  now: () => number,
  Connection: typeof RTCPeerConnection | undefined = globalThis.RTCPeerConnection,
): WebRtc {
  let iceServers: RTCIceServer[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | null = null;
  const open = new Set<RTCPeerConnection>();

  async function fetchIceServers(): Promise<void> {
    const config = await api.config();
    if (config.ok) {
      adopt(config.value.ice_servers);
    }
  }

  function adopt(given: RTCIceServer[]): void {
    iceServers = given;
    fetchedAt = now();
    tellAll();
  }

  /** They count for the next gathering, an ICE restart's, which would fail with old credentials. */
  function tellAll(): void {
    for (const connection of open) {
      if (connection.signalingState === "closed") {
        open.delete(connection);
      } else {
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
      }
    }
  }

  function prepare(): Promise<void> {
    if (now() - fetchedAt < ICE_SERVERS_MAX_AGE_MS) {
      return Promise.resolve();
    }
    fetching ??= fetchIceServers().finally(() => {
      fetching = null;
    });
    return fetching;
  }

  return {
    prepare,
    adopt,
    createConnection: () => {
      if (Connection === undefined) {
        throw new Error("this browser has no WebRTC");
      }
      const connection = new Connection({ iceServers, bundlePolicy: "max-bundle" });
      open.add(connection);
      connection.addEventListener("iceconnectionstatechange", () => {
        // A restart is near: hours into a call the credentials of its beginning have expired.
        if (connection.iceConnectionState === "disconnected") void prepare();
      });
      void prepare();
      return connection;
    },
  };
}
