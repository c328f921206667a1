import type {
  ClientConfig,
  CreatedRoom,
  CreateRoomRequest,
  ErrorCode,
  RoomInfo,
  ValidRoom,
} from "../protocol/generated";

/** Why a request has no answer to work with. */
export type ApiFailure =
  /** The server said no, and why. */
  | { kind: "refused"; status: number; code: ErrorCode | null }
  /** No answer: no network, no server, or too slow. */
  | { kind: "unreachable" };

export type ApiResult<T> = { ok: true; value: T } | { ok: false; failure: ApiFailure };

/** The REST side of the server. Nothing here throws. */
export interface Api {
  createRoom(request: CreateRoomRequest): Promise<ApiResult<CreatedRoom>>;
  /** Whether one could join now. */
  validateRoom(roomId: string): Promise<ApiResult<ValidRoom>>;
  room(roomId: string): Promise<ApiResult<RoomInfo>>;
  config(): Promise<ApiResult<ClientConfig>>;
}

/** A server on the other side of the world answers in one second; mobile networks double it. */
const TIMEOUT_MS = 8_000;

export function createApi(baseUrl = "", fetchImpl: typeof fetch = (...args) => fetch(...args)): Api {
  async function request<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<ApiResult<T>> {
    let response: Response;
    let answer: unknown;
    try {
      response = await fetchImpl(baseUrl + path, {
        method,
        headers: body === undefined ? {} : { "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await response.json();
    } catch {
      // No network, too slow, or a proxy's HTML in place of JSON: the server cannot be asked.
      return { ok: false, failure: { kind: "unreachable" } };
    }
    if (!response.ok) {
      return { ok: false, failure: failureOf(response.status, answer) };
    }
    return { ok: true, value: answer as T };
  }

  const roomPath = (roomId: string): string => `/api/rooms/${encodeURIComponent(roomId)}`;
  return {
    createRoom: (room) => request("POST", "/api/rooms", room),
    validateRoom: (roomId) => request("POST", `${roomPath(roomId)}/validate`),
    room: (roomId) => request("GET", roomPath(roomId)),
    config: () => request("GET", "/api/config"),
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
