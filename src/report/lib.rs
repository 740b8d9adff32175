//! Numbers to figures to typst to PDF. Nothing is typeset that does not resolve to bytes on disk.
//!
//! | module | what it holds |
//! |---|---|
//! | [`receipts`] | a finished tier packed, to build its paper elsewhere |
//! | [`statement`] | the digest that their paper has, and its sources' |
//! | [`compare`] | a new run of a tier beside receipts, claim by claim |
//! | [`chart`] | line charts with error bands and direct labels, as SVG |
//! | [`dots`], [`heat`] | points with intervals, and a coloured table |
//! | [`figures`] | which charts the paper has |
//! | `inputs` | what the runs read that is not shipped |
//! | `origin` | what the PDF carries of its origin, as RO-Crate metadata |
//! | [`paper`] | the data that the paper's sources read |
//! | [`typeset`] | typst, in-process: embedded fonts, no network, no clock |
//! | [`tables`] | the claim table and the difference report on a terminal |
//!
//! ```
//! use report::chart::{Chart, Series, Style};
//!
//! let label = "route2b".to_string();
//! let points = vec![(0.0, 0.1, 0.0), (40.0, 0.02, 0.01)]; // update, mean, standard error
//! let style = Style { colour: "#0b3d91", dash: "none" };
//! let chart = Chart {
//!     title: "Deployed hack rate".into(),
//!     x_label: "update".into(),
//!     y_label: "share".into(),
//!     y_max: 1.0,
//!     series: vec![Series { label, points, style }],
//!     reference: None,
//! };
//! let svg = chart.svg();
//! assert!(svg.starts_with("<svg") && svg.contains("route2b"));
//! assert_eq!(svg, chart.svg(), "equal data gives equal bytes");
//! ```

pub mod chart;
pub mod compare;
pub mod dots;
pub mod figures;
pub mod heat;
mod inputs;
mod origin;
pub mod paper;
pub mod receipts;
pub mod statement;
mod svg;
pub mod tables;
pub mod typeset;

pub use paper::build;

use failure::Kind;
use std::path::PathBuf;

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum ReportError {
    #[error("the paper does not compile:\n{0}")]
    Typst(String),
    #[error("{path}, line {line}: the number {number} is typed into the text; print it with #num(\"key\")")]
    TypedNumber { path: PathBuf, line: usize, number: String },
    #[error(
        "the paper compares vanilla and route2b, and {arm} is not in the plan: add it, or make the numbers alone with `run`"
    )]
    NoPaper { arm: &'static str },
    #[error(
        "the paper is another than {path} states: {words}; if that is meant, look at the paper, and put the file of that \
         name beside it in its place"
    )]
    OtherPaper { path: PathBuf, words: String },
    #[error("{path}: {words}; run `build-paper` again")]
    OldPaper { path: PathBuf, words: String },
    #[error(transparent)]
    File(#[from] bundle::BundleError),
    #[error(transparent)]
    Experiment(#[from] experiment::ExperimentError),
}

impl ReportError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Typst(_) | Self::TypedNumber { .. } | Self::OtherPaper { .. } | Self::OldPaper { .. } => Kind::Check,
            Self::NoPaper { .. } => Kind::Usage,
            Self::File(e) => e.kind(),
            Self::Experiment(e) => e.kind(),
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, ReportError>;
