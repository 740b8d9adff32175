//! `plan`: what a plan consists of, as text or as array jobs for Slurm. A task that is told to end (exit code 5) or killed
//! puts itself back into the queue, and goes on where it was.

use crate::args::{PlanFormat, PlanOut};
use crate::commands::{base, devices};
use anyhow::{Result, bail};
use backend::DeviceChoice;
use bundle::write_atomic;
use experiment::manifest::Job;
use experiment::runner::BASE_RUN;
use experiment::{Cost, Manifest};
use failure::Failure;
use std::path::Path;

pub(super) fn run(root: &Path, args: &PlanOut) -> Result<()> {
    let (manifest, out) = base::open(root, &args.plan, &args.part, &args.benchmark)?;
    match (args.format, &args.to) {
        (PlanFormat::Text, _) => list(&manifest),
        (PlanFormat::Slurm, Some(to)) => slurm(root, args, &manifest, &std::path::absolute(out)?, to),
        (PlanFormat::Slurm, None) => bail!(Failure::usage("--format slurm needs --to, the folder to write into")),
    }
}

fn list(manifest: &Manifest) -> Result<()> {
    println!("{}\n", manifest.title());
    println!("{:<40} {:<24} updates", "piece", "after");
    println!("{BASE_RUN:<40} {:<24} 0", "-");
    for job in manifest.jobs() {
        let after = job.needs().map_or(BASE_RUN.into(), |run| run.to_string());
        println!("{:<40} {after:<24} {}", job.to_string(), manifest.job_config(job)?.updates);
    }
    if let Some(cost) = Cost::of(manifest)? {
        println!("\n{cost}");
    }
    Ok(())
}

/// One array for all that needs only the base, trained and then evaluated, one for what needs those, and the paper.
fn slurm(root: &Path, args: &PlanOut, manifest: &Manifest, out: &Path, to: &Path) -> Result<()> {
    let (later, first): (Vec<Job>, Vec<Job>) = manifest.jobs().into_iter().partition(|job| job.needs().is_some());
    let lines = |jobs: &[Job]| jobs.iter().map(|job| format!("{job}\n")).collect::<String>();
    let (program, root, to) = (std::env::current_exe()?, std::path::absolute(root)?, std::path::absolute(to)?);
    let plan = match &args.plan.plan {
        Some(path) => format!("--plan {}", quoted(&std::path::absolute(path)?)),
        None => format!("--tier {}", manifest.name),
    };
    let device = args.device.name();
    let gpu = if args.device == DeviceChoice::Cuda { "#SBATCH --gres=gpu:1\n" } else { "" };
    let common = format!("{} --root {}", quoted(&program), quoted(&root));
    let named: String =
        devices::benchmark(&args.benchmark)?.flat_map(|word| [" ".into(), quoted(Path::new(&word))]).collect();
    let rest = format!("{plan} --out {} --device {device}{named}", quoted(out));
    let task = format!(
        r#"#!/usr/bin/env bash
#SBATCH --requeue --open-mode=append --signal=B:TERM@60
{gpu}# One piece of the plan: line SLURM_ARRAY_TASK_ID of the list in $1; $2 is an option for `train`, or nothing.
set -u
cd {folder}
name=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$1")
{common} train --job "$name" ${{2:-}} {rest} &
child=$!
trap 'kill -TERM $child' TERM
wait $child; code=$?
if [ $code -gt 128 ] && kill -0 $child 2>/dev/null; then wait $child; code=$?; fi
# Told to end, or killed: back into the queue, which ends this script.
if [ $code -eq 5 ] || [ $code -gt 128 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt 5 ]; then
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}" && sleep 60
fi
exit $code
"#,
        folder = quoted(&to),
    );
    let array = |name: &str, list: &str, count: usize, after: &str, option: &str| {
        format!(
            "{name}=$(sbatch --parsable --job-name gq-{name} --array 0-{} {after} \"$@\" task.sh {list} {option})\n",
            count - 1
        )
    };
    let mut submit = format!(
        "#!/usr/bin/env bash\n# Submits the plan; options for sbatch may follow (partition, other GPUs, time).\nset -eu\ncd {}\n",
        quoted(&to)
    );
    submit += &array("base", "base.txt", 1, "", "");
    submit += &array("train", "first.txt", first.len(), "--dependency afterok:$base", "--train-only");
    submit += &array("evaluate", "first.txt", first.len(), "--dependency aftercorr:$train", "");
    let mut last = "$evaluate";
    if !later.is_empty() {
        submit += &array("later", "later.txt", later.len(), "--dependency afterok:$evaluate", "");
        last = "$evaluate:$later";
    }
    submit += &format!(
        "sbatch --parsable --job-name gq-aggregate --requeue --dependency afterok:{last} \"$@\" aggregate.sh\n"
    );
    let part: String = devices::part(&args.part).flat_map(|word| [" ".into(), word]).collect();
    let aggregate = format!("#!/usr/bin/env bash\n{gpu}exec {common} reproduce {rest}{part}\n");
    let files = [
        ("task.sh", task),
        ("submit.sh", submit),
        ("aggregate.sh", aggregate),
        ("base.txt", format!("{BASE_RUN}\n")),
        ("first.txt", lines(&first)),
        ("later.txt", lines(&later)),
    ];
    for (name, text) in files {
        write_atomic(&to.join(name), text.as_bytes())?;
    }
    println!("{} pieces; submit them with: bash {}", first.len() + later.len() + 1, to.join("submit.sh").display());
    Ok(())
}

/// A path for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
