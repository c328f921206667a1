import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CallState, CallViewRequest } from "../call/model";
import { crowd, media } from "../gallery/fakes";
import { t } from "../locales/later";
import { tilesOf } from "./tiles";
import { VideoGrid, type VideoGridProps } from "./VideoGrid";

vi.mock("../gallery/pictures", () => ({ figureStream: () => new MediaStream(), pageStream: () => new MediaStream() }));

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1416);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(756);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function show(call: CallState, changes: Partial<VideoGridProps> = {}) {
  const onView = vi.fn<(view: CallViewRequest) => void>();
  const onPin = vi.fn<(key: string) => void>();
  const grid = (state: CallState, more: Partial<VideoGridProps> = {}) => (
    <VideoGrid
      tiles={tilesOf(state, media())}
      reactions={[]}
      mode="grid"
      loudest={state.loudest}
      pinned={null}
      onPin={onPin}
      covered={false}
      quality="auto"
      onView={onView}
      {...changes}
      {...more}
    />
  );
  const { rerender } = render(grid(call));
  const last = () => onView.mock.lastCall?.[0];
  return {
    onView,
    onPin,
    last,
    seen: () => last()?.tiles.map(({ peerId }) => peerId) ?? [],
    shown: () =>
      [...document.querySelectorAll<HTMLElement>("[data-tile]")].map((tile) => tile.dataset["peerId"] ?? ""),
    change: (state: CallState, more?: Partial<VideoGridProps>) => rerender(grid(state, more)),
  };
}

function speaking(call: CallState, ...peerIds: string[]): CallState {
  const participants = call.participants.map((one) => ({ ...one, speaking: peerIds.includes(one.peerId) }));
  return { ...call, participants };
}

describe("pages", () => {
  test("only the tiles of the page are there, and asked for", async () => {
    const { shown, seen } = show(crowd(60));
    expect(shown().length).toBe(25);
    expect(shown()).toContain("self");
    expect(seen().toSorted()).toEqual(shown().filter((id) => id !== "self").toSorted());
    await userEvent.click(await screen.findByRole("button", { name: t("pager.next") }));
    expect(shown().length).toBe(25);
    expect(shown()).not.toContain("peer-0");
    expect(seen().toSorted()).toEqual(shown().toSorted());
    expect(screen.getByText(t("pager.page", { page: 2, pages: 3 }))).toBeTruthy();
  });

  test("keys turn them, and stop at the ends", () => {
    const { shown } = show(crowd(60));
    const first = shown();
    fireEvent.keyDown(document.body, { key: "PageUp" });
    expect(shown()).toEqual(first);
    fireEvent.keyDown(document.body, { key: "PageDown" });
    fireEvent.keyDown(document.body, { key: "PageDown" });
    fireEvent.keyDown(document.body, { key: "PageDown" });
    expect(shown().length).toBe(11);
    fireEvent.keyDown(document.body, { key: "PageUp" });
    expect(shown().length).toBe(25);
  });

  test("a finger swipes them, a mouse does not", () => {
    const { shown } = show(crowd(60));
    const section = screen.getByRole("region", { name: t("tile.grid") });
    const drag = (pointerType: string, from: number, to: number) => {
      const common = { pointerType, isPrimary: true, clientY: 300 };
      fireEvent.pointerDown(section, { ...common, clientX: from });
      fireEvent.pointerUp(section, { ...common, clientX: to });
    };
    drag("mouse", 300, 100);
    expect(shown()).toContain("peer-0");
    drag("touch", 300, 100);
    expect(shown()).not.toContain("peer-0");
    drag("touch", 100, 300);
    expect(shown()).toContain("peer-0");
  });

  test("who speaks on another page comes onto the first, without a reload of the others' pictures", () => {
    const call = speaking(crowd(60));
    const { shown, change } = show(call);
    const before = new Set(document.querySelectorAll("video"));
    change(speaking(call, "peer-48"));
    expect(shown()).toContain("peer-48");
    const fresh = [...document.querySelectorAll("video")].filter((video) => !before.has(video));
    expect(fresh.length).toBe(1);
  });

  test("a page is empty no longer than people leave it", () => {
    const { shown, change } = show(crowd(60));
    fireEvent.keyDown(document.body, { key: "PageDown" });
    fireEvent.keyDown(document.body, { key: "PageDown" });
    change(crowd(10));
    expect(shown().length).toBe(11);
  });
});

describe("what the engine is asked for", () => {
  test("who speaks comes first and large in the speaker view", () => {
    const { last, change } = show(crowd(5), { mode: "speaker" });
    expect(last()?.tiles[0]).toMatchObject({ peerId: "peer-1", height: 720 });
    change({ ...crowd(5), loudest: "peer-3" });
    expect(last()?.tiles[0]).toMatchObject({ peerId: "peer-3", height: 720 });
  });

  test("whom somebody pins is named", () => {
    const { last, change } = show(crowd(5));
    expect(last()?.pinned).toBeNull();
    change(crowd(5), { pinned: "peer-2" });
    expect(last()).toMatchObject({ pinned: "peer-2", tiles: [{ peerId: "peer-2" }, {}, {}, {}, {}] });
  });

  test("nothing while something is over all of it", () => {
    const { last, change } = show(crowd(5));
    change(crowd(5), { covered: true });
    expect(last()?.tiles).toEqual([]);
  });

  test("nothing once the page has been hidden for a while, and all of it as soon as it is back", () => {
    vi.useFakeTimers();
    const { seen } = show(crowd(5));
    const visibility = vi.spyOn(document, "visibilityState", "get");
    const turn = (state: DocumentVisibilityState, ms: number) =>
      act(() => {
        visibility.mockReturnValue(state);
        document.dispatchEvent(new Event("visibilitychange"));
        vi.advanceTimersByTime(ms);
      });
    turn("hidden", 1_000);
    expect(seen().length).toBe(5);
    turn("visible", 5_000);
    expect(seen().length).toBe(5);
    turn("hidden", 5_000);
    expect(seen().length).toBe(0);
    turn("visible", 0);
    expect(seen().length).toBe(5);
  });

  test("nothing new when only words and voices change", () => {
    const call = speaking(crowd(5));
    const { onView, change } = show(call);
    const calls = onView.mock.calls.length;
    change(speaking(call, "peer-2"));
    change({ ...call, participants: call.participants.map((one) => ({ ...one, name: `${one.name}!` })) });
    expect(onView.mock.calls.length).toBe(calls);
  });
});

describe("tiles", () => {
  test("the button of a tile pins it; one's own has none", async () => {
    const { onPin } = show(crowd(3));
    await userEvent.click(screen.getByRole("button", { name: t("tile.pin", { name: "Grace Hopper" }) }));
    expect(onPin).toHaveBeenCalledWith("peer-1");
    expect(screen.queryByRole("button", { name: t("tile.pin", { name: t("tile.you", { name: "Emmy Noether" }) }) })).toBeNull();
  });

  test("with two people, there is nothing to pin", () => {
    show(crowd(1));
    expect(screen.queryAllByRole("button")).toEqual([]);
  });

  test("no picture is mounted when only sound is wanted", () => {
    show(crowd(5, { quality: "audio-only" }));
    expect(document.querySelectorAll("[data-tile]:not([data-self]) video").length).toBe(0);
  });

  test("a picture that is paused says so after a moment, in place of the last frame", () => {
    vi.useFakeTimers();
    const call = crowd(3);
    const participants = call.participants.map((one) => ({ ...one, cameraPaused: one.peerId === "peer-1" }));
    show({ ...call, participants });
    const tile = document.querySelector('[data-peer-id="peer-1"]');
    expect(tile?.querySelector("video")).not.toBeNull();
    act(() => {
      vi.advanceTimersByTime(2_000);
    });
    expect(tile?.querySelector("video")).toBeNull();
    expect(tile?.textContent).toContain(t("tile.paused"));
  });
});
