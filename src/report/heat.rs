//! A table as colours with its numbers in it: which loophole an arm still uses.

use crate::svg;
use std::fmt::Write;

/// A value from 0 to 1, none where nothing was measured, and whether it is marked.
pub type Cell = (Option<f64>, bool);

/// A table of coloured cells.
pub struct Heat {
    /// Above it.
    pub title: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Label and a cell for every column.
    pub rows: Vec<(String, Vec<Cell>)>,
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
                "<text x=\"{x:.2}\" y=\"{:.2}\" font-size=\"7\" text-anchor=\"middle\">{}</text>",
                TOP - 6.0,
                svg::text(column)
            );
        }
        for (i, (label, cells)) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            let _ = write!(
                svg,
                "<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 10.5,
                svg::text(label)
            );
            for (j, &(value, marked)) in cells.iter().enumerate() {
                // From white to red; dark cells have white figures.
                let shade = |from: f64, to: f64| (from + (to - from) * value.unwrap_or(0.0).clamp(0.0, 1.0)).round();
                let ink = if value.is_some_and(|v| v > 0.55) { "#fff" } else { "#222" };
                let x = LEFT + wide * j as f64;
                let _ = write!(
                    svg,
                    "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"rgb({},{},{})\" stroke=\"#ccc\" \
                     stroke-width=\"0.4\"/><text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"middle\" fill=\"{ink}\">{}{}</text>",
                    wide - 1.0,
                    ROW - 1.0,
                    shade(255.0, 160.0),
                    shade(255.0, 30.0),
                    shade(255.0, 30.0),
                    x + wide / 2.0,
                    y + 10.5,
                    value.map_or("–".into(), |v| format!("{v:.2}")),
                    if marked { " *" } else { "" }
                );
            }
        }
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{:.2}\" font-size=\"8\">{}</text>",
            height - 5.0,
            svg::text(&self.mark)
        );
        svg + "</svg>\n"
    }
}
