import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense, type ComponentType } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { t } from "../locales/translate";
import type { LoadClock } from "../services/chunks";
import { lazyPart } from "./lazyPart";
import { PartBoundary } from "./PartBoundary";

const AT_ONCE: LoadClock = {
  after: (_ms, task) => {
    task();
    return () => undefined;
  },
};
const TRIES = 3;

afterEach(cleanup);
// React reports each failure that a boundary takes.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));

interface ChatProps {
  readonly who: string;
}

function bench() {
  const load = vi.fn<() => Promise<{ default: ComponentType<ChatProps> }>>();
  const Chat = lazyPart(load, AT_ONCE);
  const onClose = vi.fn<() => void>();
  const part = (
    <PartBoundary onClose={onClose}>
      <Suspense fallback="loading">
        <Chat who="Ada" />
      </Suspense>
    </PartBoundary>
  );
  const isMissing = () => load.mockRejectedValue(new TypeError("no such module"));
  const isThere = () => load.mockResolvedValue({ default: ({ who }) => <p>chat of {who}</p> });
  return { load, part, onClose, isMissing, isThere };
}

test("a part is loaded when it is shown", async () => {
  const { load, part, isThere } = bench();
  isThere();
  expect(load).not.toHaveBeenCalled();
  render(part);
  await screen.findByText("chat of Ada");
  expect(load).toHaveBeenCalledTimes(1);
});

test("a missing part says so, and trying again helps once it is there", async () => {
  const { load, part, isMissing, isThere } = bench();
  isMissing();
  render(part);
  expect((await screen.findByRole("alert")).textContent).toContain(t("explain.part.text"));
  expect(load).toHaveBeenCalledTimes(TRIES);

  await userEvent.click(screen.getByRole("button", { name: t("action.retry") }));
  await screen.findByRole("alert");
  expect(load).toHaveBeenCalledTimes(2 * TRIES);

  isThere();
  await userEvent.click(screen.getByRole("button", { name: t("action.retry") }));
  await screen.findByText("chat of Ada");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a part that is shown anew is another try", async () => {
  const { part, isMissing, isThere } = bench();
  isMissing();
  const first = render(part);
  await screen.findByRole("alert");
  first.unmount();
  isThere();
  render(part);
  expect(await screen.findByText("chat of Ada")).toBeTruthy();
});

test("the notice can be put away", async () => {
  const { part, onClose, isMissing } = bench();
  isMissing();
  render(part);
  await userEvent.click(await screen.findByRole("button", { name: t("action.dismiss") }));
  expect(onClose).toHaveBeenCalledTimes(1);
});
