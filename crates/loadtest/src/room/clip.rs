//! What fake participants show and say: recorded once, see `clips/README.md`.

/// Frames of VP8 at 30 a second; the first is the only keyframe.
pub struct Clips {
    cameras: [Vec<&'static [u8]>; 3],
    /// Packets of Opus of 20 ms, over and over without a seam.
    pub tone: Vec<Vec<u8>>,
}

/// What a browser sends of its camera, small to large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Quarter,
    Half,
    Full,
}

impl Layer {
    pub const ALL: [Self; 3] = [Self::Quarter, Self::Half, Self::Full];

    /// The names that the web app gives its layers.
    pub const fn rid(self) -> &'static str {
        match self {
            Self::Quarter => "q",
            Self::Half => "h",
            Self::Full => "f",
        }
    }

    /// About what browsers make of a camera at these sizes.
    pub const fn bytes_per_second(self) -> usize {
        match self {
            Self::Quarter => 150_000 / 8,
            Self::Half => 500_000 / 8,
            Self::Full => 1_500_000 / 8,
        }
    }
}

impl Clips {
    pub fn load() -> Self {
        let camera = |file| frames_of_ivf(file).expect("the clips are whole");
        let tone = packets_of_ogg(include_bytes!("../../clips/tone.ogg"));
        Self {
            cameras: [
                camera(include_bytes!("../../clips/camera-180.ivf")),
                camera(include_bytes!("../../clips/camera-360.ivf")),
                camera(include_bytes!("../../clips/camera-720.ivf")),
            ],
            tone: tone.expect("the clips are whole"),
        }
    }

    pub fn camera(&self, layer: Layer) -> &[&'static [u8]] {
        &self.cameras[layer as usize]
    }
}

/// A file header of its own length, then frames with twelve bytes before each.
fn frames_of_ivf(file: &'static [u8]) -> Option<Vec<&'static [u8]>> {
    let header = u16::from_le_bytes(file.get(6..8)?.try_into().ok()?);
    let mut rest = file.get(usize::from(header)..)?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
        let end = 12 + usize::try_from(length).ok()?;
        frames.push(rest.get(12..end)?);
        rest = &rest[end..];
    }
    Some(frames)
}

/// RFC 3533 section 6; RFC 7845 section 3: the first two packets are headers.
fn packets_of_ogg(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut packets = vec![Vec::new()];
    let mut rest = file;
    while !rest.is_empty() {
        let segments = usize::from(*rest.get(26)?);
        let lengths = rest.get(27..27 + segments)?;
        rest = &rest[27 + segments..];
        for &length in lengths {
            let (segment, after) = rest.split_at_checked(length.into())?;
            packets.last_mut()?.extend(segment);
            rest = after;
            if length < 255 {
                packets.push(Vec::new());
            }
        }
    }
    packets.pop();
    packets.drain(..2.min(packets.len()));
    Some(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_whole_and_begin_with_their_only_keyframe() {
        let clips = Clips::load();
        for layer in Layer::ALL {
            let frames = clips.camera(layer);
            let keyframes: Vec<usize> = (0..frames.len())
                .filter(|&index| frames[index][0] & 1 == 0)
                .collect();
            assert_eq!((frames.len(), keyframes), (60, vec![0]), "{layer:?}");
        }
        let one_second = 48..=52;
        assert!(
            one_second.contains(&clips.tone.len()),
            "{}",
            clips.tone.len()
        );
    }
}
