import type { Api } from "./api";

/** Makes peer connections with the server's ICE servers. */
export interface WebRtc {
  /** Fetches the ICE servers ahead of the first connection. */
  prepare(): Promise<void>;
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

  async function fetchIceServers(): Promise<void> {
    const config = await api.config();
    if (config.ok) {
      iceServers = config.value.ice_servers;
      fetchedAt = now();
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
    createConnection: () => {
      if (Connection === undefined) {
        throw new Error("this browser has no WebRTC");
      }
      const connection = new Connection({ iceServers, bundlePolicy: "max-bundle" });
      const known = iceServers;
      // Servers that come late still count for the next gathering, an ICE restart's.
      void prepare().then(() => {
        if (iceServers !== known && connection.signalingState !== "closed") {
          connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
        }
      });
      return connection;
    },
  };
}
