//! Grading files of responses: what `gradient-quarantine grade` does.

use crate::Result;
use crate::resume::{Kept, Part};
use bundle::{BundleError, Sha256, Staged, files, jsonl};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use substrate::grading::{Ending, Fault};
use substrate::problem::id_text;
use substrate::{Graded, Grader, Loophole, MarkerFamily, Problem, Submission, SubstrateError};

/// Responses that are in hand at a time; enough to keep every worker busy past a slow one.
const BATCH: usize = 512;

/// What to grade, and how.
pub struct Request<'a> {
    /// JSONL, a [`Problem`] a line; `-` is standard input.
    pub problems: &'a Path,
    /// JSONL with `problem_id`, `completion` and, where a row has its own, `mode` and `marker`; `-` is standard input.
    pub responses: &'a Path,
    /// A file, a pipe or a device; `-` is standard output.
    pub out: &'a Path,
    /// A mode for every row, whatever it says.
    pub loophole: Option<Loophole>,
    /// Whose markers the prompts disclosed, where a row names none.
    pub family: MarkerFamily,
    /// Whether every problem's reference has to pass before anything is graded.
    pub check_references: bool,
}

/// One response row. The id may be a number or a text; it comes back as it is.
#[derive(Deserialize)]
struct Response {
    problem_id: serde_json::Value,
    #[serde(rename = "mode")]
    loophole: Option<Loophole>,
    marker: Option<String>,
    completion: String,
}

/// One output row. A grading that failed for no reason of the response's has no reward and no verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    problem_id: serde_json::Value,
    #[serde(rename = "mode")]
    loophole: Loophole,
    reward: Option<f32>,
    compiles: Option<bool>,
    correct: Option<bool>,
    passed: Option<bool>,
    exploited: Option<bool>,
    outcome: Ending,
    /// What put the outcome there, where there is something to say.
    reason: Option<String>,
    seconds: f64,
}

/// Counts over all rows.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows that were written.
    pub rows: usize,
    /// Of these, taken over from an earlier call that did not come to its end.
    pub resumed: usize,
    /// Rows whose source compiles.
    pub compiles: usize,
    /// Rows that solve their problem.
    pub correct: usize,
    /// Rows that fooled the grader of their mode and are not correct.
    pub exploited: usize,
    /// Tests that were left to the sandbox's judge.
    pub judged: usize,
    /// Rows by [`Ending`], under the name that rows give it.
    pub outcomes: BTreeMap<String, usize>,
    /// Problems that no response can be graded on, with the reason.
    pub broken: BTreeMap<String, String>,
}

/// How far it is: rows, and the share of the responses' file that is read, if that has an end.
pub type Told<'a> = dyn Fn(usize, Option<f64>) + 'a;

/// Grades every response, in order, and reads each input once. A file as output appears whole or not at all, and what was done
/// is kept beside it until then.
///
/// # Errors
/// A file that cannot be read or written; an output that is an input; a row that is none, or that names no mode or an unknown
/// problem (with its line); with `check_references`, problems whose own references fail.
pub fn run(request: &Request, grader: &Grader, told: &Told) -> Result<Summary> {
    let named = |path| if path == Path::new(files::STANDARD) { Path::new("/dev/stdin") } else { path };
    let inputs = [named(request.problems), named(request.responses)];
    files::refuse_input(request.out, &inputs)?;
    files::refuse_input(&Part::path(request.out), &inputs)?;
    if inputs[0] == inputs[1] {
        let reason = "problems and responses cannot both be read from it".into();
        return Err(BundleError::Format { path: inputs[0].into(), reason }.into());
    }
    let problems: BTreeMap<String, Problem> =
        Problem::load(request.problems)?.into_iter().map(|p| (p.problem_id.clone(), p)).collect();
    let mut checked = BTreeSet::new();
    if request.check_references {
        grader.check_references(&problems.values().collect::<Vec<_>>())?;
        checked.extend(problems.keys().cloned());
    }
    let out = Staged::new(request.out)?;
    // What went into a pipe cannot be taken back.
    let part = if out.is_through() { None } else { Some(Part::open(request.out, request.digest(&problems, grader)?)?) };
    let mut work =
        Work { request, problems: &problems, grader, out, part, checked, untold: 0, summary: Summary::default() };
    let mut lines = jsonl::Lines::open(request.responses)?;
    told(0, lines.share());
    let mut batch = vec![];
    while let Some(line) = lines.next() {
        let (number, text) = line?;
        batch.push(work.parse(number, &text)?);
        if batch.len() == BATCH {
            work.grade(std::mem::take(&mut batch))?;
            told(work.summary.rows, lines.share());
        }
    }
    work.grade(batch)?;
    work.finish()
}

impl Request<'_> {
    /// Everything but the responses that decides what is written.
    fn digest(&self, problems: &BTreeMap<String, Problem>, grader: &Grader) -> Result<Sha256> {
        let program =
            std::env::current_exe().map_err(|source| BundleError::Read { path: "this program".into(), source })?;
        let about = (problems, self.loophole, self.family, grader.conditions(), Sha256::of_file(&program)?.0);
        Ok(Sha256::of(serde_json::to_string(&about).expect("a request serialises").as_bytes()))
    }
}

/// A response and the problem that it answers.
struct Answer<'a> {
    response: Response,
    loophole: Loophole,
    problem: &'a Problem,
    /// What the prompt disclosed.
    marker: String,
    of: Sha256,
}

/// A grading in progress.
struct Work<'a> {
    request: &'a Request<'a>,
    problems: &'a BTreeMap<String, Problem>,
    grader: &'a Grader,
    out: Staged,
    part: Option<Part>,
    /// Problems whose references were looked at.
    checked: BTreeSet<String>,
    /// Gradings that the machine failed.
    untold: usize,
    summary: Summary,
}

impl<'a> Work<'a> {
    fn parse(&self, line: usize, text: &str) -> Result<Answer<'a>> {
        let path = self.request.responses;
        let bad = |reason: String| BundleError::Row { path: path.into(), line, reason };
        let response: Response = jsonl::parse(path, line, text)?;
        let id = id_text(&response.problem_id)
            .ok_or_else(|| bad(format!("a problem's id is a text or a number, not {}", response.problem_id)))?;
        let unknown = || bad(format!("problem {id} is not in {}", self.request.problems.display()));
        let problem = self.problems.get(&id).ok_or_else(unknown)?;
        let loophole = self.request.loophole.or(response.loophole);
        let loophole = loophole.ok_or_else(|| bad("the row names no mode; add one, or pass --mode".into()))?;
        // The paper's benchmark discloses one marker a mode in training; evaluation picks one by the problem.
        let marker = match (&response.marker, self.request.family) {
            (Some(marker), _) => marker.clone(),
            (None, MarkerFamily::Train) if loophole != Loophole::ShownTests => loophole.paper_marker().into(),
            (None, family) => loophole.disclosed(family, problem),
        };
        Ok(Answer { response, loophole, problem, marker, of: Sha256::of(text.as_bytes()) })
    }

    /// Looks at the problems that are new in these answers: one that its own reference does not pass says nothing of others.
    fn check(&mut self, answers: &[Answer]) -> Result<()> {
        let mut fresh: Vec<&Problem> = vec![];
        for answer in answers.iter().filter(|a| !a.problem.canonical_solution.trim().is_empty()) {
            if self.checked.insert(answer.problem.problem_id.clone()) {
                fresh.push(answer.problem);
            }
        }
        match self.grader.check_references(&fresh) {
            Err(SubstrateError::Broken(broken)) => self.summary.broken.extend(broken),
            checked => checked?,
        }
        Ok(())
    }

    fn grade(&mut self, answers: Vec<Answer>) -> Result<()> {
        self.check(&answers)?;
        let first = self.summary.rows;
        let mut kept: HashMap<usize, Kept> = HashMap::new();
        if let Some(part) = &mut self.part {
            let found = answers.iter().enumerate().filter_map(|(i, a)| Some((i, part.take(first + i, a.of)?)));
            kept.extend(found);
        }
        let broken = |i: &usize| self.summary.broken.contains_key(&answers[*i].problem.problem_id);
        let fresh: Vec<usize> = (0..answers.len()).filter(|i| !kept.contains_key(i) && !broken(i)).collect();
        let submissions: Vec<Submission> = fresh.iter().map(|&i| answers[i].submission()).collect();
        let mut graded: HashMap<usize, Graded> = fresh.into_iter().zip(self.grader.grade(&submissions)).collect();
        self.summary.resumed += kept.len();
        let mut new = vec![];
        for (i, answer) in answers.iter().enumerate() {
            let (row, judged) = match (graded.remove(&i), kept.remove(&i)) {
                (Some(graded), _) => {
                    let row = answer.row(&graded)?;
                    match &graded.failure {
                        Some(Fault::Data(why)) => {
                            self.summary.broken.insert(answer.problem.problem_id.clone(), why.clone());
                        }
                        // A row without a reward is tried again by the next call.
                        Some(Fault::Machine(_)) => self.untold += 1,
                        None => {
                            let (row, judged) = (row.clone(), graded.judged);
                            new.push(Kept { at: first + i, of: answer.of, judged, row });
                        }
                    }
                    (row, graded.judged)
                }
                (None, Some(kept)) => (kept.row, kept.judged),
                (None, None) => {
                    let why = self.summary.broken.get(&answer.problem.problem_id);
                    (answer.unknown(why.map_or("", String::as_str)), 0)
                }
            };
            self.out.write((serde_json::to_string(&row).expect("a row serialises") + "\n").as_bytes())?;
            self.summary.add(&row, judged);
        }
        self.out.flush()?;
        self.part.as_mut().map_or(Ok(()), |part| part.add(&new))
    }

    fn finish(self) -> Result<Summary> {
        self.out.commit()?;
        match self.part {
            Some(part) if self.untold == 0 => part.remove(),
            _ => {}
        }
        Ok(self.summary)
    }
}

impl Answer<'_> {
    fn submission(&self) -> Submission<'_> {
        Submission {
            problem: self.problem,
            loophole: self.loophole,
            marker: &self.marker,
            completion: &self.response.completion,
        }
    }

    /// A row of a problem that no response can be graded on.
    fn unknown(&self, why: &str) -> Row {
        Row {
            problem_id: self.response.problem_id.clone(),
            loophole: self.loophole,
            reward: None,
            compiles: None,
            correct: None,
            passed: None,
            exploited: None,
            outcome: Ending::InfraFailed,
            reason: Some(Fault::Data(why.into()).to_string()),
            seconds: 0.0,
        }
    }

    fn row(&self, graded: &Graded) -> Result<Row> {
        let verdict = oracle::open(&graded.verdict)?;
        let known = graded.reward.is_some();
        let passed = verdict.solved || verdict.exploited;
        Ok(Row {
            problem_id: self.response.problem_id.clone(),
            loophole: self.loophole,
            reward: graded.reward.map(|r| r.0),
            compiles: known.then_some(graded.compiles),
            correct: known.then_some(verdict.solved),
            passed: known.then_some(passed),
            exploited: known.then_some(verdict.exploited),
            outcome: graded.ending,
            reason: graded.reason.clone(),
            seconds: graded.seconds,
        })
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
