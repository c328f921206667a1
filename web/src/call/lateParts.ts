/**
 * What is not needed for the first picture: getting along with a media server, and reading
 * statistics. Loaded when a room has one, or somebody looks.
 */
export { createPreflight } from "./preflight";
export { createServerConnections } from "./serverConnections";
export { readServerStats } from "./serverStats";
export { readStats } from "./stats";
export { entriesOf, reachOf } from "./statsReport";
