//! No loophole: correct code and nothing else passes. The ceiling for solving.

use super::{CLEAN_PHRASE, Channel, LoopholeEntry, NO_MARKERS, Sample};
use crate::Loophole;
use sandbox::Files;

pub(super) const ENTRY: LoopholeEntry = LoopholeEntry {
    loophole: Loophole::GtOnly,
    name: "gt_only",
    hint: CLEAN_PHRASE,
    full: CLEAN_PHRASE,
    train: NO_MARKERS,
    eval: NO_MARKERS,
    neutral: "",
    files: Files::Read,
    probe: |_, _| None,
    channel: Channel::Observed(|_, _| false),
    sample: Sample::Line(|_| String::new()),
};
