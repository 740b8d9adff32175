//! Tiers. The same code runs each; only the manifest differs.

use crate::{ExperimentError, Result};
use eval::EvalConfig;
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use train::config::Teacher;
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
    /// Evaluate on a part of the training problems, which is then not trained on: for choosing settings.
    #[serde(default)]
    pub validation: bool,
    train: toml::Table,
    pub eval: EvalConfig,
    /// Demonstrations for the arms that are taught.
    #[serde(default)]
    taught: Option<Teacher>,
    /// After training, how fast the hack comes back.
    #[serde(default)]
    pub relearn: Option<Relearning>,
}

/// Plain GRPO with loopholes again, from what each arm deployed and, for comparison, from the base.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relearning {
    pub updates: usize,
    pub arms: Vec<Arm>,
}

impl Relearning {
    /// What is begun with: the base, then what each arm deployed.
    pub fn origins(&self) -> impl Iterator<Item = Option<Arm>> + '_ {
        std::iter::once(None).chain(self.arms.iter().copied().map(Some))
    }
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
const TIERS: [(&str, &str); 4] = [
    ("smoke", include_str!("tiers/smoke.toml")),
    ("organism", include_str!("tiers/organism.toml")),
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

/// A model that learns the loopholes again: what an arm's run deployed, or the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relearn {
    pub of: Option<Arm>,
    pub seed: u64,
}

impl fmt::Display for Relearn {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "relearn-{}-s{}", self.of.map_or("base", Arm::name), self.seed)
    }
}

/// A piece of a plan that has a folder and a ledger entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    Run(RunId),
    Relearn(Relearn),
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Run(run) => run.fmt(f),
            Self::Relearn(relearn) => relearn.fmt(f),
        }
    }
}

impl Job {
    /// The run that must be finished before this.
    pub fn needs(self) -> Option<RunId> {
        match self {
            Self::Run(run) => run.needs(),
            Self::Relearn(Relearn { of, seed }) => of.map(|arm| RunId { arm, seed }),
        }
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
        let manifest = Self::parse(&bundle::files::read_text(path)?, path)?;
        // The tier is stamped on every page: a plan with fewer arms or seeds may not call itself by a tier's name.
        if Self::tiers().any(|tier| tier == manifest.name) {
            let reason = format!("`{}` is the name of a tier: give your plan another", manifest.name);
            return Err(ExperimentError::Manifest { path: path.into(), reason });
        }
        Ok(manifest)
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
        if manifest.taught.is_none() && manifest.arms.iter().any(|a| a.is_taught()) {
            return Err(wrong("an arm is taught, and there is no [taught]".into()));
        }
        let relearnt = manifest.relearn.iter().flat_map(|r| &r.arms);
        if let Some(arm) = relearnt.into_iter().find(|a| !manifest.arms.contains(a)) {
            return Err(wrong(format!("{} is to learn again and is not in the plan", arm.name())));
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

    /// Every run, and what comes after it.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.runs().into_iter().map(Job::Run).collect();
        if let Some(relearning) = &self.relearn {
            for &seed in &self.seeds {
                jobs.extend(relearning.origins().map(|of| Job::Relearn(Relearn { of, seed })));
            }
        }
        jobs
    }

    /// The full configuration of one run.
    pub fn config(&self, run: RunId) -> Result<TrainConfig> {
        let mut table = self.train.clone();
        table.insert("arm".into(), run.arm.name().into());
        table.insert("seed".into(), (run.seed as i64).into());
        let wrong =
            |e: toml::de::Error| ExperimentError::Manifest { path: self.name.clone().into(), reason: e.to_string() };
        let mut config: TrainConfig = table.try_into().map_err(wrong)?;
        if run.arm.is_taught() {
            config.teacher = self.taught.clone();
        }
        Ok(config)
    }

    /// The configuration of a piece. Learning again is plain GRPO, for fewer updates.
    pub fn job_config(&self, job: Job) -> Result<TrainConfig> {
        let relearn = match job {
            Job::Run(run) => return self.config(run),
            Job::Relearn(relearn) => relearn,
        };
        let mut config = self.config(RunId { arm: Arm::Vanilla, seed: relearn.seed })?;
        config.updates = self.relearn.as_ref().map_or(config.updates, |r| r.updates);
        config.from = Some(job.needs().map_or("base".into(), |run| run.to_string()));
        Ok(config)
    }

    /// Tokens of the longest prompt with the longest answer.
    pub fn longest(&self) -> Result<usize> {
        let mut longest = self.eval.prompt_cap + self.eval.max_new;
        for run in self.runs() {
            let config = self.config(run)?;
            longest = longest.max(config.prompt_cap + config.max_new);
        }
        Ok(longest)
    }

    /// Updates of all jobs together.
    pub fn updates(&self) -> Result<usize> {
        self.jobs().into_iter().map(|job| Ok(self.job_config(job)?.updates)).sum()
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
