//! Points with intervals, a row each: the ablations at a glance.

use crate::svg::{GRID, HALF, Svg, tick_label, ticks};

/// One row: a value and the ends of its interval.
#[derive(Clone)]
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

const WIDTH: f64 = HALF;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 17.0;
const ROW: f64 = 9.4;
const BOTTOM: f64 = 25.0;

impl Dots {
    /// As an SVG document.
    pub fn svg(&self) -> String {
        let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
        let ends = || self.rows.iter().flat_map(|r| [r.low, r.high]).chain([self.reference]);
        let (low, high) = (ends().fold(f64::MAX, f64::min), ends().fold(f64::MIN, f64::max));
        let (low, high) = ((low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0);
        let span = (high - low).max(0.1);
        let x = |value: f64| LEFT + (value - low) / span * (WIDTH - LEFT - RIGHT);
        let mut svg = Svg::open([WIDTH, height], 4.0, &self.title);
        let foot = height - BOTTOM;
        let down = |x: f64| format!("M{x:.2} {TOP}V{foot:.2}");
        for value in ticks(low, span) {
            svg.path(down(x(value)), GRID);
            svg.label([x(value), foot + 9.0], r#"text-anchor="middle""#, &tick_label(value));
        }
        svg.path(down(x(self.reference)), r##"stroke="#888" stroke-dasharray="2 2""##);
        svg.label([(LEFT + WIDTH - RIGHT) / 2.0, height - 5.0], r#"text-anchor="middle""#, &self.x_label);
        for (i, row) in self.rows.iter().enumerate() {
            let (y, colour) = (TOP + ROW * (i as f64 + 0.5), row.colour);
            svg.label([LEFT - 4.0, y + 2.4], r#"text-anchor="end""#, &row.label);
            let interval = format!("M{:.2} {y:.2}H{:.2}", x(row.low), x(row.high));
            svg.path(interval, format_args!(r#"stroke="{colour}" stroke-width="1.1""#));
            svg.circle([x(row.value), y], 1.9, colour);
        }
        svg.close()
    }
}
