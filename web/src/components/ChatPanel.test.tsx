import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { chat } from "../gallery/fakes";
import { t } from "../locales/later";
import ChatPanel, { CHAT_MAX_CHARACTERS } from "./ChatPanel";

afterEach(cleanup);

function show(entries = chat) {
  const onSend = vi.fn<(text: string) => void>();
  const onRetry = vi.fn<(key: string) => void>();
  render(<ChatPanel entries={entries} onSend={onSend} onRetry={onRetry} />);
  return { onSend, onRetry, field: screen.getByLabelText<HTMLTextAreaElement>(t("chat.field")) };
}

test("Enter sends, and Shift with Enter is a new line", async () => {
  const { onSend, field } = show([]);
  await userEvent.type(field, "one{Shift>}{Enter}{/Shift}two  {Enter}");
  expect(onSend.mock.calls).toEqual([["one\ntwo"]]);
  expect(field.value).toBe("");
});

test("nothing but spaces is not sent", async () => {
  const { onSend, field } = show([]);
  await userEvent.type(field, "   {Enter}");
  expect(onSend).not.toHaveBeenCalled();
});

test("too much is counted in characters, and not sent", async () => {
  const { onSend, field } = show([]);
  await userEvent.click(field);
  await userEvent.paste("🙂".repeat(CHAT_MAX_CHARACTERS - 1));
  expect(screen.getByText(t("chat.left", { count: 1 }))).toBeTruthy();
  await userEvent.paste("🙂🙂");
  expect(screen.getByText(t("chat.over", { count: 1 }))).toBeTruthy();
  await userEvent.type(field, "{Enter}");
  expect(onSend).not.toHaveBeenCalled();
});

test("what was refused says why, and can be sent again", async () => {
  const { onRetry } = show();
  expect(screen.getByText(t("chat.refused", { reason: t("error.rate-limited") }))).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: t("chat.retry") }));
  expect(onRetry).toHaveBeenCalledWith("6");
});

test("addresses are links that open elsewhere and tell nothing of here", () => {
  show();
  const link = screen.getByRole<HTMLAnchorElement>("link", { name: "https://example.org/notes/2026-03" });
  expect([link.target, link.rel]).toEqual(["_blank", "noopener noreferrer"]);
});
