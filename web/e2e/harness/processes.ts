import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Whatever ends the test run, `child` does not outlive it. */
export function endWithRun(child: ChildProcess): void {
  if (running.size === 0) process.once("exit", endAll);
  running.add(child);
  child.once("exit", () => running.delete(child));
}

function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
