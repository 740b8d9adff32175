//! The method with pairs of some loophole modes only; the others are held out. Leave-one-out, and two of four.

use super::{Arm, Entry, PairSet, route2b};
use substrate::Mode::{self, FileMarker, RunTests, Sentinel, StdoutMarker};

const fn known(arm: Arm, name: &'static str, modes: &'static [Mode]) -> Entry {
    Entry {
        arm,
        name,
        what: "The method without pairs of that loophole.",
        pairs: PairSet::Modes(modes),
        ..route2b::ENTRY
    }
}

pub(super) const WITHOUT_RUN_TESTS: Entry =
    known(Arm::WithoutRunTests, "route2b-without-run_tests", &[Sentinel, StdoutMarker, FileMarker]);
pub(super) const WITHOUT_SENTINEL: Entry =
    known(Arm::WithoutSentinel, "route2b-without-sentinel", &[RunTests, StdoutMarker, FileMarker]);
pub(super) const WITHOUT_STDOUT_MARKER: Entry =
    known(Arm::WithoutStdoutMarker, "route2b-without-stdout_marker", &[RunTests, Sentinel, FileMarker]);
pub(super) const WITHOUT_FILE_MARKER: Entry =
    known(Arm::WithoutFileMarker, "route2b-without-file_marker", &[RunTests, Sentinel, StdoutMarker]);
pub(super) const KNOWN_TWO: Entry = Entry {
    what: "The method with pairs of run_tests and file_marker alone.",
    ..known(Arm::KnownTwo, "route2b-known-two", &[RunTests, FileMarker])
};
