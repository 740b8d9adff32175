//! Words of the command line that are entries of a table: parsed by that table, and listed by `--help` and by shells.

use backend::DeviceChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use experiment::Manifest;
use substrate::Loophole;
use train::Arm;
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
