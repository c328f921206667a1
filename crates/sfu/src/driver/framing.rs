//! Frames in a TCP stream: two bytes of length, then a datagram (RFC 4571).

/// ICE, DTLS and RTP keep below the size of an Ethernet frame; a client that says more is none.
pub const FRAME_BYTES: usize = 2_048;

/// The stream holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes")]
pub struct TooLarge(pub usize);

/// Takes a stream apart. Holds one frame at most.
#[derive(Debug, Default)]
pub struct Unframer {
    partial: Vec<u8>,
}

impl Unframer {
    /// Calls `each` with every frame that `bytes` completes. After an error the stream is no good.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), TooLarge> {
        while !bytes.is_empty() || self.is_complete()? {
            if self.partial.is_empty()
                && let Some((frame, rest)) = whole(bytes)?
            {
                each(frame);
                bytes = rest;
                continue;
            }
            let missing = self.missing()?.min(bytes.len());
            let (now, later) = bytes.split_at(missing);
            self.partial.extend_from_slice(now);
            bytes = later;
            if self.is_complete()? {
                each(&self.partial[2..]);
                self.partial.clear();
            }
        }
        Ok(())
    }

    fn missing(&self) -> Result<usize, TooLarge> {
        match length(&self.partial)? {
            None => Ok(2 - self.partial.len()),
            Some(length) => Ok(2 + length - self.partial.len()),
        }
    }

    fn is_complete(&self) -> Result<bool, TooLarge> {
        Ok(length(&self.partial)?.is_some_and(|length| self.partial.len() == 2 + length))
    }
}

fn length(bytes: &[u8]) -> Result<Option<usize>, TooLarge> {
    let [high, low, ..] = *bytes else {
        return Ok(None);
    };
    match usize::from(u16::from_be_bytes([high, low])) {
        length if length > FRAME_BYTES => Err(TooLarge(length)),
        length => Ok(Some(length)),
    }
}

type FrameAndRest<'a> = (&'a [u8], &'a [u8]);

/// The frame that `bytes` begin with, if all of it is there, and what follows.
fn whole(bytes: &[u8]) -> Result<Option<FrameAndRest<'_>>, TooLarge> {
    let Some(length) = length(bytes)? else {
        return Ok(None);
    };
    Ok(bytes[2..].split_at_checked(length))
}

/// Appends one frame. False if it is larger than any frame may be.
pub fn frame(contents: &[u8], out: &mut Vec<u8>) -> bool {
    if contents.len() > FRAME_BYTES {
        return false;
    }
    out.extend_from_slice(&(contents.len() as u16).to_be_bytes());
    out.extend_from_slice(contents);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frame_larger_than_a_datagram_ends_the_stream() {
        let mut unframer = Unframer::default();
        assert_eq!(unframer.feed(&[0xff], |_| {}), Ok(()));
        assert_eq!(unframer.feed(&[0xff, 1], |_| {}), Err(TooLarge(65_535)));
        assert!(!frame(&[0; FRAME_BYTES + 1], &mut Vec::new()));
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cuts in prop::collection::vec(1_usize..400, 1..50),
        ) {
            let mut stream = Vec::new();
            for contents in &frames {
                prop_assert!(frame(contents, &mut stream));
            }
            let mut unframer = Unframer::default();
            let mut seen = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                unframer.feed(now, |frame| seen.push(frame.to_vec())).unwrap();
                rest = later;
            }
            prop_assert_eq!(seen, frames);
        }
    }
}
