import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ARTIFACTS } from "./artifacts";
import { freePort } from "./ports";
import { endWithRun } from "./processes";
import { eventually } from "./waiting";

const SECRET = "a-secret-that-both-sides-know";

/** coturn, on the address of one interface. */
export class Coturn {
  readonly url: string;
  readonly secretFile: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.secretFile = join(folder, "secret");
    this.#folder = folder;
    this.#process = process;
  }

  static async start(address: string): Promise<Coturn> {
    const folder = mkdtempSync(join(tmpdir(), "wecall-e2e-coturn-"));
    writeFileSync(join(folder, "secret"), `${SECRET}\n`);
    const port = await freePort(address);
    const child = spawn(
      "turnserver",
      [
        "-n",
        `--listening-ip=${address}`,
        `--relay-ip=${address}`,
        `--listening-port=${port}`,
        "--use-auth-secret",
        `--static-auth-secret=${SECRET}`,
        "--realm=coturn",
        "--no-tls",
        "--no-dtls",
        "--no-cli",
        "--allow-loopback-peers",
        "--log-file=stdout",
        `--pidfile=${join(folder, "pid")}`,
        `--userdb=${join(folder, "db")}`,
      ],
      { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
    );
    endWithRun(child);
    const log = createWriteStream(join(ARTIFACTS, `coturn-${port}.log`));
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    await eventually("coturn listens", () => acceptsTcp(address, port));
    return new Coturn(`turn:${address}:${port}?transport=udp`, folder, child);
  }

  async dispose(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function acceptsTcp(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
