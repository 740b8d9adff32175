//! Points with intervals, a row each: the ablations at a glance.

use crate::svg;
use std::fmt::Write;

/// One row: a value and the ends of its interval.
pub struct Dot {
    /// To the left.
    pub label: String,
    /// The point.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// As SVG writes it.
    pub colour: &'static str,
}

/// A plot of rows.
pub struct Dots {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// From top to bottom.
    pub rows: Vec<Dot>,
    /// Vertical reference.
    pub reference: f64,
}

const WIDTH: f64 = 360.0;
const LEFT: f64 = 140.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 24.0;
const ROW: f64 = 13.0;
const BOTTOM: f64 = 30.0;

impl Dots {
    /// As an SVG document; equal data gives equal bytes.
    pub fn svg(&self) -> String {
        let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
        let ends = || self.rows.iter().flat_map(|r| [r.low, r.high]).chain([self.reference]);
        let (low, high) = (ends().fold(f64::MAX, f64::min), ends().fold(f64::MIN, f64::max));
        let (low, high) = ((low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0);
        let span = (high - low).max(0.1);
        let x = |value: f64| LEFT + (value - low) / span * (WIDTH - LEFT - RIGHT);
        let mut svg = svg::open(WIDTH, height, 9.0, 4.0, &self.title);
        let foot = height - BOTTOM;
        for i in 0..=4 {
            let value = low + span * f64::from(i) / 4.0;
            let _ = write!(
                svg,
                "<path d=\"M{at:.2} {TOP}V{foot:.2}\" stroke=\"#e4e4e4\" stroke-width=\"0.6\"/>\
                 <text x=\"{at:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{value:.2}</text>",
                foot + 11.0,
                at = x(value)
            );
        }
        let _ = write!(
            svg,
            "<path d=\"M{at:.2} {TOP}V{foot:.2}\" stroke=\"#888\" stroke-dasharray=\"2 2\"/>\
             <text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            height - 6.0,
            svg::text(&self.x_label),
            at = x(self.reference)
        );
        for (i, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * (i as f64 + 0.5);
            let _ = write!(
                svg,
                "<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"end\">{}</text>\
                 <path d=\"M{:.2} {y:.2}H{:.2}\" stroke=\"{c}\" stroke-width=\"1.4\"/>\
                 <circle cx=\"{:.2}\" cy=\"{y:.2}\" r=\"2.6\" fill=\"{c}\"/>",
                LEFT - 6.0,
                y + 3.0,
                svg::text(&row.label),
                x(row.low),
                x(row.high),
                x(row.value),
                c = row.colour
            );
        }
        svg + "</svg>\n"
    }
}
