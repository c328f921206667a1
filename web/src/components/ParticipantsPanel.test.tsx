import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { actions, callState, crowd, media, person } from "../gallery/fakes";
import { t } from "../locales/later";
import ParticipantsPanel from "./ParticipantsPanel";

vi.mock("../gallery/pictures", () => ({ figureStream: () => null, pageStream: () => null }));

afterEach(cleanup);

const pin = { pinned: null, onPin: () => undefined };

test("ending the call for all asks first", async () => {
  const endCall = vi.fn<() => void>();
  render(<ParticipantsPanel call={callState([person(0)])} media={media()} actions={{ ...actions, endCall }} {...pin} />);
  await userEvent.click(screen.getByRole("button", { name: t("people.end") }));
  expect(endCall).not.toHaveBeenCalled();
  const dialog = screen.getByRole("dialog", { name: t("people.endTitle") });
  await userEvent.click(within(dialog).getByRole("button", { name: t("people.endConfirm") }));
  expect(endCall).toHaveBeenCalledOnce();
});

test("the lock is a switch", async () => {
  const setLocked = vi.fn<(locked: boolean) => void>();
  render(<ParticipantsPanel call={callState([])} media={media()} actions={{ ...actions, setLocked }} {...pin} />);
  const lock = screen.getByRole("switch", { name: t("people.lock") });
  expect(lock.getAttribute("aria-checked")).toBe("false");
  await userEvent.click(lock);
  expect(setLocked).toHaveBeenCalledWith(true);
});

test("whoever is no host has no actions for others", () => {
  const call = callState([person(0)]);
  const self = call.self === null ? null : { ...call.self, role: "participant" as const };
  render(<ParticipantsPanel call={{ ...call, self }} media={media()} actions={actions} {...pin} />);
  expect(screen.queryByRole("switch")).toBeNull();
  expect(screen.queryByRole("button", { name: t("people.actions", { name: "Ada Lovelace" }) })).toBeNull();
});

test("anyone can choose whose picture is large, once there are several", () => {
  const call = callState([person(0), person(1)]);
  const self = call.self === null ? null : { ...call.self, role: "participant" as const };
  render(<ParticipantsPanel call={{ ...call, self }} media={media()} actions={actions} {...pin} />);
  const menu = screen.queryByRole("button", { name: t("people.actions", { name: "Grace Hopper" }) });
  expect(menu).not.toBeNull();
});

test("among many, somebody is found by a part of the name", async () => {
  render(<ParticipantsPanel call={crowd(30)} media={media()} actions={actions} {...pin} />);
  expect(screen.getAllByRole("listitem").length).toBe(31);
  const field = screen.getByRole("searchbox", { name: t("people.search") });
  await userEvent.type(field, "hopp");
  expect(screen.getAllByRole("listitem").map((row) => row.dataset["peerId"])).toEqual(["peer-1", "peer-20"]);
  await userEvent.type(field, "xyz");
  expect(screen.queryAllByRole("listitem")).toEqual([]);
  expect(screen.getByRole("status").textContent).toBe(t("people.searchNobody"));
});

test("among few, there is nothing to search", () => {
  render(<ParticipantsPanel call={callState([person(0)])} media={media()} actions={actions} {...pin} />);
  expect(screen.queryByRole("searchbox")).toBeNull();
});
