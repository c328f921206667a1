//! Small line charts as SVG, legible on light and on dark pages.

use std::fmt::Write as _;

pub struct Chart {
    pub title: &'static str,
    pub panels: Vec<Panel>,
}

pub struct Panel {
    pub title: &'static str,
    /// Counts from small to large, and what was measured at them.
    pub points: Vec<(usize, f64)>,
}

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 28.0;

/// Lines across a panel, the one at zero included.
const LINES: usize = 5;

const STYLE: &str = "text{font:11px system-ui,sans-serif;fill:#57606a}\
    .title{font-size:14px;font-weight:600;fill:#24292f}\
    .grid{stroke:#d0d7de}.line{fill:none;stroke:#0969da;stroke-width:2}.dot{fill:#0969da}\
    .page{fill:#ffffff}\
    @media(prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}\
    .grid{stroke:#3d444d}.line{stroke:#4493f8}.dot{fill:#4493f8}.page{fill:#0d1117}}";

impl Chart {
    pub fn svg(&self) -> String {
        let width = WIDTH * self.panels.len() as f64;
        let mut svg = String::new();
        append(
            &mut svg,
            format_args!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" \
                 viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\">\n<title>{}</title>\n\
                 <style>{STYLE}</style>\n\
                 <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
                 <text class=\"title\" x=\"12\" y=\"22\">{}</text>\n",
                self.title, self.title
            ),
        );
        for (at, panel) in self.panels.iter().enumerate() {
            panel.draw(WIDTH * at as f64, &mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Panel {
    fn draw(&self, offset: f64, svg: &mut String) {
        let highest = self.points.iter().map(|point| point.1).fold(0.0, f64::max);
        let most = round_up(highest);
        let y = |value: f64| HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
        // Counts double from one to the next, more or less: evenly spaced, each can be read.
        let step = (WIDTH - LEFT - RIGHT) / (self.points.len().max(2) - 1) as f64;
        let x = |at: usize| offset + LEFT + step * at as f64;
        append(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"46\">{}</text>\n",
                offset + 12.0,
                self.title
            ),
        );
        for line in 0..LINES {
            let value = most * line as f64 / (LINES - 1) as f64;
            let (from, to, at) = (offset + LEFT, offset + WIDTH - RIGHT, y(value));
            append(
                svg,
                format_args!(
                    "<path class=\"grid\" d=\"M{from:.1} {at:.1}H{to:.1}\"/>\n\
                     <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                    from - 6.0,
                    at + 4.0,
                    short(value)
                ),
            );
        }
        let places: Vec<String> = self
            .points
            .iter()
            .enumerate()
            .map(|(at, (_, value))| format!("{:.1},{:.1}", x(at), y(*value)))
            .collect();
        append(
            svg,
            format_args!(
                "<polyline class=\"line\" points=\"{}\"/>\n",
                places.join(" ")
            ),
        );
        for (at, (count, value)) in self.points.iter().enumerate() {
            append(
                svg,
                format_args!(
                    "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{count}: \
                     {value:.2}</title></circle>\n\
                     <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>\n",
                    x(at),
                    y(*value),
                    x(at),
                    HEIGHT - 10.0
                ),
            );
        }
    }
}

/// 1, 2 or 4 times a power of ten: a quarter of it is short to write.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let most = [1.0, 2.0, 4.0, 8.0, 10.0].map(|factor| factor * power);
    most.into_iter()
        .find(|most| *most >= value)
        .unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn append(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    svg.write_fmt(arguments).expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_point_fits_below_a_round_number() {
        for (value, most) in [
            (0.0, 1.0),
            (0.7, 0.8),
            (3.1, 4.0),
            (8.1, 10.0),
            (40.0, 40.0),
        ] {
            assert!((round_up(value) - most).abs() < 1e-9, "{value}");
        }
        assert_eq!([short(0.0), short(2.5), short(10.0)], ["0", "2.5", "10"]);
    }

    #[test]
    fn each_point_is_a_dot_with_its_count_and_value() {
        let chart = Chart {
            title: "Cost",
            panels: vec![Panel {
                title: "µs",
                points: vec![(1, 4.0), (10, 2.0)],
            }],
        };
        let svg = chart.svg();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("<title>10: 2.00</title>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
