import { useLayoutEffect, useRef, useState, type RefObject } from "react";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The content size of an element, null until it is known. */
export function useElementSize<E extends HTMLElement>(): readonly [RefObject<E | null>, Size | null] {
  const element = useRef<E>(null);
  const [size, setSize] = useState<Size | null>(null);

  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return undefined;
    const measure = () => {
      const next = { width: watched.clientWidth, height: watched.clientHeight };
      setSize((last) =>
        last?.width === next.width && last.height === next.height ? last : next,
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);

  return [element, size];
}
