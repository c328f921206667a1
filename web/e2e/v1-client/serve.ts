import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";

/** One of the two origins that the server's default configuration lets in. */
const PORT = 5173;

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
  await listen(server);
  return {
    origin: `http://localhost:${PORT}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(PORT, "localhost", resolve);
  });
}
