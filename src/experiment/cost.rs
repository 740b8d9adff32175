//! What a plan costs before it starts: hours of a GPU, room on the disk, memory. The rates are measurements of Qwen3-4B on one H100 of
//! 80 GB, all from `docs/measurements/engine.md`; nothing is known of another model, so a plan of the organism, or of a model of one's own, has no estimate.

use crate::{BaseWeights, CheckpointView, Manifest, Result};
use std::fmt;
use std::path::Path;

/// The model, as plans and pins call its folder.
const MEASURED: &str = "qwen3-4b";
/// Tokens a second while rollouts are sampled.
const SAMPLED: f64 = 8_524.0;
/// Tokens a second through reference, forward and backward pass, prompts included.
const TRAINED: f64 = 14_720.0;
/// Seconds of an update that is neither: direction, gate, step, grading, merging (40.7 less 20.9 and 19.1).
const ELSE: f64 = 0.745;
/// Tokens of a measured prompt and of the mean measured answer: 178,197 of 256 answers.
const PROMPT: f64 = 400.0;
const ANSWER: f64 = 696.0;
/// Seconds until all 252 singular bases are made, once.
const BASES: f64 = 54.0;
/// Of the test problems, whose number is not known before they are read: as many as the published benchmark has.
const TEST: usize = 119;
/// Gigabytes of the singular bases, and of weights, problems and tokenizer as they are fetched.
const BASES_GB: f64 = 9.3;
const FETCHED_GB: f64 = 8.1;
/// Both knobs in f32; a run's state also has two moments of each.
const KNOBS_GB: f64 = 2.0 * 534_528.0 * 4.0 / 1e9;
/// Characters of a token, and of what else a rollout's row holds.
const CHARACTERS: f64 = 4.0;
const ROW: f64 = 400.0;

/// An estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Hours of one GPU if answers are as long as those that were measured.
    pub hours: f64,
    /// The same if every answer is as long as it may be.
    pub most_hours: f64,
    /// Gigabytes on the disk, fetched files included.
    pub disk: f64,
}

impl Cost {
    /// That of a plan, or of a part of one; none where nothing was measured.
    pub fn of(manifest: &Manifest) -> Result<Option<Self>> {
        let model = manifest.model.as_deref().and_then(Path::file_name);
        if model != Some(MEASURED.as_ref()) || manifest.own.weights != BaseWeights::Pinned {
            return Ok(None);
        }
        let whole = |answer: fn(f64) -> f64| -> Result<f64> { Ok((BASES + seconds(manifest, answer)?) / 3600.0) };
        Ok(Some(Self {
            hours: whole(|most| ANSWER.min(most))?,
            most_hours: whole(|most| most)?,
            disk: disk(manifest)?,
        }))
    }
}

/// Seconds of all pieces and of the base, for answers of a length that the longest allowed decides.
fn seconds(manifest: &Manifest, answer: fn(f64) -> f64) -> Result<f64> {
    let evaluated = answer(manifest.eval.max_new as f64) / SAMPLED;
    let mut seconds = 2.0 * TEST as f64 * evaluated;
    for job in manifest.jobs() {
        let config = manifest.job_config(job)?;
        let (rollouts, written) = (config.rollouts() as f64, answer(config.max_new as f64));
        let update = rollouts * (written / SAMPLED + (PROMPT + written) / TRAINED) + ELSE;
        let watched = (config.updates - 1) / config.checkpoint_every * CheckpointView::of_checkpoint(config.arm).len();
        let last = CheckpointView::of_last(manifest, config.arm).len();
        let problems = watched * manifest.eval.monitor + last * TEST;
        seconds += config.updates as f64 * update + problems as f64 * evaluated;
    }
    Ok(seconds)
}

/// Gigabytes of fetched files, singular bases, checkpoints, states and rollouts.
fn disk(manifest: &Manifest) -> Result<f64> {
    let mut all = FETCHED_GB + BASES_GB;
    for job in manifest.jobs() {
        let config = manifest.job_config(job)?;
        let rows = (config.updates * config.rollouts()) as f64;
        let checkpoints = config.updates.div_ceil(config.checkpoint_every) as f64;
        all += rows * (CHARACTERS * ANSWER.min(config.max_new as f64) + ROW) / 1e9 + (checkpoints + 3.0) * KNOBS_GB;
    }
    Ok(all)
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { hours, most_hours, disk } = self;
        write!(
            f,
            "estimate for an H100, from docs/measurements/engine.md:\n\
             time     {hours:.1} GPU-hours with answers as long as those measured ({ANSWER:.0} tokens), {most_hours:.1} if all are as long \
             as they may be\n\
             disk     {disk:.0} GB, of that {:.0} fetched files and singular bases\n\
             memory   78 GB of the GPU's where it has them; in 48 GB 1.14 times as long",
            FETCHED_GB + BASES_GB
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use train::Arm;

    fn cost(manifest: Manifest) -> Cost {
        Cost::of(&manifest).unwrap().unwrap()
    }

    fn full() -> Manifest {
        Manifest::tier("full").unwrap().unwrap()
    }

    /// 40.7 s an update is what engine.md measured of all stages together.
    #[test]
    fn an_update_of_full_costs_what_was_measured() {
        let mut one = full().restricted(&[Arm::ROUTE2B], &[41]).unwrap();
        let all = seconds(&one, |_| ANSWER).unwrap();
        one.set_updates(100);
        let half = seconds(&one, |_| ANSWER).unwrap();
        let evaluated = 10.0 * 2.0 * 64.0 * ANSWER / SAMPLED;
        let update = (all - half - evaluated) / 100.0;
        assert!((update - 40.7).abs() < 0.1, "{update}");
    }

    #[test]
    fn a_part_costs_less_than_the_whole_and_longer_answers_more() {
        let (whole, part) = (cost(full()), cost(full().restricted(&[Arm::VANILLA, Arm::ROUTE2B], &[41]).unwrap()));
        assert!(part.hours < whole.hours / 15.0 && part.disk < whole.disk);
        assert!(whole.most_hours > 1.5 * whole.hours);
        let fast = cost(Manifest::tier("fast").unwrap().unwrap());
        assert!(fast.hours < 1.0, "fast says that it takes an hour: {}", fast.hours);
    }

    #[test]
    fn of_a_model_that_was_not_measured_nothing_is_estimated() {
        assert_eq!(Cost::of(&Manifest::tier("organism").unwrap().unwrap()).unwrap(), None);
        let mut own = full();
        own.own.weights = BaseWeights::Random(3);
        assert_eq!(Cost::of(&own).unwrap(), None);
    }
}
