import { useRef, type PointerEvent } from "react";

/** Shorter ones are taps. */
const SWIPE_PX = 48;

/** Which way a finger went: -1 to the left, 1 to the right, 0 neither. */
export function swipeOf(dx: number, dy: number): -1 | 0 | 1 {
  if (Math.abs(dx) < SWIPE_PX || Math.abs(dx) < 2 * Math.abs(dy)) return 0;
  return dx < 0 ? -1 : 1;
}

/** Handlers for what is swiped. Only fingers swipe: a mouse has buttons to press. */
export function useSwipe(onSwipe: (direction: -1 | 1) => void) {
  const start = useRef<{ readonly x: number; readonly y: number } | null>(null);
  return {
    onPointerDown: (event: PointerEvent) => {
      const touched = event.pointerType === "touch" && event.isPrimary;
      start.current = touched ? { x: event.clientX, y: event.clientY } : null;
    },
    onPointerUp: (event: PointerEvent) => {
      if (start.current === null || !event.isPrimary) return;
      const direction = swipeOf(event.clientX - start.current.x, event.clientY - start.current.y);
      start.current = null;
      if (direction !== 0) onSwipe(direction);
    },
    onPointerCancel: () => {
      start.current = null;
    },
  };
}
