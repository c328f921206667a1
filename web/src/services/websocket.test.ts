import { expect, it } from "vitest";

import { signalingUrl, socketOpener } from "./websocket";

class FakeWebSocket extends EventTarget {
  static last: FakeWebSocket;
  bufferedAmount = 7;
  sent: string[] = [];
  closedWith: number | null = null;
  constructor(readonly url: string) {
    super();
    FakeWebSocket.last = this;
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(code: number): void {
    this.closedWith = code;
  }
}

function open() {
  const told: (string | number)[] = [];
  const opener = socketOpener(FakeWebSocket as unknown as typeof WebSocket);
  const socket = opener("ws://host/ws", { onText: (text) => told.push(text), onClose: (code) => told.push(code) });
  return { told, socket, inner: FakeWebSocket.last };
}

it("passes texts and the end on", () => {
  const { told, socket, inner } = open();
  inner.dispatchEvent(new MessageEvent("message", { data: "hello" }));
  inner.dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(1) }));
  inner.dispatchEvent(Object.assign(new Event("close"), { code: 1012 }));
  expect(told).toEqual(["hello", 1012]);
  socket.send("x");
  expect(inner.sent).toEqual(["x"]);
  expect(socket.bufferedAmount()).toBe(7);
});

it("is silent once it was closed", () => {
  const { told, socket, inner } = open();
  socket.close();
  inner.dispatchEvent(new MessageEvent("message", { data: "late" }));
  inner.dispatchEvent(Object.assign(new Event("close"), { code: 4001 }));
  expect(told).toEqual([]);
  expect(inner.closedWith).toBe(1000);
});

it("stands where the page came from", () => {
  expect(signalingUrl({ protocol: "https:", host: "calls.example:8443" })).toBe("wss://calls.example:8443/ws");
  expect(signalingUrl({ protocol: "http:", host: "localhost:8000" })).toBe("ws://localhost:8000/ws");
});
