//! What figures are drawn with: a document, its text, paths and circles, and the ticks of an axis. Coordinates have two
//! decimals, so equal data gives equal bytes. A unit is a point on paper: figures are shown at their own size or larger, and no
//! text in them is smaller than [`SMALL`].

use std::fmt::{Display, Write};

/// The width of a figure of which two stand side by side between the paper's margins.
pub(crate) const HALF: f64 = 226.0;

/// The size of the smallest text.
pub(crate) const SMALL: f64 = 7.0;

/// A line of the grid behind a plot.
pub(crate) const GRID: &str = r##"stroke="#e4e4e4" stroke-width="0.6""##;

/// The values of an axis that have a line and a figure: at most six, at round places.
pub(crate) fn ticks(low: f64, span: f64) -> impl Iterator<Item = f64> {
    // What rounding leaves of a place on the axis' ends.
    let slack = 1e-9;
    let step =
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5].into_iter().find(|step| span / step <= 5.0 + slack).unwrap_or(1.0);
    let (first, last) = ((low / step - slack).ceil() as i64, ((low + span) / step + slack).floor() as i64);
    (first..=last).map(move |i| i as f64 * step)
}

/// The figure at a tick: two decimals, or three where two would name another place.
pub(crate) fn tick_label(value: f64) -> String {
    let hundredths = value * 100.0;
    if (hundredths - hundredths.round()).abs() < 1e-6 { format!("{value:.2}") } else { format!("{value:.3}") }
}

/// An SVG document that is being written.
pub(crate) struct Svg(String);

impl Svg {
    /// A white page with a title, which begins at `left`.
    pub(crate) fn open([width, height]: [f64; 2], left: f64, title: &str) -> Self {
        let mut svg = Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}pt\" height=\"{height}pt\" \
             font-family=\"Libertinus Serif, serif\" font-size=\"{SMALL}\" fill=\"#222\"><rect width=\"{width}\" height=\"{height}\" \
             fill=\"#fff\"/>"
        ));
        svg.text(format_args!("x=\"{left}\" y=\"10\" font-size=\"8\" font-weight=\"bold\""), title);
        svg
    }

    /// The whole document.
    pub(crate) fn close(self) -> String {
        self.0 + "</svg>\n"
    }

    /// Words, with what would be markup in them escaped.
    pub(crate) fn text(&mut self, attributes: impl Display, words: &str) {
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(self.0, "<text {attributes}>{words}</text>");
    }

    /// Words at a point.
    pub(crate) fn label(&mut self, [x, y]: [f64; 2], attributes: impl Display, words: &str) {
        self.text(format_args!("x=\"{x:.2}\" y=\"{y:.2}\" {attributes}"), words);
    }

    /// A line or an area.
    pub(crate) fn path(&mut self, d: impl Display, attributes: impl Display) {
        let _ = write!(self.0, "<path d=\"{d}\" {attributes}/>");
    }

    /// A point of a series.
    pub(crate) fn circle(&mut self, [x, y]: [f64; 2], radius: f64, colour: &str) {
        let _ = write!(self.0, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{colour}\"/>");
    }

    /// A rectangle with its upper left corner at a point.
    pub(crate) fn rectangle(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], attributes: impl Display) {
        let _ = write!(
            self.0,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" {attributes}/>"
        );
    }
}
