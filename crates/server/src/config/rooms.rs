use std::time::Duration;

use wecall_protocol::limits;

use super::section::section;

section! {
    /// Rooms.
    pub struct RoomsConfig in "rooms" {
        /// The most that a room may hold, and what it holds when its creator asks for nothing
        /// less. Rooms with clients of protocol version 1 run from browser to browser, however
        /// many are in: there each browser sends its camera to all the others.
        max_participants: u16 = "100",
        /// How long a room stays when its last participant has gone.
        empty_grace: Duration = "10m",
        /// How long a new room waits for its first participant.
        unused_grace: Duration = "24h",
    }
}

impl RoomsConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        let allowed = 2..=limits::ROOM_PARTICIPANTS;
        if !allowed.contains(&self.max_participants) {
            return Err(format!(
                "rooms.max_participants: {} is not from {} to {}",
                self.max_participants,
                allowed.start(),
                allowed.end()
            ));
        }
        Ok(())
    }
}
