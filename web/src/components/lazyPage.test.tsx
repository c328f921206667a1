import { cleanup, render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { reloadOnce } from "../hooks/reloadOnce";
import { t } from "../locales/translate";
import { ErrorBoundary } from "./ErrorBoundary";
import { lazyPage } from "./lazyPage";

vi.mock("../services/chunks", () => ({ loadChunk: (load: () => Promise<unknown>) => load() }));
vi.mock("../hooks/reloadOnce", () => ({ reloadOnce: vi.fn<() => boolean>() }));

afterEach(cleanup);
// React reports each failure that a boundary takes.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));

function show(load: () => Promise<{ default: () => string }>) {
  const Page = lazyPage(load);
  render(
    <ErrorBoundary>
      <Suspense fallback="loading">
        <Page />
      </Suspense>
    </ErrorBoundary>,
  );
}

const missing = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

test("a page that is there is shown", async () => {
  show(async () => ({ default: () => "the page" }));
  expect(await screen.findByText("the page")).toBeTruthy();
  expect(reloadOnce).not.toHaveBeenCalled();
});

test("a page that is gone shows nothing new while the browser reloads", async () => {
  vi.mocked(reloadOnce).mockReturnValue(true);
  show(missing);
  await vi.waitFor(() => expect(reloadOnce).toHaveBeenCalledTimes(1));
  expect(screen.getByText("loading")).toBeTruthy();
});

test("a page that is gone for good says so", async () => {
  vi.mocked(reloadOnce).mockReturnValue(false);
  show(missing);
  expect(await screen.findByText(t("explain.chunk.title"))).toBeTruthy();
});
