import { act, cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { t } from "../locales/later";
import type { EnterRoom } from "../hooks/useEnterRoom";
import { JoinForm } from "./JoinForm";

afterEach(cleanup);

test("a link becomes its code", async () => {
  const onJoin = vi.fn<EnterRoom>(async () => null);
  render(<JoinForm onJoin={onJoin} />);
  await userEvent.type(screen.getByLabelText(t("join.code")), "https://calls.example.org/r/abcd2345{Enter}");
  expect(onJoin).toHaveBeenCalledWith({ roomId: "ABCD2345", hostToken: null }, expect.any(Function));
});

test("what cannot be a code is said at once, without asking the server", async () => {
  const onJoin = vi.fn<EnterRoom>(async () => null);
  render(<JoinForm onJoin={onJoin} />);
  await userEvent.type(screen.getByLabelText(t("join.code")), "hello{Enter}");
  expect(screen.getByRole("alert").textContent).toBe(t("join.error.shape"));
  expect(onJoin).not.toHaveBeenCalled();
});

test("the server's reason stands at the field until something else is typed", async () => {
  render(<JoinForm onJoin={async () => "error.room-full"} />);
  const field = screen.getByLabelText(t("join.code"));
  await userEvent.type(field, "ABCD2345{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe(t("error.room-full"));
  await userEvent.type(field, "X");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a server that puts the answer off is still being asked", async () => {
  let answer: (reason: null) => void = () => {};
  const onJoin: EnterRoom = (_, onBusy) => {
    onBusy();
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  render(<JoinForm onJoin={onJoin} />);
  await userEvent.type(screen.getByLabelText(t("join.code")), "ABCD2345{Enter}");
  expect(screen.getByRole("status").textContent).toBe(t("busy.waiting"));
  expect(screen.getByRole("button").getAttribute("aria-busy")).toBe("true");
  await act(async () => answer(null));
  expect(screen.getByRole("status").textContent).toBe("");
});
