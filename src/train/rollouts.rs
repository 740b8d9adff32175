//! One update's rollouts: choose prompts, sample a group of each, grade.

use crate::config::Unanswered;
use crate::inputs::{RunInputs, Supervisor};
use crate::seeds::{Purpose, derive};
use crate::timings::{Stage, Timings};
use crate::{Result, TrainConfig, TrainError};
use adapter::Quarantine;
use generate::{Completion, FinishReason, Prompt, SamplingParams};
use model::{Decoder, Tokenizer};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::panic::resume_unwind;
use substrate::grading::{self, Fault};
use substrate::{Graded, Grader, PromptedProblem, Reward, Submission};

/// A sampled and graded completion.
#[derive(Clone, Debug)]
pub struct Rollout<'a> {
    /// What was asked.
    pub shown: &'a PromptedProblem,
    /// Whether the quarantine was on.
    pub quarantine: Quarantine,
    /// What was written, in tokens.
    pub completion: Completion,
    /// The same as text.
    pub text: String,
    /// What the environment says of it.
    pub graded: Graded,
    /// What it is paid; none if nothing can be said about it, or if a judge from outside takes it out of the update.
    pub reward: Option<Reward>,
}

/// The two weight sets that rollouts are sampled from.
pub struct Policies {
    /// With the quarantine.
    pub on: Decoder,
    /// Without: the deployed model.
    pub off: Decoder,
}

impl Policies {
    /// The one that is asked for.
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
    inputs: &RunInputs<'a>,
    policies: &Policies,
    timings: &mut Timings,
) -> Result<Vec<Rollout<'a>>> {
    let RunInputs { tokenizer, grader, .. } = *inputs;
    let plan = plan(config, update, inputs.problems)?;
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
    let paid = |(row, mut rollout): (usize, Rollout<'a>)| {
        rollout.reward = pay(config, update, row, &rollout, inputs.supervisor);
        rollout
    };
    Ok(rollouts.into_iter().map(paid).collect())
}

/// What a rollout earns: what the environment pays, unless it was not handed in or a judge from outside decides.
fn pay(
    config: &TrainConfig,
    update: usize,
    row: usize,
    rollout: &Rollout,
    supervisor: Option<&dyn Supervisor>,
) -> Option<Reward> {
    let reward = rollout.graded.reward?;
    let answered = rollout.completion.finish_reason.answered(&rollout.text);
    if config.unanswered == Unanswered::Nothing && !answered {
        return Some(Reward(0.0));
    }
    supervisor.map_or(Some(reward), |judge| judge.reward(update, row, &rollout.graded))
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
    let TrainConfig { temperature, top_k, top_p, max_new, prompt_cap, batch_rows, .. } = *config;
    let params =
        SamplingParams::whole(temperature, max_new, prompt_cap, batch_rows, tokenizer.ends()).cut(top_k, top_p);
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
    let finish_reason = if tokens.len() > max_new { FinishReason::Length } else { FinishReason::End };
    tokens.truncate(max_new);
    let logp = vec![f32::NAN; tokens.len()];
    Ok(Completion { tokens, logp, finish_reason })
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
        (i, Rollout { shown, quarantine, completion, text, reward: graded.reward, graded })
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
    let on_rows = if config.arm.routes() { config.group - config.deployed_rows(update) } else { 0 };
    let demonstrated = |shown: &PromptedProblem| match &config.teacher {
        Some(teacher) if update <= teacher.until && teacher.loopholes.contains(&shown.loophole) => {
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
