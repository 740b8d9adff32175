//! The published files of the benchmark: their rows as problems, and which mode each shows. Modes are shared out evenly, in the
//! order of a hash of the problem's id.

use crate::{Manifest, Result};
use bundle::Sha256;
use model::Message;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use substrate::{Loophole, Partition, Problem, Protocol, problem};

/// The files' own names.
pub(crate) const TRAIN: &str = "leetcode_train_medhard_filtered.jsonl";
pub(crate) const TEST: &str = "leetcode_test_medhard.jsonl";

/// Where a plan's problems to train on and to test on lie.
pub(super) fn files(root: &Path, manifest: &Manifest) -> [PathBuf; 2] {
    let own = [&manifest.own.train, &manifest.own.test];
    let published = [TRAIN, TEST].map(|name| root.join(&manifest.data).join(name));
    std::array::from_fn(|i| own[i].as_ref().unwrap_or(&published[i]).clone())
}

/// The problems of both files. Their prompts are what is said in the chat, without what a model's template puts around it.
pub struct Published {
    /// Problems to train on.
    pub train: Vec<Problem>,
    /// Problems to test on.
    pub test: Vec<Problem>,
}

impl Published {
    /// Reads a plan's files. Digests are the caller's business.
    ///
    /// # Errors
    /// A file that is missing or not of this form, two problems under one id.
    pub fn load(root: &Path, manifest: &Manifest) -> Result<Self> {
        let [train, test] = files(root, manifest);
        let said = |chat: &[Message]| Ok(chat.iter().map(|turn| turn.content.as_str()).collect::<Vec<_>>().join("\n"));
        Ok(Self { train: problems(&train, said)?, test: problems(&test, said)? })
    }

    /// Which mode each problem shows.
    pub fn partition(&self) -> Partition {
        let shared_out = |problems: &[Problem]| {
            problems.iter().enumerate().map(|(i, problem)| (problem.problem_id.clone(), loophole(i))).collect()
        };
        Partition { train: shared_out(&self.train), test: shared_out(&self.test) }
    }
}

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

/// The mode of the `i`-th problem in the order of [`rank`]: all equally often.
pub(super) fn loophole(i: usize) -> Loophole {
    Loophole::LINES[i % Loophole::LINES.len()]
}

/// A number fixed for ever by a problem's id.
fn rank(id: &str) -> Sha256 {
    Sha256::of(format!("partition {id}").as_bytes())
}

/// The problems of a file in the order of [`rank`]; `render` makes a prompt of a chat.
pub(super) fn problems(path: &Path, render: impl Fn(&[Message]) -> Result<String>) -> Result<Vec<Problem>> {
    let rows: Vec<Row> = problem::read_distinct(path, |row: &Row| &row.id)?;
    let problem = |row: Row| {
        let prompt = match row.prompt {
            Prompt::Text(text) => text,
            Prompt::Chat(turns) => {
                let chat: Vec<Message> = turns.iter().map(|t| Message::new(&t.role, &t.content)).collect();
                render(&chat)?
            }
        };
        Ok(Problem {
            problem_id: row.id,
            protocol: Protocol::Benchmark,
            prompt,
            func_name: row.func_name,
            setup_code: row.setup_code,
            canonical_solution: row.canonical_solution,
            gt_tests: row.gt_answer,
        })
    };
    let mut problems: Vec<Problem> = rows.into_iter().map(problem).collect::<Result<_>>()?;
    problems.sort_by_key(|p| rank(&p.problem_id));
    Ok(problems)
}
