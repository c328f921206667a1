/**
 * The sound of the call, apart from the pictures: tiles come, go and move without a gap in it.
 */
import { useEffect, useRef } from "react";
import type { Participant } from "../call/model";

interface CallAudioProps {
  readonly participants: readonly Participant[];
  /** What comes from the media server: whose sound each is changes, and is no matter here. */
  readonly serverAudio: readonly MediaStream[];
  readonly speaker: string | null;
  /** The browser wants a click before it plays anything. */
  readonly onBlocked: () => void;
}

export function CallAudio({ participants, serverAudio, speaker, onBlocked }: CallAudioProps) {
  const fromServer = serverAudio.map((stream) => (
    <Sound key={stream.id} stream={stream} muted={false} speaker={speaker} onBlocked={onBlocked} />
  ));
  const fromPeers = participants.flatMap(({ peerId, audio, screenAudio, media }) => [
    audio !== null && (
      <Sound
        key={`${peerId}/microphone`}
        stream={audio}
        // A host may have lowered a microphone whose owner's app goes on sending.
        muted={!media.microphone}
        speaker={speaker}
        onBlocked={onBlocked}
      />
    ),
    screenAudio !== null && (
      <Sound
        key={`${peerId}/screen`}
        stream={screenAudio}
        muted={!media.screen}
        speaker={speaker}
        onBlocked={onBlocked}
      />
    ),
  ]);
  return [...fromServer, ...fromPeers];
}

/** After a click: plays all that was held back. */
export function playAll(container: HTMLElement, onBlocked: () => void): void {
  for (const element of container.querySelectorAll("audio")) void play(element, onBlocked);
}

async function play(element: HTMLAudioElement, onBlocked: () => void): Promise<void> {
  try {
    await element.play();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    // An AbortError only says that another stream came in between.
    if (error.name === "NotAllowedError") onBlocked();
  }
}

interface SoundProps extends Pick<CallAudioProps, "speaker" | "onBlocked"> {
  readonly stream: MediaStream;
  readonly muted: boolean;
}

function Sound({ stream, muted, speaker, onBlocked }: SoundProps) {
  const audio = useRef<HTMLAudioElement>(null);

  useEffect(() => {
    const element = audio.current;
    if (element === null) return;
    if (element.srcObject !== stream) element.srcObject = stream;
    void play(element, onBlocked);
  }, [stream, onBlocked]);

  useEffect(() => {
    const element = audio.current;
    if (element === null || !("setSinkId" in element)) return;
    element.setSinkId(speaker ?? "").catch((error: unknown) => {
      // Unplugged since it was chosen: the sound stays where it is.
      if (!(error instanceof DOMException)) throw error;
    });
  }, [speaker]);

  return <audio ref={audio} muted={muted} />;
}
