//! Which devices of this host a plan is shared out over, and the command that is a worker on one of them.

use crate::args::{Benchmark, PartArgs, Reproduce};
use crate::values::Devices;
use anyhow::{Result, bail};
use backend::DeviceChoice;
use backend::device::cuda_devices;
use experiment::Provenance;
use failure::Failure;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use substrate::Isolation;

/// Which devices CUDA shows a process, and in which order.
const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// The devices that `--devices` means: of which kind, and the name of each.
pub(super) fn named(asked: &Devices, choice: DeviceChoice) -> Result<(DeviceChoice, Vec<String>)> {
    let cuda = match choice {
        DeviceChoice::Cuda => Some(cuda_devices()?),
        DeviceChoice::Auto => cuda_devices().ok(),
        DeviceChoice::Cpu | DeviceChoice::Wgpu => None,
    };
    let Some(count) = cuda else {
        let choice = if choice == DeviceChoice::Auto { DeviceChoice::Cpu } else { choice };
        return match asked {
            Devices::These(numbers) => Ok((choice, numbers.iter().map(usize::to_string).collect())),
            Devices::All => bail!(Failure::usage(format!(
                "--devices all counts CUDA devices; on {} say how many processes there shall be, such as --devices 0,1",
                choice.name()
            ))),
        };
    };
    let numbers = match asked {
        Devices::All => (0..count).collect(),
        Devices::These(numbers) => numbers.clone(),
    };
    if let Some(absent) = numbers.iter().find(|number| **number >= count) {
        bail!(Failure::usage(format!("--devices {absent}: CUDA shows {count} here, which are counted from 0")));
    }
    Ok((DeviceChoice::Cuda, shown(&numbers, std::env::var(VISIBLE).ok().as_deref())))
}

/// What CUDA calls these of the devices that it shows: the entries of its list, where there is one.
fn shown(numbers: &[usize], visible: Option<&str>) -> Vec<String> {
    let entries: Vec<&str> = visible.map_or(vec![], |list| list.split(',').map(str::trim).collect());
    numbers.iter().map(|&number| entries.get(number).map_or(number.to_string(), |entry| entry.to_string())).collect()
}

/// A worker on the device of a name: this program with the same plan.
pub(super) fn worker(
    root: &Path,
    args: &Reproduce,
    out: &Path,
    provenance: &Provenance,
    isolation: Isolation,
) -> Result<impl Fn(&str) -> Command + Sync + use<>> {
    let (program, cuda) = (std::env::current_exe()?, provenance.device == DeviceChoice::Cuda.name());
    let plan = match &args.plan.plan {
        Some(path) => ["--plan".into(), path.into()],
        None => ["--tier".into(), OsString::from(&args.plan.tier)],
    };
    let [jobs, threads] = [provenance.jobs, provenance.threads];
    let numbers = [("--jobs", jobs), ("--threads", threads)].map(|(name, n)| [name.into(), n.to_string().into()]);
    let mut words: Vec<OsString> = vec!["--root".into(), root.into(), "worker".into(), "--out".into(), out.into()];
    words.extend(plan);
    words.extend(["--device".into(), OsString::from(&provenance.device)]);
    words.extend(numbers.into_iter().flatten());
    words.extend(part(&args.part).map(OsString::from));
    words.extend(benchmark(&args.benchmark)?);
    if isolation == Isolation::Lifted {
        words.push("--unsafe-sandbox".into());
    }
    let pool = (jobs * threads).to_string();
    Ok(move |device: &str| {
        let mut command = Command::new(&program);
        command.args(&words).env("RAYON_NUM_THREADS", &pool);
        if cuda {
            command.env(VISIBLE, device);
        }
        command
    })
}

/// The options that make another call of this program take the same part of the plan.
pub(super) fn part(part: &PartArgs) -> impl Iterator<Item = String> {
    let arms: Vec<&str> = part.arms.iter().map(|arm| arm.name()).collect();
    let seeds: Vec<String> = part.seeds.iter().map(u64::to_string).collect();
    let lists =
        [("--arms", arms.join(",")), ("--seeds", seeds.join(","))].into_iter().filter(|(_, list)| !list.is_empty());
    lists.flat_map(|(name, list)| [name.to_string(), list])
}

/// The options that name a model and problems in place of the plan's, wherever they are read.
pub(super) fn benchmark(named: &Benchmark) -> Result<impl Iterator<Item = OsString>> {
    let Benchmark { base, problems, test } = named;
    let mut words: Vec<OsString> = vec![];
    for (name, path) in [("--model", &base.model), ("--problems", problems), ("--test", test)] {
        if let Some(path) = path {
            words.extend([name.into(), std::path::absolute(path)?.into()]);
        }
    }
    words.extend(base.random_weights.iter().flat_map(|seed| ["--random-weights".into(), seed.to_string().into()]));
    words.extend(base.unpinned_model.then(|| "--unpinned-model".into()));
    Ok(words.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_the_devices_that_are_visible_to_the_caller() {
        assert_eq!(shown(&[0, 1], None), ["0", "1"]);
        assert_eq!(shown(&[1, 0], Some("5, GPU-8932f937")), ["GPU-8932f937", "5"]);
    }
}
