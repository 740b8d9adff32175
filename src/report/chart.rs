//! A small line chart in SVG: bands for the standard error, a dash pattern and a marker per series so that it reads in
//! grey, and a direct label at each line's end instead of a legend.

use crate::svg;
use std::fmt::Write;

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

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 92.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 38.0;
/// Labels closer than this would overlap.
const LABEL_GAP: f64 = 11.0;

impl Chart {
    /// The chart as an SVG document. Coordinates have two decimals, so equal data gives equal bytes.
    pub fn svg(&self) -> String {
        let mut svg = svg::open(WIDTH, HEIGHT, 10.0, LEFT, &self.title);
        self.axes(&mut svg);
        if let Some((height, label)) = &self.reference {
            let y = self.y(*height);
            let _ = write!(
                svg,
                "<path d=\"M{LEFT} {y:.2}H{:.2}\" stroke=\"#888\" stroke-width=\"0.8\" stroke-dasharray=\"1 2\"/>\
                 <text x=\"{:.2}\" y=\"{:.2}\" font-size=\"8\" fill=\"#666\">{}</text>",
                WIDTH - RIGHT,
                LEFT + 4.0,
                y - 3.0,
                svg::text(label)
            );
        }
        self.series.iter().for_each(|s| self.line(&mut svg, s));
        self.labels(&mut svg);
        svg + "</svg>\n"
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

    fn axes(&self, svg: &mut String) {
        for i in 0..=4 {
            let value = self.y_max * f64::from(i) / 4.0;
            let y = self.y(value);
            let _ = write!(
                svg,
                "<path d=\"M{LEFT} {y:.2}H{:.2}\" stroke=\"#e4e4e4\" stroke-width=\"0.6\"/>\
                 <text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"end\">{value:.2}</text>",
                WIDTH - RIGHT,
                LEFT - 5.0,
                y + 3.5
            );
        }
        let mut ticks: Vec<f64> = self.series.iter().flat_map(|s| &s.points).map(|p| p.0).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let every = ticks.len().div_ceil(8).max(1);
        for tick in ticks.iter().step_by(every) {
            let _ = write!(
                svg,
                "<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{tick}</text>",
                self.x(*tick),
                HEIGHT - BOTTOM + 14.0
            );
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {:.2}H{:.2}\" stroke=\"#222\"/>\
             <text x=\"{middle:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(11 {:.2}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            self.y(0.0),
            WIDTH - RIGHT,
            HEIGHT - 8.0,
            svg::text(&self.x_label),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            svg::text(&self.y_label)
        );
    }

    fn line(&self, svg: &mut String, series: &Series) {
        let Style { colour, dash } = series.style;
        let at = |x: f64, y: f64| format!("{:.2} {:.2}", self.x(x), self.y(y));
        let upper = series.points.iter().map(|&(x, m, e)| at(x, m + e));
        let lower = series.points.iter().rev().map(|&(x, m, e)| at(x, m - e));
        let band: Vec<String> = upper.chain(lower).collect();
        let middle: Vec<String> = series.points.iter().map(|&(x, m, _)| at(x, m)).collect();
        let _ = write!(
            svg,
            "<path d=\"M{}Z\" fill=\"{colour}\" fill-opacity=\"0.18\"/>\
             <path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\"/>",
            band.join("L"),
            middle.join("L")
        );
        for &(x, m, _) in &series.points {
            let _ = write!(svg, "<circle cx=\"{:.2}\" cy=\"{:.2}\" r=\"2\" fill=\"{colour}\"/>", self.x(x), self.y(m));
        }
    }

    /// Labels at the lines' ends, moved apart where they would touch.
    fn labels(&self, svg: &mut String) {
        let mut ends: Vec<(f64, &Series)> =
            self.series.iter().filter_map(|s| Some((self.y(s.points.last()?.1), s))).collect();
        ends.sort_by(|a, b| b.0.total_cmp(&a.0));
        for i in 1..ends.len() {
            ends[i].0 = ends[i].0.min(ends[i - 1].0 - LABEL_GAP);
        }
        for (y, series) in ends {
            let _ = write!(
                svg,
                "<text x=\"{:.2}\" y=\"{:.2}\" fill=\"{}\">{}</text>",
                WIDTH - RIGHT + 6.0,
                y + 3.5,
                series.style.colour,
                svg::text(&series.label)
            );
        }
    }
}
