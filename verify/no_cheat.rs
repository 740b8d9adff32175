//! Verdicts cannot reach training. By construction: the crates that train do not depend on the one that opens verdicts.
//! By experiment: scrambled verdicts change no byte of the adapter, swapped pairs do, and making a gate grades nothing.

use crate::{Context, Findings};
use adapter::{Knobs, Quarantine};
use backend::Backend;
use bundle::Scratch;
use experiment::manifest::Replicate;
use experiment::{Inputs, Manifest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use substrate::grading::{cores, jobs_run};
use substrate::{Grader, Isolation};
use train::memory::PassPlan;
use train::state::RunFolder;
use train::{Arm, PairTokens, RunInputs, TrainConfig};

/// Crates, and what none of their dependencies may be, however far away.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("routing", &["oracle", "substrate", "sandbox", "eval"]),
    ("adapter", &["oracle", "substrate", "sandbox", "eval"]),
    ("backend", &["oracle", "substrate", "sandbox", "eval"]),
    ("model", &["oracle", "substrate", "sandbox", "eval"]),
    ("generate", &["oracle", "substrate", "sandbox", "eval"]),
    ("train", &["oracle", "eval", "experiment"]),
    ("sandbox", &["oracle", "substrate"]),
];

/// What the trials start from.
const FIRST: Replicate = Replicate { base: 0, pairs: 0 };

/// Updates of each trial: two, so that the second acts on what the first did.
const UPDATES: usize = 2;

/// The tier whose first run the trials train: what they show is a property of the program, so it is a small one for all tiers.
const TRIED: &str = "smoke";

/// Follows the crates' dependencies, then trains three times and compares the adapters.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    dependencies(&context.root, &mut findings);
    let judged = Arm::all().filter(|arm| arm.supervision().is_some()).map(Arm::name).collect::<Vec<_>>();
    findings
        .evidence
        .push(format!("ceilings, whose judge knows the truth: {}; no other arm has one", judged.join(", ")));
    if let Some(trial) = Trial::load(context, &mut findings) {
        trial.interference(&mut findings);
    }
    findings
}

/// Reads every crate's manifest and follows its arrows.
pub fn dependencies(root: &Path, findings: &mut Findings) {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(folders) = findings.accept(std::fs::read_dir(root.join("src"))) else { return };
    for folder in folders.flatten() {
        let manifest = folder.path().join("Cargo.toml");
        let Some(text) = findings.accept(bundle::files::read_text(&manifest)) else { continue };
        let Some(table) = findings.accept(text.parse::<toml::Table>()) else { continue };
        let named =
            |section: &str| table.get(section).and_then(|d| d.as_table()).into_iter().flat_map(|d| d.keys().cloned());
        let name = folder.file_name().to_string_lossy().into_owned();
        arrows.insert(name, named("dependencies").chain(named("build-dependencies")).collect());
    }
    for (name, forbidden) in FORBIDDEN {
        findings.require(arrows.contains_key(name), || format!("crate {name} is not in src/"));
        let reached = reachable(name, &arrows);
        for other in forbidden.iter().filter(|f| reached.contains(**f)) {
            findings.faults.push(format!("{name} depends on {other}: verdicts or grades could reach it"));
        }
    }
    findings.evidence.push(format!(
        "{} crates: routing, adapter, backend, model, generate and train cannot reach the oracle",
        arrows.len()
    ));
}

fn reachable(from: &str, arrows: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let (mut seen, mut pending) = (BTreeSet::new(), vec![from.to_string()]);
    while let Some(name) = pending.pop() {
        for next in arrows.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                pending.push(next.clone());
            }
        }
    }
    seen
}

/// A short real training run, repeated with one thing changed.
struct Trial {
    inputs: Inputs,
    config: TrainConfig,
    isolation: Isolation,
}

impl Trial {
    fn load(context: &Context, findings: &mut Findings) -> Option<Self> {
        let manifest = findings.accept(Manifest::tier(TRIED)?)?;
        let inputs = findings.accept(Inputs::load(&context.root, &manifest, &Backend::cpu(), |_, _| ()))?;
        let run = *manifest.runs().iter().find(|r| r.arm == Arm::ROUTE2B)?;
        let config = findings.accept(manifest.config(run))?;
        let config = TrainConfig { updates: UPDATES, refresh: 1, ..config };
        Some(Self { inputs, config, isolation: context.isolation })
    }

    /// Trains and returns the adapter.
    fn run(&self, grader: &Grader, pairs: &[PairTokens], findings: &mut Findings) -> Option<Knobs> {
        let folder = findings.accept(Scratch::new())?;
        let Inputs { bases, tokenizer, train: problems, identity, .. } = &self.inputs;
        let run_inputs = RunInputs {
            basis: &bases[0],
            tokenizer,
            problems,
            pairs,
            left_out: &[],
            grader,
            supervisor: None,
            matched: None,
            start: None,
            identity,
        };
        findings.accept(train::train(&self.config, &run_inputs, &folder.path(), &AtomicBool::new(false), |_| {}))?;
        findings.accept(RunFolder::at(&folder.path()).knobs(UPDATES))
    }

    fn interference(&self, findings: &mut Findings) -> Option<()> {
        let (pairs, started) = (&self.inputs.pairs_of(self.config.arm, FIRST), jobs_run());
        let grader = findings.accept(Grader::new(cores(), self.isolation))?;
        let honest = self.run(&grader, pairs, findings)?;
        let scrambling = findings.accept(Grader::with_scrambled_verdicts(cores(), self.isolation))?;
        let scrambled = self.run(&scrambling, pairs, findings)?;
        let swapped: Vec<PairTokens> =
            pairs.iter().map(|p| PairTokens { hack: p.clean.clone(), clean: p.hack.clone(), ..p.clone() }).collect();
        let other = self.run(&grader, &swapped, findings)?;
        compare(&honest, &scrambled, &other, findings);

        let (before, basis) = (jobs_run(), &self.inputs.bases[0]);
        let policies = train::gradients::policies(basis, &honest, true);
        let gradients =
            findings.accept(train::gradients::of_pairs(policies.of(Quarantine::Off), basis, pairs, PassPlan::WHOLE))?;
        findings.accept(self.config.arm.gate(&gradients, None, &basis.layout, self.config.seed))?;
        let (graded, spawned) = (before - started, jobs_run() - before);
        findings.require(graded > 0, || "the trial graded nothing, so the count shows nothing".into());
        findings.require(spawned == 0, || format!("making a gate ran {spawned} gradings, it must run none"));
        findings.evidence.push(format!(
            "three trainings of tier {TRIED} on the CPU ran {graded} gradings, making direction and band {spawned}"
        ));
        Some(())
    }
}

/// `honest` and `scrambled` must be equal to the bit, `swapped` must differ, and something must have been learned.
pub fn compare(honest: &Knobs, scrambled: &Knobs, swapped: &Knobs, findings: &mut Findings) {
    let moved = honest.deployed.iter().chain(&honest.quarantine).any(|x| *x != 0.0);
    findings.require(moved, || "the trial learned nothing, so it shows nothing".into());
    findings.require(honest == scrambled, || {
        "scrambling the sealed verdicts changed the adapter: training reads them".into()
    });
    findings.require(honest != swapped, || {
        "swapping hack and clean in the pairs changed nothing: routing ignores them".into()
    });
    let told = |same| if same { "do not change" } else { "change" };
    findings.evidence.push(format!(
        "{UPDATES} updates: scrambled verdicts {} the adapter, swapped pairs {} it",
        told(honest == scrambled),
        told(honest == swapped)
    ));
}
