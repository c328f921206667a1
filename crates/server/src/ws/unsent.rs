use super::frame::frame_end;

/// Frames that were handed over and that the socket has not taken yet. Holds no memory when empty.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    bytes: Vec<u8>,
    /// So many bytes at the front finish a frame whose beginning the socket has taken.
    begun: usize,
}

impl Unsent {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Keeps whole frames, of which the socket has taken `taken` bytes; none if others wait.
    pub(super) fn keep(&mut self, frames: &[u8], taken: usize) {
        if taken == frames.len() {
            return;
        }
        if self.bytes.is_empty() {
            self.begun = frame_end(frames, taken) - taken;
        }
        self.bytes.extend_from_slice(&frames[taken..]);
    }

    /// The socket has taken `taken` bytes of [`Unsent::bytes`].
    pub(super) fn advance(&mut self, taken: usize) {
        if taken == self.bytes.len() {
            *self = Self::default();
            return;
        }
        self.begun = match taken.checked_sub(self.begun) {
            Some(beyond) => frame_end(&self.bytes[self.begun..], beyond) - beyond,
            None => self.begun - taken,
        };
        self.bytes.drain(..taken);
    }

    /// Drops the frames of which the socket has taken nothing.
    pub(super) fn cut(&mut self) {
        self.bytes.truncate(self.begun);
        if self.bytes.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::frame::{Opcode, put_frame},
        *,
    };

    #[test]
    fn cut_finishes_the_begun_frame_and_no_other() {
        let payloads: [&[u8]; 4] = [b"one", &[b'x'; 200], &[b'y'; 70_000], b""];
        let mut frames = Vec::new();
        let mut ends = vec![0];
        for payload in payloads {
            put_frame(&mut frames, Opcode::Text, &[payload]);
            ends.push(frames.len());
        }
        let steps = (0..frames.len()).filter(|at| *at < 300 || at % 997 == 0);
        for first in steps {
            for second in [0, 1, 5, 204, 210, 65_000] {
                let mut unsent = Unsent::default();
                unsent.keep(&frames, first);
                let taken = second.min(frames.len() - first);
                unsent.advance(taken);
                unsent.cut();
                let at = first + taken;
                let end = ends.iter().copied().find(|end| *end >= at).unwrap();
                assert_eq!(unsent.bytes(), &frames[at..end], "{first} + {second}");
            }
        }
    }

    #[test]
    fn sent_frames_leave_no_memory_behind() {
        let mut unsent = Unsent::default();
        unsent.keep(&[0x81, 1, b'a', 0x81, 1, b'b'], 2);
        unsent.keep(&[0x81, 1, b'c'], 0);
        unsent.advance(3);
        assert_eq!(unsent.bytes(), [b'b', 0x81, 1, b'c']);
        unsent.advance(4);
        assert!(unsent.is_empty());
        assert_eq!(unsent.bytes.capacity(), 0);
    }
}
