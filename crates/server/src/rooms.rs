//! The rooms, as the REST API sees them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wecall_live::{CreateError, Grant, Live};
use wecall_protocol::{ErrorCode, PeerId, RoomId, RoomName, Timestamp, UserName, rest::TokenKind};
use wecall_room::{RoomOptions, RoomState};

use crate::media::{Ask, Reply};

/// A second room id is taken with a chance of 1 to 2 million even when the server is full.
const ID_ATTEMPTS: usize = 5;

pub struct Rooms {
    live: Arc<Live>,
}

/// What everyone may know who has the room's code.
#[derive(Debug, Clone)]
pub struct RoomSummary {
    pub id: RoomId,
    pub name: Option<RoomName>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub max_participants: u16,
    pub locked: bool,
    pub participants: Vec<UserName>,
}

#[derive(Debug, Clone)]
pub struct NewRoom {
    pub id: RoomId,
    /// Makes its holder a host.
    pub host_token: String,
}

impl Rooms {
    pub fn new(live: Arc<Live>) -> Self {
        Self { live }
    }

    /// Creates a room under one of the ids that `propose_id` gives.
    pub async fn create(
        &self,
        mut propose_id: impl FnMut() -> Result<RoomId, ErrorCode>,
        options: &RoomOptions,
        now: Timestamp,
    ) -> Result<NewRoom, ErrorCode> {
        for _ in 0..ID_ATTEMPTS {
            let id = propose_id()?;
            match self.live.create(id, options.clone(), now).await {
                Ok(host_token) => {
                    tracing::info!(room = %id, "created");
                    return Ok(NewRoom { id, host_token });
                }
                Err(CreateError::IdTaken) => {}
                Err(CreateError::TooManyRooms) => {
                    tracing::warn!("no new room: limits.max_rooms");
                    return Err(ErrorCode::Unavailable);
                }
                Err(CreateError::Unavailable) => return Err(ErrorCode::Unavailable),
            }
        }
        tracing::error!("no new room: the system's random bytes repeat");
        Err(ErrorCode::Unavailable)
    }

    pub async fn get(&self, id: RoomId, now: Timestamp) -> Result<RoomSummary, ErrorCode> {
        self.live.inspect(id, summary, now).await?
    }

    /// The room's name and how many are in it, if one more may join.
    pub async fn check(
        &self,
        id: RoomId,
        now: Timestamp,
    ) -> Result<(Option<RoomName>, u16), ErrorCode> {
        let check = |room: &RoomState| {
            room.admits_newcomers()?;
            Ok((room.name.clone(), room.participant_count()))
        };
        self.live.inspect(id, check, now).await?
    }

    /// A token for what `grant` states, by whoever holds the host token.
    pub async fn grant(
        &self,
        grant: Grant,
        host_token: &str,
        now: Timestamp,
    ) -> Result<String, ErrorCode> {
        self.live.grant(grant, host_token, now).await
    }

    pub async fn check_grant(
        &self,
        room: RoomId,
        kind: TokenKind,
        token: &str,
        now: Timestamp,
    ) -> Result<Grant, ErrorCode> {
        self.live.check_grant(room, kind, token, now).await
    }

    pub fn stream_name(&self, room: RoomId, kind: TokenKind, peer: PeerId) -> String {
        self.live.stream_name(room, kind, peer)
    }

    pub fn stream_named(&self, room: RoomId, kind: TokenKind, name: &str) -> Option<PeerId> {
        self.live.stream_named(room, kind, name)
    }

    /// Asks the media server of a room, wherever it is.
    pub async fn ask_media(
        &self,
        room: RoomId,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<Reply, ErrorCode> {
        let question = serde_json::to_string(ask).expect("it holds nothing that JSON cannot");
        let reply = self.live.ask_media(room, question.into(), now).await?;
        serde_json::from_str(&reply).map_err(|error| {
            tracing::warn!(%error, "the media server answered in the words of another version");
            ErrorCode::Unavailable
        })
    }

    /// Since how long the store of the rooms does not answer.
    pub fn store_down_for(&self, now: Instant) -> Option<Duration> {
        let shared = self.live.shared_rooms()?;
        let since = shared.with(|node, _| node.down_since())?;
        Some(now.saturating_duration_since(since))
    }

    /// Where clients find signaling, the best for those of this node's region first.
    pub fn signaling_urls(&self, region: &str) -> Vec<String> {
        let Some(shared) = self.live.shared_rooms() else {
            return Vec::new();
        };
        let mut nodes = shared.with(|node, _| {
            let infos = node.nodes().map(|(_, info)| info);
            let signaling = infos
                .filter(|info| !info.draining && info.roles.iter().any(|role| role == "signal"));
            let with_urls = signaling.filter_map(|info| {
                let url = info.public_url.clone()?;
                Some((info.region != region, info.participants, url))
            });
            with_urls.collect::<Vec<_>>()
        });
        nodes.sort();
        let mut urls: Vec<String> = nodes.into_iter().map(|(_, _, url)| url).collect();
        // Several nodes may be behind one address.
        urls.dedup();
        urls
    }

    pub fn room_count(&self) -> usize {
        self.live.room_count()
    }

    pub fn participant_count(&self) -> usize {
        self.live.participant_count()
    }
}

fn summary(room: &RoomState) -> Result<RoomSummary, ErrorCode> {
    // Its code is remembered for a while, so that nobody brings it back.
    if room.ended.is_some() {
        return Err(ErrorCode::RoomNotFound);
    }
    Ok(RoomSummary {
        id: room.id,
        name: room.name.clone(),
        created_at: room.created_at,
        expires_at: room.expires_at,
        max_participants: room.max_participants,
        locked: room.locked,
        participants: room
            .participants
            .iter()
            .map(|one| one.name.clone())
            .collect(),
    })
}
