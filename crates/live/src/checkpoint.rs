use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use wecall_protocol::{RoomId, Timestamp};
use wecall_room::RoomState;

use crate::{
    Live, Memory, Session,
    memory::{ENDED_KEPT_FOR, Unsaved},
};

/// What is live, written down for the next start: a server that was killed finds its rooms, their
/// participants and their chat as they were about a second before.
pub struct Checkpoints {
    database: Database,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("the file of live rooms cannot be opened: {0}")]
    Open(#[from] redb::DatabaseError),
    #[error("the file of live rooms cannot be read or written: {0}")]
    Storage(#[from] redb::Error),
}

/// Room states as JSON, under the schema version that is part of the table's name: a later
/// version that cannot read them starts with none, and participants bring their rooms back by
/// their tokens.
const ROOMS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("rooms-1");

/// When rooms have ended, in Unix milliseconds: their tokens must not bring them back.
const ENDED: TableDefinition<'_, &str, i64> = TableDefinition::new("ended-1");

/// Rooms are read once, at the start; what is written needs little.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// How many rooms a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    pub rooms: usize,
    /// Entries that could not be read, and were passed over.
    pub unreadable: usize,
}

impl Checkpoints {
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)?;
        Ok(Self { database })
    }

    /// Writes down what changed since the last call. Blocks on the disk.
    pub fn save(&self, live: &Live) -> Result<(), CheckpointError> {
        let Some(memory) = live.memory() else {
            return Ok(());
        };
        let mut batch = Vec::new();
        memory.take_unsaved(|room, unsaved| {
            batch.push((room, Record::new(unsaved)));
        });
        if batch.is_empty() {
            return Ok(());
        }
        let written = self.write(&batch);
        if written.is_err() {
            memory.mark_unsaved(batch.iter().map(|(room, _)| *room));
        }
        Ok(written?)
    }

    fn write(&self, batch: &[(RoomId, Record)]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut rooms = transaction.open_table(ROOMS)?;
            let mut ended = transaction.open_table(ENDED)?;
            for (room, record) in batch {
                match record {
                    Record::Room(json) => {
                        rooms.insert(room.as_str(), json.as_slice())?;
                    }
                    Record::Gone { ended_at } => {
                        rooms.remove(room.as_str())?;
                        if let Some(at) = ended_at {
                            ended.insert(room.as_str(), at.as_unix_ms())?;
                        }
                    }
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Brings back what the last run wrote down; everyone is away, and has the grace time to
    /// resume.
    pub fn restore(&self, live: &Live, now: Timestamp) -> Result<Restored, CheckpointError> {
        Ok(self.read(live, now)?)
    }

    fn read(&self, live: &Live, now: Timestamp) -> Result<Restored, redb::Error> {
        let mut restored = Restored {
            rooms: 0,
            unreadable: 0,
        };
        let Some(memory) = live.memory() else {
            return Ok(restored);
        };
        let transaction = self.database.begin_write()?;
        {
            let mut ended = transaction.open_table(ENDED)?;
            ended.retain(|_, at| now.since(Timestamp::from_unix_ms(at)) <= ENDED_KEPT_FOR)?;
            transaction.open_table(ROOMS)?;
        }
        transaction.commit()?;

        let transaction = self.database.begin_read()?;
        for entry in transaction.open_table(ENDED)?.iter()? {
            let (room, at) = entry?;
            if let Ok(room) = room.value().parse() {
                memory.restore_ended(room, Timestamp::from_unix_ms(at.value()));
            }
        }
        for entry in transaction.open_table(ROOMS)?.iter()? {
            let (_, json) = entry?;
            match serde_json::from_slice::<RoomState>(json.value()) {
                Ok(state)
                    if restore_room(live, memory, state.clone().restarted(now, &live.rules)) =>
                {
                    restored.rooms += 1;
                }
                Ok(_) | Err(_) => restored.unreadable += 1,
            }
        }
        Ok(restored)
    }
}

fn restore_room(live: &Live, memory: &Memory, state: RoomState) -> bool {
    let sessions: Vec<_> = state
        .participants
        .iter()
        .map(|participant| Session::away(state.id, participant.id))
        .collect();
    let created = memory.create(state).is_ok();
    if created {
        for session in sessions {
            live.hub.insert(session.into());
        }
    }
    created
}

enum Record {
    Room(Vec<u8>),
    Gone { ended_at: Option<Timestamp> },
}

impl Record {
    fn new(unsaved: Unsaved<'_>) -> Self {
        match unsaved {
            Unsaved::Room(state) => Self::Room(
                serde_json::to_vec(state).expect("a room's state holds nothing that JSON cannot"),
            ),
            Unsaved::Gone { ended_at } => Self::Gone { ended_at },
        }
    }
}
