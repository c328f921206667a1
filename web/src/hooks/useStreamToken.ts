import { useState } from "react";
import { api } from "../call";
import type { PlainKey } from "../locales/translate";
import type { CreatedToken, RoomId, TokenKind } from "../protocol/generated";
import { failureText } from "./failureText";

export type StreamToken =
  | { readonly kind: "none" }
  | { readonly kind: "asking"; readonly wanted: TokenKind }
  | { readonly kind: "made"; readonly wanted: TokenKind; readonly token: CreatedToken }
  | { readonly kind: "failed"; readonly text: PlainKey };

export interface StreamTokenControl {
  readonly state: StreamToken;
  readonly make: (wanted: TokenKind) => Promise<void>;
}

/** Makes what a streaming program needs to get into this room, or to show it elsewhere. */
export function useStreamToken(roomId: RoomId, hostToken: string): StreamTokenControl {
  const [state, setState] = useState<StreamToken>({ kind: "none" });

  async function make(wanted: TokenKind): Promise<void> {
    setState({ kind: "asking", wanted });
    const answer = await api.createToken(roomId, hostToken, { kind: wanted });
    setState(
      answer.ok
        ? { kind: "made", wanted, token: answer.value }
        : { kind: "failed", text: failureText(answer.failure) },
    );
  }

  return { state, make };
}
