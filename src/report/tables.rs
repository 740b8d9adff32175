//! What `reproduce` ends with: the claim table and the difference report, in plain text.

use experiment::claims::Judged;
use experiment::manifest::Source;
use experiment::{Results, published};
use std::fmt::Write;

/// One line a claim, its evidence below it.
pub fn claims(judged: &[Judged]) -> String {
    let mut out = String::from("claim  status    what it says\n");
    for claim in judged {
        let _ = writeln!(out, "{:<6} {:<9} {}", claim.id, claim.status.name(), claim.wording);
        for evidence in &claim.evidence {
            let _ = writeln!(out, "                 {evidence}");
        }
    }
    out
}

/// Published figures beside ours. They are of one seed, or of another model on other problems: the difference is no error bar.
pub fn differences(source: Source, results: &Results) -> String {
    let mut out = format!("{:<30} {:>9} {:>9} {:>11}\n", "figure", "published", "ours", "difference");
    for (what, published, ours) in published::differences(source, results) {
        let _ = match ours {
            Some(ours) => writeln!(out, "{what:<30} {published:>9.3} {ours:>9.3} {:>+11.3}", ours - published),
            None => writeln!(out, "{what:<30} {published:>9.3} {:>9} {:>11}", "not run", "-"),
        };
    }
    out
}
