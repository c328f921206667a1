//! `Accept-Encoding` of RFC 9110 section 12.5.3.

use axum::http::HeaderValue;

use super::files::Encoding;

/// What we prefer where the client does not care: the smallest first.
const PREFERENCE: [Encoding; 4] = [
    Encoding::Brotli,
    Encoding::Zstd,
    Encoding::Gzip,
    Encoding::Identity,
];

/// Weights go from 0 to 1 in steps of a thousandth.
type Weight = u16;

/// What the client takes, its favourite first.
pub fn accepted_order<'a>(values: impl IntoIterator<Item = &'a HeaderValue>) -> Vec<Encoding> {
    let mut explicit: [Option<Weight>; 4] = [None; 4];
    let mut others: Option<Weight> = None;
    for value in values {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, weight) = parse(item);
            let known = PREFERENCE
                .iter()
                .position(|encoding| encoding.name().unwrap_or("identity") == name);
            match known {
                Some(index) => explicit[index] = Some(weight),
                None if name == "*" => others = Some(weight),
                None => {}
            }
        }
    }
    let weight = |index: usize| match (explicit[index].or(others), PREFERENCE[index]) {
        (Some(weight), _) => weight,
        // Taken by everyone who does not refuse it, but by nobody rather than an encoding.
        (None, Encoding::Identity) => 1,
        (None, _) => 0,
    };
    let mut order: Vec<usize> = (0..PREFERENCE.len())
        .filter(|index| weight(*index) > 0)
        .collect();
    order.sort_by_key(|index| std::cmp::Reverse(weight(*index)));
    order.into_iter().map(|index| PREFERENCE[index]).collect()
}

fn parse(item: &str) -> (String, Weight) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1_000, parse_weight);
    (name, weight)
}

/// An unreadable weight is taken for a refusal.
fn parse_weight(text: &str) -> Weight {
    let weight: f32 = text.trim().parse().unwrap_or(0.0);
    match weight.is_finite() {
        // In range by the clamp.
        true => (weight.clamp(0.0, 1.0) * 1_000.0) as Weight,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Brotli, Gzip, Identity, Zstd};

    fn order(accept: &'static str) -> Vec<Encoding> {
        accepted_order([&HeaderValue::from_static(accept)])
    }

    #[test]
    fn smallest_comes_first_where_the_client_does_not_care() {
        assert_eq!(
            order("gzip, deflate, br, zstd"),
            [Brotli, Zstd, Gzip, Identity]
        );
        assert_eq!(order("gzip, deflate"), [Gzip, Identity]);
        assert_eq!(accepted_order([]), [Identity]);
    }

    #[test]
    fn weights_of_the_client_count() {
        assert_eq!(
            order("br;q=0.5, gzip;q=0.8, identity;q=0.1"),
            [Gzip, Brotli, Identity]
        );
        assert_eq!(order("br;q=0, *;q=0.3"), [Zstd, Gzip, Identity]);
        assert_eq!(order("identity, gzip;q=0.5"), [Identity, Gzip]);
        assert_eq!(order("*;q=0"), []);
    }

    #[test]
    fn nonsense_is_no_encoding() {
        assert_eq!(order("br;q=x, gzip;q=NaN, ,;;, zstd;q=7"), [Zstd, Identity]);
    }
}
