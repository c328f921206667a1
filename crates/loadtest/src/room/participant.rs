//! One participant: what it hears from the server and from its connections, and what it does then.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use wecall_protocol::{
    ClientMessage, Join, Leave, MediaPath, MediaSource, MediaState, Offer, PeerId, Reach, RoomId,
    ServerMessage, Shown, Topology, View,
};

use crate::{
    error::Error,
    frame::{self, Opcode},
    room::{
        Habits,
        crowd::Scene,
        feeds::{Feeds, Noticed},
        journal::Happening,
        link::{Heard, Link},
        linked::Linked,
        sdp::Description,
        way::{End, Way},
    },
    socket::Socket,
};

/// A media server that is replaced is given up after so long, whether the next is there or not.
const FORMER_FOR: Duration = Duration::from_secs(10);

/// An offer that nobody answers, or a connection that does not come about, is made anew.
const CONNECT_WITHIN: Duration = Duration::from_secs(8);
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How large the web app shows a picture among few.
const SHOWN: (u16, u16) = (640, 360);

/// Voices that are heard at once.
const AUDIO_SLOTS: usize = 3;

pub struct Participant {
    pub seat: usize,
    pub socket: Socket,
    ip: IpAddr,
    pub(super) habits: Habits,
    room: RoomId,
    way: Option<Way>,
    pub links: BTreeMap<End, Linked>,
    pub feeds: Feeds,
    joined_at: Instant,
    /// Another attempt to reach the media server waits for this.
    again_at: Instant,
    heard_sound: bool,
    /// What the media server takes the path to here to carry.
    pub estimate_kbps: Option<u32>,
    pub told: Vec<Happening>,
}

impl Participant {
    pub fn new(seat: usize, socket: Socket, scene: &Scene, now: Instant) -> Self {
        Self {
            seat,
            socket,
            ip: scene.ip,
            habits: scene.habits,
            room: scene.room,
            way: None,
            links: BTreeMap::new(),
            feeds: Feeds::default(),
            joined_at: now,
            again_at: now,
            heard_sound: false,
            estimate_kbps: None,
            told: Vec::new(),
        }
    }

    pub fn has_joined(&self) -> bool {
        self.way.is_some()
    }

    pub fn is_over_media_server(&self) -> bool {
        let way = self.way.as_ref();
        way.is_some_and(|way| way.path == Topology::Sfu)
    }

    pub(super) fn send(&mut self, message: &ClientMessage<'_>) -> Result<(), Error> {
        let frame = frame::encode(Opcode::Text, message.encode().as_bytes());
        self.socket.send(&frame)
    }

    pub fn leave(&mut self) -> Result<(), Error> {
        self.send(&ClientMessage::Leave(Leave {}))
    }

    fn join(&mut self) -> Result<(), Error> {
        let join = ClientMessage::Join(Join {
            room_id: self.room.to_string(),
            user_name: Some(format!("Participant {}", self.seat)),
            capabilities: ["resume", "media-state", "sfu"].map(str::to_owned).into(),
            media: Some(MediaState {
                microphone: true,
                camera: self.habits.video,
                screen: false,
            }),
            host_token: None,
            session: None,
        });
        self.send(&join)
    }

    /// A text of the server.
    pub fn hear(&mut self, text: &str, now: Instant, tokens: &mut usize) -> Result<(), Error> {
        let message =
            ServerMessage::decode(text).map_err(|error| Error::Message(error.to_string()))?;
        let offer_to = match &mut self.way {
            Some(way) => way.hear(&message),
            None => Vec::new(),
        };
        match message {
            ServerMessage::PeerId(_) => self.join()?,
            ServerMessage::Joined(joined) => {
                self.joined_at = now;
                self.way = Some(Way::new(joined.peer_id, &joined.room));
                self.told.push(Happening::Joined {
                    seat: self.seat,
                    peer_id: joined.peer_id,
                    topology: joined.room.topology,
                });
            }
            ServerMessage::Participants(present) => {
                let way = self.way.as_ref();
                let others = way.map(|way| way.offers_as_newcomer(&present.participants));
                for id in others.unwrap_or_default() {
                    self.offer_to(id, now, tokens)?;
                }
            }
            ServerMessage::Offer(relayed) => {
                let description = Description::read(relayed.offer)?;
                self.answer(relayed.peer_id, description, now, tokens)?;
            }
            ServerMessage::Answer(relayed) => {
                let description = Description::read(relayed.answer)?;
                self.take_answer(relayed.peer_id, &description, now)?;
            }
            ServerMessage::IceCandidate(relayed) => {
                self.take_candidate(relayed.peer_id, relayed.candidate.get(), now);
            }
            ServerMessage::PeerLeft(left) => self.feeds.forget(left.peer_id),
            ServerMessage::MediaState(state) if !state.camera => {
                self.feeds.rests((state.peer_id, MediaSource::Camera));
            }
            ServerMessage::Topology(set) => {
                // What kept from the media server before says nothing of the next.
                self.again_at = now;
                self.told.push(Happening::Topology {
                    seat: self.seat,
                    topology: set.topology,
                    media: set.media.map(|media| media.peer_id),
                });
            }
            ServerMessage::Slots(slots) => {
                if let Some(linked) = self.links.get_mut(&End::Media(slots.peer_id)) {
                    for picture in linked.set_slots(&slots.slots) {
                        self.feeds.rests(picture);
                    }
                }
            }
            ServerMessage::Layers(layers) if layers.source == MediaSource::Camera => {
                let links = self.links.iter_mut();
                links
                    .filter(|(end, _)| matches!(end, End::Media(_)))
                    .for_each(|(_, linked)| linked.link.set_needed(&layers.layers));
            }
            ServerMessage::MediaFigures(figures) => self.estimate_kbps = figures.estimate_kbps,
            ServerMessage::MediaGone(gone) => {
                let end = End::Media(gone.peer_id);
                self.lose(end, format!("{:?}", gone.reason), now);
            }
            ServerMessage::Error(refused) => {
                let code = refused.code.as_str().to_owned();
                let in_reply_to = refused.in_reply_to.unwrap_or_default().into_owned();
                if self.way.is_none() {
                    return Err(Error::Refused { code, in_reply_to });
                }
                let seat = self.seat;
                self.told.push(Happening::Refused {
                    seat,
                    code,
                    in_reply_to,
                });
            }
            _ => {}
        }
        for id in offer_to {
            self.offer_to(id, now, tokens)?;
        }
        self.settle(now, tokens)
    }

    pub(super) fn open(&self, now: Instant, tokens: &mut usize) -> Result<Linked, Error> {
        *tokens += 1;
        Ok(Linked::new(Link::open(self.ip, now)?, *tokens, now))
    }

    /// What a connection has brought.
    pub fn heard(&mut self, end: End, heard: Heard, now: Instant) {
        let seat = self.seat;
        let Some(linked) = self.links.get_mut(&end) else {
            return;
        };
        let after_ms = now.saturating_duration_since(self.joined_at).as_millis() as u64;
        match heard {
            Heard::Connected => {
                linked.connected_at = Some(now);
                let (to, media) = match end {
                    End::Participant(id) => (id, false),
                    End::Media(id) => (id, true),
                };
                self.told.push(Happening::Connected { seat, to, media });
            }
            Heard::Picture(_, 0) => self.feeds.packets += 1,
            Heard::Picture(mid, count) => {
                self.feeds.packets += 1;
                linked.saw(mid);
                let Some(picture) = linked.content(mid) else {
                    return;
                };
                let (of, source) = picture;
                // What comes last of someone may come after they have left.
                if !self.way.as_ref().is_some_and(|way| way.knows(of)) {
                    return;
                }
                match self.feeds.saw(picture, count, now) {
                    Some(Noticed::First) => self.told.push(Happening::FirstFrame {
                        seat,
                        of,
                        source,
                        after_ms,
                    }),
                    Some(Noticed::Gap(gap)) => self.told.push(Happening::Gap {
                        seat,
                        of,
                        source,
                        gap_ms: gap.as_millis() as u64,
                    }),
                    None => {}
                }
            }
            Heard::Sound(mid) => {
                self.feeds.packets += 1;
                self.feeds.sounds += 1;
                if let (false, Some((from, _))) = (self.heard_sound, linked.content(mid)) {
                    self.heard_sound = true;
                    self.told.push(Happening::FirstSound {
                        seat,
                        from,
                        after_ms,
                    });
                }
            }
            Heard::Lost => self.lose(end, "nothing came any more".into(), now),
        }
    }

    fn lose(&mut self, end: End, why: String, now: Instant) {
        let (End::Participant(to) | End::Media(to)) = end;
        if self.links.remove(&end).is_some() {
            let seat = self.seat;
            self.told.push(Happening::Lost { seat, to, why });
        }
        if matches!(end, End::Media(_)) {
            self.again_at = now + AGAIN_AFTER;
        }
    }

    /// Makes the connections those that there should be, and tells how far the change has come.
    pub fn settle(&mut self, now: Instant, tokens: &mut usize) -> Result<(), Error> {
        let Some(way) = &self.way else {
            return Ok(());
        };
        self.links.retain(|end, _| way.keeps(*end));
        let watched = way.to_watch(self.habits.watch);
        let links = &self.links;
        self.feeds.expect(|picture| {
            watched.contains(picture) || links.contains_key(&End::Participant(picture.0))
        });
        let wanted = way.wanted_media();
        if let Some(media) = wanted {
            self.settle_media(media, now, tokens)?;
        }
        self.look()?;
        self.tell_path(now)
    }

    fn settle_media(
        &mut self,
        media: PeerId,
        now: Instant,
        tokens: &mut usize,
    ) -> Result<(), Error> {
        let end = End::Media(media);
        let is_late = |linked: &Linked| {
            linked.connected_at.is_none()
                && now.saturating_duration_since(linked.opened_at) > CONNECT_WITHIN
        };
        if self.links.get(&end).is_some_and(is_late) {
            self.lose(end, "no connection came about".into(), now);
        }
        if !self.links.contains_key(&end) && now >= self.again_at {
            let mut linked = self.open(now, tokens)?;
            let slots = (self.habits.watch, AUDIO_SLOTS);
            let sdp = linked.link.offer_to_media(self.habits.layers(), slots)?;
            let kind = "offer".into();
            let wecall = None;
            let offer = Description { kind, sdp, wecall };
            self.links.insert(end, linked);
            self.send(&ClientMessage::Offer(Offer {
                target_peer_id: Cow::Owned(media.to_string()),
                offer: &offer.to_raw(),
            }))?;
        }
        let current = self.links.get(&end);
        let replaced = current.is_some_and(|linked| linked.connected_at.is_some());
        let opened_at = current.map_or(now, |linked| linked.opened_at);
        let given_up = now.saturating_duration_since(opened_at) > FORMER_FOR;
        if replaced || given_up {
            self.links
                .retain(|other, _| *other == end || matches!(other, End::Participant(_)));
        }
        Ok(())
    }

    /// Tells the media server what to show, when that is another thing than before.
    fn look(&mut self) -> Result<(), Error> {
        let Some((way, media)) = self.way.as_ref().and_then(|way| Some((way, way.media?))) else {
            return Ok(());
        };
        let pictures = way.to_watch(self.habits.watch);
        let Some(linked) = self.links.get_mut(&End::Media(media)) else {
            return Ok(());
        };
        if linked.connected_at.is_none() || linked.asked_for.as_ref() == Some(&pictures) {
            return Ok(());
        }
        let shown = pictures.iter().map(|(who, source)| Shown {
            peer_id: who.to_string(),
            source: *source,
            width: SHOWN.0,
            height: SHOWN.1,
        });
        let view = View {
            target_peer_id: media.to_string(),
            shown: shown.collect(),
            pinned: None,
        };
        linked.asked_for = Some(pictures);
        self.send(&ClientMessage::View(view))
    }

    fn tell_path(&mut self, now: Instant) -> Result<(), Error> {
        let Some(way) = &mut self.way else {
            return Ok(());
        };
        if way.path == way.topology {
            return Ok(());
        }
        let brings_all = |end: End, camera: bool| {
            let linked = self.links.get(&end);
            linked.is_some_and(|linked| linked.brings_all(end, camera, now))
        };
        let arrived = match way.topology {
            Topology::Sfu => way.media.is_some_and(|id| brings_all(End::Media(id), true)),
            Topology::Mesh => way
                .others()
                .all(|(id, other)| brings_all(End::Participant(id), other.camera)),
        };
        if !arrived {
            return Ok(());
        }
        way.path = way.topology;
        let path = way.path;
        let reach = (path == Topology::Sfu).then_some(Reach::Udp);
        let seat = self.seat;
        self.told.push(Happening::Path { seat, path, reach });
        self.send(&ClientMessage::MediaPath(MediaPath {
            path: Some(path),
            reach,
        }))
    }
}
