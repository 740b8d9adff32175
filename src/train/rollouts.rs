//! One update's rollouts: choose prompts, sample a group of each, grade.

use crate::clock::{Clock, Stage};
use crate::seeds::{Purpose, derive};
use crate::{Result, TrainConfig, TrainError};
use adapter::Quarantine;
use model::{Completion, Decoder, Prompt, Sampling, Tokenizer};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use substrate::{Graded, Grader, Shown, Submission};

/// A sampled and graded completion.
#[derive(Clone, Debug)]
pub struct Rollout<'a> {
    pub shown: &'a Shown,
    pub quarantine: Quarantine,
    pub completion: Completion,
    pub text: String,
    pub graded: Graded,
}

/// The two weight sets that rollouts are sampled from.
pub struct Policies {
    pub on: Decoder,
    pub off: Decoder,
}

impl Policies {
    pub fn of(&self, quarantine: Quarantine) -> &Decoder {
        match quarantine {
            Quarantine::On => &self.on,
            Quarantine::Off => &self.off,
        }
    }
}

/// Group after group, rows with the quarantine on before rows with it off.
pub fn collect<'a>(
    config: &TrainConfig,
    update: usize,
    problems: &'a [Shown],
    policies: &Policies,
    tokenizer: &Tokenizer,
    grader: &Grader,
    clock: &mut Clock,
) -> Result<Vec<Rollout<'a>>> {
    let plan = plan(config, update, problems)?;
    let how = Sampling {
        temperature: config.temperature,
        top_k: 0,
        top_p: 1.0,
        max_new: config.max_new,
        end: tokenizer.end(),
        prompt_cap: config.prompt_cap,
        rows: config.batch_rows,
    };
    let mut completions: Vec<Option<Completion>> = vec![None; plan.len()];
    for quarantine in [Quarantine::On, Quarantine::Off] {
        let own = |i: &usize| plan[*i].quarantine == quarantine && !plan[*i].demonstrated;
        let rows: Vec<usize> = (0..plan.len()).filter(own).collect();
        let prompts: Vec<Prompt> = rows
            .iter()
            .map(|&i| Prompt {
                id: &plan[i].shown.problem.problem_id,
                tokens: &plan[i].shown.tokens,
                seed: derive(config.seed, Purpose::Sampling, update, i),
            })
            .collect();
        let done = clock.time(Stage::Sample, || policies.of(quarantine).generate(&prompts, &how))?;
        for (i, done) in rows.into_iter().zip(done) {
            completions[i] = Some(done);
        }
    }
    for (row, completion) in plan.iter().zip(&mut completions).filter(|(row, _)| row.demonstrated) {
        let mut tokens = tokenizer.encode_completion(&row.shown.demonstration())?;
        tokens.truncate(config.max_new);
        let logp = vec![f32::NAN; tokens.len()];
        *completion = Some(Completion { tokens, logp });
    }
    let completions: Vec<Completion> = completions.into_iter().flatten().collect();
    let texts = completions.iter().map(|c| tokenizer.decode(&c.tokens)).collect::<model::Result<Vec<_>>>()?;
    let submissions: Vec<Submission> =
        plan.iter().zip(&texts).map(|(row, text)| Submission::of(row.shown, text)).collect();
    let graded = clock.time(Stage::Grade, || grader.grade(&submissions));
    let failed = graded.iter().filter(|g| g.reward.is_none()).count();
    if failed * 2 > graded.len() {
        return Err(TrainError::Infrastructure { update, failed, total: graded.len() });
    }
    Ok(plan
        .into_iter()
        .zip(completions)
        .zip(texts)
        .zip(graded)
        .map(|(((Planned { shown, quarantine, .. }, completion), text), graded)| Rollout {
            shown,
            quarantine,
            completion,
            text,
            graded,
        })
        .collect())
}

/// A rollout to be.
struct Planned<'a> {
    shown: &'a Shown,
    quarantine: Quarantine,
    /// Written by the teacher, not sampled.
    demonstrated: bool,
}

/// Which problem each row answers, and with which weights.
fn plan<'a>(config: &TrainConfig, update: usize, problems: &'a [Shown]) -> Result<Vec<Planned<'a>>> {
    if problems.is_empty() {
        return Err(TrainError::NoProblems);
    }
    let mut order: Vec<usize> = (0..problems.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(derive(config.seed, Purpose::Prompts, update, 0)));
    let on_rows = if config.arm.routes() { config.group - config.deployed_rows() } else { 0 };
    let demonstrated = |shown: &Shown| match &config.teacher {
        Some(teacher) if update <= teacher.until && teacher.modes.contains(&shown.mode) => {
            (teacher.share * config.group as f64).round() as usize
        }
        _ => 0,
    };
    let row = |shown: &'a Shown, j: usize| Planned {
        shown,
        quarantine: if j < on_rows { Quarantine::On } else { Quarantine::Off },
        demonstrated: j < demonstrated(shown),
    };
    Ok(order
        .into_iter()
        .cycle()
        .take(config.prompts)
        .flat_map(|i| (0..config.group).map(move |j| row(&problems[i], j)))
        .collect())
}
