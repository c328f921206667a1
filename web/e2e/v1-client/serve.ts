import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";

/** The ports on localhost that the server's default configuration lets in. */
const PORTS = [5173, 3000];

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/client.js": ["client.js", "text/javascript; charset=utf-8"],
};

/** Serves the page of the version 1 client; the address is its origin. */
export async function serveV1Client(): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const found = FILES[path];
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [file, type] = found;
    readFile(new URL(file, import.meta.url)).then(
      (body) => response.writeHead(200, { "content-type": type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    origin: `http://localhost:${await listen(server, PORTS)}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** On the first of `ports` that is free. */
function listen(server: Server, ports: readonly number[]): Promise<number> {
  const [port, ...others] = ports;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" && others.length > 0) resolve(listen(server, others));
      else reject(error);
    });
    server.listen(port, "localhost", () => resolve(port ?? 0));
  });
}
