import { expect, test } from "vitest";
import { SHORTCUTS, shortcutOf } from "./shortcuts";

function press(key: string, target: Element, init: KeyboardEventInit = {}): string | null {
  let found: string | null = null;
  const listen = (event: Event) => {
    if (event instanceof KeyboardEvent) found = shortcutOf(event);
  };
  window.addEventListener("keydown", listen, { once: true });
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...init }));
  return found;
}

test("keys do what the catalogue says", () => {
  for (const { id, key } of SHORTCUTS) expect(press(key, document.body)).toBe(id);
  expect(press("M", document.body)).toBe("microphone");
  expect(press("x", document.body)).toBeNull();
});

test("keys have one meaning each", () => {
  expect(new Set(SHORTCUTS.map(({ key }) => key)).size).toBe(SHORTCUTS.length);
});

test("keys pressed while typing, in dialogs, or with Ctrl are not shortcuts", () => {
  for (const name of ["input", "textarea", "select", "dialog"]) {
    const element = document.createElement(name);
    document.body.append(element);
    expect(press("m", element)).toBeNull();
    element.remove();
  }
  expect(press("c", document.body, { ctrlKey: true })).toBeNull();
  expect(press("v", document.body, { metaKey: true })).toBeNull();
});
