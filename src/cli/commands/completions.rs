//! `completions`: what shells and `man` are told about the command line.

use crate::args::{Cli, Completions};
use anyhow::{Context, Result};
use clap::CommandFactory;

pub(super) fn run(args: &Completions) -> Result<()> {
    let mut command = Cli::command();
    if let Some(shell) = args.shell {
        let name = command.get_name().to_string();
        clap_complete::generate(shell, &mut command, name, &mut std::io::stdout());
    }
    if let Some(folder) = &args.man {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        clap_mangen::generate_to(command, folder)
            .with_context(|| format!("cannot write manual pages into {}", folder.display()))?;
        println!("wrote manual pages into {}", folder.display());
    }
    Ok(())
}
