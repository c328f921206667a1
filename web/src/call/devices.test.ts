import { describe, expect, it } from "vitest";

import { createLocalMedia } from "./devices";
import type { LocalMedia } from "./model";
import { fakeDevices } from "./testing/fakeDevices";
import { FakeTrack, FakeStream } from "./testing/fakeConnection";
import { think } from "./testing/peerPair";

const BOTH = { microphone: true, camera: true };
const DENIED = new DOMException("Permission denied", "NotAllowedError");
const MISSING = new DOMException("", "NotFoundError");

function kinds(media: LocalMedia): string {
  const { microphone, camera } = media.state.get();
  const word = (state: typeof camera): string => (state.kind === "failed" ? state.failure : state.kind);
  return `${word(microphone)} ${word(camera)}`;
}

describe("starting", () => {
  it("asks for both with one question", async () => {
    const devices = fakeDevices();
    const media = createLocalMedia(devices.environment);
    const started = media.start(BOTH);
    expect(kinds(media)).toBe("starting starting");
    await started;
    expect(kinds(media)).toBe("live live");
    expect(devices.asked).toEqual(["audio+video"]);
    expect(media.state.get().devices.cameras).toHaveLength(2);
  });

  it("takes one of them when the other cannot be had", async () => {
    const devices = fakeDevices();
    devices.refuse((what) => (what.includes("video") ? MISSING : null));
    const media = createLocalMedia(devices.environment);
    await media.start(BOTH);
    expect(kinds(media)).toBe("live not-found");
    expect(devices.asked).toEqual(["audio+video", "audio", "video"]);
  });

  it("does not ask again when the question was dismissed", async () => {
    const devices = fakeDevices();
    devices.refuse(() => new DOMException("Permission dismissed", "NotAllowedError"));
    const media = createLocalMedia(devices.environment);
    await media.start(BOTH);
    expect(kinds(media)).toBe("dismissed dismissed");
    expect(devices.asked).toEqual(["audio+video"]);
  });

  it("says why on a page without a secure connection", async () => {
    const { environment } = fakeDevices();
    const media = createLocalMedia({ ...environment, isSecureContext: false, mediaDevices: undefined });
    await media.start(BOTH);
    expect(kinds(media)).toBe("insecure-context insecure-context");
  });

  it("begins by itself once the refusal is taken back", async () => {
    const devices = fakeDevices();
    devices.refuse(() => DENIED);
    const media = createLocalMedia(devices.environment);
    await media.start({ microphone: false, camera: true });
    expect(kinds(media)).toBe("off denied-by-browser");
    devices.refuse(() => null);
    devices.grant("camera");
    await think();
    expect(kinds(media)).toBe("off live");
  });
});

describe("switching", () => {
  it("keeps the muted microphone for an instant return", async () => {
    const devices = fakeDevices();
    const media = createLocalMedia(devices.environment);
    await media.start(BOTH);
    await media.setMicrophone(false);
    expect(kinds(media)).toBe("off live");
    expect(devices.given[0]).toMatchObject({ enabled: false, readyState: "live" });
    await media.setMicrophone(true);
    expect(devices.given[0]?.enabled).toBe(true);
    expect(devices.asked).toHaveLength(1);
  });

  it("really stops the camera, after whoever sends it has let go", async () => {
    const devices = fakeDevices();
    const media = createLocalMedia(devices.environment);
    await media.start(BOTH);
    const camera = devices.given[1];
    let liveWhenTold = false;
    media.state.subscribe(() => {
      liveWhenTold ||= media.state.get().camera.kind === "off" && camera?.readyState === "live";
    });
    await media.setCamera(false);
    expect(camera?.readyState).toBe("ended");
    expect(liveWhenTold).toBe(true);
    await media.setCamera(true);
    expect(kinds(media)).toBe("live live");
  });

  it("does not leave a camera on that was switched off while it opened", async () => {
    const devices = fakeDevices();
    const release = devices.hold();
    const media = createLocalMedia(devices.environment);
    const on = media.setCamera(true);
    await media.setCamera(false);
    release();
    await on;
    expect(kinds(media)).toBe("off off");
    expect(devices.given[0]?.readyState).toBe("ended");
  });
});

describe("devices that come and go", () => {
  it("takes another one when the one in use is unplugged, and returns to the chosen one", async () => {
    const devices = fakeDevices();
    const media = createLocalMedia(devices.environment);
    await media.selectCamera("cam-2");
    await media.setCamera(true);
    expect(devices.given[0]?.settings.deviceId).toBe("cam-2");
    devices.plug([{ kind: "videoinput", deviceId: "cam-1" }]);
    devices.given[0]?.dispatchEvent(new Event("ended"));
    await think();
    expect(devices.given[1]?.settings.deviceId).toBe("cam-1");
    expect(media.state.get().selected.camera).toBe("cam-2");
    devices.plug([
      { kind: "videoinput", deviceId: "cam-1" },
      { kind: "videoinput", deviceId: "cam-2" },
    ]);
    await think();
    expect(devices.given[2]?.settings.deviceId).toBe("cam-2");
    expect(devices.given[1]?.readyState).toBe("ended");
    expect(kinds(media)).toBe("off live");
  });

  it("finds a device that is plugged in after it was missing", async () => {
    const devices = fakeDevices();
    devices.refuse(() => MISSING);
    const media = createLocalMedia(devices.environment);
    await media.setMicrophone(true);
    expect(kinds(media)).toBe("not-found off");
    devices.refuse(() => null);
    devices.plug([{ kind: "audioinput", deviceId: "mic-9" }]);
    await think();
    expect(kinds(media)).toBe("live off");
  });

  it("remembers the choice", async () => {
    const devices = fakeDevices();
    await createLocalMedia(devices.environment).selectMicrophone("mic-1");
    expect(createLocalMedia(devices.environment).state.get().selected.microphone).toBe("mic-1");
  });

  it("takes the next camera on a phone", async () => {
    const devices = fakeDevices();
    const media = createLocalMedia(devices.environment);
    await media.setCamera(true);
    await media.flipCamera();
    expect(devices.given.map((track) => [track.settings.deviceId, track.readyState])).toEqual([
      ["cam-1", "ended"],
      ["cam-2", "live"],
    ]);
  });
});

describe("the screen", () => {
  function withDisplay(display: () => Promise<FakeStream>): LocalMedia {
    const { environment } = fakeDevices();
    Object.assign(environment.mediaDevices ?? {}, { getDisplayMedia: display });
    return createLocalMedia(environment);
  }

  it("is shared until the browser's own button ends it", async () => {
    const picture = new FakeTrack("video");
    const media = withDisplay(async () => new FakeStream([picture]));
    await media.setScreen(true);
    expect(media.state.get().screen.kind).toBe("live");
    expect(picture.contentHint).toBe("detail");
    picture.dispatchEvent(new Event("ended"));
    expect(media.state.get().screen.kind).toBe("off");
  });

  it("is off again when the dialog was closed", async () => {
    const media = withDisplay(() => Promise.reject(DENIED));
    await media.setScreen(true);
    expect(media.state.get().screen).toEqual({ kind: "off" });
  });

  it("cannot be shared where the browser does not know it", async () => {
    const media = createLocalMedia(fakeDevices().environment);
    await media.setScreen(true);
    expect(media.state.get().screen).toEqual({ kind: "failed", failure: "unsupported" });
  });
});

it("lets go of everything in the end", async () => {
  const devices = fakeDevices();
  const media = createLocalMedia(devices.environment);
  await media.start(BOTH);
  media.dispose();
  expect(devices.given.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
});
