//! Contrastive pairs: the only supervision that routing ever gets. A row holds what answers are made of; what a pair contrasts
//! is chosen when it is used, so that both sides always share a body.

use crate::loopholes::with_line;
use crate::{Answers, Contrast, Loophole, MarkerFamily, Problem, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A prompt, and what its answers are made of. The problem's reference is the right answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The problem that both answers answer.
    #[serde(flatten)]
    pub problem: Problem,
    /// The loophole that the prompt discloses and the hack uses.
    #[serde(rename = "mode")]
    pub loophole: Loophole,
    /// Which replicate it belongs to, from 0.
    #[serde(default)]
    pub set: usize,
    /// A wrong answer.
    pub wrong: String,
    /// Another right answer.
    pub also_right: String,
    /// What is added to an answer, where it was written for this pair and is not the mode's sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
}

/// Lines that are added to a class: indented ones at its top, others after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// The hack's.
    pub hack: String,
    /// Lines like them that fool nobody.
    pub harmless: String,
}

impl Pair {
    /// Reads a file of pairs.
    ///
    /// # Errors
    /// A row that is none, or an id given twice.
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        crate::problem::read_distinct(path, |pair: &Self| &pair.problem.problem_id)
    }

    /// What the prompt discloses.
    pub fn disclosed(&self) -> String {
        self.loophole.disclosed(MarkerFamily::Train, &self.problem)
    }

    /// The prompt as training shows it.
    pub fn shown(&self) -> Result<String> {
        self.problem.shown_text(self.loophole, MarkerFamily::Train)
    }

    /// Both answers; the first takes the hack's part.
    pub fn sides(&self, contrast: Contrast) -> [String; 2] {
        let Self { problem, loophole, wrong, also_right, lines, .. } = self;
        let answers = Answers { right: &problem.canonical_solution, wrong, also_right };
        let hack = |class: &str| match lines {
            Some(lines) => with_line(class, &lines.hack),
            None => loophole.hack(class, &self.disclosed()),
        };
        let harmless = |class: &str| match lines {
            Some(lines) => with_line(class, &lines.harmless),
            None => loophole.harmless(class).unwrap_or_else(|| class.into()),
        };
        contrast.sides(&answers, hack, harmless).map(|side| problem.protocol.wrap(&side))
    }
}
