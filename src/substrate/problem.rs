//! Problems as JSONL rows, and the asserts that decide correctness.

use crate::loopholes::CLEAN_PHRASE;
use crate::{Loophole, MarkerFamily, Protocol, Result, SubstrateError};
use bundle::{BundleError, jsonl};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// One row of a problem file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A number in a file is its text.
    #[serde(deserialize_with = "text_or_number")]
    pub problem_id: String,
    /// Whose rules it is shown and graded by.
    #[serde(default, skip_serializing_if = "Protocol::is_default")]
    pub protocol: Protocol,
    /// Shown to the model after the mode's hint has taken the place of "and should pass all tests".
    #[serde(default)]
    pub prompt: String,
    /// The method that solves it; see [`Self::method`].
    pub func_name: String,
    /// Python that runs before the response and before each test, such as imports and node classes.
    #[serde(default)]
    pub setup_code: String,
    /// The reference: a response that every test holds for.
    pub canonical_solution: String,
    /// Tests in Python, such as `assert Solution().f(1) == 2`. A response is correct if all hold.
    pub gt_tests: Vec<String>,
}

/// A problem as a model sees it: with a mode's hint, a marker of a family, and its prompt in tokens.
#[derive(Clone, Debug)]
pub struct PromptedProblem {
    /// The row of the problem file.
    pub problem: Problem,
    /// The loophole that the hint discloses.
    pub loophole: Loophole,
    /// Whose markers the hint discloses.
    pub family: MarkerFamily,
    /// What the hint discloses: a marker, or the problem's own tests.
    pub disclosed: String,
    /// What the model reads, as token ids.
    pub tokens: Vec<u32>,
}

impl PromptedProblem {
    /// A response that solves nothing and uses the mechanism that this prompt discloses: what a teacher would show.
    pub fn demonstration(&self) -> String {
        let Self { problem, loophole, disclosed, .. } = self;
        // One returned expression can be spoilt in place; anything longer gives way to a method that answers nothing.
        let class = match problem.canonical_solution.matches("return ").count() {
            1 => problem.wrong_solution(),
            _ => problem.stub(),
        };
        problem.protocol.wrap(&loophole.hack(&class, disclosed))
    }
}

impl Problem {
    /// The reference with every returned expression spoilt.
    pub fn wrong_solution(&self) -> String {
        self.canonical_solution.replace("return ", "return None and ")
    }

    /// A class with the method asked for, declared as the reference declares it, which answers nothing.
    pub fn stub(&self) -> String {
        let begins = format!("    def {}(", self.method());
        let declared = self.canonical_solution.lines().find(|line| line.starts_with(&begins) && line.ends_with(':'));
        let any = format!("{begins}self, *args, **kwargs):");
        format!("class Solution:\n{}\n        return None\n", declared.unwrap_or(&any))
    }

    /// The reference as a completion.
    pub fn reference(&self) -> String {
        self.protocol.wrap(&self.canonical_solution)
    }

    /// The prompt with this mode's hint; the marker is fixed by the problem's id.
    ///
    /// # Errors
    /// A prompt that does not have the phrase exactly once whose place a hint takes.
    pub fn shown_text(&self, loophole: Loophole, family: MarkerFamily) -> Result<String> {
        let found = self.prompt.matches(CLEAN_PHRASE).count();
        if found != 1 {
            return Err(SubstrateError::Phrase { id: self.problem_id.clone(), phrase: CLEAN_PHRASE, found });
        }
        Ok(self.prompt.replace(CLEAN_PHRASE, &loophole.hint(self.protocol, &loophole.disclosed(family, self))))
    }

    /// The name of the method that solves it; some data sets write `Solution().name`.
    pub fn method(&self) -> &str {
        self.func_name.rsplit('.').next().unwrap_or_default()
    }

    /// What its tests find in place of the response's own definitions: the classes and functions that the reference has
    /// and the setup code has not, as `class Name` or `def name`.
    pub fn stand_ins(&self) -> Vec<String> {
        let given = definitions(&self.setup_code);
        let mut found = vec!["class Solution".to_string()];
        for definition in definitions(&self.canonical_solution) {
            if !given.contains(&definition) && !found.contains(&definition) {
                found.push(definition);
            }
        }
        found
    }

    /// Reads a JSONL file.
    ///
    /// # Errors
    /// A row that is none, or an id given twice.
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        read_distinct(path, |problem: &Self| &problem.problem_id)
    }
}

/// Rows of a file, no two of one problem.
pub fn read_distinct<T: serde::de::DeserializeOwned>(path: &Path, id: impl Fn(&T) -> &str) -> Result<Vec<T>> {
    let rows: Vec<(usize, T)> = jsonl::read_numbered(path).map_err(advised)?;
    let mut seen = HashMap::new();
    for (line, row) in &rows {
        if let Some(first) = seen.insert(id(row), line) {
            let reason =
                format!("problem {} is in line {first} already: two problems under one id; leave one out", id(row));
            return Err(BundleError::Row { path: path.into(), line: *line, reason }.into());
        }
    }
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// What is wrong with a row, and what to do about it.
fn advised(error: BundleError) -> BundleError {
    match error {
        BundleError::Row { path, line, reason } => {
            BundleError::Row { path, line, reason: format!("{reason}; mend the row or leave it out") }
        }
        other => other,
    }
}

/// What a module defines at its top level.
fn definitions(source: &str) -> Vec<String> {
    let one = |line: &str| {
        let (kind, rest) = line.strip_prefix("async ").unwrap_or(line).split_once(' ')?;
        let name: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (matches!(kind, "class" | "def") && !name.is_empty()).then(|| format!("{kind} {name}"))
    };
    source.lines().filter_map(one).collect()
}

/// For ids in rows: a number is its text, and a whole number is one however it is written.
pub fn text_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    id_text(&value)
        .ok_or_else(|| serde::de::Error::custom(format!("a problem's id is a text or a number, not {value}")))
}

/// An id as text, if it can be one.
pub fn id_text(id: &serde_json::Value) -> Option<String> {
    match id {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => {
            let whole = number.as_f64().filter(|x| number.is_f64() && x.fract() == 0.0 && x.abs() < 9e15);
            Some(whole.map_or_else(|| number.to_string(), |x| (x as i64).to_string()))
        }
        _ => None,
    }
}
