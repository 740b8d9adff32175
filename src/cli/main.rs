//! The binary `gradient-quarantine`: parses, runs one command, prints the error chain once, exits with a code that
//! says what kind of failure it was.

mod args;
mod commands;
mod exit;
mod progress;
mod values;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let cli = args::Cli::parse();
    match commands::run(cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::code(&error)
        }
    }
}
