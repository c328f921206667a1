/**
 * A task that runs once at a time. What is asked for while it runs is done by one more run after
 * it, whatever the number of askers.
 */
export function coalesced(task: () => Promise<void>): () => void {
  let state: "idle" | "running" | "again" = "idle";

  function run(): void {
    state = "running";
    void task().finally(() => {
      const again = state === "again";
      state = "idle";
      if (again) {
        run();
      }
    });
  }

  return () => {
    if (state === "idle") {
      run();
    } else {
      state = "again";
    }
  };
}
