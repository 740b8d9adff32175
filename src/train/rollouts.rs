//! One update's rollouts: choose prompts, sample a group of each, grade.

use crate::config::{Teacher, Unanswered};
use crate::inputs::{RunInputs, Supervisor};
use crate::seeds::{Purpose, derive};
use crate::timings::{Stage, Timings};
use crate::{Result, TrainConfig, TrainError};
use adapter::Quarantine;
use generate::{Completion, FinishReason, Generation, Prompt, SamplingParams};
use model::{Decoder, Tokenizer};
use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use substrate::grading::{self, Fault, HandIn};
use substrate::{Graded, PromptedProblem, Reward};

/// A sampled and graded completion.
#[derive(Clone, Debug)]
pub struct Rollout<'a> {
    /// What was asked.
    pub shown: &'a PromptedProblem,
    /// Whether the quarantine was on.
    pub quarantine: Quarantine,
    /// Written by the teacher, not sampled.
    pub demonstrated: bool,
    /// What was written, in tokens.
    pub completion: Completion,
    /// The same as text.
    pub text: String,
    /// What the environment says of it.
    pub graded: Graded,
    /// What it is paid; none if nothing can be said about it, or if a judge from outside takes it out of the update.
    pub reward: Option<Reward>,
}

/// In the order of a group's rows.
const STATES: [Quarantine; 2] = [Quarantine::On, Quarantine::Off];

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

/// Group after group, rows with the quarantine on before rows with it off. Each is graded as soon as it is written, while others are
/// still being written.
pub fn collect<'a>(
    config: &TrainConfig,
    update: usize,
    inputs: &RunInputs<'a>,
    policies: &Policies,
    timings: &mut Timings,
) -> Result<Vec<Rollout<'a>>> {
    let plan = plan(config, update, inputs.problems)?;
    let mut written: Vec<Written> = vec![];
    let graded = timings.time_both([Stage::Sample, Stage::Grade], |sampled| {
        let hand_in_all = |hand_in: HandIn<'_, 'a>| {
            write(config, update, &plan, (policies, inputs.tokenizer), |row| {
                hand_in(plan[row.at].shown, &row.text);
                written.push(row);
            })?;
            sampled();
            Ok::<_, TrainError>(())
        };
        inputs.grader.grade_while(hand_in_all).map(|((), graded)| graded)
    })?;
    let mut rollouts: Vec<(usize, Rollout)> =
        written.into_iter().zip(graded).map(|(w, g)| w.graded(&plan, g)).collect();
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

/// A row of the plan that is written and not graded yet.
struct Written {
    at: usize,
    completion: Completion,
    text: String,
}

impl Written {
    fn graded<'a>(self, plan: &[Planned<'a>], graded: Graded) -> (usize, Rollout<'a>) {
        let Self { at, completion, text } = self;
        let Planned { shown, quarantine, demonstrated } = plan[at];
        (at, Rollout { shown, quarantine, demonstrated, completion, text, reward: graded.reward, graded })
    }
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

/// Writes the plan's rows, the teacher's first; `written` is given each when it is there.
fn write(
    config: &TrainConfig,
    update: usize,
    plan: &[Planned],
    (policies, tokenizer): (&Policies, &Tokenizer),
    mut written: impl FnMut(Written),
) -> Result<()> {
    let TrainConfig { temperature, top_k, top_p, max_new, prompt_cap, batch_rows, .. } = *config;
    let params =
        SamplingParams::whole(temperature, max_new, prompt_cap, batch_rows, tokenizer.ends()).cut(top_k, top_p);
    let mut tell = |at: usize, completion: Completion| -> Result<()> {
        let text = tokenizer.decode(&completion.tokens)?;
        written(Written { at, completion, text });
        Ok(())
    };
    for (at, planned) in plan.iter().enumerate().filter(|(_, p)| p.demonstrated) {
        tell(at, demonstration(planned.shown, max_new, tokenizer)?)?;
    }
    let rows = STATES.map(|quarantine| -> Vec<usize> {
        let sampled = |at: &usize| plan[*at].quarantine == quarantine && !plan[*at].demonstrated;
        (0..plan.len()).filter(sampled).collect()
    });
    let prompts = rows.each_ref().map(|rows| -> Vec<Prompt> {
        let prompt = |&at: &usize| {
            let Planned { shown, .. } = plan[at];
            let seed = derive(config.seed, Purpose::Sampling, update, at);
            Prompt { id: &shown.problem.problem_id, tokens: &shown.tokens, seed }
        };
        rows.iter().map(prompt).collect()
    });
    let generations = [0, 1].map(|i| Generation { decoder: policies.of(STATES[i]), prompts: &prompts[i] });
    generate::generate_each(&generations, &params, |i, row, completion| tell(rows[i][row], completion))
}

/// What the teacher writes. Nobody sampled it, so its log-probabilities are no numbers.
fn demonstration(shown: &PromptedProblem, max_new: usize, tokenizer: &Tokenizer) -> Result<Completion> {
    let mut tokens = tokenizer.encode_completion(&shown.demonstration())?;
    let finish_reason = if tokens.len() > max_new { FinishReason::Length } else { FinishReason::End };
    tokens.truncate(max_new);
    let logp = vec![f32::NAN; tokens.len()];
    Ok(Completion { tokens, logp, finish_reason })
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
    let group = |(at, i): (usize, usize)| {
        let shown = &problems[i];
        let taught = config.teacher.as_ref().filter(|teacher| teacher.loopholes.contains(&shown.loophole));
        let taught = taught.map_or(vec![], |teacher| demonstrated_rows(config, teacher, update, at));
        (0..config.group).map(move |j| Planned {
            shown,
            quarantine: if j < on_rows { Quarantine::On } else { Quarantine::Off },
            demonstrated: taught.contains(&j),
        })
    };
    Ok(order.into_iter().cycle().take(config.prompts).enumerate().flat_map(group).collect())
}

/// Which rows of a group the teacher writes: drawn anew for each, so that in an arm with two states it writes in either as often as
/// rows are in it, and the same rows in every arm of a seed.
fn demonstrated_rows(config: &TrainConfig, teacher: &Teacher, update: usize, group: usize) -> Vec<usize> {
    if update > teacher.until {
        return vec![];
    }
    let count = (teacher.share * config.group as f64).round() as usize;
    let mut rng = ChaCha8Rng::seed_from_u64(derive(config.seed, Purpose::Demonstrations, update, group));
    index::sample(&mut rng, config.group, count.min(config.group)).into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arm: &str, share: f64) -> TrainConfig {
        let teacher = serde_json::json!({ "until": 30, "share": share, "modes": ["run_tests"] });
        let all = serde_json::json!({
            "arm": arm, "seed": 7, "updates": 40, "prompts": 16, "group": 8, "max_new": 16, "prompt_cap": 64, "temperature": 1.0,
            "deploy_fraction": 0.5, "lr": 1e-3, "warmup": 0, "lr_floor": 0.0, "weight_decay": 0.0, "clip": 1.0, "kl": 0.0,
            "refresh": 5, "checkpoint_every": 10, "batch_rows": 8, "teacher": teacher
        });
        serde_json::from_value(all).unwrap()
    }

    /// Every group's demonstrated rows, of all updates up to the teacher's last and some more.
    fn all(config: &TrainConfig) -> Vec<Vec<usize>> {
        let teacher = config.teacher.as_ref().unwrap();
        let updates = 1..=config.updates;
        updates.flat_map(|u| (0..config.prompts).map(move |g| demonstrated_rows(config, teacher, u, g))).collect()
    }

    /// Of the rows with the quarantine on and of those with it off the same share, or arms would be compared that differ in where
    /// the teacher writes.
    #[test]
    fn the_teacher_writes_in_both_states_of_the_quarantine() {
        for (share, rows) in [(0.125, 1), (0.25, 2), (1.0, 8)] {
            let groups = all(&config("route2b", share));
            let (taught, after) = groups.split_at(30 * 16);
            assert!(taught.iter().all(|group| group.len() == rows));
            assert!(after.iter().all(Vec::is_empty), "the teacher is gone");
            let on = taught.iter().flatten().filter(|&&row| row < 4).count();
            let share_on = on as f64 / (taught.len() * rows) as f64;
            assert!((share_on - 0.5).abs() < 0.05, "{share_on} of the demonstrations with the quarantine on");
        }
    }

    #[test]
    fn every_arm_of_a_seed_is_shown_the_same_demonstrations() {
        assert_eq!(all(&config("route2b", 0.125)), all(&config("vanilla", 0.125)));
        let other = TrainConfig { seed: 8, ..config("vanilla", 0.125) };
        assert_ne!(all(&other), all(&config("vanilla", 0.125)));
    }
}
