//! Grading files of responses: what `gradient-quarantine grade` does.

use crate::Result;
use bundle::Staged;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use substrate::grading::Ending;
use substrate::{Family, Grader, Mode, Problem, Submission, SubstrateError};

/// Responses that are in hand at a time; enough to keep every worker busy past a slow one.
const BATCH: usize = 512;

/// What to grade, and how.
pub struct Request<'a> {
    pub problems: &'a Path,
    pub responses: &'a Path,
    pub out: &'a Path,
    /// A mode for every row, whatever it says.
    pub mode: Option<Mode>,
    /// Whose markers the prompts disclosed, where a row names none.
    pub family: Family,
}

/// One response row. The id may be a number or a text; it comes back as it is.
#[derive(Deserialize)]
struct Response {
    problem_id: serde_json::Value,
    mode: Option<Mode>,
    marker: Option<String>,
    completion: String,
}

/// One output row. A grading that the infrastructure failed has no reward and no verdict.
#[derive(Debug, Serialize)]
struct Row<'a> {
    problem_id: &'a serde_json::Value,
    mode: Mode,
    reward: Option<f32>,
    compiles: Option<bool>,
    correct: Option<bool>,
    passed: Option<bool>,
    exploited: Option<bool>,
    outcome: Ending,
    /// What put the outcome there, where the infrastructure failed.
    reason: Option<&'a str>,
    seconds: f64,
}

/// Counts over all rows.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub rows: usize,
    pub compiles: usize,
    pub correct: usize,
    pub exploited: usize,
    /// Tests that were left to the sandbox's judge.
    pub judged: usize,
    pub outcomes: BTreeMap<String, usize>,
}

/// Grades every response, in order. The output appears whole or not at all; `told` hears how many are done, of how many.
///
/// # Errors
/// A file that cannot be read or written; a row that is none, or that names no mode or an unknown problem (with its line).
pub fn run(request: &Request, grader: &Grader, told: &dyn Fn(usize, usize)) -> Result<Summary> {
    let problems: HashMap<String, Problem> =
        Problem::load(request.problems)?.into_iter().map(|p| (p.problem_id.clone(), p)).collect();
    let total = lines(request.responses)?.count();
    told(0, total);
    let (mut summary, mut batch) = (Summary::default(), vec![]);
    let mut out = Staged::new(request.out)?;
    for (i, line) in lines(request.responses)?.enumerate() {
        let (number, text) = line?;
        batch.push(parse(request, number, &text, &problems)?);
        if batch.len() == BATCH || i + 1 == total {
            grade(&std::mem::take(&mut batch), request.family, grader, &mut summary, &mut out)?;
            told(summary.rows, total);
        }
    }
    out.commit()?;
    Ok(summary)
}

/// A response and the problem that it answers.
struct Answer<'a> {
    response: Response,
    mode: Mode,
    problem: &'a Problem,
}

/// A file's lines that hold something, with their numbers.
fn lines(path: &Path) -> Result<impl Iterator<Item = Result<(usize, String)>>> {
    let failed = |source| SubstrateError::Read { path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    let numbered = BufReader::new(file).lines().enumerate().map(move |(i, line)| Ok((i + 1, line.map_err(failed)?)));
    Ok(numbered.filter(|line| !line.as_ref().is_ok_and(|(_, text): &(usize, String)| text.trim().is_empty())))
}

fn parse<'a>(request: &Request, line: usize, text: &str, problems: &'a HashMap<String, Problem>) -> Result<Answer<'a>> {
    let bad = |reason: String| SubstrateError::Row { path: request.responses.into(), line, reason };
    let response: Response = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    let id = match &response.problem_id {
        serde_json::Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    let unknown = || bad(format!("problem {id} is not in {}", request.problems.display()));
    let problem = problems.get(&id).ok_or_else(unknown)?;
    let mode = request.mode.or(response.mode);
    let mode = mode.ok_or_else(|| bad("the row names no mode; add one, or pass --mode".into()))?;
    Ok(Answer { response, mode, problem })
}

fn grade(answers: &[Answer], family: Family, grader: &Grader, summary: &mut Summary, out: &mut Staged) -> Result<()> {
    let submissions: Vec<Submission> = answers.iter().map(|a| a.submission(family)).collect();
    for (answer, graded) in answers.iter().zip(grader.grade(&submissions)) {
        let verdict = oracle::open(&graded.verdict)?;
        let known = graded.reward.is_some();
        let passed = verdict.solved || verdict.exploited;
        let row = Row {
            problem_id: &answer.response.problem_id,
            mode: answer.mode,
            reward: graded.reward.map(|r| r.0),
            compiles: known.then_some(graded.compiles),
            correct: known.then_some(verdict.solved),
            passed: known.then_some(passed),
            exploited: known.then_some(verdict.exploited),
            outcome: graded.ending,
            reason: graded.failure.as_deref(),
            seconds: graded.seconds,
        };
        let text = serde_json::to_string(&row).expect("a row serialises");
        out.write(text.as_bytes())?;
        out.write(b"\n")?;
        summary.add(&row, graded.judged);
    }
    Ok(())
}

impl Answer<'_> {
    /// The paper's benchmark discloses one marker a mode in training; evaluation picks one by the problem.
    fn submission(&self, family: Family) -> Submission<'_> {
        let disclosed = match family {
            Family::Train => self.mode.paper_marker(),
            Family::Eval => self.mode.marker(family, &self.problem.problem_id),
        };
        let marker = self.response.marker.as_deref().unwrap_or(disclosed);
        Submission { problem: self.problem, mode: self.mode, marker, completion: &self.response.completion }
    }
}

impl Summary {
    fn add(&mut self, row: &Row, judged: usize) {
        self.rows += 1;
        self.compiles += usize::from(row.compiles == Some(true));
        self.correct += usize::from(row.correct == Some(true));
        self.exploited += usize::from(row.exploited == Some(true));
        self.judged += judged;
        let name = serde_json::to_value(row.outcome).ok().and_then(|v| v.as_str().map(String::from));
        *self.outcomes.entry(name.unwrap_or_default()).or_default() += 1;
    }
}
