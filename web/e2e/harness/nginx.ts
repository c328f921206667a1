import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "./ports";
import { endWithRun } from "./processes";
import { eventually } from "./waiting";

const PROGRAM = process.env["NGINX"] ?? "/usr/sbin/nginx";

/** A real nginx with a file of `deploy/`, in which only places are replaced by those of the test. */
export class Nginx {
  readonly origin: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #log = "";

  /**
   * `places` are texts of the file and what stands in for them. The port it listens on is replaced
   * anyway; one that is known before can be given.
   */
  static async start(
    file: string,
    places: Readonly<Record<string, string>>,
    port?: number,
  ): Promise<Nginx> {
    const nginx = new Nginx(file, places, port ?? (await freePort()));
    try {
      await eventually("nginx answers, or has ended", async () => {
        if (nginx.#process.exitCode !== null) throw new Error(nginx.#log);
        return (await fetch(nginx.origin)).status === 404;
      });
    } catch (error) {
      await nginx.dispose();
      throw error;
    }
    return nginx;
  }

  private constructor(file: string, places: Readonly<Record<string, string>>, port: number) {
    this.origin = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "wecall-e2e-nginx-"));
    const path = fileURLToPath(new URL(`../../../deploy/${file}`, import.meta.url));
    const all = {
      "listen 8080;": `listen 127.0.0.1:${port};`,
      "/var/cache/nginx/wecall": join(this.#folder, "cache"),
      ...places,
    };
    let site = readFileSync(path, "utf8");
    for (const [text, place] of Object.entries(all)) {
      if (text in places && !site.includes(text)) throw new Error(`${file} has no ${text}`);
      site = site.replaceAll(text, place);
    }
    writeFileSync(join(this.#folder, "site.conf"), site);
    writeFileSync(join(this.#folder, "nginx.conf"), this.#around());
    this.#process = spawn(
      PROGRAM,
      ["-p", this.#folder, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    endWithRun(this.#process);
    this.#process.stderr?.on("data", (text: Buffer) => {
      this.#log += text.toString();
    });
  }

  /** What Debian's own nginx.conf has around a site, but for places. */
  #around(): string {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    return [
      // Else its workers could not read the folder.
      process.getuid?.() === 0 ? "user root;" : "",
      "pid nginx.pid;",
      "worker_processes 1;",
      "events { worker_connections 256; }",
      "http {",
      "include /etc/nginx/mime.types;",
      "default_type application/octet-stream;",
      "access_log off;",
      ...temporary.map((name) => `${name}_temp_path ${name};`),
      "include site.conf;",
      "}",
    ].join("\n");
  }

  async dispose(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise<void>((resolve) => this.#process.once("exit", () => resolve()));
      this.#process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
