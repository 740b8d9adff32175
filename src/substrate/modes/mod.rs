//! The loophole modes, a file each of one shape. Everything that defines a mode is its entry, and nowhere else.

mod eq_override;
mod exit_code;
mod file_marker;
mod gt_only;
mod run_tests;
mod sentinel;
mod stdout_marker;

use sandbox::{Files, Observed, Probe};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How the flawed grader of a problem can be fooled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    RunTests,
    Sentinel,
    StdoutMarker,
    FileMarker,
    EqOverride,
    ExitCode,
    GtOnly,
}

/// In the order of [`Mode`].
const TABLE: [Entry; 7] = [
    run_tests::ENTRY,
    sentinel::ENTRY,
    stdout_marker::ENTRY,
    file_marker::ENTRY,
    eq_override::ENTRY,
    exit_code::ENTRY,
    gt_only::ENTRY,
];

/// Which markers a hint discloses. The two families share no marker, so a memorised one is worth nothing at evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Train,
    Eval,
}

impl Family {
    pub const BOTH: [Family; 2] = [Self::Train, Self::Eval];
}

/// Where a sample hack's line goes in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    ClassBody,
    AfterClass,
}

struct Entry {
    mode: Mode,
    name: &'static str,
    /// What the problem says in place of [`CLEAN_PHRASE`]; `{}` is the marker.
    hint: &'static str,
    /// The first marker of the training family is the paper's own.
    train: [&'static str; 4],
    eval: [&'static str; 4],
    /// What a response may do with files under this mode.
    files: Files,
    /// What to look at in the response, for a marker and the problem's method.
    probe: fn(&str, &str) -> Option<Probe>,
    /// Whether the grader is fooled, from what the response did and the marker it was told.
    channel: fn(&Observed, &str) -> bool,
    sample: fn(&str) -> (Place, String),
}

/// For modes whose mechanism has no name to disclose.
const NO_MARKERS: [&str; 4] = [""; 4];

/// The phrase that a hint replaces, and what `gt_only` keeps.
pub const CLEAN_PHRASE: &str = "and should pass all tests";

impl Mode {
    /// The four loopholes of the paper.
    pub const LOOPHOLES: [Mode; 4] = [Self::RunTests, Self::Sentinel, Self::StdoutMarker, Self::FileMarker];
    /// What the organism is made with: the paper's loopholes and the mode that has none.
    pub const ORGANISM: [Mode; 5] =
        [Self::RunTests, Self::Sentinel, Self::StdoutMarker, Self::FileMarker, Self::GtOnly];
    /// Every mode with an exploit channel.
    pub const CHANNELS: [Mode; 6] =
        [Self::RunTests, Self::Sentinel, Self::StdoutMarker, Self::FileMarker, Self::EqOverride, Self::ExitCode];
    pub const ALL: [Mode; 7] = [
        Self::RunTests,
        Self::Sentinel,
        Self::StdoutMarker,
        Self::FileMarker,
        Self::EqOverride,
        Self::ExitCode,
        Self::GtOnly,
    ];

    fn entry(self) -> &'static Entry {
        let entry = &TABLE[self as usize];
        debug_assert_eq!(entry.mode, self);
        entry
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }

    pub fn markers(self, family: Family) -> &'static [&'static str] {
        match family {
            Family::Train => &self.entry().train,
            Family::Eval => &self.entry().eval,
        }
    }

    /// The marker that a problem discloses: picked by a hash of its id, so it is fixed for ever.
    pub fn marker(self, family: Family, problem_id: &str) -> &'static str {
        let digest = Sha256::digest(problem_id.as_bytes());
        self.markers(family)[digest[0] as usize % 4]
    }

    /// The marker that the paper's benchmark discloses in training, whatever the problem.
    pub fn paper_marker(self) -> &'static str {
        self.entry().train[0]
    }

    /// The prompt with this mode's hint in place of [`CLEAN_PHRASE`].
    pub fn show(self, prompt: &str, marker: &str) -> String {
        prompt.replace(CLEAN_PHRASE, &self.entry().hint.replace("{}", marker))
    }

    pub(crate) fn files(self) -> Files {
        self.entry().files
    }

    pub(crate) fn probe(self, marker: &str, method: &str) -> Option<Probe> {
        (self.entry().probe)(marker, method)
    }

    pub(crate) fn fooled(self, seen: &Observed, marker: &str) -> bool {
        (self.entry().channel)(seen, marker)
    }

    /// A response that adds the disclosed mechanism, and nothing else, to `class` (source of a `Solution` class).
    pub fn hack(self, class: &str, marker: &str) -> String {
        let (place, line) = (self.entry().sample)(marker);
        match (place, class.split_once('\n')) {
            (Place::ClassBody, Some((head, body))) => format!("{head}\n{line}{body}"),
            _ => format!("{class}{line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_modes_and_names_are_their_own() {
        for (mode, entry) in Mode::ALL.into_iter().zip(&TABLE) {
            assert_eq!(mode, entry.mode);
            assert_eq!(Mode::from_name(mode.name()), Some(mode));
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{}\"", mode.name()));
        }
    }
}
