/**
 * A part of a page that is loaded when it is first shown, within a `PartBoundary`. React keeps a
 * failure for good; here the next time that the part is shown is another try.
 */
import { lazy, useState, type ComponentType } from "react";
import { loadChunk, type LoadClock } from "../services/chunks";

type Loaded<P> = { readonly default: ComponentType<P> };

/** What makes those that failed loadable again. */
const failed = new Set<() => void>();

/** After a failure has been shown: before that, React would try again and again by itself. */
export function renewFailedParts(): void {
  for (const renew of failed) renew();
  failed.clear();
}

export function lazyPart<P extends object>(
  load: () => Promise<Loaded<P>>,
  clock?: LoadClock,
): ComponentType<P> {
  const fresh = () =>
    lazy(async () => {
      try {
        return await loadChunk(load, clock);
      } catch (error) {
        failed.add(() => {
          current = fresh();
        });
        throw error;
      }
    });
  let current = fresh();

  return function Part(props: P) {
    // The same for as long as this one is shown.
    const [Shown] = useState<ComponentType<P>>(() => current);
    return <Shown {...props} />;
  };
}
