//! The binary `gradient-quarantine`: parses, runs one command, prints the error chain once, exits with a code that
//! says what kind of failure it was.

mod args;
mod commands;
mod exit;
mod format;
mod progress;
mod values;

use clap::Parser;

fn main() -> std::process::ExitCode {
    // Whoever reads what is printed may stop reading: that ends the program as it ends others, without a word.
    // SAFETY: nothing else runs yet, and the default action is what the kernel starts programs with.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let cli = args::Cli::parse();
    let json = cli.command.json();
    match commands::run(cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            if json {
                format::emit("error", exit::object(&error));
            }
            eprintln!("error: {}", exit::words(&error));
            exit::code(&error)
        }
    }
}
