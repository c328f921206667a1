import type {
  ClientConfig,
  CreatedRoom,
  CreatedToken,
  CreateRoomRequest,
  CreateTokenRequest,
  ErrorCode,
  RoomInfo,
  ValidRoom,
} from "../protocol/generated";
import { systemClock, type Clock } from "./clock";
import { requestRetryDelay } from "./requestRetry";

/** Why a request has no answer to work with. */
export type ApiFailure =
  /** The server said no, and why. */
  | { kind: "refused"; status: number; code: ErrorCode | null }
  /** No answer: no network, no server, or too slow. */
  | { kind: "unreachable" };

export type ApiResult<T> = { ok: true; value: T } | { ok: false; failure: ApiFailure };

/** The server cannot do it just now; it is asked again by itself. */
export type OnBusy = () => void;

/**
 * The REST side of the server. Nothing here throws. What the server puts off (503 with
 * `Retry-After`: nothing was done) is asked again for some seconds before that is the answer.
 */
export interface Api {
  createRoom(request: CreateRoomRequest, onBusy?: OnBusy): Promise<ApiResult<CreatedRoom>>;
  /** Whether one could join now. */
  validateRoom(roomId: string, onBusy?: OnBusy): Promise<ApiResult<ValidRoom>>;
  room(roomId: string): Promise<ApiResult<RoomInfo>>;
  config(): Promise<ApiResult<ClientConfig>>;
  /** For programs that stream into a room, or out of it. */
  createToken(
    roomId: string,
    hostToken: string,
    request: CreateTokenRequest,
  ): Promise<ApiResult<CreatedToken>>;
}

/** A server on the other side of the world answers in one second; mobile networks double it. */
const TIMEOUT_MS = 8_000;

export interface ApiEnvironment {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: () => number;
}

const BROWSER: ApiEnvironment = {
  fetch: (...args) => fetch(...args),
  clock: systemClock,
  random: Math.random,
};

interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly bearer?: string;
  readonly onBusy?: OnBusy | undefined;
}

interface Attempt<T> {
  readonly result: ApiResult<T>;
  /** Of a 503. */
  readonly retryAfter: string | null;
}

export function createApi(baseUrl = "", environment: ApiEnvironment = BROWSER): Api {
  const { clock, random } = environment;

  async function attempt<T>({ method, path, body, bearer }: Request): Promise<Attempt<T>> {
    let response: Response;
    let answer: unknown;
    try {
      response = await environment.fetch(baseUrl + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await response.json();
    } catch {
      // No network, too slow, or a proxy's HTML in place of JSON: the server cannot be asked.
      return { result: { ok: false, failure: { kind: "unreachable" } }, retryAfter: null };
    }
    if (response.ok) {
      return { result: { ok: true, value: answer as T }, retryAfter: null };
    }
    return {
      result: { ok: false, failure: failureOf(response.status, answer) },
      retryAfter: response.status === 503 ? response.headers.get("retry-after") : null,
    };
  }

  async function request<T>(asked: Request): Promise<ApiResult<T>> {
    const start = clock.now();
    for (let attempts = 1; ; attempts += 1) {
      const { result, retryAfter } = await attempt<T>(asked);
      const delay = requestRetryDelay({
        retryAfter,
        attempts,
        elapsed: clock.now() - start,
        wallTime: clock.wallTime(),
        random: random(),
      });
      if (delay === null) {
        return result;
      }
      asked.onBusy?.();
      await new Promise<void>((resolve) => clock.after(delay, resolve));
    }
  }

  const roomPath = (roomId: string): string => `/api/rooms/${encodeURIComponent(roomId)}`;
  return {
    createRoom: (room, onBusy) => request({ method: "POST", path: "/api/rooms", body: room, onBusy }),
    validateRoom: (roomId, onBusy) =>
      request({ method: "POST", path: `${roomPath(roomId)}/validate`, onBusy }),
    room: (roomId) => request({ method: "GET", path: roomPath(roomId) }),
    config: () => request({ method: "GET", path: "/api/config" }),
    createToken: (roomId, hostToken, body) =>
      request({ method: "POST", path: `${roomPath(roomId)}/tokens`, body, bearer: hostToken }),
  };
}

/** Both a problem detail and the v1 shape of a refused `validate` carry `code`. */
function failureOf(status: number, answer: unknown): ApiFailure {
  const code =
    typeof answer === "object" && answer !== null && "code" in answer && typeof answer.code === "string"
      ? (answer.code as ErrorCode)
      : null;
  // A proxy in front of a server that is down answers 502 to 504.
  if (code === null && status >= 502 && status <= 504) {
    return { kind: "unreachable" };
  }
  return { kind: "refused", status, code };
}
