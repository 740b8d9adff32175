//! One update of the `full` preset, stage by stage, with what a trained model would do written in: completions end at lengths
//! drawn beforehand, and the graded texts are the shipped problems' solutions.

use super::timings::{self, COMPLETIONS, Timing};
use adapter::{Basis, Knobs, Quarantine};
use anyhow::{Context, Result};
use experiment::{Manifest, RunId};
use std::path::Path;
use std::time::Instant;
use substrate::grading::cores;
use substrate::{Grader, Isolation, Loophole, MarkerFamily, Problem, PromptedProblem, Submission};
use train::memory::PassPlan;
use train::rollouts::Rollout;
use train::state::State;
use train::timings::{Stage, Timings};
use train::treat::{Update, treat};
use train::{Arm, PairTokens, gradients, optimizer};

/// Tokens of each side of a pair, and pairs.
const PAIR: [usize; 2] = [400, 300];
const PAIRS: usize = 16;

/// Every stage, and their sum with the direction counted by how seldom it is made.
pub(super) fn update(root: &Path, basis: &Basis) -> Result<Vec<Timing>> {
    let run = RunId { arm: Arm::ROUTE2B, seed: 41 };
    let config = Manifest::tier("full").context("the full tier")??.config(run)?;
    let plan = PassPlan::fitting(&config, &basis.base);
    let (layout, mut stages) = (&basis.layout, Timings::default());
    let mut state = State::fresh(layout);
    state.knobs.quarantine.iter_mut().enumerate().for_each(|(i, h)| *h = (i % 5) as f32 * 1e-4);
    let started = Instant::now();
    let policies = stages.time(Stage::Merge, || gradients::policies(basis, &state.knobs, true));
    basis.base.backend.device.sync()?;

    let prompts = timings::prompts(&basis.base);
    let pairs: Vec<PairTokens> = prompts
        .iter()
        .take(PAIRS)
        .map(|p| PairTokens {
            prompt: p[..PAIR[0].min(p.len())].to_vec(),
            hack: p[..PAIR[1]].to_vec(),
            clean: p[50..50 + PAIR[1]].to_vec(),
            loophole: Loophole::RunTests,
        })
        .collect();
    let pair_gradients = stages.time(Stage::Pairs, || gradients::of_pairs(&policies.off, basis, &pairs, plan))?;
    let gate = config.arm.gate(&pair_gradients, None, layout, config.seed)?;

    let half = COMPLETIONS / 2;
    let sampled = stages.time(Stage::Sample, || -> Result<_> {
        let mut all = timings::completions(&policies.on, &prompts, 0..half, timings::LANES)?;
        all.extend(timings::completions(&policies.off, &prompts, half..COMPLETIONS, timings::LANES)?);
        Ok(all)
    })?;

    let problems = Problem::load(&root.join("data/organism/test.jsonl"))?;
    let shown: Vec<PromptedProblem> = (0..COMPLETIONS)
        .map(|i| {
            let (problem, loophole) = (problems[i % problems.len()].clone(), Loophole::LINES[i % 4]);
            PromptedProblem {
                disclosed: loophole.disclosed(MarkerFamily::Train, &problem),
                problem,
                loophole,
                family: MarkerFamily::Train,
                tokens: prompts[i / (COMPLETIONS / prompts.len())].clone(),
            }
        })
        .collect();
    let submissions: Vec<Submission> = shown.iter().map(|s| Submission::of(s, &s.problem.canonical_solution)).collect();
    let grader = Grader::new(cores(), Isolation::Required)?;
    let graded = stages.time(Stage::Grade, || grader.grade(&submissions));

    let rollouts: Vec<Rollout> = shown
        .iter()
        .zip(sampled)
        .zip(graded)
        .enumerate()
        .map(|(i, ((shown, completion), graded))| Rollout {
            shown,
            quarantine: if i < half { Quarantine::On } else { Quarantine::Off },
            demonstrated: false,
            completion,
            text: String::new(),
            reward: graded.reward,
            graded,
        })
        .collect();
    let taken: Vec<gradients::TrainedRollout> =
        rollouts.iter().enumerate().map(|(i, r)| (i, r, if i % 2 == 0 { 1.5 } else { -1.5 })).collect();
    let passes = gradients::Passes { basis, plan, gate: None };
    let loss = stages.time(Stage::Gradients, || gradients::of_loss(&config, &policies, &taken, passes))?;
    stages.time(Stage::Step, || {
        let advantages: Vec<f64> = taken.iter().map(|(_, _, a)| *a).collect();
        let groups = vec![0; taken.len()];
        let seen = Update {
            loss: &loss,
            layout,
            advantages: &advantages,
            groups: &groups,
            deployed: &rollouts.iter().map(|r| r.quarantine == Quarantine::Off).collect::<Vec<_>>(),
            band_on: None,
            matched: None,
            at: (config.seed, 1),
        };
        let mut routed = treat(config.arm, Some(&gate), &seen);
        optimizer::clip(&mut routed.deployed, &mut routed.quarantined, config.clip);
        let Knobs { deployed, quarantine } = &mut state.knobs;
        let how = optimizer::StepSize::of(&config, 1);
        state.deployed.step(deployed, &routed.deployed, 1, how);
        state.quarantine.step(quarantine, &routed.quarantined, 1, how);
    });
    let whole = started.elapsed().as_secs_f64();

    let tokens: usize = rollouts.iter().map(|r| r.completion.tokens.len()).sum();
    let trained: usize = rollouts.iter().map(|r| r.shown.tokens.len() + r.completion.tokens.len()).sum();
    let spent = stages.row(1, tokens, trained);
    let mut out: Vec<Timing> = spent
        .stages
        .iter()
        .map(|(stage, seconds)| timings::plain(&format!("update: {stage}"), seconds.as_f64().unwrap_or(0.0) * 1e3))
        .collect();
    let pairs = spent.stages["pairs"].as_f64().unwrap_or(0.0);
    let seconds = whole - pairs * (1.0 - 1.0 / config.refresh as f64);
    let note = format!(
        "{tokens} tokens sampled at {:.0}/s, {trained} trained at {:.0}/s in passes of {} with {} blocks kept; idle {:.2}; largest gap of a log-probability {:e}",
        spent.sampled_per_second,
        spent.trained_per_second,
        plan.tokens,
        plan.saved_activations,
        spent.idle,
        loss.logp_gap
    );
    out.push(Timing { key: "full update".into(), ms: seconds * 1e3, floor: None, note });
    Ok(out)
}
