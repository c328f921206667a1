/**
 * Where something goes that went wrong, was survived, and tells a developer something.
 * Never session descriptions, names or chat.
 */
export type Report = (what: string, error: unknown) => void;

export const reportToConsole: Report = (what, error) => {
  // oxlint-disable-next-line no-console -- the one place that writes there
  console.warn(`wecall: ${what}`, error instanceof Error ? `${error.name}: ${error.message}` : error);
};
