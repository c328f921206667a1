import { act, render } from "@testing-library/react";
import { expect, it } from "vitest";

import { createStore } from "../call/observable";
import { useObservable } from "./useObservable";

it("shows the value as it is, and lets go in the end", () => {
  const seen: string[] = [];
  const store = createStore("first", () => () => seen.push("let go"));
  function Shown() {
    return <p>{useObservable(store)}</p>;
  }
  const { container, unmount } = render(<Shown />);
  expect(container.textContent).toBe("first");
  act(() => store.set("second"));
  expect(container.textContent).toBe("second");
  unmount();
  expect(seen).toEqual(["let go"]);
});
