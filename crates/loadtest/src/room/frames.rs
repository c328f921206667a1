//! Whether what comes in could be decoded: frames of VP8 put together from packets, in order, from
//! a keyframe on.

use std::collections::VecDeque;

/// Frames that wait for a packet: two seconds of a camera.
const WAITING: usize = 60;

#[derive(Default)]
pub struct Frames {
    waiting: VecDeque<Frame>,
    /// The number after the last frame that was decoded.
    next: Option<u64>,
}

struct Frame {
    time: u32,
    first: Option<u64>,
    last: Option<u64>,
    packets: u64,
    keyframe: bool,
}

impl Frame {
    /// Its numbers, once it is whole.
    fn whole(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.first?, self.last?);
        (last.checked_sub(first)? + 1 == self.packets).then_some((first, last))
    }
}

impl Frames {
    /// A packet has come. Gives how many frames can be decoded because of it.
    pub fn saw(&mut self, payload: &[u8], number: u64, time: u32, marker: bool) -> usize {
        let Some((begins, keyframe)) = look(payload) else {
            return 0;
        };
        let frame = match self.waiting.iter_mut().find(|frame| frame.time == time) {
            Some(frame) => frame,
            None => {
                if self.waiting.len() == WAITING {
                    self.waiting.pop_front();
                }
                self.waiting.push_back(Frame {
                    time,
                    first: None,
                    last: None,
                    packets: 0,
                    keyframe: false,
                });
                self.waiting.back_mut().expect("just added")
            }
        };
        frame.packets += 1;
        if begins {
            frame.first = Some(number);
            frame.keyframe = keyframe;
        }
        if marker {
            frame.last = Some(number);
        }
        self.decode()
    }

    /// Whether something came that cannot be decoded yet.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn decode(&mut self) -> usize {
        let mut decoded = 0;
        while let Some((index, last)) = self.decodable() {
            self.next = Some(last + 1);
            self.waiting.remove(index);
            // What is before it is of no use any more.
            self.waiting
                .retain(|frame| frame.first.is_none_or(|first| first > last));
            decoded += 1;
        }
        decoded
    }

    fn decodable(&self) -> Option<(usize, u64)> {
        let whole = |keyframe_only: bool| {
            self.waiting.iter().enumerate().find_map(|(index, frame)| {
                let (first, last) = frame.whole()?;
                let fits = match self.next {
                    _ if keyframe_only => {
                        frame.keyframe && self.next.is_none_or(|next| first > next)
                    }
                    next => next == Some(first),
                };
                fits.then_some((index, last))
            })
        };
        whole(false).or_else(|| whole(true))
    }
}

/// Whether a frame begins in the payload, and whether it is a keyframe (RFC 7741 sections 4.2, 4.3).
fn look(payload: &[u8]) -> Option<(bool, bool)> {
    let first = *payload.first()?;
    let begins = first & 0x17 == 0x10;
    let mut at = 1;
    if first & 0x80 != 0 {
        let present = *payload.get(at)?;
        at += 1;
        if present & 0x80 != 0 {
            at += if *payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(present & 0x40 != 0);
        at += usize::from(present & 0x30 != 0);
    }
    let tag = *payload.get(at)?;
    Some((begins, begins && tag & 1 == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 2] = [0x10, 0x00];
    const DELTA: [u8; 2] = [0x10, 0x01];
    const REST: [u8; 2] = [0x00, 0x55];

    #[test]
    fn deltas_count_from_a_keyframe_on_and_not_over_a_hole() {
        let mut frames = Frames::default();
        assert_eq!(frames.saw(&DELTA, 1, 1, true), 0);
        assert_eq!(frames.saw(&KEY, 2, 2, false), 0);
        assert_eq!(frames.saw(&REST, 3, 2, true), 1);
        assert_eq!(frames.saw(&DELTA, 4, 3, true), 1);
        assert_eq!(frames.saw(&DELTA, 6, 5, true), 0);
        assert!(frames.is_waiting());
        // What was lost comes again, and with it what waited.
        assert_eq!(frames.saw(&DELTA, 5, 4, true), 2);
        assert_eq!(frames.saw(&DELTA, 9, 7, true), 0);
        assert_eq!(frames.saw(&KEY, 10, 8, true), 1);
        assert!(!frames.is_waiting());
    }

    #[test]
    fn packets_of_a_frame_may_come_in_any_order() {
        let mut frames = Frames::default();
        assert_eq!(frames.saw(&REST, 9, 1, true), 0);
        assert_eq!(frames.saw(&REST, 8, 1, false), 0);
        assert_eq!(frames.saw(&KEY, 7, 1, false), 1);
    }

    #[test]
    fn descriptor_of_each_form_is_passed_over() {
        assert_eq!(
            look(&[0x90, 0xe0, 0x81, 0x02, 3, 0, 0x00]),
            Some((true, true))
        );
        assert_eq!(look(&[0x90, 0x80, 0x05, 0x01]), Some((true, false)));
        assert_eq!(look(&[0x90, 0xe0, 0x81]), None);
        assert_eq!(look(&[]), None);
    }
}
