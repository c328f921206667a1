//! Publishers and viewers by WHIP and WHEP, and participants with layers: real ICE, DTLS and SRTP
//! over loopback, with as little behind it as will do, so that the server is what saturates.

mod camera;
mod crowd;
mod peer;
mod whip;

pub use crowd::{Crowd, Outcome, Population};
