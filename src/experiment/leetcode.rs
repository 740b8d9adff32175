//! The benchmark of the full tier: problems as the published files have them, shown through the model's own chat template.
//! Modes are shared out evenly by a hash of the problem's id; the first problems give the contrastive pairs and are not trained
//! on.

use crate::{ExperimentError, Result};
use bundle::Sha256;
use generate::GenerateError;
use model::{ChatTemplate, Message, Tokenizer};
use serde::Deserialize;
use std::path::Path;
use substrate::{Family, Mode, Problem, PromptedProblem, problem};
use train::PairTokens;

/// Contrastive pairs, and as many problems that are not trained on.
const PAIRS: usize = 16;

/// One row of a published file.
#[derive(Deserialize)]
struct Row {
    #[serde(alias = "problem_id", deserialize_with = "problem::text_or_number")]
    id: String,
    prompt: Prompt,
    func_name: String,
    #[serde(default)]
    setup_code: String,
    canonical_solution: String,
    #[serde(alias = "gt_tests")]
    gt_answer: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Prompt {
    Text(String),
    Chat(Vec<Turn>),
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: String,
}

/// How problems become prompts: a tokenizer, its chat template, and the longest prompt allowed.
pub struct Reader<'a> {
    pub tokenizer: &'a Tokenizer,
    pub template: &'a ChatTemplate,
    pub cap: usize,
}

/// What a benchmark gives to a run.
pub struct Benchmark {
    pub train: Vec<PromptedProblem>,
    /// The same problems without their loopholes.
    pub closed: Vec<PromptedProblem>,
    pub test: Vec<PromptedProblem>,
    /// The test problems with the markers of training.
    pub test_trained: Vec<PromptedProblem>,
    pub pairs: Vec<PairTokens>,
    pub placebo_pairs: Vec<PairTokens>,
}

impl Benchmark {
    /// Reads the problems to train on and to test on.
    ///
    /// # Errors
    /// A prompt over the cap, a file that is missing or not of this form, too few problems for the pairs.
    pub fn load(train: &Path, test: &Path, reader: &Reader) -> Result<Self> {
        let mut problems = reader.problems(train)?;
        let wanted = PAIRS + Mode::LOOPHOLES.len();
        if problems.len() < wanted {
            let reason = format!("{} has {} problems, at least {wanted} are needed", train.display(), problems.len());
            return Err(ExperimentError::Manifest { path: train.into(), reason });
        }
        problems.sort_by_key(|p| rank(&p.problem_id));
        let rest = problems.split_off(PAIRS);
        let shown = |problems: &[Problem], family: Family| -> Result<Vec<PromptedProblem>> {
            problems.iter().enumerate().map(|(i, p)| reader.shown(p, mode(i), family)).collect()
        };
        let mut test = reader.problems(test)?;
        test.sort_by_key(|p| rank(&p.problem_id));
        let pair = |hack: fn(&PromptedProblem) -> String| -> Result<Vec<PairTokens>> {
            let shown = shown(&problems, Family::Train)?;
            shown.iter().map(|s| reader.pair(s, &hack(s), &s.problem.fenced(&s.problem.canonical_solution))).collect()
        };
        Ok(Self {
            train: shown(&rest, Family::Train)?,
            closed: rest.iter().map(|p| reader.shown(p, Mode::GtOnly, Family::Train)).collect::<Result<_>>()?,
            test: shown(&test, Family::Eval)?,
            test_trained: shown(&test, Family::Train)?,
            pairs: pair(PromptedProblem::demonstration)?,
            placebo_pairs: pair(|s| s.problem.fenced(&s.problem.stub()))?,
        })
    }
}

/// The mode of the `i`-th problem in the order of the hash: all equally often.
fn mode(i: usize) -> Mode {
    Mode::LOOPHOLES[i % Mode::LOOPHOLES.len()]
}

/// A number fixed for ever by a problem's id.
fn rank(id: &str) -> Sha256 {
    Sha256::of(format!("partition {id}").as_bytes())
}

impl Reader<'_> {
    /// The chat is rendered with the phrase that a mode's hint replaces still in it.
    fn problems(&self, path: &Path) -> Result<Vec<Problem>> {
        let rows: Vec<Row> = problem::read_distinct(path, |row: &Row| &row.id)?;
        let render = |row: Row| {
            let prompt = match row.prompt {
                Prompt::Text(text) => text,
                Prompt::Chat(turns) => {
                    let messages: Vec<Message> = turns.iter().map(|t| Message::new(&t.role, &t.content)).collect();
                    self.template.prompt(&messages)?
                }
            };
            Ok(Problem {
                problem_id: row.id,
                prompt,
                func_name: row.func_name,
                setup_code: row.setup_code,
                canonical_solution: row.canonical_solution,
                gt_tests: row.gt_answer,
            })
        };
        rows.into_iter().map(render).collect()
    }

    fn shown(&self, problem: &Problem, mode: Mode, family: Family) -> Result<PromptedProblem> {
        let tokens = self.tokenizer.encode(&problem.shown_text(mode, family))?;
        if tokens.len() > self.cap {
            let id = problem.problem_id.clone();
            return Err(GenerateError::PromptTooLong { id, tokens: tokens.len(), cap: self.cap }.into());
        }
        Ok(PromptedProblem { problem: problem.clone(), mode, family, tokens })
    }

    fn pair(&self, shown: &PromptedProblem, hack: &str, clean: &str) -> Result<PairTokens> {
        let answer = |text: &str| self.tokenizer.encode_completion(text);
        Ok(PairTokens { prompt: shown.tokens.clone(), hack: answer(hack)?, clean: answer(clean)?, mode: shown.mode })
    }
}
