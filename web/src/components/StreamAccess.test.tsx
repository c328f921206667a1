import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { api } from "../call";
import StreamAccess from "./StreamAccess";

vi.mock("../call", () => ({ api: { createToken: vi.fn<typeof api.createToken>() } }));

afterEach(cleanup);

it("shows what a streaming program asks for", async () => {
  vi.mocked(api.createToken).mockResolvedValue({
    ok: true,
    value: { token: "t0k3n", url: "https://x.org/whip/ABCD2345", expires_at: "2026-01-01T12:00:00Z" },
  });
  render(<StreamAccess roomId="ABCD2345" hostToken="secret" />);
  await userEvent.click(screen.getByRole("button", { name: "Stream into this call" }));
  expect(api.createToken).toHaveBeenCalledWith("ABCD2345", "secret", { kind: "publish" });
  expect(await screen.findByLabelText("Server")).toHaveProperty("value", "https://x.org/whip/ABCD2345");
  expect(screen.getByLabelText("Bearer token")).toHaveProperty("value", "t0k3n");
});

it("says why there is nothing to enter", async () => {
  vi.mocked(api.createToken).mockResolvedValue({ ok: false, failure: { kind: "unreachable" } });
  render(<StreamAccess roomId="ABCD2345" hostToken="secret" />);
  await userEvent.click(screen.getByRole("button", { name: "Let others watch" }));
  expect((await screen.findByRole("status")).textContent).not.toBe("");
  expect(screen.queryByLabelText("Server")).toBeNull();
});
