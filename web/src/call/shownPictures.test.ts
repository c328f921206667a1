import { describe, expect, it } from "vitest";

import type { CallViewRequest } from "./model";
import type { Member } from "./roomState";
import { wishOf } from "./shownPictures";
import { fakeClock } from "./testing/fakeClock";
import { createViewSender } from "./viewSender";

function member(peerId: string, media: Partial<Member["media"]> = {}): Member {
  return {
    peerId,
    name: peerId,
    role: "participant",
    media: { microphone: true, camera: true, screen: false, ...media },
    handRaisedAt: null,
    capabilities: [],
    path: "sfu",
    reach: null,
    publisher: false,
    absentSince: null,
  };
}

const people = (count: number): Member[] => Array.from({ length: count }, (_, index) => member(`p${index}`));

function view(...tiles: [peerId: string, width: number][]): CallViewRequest {
  return {
    tiles: tiles.map(([peerId, width]) => ({ peerId, source: "camera", width, height: (width * 9) / 16 })),
    pinned: null,
    quality: "auto",
  };
}

describe("what is asked for", () => {
  it("is everyone, screens first, until the page says what it shows", () => {
    const { shown } = wishOf(null, "auto", [...people(40), member("eve", { screen: true })]);
    expect(shown).toHaveLength(26);
    expect(shown[0]).toEqual({ peer_id: "eve", source: "screen", width: 640, height: 360 });
  });

  it("leaves out cameras that are off and people who are gone", () => {
    const members = [member("ada"), member("bob", { camera: false })];
    const wish = wishOf({ ...view(["bob", 640], ["eve", 640], ["ada", 640]), pinned: "eve" }, "auto", members);
    expect(wish).toEqual({ shown: [{ peer_id: "ada", source: "camera", width: 640, height: 360 }], pinned: null });
  });

  it("is no more than 27 pictures, and none larger than there are", () => {
    const members = people(40);
    const { shown } = wishOf(view(...members.map(({ peerId }) => [peerId, 4_000] as [string, number])), "auto", members);
    expect(shown).toHaveLength(27);
    expect(shown[0]).toMatchObject({ width: 1_280, height: 720 });
  });

  it("is small or nothing when the person wants to save data", () => {
    expect(wishOf(view(["p0", 800]), "low", people(1)).shown).toMatchObject([{ width: 320, height: 180 }]);
    expect(wishOf(view(["p0", 800]), "audio-only", people(1)).shown).toEqual([]);
  });
});

describe("telling it", () => {
  it("begins when the server is there, at once for who is new, and else when it has settled", () => {
    const clock = fakeClock();
    const sent: string[] = [];
    const sender = createViewSender(clock, ({ shown }) =>
      sent.push(shown.map(({ peer_id, width }) => `${peer_id}:${width}`).join(" ")),
    );
    const show = (...tiles: [string, number][]): void => sender.set(wishOf(view(...tiles), "auto", people(3)));

    show(["p0", 640]);
    expect(sent).toEqual([]);
    sender.sendAgain();
    expect(sent).toEqual(["p0:640"]);
    show(["p0", 640], ["p1", 640]);
    expect(sent).toEqual(["p0:640", "p0:640 p1:640"]);
    show(["p0", 500], ["p1", 500]);
    clock.advance(100);
    show(["p0", 400], ["p1", 400]);
    clock.advance(149);
    expect(sent).toHaveLength(2);
    clock.advance(1);
    expect(sent.at(-1)).toBe("p0:400 p1:400");
    show(["p0", 400], ["p1", 400]);
    show(["p0", 300], ["p1", 400]);
    show(["p0", 400], ["p1", 400]);
    clock.advance(1_000);
    expect(sent).toHaveLength(3);
  });
});
