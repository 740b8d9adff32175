//! `generate` and `pretrain`: where the shipped organism comes from.

use crate::args::{Generate, Pretrain};
use anyhow::Result;
use backend::Backend;
use model::Tokenizer;
use organism::pretrain::Recipe;
use std::path::Path;
use std::time::Instant;

pub(super) fn generate(root: &Path, args: &Generate) -> Result<()> {
    let out = root.join(&args.out);
    organism::generate(&out)?;
    println!("wrote {} into {}", organism::data::GENERATED.join(", "), out.display());
    Ok(())
}

pub(super) fn pretrain(root: &Path, args: &Pretrain) -> Result<()> {
    let out = root.join(&args.out);
    let tokenizer = Tokenizer::load(&out.join("tokenizer.json"), organism::END)?;
    let backend = Backend::open(args.device)?;
    let recipe = Recipe { steps: args.steps, ..Recipe::default() };
    let started = Instant::now();
    let weights = organism::pretrain::pretrain(&tokenizer, &recipe, &backend, |step, loss| {
        if step % 100 == 0 || step + 1 == recipe.steps {
            println!(
                "step {step:>5}  loss {loss:.4}  {:.0} s on {}",
                started.elapsed().as_secs_f64(),
                backend.choice.name()
            );
        }
    })?;
    weights.save(&out)?;
    println!("wrote config.json and model.safetensors into {}", out.display());
    Ok(())
}
