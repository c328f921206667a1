import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();
let watching = false;

/** Whatever ends the test run, `child` does not outlive it. */
export function endWithRun(child: ChildProcess): void {
  if (!watching) watchOwnEnd();
  running.add(child);
  child.once("exit", () => running.delete(child));
}

function watchOwnEnd(): void {
  watching = true;
  process.once("exit", endAll);
  // The run that this worker belongs to is gone.
  process.once("disconnect", endAll);
  process.once("SIGTERM", () => {
    endAll();
    process.exit(128 + 15);
  });
}

function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
