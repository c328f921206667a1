/**
 * As much of an RTCPeerConnection as negotiation needs: signaling states, implicit rollback,
 * sections that both sides know by `mid`, and the event that asks for an offer. Its "SDP" is
 * the list of sections as JSON.
 */
interface Section {
  mid: string;
  kind: string;
  direction: RTCRtpTransceiverDirection;
  /** Of which connection, so that no two descriptions are the same. */
  of?: number;
}

let connectionsMade = 0;

export class FakeTrack extends EventTarget {
  enabled = true;
  readyState: MediaStreamTrackState = "live";
  contentHint = "";
  constructor(
    readonly kind: string,
    readonly id = kind,
    readonly settings: MediaTrackSettings = {},
  ) {
    super();
  }
  getSettings(): MediaTrackSettings {
    return this.settings;
  }
  async applyConstraints(): Promise<void> {}
  stop(): void {
    this.readyState = "ended";
  }
  clone(): FakeTrack {
    return new FakeTrack(this.kind, `${this.id}-copy`, this.settings);
  }
}

export class FakeStream {
  constructor(readonly tracks: FakeTrack[] = []) {}
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === "audio");
  }
  getVideoTracks(): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === "video");
  }
}

class FakeSender {
  parameters: RTCRtpSendParameters;
  constructor(
    public track: FakeTrack | null,
    encodings: RTCRtpEncodingParameters[],
  ) {
    this.parameters = { encodings, transactionId: "", codecs: [], headerExtensions: [], rtcp: {} };
  }
  getParameters(): RTCRtpSendParameters {
    return structuredClone(this.parameters);
  }
  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.parameters = structuredClone(parameters);
  }
  async replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track;
  }
  setStreams(): void {}
}

export class FakeTransceiver {
  mid: string | null = null;
  currentDirection: RTCRtpTransceiverDirection | null = null;
  /** The wish that the last negotiation has settled. */
  settled: RTCRtpTransceiverDirection | null = null;
  codecs: { mimeType: string }[] = [];
  readonly sender: FakeSender;
  /** What has come in it: a packet, or a frame. */
  received = 0;
  readonly receiver: {
    track: FakeTrack;
    getSynchronizationSources(): { audioLevel: number; timestamp: number }[];
  };
  constructor(
    readonly kind: string,
    private wanted: RTCRtpTransceiverDirection,
    track: FakeTrack | null,
    encodings: RTCRtpEncodingParameters[],
    private readonly changed: () => void,
  ) {
    this.sender = new FakeSender(track, encodings);
    this.receiver = {
      track: new FakeTrack(kind),
      getSynchronizationSources: () => (this.received === 0 ? [] : [{ audioLevel: 0, timestamp: this.received }]),
    };
  }
  get direction(): RTCRtpTransceiverDirection {
    return this.wanted;
  }
  set direction(next: RTCRtpTransceiverDirection) {
    this.wanted = next;
    this.changed();
  }
  setCodecPreferences(codecs: { mimeType: string }[]): void {
    this.codecs = codecs;
  }
}

export class FakeConnection extends EventTarget {
  signalingState: RTCSignalingState = "stable";
  iceConnectionState: RTCIceConnectionState = "new";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: RTCSessionDescriptionInit | null = null;
  currentLocalDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  candidates: RTCIceCandidateInit[] = [];
  restarts = 0;
  private readonly id = (connectionsMade += 1);
  private transceivers: FakeTransceiver[] = [];
  private restarting = false;
  /** The event was fired, and no offer has followed yet. */
  private asked = false;
  /** Mids that the pending offer of ours gave out; a rollback takes them back. */
  private offered: FakeTransceiver[] = [];

  addTransceiver(what: string | FakeTrack, init: RTCRtpTransceiverInit = {}): FakeTransceiver {
    const kind = typeof what === "string" ? what : what.kind;
    const transceiver = new FakeTransceiver(
      kind,
      init.direction ?? "sendrecv",
      typeof what === "string" ? null : what,
      structuredClone(init.sendEncodings ?? [{}]),
      () => this.need(),
    );
    this.transceivers.push(transceiver);
    this.need();
    return transceiver;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  restartIce(): void {
    this.restarts += 1;
    this.restarting = true;
    this.need();
  }

  async setLocalDescription(): Promise<void> {
    if (this.signalingState === "stable") {
      this.restarting = false;
      this.asked = false;
      this.offered = this.transceivers.filter((transceiver) => transceiver.mid === null);
      for (const transceiver of this.offered) {
        transceiver.mid = String(this.transceivers.filter(({ mid }) => mid !== null).length);
      }
      this.setLocal("offer");
      this.signalingState = "have-local-offer";
    } else if (this.signalingState === "have-remote-offer") {
      this.setLocal("answer");
      this.settle(sectionsOf(this.remoteDescription));
    } else {
      throw new DOMException("wrong state", "InvalidStateError");
    }
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (description.type === "offer") {
      if (this.signalingState === "have-local-offer") {
        this.rollBack();
      }
      this.remoteDescription = description;
      for (const section of sectionsOf(description)) {
        if (!this.transceivers.some(({ mid }) => mid === section.mid)) {
          const transceiver = new FakeTransceiver(section.kind, "recvonly", null, [{}], () => this.need());
          transceiver.mid = section.mid;
          this.transceivers.push(transceiver);
        }
      }
      this.signalingState = "have-remote-offer";
      return;
    }
    if (this.signalingState !== "have-local-offer") {
      throw new DOMException("wrong state", "InvalidStateError");
    }
    this.remoteDescription = description;
    this.settle(sectionsOf(description));
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (this.remoteDescription === null) {
      throw new DOMException("no remote description", "InvalidStateError");
    }
    this.candidates.push(candidate);
  }

  close(): void {
    this.signalingState = "closed";
  }

  setState(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  /** Reached over UDP. */
  async getStats(): Promise<Map<string, object>> {
    const entries = [
      { id: "transport", type: "transport", selectedCandidatePairId: "pair" },
      { id: "pair", type: "candidate-pair", localCandidateId: "local" },
      { id: "local", type: "local-candidate", candidateType: "host", protocol: "udp" },
    ];
    return new Map(entries.map((entry) => [entry.id, entry]));
  }

  setIce(state: RTCIceConnectionState): void {
    this.iceConnectionState = state;
    this.dispatchEvent(new Event("iceconnectionstatechange"));
  }

  private setLocal(type: "offer" | "answer"): void {
    const sections = this.transceivers.flatMap(({ mid, kind, direction }) =>
      mid === null ? [] : [{ mid, kind, direction, of: this.id }],
    );
    this.localDescription = { type, sdp: JSON.stringify(sections) };
  }

  private rollBack(): void {
    for (const transceiver of this.offered) {
      transceiver.mid = null;
    }
    this.offered = [];
    this.signalingState = "stable";
  }

  private settle(remote: Section[]): void {
    for (const transceiver of this.transceivers) {
      const theirs = remote.find(({ mid }) => mid === transceiver.mid)?.direction;
      if (theirs !== undefined) {
        transceiver.currentDirection = both(transceiver.direction, theirs);
        transceiver.settled = transceiver.direction;
      }
    }
    this.offered = [];
    this.asked = false;
    this.currentLocalDescription = this.localDescription;
    this.signalingState = "stable";
    this.need();
  }

  private need(): void {
    queueMicrotask(() => {
      if (this.signalingState === "stable" && !this.asked && this.needsOffer()) {
        this.asked = true;
        this.dispatchEvent(new Event("negotiationneeded"));
      }
    });
  }

  private needsOffer(): boolean {
    return this.restarting || this.transceivers.some(({ direction, settled }) => direction !== settled);
  }
}

function sectionsOf(description: RTCSessionDescriptionInit | null): Section[] {
  return JSON.parse(description?.sdp ?? "[]") as Section[];
}

function both(own: RTCRtpTransceiverDirection, theirs: RTCRtpTransceiverDirection): RTCRtpTransceiverDirection {
  const sends = own.startsWith("send") && (theirs === "recvonly" || theirs === "sendrecv");
  const receives = (own === "recvonly" || own === "sendrecv") && theirs.startsWith("send");
  if (sends && receives) {
    return "sendrecv";
  }
  return sends ? "sendonly" : receives ? "recvonly" : "inactive";
}
