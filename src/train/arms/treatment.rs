//! What an arm does with the gradients of an update, by name.

/// How gradients are divided between the knobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// All of it to the deployed knob.
    Nothing,
    /// Each rollout's gradient is split by the gate.
    Rollouts,
    /// Each token's.
    Tokens,
    /// Each rollout's, by a band that is shifted until as much is routed as in another arm's run.
    Matched {
        /// The name of that arm.
        to: &'static str,
    },
    /// The same, by a ramp as wide as the rollouts' own cosines spread.
    Ramp {
        /// The name of that arm.
        to: &'static str,
    },
    /// Split; rollouts sampled with the quarantine on by a band that is calibrated on that policy.
    BandPerPolicy,
    /// Split; of rollouts sampled with the quarantine on the deployed knob gets half of its part.
    Discounted,
    /// Split, and the routed part dropped.
    Erased,
    /// All of it to both knobs.
    Absorbed,
    /// Each rollout's gradient shrinks by its gate value, averaged over modules.
    Scaled,
    /// Split by the gate values of other rollouts: the same values, permuted.
    Shuffled,
    /// Split by each module's mean gate value over rollouts.
    Uniform,
    /// Split by each rollout's mean gate value over modules.
    Pooled,
    /// Split by a gate that looks at the gradient of the likelihood, whatever the advantage's sign.
    Likelihood,
    /// To one knob, to the other, or to both whole.
    Hard,
    /// The direction's score is taken off the reward.
    Penalised,
    /// Rollouts with a high score leave the update.
    Screened,
}

impl Treatment {
    /// The arm to whose routed mass its own is brought.
    pub fn matched_to(self) -> Option<&'static str> {
        match self {
            Self::Matched { to } | Self::Ramp { to } => Some(to),
            _ => None,
        }
    }

    /// Whether its gate looks at every token by itself.
    pub fn per_token(self) -> bool {
        self == Self::Tokens
    }

    /// Whether it wants the gradient of each rollout's likelihood instead of its loss: it sets the advantages itself.
    pub fn sets_advantages(self) -> bool {
        matches!(self, Self::Penalised | Self::Screened)
    }
}
