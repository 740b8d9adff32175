//! What is told before anything is done: what that is, how long it takes, and what one will be able to conclude.

use crate::format::Format;
use anyhow::Result;
use experiment::{Cost, Manifest};
use serde_json::json;
use std::path::Path;

/// What a plan is run for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// Gates before and after, and the paper.
    InThePaper,
    /// Runs and their numbers.
    WithNumbers,
}

impl Ends {
    pub(super) fn announce(self, manifest: &Manifest, on: &str, out: &Path, format: Format) -> Result<()> {
        let (title, jobs, updates) = (manifest.title(), manifest.jobs().len(), manifest.updates()?);
        let cost = Cost::of(manifest)?.map(|cost| cost.to_string());
        let does = match self {
            Self::InThePaper => {
                format!("gates over inputs, {updates} updates with their evaluations, gates over results, paper")
            }
            Self::WithNumbers => format!("{updates} updates with their evaluations; no gates and no paper"),
        };
        // A part of a plan takes less, and says less.
        let whole = |text: &Option<String>| text.clone().filter(|_| self == Self::InThePaper && !manifest.restricted);
        let (takes, concludes) = (whole(&manifest.takes), whole(&manifest.concludes));
        let text = || {
            let told = [("does", Some(&does)), ("takes", takes.as_ref()), ("then", concludes.as_ref())];
            let lines = told.iter().filter_map(|(name, text)| Some(format!("{name:<7}{}\n", (*text)?)));
            let cost = cost.iter().map(|cost| format!("\n{cost}\n"));
            let lines: String = lines.chain(cost).collect();
            format!("tier {title}: {jobs} runs on {on}; results in {}\n\n{lines}", out.display())
        };
        let object = || {
            json!({
                "tier": manifest.name, "title": title, "runs": jobs, "updates": updates, "on": on, "out": out, "takes": takes,
                "concludes": concludes, "cost": cost,
            })
        };
        format.say(text, "plan", object);
        Ok(())
    }
}
