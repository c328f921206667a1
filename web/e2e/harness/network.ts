import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** With the run's process in it. Interface names have 15 characters at most. */
const PREFIX = `wc${process.pid.toString(36)}`;
const BRIDGE = `${PREFIX}-br`;
/** Private networks of 254 addresses, one for each run; the bridge, and so the server, is `.1`. */
const NETWORKS = "10.199";

/**
 * A network of its own for each client: a namespace, joined to one bridge by a veth pair. The
 * server runs outside of them and is reached at the bridge's address.
 */
export class Network {
  readonly serverAddress: string;
  readonly #network: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "wecall-e2e-net-"));
  readonly #hosts: Host[] = [];
  readonly #onExit = () => this.dispose();

  constructor() {
    removeLeftovers();
    process.once("exit", this.#onExit);
    this.#network = unusedNetwork();
    this.serverAddress = `${this.#network}.1`;
    ip("link", "add", BRIDGE, "type", "bridge");
    ip("addr", "add", `${this.serverAddress}/24`, "dev", BRIDGE);
    ip("link", "set", BRIDGE, "up");
  }

  /** `name` is one letter or two. */
  addHost(name: string): Host {
    const host = new Host(name, this.#network, this.#hosts.length + 2, this.#folder);
    this.#hosts.push(host);
    return host;
  }

  dispose(): void {
    process.removeListener("exit", this.#onExit);
    remove((name) => name.startsWith(`${PREFIX}-`));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Host {
  /** A program that runs the browser inside this host. */
  readonly chromium: string;
  readonly #namespace: string;
  readonly #outside: string;
  readonly #network: string;
  #last: number;

  constructor(name: string, network: string, last: number, folder: string) {
    this.#namespace = `${PREFIX}-${name}`;
    this.#outside = `${PREFIX}-${name}o`;
    this.#network = network;
    this.#last = last;
    ip("netns", "add", this.#namespace);
    ip("link", "add", this.#outside, "type", "veth", "peer", "name", "eth0", "netns", this.#namespace);
    ip("link", "set", this.#outside, "master", BRIDGE, "up");
    this.#inside("link", "set", "lo", "up");
    this.#inside("link", "set", "eth0", "up");
    this.#inside("addr", "add", this.#address(), "dev", "eth0");
    this.chromium = join(folder, `chromium-${name}`);
    const program = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
    writeFileSync(
      this.chromium,
      `#!/bin/sh\nexec ip netns exec ${this.#namespace} ${program} "$@"\n`,
    );
    chmodSync(this.chromium, 0o755);
  }

  /** Packets vanish both ways, and nothing tells the host: the cable behind the router is out. */
  cut(): void {
    ip("link", "set", this.#outside, "nomaster");
  }

  restore(): void {
    ip("link", "set", this.#outside, "master", BRIDGE);
  }

  /** From one Wi-Fi to the next: the old address is gone, a new one is there. */
  changeAddress(): void {
    this.#inside("addr", "del", this.#address(), "dev", "eth0");
    this.#last += 100;
    this.#inside("addr", "add", this.#address(), "dev", "eth0");
  }

  /**
   * From now on, of the UDP packets that are on their way to this host, `percent` in a hundred
   * vanish at random. They do at its entrance: one that vanishes at the sender's exit is an error
   * to the sender, which a real network does not tell.
   */
  losePackets(percent: number): void {
    execFileSync("ip", ["netns", "exec", this.#namespace, "nft", "-f", "-"], {
      input: lossRules(percent),
      stdio: ["pipe", "ignore", "pipe"],
    });
  }

  /**
   * From now on no more than so much comes in, as over a mobile network: what is too much waits for
   * a fifth of a second at most, then vanishes. Null lifts it.
   */
  limitIncoming(kbitPerSecond: number | null): void {
    const tc = (...args: string[]) =>
      execFileSync("tc", ["qdisc", ...args], { stdio: ["ignore", "ignore", "pipe"] });
    if (kbitPerSecond === null) {
      tc("del", "dev", this.#outside, "root");
      return;
    }
    const rate = `${kbitPerSecond}kbit`;
    tc("replace", "dev", this.#outside, "root", "tbf", "rate", rate, "burst", "5kb", "latency", "200ms");
  }

  /** A firewall that lets no UDP out, and TCP to these ports alone, or to all. */
  allowOnlyTcp(ports?: readonly number[]): void {
    const dropped =
      ports === undefined
        ? "meta l4proto udp drop"
        : `tcp dport != { ${ports.join(", ")} } drop\n meta l4proto udp drop`;
    execFileSync("ip", ["netns", "exec", this.#namespace, "nft", "-f", "-"], {
      input: `
        table inet ${PREFIX}-firewall {
          chain exit {
            type filter hook output priority 0;
            oifname "lo" accept
            ${dropped}
          }
        }
      `,
      stdio: ["pipe", "ignore", "pipe"],
    });
  }

  #address(): string {
    return `${this.#network}.${this.#last}/24`;
  }

  #inside(...args: string[]): void {
    ip("-n", this.#namespace, ...args);
  }
}

/** Added before it is deleted, so that it may be there from before or not. */
function lossRules(percent: number): string {
  return `
    add table inet ${PREFIX}
    delete table inet ${PREFIX}
    table inet ${PREFIX} {
      chain entrance {
        type filter hook input priority 0;
        meta l4proto udp numgen random mod 100 < ${percent} drop
      }
    }
  `;
}

function unusedNetwork(): string {
  const used = ip("-o", "-4", "addr", "show");
  for (let third = 1; third < 255; third += 1) {
    const network = `${NETWORKS}.${third}`;
    if (!used.includes(` ${network}.`)) return network;
  }
  throw new Error(`all networks of ${NETWORKS} are in use`);
}

/** What runs that were killed have left behind; a run that goes on at the same time keeps its own. */
function removeLeftovers(): void {
  remove((name) => {
    const run = /^wc([0-9a-z]+)-/.exec(name)?.[1];
    return run !== undefined && !isRunning(Number.parseInt(run, 36));
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function remove(mine: (name: string) => boolean): void {
  for (const line of ip("netns", "list").split("\n")) {
    const name = line.split(" ")[0] ?? "";
    if (mine(name)) ip("netns", "del", name);
  }
  for (const line of ip("-o", "link", "show").split("\n")) {
    const name = /^\d+: ([^:@]+)/.exec(line)?.[1] ?? "";
    if (mine(name)) removeLink(name);
  }
}

/** A veth goes with its namespace, which the kernel takes down a moment later. */
function removeLink(name: string): void {
  try {
    ip("link", "del", name);
  } catch (error) {
    if (ip("-o", "link", "show").includes(` ${name}`)) throw error;
  }
}

function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
