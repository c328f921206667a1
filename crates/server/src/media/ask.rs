//! What WHIP and WHEP ask the media server, at this node or another.

use serde::{Deserialize, Serialize};
use wecall_protocol::{ErrorCode, PeerId, UserName};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// By WHIP.
    Publish {
        peer: PeerId,
        name: UserName,
        /// Of the token: it has one stream at a time.
        grant: u64,
        offer: String,
    },
    /// By WHEP.
    Watch {
        peer: PeerId,
        /// Whom; the room without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<PeerId>,
        offer: String,
    },
    /// More candidates, or an ICE restart.
    Change {
        peer: PeerId,
        fragment: String,
        /// The entity tag of the ICE session that the client knows, or `*`.
        known: String,
    },
    End {
        peer: PeerId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    Accepted {
        answer: String,
    },
    Changed,
    Restarted {
        fragment: String,
        etag: String,
    },
    Ended,
    /// No such stream here.
    Unknown,
    /// The client does not know the ICE session of now.
    Stale,
    Refused {
        code: ErrorCode,
    },
}
