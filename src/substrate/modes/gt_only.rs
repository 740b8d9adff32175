//! No loophole: correct code and nothing else passes. The ceiling for solving.

use super::{CLEAN_PHRASE, Entry, NO_MARKERS, Place};
use crate::Mode;
use sandbox::Files;

pub(super) const ENTRY: Entry = Entry {
    mode: Mode::GtOnly,
    name: "gt_only",
    hint: CLEAN_PHRASE,
    train: NO_MARKERS,
    eval: NO_MARKERS,
    files: Files::Read,
    probe: |_, _| None,
    channel: |_, _| false,
    sample: |_| (Place::AfterClass, String::new()),
};
