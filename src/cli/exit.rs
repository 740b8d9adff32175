//! Exit codes: 0 ok, 1 a gate or check failed, 2 usage (clap's own), 3 an input is missing or wrong, 4 no usable
//! device, 5 diverged or interrupted (resumable), 70 a bug.

use std::process::ExitCode;

/// A check that did not hold: not an accident, a verdict.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckFailed(pub String);

/// Words on the command line that mean nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The code for the deepest cause that has one.
pub fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(error.chain().find_map(of).unwrap_or(70))
}

fn of(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    use model::ModelError;
    if cause.is::<CheckFailed>() {
        return Some(1);
    }
    if cause.is::<Usage>() {
        return Some(2);
    }
    if let Some(e) = cause.downcast_ref::<ModelError>() {
        return match e {
            ModelError::NoDevice { .. } => Some(4),
            e => e.is_input().then_some(3),
        };
    }
    if cause.is::<bundle::BundleError>() || cause.is::<substrate::SubstrateError>() || cause.is::<sandbox::SandboxError>() {
        return Some(3);
    }
    None
}
