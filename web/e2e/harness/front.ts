import { createServer, request } from "node:http";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/**
 * A load balancer in front of the server, behind which nodes of another version may stand as well:
 * those do not have the assets of this one.
 */
export class Front {
  /** Assets that whichever node is asked does not have. */
  missing: (path: string) => boolean = () => false;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[] = [];
  readonly #server: HttpServer;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();

  static async start(target: string): Promise<Front> {
    const front = new Front(target);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    return front;
  }

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((asked, answer) => this.#pass(asked, answer));
    this.#server.on("upgrade", (asked, socket: Socket) => this.#upgrade(asked, socket));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  link(roomId: string): string {
    return `${this.origin}/r/${roomId}`;
  }

  assetRequests(): string[] {
    return this.requests.filter((path) => path.startsWith("/assets/"));
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const path = asked.url ?? "/";
    this.requests.push(path);
    if (path.startsWith("/assets/") && this.missing(path)) {
      // As a node answers.
      answer.writeHead(404, { "cache-control": "no-store", "access-control-allow-origin": "*" });
      answer.end();
      return;
    }
    const { hostname, port } = this.#target;
    const onward = request(
      { hostname, port, path, method: asked.method, headers: asked.headers },
      (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.rawHeaders);
        answered.pipe(answer);
      },
    );
    onward.once("error", () => answer.destroy());
    asked.pipe(onward);
  }

  #upgrade(asked: IncomingMessage, socket: Socket): void {
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
    for (let at = 0; at < asked.rawHeaders.length; at += 2) {
      lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
    }
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.pipe(socket).pipe(onward);
    onward.once("error", () => socket.destroy());
    socket.once("error", () => onward.destroy());
  }

  async dispose(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
