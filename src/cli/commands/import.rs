//! `import`: a model in GGUF, made into the folder that the other commands read.

use crate::args::Import as Args;
use crate::progress::Transfer;
use anyhow::Result;
use bundle::Sha256;

pub(super) fn run(args: &Args) -> Result<()> {
    let progress = Transfer::new();
    let made = import::import(&args.gguf, &args.out, &|bytes, all| progress.made(bytes, all));
    progress.finish();
    let record = made?;
    println!("{}: {}", args.out.display(), record.provenance);
    println!("its output head is {}", record.head);
    for name in import::FILES {
        let (digest, bytes) = Sha256::of_file(&args.out.join(name))?;
        println!("{digest}  {name} ({bytes} bytes)");
    }
    Ok(())
}
