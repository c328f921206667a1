import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the range out of which Linux gives ports to outgoing connections: one of those could take
 * the port between the look and its use. Browsers refuse none of these.
 */
const FIRST = 20_000;
const LAST = 32_767;
const TRIES = 50;

/** A port that was free a moment ago, on the given address. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port on ${host} in ${TRIES} tries`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
