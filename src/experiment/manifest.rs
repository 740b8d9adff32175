//! Tiers. The same code runs each; only the manifest differs.

use crate::{ExperimentError, Result};
use eval::EvalConfig;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use train::{Arm, TrainConfig, Treatment};

/// What a tier runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    /// What the data folder holds.
    #[serde(default)]
    pub source: Source,
    /// The data folder, relative to the project.
    pub data: PathBuf,
    /// The base weights, where they are not among the data.
    #[serde(default)]
    pub model: Option<PathBuf>,
    pub arms: Vec<Arm>,
    pub seeds: Vec<u64>,
    train: toml::Table,
    pub eval: EvalConfig,
}

/// Where problems, pairs and weights come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// All in one folder that is shipped.
    #[default]
    Organism,
    /// The published benchmark, fetched.
    Leetcode,
}

/// The tiers that the program carries.
const TIERS: [(&str, &str); 3] = [
    ("smoke", include_str!("tiers/smoke.toml")),
    ("fast", include_str!("tiers/fast.toml")),
    ("full", include_str!("tiers/full.toml")),
];

/// One arm with one seed; its text form names its folder and its ledger entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    pub arm: Arm,
    pub seed: u64,
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}-s{}", self.arm.name(), self.seed)
    }
}

impl RunId {
    /// The run that must be finished before this one.
    pub fn needs(self) -> Option<RunId> {
        match self.arm.treatment() {
            Treatment::Matched { to } => Some(RunId { arm: to, ..self }),
            _ => None,
        }
    }
}

impl Manifest {
    /// The built-in tier of this name.
    pub fn tier(name: &str) -> Option<Result<Self>> {
        let (name, text) = TIERS.into_iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text, Path::new(name)))
    }

    /// Names of the built-in tiers.
    pub fn tiers() -> impl Iterator<Item = &'static str> {
        TIERS.into_iter().map(|(name, _)| name)
    }

    /// Trains for so many updates instead.
    pub fn set_updates(&mut self, updates: usize) {
        self.train.insert("updates".into(), (updates as i64).into());
    }

    /// A manifest of one's own.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(&bundle::files::read_text(path)?, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let wrong = |reason: String| ExperimentError::Manifest { path: path.into(), reason };
        let manifest: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if manifest.arms.is_empty() || manifest.seeds.is_empty() {
            return Err(wrong("it needs at least one arm and one seed".into()));
        }
        let alone = manifest.runs().into_iter().find(|r| r.needs().is_some_and(|n| !manifest.arms.contains(&n.arm)));
        if let Some((run, needed)) = alone.and_then(|r| Some((r, r.needs()?))) {
            return Err(wrong(format!("arm {} needs {} in the plan", run.arm.name(), needed.arm.name())));
        }
        for run in manifest.runs() {
            check(&manifest.config(run)?).map_err(wrong)?;
        }
        Ok(manifest)
    }

    /// Seed by seed, every arm: early results then compare arms. Runs that need another one's figures come last.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs: Vec<RunId> =
            self.seeds.iter().flat_map(|&seed| self.arms.iter().map(move |&arm| RunId { arm, seed })).collect();
        runs.sort_by_key(|run| run.needs().is_some());
        runs
    }

    /// The full configuration of one run.
    pub fn config(&self, run: RunId) -> Result<TrainConfig> {
        let mut table = self.train.clone();
        table.insert("arm".into(), run.arm.name().into());
        table.insert("seed".into(), (run.seed as i64).into());
        let wrong =
            |e: toml::de::Error| ExperimentError::Manifest { path: self.name.clone().into(), reason: e.to_string() };
        table.try_into().map_err(wrong)
    }
}

fn check(c: &TrainConfig) -> std::result::Result<(), String> {
    let positive = [
        ("updates", c.updates),
        ("prompts", c.prompts),
        ("group", c.group),
        ("max_new", c.max_new),
        ("prompt_cap", c.prompt_cap),
        ("refresh", c.refresh),
        ("checkpoint_every", c.checkpoint_every),
        ("batch_rows", c.batch_rows),
    ];
    if let Some((name, _)) = positive.iter().find(|(_, n)| *n == 0) {
        return Err(format!("train.{name} must be at least 1"));
    }
    if !(0.0..=1.0).contains(&c.deploy_fraction) {
        return Err(format!("train.deploy_fraction is {}, it must lie between 0 and 1", c.deploy_fraction));
    }
    Ok(())
}
