//! What a run works on, as whoever starts it hands it over.

use crate::PairTokens;
use adapter::{Basis, Knobs};
use bundle::Identity;
use model::Tokenizer;
use substrate::{Graded, Grader, PromptedProblem, Reward};

/// What a run works on.
#[derive(Clone, Copy)]
pub struct RunInputs<'a> {
    /// The base model and its singular bases.
    pub basis: &'a Basis,
    /// The base model's tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Problems to train on, as the arm is shown them.
    pub problems: &'a [PromptedProblem],
    /// Contrastive pairs, as the arm is given them.
    pub pairs: &'a [PairTokens],
    /// Pairs whose direction the arm's own leaves out, if it does.
    pub left_out: &'a [PairTokens],
    /// What runs and pays rollouts.
    pub grader: &'a Grader,
    /// The judge from outside, for an arm that has one.
    pub supervisor: Option<&'a dyn Supervisor>,
    /// Mean gate value of every update of the run that this arm is matched to, if it is to one.
    pub matched: Option<&'a [f64]>,
    /// Knobs to begin with; none means zero.
    pub start: Option<&'a Knobs>,
    /// What all of this was made from: a run goes on only from the same.
    pub identity: &'a Identity,
}

/// A judge from outside that decides what a rollout is paid, for ceilings alone: it may know what training must not.
pub trait Supervisor: Sync {
    /// What this row of this update is paid; none takes it out of the update.
    fn reward(&self, update: usize, row: usize, graded: &Graded) -> Option<Reward>;
}
