//! Tiers. The same code runs each; only the manifest differs.

pub use crate::source::Source;

use crate::own::Own;
use crate::runner::BASE_RUN;
use crate::{ExperimentError, Result, checks};
use eval::EvalConfig;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use substrate::grading::Limits;
use substrate::{Grader, Isolation, Loophole};
use train::config::Teacher;
use train::{Adapter, Arm, TrainConfig};

/// What a tier runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The tier's or plan's name: stamped on every page.
    pub name: String,
    /// How long it takes, and where: told before it begins.
    #[serde(default)]
    pub takes: Option<String>,
    /// What a reader will be able to conclude from it, likewise.
    #[serde(default)]
    pub concludes: Option<String>,
    /// What the data folder holds.
    #[serde(default)]
    pub source: Source,
    /// The data folder, relative to the project.
    pub data: PathBuf,
    /// The base weights, where they are not among the data.
    #[serde(default)]
    pub model: Option<PathBuf>,
    /// Every arm, in the order of tables.
    pub arms: Vec<Arm>,
    /// Every seed; a seed also decides base model and pairs.
    pub seeds: Vec<u64>,
    /// Arms that are run on fewer seeds.
    #[serde(default)]
    pub(crate) fewer: Option<Fewer>,
    /// Whether it is a part of the plan that its name stands for: fewer arms or seeds ([`Manifest::restricted`]).
    #[serde(skip)]
    pub restricted: bool,
    /// What is given in place of what it names.
    #[serde(skip)]
    pub own: Own,
    /// Evaluate on a part of the training problems, which is then not trained on: for choosing settings.
    #[serde(default)]
    pub validation: bool,
    /// Pairs of each set at most, for a run in miniature.
    #[serde(skip)]
    pub(crate) most_pairs: Option<usize>,
    /// Where what is fetched and kept lies, if not in the project's own folder.
    #[serde(skip)]
    state: Option<PathBuf>,
    pub(crate) train: toml::Table,
    /// How completions are drawn at evaluation.
    pub eval: EvalConfig,
    /// Demonstrations for the arms that are taught.
    #[serde(default)]
    taught: Option<Teacher>,
    /// After training, how fast the hack comes back.
    #[serde(default)]
    pub relearn: Option<Relearning>,
}

/// Arms beside the others, on some of the seeds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fewer {
    pub arms: Vec<Arm>,
    pub seeds: Vec<u64>,
}

/// Plain GRPO with loopholes again, from what each arm deployed and, for comparison, from the base.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relearning {
    /// How many updates.
    pub updates: usize,
    /// From whose deployed models.
    pub arms: Vec<Arm>,
}

impl Relearning {
    /// What is begun with: the base, then what each arm deployed.
    pub fn origins(&self) -> impl Iterator<Item = Option<Arm>> + '_ {
        std::iter::once(None).chain(self.arms.iter().copied().map(Some))
    }
}

/// Replicates that a seed stands for, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicate {
    /// The base model.
    pub base: usize,
    /// The set of pairs.
    pub pairs: usize,
}

/// The tiers that the program carries.
const TIERS: [(&str, &str); 6] = [
    ("quick", include_str!("tiers/quick.toml")),
    ("smoke", include_str!("tiers/smoke.toml")),
    ("organism", include_str!("tiers/organism.toml")),
    ("coder", include_str!("tiers/coder.toml")),
    ("fast", include_str!("tiers/fast.toml")),
    ("full", include_str!("tiers/full.toml")),
];

/// One arm with one seed; its text form names its folder and its ledger entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// The arm.
    pub arm: Arm,
    /// The seed.
    pub seed: u64,
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}-s{}", self.arm.name(), self.seed)
    }
}

/// A model that learns the loopholes again: what an arm's run deployed, or the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relearn {
    /// The arm that deployed it; none for the base.
    pub of: Option<Arm>,
    /// The seed.
    pub seed: u64,
}

impl fmt::Display for Relearn {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "relearn-{}-s{}", self.of.map_or("base", Arm::name), self.seed)
    }
}

/// A piece of a plan that has a folder and a ledger entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Job {
    /// An arm with a seed.
    Run(RunId),
    /// Learning again.
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
    /// The seed that it is run with.
    pub fn seed(self) -> u64 {
        match self {
            Self::Run(run) => run.seed,
            Self::Relearn(relearn) => relearn.seed,
        }
    }

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
        self.arm.treatment().matched_to().and_then(Arm::from_name).map(|arm| RunId { arm, ..self })
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
        let mut manifest: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let line = |key: &str| text.lines().position(|line| line.starts_with(key)).map_or(0, |before| before + 1);
        checks::once(&manifest.seeds, u64::to_string)
            .map_err(|why| wrong(format!("line {}: seeds {why}", line("seeds"))))?;
        checks::once(&manifest.arms, |arm| arm.name().into())
            .map_err(|why| wrong(format!("line {}: arms {why}", line("arms"))))?;
        if let Some(Fewer { arms, seeds }) = &manifest.fewer {
            checks::once(seeds, u64::to_string).map_err(|why| wrong(format!("fewer.seeds {why}")))?;
            checks::once(arms, |arm| arm.name().into()).map_err(|why| wrong(format!("fewer.arms {why}")))?;
            if let Some(seed) = seeds.iter().find(|seed| !manifest.seeds.contains(seed)) {
                return Err(wrong(format!("fewer.seeds has {seed}, which is none of the seeds")));
            }
            if let Some(arm) = arms.iter().find(|arm| manifest.arms.contains(arm)) {
                return Err(wrong(format!("{} is in arms and in fewer.arms", arm.name())));
            }
            manifest.arms.extend(arms);
        }
        if manifest.arms.is_empty() || manifest.seeds.is_empty() {
            return Err(wrong("it needs at least one arm and one seed".into()));
        }
        checks::needs(&manifest).map_err(wrong)?;
        for run in manifest.runs() {
            manifest.settings(run).and_then(|config| checks::training(&config)).map_err(wrong)?;
        }
        checks::evaluation(&manifest.eval).map_err(wrong)?;
        if manifest.validation && !manifest.source.ships_problems() {
            return Err(wrong("validation is for problems of ours: of the benchmark's none are kept out".into()));
        }
        let loopholes = Loophole::ORGANISM.len();
        match manifest.eval.test {
            Some(_) if !manifest.source.ships_problems() => {
                return Err(wrong("eval.test is for problems of ours: the benchmark is tested on whole".into()));
            }
            Some(size) if size == 0 || size % loopholes != 0 => {
                return Err(wrong(format!(
                    "eval.test is {size}, it must be a multiple of {loopholes}, one for each loophole"
                )));
            }
            _ => {}
        }
        if manifest.taught.is_none() && manifest.arms.iter().any(|a| a.is_taught()) {
            return Err(wrong("an arm is taught, and there is no [taught]".into()));
        }
        let relearnt = manifest.relearn.iter().flat_map(|r| &r.arms);
        if let Some(arm) = relearnt.into_iter().find(|a| !manifest.arms.contains(a)) {
            return Err(wrong(format!("{} is to learn again and is not in the plan", arm.name())));
        }
        let relearnt = manifest.relearn.iter().flat_map(|r| &r.arms);
        if let Some(arm) = relearnt.into_iter().find(|a| a.adapter() != Adapter::Singular) {
            return Err(wrong(format!("{} cannot learn again: it has another adapter than plain GRPO", arm.name())));
        }
        Ok(manifest)
    }

    /// Seed by seed, every arm: early results then compare arms. Runs that need another one's figures come last.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs: Vec<RunId> =
            self.seeds.iter().flat_map(|&seed| self.arms.iter().map(move |&arm| RunId { arm, seed })).collect();
        runs.retain(|run| self.seeds_of(run.arm).contains(&run.seed));
        runs.sort_by_key(|run| run.needs().is_some());
        runs
    }

    /// The seeds that an arm is run on.
    pub fn seeds_of(&self, arm: Arm) -> &[u64] {
        match &self.fewer {
            Some(fewer) if self.is_beside(arm) => &fewer.seeds,
            _ => &self.seeds,
        }
    }

    /// Whether an arm stands beside the others, on fewer seeds.
    pub fn is_beside(&self, arm: Arm) -> bool {
        self.fewer.as_ref().is_some_and(|fewer| fewer.arms.contains(&arm))
    }

    /// The seeds that learning again is run on: of its arm, and no more than arms have that are run on fewer.
    pub fn relearn_seeds(&self, of: Option<Arm>) -> &[u64] {
        let few = self.fewer.as_ref().map_or(&self.seeds, |fewer| &fewer.seeds);
        of.map(|arm| self.seeds_of(arm)).filter(|seeds| seeds.len() < few.len()).unwrap_or(few)
    }

    /// The folders that it reads and the project does not ship, relative to the project; in the pins each has its last name.
    pub fn fetched(&self) -> impl Iterator<Item = &PathBuf> {
        let data = Some(&self.data).filter(|_| !self.source.ships_problems());
        data.into_iter().chain(self.model.iter().filter(|_| !self.source.ships_models()))
    }

    /// Has what is fetched and kept lie below `state`, not in the project's own folder, which may be one that cannot be written.
    pub fn keep_in(&mut self, state: &Path) {
        if !self.source.ships_problems() {
            self.data = state.join(&self.data);
        }
        if !self.source.ships_models() {
            self.model = self.model.as_ref().map(|model| state.join(model));
        }
        self.state = Some(state.into());
    }

    /// The folder below which things are kept of the project in `root`.
    pub fn state<'a>(&'a self, root: &'a Path) -> &'a Path {
        self.state.as_deref().unwrap_or(root)
    }

    /// How many base models its data have.
    pub fn bases(&self) -> usize {
        match self.source {
            Source::Organism => organism::data::BASES,
            Source::Leetcode | Source::Tasks => 1,
        }
    }

    /// Which base model and which set of pairs a seed stands for: both are replicates, as the seed's own draws are. Over
    /// consecutive seeds every pair of them occurs equally often.
    pub fn replicate(&self, seed: u64) -> Replicate {
        let (bases, sets) = match self.source {
            Source::Organism => (organism::data::BASES as u64, organism::pairs::SETS as u64),
            Source::Leetcode => (1, 1),
            Source::Tasks => (1, tasks::pairs::SETS as u64),
        };
        Replicate { base: (seed % bases) as usize, pairs: (seed / bases % sets) as usize }
    }

    /// Every run, and what comes after it.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.runs().into_iter().map(Job::Run).collect();
        if let Some(relearning) = &self.relearn {
            let of = |of: Option<Arm>| self.relearn_seeds(of).iter().map(move |&seed| Relearn { of, seed });
            jobs.extend(relearning.origins().flat_map(of).map(Job::Relearn));
        }
        jobs
    }

    /// A piece by its name; the base models' evaluation is no job.
    pub fn piece(&self, name: &str) -> Result<Option<Job>> {
        match self.jobs().into_iter().find(|job| job.to_string() == name) {
            None if name != BASE_RUN => Err(ExperimentError::NoPiece { plan: self.name.clone(), name: name.into() }),
            job => Ok(job),
        }
    }

    /// The full configuration of one run.
    pub fn config(&self, run: RunId) -> Result<TrainConfig> {
        self.settings(run).map_err(|reason| ExperimentError::Manifest { path: self.name.clone().into(), reason })
    }

    fn settings(&self, run: RunId) -> std::result::Result<TrainConfig, String> {
        let mut table = self.train.clone();
        table.insert("arm".into(), run.arm.name().into());
        table.insert("seed".into(), (run.seed as i64).into());
        let mut config: TrainConfig = table.try_into().map_err(|e: toml::de::Error| e.to_string())?;
        if run.arm.is_taught() {
            config.teacher = self.taught.clone();
        }
        let own = run.arm.settings();
        config.deploy_fraction = own.deploy_fraction.unwrap_or(config.deploy_fraction);
        config.group = own.group_share.map_or(config.group, |share| (share * config.group as f64).round() as usize);
        config.kl = own.kl.unwrap_or(config.kl);
        config.std_floor = own.std_floor.or(config.std_floor);
        config.deploy_fraction_last = own.deploy_fraction_last;
        config.quarantine_lr = own.quarantine_lr;
        if let (Some(teacher), Some(share)) = (&mut config.teacher, own.teacher_share) {
            teacher.share = share;
        }
        config.refresh = own.refresh.unwrap_or(config.refresh);
        Ok(config)
    }

    /// The configuration of a piece. Learning again is plain GRPO, for fewer updates.
    pub fn job_config(&self, job: Job) -> Result<TrainConfig> {
        let relearn = match job {
            Job::Run(run) => return self.config(run),
            Job::Relearn(relearn) => relearn,
        };
        let mut config = self.config(RunId { arm: Arm::VANILLA, seed: relearn.seed })?;
        config.updates = self.relearn.as_ref().map_or(config.updates, |r| r.updates);
        config.from = Some(job.needs().map_or("base".into(), |run| run.to_string()));
        Ok(config)
    }

    /// What grades answers for a run that has a share of so many processors. It has two workers for each: runs grade a part of the
    /// time, and while one does the others' workers are idle.
    ///
    /// # Errors
    /// No usable Python, or a layer of isolation that has to hold and does not.
    pub fn grader(&self, threads: usize, isolation: Isolation) -> Result<Grader> {
        let limits = Limits::default();
        let cpu_seconds = self.eval.cpu_seconds.unwrap_or(limits.cpu_seconds);
        Ok(Grader::with(2 * threads, Limits { cpu_seconds, ..limits }, isolation)?)
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

    /// Tokens of a training prompt at most; no arm changes it.
    pub(crate) fn training_prompt_cap(&self) -> Result<usize> {
        let run = *self.runs().first().expect("a manifest has a run");
        Ok(self.config(run)?.prompt_cap)
    }

    /// Updates of all jobs together.
    pub fn updates(&self) -> Result<usize> {
        self.jobs().into_iter().map(|job| Ok(self.job_config(job)?.updates)).sum()
    }
}
