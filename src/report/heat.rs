//! A table as colours with its numbers in it: which loophole an arm still uses.

use crate::svg::Svg;

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

const WIDTH: f64 = 372.0;
const LEFT: f64 = 112.0;
const TOP: f64 = 27.0;
const ROW: f64 = 11.0;
const BOTTOM: f64 = 12.0;

impl Heat {
    /// As an SVG document.
    pub fn svg(&self) -> String {
        let height = TOP + ROW * self.rows.len() as f64 + BOTTOM;
        let wide = (WIDTH - LEFT - 4.0) / self.columns.len().max(1) as f64;
        let mut svg = Svg::open([WIDTH, height], 4.0, &self.title);
        for (i, column) in self.columns.iter().enumerate() {
            let x = LEFT + wide * (i as f64 + 0.5);
            svg.label([x, TOP - 4.0], r#"text-anchor="middle""#, column);
        }
        for (i, (label, cells)) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            svg.label([LEFT - 4.0, y + 7.8], r#"text-anchor="end""#, label);
            for (j, &cell) in cells.iter().enumerate() {
                draw(&mut svg, [LEFT + wide * j as f64, y], wide, cell);
            }
        }
        svg.text(format_args!(r#"x="{LEFT}" y="{:.2}""#, height - 3.0), &self.mark);
        svg.close()
    }
}

/// From white to red; dark cells have white figures.
fn draw(svg: &mut Svg, [x, y]: [f64; 2], wide: f64, (value, marked): Cell) {
    let shade = |to: f64| (255.0 + (to - 255.0) * value.unwrap_or(0.0).clamp(0.0, 1.0)).round();
    let ink = if value.is_some_and(|v| v > 0.55) { "#fff" } else { "#222" };
    let (red, other) = (shade(160.0), shade(30.0));
    let fill = format!(r##"fill="rgb({red},{other},{other})" stroke="#ccc" stroke-width="0.4""##);
    svg.rectangle([x, y], [wide - 1.0, ROW - 1.0], fill);
    let figure = value.map_or("–".into(), |v| format!("{v:.2}"));
    let words = format!("{figure}{}", if marked { " *" } else { "" });
    svg.label([x + wide / 2.0, y + 7.8], format_args!(r#"text-anchor="middle" fill="{ink}""#), &words);
}
