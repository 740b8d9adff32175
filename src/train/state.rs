//! What a run needs to go on as if it had never stopped, and the checkpoints that evaluation reads.

use crate::optimizer::Moments;
use crate::result_logs::ResultLogs;
use crate::{Metrics, Result, TrainConfig, TrainError};
use adapter::knobs::unusable;
use adapter::{AdapterError, Knobs, Layout};
use backend::tensor_file::{Said, TensorFile, checked, vector};
use bundle::{Finished, Identity, Owner, Sha256, jsonl};
use routing::{Band, Direction, Gate};
use std::path::{Path, PathBuf};

/// Everything that changes during training.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Updates behind it.
    pub updates_completed: usize,
    /// Both knobs.
    pub knobs: Knobs,
    /// The deployed knob's moments.
    pub deployed: Moments,
    /// The quarantine's.
    pub quarantine: Moments,
    /// Direction and band, once there are any.
    pub gate: Option<Gate>,
    /// The band of rollouts sampled with the quarantine on, if the arm gives them one of their own.
    pub band_on: Option<Band>,
}

impl State {
    /// Before the first update.
    pub fn fresh(layout: &Layout) -> Self {
        let n = layout.len();
        Self {
            updates_completed: 0,
            knobs: Knobs::zero(n),
            deployed: Moments::zero(n),
            quarantine: Moments::zero(n),
            gate: None,
            band_on: None,
        }
    }
}

/// The part of a run's folder that differs from run to run.
pub const LOG: &str = "log";

/// The folder of one run.
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// A run's folder as it stands.
    pub fn at(folder: &Path) -> Self {
        Self(folder.into())
    }

    /// Opens or makes the folder, refusing one that belongs to another configuration or was made from other inputs.
    pub fn open(folder: &Path, config: &TrainConfig, identity: &Identity) -> Result<Self> {
        let run = Self(folder.into());
        let text = serde_json::to_string_pretty(config).expect("a config serialises") + "\n";
        let path = run.config();
        if path.exists() && bundle::files::read_text(&path)? != text {
            return Err(TrainError::OtherRun { path });
        }
        identity.claim(folder)?;
        if !path.exists() {
            bundle::write_atomic(&path, text.as_bytes())?;
        }
        Ok(run)
    }

    /// The run's configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// One row an update.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// One row a rollout.
    pub fn rollouts(&self) -> PathBuf {
        self.0.join("rollouts.jsonl")
    }

    /// Becomes the one process that works in it.
    pub fn own(&self) -> Result<Owner> {
        Ok(Owner::of(&self.0, &self.log())?)
    }

    /// Keeps others from working in it while it is read.
    pub fn read(&self) -> Result<Option<Owner>> {
        Ok(Owner::reading(&self.0, &self.log())?)
    }

    /// What depends on the clock: no result, and nothing that the ledger attests.
    pub fn log(&self) -> PathBuf {
        self.0.join(LOG)
    }

    /// Seconds of every update.
    pub fn timings(&self) -> PathBuf {
        self.log().join("timings.jsonl")
    }

    /// How large its passes are.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// Which of its outputs are finished.
    pub fn finished(&self) -> Finished {
        Finished::of(&self.0)
    }

    fn state(&self) -> PathBuf {
        self.0.join("state.safetensors")
    }

    /// The configuration that the run was begun with.
    pub fn read_config(&self) -> Result<TrainConfig> {
        let (path, text) = (self.config(), bundle::files::read_text(&self.config())?);
        let wrong = |e: serde_json::Error| bundle::BundleError::Format { path, reason: e.to_string() };
        Ok(serde_json::from_str(&text).map_err(wrong)?)
    }

    /// Where the adapter after `update` updates lies.
    pub fn checkpoint(folder: &Path, update: usize) -> PathBuf {
        folder.join(format!("checkpoints/update-{update:04}.safetensors"))
    }

    /// The updates that it has checkpoints of, in order.
    ///
    /// # Errors
    /// There is no folder of checkpoints.
    pub fn checkpoints(&self) -> Result<Vec<usize>> {
        let number = |name: PathBuf| name.to_str()?.strip_prefix("update-")?.strip_suffix(".safetensors")?.parse().ok();
        let mut found: Vec<usize> =
            bundle::files::list(&self.0.join("checkpoints"))?.into_iter().filter_map(number).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Writes the adapter of this state.
    pub fn save_checkpoint(&self, state: &State) -> Result<()> {
        let (path, said) = (Self::checkpoint(&self.0, state.updates_completed), self.said(state.updates_completed)?);
        Ok(state.knobs.save(&path, &said)?)
    }

    /// The adapter after `update` updates.
    ///
    /// # Errors
    /// A file that is missing, not as it was written, or of another run or update.
    pub fn knobs(&self, update: usize) -> Result<Knobs> {
        let path = Self::checkpoint(&self.0, update);
        let (knobs, said) = Knobs::load(&path)?;
        let expected = self.said(update)?;
        match expected.iter().find(|(name, value)| said.get(*name) != Some(*value)) {
            None => Ok(knobs),
            Some((name, _)) => {
                let reason = match name.as_str() {
                    "run" => {
                        format!("it is of another run than {} beside it, or that was changed", self.config().display())
                    }
                    name => format!("it is of another {name}"),
                };
                Err(AdapterError::Damaged { path, reason }.into())
            }
        }
    }

    /// What tells a checkpoint from those of other runs and updates.
    fn said(&self, update: usize) -> Result<Said> {
        let run = Sha256::of_file(&self.config())?.0;
        Ok([("run".into(), run.to_string()), ("update".into(), update.to_string())].into())
    }

    /// The rows of metrics, as the saved state has them: none before there is one.
    ///
    /// # Errors
    /// A file that is missing, or not as it was written.
    pub fn metrics_rows(&self) -> Result<Vec<Metrics>> {
        if !self.state().exists() {
            return Ok(vec![]);
        }
        let (_, said) = TensorFile::read_checked(&self.state()).map_err(unusable)?;
        ResultLogs::open(self)?.check(&said)?;
        Ok(jsonl::read(&self.metrics())?)
    }

    /// Writes the whole state, with the digests of the logs so far; the previous one stays until the new one is on disk.
    pub fn save(&self, state: &State, logs: &ResultLogs) -> Result<()> {
        let empty: &[f32] = &[];
        let gate = state.gate.as_ref();
        let mut tensors = vec![
            vector("updates", &[state.updates_completed as f32]),
            vector("deployed", &state.knobs.deployed),
            vector("quarantine", &state.knobs.quarantine),
            vector("deployed.first", &state.deployed.first),
            vector("deployed.second", &state.deployed.second),
            vector("quarantine.first", &state.quarantine.first),
            vector("quarantine.second", &state.quarantine.second),
            vector("direction", &gate.map_or(vec![], |g| g.direction.units.concat())),
            vector("band.lower", gate.map_or(empty, |g| &g.band.lower)),
            vector("band.upper", gate.map_or(empty, |g| &g.band.upper)),
        ];
        if let Some(band) = &state.band_on {
            tensors.extend([vector("band_on.lower", &band.lower), vector("band_on.upper", &band.upper)]);
        }
        let mut said = self.said(state.updates_completed)?;
        said.extend(logs.digests());
        Ok(bundle::write_atomic(&self.state(), &checked(&tensors, &said))?)
    }

    /// How many updates the saved state has behind it.
    pub fn updates_completed(&self) -> Result<usize> {
        let path = self.state();
        if !path.exists() {
            return Ok(0);
        }
        let updates = TensorFile::read_checked(&path).map_err(unusable)?.0.floats("updates").map_err(unusable)?;
        Ok(updates.first().copied().unwrap_or(0.0) as usize)
    }

    /// The saved state, or a fresh one, and the logs beside it. Log rows past it, from an update that was cut off, are dropped.
    pub fn resume(&self, layout: &Layout) -> Result<(State, ResultLogs)> {
        let (path, mut said) = (self.state(), None);
        let state = if path.exists() {
            let (file, stated) = TensorFile::read_checked(&path).map_err(unusable)?;
            said = Some(stated);
            // One number for each of something: as many as this architecture has, or the state is of another.
            let floats = |name: &str, counts: &[usize]| match file.floats(name).map_err(unusable)? {
                values if counts.contains(&values.len()) => Ok(values),
                values => {
                    let reason = format!("{name} has {} numbers, expected {counts:?}", values.len());
                    Err(TrainError::from(AdapterError::Damaged { path: path.clone(), reason }))
                }
            };
            let knob = [layout.len()];
            // No direction and no band, before the first of them.
            let units = file.floats("direction").map_err(unusable)?;
            if !units.len().is_multiple_of(layout.len()) {
                let reason = format!("direction has {} numbers, expected a multiple of {}", units.len(), layout.len());
                return Err(AdapterError::Damaged { path, reason }.into());
            }
            let edges = [if units.is_empty() { 0 } else { layout.count() }];
            let (lower, upper) = (floats("band.lower", &edges)?, floats("band.upper", &edges)?);
            let band_on = if file.has("band_on.lower").map_err(unusable)? {
                Some(Band { lower: floats("band_on.lower", &edges)?, upper: floats("band_on.upper", &edges)? })
            } else {
                None
            };
            let moments = |of: &str| -> Result<Moments> {
                let (first, second) = (format!("{of}.first"), format!("{of}.second"));
                Ok(Moments { first: floats(&first, &knob)?, second: floats(&second, &knob)? })
            };
            let units: Vec<Vec<f32>> = units.chunks(layout.len()).map(<[f32]>::to_vec).collect();
            let gate =
                (!units.is_empty()).then_some(Gate { direction: Direction { units }, band: Band { lower, upper } });
            State {
                updates_completed: floats("updates", &[1])?[0] as usize,
                knobs: Knobs { deployed: floats("deployed", &knob)?, quarantine: floats("quarantine", &knob)? },
                deployed: moments("deployed")?,
                quarantine: moments("quarantine")?,
                gate,
                band_on,
            }
        } else {
            State::fresh(layout)
        };
        for log in [self.metrics(), self.rollouts(), self.timings()] {
            jsonl::keep(&log, |row| row["update"].as_u64().is_some_and(|u| u as usize <= state.updates_completed))?;
        }
        let logs = ResultLogs::open(self)?;
        said.map_or(Ok(()), |said| logs.check(&said))?;
        Ok((state, logs))
    }
}
