use std::{
    borrow::Cow,
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll as TaskPoll},
};

use tokio::time::Instant;
use wecall_live::{Answer, Joined, Poll};
use wecall_protocol::{
    Chat, ChatText, ClientMessage, DecodeError, ErrorCode, Greeting, MediaPath, PROTOCOL_VERSION,
    PeerId, Reconnect, Refused as RefusedMessage, RelayedAnswer, RelayedCandidate, RelayedOffer,
    ServerMessage, UserName, View, check_candidate, check_description, limits,
};
use wecall_room::Action;

use super::{Gateway, acknowledgement::Acknowledgement, entering::Entry, flood::Flood};
use crate::{
    limits::{ClientAddr, SocketPermit},
    telemetry::{SocketTrace, traces::traced},
    ws::{CloseCode, End, Flow, Handler, MessageSink, Now, Refused},
};

/// Errors that wait for a client that does not read them; one that causes more is cut off.
const REPLIES: usize = 128;

/// What a client may have asked and got no answer to, while other nodes are asked; what it asks
/// beyond that is refused.
const ASKED: usize = 64;

/// One socket's way into rooms.
pub struct SocketHandler {
    pub(super) gateway: Arc<Gateway>,
    pub(super) client: ClientAddr,
    /// Held for as long as the socket is open.
    _permit: SocketPermit,
    /// The id of the greeting.
    pub(super) peer: PeerId,
    /// The name that the client has used for this server.
    pub(super) host: Option<Box<str>>,
    pub(super) entry: Entry,
    /// What was asked of the room and is not answered yet, in order.
    asked: VecDeque<Asked>,
    /// The last farewell that the client was told of.
    told_to_leave: u32,
    /// What belongs to the socket and not to its session: greeting, errors, `resumed`.
    pub(super) replies: VecDeque<Box<str>>,
    flood: Option<Flood>,
    pub(super) acknowledgement: Acknowledgement,
    pub(super) trace: SocketTrace,
}

struct Asked {
    kind: &'static str,
    answer: Answer<Result<(), ErrorCode>>,
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
        host: Option<&str>,
        trace: SocketTrace,
    ) -> Self {
        let greeting = ServerMessage::PeerId(Greeting {
            peer_id: peer,
            protocol: PROTOCOL_VERSION,
        });
        // Who comes now knows of it, or has found nothing better.
        let told_to_leave = gateway.present_farewell();
        Self {
            gateway,
            client,
            _permit: permit,
            peer,
            host: host.map(Into::into),
            entry: Entry::Outside,
            asked: VecDeque::new(),
            told_to_leave,
            replies: VecDeque::from([greeting.encode().into_boxed_str()]),
            flood: None,
            acknowledgement: Acknowledgement::default(),
            trace,
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
        let kind = message.kind();
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
            ClientMessage::MediaState(media) => Ok(self.act(kind, Action::SetMedia(media), now)?),
            ClientMessage::View(view) => self.view(view),
            ClientMessage::MediaPath(MediaPath { path, reach }) => {
                Ok(self.act(kind, Action::SetPath { path, reach }, now)?)
            }
            ClientMessage::Unreachable(message) => {
                self.act_on(kind, message.target_peer_id, now, Action::Unreachable)
            }
            ClientMessage::Chat(chat) => Ok(self.chat(kind, chat, now)?),
            ClientMessage::Hand(hand) => Ok(self.act(kind, Action::SetHand(hand.raised), now)?),
            ClientMessage::Reaction(message) => {
                let session = self.session()?.session.clone();
                self.admit_room_event(now)?;
                let answer = self
                    .gateway
                    .live
                    .react(&session, message.reaction, now.time);
                Ok(self.await_answer(kind, answer)?)
            }
            ClientMessage::Rename(rename) => {
                self.session()?;
                let name = UserName::parse(&rename.user_name)?;
                Ok(self.act(kind, Action::Rename(name), now)?)
            }
            ClientMessage::LowerMicrophone(message) => {
                self.act_on(kind, message.target_peer_id, now, Action::LowerMicrophone)
            }
            ClientMessage::Remove(message) => {
                self.act_on(kind, message.target_peer_id, now, Action::Remove)
            }
            ClientMessage::Lock(lock) => Ok(self.act(kind, Action::SetLocked(lock.locked), now)?),
            ClientMessage::TransferHost(message) => {
                self.act_on(kind, message.target_peer_id, now, Action::TransferHost)
            }
            ClientMessage::EndCall(_) => Ok(self.act(kind, Action::EndCall, now)?),
        }
    }

    fn session(&self) -> Result<&Joined, ErrorCode> {
        self.joined().ok_or(ErrorCode::NotJoined)
    }

    fn joined(&self) -> Option<&Joined> {
        match &self.entry {
            Entry::Inside(joined) => Some(joined),
            Entry::Outside | Entry::Joining(_) | Entry::Resuming(_) => None,
        }
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

    /// Goes to the media server as it is, and nowhere else.
    fn view<'a>(&mut self, view: View) -> Result<(), Refusal<'a>> {
        let session = &self.session()?.session;
        if view.shown.len() > limits::VIEW_SHOWN {
            return Err(ErrorCode::InvalidMessage.into());
        }
        let target = view
            .target_peer_id
            .parse()
            .map_err(|_| ErrorCode::PeerNotFound)?;
        let body = ClientMessage::View(view).encode();
        let live = &self.gateway.live;
        live.relay_to_media(session, target, body.into())?;
        Ok(())
    }

    fn chat(&mut self, kind: &'static str, chat: Chat, now: Now) -> Result<(), ErrorCode> {
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
        self.act(kind, Action::Chat { text, client_ref }, now)
    }

    fn act(&mut self, kind: &'static str, action: Action, now: Now) -> Result<(), ErrorCode> {
        let session = self.session()?.session.clone();
        self.admit_room_event(now)?;
        if self.asked.len() >= ASKED {
            return Err(ErrorCode::RateLimited);
        }
        let live = &self.gateway.live;
        let answer = traced(self.trace.act(kind), || {
            live.act(&session, action, now.time)
        });
        self.await_answer(kind, answer)
    }

    /// Takes an answer that is there, or keeps the question until it is.
    fn await_answer(
        &mut self,
        kind: &'static str,
        answer: Answer<Result<(), ErrorCode>>,
    ) -> Result<(), ErrorCode> {
        match answer {
            Answer::Ready(answer) => answer,
            answer @ Answer::Later(_) => {
                self.asked.push_back(Asked { kind, answer });
                Ok(())
            }
        }
    }

    /// Takes what was answered meanwhile; `cx` is woken for the rest.
    fn take_answers(&mut self, cx: &mut Context<'_>, now: Now) -> Flow {
        let kind = match self.entry {
            Entry::Joining(_) => "join",
            _ => "resume",
        };
        if let Err(code) = self.go_on_entering(Some(cx), now) {
            let refusal = Refusal {
                in_reply_to: Some(kind),
                ..code.into()
            };
            match self.refuse(refusal, now) {
                Flow::Continue => {}
                end => return end,
            }
        }
        while let Some(asked) = self.asked.front_mut() {
            let TaskPoll::Ready(answer) = Pin::new(&mut asked.answer).poll(cx) else {
                break;
            };
            let in_reply_to = Some(asked.kind);
            self.asked.pop_front();
            if let Err(code) = answer {
                let refusal = Refusal {
                    in_reply_to,
                    ..code.into()
                };
                match self.refuse(refusal, now) {
                    Flow::Continue => {}
                    end => return end,
                }
            }
        }
        if self.asked.is_empty() {
            self.asked = VecDeque::new();
        }
        Flow::Continue
    }

    fn act_on<'a>(
        &mut self,
        kind: &'static str,
        target: String,
        now: Now,
        action: impl FnOnce(PeerId) -> Action,
    ) -> Result<(), Refusal<'a>> {
        self.session()?;
        let target = target.parse().map_err(|_| ErrorCode::PeerNotFound)?;
        Ok(self.act(kind, action(target), now)?)
    }

    fn admit_room_event(&mut self, now: Now) -> Result<(), ErrorCode> {
        if self.flood(now.instant).admit_room_event(now.instant) {
            Ok(())
        } else {
            Err(ErrorCode::RateLimited)
        }
    }

    /// Tells the client when to be elsewhere, if this node goes away.
    fn say_goodbye(&mut self) {
        let Some(farewell) = self.gateway.farewell(self.told_to_leave) else {
            return;
        };
        // Who cannot resume is better off here until the end.
        let may_go = self.joined().is_some_and(|joined| joined.session.resumable);
        if may_go {
            self.told_to_leave = farewell.number;
            let message = ServerMessage::Reconnect(Reconnect {
                after_ms: farewell.after_ms,
            });
            self.replies.push_back(message.encode().into_boxed_str());
            self.gateway.metrics.sent_away.increment(1);
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

    /// Counts a message of the client. One that came after the session has gone elsewhere is not
    /// acted on: it is not counted there either, so the client sends it again.
    fn counts(&self) -> bool {
        self.joined()
            .is_none_or(|joined| joined.session.count_received())
    }

    /// Asks what the client has received, if enough is kept for it.
    fn ask(&mut self, out: &mut MessageSink<'_>, now: Now) {
        let unacknowledged = self
            .joined()
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
        if !self.counts() {
            return Flow::Continue;
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
        if !self.counts() {
            return Flow::Continue;
        }
        let code = match refused {
            Refused::TooLarge => ErrorCode::MessageTooLarge,
            Refused::Binary => ErrorCode::BinaryNotSupported,
        };
        self.refuse(code.into(), now)
    }

    fn on_pong(&mut self, payload: &[u8], _now: Now) {
        if let (Some(seq), Some(joined)) = (self.acknowledgement.answer(payload), self.joined()) {
            joined.session.acknowledge(joined.epoch, seq);
        }
    }

    fn poll_outgoing(&mut self, cx: &mut Context<'_>, out: &mut MessageSink<'_>, now: Now) -> Flow {
        match self.take_answers(cx, now) {
            Flow::Continue => {}
            end => return end,
        }
        self.say_goodbye();
        while !out.is_full()
            && let Some(reply) = self.replies.pop_front()
        {
            out.text([&reply]);
        }
        if self.replies.is_empty() {
            self.replies = VecDeque::new();
        }
        let Entry::Inside(joined) = &self.entry else {
            if self.gateway.is_draining() && matches!(self.entry, Entry::Outside) {
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
            .joined()
            .and_then(|joined| joined.session.unacknowledged());
        let seq = unacknowledged.map_or(0, |(seq, _)| seq);
        self.acknowledgement.ask(seq, now.instant)
    }

    fn is_joined(&self) -> bool {
        self.joined().is_some()
    }

    fn on_closed(&mut self, end: End, now: Now) {
        self.gateway.lobby.leave(self.peer);
        // Firefox may drop what a page says in its last moment, `leave` too.
        let for_good = end == End::ClosedByPeer(Some(CloseCode::GOING_AWAY));
        match std::mem::replace(&mut self.entry, Entry::Outside) {
            Entry::Inside(joined) => {
                let (room, peer) = (joined.session.room, joined.session.peer);
                tracing::info!(%room, %peer, ?end, "socket closed");
                if for_good {
                    self.gateway.live.leave(&joined, now.time);
                } else {
                    self.gateway.live.disconnect(&joined, now.time);
                }
            }
            entry => self.abandon(entry, for_good),
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
