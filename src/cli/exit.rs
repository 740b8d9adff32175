//! The exit code of an error: that of the first cause that says its kind.

use failure::{Failure, Kind};
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;

/// The code of an error chain.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(kind(error).exit_code())
}

/// An error chain for programs.
pub(crate) fn object(error: &anyhow::Error) -> Value {
    let kind = kind(error);
    json!({ "kind": kind, "exit_code": kind.exit_code(), "message": words(error) })
}

/// The kind of an error chain.
pub(crate) fn kind(error: &anyhow::Error) -> Kind {
    error.chain().find_map(kind_of).unwrap_or(Kind::Bug)
}

/// An error chain in words. A cause that its effect has told already is not told again.
pub(crate) fn words(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| match cause.to_string() {
        cause if told.contains(&cause) => told,
        cause if told.is_empty() => cause,
        cause => format!("{told}: {cause}"),
    })
}

/// The kind of a cause whose type has one.
fn kind_of(cause: &(dyn Error + 'static)) -> Option<Kind> {
    macro_rules! first_of {
        ($($error:ty),*) => { None$(.or_else(|| cause.downcast_ref::<$error>().map(|e| e.kind())))* };
    }
    cause.downcast_ref::<Failure>().map(|e| e.kind).or_else(|| {
        first_of!(
            bundle::BundleError,
            fetch::FetchError,
            import::ImportError,
            sandbox::SandboxError,
            substrate::SubstrateError,
            oracle::BrokenSeal,
            backend::BackendError,
            model::ModelError,
            generate::GenerateError,
            adapter::AdapterError,
            routing::RoutingError,
            train::TrainError,
            eval::EvalError,
            organism::OrganismError,
            experiment::ExperimentError,
            report::ReportError,
            sign::SignError,
            publish::PublishError
        )
    })
}
