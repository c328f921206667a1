//! Looks at a stream as its decoder does.

use std::collections::BTreeMap;

use super::camera::{Stamp, read};

#[derive(Default)]
pub struct Checker {
    /// By extended sequence number.
    packets: BTreeMap<u64, Seen>,
}

struct Seen {
    time: u32,
    marker: bool,
    picture_id: u16,
    base_layer: u8,
    stamp: Stamp,
}

/// What came of a stream.
#[derive(Debug, Default)]
pub struct Report {
    pub frames: usize,
    /// Numbers that never came.
    pub missing: usize,
    /// Sender and layer, in the order in which they were shown.
    pub shown: Vec<(u8, u8)>,
}

impl Checker {
    pub fn saw(&mut self, number: u64, time: u32, marker: bool, payload: &[u8]) {
        let Some((stamp, picture_id, base_layer)) = read(payload) else {
            panic!("a packet that no encoder made");
        };
        let seen = Seen {
            time,
            marker,
            picture_id,
            base_layer,
            stamp,
        };
        let before = self.packets.insert(number, seen);
        assert!(
            before.is_none_or(|before| before.stamp == stamp),
            "one number for two packets"
        );
    }

    /// A decoder has something to show.
    pub fn has_begun(&self) -> bool {
        self.beginning().is_some()
    }

    /// Packets came, and none that a decoder could begin with.
    pub fn is_stuck(&self) -> bool {
        self.packets.len() > 20 && self.beginning().is_none()
    }

    fn beginning(&self) -> Option<u64> {
        let begins = |seen: &Seen| seen.stamp.keyframe && seen.stamp.part == 0;
        self.packets
            .iter()
            .find(|(_, seen)| begins(seen))
            .map(|(number, _)| *number)
    }

    /// Sender and layer of the newest packet.
    pub fn newest(&self) -> Option<(u8, u8)> {
        self.packets
            .values()
            .next_back()
            .map(|seen| (seen.stamp.sender, seen.stamp.layer))
    }

    /// Panics at whatever would freeze or confuse a decoder.
    pub fn check(&self) -> Report {
        let mut report = Report::default();
        let mut before: Option<(u64, &Seen)> = None;
        let Some(beginning) = self.beginning() else {
            return report;
        };
        for (number, seen) in self.packets.range(beginning..) {
            let stamp = seen.stamp;
            let Some((last_number, last)) = before.replace((*number, seen)) else {
                assert!(
                    *number < 65_536,
                    "SRTP starts below its first rollover, not at {number}"
                );
                assert!(
                    stamp.keyframe && stamp.part == 0,
                    "the stream starts with {stamp:?}"
                );
                report.shown.push((stamp.sender, stamp.layer));
                report.frames = 1;
                continue;
            };
            let hole = *number - last_number - 1;
            report.missing += hole as usize;
            assert_eq!(
                seen.marker,
                stamp.part + 1 == stamp.parts,
                "the marker ends a frame"
            );
            let id_step = seen.picture_id.wrapping_sub(last.picture_id) & 0x7fff;
            let base_step = seen.base_layer.wrapping_sub(last.base_layer);
            let time_step = seen.time.wrapping_sub(last.time);
            assert!(
                time_step < u32::MAX / 2,
                "time goes back from {} to {}",
                last.time,
                seen.time
            );
            let same_source = (stamp.sender, stamp.layer) == (last.stamp.sender, last.stamp.layer);
            let same_frame = same_source && stamp.frame == last.stamp.frame;
            if same_frame {
                assert_eq!(
                    (time_step, id_step, base_step),
                    (0, 0, 0),
                    "inside of a frame {stamp:?}"
                );
                assert_eq!(u64::from(stamp.part - last.stamp.part), hole + 1);
                continue;
            }
            report.frames += 1;
            if same_source
                && stamp.frame > last.stamp.frame
                && !(stamp.keyframe && stamp.part == 0 && hole == 0)
            {
                let frames = stamp.frame - last.stamp.frame;
                assert_eq!(
                    u32::from(id_step),
                    frames,
                    "picture id at {stamp:?} after {:?}",
                    last.stamp
                );
                assert_eq!(u32::from(base_step), frames & 0xff);
                if hole == 0 {
                    assert_eq!(frames, 1, "a frame is gone without a hole before {stamp:?}");
                    assert_eq!(stamp.part, 0);
                }
            } else {
                // A switch, or another start.
                if hole == 0 {
                    assert!(stamp.keyframe && stamp.part == 0, "a switch to {stamp:?}");
                    assert_eq!(
                        (id_step, base_step),
                        (1, 1),
                        "a switch to {stamp:?} after {:?}",
                        last.stamp
                    );
                    assert!(time_step > 0);
                    assert!(time_step < 90_000 * 60, "{time_step} ticks at a switch");
                }
                if !same_source {
                    report.shown.push((stamp.sender, stamp.layer));
                }
            }
        }
        report
    }
}
