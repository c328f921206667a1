/** Where signaling may be, the best first, and which of the addresses is next. */
export interface SignalingAddresses {
  current(): string;
  /** Moves on to the next one. True when all have been tried since `beginRound`. */
  next(): boolean;
  /** Counts from the current one on. */
  beginRound(): void;
  /** What the server has told; anything but addresses that this page may use is left out. */
  configure(urls: unknown): void;
  /** The current address is another than before because the server has told of others. */
  onMoved(listener: () => void): void;
}

/** More nodes than one client ever has to try. */
const MOST_ADDRESSES = 16;
/** What browsers and proxies take. */
const LONGEST_ADDRESS = 2_048;

export function createSignalingAddresses(
  ownOrigin: string,
  page: Pick<Location, "protocol">,
): SignalingAddresses {
  let addresses: readonly string[] = [ownOrigin];
  let index = 0;
  let tried = 0;
  const listeners = new Set<() => void>();

  const current = (): string => addresses[index] ?? ownOrigin;
  return {
    current,
    next: () => {
      index = (index + 1) % addresses.length;
      tried = (tried + 1) % addresses.length;
      return tried === 0;
    },
    beginRound: () => {
      tried = 0;
    },
    configure: (urls) => {
      const usable = usableAddresses(urls, page);
      const before = current();
      addresses = usable.length === 0 ? [ownOrigin] : usable;
      index = Math.max(0, addresses.indexOf(before));
      tried = 0;
      if (current() !== before) {
        listeners.forEach((listener) => listener());
      }
    },
    onMoved: (listener) => listeners.add(listener),
  };
}

/** Those that a WebSocket can be opened to from this page, each once. */
export function usableAddresses(urls: unknown, page: Pick<Location, "protocol">): readonly string[] {
  if (!Array.isArray(urls)) {
    // Older servers tell of none.
    return [];
  }
  const usable = urls.filter((url): url is string => isUsable(url, page));
  return [...new Set(usable)].slice(0, MOST_ADDRESSES);
}

function isUsable(text: unknown, page: Pick<Location, "protocol">): boolean {
  const url = typeof text === "string" && text.length <= LONGEST_ADDRESS ? parsed(text) : null;
  if (url === null) {
    return false;
  }
  // A page that came encrypted may not talk in the clear, and browsers throw when it tries; so do
  // some of them for a fragment.
  const encrypted = url.protocol === "wss:";
  return (
    (encrypted || (url.protocol === "ws:" && page.protocol !== "https:")) &&
    url.hash === "" &&
    url.username === "" &&
    url.password === ""
  );
}

/** `URL.parse` and `URL.canParse` are younger than some browsers that can make calls. */
function parsed(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
