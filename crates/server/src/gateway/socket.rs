use std::{borrow::Cow, collections::VecDeque, sync::Arc, task::Context};

use tokio::time::Instant;
use wecall_live::{JoinRequest, Joined, Poll};
use wecall_protocol::{
    Chat, ChatText, ClientMessage, DecodeError, ErrorCode, Greeting, Join, PROTOCOL_VERSION,
    PeerId, Refused as RefusedMessage, RelayedAnswer, RelayedCandidate, RelayedOffer, Resume,
    Resumed, RoomId, ServerMessage, UserName, check_candidate, check_description, limits,
};
use wecall_room::{Action, Capabilities};

use super::{Gateway, acknowledgement::Acknowledgement, flood::Flood};
use crate::{
    limits::{ClientAddr, SocketPermit},
    telemetry::ResumeOutcome,
    ws::{CloseCode, End, Flow, Handler, MessageSink, Now, Refused},
};

/// Errors that wait for a client that does not read them; one that causes more is cut off.
const REPLIES: usize = 128;

/// One socket's way into rooms.
pub struct SocketHandler {
    gateway: Arc<Gateway>,
    client: ClientAddr,
    /// Held for as long as the socket is open.
    _permit: SocketPermit,
    /// The id of the greeting.
    peer: PeerId,
    /// The session that this socket carries, once it has joined.
    joined: Option<Joined>,
    /// What belongs to the socket and not to its session: greeting, errors, `resumed`.
    replies: VecDeque<Box<str>>,
    flood: Option<Flood>,
    acknowledgement: Acknowledgement,
}

/// What a message was refused for.
struct Refusal<'a> {
    code: ErrorCode,
    in_reply_to: Option<&'static str>,
    target: Option<&'a str>,
}

impl SocketHandler {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        client: ClientAddr,
        permit: SocketPermit,
        peer: PeerId,
    ) -> Self {
        let greeting = ServerMessage::PeerId(Greeting {
            peer_id: peer,
            protocol: PROTOCOL_VERSION,
        });
        Self {
            gateway,
            client,
            _permit: permit,
            peer,
            joined: None,
            replies: VecDeque::from([greeting.encode().into_boxed_str()]),
            flood: None,
            acknowledgement: Acknowledgement::default(),
        }
    }

    fn flood(&mut self, now: Instant) -> &mut Flood {
        self.flood.get_or_insert_with(|| Flood::new(now))
    }

    fn handle<'a>(&mut self, text: &'a str, now: Now) -> Result<(), Refusal<'a>> {
        let message = ClientMessage::decode(text)?;
        let kind = message.kind();
        self.gateway.metrics.message(kind);
        self.dispatch(message, now).map_err(|refusal| Refusal {
            in_reply_to: Some(kind),
            ..refusal
        })
    }

    fn dispatch<'a>(&mut self, message: ClientMessage<'a>, now: Now) -> Result<(), Refusal<'a>> {
        match message {
            ClientMessage::Join(join) => Ok(self.join(&join, now)?),
            ClientMessage::Resume(resume) => Ok(self.resume(&resume, now)?),
            ClientMessage::Leave(_) => Ok(self.leave(now)?),
            ClientMessage::Offer(message) => {
                self.session()?;
                check_description(message.offer, "offer")?;
                let offer = message.offer;
                self.relay(message.target_peer_id, now, |peer_id| {
                    ServerMessage::Offer(RelayedOffer { peer_id, offer })
                })
            }
            ClientMessage::Answer(message) => {
                self.session()?;
                check_description(message.answer, "answer")?;
                let answer = message.answer;
                self.relay(message.target_peer_id, now, |peer_id| {
                    ServerMessage::Answer(RelayedAnswer { peer_id, answer })
                })
            }
            ClientMessage::IceCandidate(message) => {
                self.session()?;
                check_candidate(message.candidate)?;
                let candidate = message.candidate;
                self.relay(message.target_peer_id, now, |peer_id| {
                    ServerMessage::IceCandidate(RelayedCandidate { peer_id, candidate })
                })
            }
            ClientMessage::MediaState(media) => Ok(self.act(Action::SetMedia(media), now)?),
            ClientMessage::Chat(chat) => Ok(self.chat(chat, now)?),
            ClientMessage::Hand(hand) => Ok(self.act(Action::SetHand(hand.raised), now)?),
            ClientMessage::Reaction(message) => {
                let session = self.session()?.session.clone();
                self.admit_room_event(now)?;
                Ok(self.gateway.live.react(&session, message.reaction)?)
            }
            ClientMessage::Rename(rename) => {
                self.session()?;
                let name = UserName::parse(&rename.user_name)?;
                Ok(self.act(Action::Rename(name), now)?)
            }
            ClientMessage::LowerMicrophone(message) => {
                self.act_on(message.target_peer_id, now, Action::LowerMicrophone)
            }
            ClientMessage::Remove(message) => {
                self.act_on(message.target_peer_id, now, Action::Remove)
            }
            ClientMessage::Lock(lock) => Ok(self.act(Action::SetLocked(lock.locked), now)?),
            ClientMessage::TransferHost(message) => {
                self.act_on(message.target_peer_id, now, Action::TransferHost)
            }
            ClientMessage::EndCall(_) => Ok(self.act(Action::EndCall, now)?),
        }
    }

    fn session(&self) -> Result<&Joined, ErrorCode> {
        self.joined.as_ref().ok_or(ErrorCode::NotJoined)
    }

    fn join(&mut self, join: &Join, now: Now) -> Result<(), ErrorCode> {
        self.check_may_join()?;
        let room: RoomId = join.room_id.parse().map_err(|_| ErrorCode::InvalidRoomId)?;
        let name = match &join.user_name {
            Some(name) => UserName::parse(name)?,
            None => UserName::anonymous(),
        };
        let bounded = |token: &Option<String>| {
            token
                .as_ref()
                .is_none_or(|token| token.len() <= limits::TOKEN_BYTES)
        };
        if !bounded(&join.host_token) {
            return Err(ErrorCode::InvalidHostToken);
        }
        let (limits, instant) = (&self.gateway.limits, now.instant.into_std());
        limits
            .look_up_room(self.client, instant)
            .map_err(|_| ErrorCode::RateLimited)?;
        let request = JoinRequest {
            room,
            peer: self.peer,
            name,
            capabilities: Capabilities::from_names(join.capabilities.iter().map(String::as_str)),
            media: join.media.unwrap_or_default(),
            host_token: join.host_token.as_deref(),
            session: join.session.as_deref().filter(|_| bounded(&join.session)),
        };
        let joined = self
            .gateway
            .live
            .join(request, now.time)
            .inspect_err(|code| {
                // Wrong host tokens are guesses as well.
                if matches!(code, ErrorCode::RoomNotFound | ErrorCode::InvalidHostToken) {
                    limits.room_missed(self.client, instant);
                }
            })?;
        tracing::info!(%room, peer = %joined.session.peer, "joined");
        self.enter(joined);
        Ok(())
    }

    fn resume(&mut self, resume: &Resume, now: Now) -> Result<(), ErrorCode> {
        self.check_may_join()?;
        let (live, metrics) = (&self.gateway.live, &self.gateway.metrics);
        let resumption = live
            .resume(&resume.token, resume.last_seq, now.time)
            .inspect_err(|_| metrics.resume(ResumeOutcome::Refused))?;
        metrics.resume(if resumption.recovered {
            ResumeOutcome::Recovered
        } else {
            ResumeOutcome::NotRecovered
        });
        let session = &resumption.joined.session;
        let (room, peer) = (session.room, session.peer);
        tracing::info!(%room, %peer, recovered = resumption.recovered, "resumed");
        let resumed = ServerMessage::Resumed(Box::new(Resumed {
            peer_id: peer,
            recovered: resumption.recovered,
            received: resumption.received,
            resume_token: resumption.resume_token,
            room: resumption.room,
        }));
        self.replies.push_back(resumed.encode().into_boxed_str());
        self.enter(resumption.joined);
        Ok(())
    }

    fn check_may_join(&self) -> Result<(), ErrorCode> {
        if self.joined.is_some() {
            Err(ErrorCode::AlreadyJoined)
        } else if self.gateway.is_draining() {
            Err(ErrorCode::Unavailable)
        } else {
            Ok(())
        }
    }

    fn enter(&mut self, joined: Joined) {
        self.gateway.lobby.leave(self.peer);
        self.acknowledgement.begin_session();
        self.joined = Some(joined);
    }

    fn leave(&mut self, now: Now) -> Result<(), ErrorCode> {
        let joined = self.joined.take().ok_or(ErrorCode::NotJoined)?;
        tracing::info!(room = %joined.session.room, peer = %joined.session.peer, "left");
        self.gateway.live.leave(&joined, now.time);
        Ok(())
    }

    fn relay<'a, 'm>(
        &mut self,
        target: Cow<'a, str>,
        now: Now,
        message: impl FnOnce(PeerId) -> ServerMessage<'m>,
    ) -> Result<(), Refusal<'a>> {
        let session = &self.session()?.session;
        let relayed = match target.parse() {
            Ok(target) => {
                let body = message(session.peer).encode();
                let live = &self.gateway.live;
                live.relay(session, target, body.into(), now.instant.into_std())
            }
            Err(_) => Err(ErrorCode::PeerNotFound),
        };
        relayed.map_err(|code| Refusal {
            target: match target {
                Cow::Borrowed(target) => Some(target),
                // Written with escapes, so none of ours.
                Cow::Owned(_) => None,
            },
            ..code.into()
        })
    }

    fn chat(&mut self, chat: Chat, now: Now) -> Result<(), ErrorCode> {
        self.session()?;
        let text = ChatText::parse(&chat.text)?;
        let client_ref = chat.client_ref;
        if client_ref
            .as_ref()
            .is_some_and(|client_ref| client_ref.len() > limits::CHAT_REF_BYTES)
        {
            return Err(ErrorCode::InvalidMessage);
        }
        let client_ref = client_ref.map(String::into_boxed_str);
        self.act(Action::Chat { text, client_ref }, now)
    }

    fn act(&mut self, action: Action, now: Now) -> Result<(), ErrorCode> {
        let session = self.session()?.session.clone();
        self.admit_room_event(now)?;
        self.gateway.live.act(&session, action, now.time)
    }

    fn act_on<'a>(
        &mut self,
        target: String,
        now: Now,
        action: impl FnOnce(PeerId) -> Action,
    ) -> Result<(), Refusal<'a>> {
        self.session()?;
        let target = target.parse().map_err(|_| ErrorCode::PeerNotFound)?;
        Ok(self.act(action(target), now)?)
    }

    fn admit_room_event(&mut self, now: Now) -> Result<(), ErrorCode> {
        if self.flood(now.instant).admit_room_event(now.instant) {
            Ok(())
        } else {
            Err(ErrorCode::RateLimited)
        }
    }

    fn refuse(&mut self, refusal: Refusal<'_>, now: Now) -> Flow {
        self.gateway.metrics.error(refusal.code);
        let message = ServerMessage::Error(RefusedMessage {
            code: refusal.code,
            message: refusal.code.sentence().into(),
            in_reply_to: refusal.in_reply_to.map(Into::into),
            target_peer_id: refusal.target.map(Into::into),
        });
        self.replies.push_back(message.encode().into_boxed_str());
        if is_abuse(refusal.code) && !self.flood(now.instant).bear(now.instant) {
            tracing::info!(code = refusal.code.as_str(), "socket closed for abuse");
            return Flow::Close(CloseCode::POLICY);
        }
        if self.replies.len() > REPLIES {
            return Flow::Cut(CloseCode::TRY_AGAIN);
        }
        Flow::Continue
    }

    /// Asks what the client has received, if enough is kept for it.
    fn ask(&mut self, out: &mut MessageSink<'_>, now: Now) {
        let unacknowledged = self
            .joined
            .as_ref()
            .and_then(|joined| joined.session.unacknowledged());
        if let Some((seq, bytes)) = unacknowledged
            && self.acknowledgement.is_due(bytes, now.instant)
        {
            out.ping(self.acknowledgement.ask(seq, now.instant));
        }
    }
}

impl Handler for SocketHandler {
    fn on_text(&mut self, text: &str, now: Now) -> Flow {
        if let Some(joined) = &self.joined {
            joined.session.count_received();
        }
        if !self.flood(now.instant).admit(text.len(), now.instant) {
            return self.refuse(ErrorCode::RateLimited.into(), now);
        }
        match self.handle(text, now) {
            Ok(()) => Flow::Continue,
            Err(refusal) => self.refuse(refusal, now),
        }
    }

    fn on_refused(&mut self, refused: Refused, now: Now) -> Flow {
        if let Some(joined) = &self.joined {
            joined.session.count_received();
        }
        let code = match refused {
            Refused::TooLarge => ErrorCode::MessageTooLarge,
            Refused::Binary => ErrorCode::BinaryNotSupported,
        };
        self.refuse(code.into(), now)
    }

    fn on_pong(&mut self, payload: &[u8], _now: Now) {
        if let (Some(seq), Some(joined)) = (self.acknowledgement.answer(payload), &self.joined) {
            joined.session.acknowledge(joined.epoch, seq);
        }
    }

    fn poll_outgoing(&mut self, cx: &mut Context<'_>, out: &mut MessageSink<'_>, now: Now) -> Flow {
        while !out.is_full()
            && let Some(reply) = self.replies.pop_front()
        {
            out.text([&reply]);
        }
        if self.replies.is_empty() {
            self.replies = VecDeque::new();
        }
        let Some(joined) = &self.joined else {
            if self.gateway.is_draining() {
                return Flow::Close(CloseCode::RESTART);
            }
            self.gateway.lobby.wait(self.peer, cx.waker());
            return Flow::Continue;
        };
        let session = &joined.session;
        let metrics = &self.gateway.metrics;
        let resumable = session.resumable;
        // Replies come first: `resumed` before what it replays.
        let more = self.replies.is_empty() && !out.is_full();
        let poll = session.poll(joined.epoch, cx, more, |seq, body, relayed_at| {
            match body.strip_prefix('{') {
                Some(fields) if resumable => out.text(["{\"seq\":", &seq.to_string(), ",", fields]),
                _ => out.text([body]),
            }
            if let Some(relayed_at) = relayed_at {
                let waited = now.instant.into_std().saturating_duration_since(relayed_at);
                metrics.relay.record(waited);
            }
            !out.is_full()
        });
        match poll {
            Poll::Waiting => {
                self.ask(out, now);
                Flow::Continue
            }
            Poll::Close(code) => Flow::Close(CloseCode(code)),
            Poll::Overflowed => Flow::Cut(CloseCode::TRY_AGAIN),
            Poll::Superseded => Flow::Close(CloseCode::SESSION_TAKEN),
        }
    }

    fn keepalive_payload(&mut self, now: Now) -> [u8; 8] {
        let unacknowledged = self
            .joined
            .as_ref()
            .and_then(|joined| joined.session.unacknowledged());
        let seq = unacknowledged.map_or(0, |(seq, _)| seq);
        self.acknowledgement.ask(seq, now.instant)
    }

    fn is_joined(&self) -> bool {
        self.joined.is_some()
    }

    fn on_closed(&mut self, end: End, now: Now) {
        self.gateway.lobby.leave(self.peer);
        if let Some(joined) = self.joined.take() {
            let (room, peer) = (joined.session.room, joined.session.peer);
            tracing::info!(%room, %peer, ?end, "socket closed");
            // Firefox may drop what a page says in its last moment, `leave` too.
            if end == End::ClosedByPeer(Some(CloseCode::GOING_AWAY)) {
                self.gateway.live.leave(&joined, now.time);
            } else {
                self.gateway.live.disconnect(&joined, now.time);
            }
        }
    }
}

impl From<ErrorCode> for Refusal<'_> {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            in_reply_to: None,
            target: None,
        }
    }
}

impl From<DecodeError> for Refusal<'_> {
    fn from(error: DecodeError) -> Self {
        Self {
            in_reply_to: match error {
                DecodeError::Fields(kind) => Some(kind),
                DecodeError::NoType | DecodeError::UnknownType => None,
            },
            ..error.code().into()
        }
    }
}

/// Whether no client in good faith causes this; it cannot help asking for someone who has just
/// left, or knocking at a room that is full.
const fn is_abuse(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidMessage
            | ErrorCode::UnknownType
            | ErrorCode::MessageTooLarge
            | ErrorCode::BinaryNotSupported
            | ErrorCode::RateLimited
            | ErrorCode::NotJoined
            | ErrorCode::AlreadyJoined
            | ErrorCode::SdpTooLarge
            | ErrorCode::CandidateTooLarge
            | ErrorCode::ChatTooLong
            | ErrorCode::HostOnly
    )
}
