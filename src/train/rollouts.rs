//! One update's rollouts: choose prompts, sample a group of each, grade.

use crate::seeds::{Purpose, derive};
use crate::timings::{Stage, Timings};
use crate::{Result, TrainConfig, TrainError};
use adapter::Quarantine;
use generate::{Completion, Prompt, SamplingParams};
use model::{Decoder, Tokenizer};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::panic::resume_unwind;
use substrate::grading::{self, Fault};
use substrate::{Graded, Grader, PromptedProblem, Submission};

/// A sampled and graded completion.
#[derive(Clone, Debug)]
pub struct Rollout<'a> {
    pub shown: &'a PromptedProblem,
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

/// Group after group, rows with the quarantine on before rows with it off. What one policy wrote is graded while the other
/// is still writing.
pub fn collect<'a>(
    config: &TrainConfig,
    update: usize,
    problems: &'a [PromptedProblem],
    policies: &Policies,
    tokenizer: &Tokenizer,
    grader: &Grader,
    timings: &mut Timings,
) -> Result<Vec<Rollout<'a>>> {
    let plan = plan(config, update, problems)?;
    let mut rollouts: Vec<(usize, Rollout)> = std::thread::scope(|scope| {
        let mut gradings = vec![];
        for quarantine in [Quarantine::On, Quarantine::Off] {
            let rows: Vec<usize> = (0..plan.len()).filter(|&i| plan[i].quarantine == quarantine).collect();
            let policy = policies.of(quarantine);
            let written = timings.time(Stage::Sample, || write(config, update, &plan, &rows, policy, tokenizer))?;
            let planned = &plan;
            gradings.push(scope.spawn(move || grade(planned, rows, written, grader)));
        }
        let wait =
            || gradings.into_iter().flat_map(|g| g.join().unwrap_or_else(|panic| resume_unwind(panic))).collect();
        Ok::<_, TrainError>(timings.time(Stage::Grade, wait))
    })?;
    rollouts.sort_by_key(|(row, _)| *row);
    grading::refuse_broken(rollouts.iter().map(|(_, r)| (&r.shown.problem, &r.graded)))?;
    let faults: Vec<&Fault> = rollouts.iter().filter_map(|(_, r)| r.graded.failure.as_ref()).collect();
    if faults.len() * 2 > rollouts.len() {
        let (failed, cause) = (faults.len(), faults[0].to_string());
        return Err(TrainError::Infrastructure { update, failed, total: rollouts.len(), cause });
    }
    Ok(rollouts.into_iter().map(|(_, rollout)| rollout).collect())
}

/// The completions of these rows and their texts: sampled, or the teacher's.
fn write(
    config: &TrainConfig,
    update: usize,
    plan: &[Planned],
    rows: &[usize],
    policy: &Decoder,
    tokenizer: &Tokenizer,
) -> Result<Vec<(Completion, String)>> {
    let params = SamplingParams {
        temperature: config.temperature,
        top_k: 0,
        top_p: 1.0,
        max_new: config.max_new,
        ends: tokenizer.ends(),
        prompt_cap: config.prompt_cap,
        rows: config.batch_rows,
    };
    let prompt = |&i: &usize| Prompt {
        id: &plan[i].shown.problem.problem_id,
        tokens: &plan[i].shown.tokens,
        seed: derive(config.seed, Purpose::Sampling, update, i),
    };
    let prompts: Vec<Prompt> = rows.iter().filter(|&&i| !plan[i].demonstrated).map(prompt).collect();
    let mut sampled = generate::generate(policy, &prompts, &params)?.into_iter();
    let one = |&i: &usize| {
        let Planned { shown, demonstrated, .. } = plan[i];
        let completion = match demonstrated {
            true => demonstration(shown, config.max_new, tokenizer)?,
            false => sampled.next().expect("one completion for each prompt"),
        };
        let text = tokenizer.decode(&completion.tokens)?;
        Ok((completion, text))
    };
    rows.iter().map(one).collect()
}

/// What the teacher writes. Nobody sampled it, so its log-probabilities are no numbers.
fn demonstration(shown: &PromptedProblem, max_new: usize, tokenizer: &Tokenizer) -> Result<Completion> {
    let mut tokens = tokenizer.encode_completion(&shown.demonstration())?;
    tokens.truncate(max_new);
    let logp = vec![f32::NAN; tokens.len()];
    Ok(Completion { tokens, logp })
}

fn grade<'a>(
    plan: &[Planned<'a>],
    rows: Vec<usize>,
    written: Vec<(Completion, String)>,
    grader: &Grader,
) -> Vec<(usize, Rollout<'a>)> {
    let submissions: Vec<Submission> =
        rows.iter().zip(&written).map(|(&i, (_, text))| Submission::of(plan[i].shown, text)).collect();
    let graded = grader.grade(&submissions);
    let rollout = |((i, (completion, text)), graded): ((usize, _), Graded)| {
        let Planned { shown, quarantine, .. } = plan[i];
        (i, Rollout { shown, quarantine, completion, text, graded })
    };
    rows.into_iter().zip(written).zip(graded).map(rollout).collect()
}

/// A rollout to be.
#[derive(Clone, Copy)]
struct Planned<'a> {
    shown: &'a PromptedProblem,
    quarantine: Quarantine,
    /// Written by the teacher, not sampled.
    demonstrated: bool,
}

/// Which problem each row answers, and with which weights.
fn plan<'a>(config: &TrainConfig, update: usize, problems: &'a [PromptedProblem]) -> Result<Vec<Planned<'a>>> {
    if problems.is_empty() {
        return Err(TrainError::NoProblems);
    }
    let mut order: Vec<usize> = (0..problems.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(derive(config.seed, Purpose::Prompts, update, 0)));
    let on_rows = if config.arm.routes() { config.group - config.deployed_rows() } else { 0 };
    let demonstrated = |shown: &PromptedProblem| match &config.teacher {
        Some(teacher) if update <= teacher.until && teacher.modes.contains(&shown.mode) => {
            (teacher.share * config.group as f64).round() as usize
        }
        _ => 0,
    };
    let row = |shown: &'a PromptedProblem, j: usize| Planned {
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
