import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ARTIFACTS } from "./artifacts";
import { endWithRun } from "./processes";
import { freePort } from "./ports";
import { eventually } from "./waiting";

/** The program promises 100 ms; a machine that also runs four browsers gets more. */
const START_DEADLINE_MS = 10_000;
/** Sockets drain in a few seconds. */
const STOP_DEADLINE_MS = 20_000;

export interface ServerOptions {
  readonly host?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** "https" with `--lan`. */
  readonly scheme?: "http" | "https";
}

export interface NewRoom {
  readonly room_name?: string | null;
  readonly max_participants?: number;
  readonly ttl_seconds?: number;
}

export interface MadeRoom {
  readonly room_id: string;
  readonly host_token: string;
}

/** The real binary, on a port and a data folder that stay the same over restarts. */
export class Server {
  readonly origin: string;
  readonly #port: number;
  readonly #metricsPort: number;
  readonly #options: ServerOptions;
  readonly #dataDir = mkdtempSync(join(tmpdir(), "wecall-e2e-data-"));
  readonly #logFile: string;
  #process: ChildProcess | null = null;

  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(
      options,
      await freePort(options.host),
      await freePort("127.0.0.1"),
    );
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  private constructor(options: ServerOptions, port: number, metricsPort: number) {
    this.#options = options;
    this.#port = port;
    this.#metricsPort = metricsPort;
    this.origin = `${options.scheme ?? "http"}://${options.host ?? "127.0.0.1"}:${port}`;
    this.#logFile = join(ARTIFACTS, `server-${port}.log`);
  }

  get host(): string {
    return `${this.#options.host ?? "127.0.0.1"}:${this.#port}`;
  }

  /** Starts it (again) and resolves when it is ready for people. */
  async start(): Promise<void> {
    if (this.#process !== null) throw new Error("the server runs already");
    const child = spawn(
      binary(),
      [
        "serve",
        "--listen",
        this.host,
        "--data-dir",
        this.#dataDir,
        "--metrics-listen",
        `127.0.0.1:${this.#metricsPort}`,
        ...(this.#options.args ?? []),
      ],
      {
        // Neither a `wecall.toml` nor settings of whoever runs the tests are theirs.
        cwd: this.#dataDir,
        env: { ...environmentWithoutSettings(), ...this.#options.env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#process = child;
    endWithRun(child);
    const log = createWriteStream(this.#logFile, { flags: "a" });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    await eventually(
      "the server is ready, or has ended",
      async () => child.exitCode !== null || (await fetch(`${this.origin}/readyz`)).ok,
      { deadlineMs: START_DEADLINE_MS },
    );
    if (child.exitCode !== null) {
      throw new Error(`the server ended with ${child.exitCode}:\n${this.log()}`);
    }
  }

  async ensureRunning(): Promise<void> {
    if (this.#process === null) await this.start();
  }

  /** As a crash or the kernel would end it: nobody is told. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** The graceful stop of an update. Resolves when the process has ended. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async dispose(): Promise<void> {
    if (this.#process !== null) await this.#end("SIGKILL");
    rmSync(this.#dataDir, { recursive: true, force: true });
    const panic = this.log()
      .split("\n")
      .find((line) => line.includes("panicked"));
    if (panic !== undefined) throw new Error(`the server panicked: ${panic}`);
  }

  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  /** One of its figures that has no labels. */
  async figure(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    if (line === undefined) throw new Error(`there is no ${name}`);
    return Number(line.slice(name.length + 1));
  }

  async createRoom(room: NewRoom = {}): Promise<MadeRoom> {
    const response = await fetch(`${this.origin}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ room_name: null, ...room }),
    });
    if (!response.ok) throw new Error(`no room: ${response.status} ${await response.text()}`);
    return (await response.json()) as MadeRoom;
  }

  link(roomId: string): string {
    return `${this.origin}/r/${roomId}`;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (child === null) throw new Error("the server does not run");
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
    child.kill(signal);
    await ended;
    clearTimeout(late);
    if (signal === "SIGTERM" && child.signalCode === "SIGKILL") {
      throw new Error(`the server did not stop within ${STOP_DEADLINE_MS} ms`);
    }
  }
}

function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WECALL_")),
  );
}

/** The program under test. */
export function binary(): string {
  const given = process.env["WECALL_BIN"];
  if (given !== undefined) return given;
  const target = fileURLToPath(new URL("../../../target/", import.meta.url));
  const found = ["release/wecall", "debug/wecall"]
    .map((path) => join(target, path))
    .find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error("no wecall binary: run `cargo xtask build`, or set WECALL_BIN");
  }
  return found;
}
