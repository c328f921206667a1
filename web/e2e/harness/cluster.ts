import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { test as base } from "./fixtures";
import { freePort } from "./ports";
import { endWithRun } from "./processes";
import { Server } from "./server";
import type { MadeRoom } from "./server";
import { eventually } from "./waiting";

const NODES = 3;

/** Three nodes over a real Redis, behind a real HAProxy with the configuration of `deploy/`. */
export class Cluster {
  readonly nodes: Server[] = [];
  readonly origin: string;
  readonly #redisPort: number;
  readonly #figures: string;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "wecall-e2e-cluster-"));
  readonly #programs: ChildProcess[] = [];

  static async start(): Promise<Cluster> {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const cluster = new Cluster(...ports);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  private constructor(redisPort: number, port: number, figuresPort: number) {
    this.#redisPort = redisPort;
    this.#port = port;
    this.origin = `http://127.0.0.1:${port}`;
    this.#figures = `127.0.0.1:${figuresPort}`;
  }

  async #start(): Promise<void> {
    const redis = `redis://127.0.0.1:${this.#redisPort}`;
    const port = String(this.#redisPort);
    this.#run("redis-server", ["--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", this.#folder]);
    for (let number = 1; number <= NODES; number += 1) {
      const env = {
        WECALL_REDIS__URL: redis,
        WECALL_CLUSTER__NODE_NAME: `node-${number}`,
        WECALL_SERVER__TRUSTED_PROXIES: "127.0.0.1/32",
        // As the guide has it for this configuration of HAProxy.
        WECALL_SERVER__DRAIN_DELAY: "3s",
        WECALL_SERVER__DRAIN: "3s",
      };
      this.nodes.push(await this.#node(env));
    }
    const places = this.nodes.map((node, index) => [`WECALL_NODE_${index + 1}`, node.host] as const);
    this.#run("haproxy", ["-db", "-f", deployed("haproxy.cfg")], {
      WECALL_BIND: `127.0.0.1:${this.#port}`,
      WECALL_STATS_BIND: this.#figures,
      WECALL_FILES: "10000",
      ...Object.fromEntries(places),
    });
    await this.reaches(NODES);
  }

  /** Redis may take a moment until it can be used, and a node does not wait for it. */
  #node(env: Readonly<Record<string, string>>): Promise<Server> {
    return eventually("a node starts", () => Server.start({ env }));
  }

  #run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
    endWithRun(child);
    this.#programs.push(child);
  }

  /** Resolves when HAProxy sends people to so many nodes. */
  async reaches(count: number): Promise<void> {
    await eventually(`HAProxy knows ${count} node(s)`, async () => {
      const text = await (await fetch(`http://${this.#figures}/metrics`)).text();
      const up = /^haproxy_server_status\{proxy="nodes",server="node\d",state="UP"\} 1$/gmu;
      return (text.match(up)?.length ?? 0) === count;
    });
  }

  async createRoom(): Promise<MadeRoom> {
    const node = this.nodes[0];
    if (node === undefined) throw new Error("there is no node");
    return node.createRoom();
  }

  link(roomId: string): string {
    return `${this.origin}/r/${roomId}`;
  }

  async dispose(): Promise<void> {
    for (const node of this.nodes) await node.dispose();
    for (const program of this.#programs) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      const ended = new Promise<void>((resolve) => program.once("exit", () => resolve()));
      program.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function deployed(file: string): string {
  return fileURLToPath(new URL(`../../../deploy/${file}`, import.meta.url));
}

/** Each test has a cluster of its own: what one breaks, another must not find. */
export const test = base.extend<{ cluster: Cluster }>({
  cluster: async ({}, use) => {
    const cluster = await Cluster.start();
    await use(cluster);
    await cluster.dispose();
  },
});
