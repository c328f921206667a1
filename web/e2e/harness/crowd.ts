import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { ARTIFACTS } from "./artifacts";
import { endWithRun } from "./processes";
import { eventually } from "./waiting";

export interface CrowdOptions {
  readonly participants: number;
  /** Pictures that each watches over the media server. */
  readonly watch?: number;
  readonly frameRate?: number;
  readonly speakers?: number;
  readonly video?: boolean;
}

export interface CrowdEvent {
  readonly event: string;
  readonly at_ms: number;
  readonly seat?: number;
  readonly peer_id?: string;
  readonly path?: "mesh" | "sfu";
  readonly seats?: number;
  readonly over_media_server?: number;
  readonly pictures?: number;
  readonly moving?: number;
  readonly longest_gap_ms?: number;
  readonly why?: string;
}

/** Fifteen frames a second are what the test's camera films, too. */
const FRAME_RATE = 15;
/** Ends by itself should the run be killed. */
const LASTS_SECONDS = 600;

let crowds = 0;

/**
 * Participants without a browser, who send and watch real media: many of them cost what one
 * browser does. All of one crowd come and go together.
 */
export class Crowd {
  readonly events: CrowdEvent[] = [];
  readonly #process: ChildProcess;
  readonly #participants: number;

  static async join(origin: string, roomId: string, options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(origin, roomId, options);
    await crowd.hasJoined();
    return crowd;
  }

  private constructor(origin: string, roomId: string, options: CrowdOptions) {
    this.#participants = options.participants;
    this.#process = spawn(
      binary(),
      [
        "room",
        `--url=${origin.replace(/^http/, "ws")}/ws`,
        `--room=${roomId}`,
        `--participants=${options.participants}`,
        `--watch=${options.watch ?? 4}`,
        `--frame-rate=${options.frameRate ?? FRAME_RATE}`,
        `--speakers=${options.speakers ?? 1}`,
        `--seconds=${LASTS_SECONDS}`,
        "--until-stdin-ends",
        ...(options.video === false ? ["--no-video"] : []),
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    endWithRun(this.#process);
    crowds += 1;
    const log = createWriteStream(join(ARTIFACTS, `crowd-${process.pid}-${crowds}.jsonl`));
    this.#process.stderr?.pipe(log, { end: false });
    if (this.#process.stdout === null) throw new Error("no pipe to the crowd");
    createInterface(this.#process.stdout).on("line", (line) => {
      log.write(`${line}\n`);
      this.events.push(JSON.parse(line) as CrowdEvent);
    });
  }

  get peerIds(): string[] {
    const joined = this.events.filter((one) => one.event === "joined");
    return joined.map((one) => one.peer_id ?? "");
  }

  async hasJoined(): Promise<void> {
    await this.#waits(`${this.#participants} participant(s) of a crowd join`, 30_000, () =>
      this.peerIds.length === this.#participants,
    );
  }

  /** Each gets everything by this way, and sees all the pictures that it watches. */
  async goesBy(path: "mesh" | "sfu", deadlineMs = 30_000): Promise<void> {
    await this.#waits(`a crowd of ${this.#participants} goes by ${path}`, deadlineMs, () => {
      const last = this.progress;
      const over = path === "sfu" ? this.#participants : 0;
      return last?.over_media_server === over && (last.pictures ?? 0) > 0 && last.pictures === last.moving;
    });
  }

  /** Each gets what there is over the media server; who sees what depends on the others, too. */
  async isOverMediaServer(deadlineMs = 30_000): Promise<void> {
    await this.#waits(`${this.#participants} reach the media server`, deadlineMs, () =>
      this.progress?.over_media_server === this.#participants,
    );
  }

  get progress(): CrowdEvent | undefined {
    return this.events.findLast((one) => one.event === "progress" || one.event === "done");
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.stdin?.end();
    await ended;
  }

  async #waits(what: string, deadlineMs: number, look: () => boolean): Promise<void> {
    await eventually(
      what,
      async () => {
        const { exitCode } = this.#process;
        if (exitCode !== null && exitCode !== 0) throw new Error(`the crowd ended with ${exitCode}`);
        return look();
      },
      { deadlineMs, describe: async () => this.events.slice(-10) },
    );
  }
}

function binary(): string {
  const given = process.env["WECALL_LOADTEST_BIN"];
  if (given !== undefined) return given;
  const target = fileURLToPath(new URL("../../../target/", import.meta.url));
  const found = ["release/wecall-loadtest", "debug/wecall-loadtest"]
    .map((path) => join(target, path))
    .find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error("no wecall-loadtest binary: run `cargo xtask e2e`, or set WECALL_LOADTEST_BIN");
  }
  return found;
}
