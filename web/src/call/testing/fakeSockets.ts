import type { OpenSocket, SocketEvents } from "../../services/websocket";

/** One socket that the code under test has opened. */
export interface FakeSocket {
  readonly url: string;
  readonly sent: Record<string, unknown>[];
  readonly closed: boolean;
  buffered: number;
  receive(message: object): void;
  receiveText(text: string): void;
  end(code: number): void;
}

export interface FakeSockets {
  readonly open: OpenSocket;
  readonly all: readonly FakeSocket[];
  last(): FakeSocket;
}

export function fakeSockets(): FakeSockets {
  const all: FakeSocket[] = [];
  function create(url: string, events: SocketEvents): ReturnType<OpenSocket> & FakeSocket {
    let closed = false;
    const socket = {
      url,
      sent: [] as Record<string, unknown>[],
      buffered: 0,
      get closed() {
        return closed;
      },
      receiveText: (text: string) => {
        if (!closed) {
          events.onText(text);
        }
      },
      receive: (message: object) => socket.receiveText(JSON.stringify(message)),
      end: (code: number) => {
        if (!closed) {
          closed = true;
          events.onClose(code);
        }
      },
      send: (text: string) => {
        socket.sent.push(JSON.parse(text) as Record<string, unknown>);
      },
      bufferedAmount: () => socket.buffered,
      close: () => {
        closed = true;
      },
    };
    return socket;
  }
  return {
    all,
    open: (url, events) => {
      const socket = create(url, events);
      all.push(socket);
      return socket;
    },
    last: () => {
      const socket = all.at(-1);
      if (socket === undefined) {
        throw new Error("no socket was opened");
      }
      return socket;
    },
  };
}
