/** One WebSocket as an event source. After `close` nothing is told any more. */
export interface Socket {
  send(text: string): void;
  /** Bytes handed over that the browser has not sent yet. */
  bufferedAmount(): number;
  close(): void;
}

export interface SocketEvents {
  onText(text: string): void;
  /** Closed by the other side or by a failure; also when it never opened. */
  onClose(code: number): void;
}

export type OpenSocket = (url: string, events: SocketEvents) => Socket;

/** RFC 6455: the endpoint went without a close frame. */
export const ABNORMAL_CLOSURE = 1006;
const NORMAL_CLOSURE = 1000;

export function socketOpener(Implementation: typeof WebSocket = WebSocket): OpenSocket {
  return (url, events) => {
    const socket = new Implementation(url);
    let listening = true;
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (listening && typeof event.data === "string") {
        events.onText(event.data);
      }
    });
    // A failure is always followed by `close`, which is all that matters.
    socket.addEventListener("close", (event) => {
      if (listening) {
        listening = false;
        events.onClose(event.code);
      }
    });
    return {
      send: (text) => socket.send(text),
      bufferedAmount: () => socket.bufferedAmount,
      close: () => {
        listening = false;
        socket.close(NORMAL_CLOSURE);
      },
    };
  };
}

/** Where signaling is when the server does not say: beside the page. */
export function signalingUrl(location: Pick<Location, "protocol" | "host">): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}
