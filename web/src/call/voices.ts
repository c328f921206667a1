import type { PeerId, Speaker } from "../protocol/generated";
import { createLoudest } from "./loudest";
import { createSpeaking } from "./speaking";

/** Who speaks: of those who come from browser to browser by their level, of the others by the media server's word. */
export interface Voices {
  /** Levels from 0 to 1, of those whose sound is measured here. True when something has changed. */
  sample(levels: ReadonlyMap<PeerId, number>, self: PeerId | null, now: number): boolean;
  /** As the media server tells, the loudest first; none when it is not the way. */
  hear(speakers: readonly Speaker[]): void;
  keep(isThere: (peerId: PeerId) => boolean): void;
  speaking(): ReadonlySet<PeerId>;
  loudest(): PeerId | null;
}

export function createVoices(): Voices {
  const levelSpeaking = createSpeaking<PeerId>();
  const loudestOf = createLoudest<PeerId>();
  let told: readonly PeerId[] = [];
  let speaking: ReadonlySet<PeerId> = new Set();
  let loudest: PeerId | null = null;

  return {
    sample: (levels, self, now) => {
      const measured = levelSpeaking.sample(levels, now);
      const byLevel = [...measured].sort((a, b) => (levels.get(b) ?? 0) - (levels.get(a) ?? 0));
      // Of oneself the own microphone knows first.
      const all = new Set([...told.filter((peerId) => peerId !== self), ...byLevel]);
      const nextLoudest = loudestOf.sample(
        [...all].filter((peerId) => peerId !== self),
        now,
      );
      const same =
        nextLoudest === loudest && all.size === speaking.size && [...all].every((peerId) => speaking.has(peerId));
      if (same) {
        return false;
      }
      speaking = all;
      loudest = nextLoudest;
      return true;
    },
    hear: (speakers) => {
      told = speakers.map(({ peer_id }) => peer_id);
    },
    keep: (isThere) => {
      told = told.filter(isThere);
      loudestOf.forget(isThere);
    },
    speaking: () => speaking,
    loudest: () => loudest,
  };
}
