//! `generate` and `pretrain`: where shipped data come from.

use crate::args::{Generate, Pretrain};
use anyhow::{Result, bail};
use backend::Backend;
use failure::Failure;
use model::Tokenizer;
use organism::data;
use organism::pretrain::{Recipe, SEEDS};
use std::path::Path;
use std::time::Instant;

pub(super) fn generate(root: &Path, args: &Generate) -> Result<()> {
    let out = root.join(args.out.clone().unwrap_or_else(|| Path::new("data").join(&args.dataset)));
    let generated = match args.dataset.as_str() {
        "tasks" => tasks::generate(&out).map(|()| &tasks::data::GENERATED[..])?,
        _ => organism::generate(&out).map(|()| &organism::data::GENERATED[..])?,
    };
    println!("wrote {} into {}", generated.join(", "), out.display());
    Ok(())
}

pub(super) fn pretrain(root: &Path, args: &Pretrain) -> Result<()> {
    let folder = root.join(&args.out);
    let Some(seed) = args.base.checked_sub(1).and_then(|base| SEEDS.get(base)) else {
        bail!(Failure::usage(format!("--base {}: bases are 1 to {}", args.base, SEEDS.len())));
    };
    let out = data::base_folder(&folder, args.base - 1);
    let tokenizer = Tokenizer::load(&folder.join("tokenizer.json"), organism::END)?;
    let backend = Backend::open(args.device)?;
    let recipe = Recipe { steps: args.steps, ..Recipe::of(*seed) };
    let recipe = Recipe { mix: args.mix.unwrap_or(recipe.mix), ..recipe };
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
