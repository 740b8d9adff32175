//! `export`: a run's deployed model for other programs.

use crate::args::{Export, Format};
use crate::commands::{base, plan};
use crate::values::Updates;
use adapter::{Basis, export};
use anyhow::{Result, bail};
use backend::Backend;
use bundle::{Identity, Scratch, files};
use experiment::dataset::{base_model, problem_files};
use experiment::inputs::{BASES, lora, weights_of};
use experiment::manifest::Source;
use failure::Failure;
use model::{Decoder, Weights, hub};
use organism::data::base_folder;
use std::path::{Path, PathBuf};
use train::{Adapter, RunFolder};

pub(super) fn run(root: &Path, args: &Export) -> Result<()> {
    let manifest = base::with_base(plan::open(root, &args.plan)?.0, &args.base)?;
    let Some(out) = &args.plan.out else { bail!(Failure::usage("export needs --out, the folder to write into")) };
    let rank = match (args.format, args.rank) {
        (Format::Hf | Format::Gguf, None) => 0,
        (Format::Peft, Some(rank)) if rank > 0 => rank,
        (Format::Hf | Format::Gguf, Some(_)) => {
            bail!(Failure::usage("--rank belongs to --format peft: a merged model has every knob"))
        }
        (Format::Peft, _) => bail!(Failure::usage("--format peft needs --rank K, the knobs to keep of every matrix")),
    };
    files::refuse_occupied(out)?;
    let _reading = RunFolder::at(&args.run).read()?;
    let (update, checkpoint) = checkpoint(&args.run, args.update)?;
    let knobs = RunFolder::at(&args.run).knobs(update)?;
    let config = RunFolder::at(&args.run).read_config()?;
    let backend = Backend::open(args.device)?;
    // Where the weights come from, and where the tokenizer and other settings of all base models lie.
    let (base, settings, basis) = match manifest.source {
        Source::Organism => {
            let of = manifest.replicate(config.seed).base;
            let base = base_folder(&root.join(&manifest.data), of);
            let weights = Weights::load(&base)?;
            same_base(of, &weights, &args.run)?;
            (base, root.join(&manifest.data), Basis::new(Decoder::new(&weights, &backend)?, &weights)?)
        }
        Source::Leetcode | Source::Tasks => {
            let (model, weights) = base_model(root, &manifest)?;
            // A model of one's own needs no problems; of a tier's nothing may be another than is pinned.
            if args.base.model.is_none() && !manifest.source.ships_problems() {
                problem_files(root, &manifest)?;
            }
            same_base(0, &weights, &args.run)?;
            let decoder = Decoder::new(&weights, &backend)?;
            let basis = Basis::cached(decoder, &weights, &manifest.state(root).join(BASES), |_, _| ())?;
            (model.clone(), model, basis)
        }
    };
    let basis = if config.arm.adapter() == Adapter::FrozenB { lora(&basis)? } else { basis };
    if knobs.deployed.len() != basis.layout.len() {
        bail!(Failure::usage(format!(
            "{} has {} knobs but {} has {}: it belongs to another base model, choose its --tier or --plan",
            checkpoint.display(),
            knobs.deployed.len(),
            base.display(),
            basis.layout.len()
        )));
    }
    match args.format {
        Format::Hf => export::hub(&basis, &knobs, &settings, out)?,
        Format::Gguf => {
            let work = Scratch::within(out.parent().filter(|p| p.exists()).unwrap_or(Path::new(".")))?;
            export::hub(&basis, &knobs, &settings, &work.path())?;
            import::back::export(&work.path(), &about(&args.run, update, &settings), &out.join("model.gguf"))?;
        }
        Format::Peft => {
            let lost = export::lora(&basis, &knobs, rank, &hub::portable_name(&base), out)?;
            let share = if lost.whole > 0.0 { lost.left_out / lost.whole } else { 0.0 };
            println!(
                "rank {rank}: Frobenius norm {:.6} of the delta's {:.6} is left out ({:.3} %)",
                lost.left_out,
                lost.whole,
                100.0 * share
            );
            if let Some((module, worst)) = lost.worst {
                println!("most of its own delta loses {module}: {:.3} %", 100.0 * worst);
            }
        }
    }
    println!("wrote the deployed model of {} after update {update} into {}", args.run.display(), out.display());
    Ok(())
}

/// What a file has to say of itself: the run, and what its base was made of.
fn about(run: &Path, update: usize, settings: &Path) -> String {
    let name = run.file_name().unwrap_or_default().display();
    let record = files::read_text(&settings.join("import.json")).unwrap_or_default();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap_or_default();
    let base = record["provenance"].as_str().map(|from| format!("; base {from}")).unwrap_or_default();
    format!("deployed model of {name} after update {update}, without its quarantine{base}")
}

/// Knobs are for the singular vectors of the weights that they were trained on, and for no others.
fn same_base(base: usize, weights: &Weights, run: &Path) -> Result<()> {
    Ok(Identity::new([(weights_of(base), weights.digest())]).check(run)?)
}

/// The asked-for checkpoint of a run, or its last.
fn checkpoint(run: &Path, asked: Option<usize>) -> Result<(usize, PathBuf)> {
    let asked = asked.map_or(Updates::Last, |update| Updates::These(vec![update]));
    let update = asked.of(run)?.pop().expect("one is asked for");
    Ok((update, RunFolder::checkpoint(run, update)))
}
