//! The gates. Each has one `check`, which gathers evidence and faults; a gate holds when it has no fault. What it asks of one
//! dataset alone stands behind one match over the manifest's source.
//!
//! | gate | what it guards |
//! |---|---|
//! | [`pins`] | every input has its pinned bytes, and generated data comes out of its seeds again |
//! | [`rewards`] | each hack pays only at home, correct code passes everywhere, no attack is ever found correct |
//! | [`attacks`] | those attacks: the escape suite, whose fast part belongs to the gate above |
//! | [`eval_gap`] | evaluation's markers are disjoint from training's, and equally lenient |
//! | [`partition`] | one mode a problem, evenly; no test problem is seen before evaluation, no pair is of a published problem |
//! | [`no_cheat`] | verdicts cannot reach training: by dependency graph, and by experiment |
//! | [`claims`] | claims were fixed before the runs, can fail, and are worded as the numbers say |
//!
//! ```
//! use experiment::Manifest;
//! use substrate::Isolation;
//! use verify::{Context, GATES, run};
//!
//! let manifest = Manifest::tier("smoke").expect("it is built in")?;
//! let context = Context { root: "..".into(), manifest, results: None, isolation: Isolation::Required };
//! let quick: Vec<_> = GATES.into_iter().filter(|gate| ["partition", "claims"].contains(&gate.name)).collect();
//! let failed = run(&quick, &context, |gate, findings, _seconds| {
//!     assert!(!findings.evidence.is_empty(), "{} checked nothing", gate.name);
//! });
//! assert!(failed.is_empty(), "{failed:?}");
//! # Ok::<(), experiment::ExperimentError>(())
//! ```

pub mod attacks;
pub mod claims;
pub mod eval_gap;
pub mod no_cheat;
pub mod partition;
pub mod pins;
pub mod rewards;

use experiment::{Attested, Manifest};
use std::path::{Path, PathBuf};
use std::time::Instant;
use substrate::Isolation;

/// Where the gates look.
pub struct Context {
    /// The project folder.
    pub root: PathBuf,
    /// The tier or plan whose model, problems, pairs, partition and markers are guarded.
    pub manifest: Manifest,
    /// Results, if there are any yet: attested, or why they are not.
    pub results: Option<Result<Attested, String>>,
    /// Whether untrusted code may run with a mandatory layer of the sandbox missing.
    pub isolation: Isolation,
}

impl Context {
    /// The results, if there are any and they are attested.
    pub(crate) fn attested(&self) -> Option<&Attested> {
        self.results.as_ref().and_then(|results| results.as_ref().ok())
    }

    /// The tier's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join(&self.manifest.data)
    }

    /// The pairs that are shipped for the published benchmark.
    pub(crate) fn benchmark_pairs(&self) -> PathBuf {
        self.root.join(experiment::dataset::PAIRS)
    }
}

/// What a gate found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What was checked, with counts, in words.
    pub evidence: Vec<String>,
    /// What does not hold; empty means that the gate holds.
    pub faults: Vec<String>,
}

impl Findings {
    /// Whether no fault was found.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Records a fault unless `holds`.
    pub fn require(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }

    /// Records an error as a fault and passes the value on.
    pub fn accept<T, E: std::fmt::Display>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|e| self.faults.push(e.to_string())).ok()
    }
}

/// A gate by name.
#[derive(Clone, Copy)]
pub struct Gate {
    /// As `verify --gate` takes it.
    pub name: &'static str,
    /// Looks, and says what it found.
    pub check: fn(&Context) -> Findings,
}

/// Every gate, cheapest evidence first.
pub const GATES: [Gate; 6] = [
    Gate { name: "pins", check: pins::check },
    Gate { name: "partition", check: partition::check },
    Gate { name: "eval_gap", check: eval_gap::check },
    Gate { name: "claims", check: claims::check },
    Gate { name: "rewards", check: rewards::check },
    Gate { name: "no_cheat", check: no_cheat::check },
];

/// Is told what a gate found and how many seconds it took.
pub type Told = fn(&Gate, &Findings, f64);

/// Runs gates; returns the names of those that do not hold.
pub fn run(gates: &[Gate], context: &Context, told: Told) -> Vec<&'static str> {
    let mut failed = vec![];
    for gate in gates {
        let started = Instant::now();
        let findings = (gate.check)(context);
        told(gate, &findings, started.elapsed().as_secs_f64());
        if !findings.holds() {
            failed.push(gate.name);
        }
    }
    failed
}

/// Attested results over which every gate holds: [`hold`] makes it and nothing else can. Only this can be typeset.
#[derive(Debug)]
pub struct GatesHeld {
    attested: Attested,
}

impl GatesHeld {
    /// The results that the gates held over.
    pub fn attested(&self) -> &Attested {
        &self.attested
    }
}

/// Runs every gate over these results of a manifest.
///
/// # Errors
/// The names of the gates that do not hold.
pub fn hold(
    root: &Path,
    manifest: &Manifest,
    attested: Attested,
    isolation: Isolation,
    told: Told,
) -> Result<GatesHeld, Vec<&'static str>> {
    let context = Context { root: root.into(), manifest: manifest.clone(), results: Some(Ok(attested)), isolation };
    match (run(&GATES, &context, told), context.results) {
        (failed, Some(Ok(attested))) if failed.is_empty() => Ok(GatesHeld { attested }),
        (failed, _) => Err(failed),
    }
}

fn problems(path: &Path, findings: &mut Findings) -> Vec<substrate::Problem> {
    findings.accept(substrate::Problem::load(path)).unwrap_or_default()
}

fn pairs(path: &Path, findings: &mut Findings) -> Vec<substrate::Pair> {
    findings.accept(substrate::Pair::load(path)).unwrap_or_default()
}
