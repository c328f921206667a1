/** Ways to the server's TURN, tried with real connections. */
import type { Clock } from "../../services/clock";

export type Transport = "udp" | "tcp" | "tls";

export type NewConnection = (configuration: RTCConfiguration) => RTCPeerConnection;

/** An allocation takes three round trips, and TCP and TLS some more: enough on any network. */
const GATHER_MS = 8_000;
const CONNECT_MS = 12_000;
const PINGS = 5;

/** Long enough for a window that grows; short enough to wait for. */
const BANDWIDTH_MS = 3_000;
/** Fits into one packet everywhere. */
const CHUNK_BYTES = 1_000;
/** Kept on its way: a quarter of a second at 4 Mbit/s. */
const BUFFERED_BYTES = 128 * 1024;

/** The servers with only those URLs of theirs that go by this transport. */
export function serversOver(servers: readonly RTCIceServer[], transport: Transport): RTCIceServer[] {
  return servers.flatMap((server) => {
    const urls = [server.urls].flat().filter((url) => transportOf(url) === transport);
    return urls.length === 0 ? [] : [{ ...server, urls }];
  });
}

export function transportOf(url: string): Transport | null {
  if (url.startsWith("turns:")) return "tls";
  if (!url.startsWith("turn:")) return null;
  return url.includes("transport=tcp") ? "tcp" : "udp";
}

/** Whether one of the servers gives a relayed address. */
export function allocates(
  newConnection: NewConnection,
  iceServers: RTCIceServer[],
  clock: Clock,
): Promise<boolean> {
  const connection = newConnection({ iceServers, iceTransportPolicy: "relay" });
  return new Promise<boolean>((resolve) => {
    clock.after(GATHER_MS, () => resolve(false));
    connection.addEventListener("icecandidate", ({ candidate }) => {
      // Firefox ends with an empty candidate, others with null.
      if (candidate === null || candidate.candidate === "") resolve(false);
      else if (/ typ relay( |$)/.test(candidate.candidate)) resolve(true);
    });
    connection.createDataChannel("probe");
    connection
      .createOffer()
      .then((offer) => connection.setLocalDescription(offer))
      .catch(() => resolve(false));
  }).finally(() => connection.close());
}

export interface Loop {
  /** The smallest of several round trips. */
  roundTripMs(): Promise<number | null>;
  kbps(): Promise<number | null>;
  close(): void;
}

/** A call with oneself that has to go by the relay, there and back. */
export async function openLoop(
  newConnection: NewConnection,
  iceServers: RTCIceServer[],
  clock: Clock,
): Promise<Loop | null> {
  const configuration: RTCConfiguration = { iceServers, iceTransportPolicy: "relay" };
  const near = newConnection(configuration);
  const far = newConnection(configuration);
  const close = (): void => {
    near.close();
    far.close();
  };
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.addEventListener("icecandidate", ({ candidate }) => {
      // One that comes before the description, or does not fit, is one way less.
      if (candidate !== null) to.addIceCandidate(candidate).catch(() => {});
    });
  }
  // As media: what is lost is not sent again.
  const channel = near.createDataChannel("loop", { ordered: false, maxRetransmits: 0 });
  channel.binaryType = "arraybuffer";
  const farChannel = new Promise<RTCDataChannel>((resolve) => {
    far.addEventListener("datachannel", (event) => resolve(event.channel));
  });
  const opened = new Promise<boolean>((resolve) => {
    clock.after(CONNECT_MS, () => resolve(false));
    channel.addEventListener("open", () => resolve(true));
  });
  try {
    await near.setLocalDescription(await near.createOffer());
    await far.setRemoteDescription(near.localDescription ?? { type: "offer", sdp: "" });
    await far.setLocalDescription(await far.createAnswer());
    await near.setRemoteDescription(far.localDescription ?? { type: "answer", sdp: "" });
  } catch {
    close();
    return null;
  }
  if (!(await opened)) {
    close();
    return null;
  }
  const other = await farChannel;
  return {
    roundTripMs: () => smallestRoundTrip(channel, other, clock),
    kbps: () => throughput(channel, other, clock),
    close,
  };
}

async function smallestRoundTrip(
  channel: RTCDataChannel,
  other: RTCDataChannel,
  clock: Clock,
): Promise<number | null> {
  let smallest: number | null = null;
  const echo = (): void => other.send("pong");
  other.addEventListener("message", echo);
  for (let ping = 0; ping < PINGS; ping += 1) {
    const sentAt = clock.now();
    const took = await new Promise<number | null>((resolve) => {
      clock.after(1_000, () => resolve(null));
      channel.addEventListener("message", () => resolve(clock.now() - sentAt), { once: true });
      channel.send("ping");
    });
    if (took !== null) smallest = Math.min(took, smallest ?? took);
  }
  other.removeEventListener("message", echo);
  return smallest;
}

/** What arrives in the second half of the time: the window has grown by then. */
async function throughput(
  channel: RTCDataChannel,
  other: RTCDataChannel,
  clock: Clock,
): Promise<number | null> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let arrived = 0;
  const count = (): void => {
    arrived += CHUNK_BYTES;
  };
  const fill = (): void => {
    while (channel.readyState === "open" && channel.bufferedAmount < BUFFERED_BYTES) {
      channel.send(chunk);
    }
  };
  const pause = (ms: number): Promise<void> => new Promise((done) => clock.after(ms, done));
  other.addEventListener("message", count);
  channel.bufferedAmountLowThreshold = BUFFERED_BYTES / 2;
  channel.addEventListener("bufferedamountlow", fill);
  fill();
  await pause(BANDWIDTH_MS / 2);
  const [start, before] = [clock.now(), arrived];
  await pause(BANDWIDTH_MS / 2);
  const bits = (arrived - before) * 8;
  const milliseconds = clock.now() - start;
  channel.removeEventListener("bufferedamountlow", fill);
  other.removeEventListener("message", count);
  return bits === 0 ? null : Math.round(bits / milliseconds);
}
