//! Exit codes: 0 ok, 1 a gate or check failed, 2 usage, 3 an input is missing or wrong, 4 no usable device, 5 diverged
//! or interrupted (resumable), 70 a bug.

use adapter::AdapterError;
use bundle::BundleError;
use eval::EvalError;
use experiment::ExperimentError;
use model::ModelError;
use organism::OrganismError;
use report::ReportError;
use std::process::ExitCode;
use train::TrainError;

const CHECK_FAILED: u8 = 1;
const USAGE: u8 = 2;
const INPUT: u8 = 3;
const NO_DEVICE: u8 = 4;
const RESUMABLE: u8 = 5;
const BUG: u8 = 70;

/// A check that did not hold: not an accident, a verdict.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckFailed(pub String);

/// Work that is not whole; the same command may complete it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Resumable(pub String);

/// Words on the command line that mean nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The code of the first cause that has one.
pub fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(error.chain().find_map(of).unwrap_or(BUG))
}

fn of(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if cause.is::<CheckFailed>() {
        return Some(CHECK_FAILED);
    }
    if cause.is::<Resumable>() {
        return Some(RESUMABLE);
    }
    if cause.is::<Usage>() {
        return Some(USAGE);
    }
    if cause.is::<sandbox::SandboxError>() || cause.is::<substrate::SubstrateError>() {
        return Some(INPUT);
    }
    None.or_else(|| cause.downcast_ref().map(file))
        .or_else(|| cause.downcast_ref().map(model))
        .or_else(|| cause.downcast_ref().map(organism))
        .or_else(|| cause.downcast_ref().map(experiment))
        .or_else(|| cause.downcast_ref().map(eval))
        .or_else(|| cause.downcast_ref().map(report))
}

/// A write that failed (a full disk) stops a run where it can be resumed; a read that failed is a wrong input.
fn file(e: &BundleError) -> u8 {
    if matches!(e, BundleError::Write { .. }) { RESUMABLE } else { INPUT }
}

fn model(e: &ModelError) -> u8 {
    match e {
        ModelError::NoDevice { .. } => NO_DEVICE,
        ModelError::Compute(_) => RESUMABLE,
        ModelError::Write(e) => file(e),
        _ => INPUT,
    }
}

fn adapter(e: &AdapterError) -> u8 {
    match e {
        AdapterError::Model(e) => model(e),
        AdapterError::File(e) => file(e),
        AdapterError::Svd(_) | AdapterError::Damaged { .. } => INPUT,
    }
}

fn organism(e: &OrganismError) -> u8 {
    match e {
        OrganismError::Model(e) => model(e),
        OrganismError::Write(e) => file(e),
        OrganismError::Substrate(_) => INPUT,
        OrganismError::Tokenizer(_) => BUG,
    }
}

fn train(e: &TrainError) -> u8 {
    match e {
        TrainError::Diverged { .. } | TrainError::Infrastructure { .. } => RESUMABLE,
        TrainError::OtherRun { .. } | TrainError::Unmatched { .. } => USAGE,
        TrainError::NoProblems | TrainError::Routing(_) | TrainError::Substrate(_) => INPUT,
        TrainError::Model(e) => model(e),
        TrainError::Adapter(e) => adapter(e),
        TrainError::File(e) => file(e),
    }
}

fn experiment(e: &ExperimentError) -> u8 {
    match e {
        ExperimentError::Interrupted { .. } => RESUMABLE,
        ExperimentError::Manifest { .. } | ExperimentError::Claims { .. } => INPUT,
        ExperimentError::Substrate(_) => INPUT,
        ExperimentError::Organism(e) => organism(e),
        ExperimentError::Model(e) => model(e),
        ExperimentError::Adapter(e) => adapter(e),
        ExperimentError::Train(e) => train(e),
        ExperimentError::Eval(e) => eval(e),
        ExperimentError::File(e) => file(e),
    }
}

fn eval(e: &EvalError) -> u8 {
    match e {
        EvalError::Infrastructure { .. } => RESUMABLE,
        EvalError::Model(e) => model(e),
        EvalError::File(e) => file(e),
        EvalError::Substrate(_) | EvalError::Seal(_) => INPUT,
    }
}

fn report(e: &ReportError) -> u8 {
    match e {
        ReportError::File(e) => file(e),
        ReportError::Experiment(e) => experiment(e),
        _ => CHECK_FAILED,
    }
}
