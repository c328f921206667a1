import type { RoomId } from "../protocol/generated";

/**
 * The resume token of each room this tab is in. It outlives a reload, not the tab; where the
 * browser forbids storage, a reload is a new participant.
 */
export interface SessionStore {
  get(roomId: RoomId): string | null;
  set(roomId: RoomId, token: string): void;
  remove(roomId: RoomId): void;
}

export function createSessionStore(storage: () => Storage): SessionStore {
  const key = (roomId: RoomId): string => `wecall.session.${roomId}`;
  function attempt<T>(access: (storage: Storage) => T, otherwise: T): T {
    try {
      return access(storage());
    } catch {
      // Storage is switched off or full; the call works without.
      return otherwise;
    }
  }
  return {
    get: (roomId) => attempt((kept) => kept.getItem(key(roomId)), null),
    set: (roomId, token) => attempt((kept) => kept.setItem(key(roomId), token), undefined),
    remove: (roomId) => attempt((kept) => kept.removeItem(key(roomId)), undefined),
  };
}
