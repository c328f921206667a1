/** Encoders that send into a room by WHIP, and players that watch it by WHEP. */
import type { Browser, BrowserContext, Page } from "playwright-core";

import { test as base, expect } from "./harness/fixtures";
import { seesFramesOf } from "./harness/frames";
import { Server } from "./harness/server";
import type { MadeRoom } from "./harness/server";
import { eventually } from "./harness/waiting";

const SETTINGS = { WECALL_MEDIA__LISTEN: "0.0.0.0:0", WECALL_MEDIA__TCP_LISTEN: "0.0.0.0:0" };

/** Two encoders and two decoders share two cores. */
const PICTURE = { width: 320, height: 180, frameRate: 15 };

interface Access {
  readonly token: string;
  readonly url: string;
}

const test = base
  .extend<{ server: Server }>({
    server: [
      async ({}, use) => {
        const server = await Server.start({ env: SETTINGS });
        await use(server);
        await server.dispose();
      },
      { scope: "file" },
    ],
  })
  .extend<{ elsewhere: BrowserContext }>({
    // Pages that are not the app, which may do what the app may not.
    elsewhere: async ({ browser }, use) => {
      const context = await (browser as Browser).newContext({ bypassCSP: true });
      await use(context);
      await context.close();
    },
  });

async function access(server: Server, room: MadeRoom, kind: "publish" | "watch"): Promise<Access> {
  const response = await fetch(`${server.origin}/api/rooms/${room.room_id}/tokens`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${room.host_token}`,
    },
    body: JSON.stringify({ kind, name: "Stage" }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as Access;
}

async function page(context: BrowserContext, server: Server): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(`${server.origin}/livez`);
  return opened;
}

/** Sends a camera and a microphone; gives the address of the stream. */
async function publish(tab: Page, to: Access, codec: string): Promise<string> {
  return tab.evaluate(
    async ({ access, mime, picture }) => {
      const connection = new RTCPeerConnection();
      const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: picture });
      for (const track of media.getTracks()) {
        const transceiver = connection.addTransceiver(track, { direction: "sendonly" });
        if (track.kind !== "video") continue;
        const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
        transceiver.setCodecPreferences(codecs.filter((one) => one.mimeType === mime));
      }
      await connection.setLocalDescription();
      const response = await fetch(access.url, {
        method: "POST",
        headers: {
          "content-type": "application/sdp",
          authorization: `Bearer ${access.token}`,
        },
        body: connection.localDescription?.sdp ?? "",
      });
      await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
      return response.headers.get("location") ?? "";
    },
    { access: to, mime: codec, picture: PICTURE },
  );
}

/** A player, which counts what it decodes. */
async function watch(tab: Page, from: Access): Promise<() => Promise<{ frames: number; sound: number }>> {
  await tab.evaluate(async (access) => {
    const connection = new RTCPeerConnection();
    connection.addTransceiver("video", { direction: "recvonly" });
    connection.addTransceiver("audio", { direction: "recvonly" });
    await connection.setLocalDescription();
    const response = await fetch(access.url, {
      method: "POST",
      headers: {
        "content-type": "application/sdp",
        authorization: `Bearer ${access.token}`,
      },
      body: connection.localDescription?.sdp ?? "",
    });
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    Object.assign(window, { player: connection });
  }, from);
  return () =>
    tab.evaluate(async () => {
      const { player } = window as unknown as { player: RTCPeerConnection };
      const report = await player.getStats();
      const counted = { frames: 0, sound: 0 };
      report.forEach((entry: { type: string; framesDecoded?: number; kind?: string; packetsReceived?: number }) => {
        if (entry.type !== "inbound-rtp") return;
        if (entry.kind === "video") counted.frames += entry.framesDecoded ?? 0;
        else counted.sound += entry.packetsReceived ?? 0;
      });
      return counted;
    });
}

for (const codec of ["video/VP8", "video/H264"]) {
  test(`an encoder of ${codec} is seen by people in the room and by a player`, async ({
    server,
    people,
    elsewhere,
  }) => {
    const room = await server.createRoom();
    const ada = await people.join("Ada", room.room_id);
    const encoder = await page(elsewhere, server);
    const location = await publish(encoder, await access(server, room, "publish"), codec);
    await eventually("Ada has a tile of the stage", async () => (await ada.sees()).length === 1);
    await seesFramesOf(ada.page, await ada.sees());

    const player = await page(elsewhere, server);
    const decoded = await watch(player, await access(server, room, "watch"));
    await eventually("the player shows pictures and plays sound", async () => {
      const { frames, sound } = await decoded();
      return frames > 10 && sound > 10;
    });

    const ended = await fetch(new URL(location, server.origin), { method: "DELETE" });
    expect(ended.status).toBe(200);
    await eventually("the stage is gone", async () => (await ada.sees()).length === 0);
  });
}
