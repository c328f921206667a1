//! Who gets which layer of the bandwidth that one receiver has. A pure function of what is wanted.

/// How much wider than its cost the path must be before a layer is raised, in percent, so that a
/// wavering estimate does not make the picture waver.
const TO_RAISE_PERCENT: u64 = 115;

/// Who is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Screen,
    Pinned,
    Speaker,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerCost {
    pub bits_per_second: u64,
    pub height: u16,
    /// Packets of it come in.
    pub live: bool,
}

#[derive(Debug, Clone)]
pub struct Claim {
    pub class: Class,
    /// Of the tile, in pixels.
    pub height: u16,
    /// Small to large.
    pub layers: Vec<LayerCost>,
    /// What it has now.
    pub current: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allocation {
    /// For each claim, in order: the layer to send, or none.
    pub layers: Vec<Option<usize>>,
    /// For each claim: the layer it would get if the source sent all of them.
    pub wished: Vec<Option<usize>>,
    pub allocated_bps: u64,
    /// Everything at the size of its tile.
    pub desired_bps: u64,
    /// The next step up for the first claim that has one.
    pub next_bps: u64,
}

/// The smallest layer that fills the tile, or the largest there is. A tile that is a little larger
/// than the layer gains nothing from one four times as expensive.
pub fn fitting(layers: &[LayerCost], height: u16) -> usize {
    let fills = |layer: &LayerCost| u32::from(layer.height) * 4 >= u32::from(height) * 3;
    layers
        .iter()
        .position(fills)
        .unwrap_or(layers.len().saturating_sub(1))
}

/// `budget` is what the path carries, none where that is unknown. With `hold` nothing is raised: it
/// was lowered a moment ago.
pub fn allocate(claims: &[Claim], budget: Option<u64>, hold: bool) -> Allocation {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    // Stable: within a class the receiver's own order counts.
    order.sort_by_key(|index| claims[*index].class);
    let wished = grant(claims, &order, budget, hold, |_| true);
    let layers = grant(claims, &order, budget, hold, |layer| layer.live);
    let cost = |index: usize, layer: Option<usize>| {
        layer.map_or(0, |layer| claims[index].layers[layer].bits_per_second)
    };
    let sum = |chosen: &[Option<usize>]| -> u64 {
        chosen
            .iter()
            .enumerate()
            .map(|(index, layer)| cost(index, *layer))
            .sum()
    };
    let best: Vec<Option<usize>> = claims
        .iter()
        .map(|claim| (!claim.layers.is_empty()).then(|| fitting(&claim.layers, claim.height)))
        .collect();
    let wished_bps = sum(&wished);
    let next = order.iter().find_map(|index| {
        let next = wished[*index].map_or(0, |layer| layer + 1);
        (Some(next) <= best[*index])
            .then(|| wished_bps - cost(*index, wished[*index]) + cost(*index, Some(next)))
    });
    Allocation {
        allocated_bps: sum(&layers),
        desired_bps: sum(&best),
        next_bps: next.unwrap_or(wished_bps) * TO_RAISE_PERCENT / 100,
        layers,
        wished,
    }
}

/// First everyone's lowest layer, as a small picture is more than none; then raises, in order.
fn grant(
    claims: &[Claim],
    order: &[usize],
    budget: Option<u64>,
    hold: bool,
    usable: impl Fn(&LayerCost) -> bool,
) -> Vec<Option<usize>> {
    let mut left = budget.unwrap_or(u64::MAX);
    let mut granted = vec![None; claims.len()];
    let lowest = |claim: &Claim| claim.layers.iter().position(&usable);
    for (rank, index) in order.iter().enumerate() {
        let claim = &claims[*index];
        let Some(layer) = lowest(claim) else {
            continue;
        };
        let cost = claim.layers[layer].bits_per_second;
        let raise = claim.current.is_none();
        // The first one is never paused: without anything to send no estimate ever rises.
        if rank == 0 || affordable(cost, left, raise) {
            left = left.saturating_sub(cost);
            granted[*index] = Some(layer);
        }
    }
    for index in order {
        let claim = &claims[*index];
        let Some(base) = granted[*index] else {
            continue;
        };
        let target = fitting(&claim.layers, claim.height);
        let paid = claim.layers[base].bits_per_second;
        let choice = (base + 1..=target).rev().find(|layer| {
            let raise = claim.current.is_none_or(|current| *layer > current);
            let blocked = raise && hold && claim.current.is_some();
            let extra = claim.layers[*layer].bits_per_second.saturating_sub(paid);
            usable(&claim.layers[*layer]) && !blocked && affordable(extra, left, raise)
        });
        if let Some(layer) = choice {
            let extra = claim.layers[layer].bits_per_second.saturating_sub(paid);
            left = left.saturating_sub(extra);
            granted[*index] = Some(layer);
        }
    }
    granted
}

fn affordable(cost: u64, left: u64, raise: bool) -> bool {
    let percent = if raise { TO_RAISE_PERCENT } else { 100 };
    cost.saturating_mul(percent) / 100 <= left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(class: Class, height: u16, current: Option<usize>) -> Claim {
        let layer = |kbps: u64, height| LayerCost {
            bits_per_second: kbps * 1_000,
            height,
            live: true,
        };
        Claim {
            class,
            height,
            layers: vec![layer(150, 180), layer(500, 360), layer(1_500, 720)],
            current,
        }
    }

    fn layers(claims: &[Claim], kbps: u64) -> Vec<Option<usize>> {
        allocate(claims, Some(kbps * 1_000), false).layers
    }

    #[test]
    fn tile_decides_the_layer_where_bandwidth_does_not() {
        for (height, layer) in [
            (90, 0),
            (180, 0),
            (200, 0),
            (300, 1),
            (360, 1),
            (480, 1),
            (500, 2),
            (2_000, 2),
        ] {
            let claims = [camera(Class::Other, height, None)];
            assert_eq!(
                allocate(&claims, None, false).layers,
                [Some(layer)],
                "{height}"
            );
        }
    }

    #[test]
    fn bandwidth_goes_to_small_pictures_first_then_by_class() {
        let claims = [
            camera(Class::Other, 720, None),
            camera(Class::Speaker, 720, None),
            camera(Class::Screen, 720, None),
        ];
        let table = [
            (10, [None, None, Some(0)]),
            (330, [None, Some(0), Some(0)]),
            (500, [Some(0), Some(0), Some(0)]),
            (900, [Some(0), Some(0), Some(1)]),
            (2_100, [Some(0), Some(0), Some(2)]),
            (2_450, [Some(0), Some(1), Some(2)]),
            (9_000, [Some(2), Some(2), Some(2)]),
        ];
        for (kbps, expected) in table {
            assert_eq!(layers(&claims, kbps), expected, "{kbps} kbit/s");
        }
    }

    #[test]
    fn wavering_estimate_does_not_make_the_picture_waver() {
        let at = |kbps, current| layers(&[camera(Class::Other, 720, Some(current))], kbps)[0];
        assert_eq!(at(1_510, 1), Some(1), "not yet");
        assert_eq!(at(1_510, 2), Some(2), "still");
        assert_eq!(at(1_490, 2), Some(1), "no more");
        assert_eq!(at(1_800, 1), Some(2));
        let claims = [camera(Class::Other, 720, Some(1))];
        let held = allocate(&claims, Some(9_000_000), true);
        assert_eq!(held.layers, [Some(1)]);
    }

    #[test]
    fn layer_that_does_not_come_is_wished_and_not_waited_for() {
        let mut claim = camera(Class::Other, 720, Some(2));
        claim.layers[2].live = false;
        let allocation = allocate(&[claim], None, false);
        assert_eq!(allocation.layers, [Some(1)]);
        assert_eq!(allocation.wished, [Some(2)]);
    }

    #[test]
    fn next_step_and_everything_are_asked_of_the_estimate() {
        let claims = [
            camera(Class::Other, 720, Some(0)),
            camera(Class::Other, 180, Some(0)),
        ];
        let allocation = allocate(&claims, Some(310_000), false);
        assert_eq!(allocation.allocated_bps, 300_000);
        assert_eq!(allocation.next_bps, 650_000 * 115 / 100);
        assert_eq!(allocation.desired_bps, 1_650_000);
    }

    #[test]
    fn nothing_wanted_is_nothing_given() {
        assert_eq!(allocate(&[], Some(1), false), Allocation::default());
        let empty = Claim {
            layers: Vec::new(),
            ..camera(Class::Screen, 10, None)
        };
        assert_eq!(allocate(&[empty], Some(1), false).layers, [None]);
    }
}
