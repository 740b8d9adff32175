//! The files of what is published, and where they come from.

use crate::audit::{self, Texts};
use crate::croissant::{self, Shipped};
use crate::{Result, crate_metadata, sbom};
use bundle::{Ledger, LedgerEntry, files, write_atomic};
use experiment::claims::Detail;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A tier whose receipts were unpacked and attested.
pub struct Shown<'a> {
    /// The tier's name.
    pub tier: &'a str,
    /// The unpacked receipts.
    pub out: &'a Path,
    /// What the numbers say of each claim.
    pub claims: Vec<Detail>,
}

/// A tier, what is said of it, and what goes along. For [`publish`] every gate holds over it, and its paper was built.
pub struct Finished<'a> {
    /// The project.
    pub root: &'a Path,
    /// The tier, with the paper.
    pub shown: Shown<'a>,
    /// The data set that it is of, if that is shipped.
    pub data: Option<&'a Shipped>,
    /// When it was made, as RFC 3339 has it: nothing here reads a clock.
    pub date: &'a str,
    /// The other tiers that its paper shows, whose receipts go along, each with a page of its own.
    pub beside: &'a [Shown<'a>],
    /// Whether it is signed once it is whole.
    pub signed: bool,
}

impl Finished<'_> {
    /// The files of the other tiers' receipts, by their names in the project and here.
    pub(crate) fn receipts_beside(&self) -> impl Iterator<Item = PathBuf> {
        let files = |other: &Shown| RECEIPTS.map(|name| Path::new("receipts").join(other.tier).join(name));
        self.beside.iter().flat_map(files)
    }

    /// The pages of the other tiers, likewise.
    pub(crate) fn pages_beside(&self) -> impl Iterator<Item = String> {
        self.beside.iter().map(|other| format!("audit/{}/index.html", other.tier))
    }
}

/// Files that are taken from the project, with their names there.
const OWN: [(&str, &str); 4] = [
    ("claims.toml", "verify/claims.toml"),
    ("CITATION.cff", "CITATION.cff"),
    ("codemeta.json", "codemeta.json"),
    ("LICENSE", "LICENSE"),
];
/// Receipts, as they lie in the project.
const RECEIPTS: [&str; 2] = ["receipts.tar.gz", "receipts.sha256"];
/// Files that are taken from the results.
const RESULTS: [&str; 3] = ["results.json", "ledger.jsonl", "paper.pdf"];

/// Writes everything into a new folder; the same bytes for the same receipts and date. Returns how many files there are.
///
/// # Errors
/// A folder that is not empty; a file that is missing or cannot be written.
pub fn publish(finished: &Finished, to: &Path) -> Result<usize> {
    let Finished { root, date, shown: Shown { tier, out, claims }, .. } = finished;
    files::refuse_occupied(to)?;
    let ledger = Ledger::open(&out.join("ledger.jsonl"))?;
    for name in RESULTS {
        write_atomic(&to.join(name), &files::read(&out.join(name))?)?;
    }
    for (name, from) in OWN {
        write_atomic(&to.join(name), &files::read(&root.join(from))?)?;
    }
    for name in finished.receipts_beside() {
        write_atomic(&to.join(&name), &files::read(&root.join(&name))?)?;
    }
    if let Some(shipped) = finished.data {
        for (name, ..) in croissant::FILES {
            let path = Path::new(shipped.folder).join(name);
            write_atomic(&to.join(&path), &files::read(&root.join(path))?)?;
        }
        write_atomic(&to.join(croissant::NAME), pretty(&croissant::describe(shipped, root, date)?).as_bytes())?;
    }
    let written = [
        ("claims.json", pretty(&json!(claims))),
        ("sbom.cdx.json", pretty(&sbom::bill())),
        ("reproduce.sh", reproduce(tier, &ledger)),
        ("README.md", read_me(finished)),
    ];
    for (name, text) in written {
        write_atomic(&to.join(name), text.as_bytes())?;
    }
    for entry in ledger.entries() {
        for path in held(out, entry) {
            write_atomic(&to.join("runs").join(path), &files::read(&out.join(path))?)?;
        }
    }
    pages(finished, &to.join("audit"))?;
    let metadata = crate_metadata::describe(finished, &ledger, to)?;
    write_atomic(&to.join(crate_metadata::NAME), metadata.as_bytes())?;
    Ok(files::list(to)?.len())
}

/// Writes the pages alone into a new folder, which open from disk. Returns how many files there are.
///
/// # Errors
/// A folder that is not empty; a file that is missing or cannot be written.
pub fn audit_page(finished: &Finished, to: &Path) -> Result<usize> {
    files::refuse_occupied(to)?;
    pages(finished, to)?;
    Ok(files::list(to)?.len())
}

/// What receipts hold of a run.
fn held<'a>(out: &'a Path, entry: &'a LedgerEntry) -> impl Iterator<Item = &'a PathBuf> {
    entry.outputs.keys().filter(|path| out.join(path).is_file())
}

/// The tier's page, and below it one for each other tier that its paper shows.
fn pages(finished: &Finished, to: &Path) -> Result<()> {
    let mut more = Texts::new();
    if finished.signed {
        let how = "signed with the author's keys; `gradient-quarantine verify --signature` and `model_signing verify key` check it";
        more.insert("signature".into(), how.into());
    }
    let beside: Vec<&str> = finished.beside.iter().map(|other| other.tier).collect();
    let mut of_this = more.clone();
    of_this.insert("beside".into(), json!(beside).to_string().into());
    page(finished.root, &finished.shown, of_this, to)?;
    finished.beside.iter().try_for_each(|other| page(finished.root, other, more.clone(), &to.join(other.tier)))
}

/// A page and its data: what it reads first, with `more`, and a script for each run.
fn page(root: &Path, Shown { out, claims, .. }: &Shown, more: Texts, to: &Path) -> Result<()> {
    let (mut first, ledger) = (more, Ledger::open(&out.join("ledger.jsonl"))?);
    for (name, path) in [("results.json", *out), ("ledger.jsonl", *out), ("claims.toml", &root.join("verify"))] {
        first.insert(name.into(), files::read_text(&path.join(name))?.into());
    }
    first.insert("claims.json".into(), pretty(&json!(claims)).into());
    audit::data(&to.join("data/index.js"), "index", first)?;
    for entry in ledger.entries() {
        let mut texts = Texts::new();
        for path in held(out, entry) {
            texts.insert(path.to_string_lossy().into_owned(), files::read_text(&out.join(path))?.into());
        }
        let script = format!("{}.js", entry.run);
        audit::data(&to.join("data/runs").join(script), &format!("run {}", entry.run), texts)?;
    }
    audit::page(to)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("values serialise") + "\n"
}

/// The command that makes all of it again.
fn reproduce(tier: &str, ledger: &Ledger) -> String {
    let device = ledger.entries().first().map_or("auto", |entry| entry.device.as_str());
    format!(
        "#!/bin/sh\n# Makes everything in this folder again, in a checkout of the project.\nset -eu\ncargo run --release -- reproduce --tier {tier} --device {device} \"$@\"\n"
    )
}

fn read_me(finished: &Finished) -> String {
    let tier = finished.shown.tier;
    let described = if finished.data.is_some() { "`croissant.json`, " } else { "" };
    format!(
        "# Gradient quarantine, tier {tier}\n\nA finished experiment: settings, metrics and evaluations of every run, the ledger that \
attests them, the results, the claims with their verdicts, and the paper that was typeset from them.\n\n\
- Look: open `audit/index.html` in a browser, from disk. It recomputes every digest and most numbers.\n\
- Check the signature, if `model.sig` is there; otherwise this folder is unsigned. `gradient-quarantine verify --signature . --public-keys DIR`, or \
`model_signing verify key . --signature model.sig --public_key DIR/p256.pub.pem --ignore-paths attestation.dsse.json`.\n\
- Read by program: `ro-crate-metadata.json` (Provenance Run Crate 0.5), {described}`sbom.cdx.json` (CycloneDX), `codemeta.json`.\n\
- Make it again: `reproduce.sh`.\n\
- Other models that the paper shows: each has a page below `audit/`, and its receipts lie under `receipts/`, as the project has them.\n"
    )
}
