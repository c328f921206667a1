//! Streams without a browser: publishers, who take part in the room, and viewers, who do not.

use std::{collections::HashMap, future::poll_fn, task};

use tokio::{sync::oneshot, task::AbortHandle};
use wecall_live::{JoinRequest, Joined, Poll};
use wecall_protocol::{ErrorCode, MediaState, PeerId, RoomId, UserName};
use wecall_room::Capabilities;
use wecall_sfu::{Kind, Refused, Watch};

use super::{
    ask::{Ask, Reply},
    fragment::{self, Fragment},
    service::{Answered, Service},
};

/// All streams of this node.
#[derive(Default)]
pub struct Streams {
    by_peer: HashMap<PeerId, Stream>,
}

struct Stream {
    room: RoomId,
    /// The last one. An ICE restart is another with other credentials.
    offer: String,
    /// Of its ICE session, once the engine has taken the offer.
    etag: Option<String>,
    what: What,
}

enum What {
    Publisher {
        grant: u64,
        /// Once it takes part in the room.
        inside: Option<Inside>,
    },
    Viewer(Watch),
}

struct Inside {
    joined: Joined,
    /// Takes what the room tells its participants.
    listening: AbortHandle,
}

/// An offer of a publisher that the engine has taken.
pub struct Accepted {
    pub sdp: String,
    pub request: Box<JoinRequest<'static>>,
    pub answer: oneshot::Sender<Box<str>>,
}

/// What became of an offer.
pub struct Offered {
    pub peer: PeerId,
    pub outcome: Result<String, ErrorCode>,
    pub joined: Option<Joined>,
    pub answer: oneshot::Sender<Box<str>>,
}

/// What became of an ICE restart.
pub struct Restarted {
    pub peer: PeerId,
    pub offer: String,
    pub outcome: Result<String, ErrorCode>,
    pub answer: oneshot::Sender<Box<str>>,
}

impl Streams {
    pub fn has(&self, peer: PeerId) -> bool {
        self.by_peer.contains_key(&peer)
    }

    /// Those that the engine has, or has lost without a word.
    pub fn established(&self) -> Vec<PeerId> {
        let is_established = |stream: &Stream| stream.etag.is_some();
        let all = self.by_peer.iter();
        all.filter(|(_, stream)| is_established(stream))
            .map(|(peer, _)| *peer)
            .collect()
    }

    pub fn of_room(&self, room: RoomId) -> Vec<PeerId> {
        let all = self.by_peer.iter();
        all.filter(|(_, stream)| stream.room == room)
            .map(|(peer, _)| *peer)
            .collect()
    }

    fn viewers(&self, room: RoomId) -> usize {
        let all = self.by_peer.values();
        all.filter(|stream| stream.room == room && matches!(stream.what, What::Viewer(_)))
            .count()
    }

    fn of_grant(&self, room: RoomId, id: u64) -> Vec<PeerId> {
        let is_it = |stream: &Stream| {
            stream.room == room
                && matches!(stream.what, What::Publisher { grant, .. } if grant == id)
        };
        let all = self.by_peer.iter();
        all.filter(|(_, stream)| is_it(stream))
            .map(|(peer, _)| *peer)
            .collect()
    }
}

impl Service {
    pub(super) fn hear_ask(&mut self, room: RoomId, body: &str, answer: oneshot::Sender<Box<str>>) {
        match serde_json::from_str(body) {
            Ok(Ask::Publish {
                peer,
                name,
                grant,
                offer,
            }) => self.publish(room, peer, name, grant, offer, answer),
            Ok(Ask::Watch { peer, of, offer }) => self.watch(room, peer, of, offer, answer),
            Ok(Ask::Change {
                peer,
                fragment,
                known,
            }) => self.change(room, peer, &fragment, &known, answer),
            Ok(Ask::End { peer }) => match self.streams.of_room(room).contains(&peer) {
                true => {
                    self.end_stream(peer);
                    reply(answer, &Reply::Ended);
                }
                false => reply(answer, &Reply::Unknown),
            },
            Err(error) => {
                tracing::warn!(%error, "another version asks the media server");
                refuse(answer, ErrorCode::Unavailable);
            }
        }
    }

    fn publish(
        &mut self,
        room: RoomId,
        peer: PeerId,
        name: UserName,
        grant: u64,
        offer: String,
        answer: oneshot::Sender<Box<str>>,
    ) {
        let media = fragment::sends(&offer);
        let inside = None;
        self.begin(room, peer, &offer, What::Publisher { grant, inside });
        let accepted = self.sfu.accept(room, peer, Kind::Publisher, offer);
        self.asked.spawn(async move {
            match accepted.await.map_err(code_of) {
                Ok(sdp) => Answered::Accepted(Accepted {
                    sdp,
                    request: Box::new(as_participant(room, peer, name, media)),
                    answer,
                }),
                Err(code) => Answered::Offered(Offered {
                    peer,
                    outcome: Err(code),
                    joined: None,
                    answer,
                }),
            }
        });
    }

    /// The engine has taken the offer of a publisher, who is to take part in the room now.
    pub(super) fn accepted(&mut self, accepted: Accepted) {
        let Accepted {
            sdp,
            request,
            answer,
        } = accepted;
        let (room, peer) = (request.room, request.peer);
        // An encoder that lost its connection begins anew before the old stream is given up.
        let grant = match self.streams.by_peer.get(&peer).map(|stream| &stream.what) {
            Some(What::Publisher { grant, .. }) => *grant,
            _ => return refuse(answer, ErrorCode::Unavailable),
        };
        for before in self.streams.of_grant(room, grant) {
            if before != peer {
                self.end_stream(before);
            }
        }
        let joining = self.live.join(*request, self.clock.now());
        self.asked.spawn(async move {
            let (outcome, joined) = match joining.await {
                Ok(joined) => (Ok(sdp), Some(joined)),
                Err(code) => (Err(code), None),
            };
            Answered::Offered(Offered {
                peer,
                outcome,
                joined,
                answer,
            })
        });
    }

    fn watch(
        &mut self,
        room: RoomId,
        peer: PeerId,
        of: Option<PeerId>,
        offer: String,
        answer: oneshot::Sender<Box<str>>,
    ) {
        if self.streams.viewers(room) >= self.most_viewers {
            return refuse(answer, ErrorCode::RoomFull);
        }
        let watch = of.map_or(Watch::Room, Watch::Peer);
        self.begin(room, peer, &offer, What::Viewer(watch));
        if self.streams.viewers(room) == 1 {
            self.set_watched(room, true);
        }
        let accepted = self.sfu.accept(room, peer, Kind::Viewer(watch), offer);
        self.asked.spawn(async move {
            Answered::Offered(Offered {
                peer,
                outcome: accepted.await.map_err(code_of),
                joined: None,
                answer,
            })
        });
    }

    fn begin(&mut self, room: RoomId, peer: PeerId, offer: &str, what: What) {
        let stream = Stream {
            room,
            offer: offer.to_owned(),
            etag: None,
            what,
        };
        self.streams.by_peer.insert(peer, stream);
    }

    pub(super) fn offered(&mut self, offered: Offered) {
        let Offered {
            peer,
            outcome,
            joined,
            answer,
        } = offered;
        let Some(stream) = self.streams.by_peer.get_mut(&peer) else {
            // It ended while it began.
            if let Some(joined) = joined {
                self.live.leave(&joined, self.clock.now());
            }
            return refuse(answer, ErrorCode::Unavailable);
        };
        match outcome {
            Ok(sdp) => {
                stream.etag = Some(fragment::etag(&sdp));
                if let (What::Publisher { inside, .. }, Some(joined)) = (&mut stream.what, joined) {
                    let listening = listen(joined.clone(), peer);
                    *inside = Some(Inside {
                        joined,
                        listening: self.asked.spawn(listening),
                    });
                }
                reply(answer, &Reply::Accepted { answer: sdp });
            }
            Err(code) => {
                tracing::info!(%peer, ?code, "a stream was not taken");
                self.end_stream(peer);
                refuse(answer, code);
            }
        }
    }

    fn change(
        &mut self,
        room: RoomId,
        peer: PeerId,
        text: &str,
        known: &str,
        answer: oneshot::Sender<Box<str>>,
    ) {
        let stream = self.streams.by_peer.get(&peer);
        let Some(stream) = stream.filter(|stream| stream.room == room) else {
            return reply(answer, &Reply::Unknown);
        };
        let Some(fragment) = Fragment::read(text) else {
            return refuse(answer, ErrorCode::MediaRefused);
        };
        let restarts = fragment.restarts(&stream.offer);
        // A restart is of whatever there is; candidates belong to what the client knows.
        if known != "*" && (restarts || stream.etag.as_deref() != Some(known)) {
            return reply(answer, &Reply::Stale);
        }
        if restarts {
            let kind = match stream.what {
                What::Publisher { .. } => Kind::Publisher,
                What::Viewer(watch) => Kind::Viewer(watch),
            };
            let offer = fragment.put_into(&stream.offer);
            let accepted = self.sfu.accept(room, peer, kind, offer.clone());
            self.asked.spawn(async move {
                Answered::Restarted(Restarted {
                    peer,
                    offer,
                    outcome: accepted.await.map_err(code_of),
                    answer,
                })
            });
            return;
        }
        let candidates = fragment.candidates.into_iter();
        let added: Vec<_> = candidates
            .map(|candidate| self.sfu.add_candidate(room, peer, candidate))
            .collect();
        let refusals = self.metrics.refusals.clone();
        self.asked.spawn(async move {
            // Without it the connection may work as well, by others.
            for added in added {
                if let Err(refused) = added.await {
                    refusals.count(&refused);
                }
            }
            reply(answer, &Reply::Changed);
            Answered::Done
        });
    }

    pub(super) fn restarted(&mut self, restarted: Restarted) {
        let Restarted {
            peer,
            offer,
            outcome,
            answer,
        } = restarted;
        let Some(stream) = self.streams.by_peer.get_mut(&peer) else {
            return reply(answer, &Reply::Unknown);
        };
        match outcome {
            Ok(sdp) => {
                stream.offer = offer;
                let etag = fragment::etag(&sdp);
                stream.etag = Some(etag.clone());
                let fragment = fragment::of_answer(&sdp);
                let restarted = Reply::Restarted { fragment, etag };
                reply(answer, &restarted);
            }
            Err(code) => refuse(answer, code),
        }
    }

    /// Ends a stream, if it is one.
    pub(super) fn end_stream(&mut self, peer: PeerId) {
        let Some(stream) = self.streams.by_peer.remove(&peer) else {
            return;
        };
        self.remove(stream.room, peer);
        match stream.what {
            What::Publisher { inside, .. } => {
                if let Some(inside) = inside {
                    inside.listening.abort();
                    self.live.leave(&inside.joined, self.clock.now());
                }
            }
            What::Viewer(_) => {
                if self.streams.viewers(stream.room) == 0 {
                    self.set_watched(stream.room, false);
                }
            }
        }
    }

    /// The room has another media server, at this node as well, which nobody watches yet.
    pub(super) fn watch_again(&mut self, room: RoomId) {
        if self.streams.viewers(room) > 0 {
            self.set_watched(room, true);
        }
    }

    fn set_watched(&mut self, room: RoomId, watched: bool) {
        let set = self.live.set_watched(room, watched, self.clock.now());
        self.asked.spawn(async move {
            if let Err(code) = set.await {
                tracing::debug!(%room, ?code, "the room was not told that it is watched");
            }
            Answered::Done
        });
    }
}

fn as_participant(
    room: RoomId,
    peer: PeerId,
    name: UserName,
    media: MediaState,
) -> JoinRequest<'static> {
    JoinRequest {
        room,
        peer,
        name,
        capabilities: Capabilities {
            sfu: true,
            media_state: true,
            ..Capabilities::default()
        },
        media,
        host_token: None,
        session: None,
        publisher: true,
        ice_servers: Vec::new(),
    }
}

/// Takes what a publisher is told, which has no ears, until its session is over.
async fn listen(joined: Joined, peer: PeerId) -> Answered {
    poll_fn(|cx| {
        let poll = joined.session.poll(joined.epoch, cx, true, |_, _, _| true);
        match poll {
            Poll::Waiting => task::Poll::Pending,
            Poll::Close(_) | Poll::Overflowed | Poll::Superseded => task::Poll::Ready(()),
        }
    })
    .await;
    Answered::SessionOver(peer)
}

fn code_of(refused: Refused) -> ErrorCode {
    match refused {
        Refused::TooLarge => ErrorCode::SdpTooLarge,
        Refused::Malformed(_)
        | Refused::TooMany
        | Refused::NotAllowed
        | Refused::InAnotherRoom
        | Refused::Unknown => ErrorCode::MediaRefused,
        Refused::Full | Refused::NoAddress | Refused::Busy | Refused::Stopped => {
            ErrorCode::Unavailable
        }
    }
}

pub(super) fn refuse(answer: oneshot::Sender<Box<str>>, code: ErrorCode) {
    reply(answer, &Reply::Refused { code });
}

/// Whoever asked may have gone.
fn reply(answer: oneshot::Sender<Box<str>>, reply: &Reply) {
    let json = serde_json::to_string(reply).expect("it holds nothing that JSON cannot");
    drop(answer.send(json.into()));
}
