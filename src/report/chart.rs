//! A small line chart in SVG: bands for the standard error, a dash pattern and a marker per series so that it reads in
//! grey, and a direct label at each line's end instead of a legend.

use crate::svg::{GRID, HALF, Svg, tick_label, ticks};

/// One line: points are `(x, mean, standard error)`.
pub struct Series {
    /// At the line's end.
    pub label: String,
    /// From left to right.
    pub points: Vec<(f64, f64, f64)>,
    /// How it looks.
    pub style: Style,
}

/// How a line looks. Colours keep their order of lightness in grey.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// As SVG writes it.
    pub colour: &'static str,
    /// Dash pattern as SVG writes it, or `none`.
    pub dash: &'static str,
}

/// Lines over one axis.
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// Beside it.
    pub y_label: String,
    /// The upper end of the axis, which begins at 0.
    pub y_max: f64,
    /// The lines.
    pub series: Vec<Series>,
    /// Horizontal reference: height and label.
    pub reference: Option<(f64, String)>,
}

const WIDTH: f64 = HALF;
const HEIGHT: f64 = 158.0;
const LEFT: f64 = 35.0;
const RIGHT: f64 = 58.0;
const TOP: f64 = 19.0;
const BOTTOM: f64 = 27.0;
/// Labels closer than this would overlap.
const LABEL_GAP: f64 = 7.6;
/// A character's width, and what stands free beside a word.
const CHARACTER: f64 = 3.6;

impl Chart {
    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let mut svg = Svg::open([WIDTH, HEIGHT], LEFT, &self.title);
        self.axes(&mut svg);
        if let Some((height, _)) = &self.reference {
            svg.path(self.across(self.y(*height)), r##"stroke="#888" stroke-width="0.8" stroke-dasharray="1 2""##);
        }
        self.series.iter().for_each(|s| self.line(&mut svg, s));
        self.labels(&mut svg);
        svg.close()
    }

    fn x_max(&self) -> f64 {
        self.series.iter().flat_map(|s| &s.points).map(|p| p.0).fold(1.0, f64::max)
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.x_max() * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (value / self.y_max).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    /// A horizontal line through the plot.
    fn across(&self, y: f64) -> String {
        format!("M{LEFT} {y:.2}H{:.2}", WIDTH - RIGHT)
    }

    fn axes(&self, svg: &mut Svg) {
        for value in ticks(0.0, self.y_max) {
            let y = self.y(value);
            svg.path(self.across(y), GRID);
            svg.label([LEFT - 4.0, y + 2.5], r#"text-anchor="end""#, &tick_label(value));
        }
        let mut updates: Vec<f64> = self.series.iter().flat_map(|s| &s.points).map(|p| p.0).collect();
        updates.sort_by(f64::total_cmp);
        updates.dedup();
        let widest = updates.iter().map(|update| update.to_string().len()).max().unwrap_or(1);
        let room = (WIDTH - LEFT - RIGHT) / (CHARACTER * (widest + 2) as f64);
        let every = updates.len().div_ceil(room as usize).max(1);
        for update in updates.iter().step_by(every) {
            svg.label([self.x(*update), HEIGHT - BOTTOM + 9.0], r#"text-anchor="middle""#, &update.to_string());
        }
        let (across, down) = ((LEFT + WIDTH - RIGHT) / 2.0, (TOP + HEIGHT - BOTTOM) / 2.0);
        svg.path(self.across(self.y(0.0)), r##"stroke="#222""##);
        svg.label([across, HEIGHT - 5.0], r#"text-anchor="middle""#, &self.x_label);
        let upwards = format!(r#"transform="translate(8 {down:.2}) rotate(-90)" text-anchor="middle""#);
        svg.text(upwards, &self.y_label);
    }

    fn line(&self, svg: &mut Svg, series: &Series) {
        let Style { colour, dash } = series.style;
        let at = |x: f64, y: f64| format!("{:.2} {:.2}", self.x(x), self.y(y));
        let upper = series.points.iter().map(|&(x, m, e)| at(x, m + e));
        let lower = series.points.iter().rev().map(|&(x, m, e)| at(x, m - e));
        let band: Vec<String> = upper.chain(lower).collect();
        let middle: Vec<String> = series.points.iter().map(|&(x, m, _)| at(x, m)).collect();
        svg.path(format_args!("M{}Z", band.join("L")), format_args!(r#"fill="{colour}" fill-opacity="0.18""#));
        svg.path(
            format_args!("M{}", middle.join("L")),
            format_args!(r#"fill="none" stroke="{colour}" stroke-width="1.1" stroke-dasharray="{dash}""#),
        );
        series.points.iter().for_each(|&(x, m, _)| svg.circle([self.x(x), self.y(m)], 1.4, colour));
    }

    /// Labels at the lines' ends, moved apart where they would touch.
    fn labels<'a>(&'a self, svg: &mut Svg) {
        let end = |s: &'a Series| Some((self.y(s.points.last()?.1), s.label.as_str(), s.style.colour));
        let reference = self.reference.iter().map(|(height, label)| (self.y(*height), label.as_str(), "#666"));
        let mut ends: Vec<(f64, &str, &str)> = self.series.iter().filter_map(end).chain(reference).collect();
        ends.sort_by(|a, b| b.0.total_cmp(&a.0));
        for i in 1..ends.len() {
            ends[i].0 = ends[i].0.min(ends[i - 1].0 - LABEL_GAP);
        }
        for (y, label, colour) in ends {
            svg.label([WIDTH - RIGHT + 4.0, y + 2.5], format_args!(r#"fill="{colour}""#), label);
        }
    }
}
