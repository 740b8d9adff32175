//! The page that opens from disk, and its data: texts as they are, packed, in scripts that call `GQ.load`.

use crate::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bundle::{BundleError, write_atomic};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;

macro_rules! page {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("audit/", $name)))),*] };
}

/// The page without its data.
const PAGE: [(&str, &str); 19] = page![
    "index.html",
    "audit.css",
    "chart.js",
    "check.js",
    "claims.js",
    "curves.js",
    "diff.js",
    "dom.js",
    "judge.js",
    "key.js",
    "ledger.js",
    "load.js",
    "main.js",
    "numbers.js",
    "recount.js",
    "rows.js",
    "runs.js",
    "sha256.js",
    "statistics.js",
];

/// Texts by their names in the bundle.
pub type Texts = Map<String, Value>;

/// Writes the page.
///
/// # Errors
/// A folder that cannot be written.
pub fn page(to: &Path) -> Result<()> {
    for (name, text) in PAGE {
        write_atomic(&to.join(name), text.as_bytes())?;
    }
    Ok(())
}

/// Writes one script of data, which gives itself this name.
///
/// # Errors
/// A file that cannot be written.
pub fn data(path: &Path, name: &str, texts: Texts) -> Result<()> {
    let broken = |source| BundleError::Write { path: path.into(), source };
    let mut packed = GzEncoder::new(vec![], Compression::best());
    packed.write_all(Value::Object(texts).to_string().as_bytes()).map_err(broken)?;
    let packed = STANDARD.encode(packed.finish().map_err(broken)?);
    let name = Value::from(name);
    Ok(write_atomic(path, format!("GQ.load({name}, \"{packed}\");\n").as_bytes())?)
}
