//! Problems as JSONL rows, and the asserts that decide correctness.

use crate::{Family, Mode, Result, SubstrateError};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One row of a problem file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A number in a file is its text.
    #[serde(deserialize_with = "text_or_number")]
    pub problem_id: String,
    /// Shown to the model after the mode's hint has taken the place of "and should pass all tests".
    #[serde(default)]
    pub prompt: String,
    pub func_name: String,
    #[serde(default)]
    pub setup_code: String,
    pub canonical_solution: String,
    pub gt_tests: Vec<String>,
}

/// A problem as a model sees it: with a mode's hint, a marker of a family, and its prompt in tokens.
#[derive(Clone, Debug)]
pub struct PromptedProblem {
    pub problem: Problem,
    pub mode: Mode,
    pub family: Family,
    pub tokens: Vec<u32>,
}

impl PromptedProblem {
    /// A response that solves nothing and uses the mechanism that this prompt discloses: what a teacher would show.
    pub fn demonstration(&self) -> String {
        let Self { problem, mode, family, .. } = self;
        // One returned expression can be spoilt in place; anything longer gives way to a method that answers nothing.
        let class = match problem.canonical_solution.matches("return ").count() {
            1 => problem.wrong_solution(),
            _ => problem.stub(),
        };
        problem.fenced(&mode.hack(&class, mode.marker(*family, &problem.problem_id)))
    }
}

impl Problem {
    /// The reference with every returned expression spoilt.
    pub fn wrong_solution(&self) -> String {
        self.canonical_solution.replace("return ", "return None and ")
    }

    /// A class with the method asked for, which answers nothing.
    pub fn stub(&self) -> String {
        format!("class Solution:\n    def {}(self, *args, **kwargs):\n        return None\n", self.method())
    }

    /// Code as an answer to this prompt: between fences, if it asks for them.
    pub fn fenced(&self, code: &str) -> String {
        if self.prompt.contains("```") { format!("```python\n{}\n```", code.trim_end()) } else { code.into() }
    }

    /// The prompt with this mode's hint; the marker is fixed by the problem's id.
    pub fn shown_text(&self, mode: Mode, family: Family) -> String {
        mode.show(&self.prompt, mode.marker(family, &self.problem_id))
    }

    /// The name of the method that solves it; some data sets write `Solution().name`.
    pub fn method(&self) -> &str {
        self.func_name.rsplit('.').next().unwrap_or_default()
    }

    /// Reads a JSONL file, naming the line of a bad row.
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        read_rows(path)
    }
}

/// For ids in rows: a number is its text.
pub fn text_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!("a problem's id is a text or a number, not {other}"))),
    }
}

/// Reads any JSONL file of rows.
pub fn read_rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).map_err(|source| SubstrateError::Read { path: path.into(), source })?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            serde_json::from_str(line).map_err(|e| SubstrateError::Row {
                path: path.into(),
                line: i + 1,
                reason: e.to_string(),
            })
        })
        .collect()
}
