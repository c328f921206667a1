import type { ServerConnections } from "./serverConnections";

const nothing = (): void => {};

/** In place of the connections to media servers, until what makes them has been loaded. */
export const NO_SERVERS: ServerConnections = {
  update: nothing,
  receive: nothing,
  show: nothing,
  setTracks: nothing,
  applyLimits: nothing,
  setSignaling: nothing,
  handleNetworkChange: nothing,
  restate: nothing,
  look: nothing,
  checkFlow: nothing,
  current: () => null,
  state: () => null,
  all: () => [],
  isComplete: () => false,
  candidates: () => [],
  close: nothing,
};
