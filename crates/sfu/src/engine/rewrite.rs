//! One stream out of many: numbers, times and picture ids of what is forwarded into a slot, so that
//! a decoder sees a single source whatever the slot is pointed at.

use std::time::{Duration, Instant};

/// A hole this large is no loss: the source began anew, and a decoder needs a keyframe then. The
/// window of a receiver's retransmission is about a thousand.
const LARGEST_HOLE: u64 = 1_000;

/// How far reports of the source may move a switch away from what the clock says.
const TRUSTED: Duration = Duration::from_secs(1);

const PICTURE_IDS: u16 = 1 << 15;

/// Of one packet of a source.
#[derive(Debug, Clone, Copy)]
pub struct Incoming {
    pub number: u64,
    pub time: u32,
    pub picture_id: Option<u16>,
    pub base_layer: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    pub number: u64,
    pub time: u32,
    pub picture_id: Option<u16>,
    pub base_layer: Option<u8>,
}

#[derive(Debug)]
pub struct Rewriter {
    /// The highest that went out, of each.
    number: u64,
    time: u32,
    picture_id: u16,
    base_layer: u8,
    at: Option<Instant>,
    segment: Option<Segment>,
}

/// What is added between two switches, modulo each field's width.
#[derive(Debug, Clone, Copy)]
struct Segment {
    first: u64,
    highest: u64,
    number: u64,
    time: u32,
    picture_id: u16,
    base_layer: u8,
}

impl Rewriter {
    /// `start` is any number: SRTP wants the first one below 65,536 (RFC 3711 § 3.3.1), and far
    /// enough from it that the receiver cannot mistake a late packet for a rollover.
    pub fn new(start: u16) -> Self {
        Self {
            number: u64::from(start & 0x7fff),
            time: u32::from(start) << 8,
            picture_id: start & (PICTURE_IDS - 1),
            base_layer: start as u8,
            at: None,
            segment: None,
        }
    }

    /// What follows comes from elsewhere, with a keyframe first. `aligned` is that packet's time on
    /// the clock of what flowed until now, where reports of the source tell it.
    pub fn switch(&mut self, first: Incoming, aligned: Option<u32>, clock_rate: u32, now: Instant) {
        let time = self.time_after(aligned, clock_rate, now);
        let picture_id = self.picture_id.wrapping_add(1) & (PICTURE_IDS - 1);
        let base_layer = self.base_layer.wrapping_add(1);
        self.segment = Some(Segment {
            first: first.number,
            highest: first.number,
            number: (self.number + 1).wrapping_sub(first.number),
            time: time.wrapping_sub(first.time),
            picture_id: picture_id.wrapping_sub(first.picture_id.unwrap_or(0)),
            base_layer: base_layer.wrapping_sub(first.base_layer.unwrap_or(0)),
        });
    }

    /// `time` of the running segment's clock, as it goes out.
    pub fn translate(&self, time: u32) -> Option<u32> {
        self.segment.map(|segment| time.wrapping_add(segment.time))
    }

    fn time_after(&self, aligned: Option<u32>, clock_rate: u32, now: Instant) -> u32 {
        let Some(at) = self.at else {
            return self.time;
        };
        let ticks = |time: Duration| (time.as_secs_f64() * f64::from(clock_rate)) as u32;
        // A picture is at least a millisecond after the one before.
        let by_clock = ticks(now.saturating_duration_since(at)).max(clock_rate / 1_000);
        if let Some(aligned) = aligned {
            let by_report = aligned.wrapping_sub(self.time);
            let rises = by_report > 0 && by_report < u32::MAX / 2;
            if rises && by_report.abs_diff(by_clock) < ticks(TRUSTED) {
                return aligned;
            }
        }
        self.time.wrapping_add(by_clock)
    }

    /// None for what cannot go out: from before the switch, or after a hole that is no loss. After
    /// the latter nothing goes out until the next switch.
    pub fn rewrite(&mut self, packet: Incoming, now: Instant) -> Option<Outgoing> {
        let segment = self.segment.as_mut()?;
        if packet.number < segment.first {
            return None;
        }
        if packet.number > segment.highest + LARGEST_HOLE {
            self.segment = None;
            return None;
        }
        let out = Outgoing {
            number: packet.number.wrapping_add(segment.number),
            time: packet.time.wrapping_add(segment.time),
            picture_id: packet
                .picture_id
                .map(|id| id.wrapping_add(segment.picture_id) & (PICTURE_IDS - 1)),
            base_layer: packet
                .base_layer
                .map(|id| id.wrapping_add(segment.base_layer)),
        };
        if packet.number >= segment.highest {
            segment.highest = packet.number;
            self.number = out.number;
            self.time = out.time;
            self.picture_id = out.picture_id.unwrap_or(self.picture_id);
            self.base_layer = out.base_layer.unwrap_or(self.base_layer);
            self.at = Some(now);
        }
        Some(out)
    }

    pub fn is_running(&self) -> bool {
        self.segment.is_some()
    }

    /// The number at the source of the packet that came first after the last switch.
    pub fn began_with(&self) -> Option<u64> {
        self.segment.map(|segment| segment.first)
    }

    pub fn stop(&mut self) {
        self.segment = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(number: u64, time: u32, picture_id: u16) -> Incoming {
        Incoming {
            number,
            time,
            picture_id: Some(picture_id),
            base_layer: Some(picture_id as u8),
        }
    }

    fn start() -> Instant {
        crate::engine::test_clock()
    }

    #[test]
    fn late_joiner_of_a_long_call_starts_below_the_first_rollover() {
        let mut rewriter = Rewriter::new(u16::MAX);
        let first = packet(9_000_000, 5, 7);
        rewriter.switch(first, None, 90_000, start());
        assert!(rewriter.rewrite(first, start()).unwrap().number < 65_536);
    }

    #[test]
    fn switch_goes_on_where_the_stream_was() {
        let mut rewriter = Rewriter::new(0);
        let first = packet(100, 1_000, 50);
        rewriter.switch(first, None, 90_000, start());
        let before = rewriter.rewrite(first, start()).unwrap();
        let later = start() + Duration::from_millis(40);
        let other = packet(7, 900_000, 12);
        rewriter.switch(other, None, 90_000, later);
        let after = rewriter.rewrite(other, later).unwrap();
        assert_eq!(after.number, before.number + 1);
        assert_eq!(after.time, before.time + 3_600);
        assert_eq!(after.picture_id, before.picture_id.map(|id| id + 1));
        assert_eq!(after.base_layer, before.base_layer.map(|id| id + 1));
        assert_eq!(
            rewriter.rewrite(packet(6, 0, 0), later),
            None,
            "from before the switch"
        );
    }

    #[test]
    fn report_of_the_source_decides_the_time_within_reason() {
        for (aligned, expected) in [
            (Some(3_000), 3_000),
            (Some(900_000), 3_600),
            (Some(u32::MAX), 3_600),
            (None, 3_600),
        ] {
            let mut rewriter = Rewriter::new(0);
            let first = packet(1, 0, 0);
            rewriter.switch(first, None, 90_000, start());
            let before = rewriter.rewrite(first, start()).unwrap().time;
            let later = start() + Duration::from_millis(40);
            let other = packet(1, 77, 0);
            let aligned = aligned.map(|ticks: u32| before.wrapping_add(ticks));
            rewriter.switch(other, aligned, 90_000, later);
            assert_eq!(
                rewriter.rewrite(other, later).unwrap().time,
                before + expected
            );
        }
    }

    #[test]
    fn hole_that_is_no_loss_waits_for_a_keyframe() {
        let mut rewriter = Rewriter::new(0);
        let first = packet(1, 0, 0);
        rewriter.switch(first, None, 90_000, start());
        assert!(rewriter.rewrite(first, start()).is_some());
        assert_eq!(rewriter.rewrite(packet(30_000, 0, 0), start()), None);
        assert!(!rewriter.is_running());
    }

    proptest! {
        /// Whatever order the network makes of it, and whatever it loses, each packet of a segment
        /// goes out under one number, segments never overlap, and what went out twice is the same.
        #[test]
        fn numbers_keep_their_distance_and_never_overlap(
            segments in prop::collection::vec((0u64..1 << 40, prop::collection::vec(0u64..300, 1..60)), 1..6),
        ) {
            let mut rewriter = Rewriter::new(17);
            let mut seen = std::collections::HashMap::new();
            for (segment, (first, offsets)) in segments.iter().enumerate() {
                rewriter.switch(packet(*first, 0, 0), None, 90_000, start());
                for offset in std::iter::once(&0).chain(offsets) {
                    let out = rewriter.rewrite(packet(first + offset, *offset as u32, *offset as u16), start());
                    let out = out.expect("inside of the segment");
                    let owner = seen.entry(out.number).or_insert((segment, *offset));
                    prop_assert_eq!(*owner, (segment, *offset));
                }
            }
        }
    }
}
