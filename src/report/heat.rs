//! A table as colours with its numbers in it: which loophole an arm still uses.

use crate::svg;
use std::fmt::Write;

pub struct Heat {
    pub title: String,
    pub columns: Vec<String>,
    /// Label and a value from 0 to 1 for every column; a mark under those that stand out.
    pub rows: Vec<(String, Vec<(f64, bool)>)>,
    /// What a mark means.
    pub mark: String,
}

const WIDTH: f64 = 360.0;
const LEFT: f64 = 140.0;
const TOP: f64 = 38.0;
const ROW: f64 = 15.0;
const BOTTOM: f64 = 16.0;

impl Heat {
    /// As an SVG document; equal data gives equal bytes.
    pub fn svg(&self) -> String {
        let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
        let wide = (WIDTH - LEFT - 4.0) / self.columns.len().max(1) as f64;
        let mut svg = svg::open(WIDTH, height, 9.0, 4.0, &self.title);
        for (i, column) in self.columns.iter().enumerate() {
            let x = LEFT + wide * (i as f64 + 0.5);
            let _ = write!(
                svg,
                "<text x=\"{x:.2}\" y=\"{:.2}\" font-size=\"8\" text-anchor=\"middle\">{column}</text>",
                TOP - 6.0
            );
        }
        for (i, (label, cells)) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            let _ =
                write!(svg, "<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"end\">{label}</text>", LEFT - 6.0, y + 10.5);
            for (j, &(value, marked)) in cells.iter().enumerate() {
                // From white to red; dark cells have white figures.
                let shade = |from: f64, to: f64| (from + (to - from) * value.clamp(0.0, 1.0)).round();
                let ink = if value > 0.55 { "#fff" } else { "#222" };
                let x = LEFT + wide * j as f64;
                let _ = write!(
                    svg,
                    "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"rgb({},{},{})\" stroke=\"#ccc\" \
                     stroke-width=\"0.4\"/><text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"middle\" fill=\"{ink}\">{value:.2}{}</text>",
                    wide - 1.0,
                    ROW - 1.0,
                    shade(255.0, 160.0),
                    shade(255.0, 30.0),
                    shade(255.0, 30.0),
                    x + wide / 2.0,
                    y + 10.5,
                    if marked { " *" } else { "" }
                );
            }
        }
        let _ = write!(svg, "<text x=\"{LEFT}\" y=\"{:.2}\" font-size=\"8\">{}</text>", height - 5.0, self.mark);
        svg + "</svg>\n"
    }
}
