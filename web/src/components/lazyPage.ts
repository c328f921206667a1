/**
 * A page that is loaded when it is first shown. When it is gone, for the server was updated since the
 * app was loaded, the browser's page is reloaded once; else the error says so.
 */
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { reloadOnce } from "../hooks/reloadOnce";
import { loadChunk } from "../services/chunks";

type Loaded<P> = { readonly default: ComponentType<P> };

export function lazyPage<P>(load: () => Promise<Loaded<P>>): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => {
    try {
      return await loadChunk(load);
    } catch (error) {
      if (!reloadOnce()) throw error;
      // Until this page is gone, there is nothing to show.
      return new Promise<never>(() => undefined);
    }
  });
}
