//! Words of the command line that are entries of a table: parsed by that table, and listed by `--help` and by shells.

use anyhow::{Result, bail};
use backend::DeviceChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use experiment::scoring::Split;
use experiment::{CheckpointView, Manifest};
use failure::Failure;
use std::path::Path;
use substrate::Loophole;
use train::{Arm, RunFolder};
use verify::{GATES, Gate};

/// A parser of these values by their names.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let named = move |word: String| *all.iter().find(|value| name(**value) == word).expect("a name of the table");
    PossibleValuesParser::new(all.iter().map(|value| name(*value))).map(named)
}

pub(crate) fn arm() -> impl TypedValueParser<Value = Arm> {
    PossibleValuesParser::new(Arm::all().map(Arm::name)).map(|word| Arm::from_name(&word).expect("a name of the table"))
}

pub(crate) fn loophole() -> impl TypedValueParser<Value = Loophole> {
    one_of(&Loophole::ALL, Loophole::name)
}

pub(crate) fn gate() -> impl TypedValueParser<Value = Gate> {
    one_of(&GATES, |gate| gate.name)
}

pub(crate) fn device() -> impl TypedValueParser<Value = DeviceChoice> {
    one_of(&DeviceChoice::ALL, DeviceChoice::name)
}

/// A tier stays a name: manifests are read where they are used.
pub(crate) fn tier() -> PossibleValuesParser {
    PossibleValuesParser::new(Manifest::tiers())
}

pub(crate) fn view() -> impl TypedValueParser<Value = CheckpointView> {
    one_of(&CheckpointView::MODELS, CheckpointView::label)
}

pub(crate) fn split() -> impl TypedValueParser<Value = Split> {
    one_of(&Split::ALL, Split::name)
}

/// Which devices of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    All,
    These(Vec<usize>),
}

/// `all`, or numbers with commas between them, none of them twice.
pub(crate) fn devices(text: &str) -> Result<Devices, String> {
    if text == "all" {
        return Ok(Devices::All);
    }
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.map_err(|_| "all, or numbers such as 0,1 are wanted")?;
    match numbers.iter().enumerate().find(|(i, number)| numbers[..*i].contains(number)) {
        Some((_, twice)) => Err(format!("{twice} is there twice")),
        None => Ok(Devices::These(numbers)),
    }
}

/// Which of a run's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Updates {
    All,
    Last,
    These(Vec<usize>),
}

/// `all`, `last`, or numbers with commas between them.
pub(crate) fn updates(text: &str) -> Result<Updates, String> {
    let numbers = || text.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<usize>, _>>();
    match text {
        "all" => Ok(Updates::All),
        "last" => Ok(Updates::Last),
        _ => numbers().map(Updates::These).map_err(|_| "all, last, or numbers such as 20,40 are wanted".into()),
    }
}

impl Updates {
    /// Their numbers in this run.
    pub(crate) fn of(&self, run: &Path) -> Result<Vec<usize>> {
        let there = RunFolder::at(run).checkpoints()?;
        let asked = match self {
            Self::All => there.clone(),
            Self::Last => there.last().copied().into_iter().collect(),
            Self::These(numbers) => numbers.clone(),
        };
        if there.is_empty() {
            let last = RunFolder::checkpoint(run, RunFolder::at(run).read_config()?.updates);
            bail!(Failure::usage(format!("{} is missing, and there is no other checkpoint", last.display())));
        }
        if asked.is_empty() || asked.iter().any(|update| !there.contains(update)) {
            let there: Vec<String> = there.iter().map(usize::to_string).collect();
            bail!(Failure::usage(format!("{} has checkpoints of updates: {}", run.display(), there.join(", "))));
        }
        Ok(asked)
    }
}
