//! One file per command, each with a `run`.

mod data;
mod plan;
mod reproduce;

use crate::args::{Cli, Command, Data};
use anyhow::Result;

pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Reproduce(args) => reproduce::run(&cli.root, &args),
        Command::Data(Data::Generate(args)) => data::generate(&cli.root, &args),
        Command::Data(Data::Pretrain(args)) => data::pretrain(&cli.root, &args),
    }
}
