//! One flat vector holds the knobs of all modules; the layout says which stretch is whose.

use model::{LinearId, ModelConfig};
use std::ops::Range;

/// Modules in [`LinearId::all`] order, each with its stretch of length `r = min(out, in)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    modules: Vec<(LinearId, Range<usize>)>,
}

impl Layout {
    /// The layout for every model of this architecture.
    pub fn new(config: &ModelConfig) -> Self {
        let mut at = 0;
        let modules = LinearId::all(config)
            .into_iter()
            .map(|id| {
                let [out, input] = id.proj.shape(config);
                let start = at;
                at += out.min(input);
                (id, start..at)
            })
            .collect();
        Self { modules }
    }

    /// Total length of a knob.
    pub fn len(&self) -> usize {
        self.modules.last().map_or(0, |(_, r)| r.end)
    }

    /// Whether there is no module.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// Number of modules.
    pub fn count(&self) -> usize {
        self.modules.len()
    }

    /// Each module's stretch, in order.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.modules.iter().map(|(_, r)| r.clone())
    }

    /// Each module with its stretch, in order.
    pub fn iter(&self) -> impl Iterator<Item = (LinearId, Range<usize>)> + '_ {
        self.modules.iter().cloned()
    }
}
