//! The STUN and TURN server (RFC 8489, RFC 8656): [`Turn`] is the machine, which knows no
//! sockets, no clock and no randomness; [`driver`] gives it UDP, TCP and TLS.

mod allocation;
mod bounded;
pub mod client;
mod credentials;
pub mod driver;
mod figures;
mod holders;
mod nonce;
mod peers;
pub mod stun;
mod turn;
mod users;

pub use bounded::Bounds;
pub use credentials::{Credentials, Secret};
pub use figures::{Figures, Refused};
pub use peers::{Own, PeerPolicy};
pub use turn::{
    ClientId, Family, Head, LinkId, Now, PortKind, RelayId, RelaySockets, Settings, Step, Turn,
};
