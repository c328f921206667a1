import { createServer, connect as connectTcp } from "node:net";
import type { Server as TcpServer, Socket } from "node:net";
import { connect } from "node:tls";

import type { Server } from "./server";

/**
 * A way to a server with a certificate of its own for programs that speak no TLS, at this machine
 * alone.
 */
export class PlainDoor {
  readonly origin: string;
  readonly #listener: TcpServer;
  readonly #sockets = new Set<Socket>();

  /** At the same address, so that who comes in by it is where the server is. */
  static async open(server: Server): Promise<PlainDoor> {
    const { hostname, port, protocol } = new URL(server.origin);
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, hostname, resolve));
    const bound = listener.address();
    if (bound === null || typeof bound === "string") throw new Error("no port");
    const door = new PlainDoor(`http://${hostname}:${bound.port}`, listener);
    listener.on("connection", (inside) => {
      const to = { host: hostname, port: Number(port) };
      const outside = protocol === "https:" ? connect({ ...to, rejectUnauthorized: false }) : connectTcp(to);
      door.#join(inside, outside);
      door.#join(outside, inside);
    });
    return door;
  }

  private constructor(origin: string, listener: TcpServer) {
    this.origin = origin;
    this.#listener = listener;
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
