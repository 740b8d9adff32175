//! Problems as JSONL rows, and the asserts that decide correctness.

use crate::{Family, Mode, Result, SubstrateError};
use sandbox::{Call, Value};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One row of a problem file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
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
pub struct Shown {
    pub problem: Problem,
    pub mode: Mode,
    pub family: Family,
    pub tokens: Vec<u32>,
}

impl Problem {
    /// The prompt with this mode's hint; the marker is fixed by the problem's id.
    pub fn shown_text(&self, mode: Mode, family: Family) -> String {
        mode.show(&self.prompt, mode.marker(family, &self.problem_id))
    }
}

/// One assert taken apart: what to call and what must come back.
#[derive(Clone, Debug)]
pub struct Check {
    pub call: Call,
    pub expected: Value,
}

impl Problem {
    /// Reads a JSONL file, naming the line of a bad row.
    pub fn load(path: &Path) -> Result<Vec<Self>> {
        read_rows(path)
    }

    /// The asserts as calls and expected values.
    pub fn checks(&self) -> Result<Vec<Check>> {
        self.gt_tests
            .iter()
            .map(|assert| {
                take_apart(assert)
                    .ok_or_else(|| SubstrateError::Assert { id: self.problem_id.clone(), assert: assert.clone() })
            })
            .collect()
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

/// `assert Solution().method(arguments) == literal`, the one form that plain problems use.
fn take_apart(assert: &str) -> Option<Check> {
    let rest = assert.trim().strip_prefix("assert ")?.trim_start().strip_prefix("Solution().")?;
    let open = rest.find('(')?;
    let (method, tail) = rest.split_at(open);
    let close = closing_parenthesis(tail)?;
    let arguments = &tail[1..close];
    let expected = tail[close + 1..].trim_start().strip_prefix("==")?;
    let expected = Value::parse(expected.trim()).ok()?;
    Some(Check { call: Call { method: method.into(), arguments: arguments.into() }, expected })
}

/// Byte index of the `)` that closes the `(` at the start, strings respected.
fn closing_parenthesis(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assert_is_taken_apart_at_its_outer_parenthesis() {
        let check = take_apart("assert Solution().f(s = 'a)\\'(', k=[1, (2)]) == {'x': -inf}").unwrap();
        assert_eq!(check.call.method, "f");
        assert_eq!(check.call.arguments, "s = 'a)\\'(', k=[1, (2)]");
        assert_eq!(check.expected, Value::parse("{'x': -inf}").unwrap());
    }

    #[test]
    fn an_assert_of_another_form_is_refused() {
        assert!(take_apart("assert is_same_list(Solution().f(1), [1])").is_none());
    }
}
