//! How a socket gets into a room and out of it. Other nodes may have to be asked, so it takes a
//! while, in which the socket may be lost.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use wecall_live::{Answer, JoinRequest, Joined, Live, Resumption};
use wecall_protocol::{
    ErrorCode, Join, Resume, Resumed, RoomId, ServerMessage, UserName, limits, rest::IceServer,
};
use wecall_room::Capabilities;

use super::socket::SocketHandler;
use crate::{
    clock::Clock,
    telemetry::{ResumeOutcome, traces::traced},
    ws::Now,
};

/// How far the socket has got into a room.
pub(super) enum Entry {
    Outside,
    Joining(Box<Answer<Result<Joined, ErrorCode>>>),
    Resuming(Box<Answer<Result<Resumption, ErrorCode>>>),
    /// The session that this socket carries.
    Inside(Joined),
}

impl SocketHandler {
    pub(super) fn join(&mut self, join: &Join, now: Now) -> Result<(), ErrorCode> {
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
        let capabilities = Capabilities::from_names(join.capabilities.iter().map(String::as_str));
        let ice_servers = match capabilities.resume {
            true => self.ice_servers(now),
            // A client of version 1 has asked for them at `/api/config`.
            false => Vec::new(),
        };
        let request = JoinRequest {
            room,
            peer: self.peer,
            name,
            capabilities,
            media: join.media.unwrap_or_default(),
            host_token: join.host_token.as_deref(),
            session: join.session.as_deref().filter(|_| bounded(&join.session)),
            publisher: false,
            ice_servers,
        };
        let live = &self.gateway.live;
        let answer = traced(self.trace.join(), || live.join(request, now.time));
        self.entry = Entry::Joining(Box::new(answer));
        self.go_on_entering(None, now)
    }

    /// With credentials that are this participant's own, as quotas go by them.
    fn ice_servers(&self, now: Now) -> Vec<IceServer> {
        let user = self.peer.to_string();
        self.gateway
            .ice
            .for_client(self.host.as_deref(), &user, now.time)
    }

    pub(super) fn resume(&mut self, resume: &Resume, now: Now) -> Result<(), ErrorCode> {
        self.check_may_join()?;
        let live = &self.gateway.live;
        let answer = traced(self.trace.resume(), || {
            live.resume(&resume.token, resume.last_seq, now.time)
        });
        self.entry = Entry::Resuming(Box::new(answer));
        self.go_on_entering(None, now)
    }

    /// Enters, if the answer is there; else `cx` is woken when it is.
    pub(super) fn go_on_entering(
        &mut self,
        cx: Option<&mut Context<'_>>,
        now: Now,
    ) -> Result<(), ErrorCode> {
        match &mut self.entry {
            Entry::Joining(answer) => match poll(answer, cx) {
                Poll::Ready(answer) => {
                    self.entry = Entry::Outside;
                    self.joined_or_not(answer, now)
                }
                Poll::Pending => Ok(()),
            },
            Entry::Resuming(answer) => match poll(answer, cx) {
                Poll::Ready(answer) => {
                    self.entry = Entry::Outside;
                    self.resumed_or_not(answer)
                }
                Poll::Pending => Ok(()),
            },
            Entry::Outside | Entry::Inside(_) => Ok(()),
        }
    }

    fn joined_or_not(
        &mut self,
        answer: Result<Joined, ErrorCode>,
        now: Now,
    ) -> Result<(), ErrorCode> {
        let joined = answer.inspect_err(|code| {
            // Wrong host tokens are guesses as well.
            if matches!(code, ErrorCode::RoomNotFound | ErrorCode::InvalidHostToken) {
                let instant = now.instant.into_std();
                self.gateway.limits.room_missed(self.client, instant);
            }
        })?;
        tracing::info!(room = %joined.session.room, peer = %joined.session.peer, "joined");
        self.enter(joined);
        Ok(())
    }

    fn resumed_or_not(&mut self, answer: Result<Resumption, ErrorCode>) -> Result<(), ErrorCode> {
        let metrics = &self.gateway.metrics;
        let resumption = answer.inspect_err(|code| metrics.resume_refused(*code))?;
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
        if !matches!(self.entry, Entry::Outside) {
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
        self.entry = Entry::Inside(joined);
    }

    pub(super) fn leave(&mut self, now: Now) -> Result<(), ErrorCode> {
        match std::mem::replace(&mut self.entry, Entry::Outside) {
            Entry::Inside(joined) => {
                tracing::info!(room = %joined.session.room, peer = %joined.session.peer, "left");
                self.gateway.live.leave(&joined, now.time);
                Ok(())
            }
            Entry::Outside => Err(ErrorCode::NotJoined),
            entry => {
                self.abandon(entry, true);
                Ok(())
            }
        }
    }

    /// Nobody waits at the door any more: whoever is let in leaves again.
    pub(super) fn abandon(&self, entry: Entry, for_good: bool) {
        let (live, clock) = (self.gateway.live.clone(), self.gateway.clock);
        let depart = move |joined: &Joined| depart(&live, joined, for_good, clock);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // The program ends.
            return;
        };
        match entry {
            Entry::Joining(answer) => drop(runtime.spawn(async move {
                if let Ok(joined) = answer.await {
                    depart(&joined);
                }
            })),
            Entry::Resuming(answer) => drop(runtime.spawn(async move {
                if let Ok(resumption) = answer.await {
                    depart(&resumption.joined);
                }
            })),
            Entry::Outside | Entry::Inside(_) => {}
        }
    }
}

/// Asks for an answer, with someone to wake or without.
fn poll<T: Unpin + Send + 'static>(
    answer: &mut Answer<T>,
    cx: Option<&mut Context<'_>>,
) -> Poll<T> {
    let answer = Pin::new(answer);
    match cx {
        Some(cx) => answer.poll(cx),
        None => answer.poll(&mut Context::from_waker(std::task::Waker::noop())),
    }
}

fn depart(live: &Live, joined: &Joined, for_good: bool, clock: Clock) {
    if for_good {
        live.leave(joined, clock.now());
    } else {
        live.disconnect(joined, clock.now());
    }
}
