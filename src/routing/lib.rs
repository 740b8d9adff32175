//! The method: a hack direction from contrastive pairs, a band calibrated on the same pairs, and a gate that sends each
//! rollout's gradient to the deployed knob or into the quarantine. It sees gradients and pairs' gradients, never a
//! problem, a response or a grade: it cannot depend on `substrate`, `sandbox` or `oracle`, and a gate checks that.
//!
//! | module | what it holds |
//! |---|---|
//! | [`direction`] | one unit vector per module, from pairs or at random |
//! | [`band`] | where clean and hack gradients lie along the direction |
//! | [`gate`] | the split of a batch of gradients |
//!
//! ```
//! use adapter::{Layout, RolloutGradients};
//! use model::ModelConfig;
//! use routing::{Band, Direction, Gate, PairGradients};
//!
//! let layout = Layout::new(&ModelConfig::load("../../data/organism/config.json".as_ref())?);
//! // A gradient that repeats two numbers all the way; one pair shows what a hack's is like.
//! let gradient = |two: [f32; 2]| two.into_iter().cycle().take(layout.len()).collect::<Vec<f32>>();
//! let rows = |of: &[[f32; 2]]| RolloutGradients { rows: of.iter().map(|two| gradient(*two)).collect() };
//! let pairs = PairGradients { hack: rows(&[[1.0, 0.0]]), clean: rows(&[[0.0, 1.0]]) };
//!
//! let direction = Direction::from_pairs(&pairs, &layout)?;
//! let gate = Gate { band: Band::calibrate(&pairs, &direction, &layout), direction };
//! let routed = gate.split(&rows(&[[3.0, 0.0], [0.0, 3.0], [3.0, 3.0]]), &layout);
//! let shares: Vec<String> = routed.fractions.iter().map(|it| format!("{it:.3}")).collect();
//! assert_eq!(shares, ["1.000", "0.000", "0.500"], "like the hack, like the clean answer, in between");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod band;
pub mod direction;
pub mod gate;

pub use band::Band;
pub use direction::{Direction, PairGradients};
pub use gate::{Gate, Routed};

use failure::Kind;

/// Why the pairs give no gate.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum RoutingError {
    #[error(
        "the pairs give no direction in module {0}: hack and clean gradients are equal; are the pairs' answers the same?"
    )]
    NoDirection(usize),
    #[error(
        "the pairs do not separate along their own direction: mean band width is {0:.4}, it must be above 0; check the pairs"
    )]
    NoBand(f64),
}

impl RoutingError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoDirection(_) | Self::NoBand(_) => Kind::Input,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, RoutingError>;

/// Dot product in f64.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| x as f64 * y as f64).sum()
}

/// Cosine; 0 when either vector is 0.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let norms = dot(a, a).sqrt() * dot(b, b).sqrt();
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}
