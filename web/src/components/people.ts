/** From the call's state to the list of people. */
import type { CallState } from "../call/model";
import type { PeerId } from "../protocol/generated";
import { preflightOf, type Finding } from "./preflight";
import type { OwnMedia } from "./tiles";

export interface PersonView {
  readonly peerId: PeerId;
  readonly name: string;
  readonly self: boolean;
  readonly host: boolean;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** 1 for whose hand has been up longest. */
  readonly handPlace: number | null;
  /** A stream from a program, which neither sees nor hears the others. */
  readonly publisher: boolean;
  /** What would be worse for them in a larger call; for hosts, and about oneself. */
  readonly finding: Finding["way"] | null;
}

/** Oneself first, then raised hands in their order, then as they joined. */
export function peopleOf(call: CallState, own: OwnMedia): readonly PersonView[] {
  const everyone = [...(call.self === null ? [] : [call.self]), ...call.participants];
  const hands = everyone
    .flatMap(({ peerId, handRaisedAt }) => (handRaisedAt === null ? [] : [{ peerId, handRaisedAt }]))
    .sort((one, other) => one.handRaisedAt - other.handRaisedAt)
    .map(({ peerId }) => peerId);
  const placeOf = (peerId: PeerId) => (hands.includes(peerId) ? hands.indexOf(peerId) + 1 : null);

  const preflight = preflightOf(call);
  const findings = new Map(
    preflight.kind === "none" ? [] : preflight.findings.map(({ peerId, way }) => [peerId, way]),
  );

  const others = call.participants.map(
    (participant): PersonView => ({
      peerId: participant.peerId,
      name: participant.name,
      self: false,
      host: participant.role === "host",
      microphone: participant.media.microphone,
      camera: participant.media.camera,
      handPlace: placeOf(participant.peerId),
      publisher: participant.publisher,
      finding: findings.get(participant.peerId) ?? null,
    }),
  );
  others.sort((one, other) => (one.handPlace ?? Infinity) - (other.handPlace ?? Infinity) || 0);
  if (call.self === null) return others;
  const self: PersonView = {
    peerId: call.self.peerId,
    name: call.self.name,
    self: true,
    host: call.self.role === "host",
    microphone: own.microphone.kind === "live",
    camera: own.camera.kind === "live",
    handPlace: placeOf(call.self.peerId),
    publisher: false,
    finding: findings.get(call.self.peerId) ?? null,
  };
  return [self, ...others];
}
