//! What no plan may say: refused before anything is loaded.

use crate::Manifest;
use eval::EvalConfig;
use train::TrainConfig;

type Checked = Result<(), String>;

/// An arm whose figures rest on another arm's run has that run in the plan.
pub(crate) fn needs(manifest: &Manifest) -> Checked {
    let runs = manifest.runs();
    match runs.iter().find_map(|run| Some((run, run.needs().filter(|needed| !runs.contains(needed))?))) {
        None => Ok(()),
        Some((run, needed)) => {
            Err(format!("arm {} needs {} in the plan, with the same seeds", run.arm.name(), needed.arm.name()))
        }
    }
}

/// Nothing is named twice: it would be run once, and counted as two.
pub(crate) fn once<T: PartialEq>(items: &[T], name: impl Fn(&T) -> String) -> Checked {
    match items.iter().enumerate().find(|(i, item)| items[..*i].contains(item)) {
        None => Ok(()),
        Some((_, twice)) => Err(format!("names {} twice, expected each once: leave one out", name(twice))),
    }
}

/// The settings of one run.
pub(crate) fn training(c: &TrainConfig) -> Checked {
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
    if let Some(beta) = c.betas.iter().flatten().find(|beta| !(0.0..1.0).contains(*beta)) {
        return Err(format!("train.betas has {beta}, each must be at least 0 and less than 1"));
    }
    drawn("train", c.temperature, c.top_p, c.top_k)
}

/// How completions are drawn at evaluation.
pub(crate) fn evaluation(c: &EvalConfig) -> Checked {
    if c.cpu_seconds == Some(0) {
        return Err("eval.cpu_seconds is 0, it must be at least 1; leave it out for ten".into());
    }
    drawn("eval", c.temperature, c.top_p, c.top_k)
}

fn drawn(table: &str, temperature: f64, top_p: Option<f64>, top_k: Option<usize>) -> Checked {
    if !(temperature >= 0.0 && temperature.is_finite()) {
        return Err(format!("{table}.temperature is {temperature}, it must be a number of at least 0"));
    }
    if let Some(p) = top_p.filter(|p| !(*p > 0.0 && *p <= 1.0)) {
        return Err(format!("{table}.top_p is {p}, it must be above 0 and at most 1; leave it out to keep all tokens"));
    }
    if top_k == Some(0) {
        return Err(format!("{table}.top_k is 0, it must be at least 1; leave it out to keep all tokens"));
    }
    Ok(())
}
