//! What a peer sends: a source, its layers, and who gets it.

use std::{
    cell::OnceCell,
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use str0m::{
    media::{Mid, Rid},
    rtp::{RedDecoder, VideoOrientation},
};

use crate::{
    engine::{
        PeerIndex,
        allocate::LayerCost,
        api::Source,
        codec::{Format, Inspected},
        keyframes::KeyframeRequests,
    },
    limits,
};

/// A layer that was silent for longer does not come. Screens that do not change are sent rarely.
const CAMERA_SILENCE: Duration = Duration::from_millis(700);
const SCREEN_SILENCE: Duration = Duration::from_secs(5);

/// A source that was silent for longer is not shown to those who did not ask for it.
const SOURCE_SILENCE: Duration = Duration::from_secs(6);

/// Layers are asked off only after nobody needed them for this long.
pub const FEWER_AFTER: Duration = Duration::from_secs(2);

/// What a layer is taken to cost and to show until it was measured: what browsers make of the
/// three layers that our client asks for.
const NOMINAL: [(u64, u16); limits::LAYERS] = [(150_000, 180), (500_000, 360), (1_700_000, 720)];
const NOMINAL_SINGLE: (u64, u16) = (1_500_000, 720);

#[derive(Debug)]
pub struct Track {
    pub source: Source,
    pub mid: Mid,
    pub layers: Vec<Layer>,
    /// Slots that are pointed at it.
    pub receivers: Vec<(PeerIndex, usize)>,
    /// What came since the last flush, and what this flush hands to the receivers.
    pub fresh: Vec<Delivery>,
    pub handed: Vec<Delivery>,
    pub bucket: Bucket,
    /// Which layers the publisher was told to send.
    pub told: Vec<bool>,
    pub fewer_since: Option<Instant>,
    last: Option<Instant>,
    /// Which layers came when it was last looked at.
    live: Vec<bool>,
}

/// What is forwarded of one packet.
#[derive(Debug, Clone)]
pub struct Media {
    pub number: u64,
    pub time: u32,
    pub marker: bool,
    pub audio_level: Option<i8>,
    pub voice_activity: Option<bool>,
    pub orientation: Option<VideoOrientation>,
    /// Shared by all receivers.
    pub payload: Arc<[u8]>,
    pub inspected: Inspected,
}

/// One packet on its way to the receivers.
#[derive(Debug)]
pub struct Delivery {
    pub layer: usize,
    pub media: Media,
    /// Only for those whose stream begins with that packet.
    pub began_with: Option<u64>,
    pub came: Instant,
    /// The newest frame alone, made for the first receiver that does not know RED.
    without_red: OnceCell<Option<Arc<[u8]>>>,
}

impl Delivery {
    fn new(layer: usize, media: Media, began_with: Option<u64>, came: Instant) -> Self {
        Self {
            layer,
            media,
            began_with,
            came,
            without_red: OnceCell::new(),
        }
    }

    pub fn without_red(&self) -> Option<Arc<[u8]>> {
        let newest = || {
            let blocks = RedDecoder::decode(&self.media.payload).ok()?;
            Some(Arc::from(blocks.last()?.payload))
        };
        self.without_red.get_or_init(newest).clone()
    }
}

/// Packets of a layer that are kept: the time of a retransmission, and no more than a keyframe of
/// 720p. Most of what a publisher costs in memory.
const RECENT_FOR: Duration = Duration::from_millis(250);
const RECENT: usize = 96;

#[derive(Debug)]
pub struct Layer {
    pub rid: Option<Rid>,
    pub name: String,
    pub requests: KeyframeRequests,
    /// Wall clock and RTP time of the newest sender report.
    pub report: Option<(SystemTime, u32)>,
    pub format: Option<Format>,
    recent: VecDeque<(Instant, Media)>,
    height: Option<u16>,
    meter: Meter,
    last: Option<Instant>,
}

impl Track {
    pub fn new(source: Source, mid: Mid, names: &[String], now: Instant) -> Self {
        let layer = |name: &str| Layer {
            rid: (!name.is_empty()).then(|| Rid::from(name)),
            name: name.to_owned(),
            requests: KeyframeRequests::default(),
            report: None,
            format: None,
            recent: VecDeque::new(),
            height: None,
            meter: Meter::default(),
            last: None,
        };
        let layers: Vec<Layer> = match names {
            [] => vec![layer("")],
            names => names.iter().map(|name| layer(name)).collect(),
        };
        Self {
            source,
            mid,
            told: vec![true; layers.len()],
            layers,
            receivers: Vec::new(),
            fresh: Vec::new(),
            handed: Vec::new(),
            bucket: Bucket::new(limits::bits_per_second(source), limits::BURST, now),
            fewer_since: None,
            last: None,
            live: Vec::new(),
        }
    }

    pub fn layer_of(&self, rid: Option<Rid>) -> Option<usize> {
        self.layers.iter().position(|layer| layer.rid == rid)
    }

    pub fn came(&mut self, layer: usize, bytes: usize, height: Option<u16>, now: Instant) {
        self.last = Some(now);
        let layer = &mut self.layers[layer];
        layer.last = Some(now);
        layer.meter.bytes += bytes as u64;
        layer.height = height.or(layer.height);
    }

    /// A packet for all receivers, which get it with the next flush.
    pub fn deliver(&mut self, layer: usize, media: Media, now: Instant) {
        if self.source.is_audio() {
            self.fresh.push(Delivery::new(layer, media, None, now));
            return;
        }
        let recent = &mut self.layers[layer].recent;
        let is_old = |at: &Instant| now.saturating_duration_since(*at) > RECENT_FOR;
        while recent.len() == RECENT || recent.front().is_some_and(|(at, _)| is_old(at)) {
            recent.pop_front();
        }
        let number = media.number;
        let begins = media.inspected.begins_keyframe;
        recent.push_back((now, media.clone()));
        self.fresh.push(Delivery::new(layer, media, None, now));
        // The rest of a keyframe may have overtaken its beginning, which was lost at first: those
        // who begin with it need the rest too.
        if begins {
            let rest = recent.iter().map(|(_, other)| other);
            let rest = rest.filter(|other| other.number > number);
            let mut rest: Vec<Media> = rest.cloned().collect();
            rest.sort_unstable_by_key(|other| other.number);
            let rest = rest.into_iter();
            self.fresh
                .extend(rest.map(|other| Delivery::new(layer, other, Some(number), now)));
        }
    }

    /// Whether more of the picture has to come, as far as can be told.
    pub fn is_within_picture(&self) -> bool {
        let last = self.fresh.last();
        !self.source.is_audio() && last.is_some_and(|last| !last.media.marker)
    }

    /// Whether to show it to those who did not ask for it: it sends, or would if it were let.
    pub fn is_on(&self, now: Instant) -> bool {
        let sends = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < SOURCE_SILENCE);
        let silenced = self.last.is_some() && !self.told.contains(&true);
        sends || silenced
    }

    /// True if other layers come than before.
    pub fn tick(&mut self, elapsed: Duration, now: Instant) -> bool {
        for layer in &mut self.layers {
            layer.meter.tick(elapsed);
        }
        let live: Vec<bool> = (0..self.layers.len())
            .map(|layer| self.is_live(layer, now))
            .collect();
        let changed = live != self.live;
        self.live = live;
        changed
    }

    pub fn costs(&self, now: Instant) -> Vec<LayerCost> {
        let costs = self.layers.iter().enumerate().map(|(rank, layer)| {
            let nominal = match self.layers.len() {
                1 => NOMINAL_SINGLE,
                _ => NOMINAL[rank.min(NOMINAL.len() - 1)],
            };
            let live = self.is_live(rank, now);
            LayerCost {
                bits_per_second: layer.meter.bits_per_second(live).unwrap_or(nominal.0),
                height: layer.height.unwrap_or(nominal.1),
                live,
            }
        });
        let mut costs: Vec<LayerCost> = costs.collect();
        // A layer that a congested publisher starves, or that shows a still picture, costs no less
        // than the one below it: it must never look like the cheaper choice.
        for rank in 1..costs.len() {
            let below = costs[rank - 1].bits_per_second;
            costs[rank].bits_per_second = costs[rank].bits_per_second.max(below);
        }
        costs
    }

    fn is_live(&self, layer: usize, now: Instant) -> bool {
        let silence = match self.source {
            Source::Screen => SCREEN_SILENCE,
            _ => CAMERA_SILENCE,
        };
        self.layers[layer]
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < silence)
    }

    /// `time` of one layer on the clock of another, by what the source reported of both.
    pub fn align(&self, from: usize, to: usize, time: u32) -> Option<u32> {
        let (from_wall, from_rtp) = self.layers[from].report?;
        let (to_wall, to_rtp) = self.layers[to].report?;
        let rate = f64::from(self.layers[to].format?.clock_rate());
        let apart = match from_wall.duration_since(to_wall) {
            Ok(later) => later.as_secs_f64(),
            Err(earlier) => -earlier.duration().as_secs_f64(),
        };
        // Reports are seconds old, far from half of the 13 hours in which times come round.
        let since_report = time.wrapping_sub(from_rtp).cast_signed();
        let ticks = f64::from(since_report) + apart * rate;
        Some(to_rtp.wrapping_add((ticks.round() as i64) as u32))
    }
}

/// Bits a second, smoothed over about two seconds so that a keyframe does not double the cost.
#[derive(Debug, Default)]
struct Meter {
    bytes: u64,
    smooth: f64,
    ticks: u32,
}

/// Ticks until the meter says anything.
const SETTLED: u32 = 10;

impl Meter {
    fn tick(&mut self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64().max(0.001);
        let rate = (self.bytes * 8) as f64 / seconds;
        self.bytes = 0;
        if self.ticks == 0 && rate == 0.0 {
            return;
        }
        self.ticks = self.ticks.saturating_add(1);
        let follow = (seconds / 2.0).max(1.0 / f64::from(self.ticks)).min(1.0);
        self.smooth += (rate - self.smooth) * follow;
    }

    fn bits_per_second(&self, live: bool) -> Option<u64> {
        // What a layer cost when it last flowed says nothing once it is silent.
        (live && self.ticks >= SETTLED).then_some(self.smooth as u64)
    }
}

/// Lets a source send what was agreed, and bursts of it.
#[derive(Debug)]
pub struct Bucket {
    rate: u64,
    bits: f64,
    most: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: u64, burst: Duration, now: Instant) -> Self {
        let most = rate as f64 * burst.as_secs_f64();
        Self {
            rate,
            bits: most,
            most,
            at: now,
        }
    }

    pub fn takes(&mut self, bytes: usize, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.bits = (self.bits + elapsed * self.rate as f64).min(self.most);
        let bits = (bytes * 8) as f64;
        let takes = self.bits >= bits;
        if takes {
            self.bits -= bits;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_that_sends_ten_times_too_much_gets_its_share() {
        let start = crate::engine::test_clock();
        let mut bucket = Bucket::new(1_000_000, Duration::from_secs(1), start);
        let taken = (0..10_000_u64)
            .filter(|ms| bucket.takes(1_250, start + Duration::from_millis(*ms)))
            .count();
        let bits = taken * 1_250 * 8;
        assert!((10_900_000..11_100_000).contains(&bits), "{bits}");
    }

    #[test]
    fn reports_of_two_layers_make_one_clock() {
        let now = crate::engine::test_clock();
        let mut track = Track::new(
            Source::Camera,
            Mid::from("0"),
            &["q".into(), "h".into()],
            now,
        );
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        track.layers[0].report = Some((wall, 90_000));
        track.layers[1].report = Some((wall + Duration::from_secs(1), 5_000_000));
        assert_eq!(track.align(1, 0, 5_000_000), None, "no format yet");
        track.layers[0].format = Some(Format::Vp8);
        assert_eq!(track.align(1, 0, 5_000_000), Some(180_000));
        assert_eq!(track.align(1, 0, 5_000_000 - 90_000), Some(90_000));
    }

    #[test]
    fn larger_layer_never_looks_cheaper() {
        let now = crate::engine::test_clock();
        let mut track = Track::new(
            Source::Camera,
            Mid::from("0"),
            &["q".into(), "h".into()],
            now,
        );
        for tick in 0..30 {
            let now = now + Duration::from_millis(100 * tick);
            track.came(0, 10_000, None, now);
            track.came(1, 10, None, now);
            track.tick(Duration::from_millis(100), now);
        }
        let costs = track.costs(now + Duration::from_secs(3));
        assert!(costs[0].bits_per_second > 700_000);
        assert_eq!(costs[1].bits_per_second, costs[0].bits_per_second);
    }
}
