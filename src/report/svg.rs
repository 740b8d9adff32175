//! What every figure opens with.

/// Text as it stands in a document.
pub(crate) fn text(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An SVG document up to its title, which begins at `left`.
pub(crate) fn open(width: f64, height: f64, font: f64, left: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"Libertinus Serif, serif\" font-size=\"{font}\" fill=\"#222\"><rect width=\"{width}\" height=\"{height}\" \
         fill=\"#fff\"/><text x=\"{left}\" y=\"14\" font-size=\"11\" font-weight=\"bold\">{}</text>",
        text(title)
    )
}
