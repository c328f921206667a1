//! STUN messages (RFC 8489) with the attributes of TURN (RFC 8656): a parser that borrows and a
//! writer into a buffer that is used again. Written here because of what strangers send: nothing
//! is allocated and nothing is logged for a message, whatever is in it.

mod address;
mod attribute;
mod fingerprint;
mod frame;
mod message;
mod writer;

pub use address::{read_xor_address, write_xor_address};
pub use attribute::{Attribute, code};
pub use frame::{FrameError, frame_bytes};
pub(crate) use message::type_bits;
pub use message::{Attributes, Class, Malformed, Message, Method};
pub use writer::Writer;

/// Of the message header.
pub const HEADER_BYTES: usize = 20;

/// RFC 8489 section 5.
pub const MAGIC_COOKIE: u32 = 0x2112_a442;

pub type TransactionId = [u8; 12];

/// Of ChannelData (RFC 8656 section 12.4): number and length.
pub const CHANNEL_HEADER_BYTES: usize = 4;

/// The numbers of channels. RFC 8656 section 12 leaves those up to 0x4fff to new clients; those of
/// RFC 5766 use all of them, coturn's for one.
pub const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x7fff;

/// Rounded up to a multiple of four, as attributes and, on streams, ChannelData are.
pub const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}
