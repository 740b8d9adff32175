//! The ledger of a plan: one entry a piece, in plan order.

use crate::curve::{PER_KIND, PER_MODE};
use crate::manifest::Job;
use crate::runner::BASE_RUN;
use crate::{Manifest, Result};
use bundle::{Finished, Ledger, LedgerEntry, Sha256, files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use train::state::LOG;

/// What a plan runs on and from: device, code, versions and inputs, as every entry records them.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The device, by name.
    pub device: String,
    /// The commit of the checkout, and whether files differ from it.
    pub code: String,
    /// This program's digest.
    pub program: Sha256,
    /// Versions of what is not shipped: libraries, interpreter, sandbox.
    pub versions: BTreeMap<String, String>,
    /// Every shipped input.
    pub inputs: BTreeMap<PathBuf, Sha256>,
    /// Mandatory layers of the sandbox that were missing and lifted.
    pub unsafe_without: Vec<String>,
    /// Runs at a time on each device.
    pub jobs: usize,
    /// Threads of each.
    pub threads: usize,
}

const LEDGER: &str = "ledger.jsonl";

/// Nothing in a ledger names its last entry's digest, which therefore is listed beside it. Whoever is killed between the two leaves the
/// digest of the ledger before.
fn as_written(out: &Path) -> Result<()> {
    let (path, finished) = (out.join(LEDGER), Finished::of(out));
    let Some(listed) = finished.listed(&path)?.filter(|_| path.exists()) else { return Ok(()) };
    let text = files::read(&path)?;
    let entries: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let before = entries.split_last().map_or(0, |(last, _)| text.len() - last.len());
    match [&text[..], &text[..before]].iter().any(|text| Sha256::of(text).to_string() == listed) {
        true => Ok(()),
        false => Err(finished.differs(&path, &listed, format!("sha256 {}", Sha256::of(&text))).into()),
    }
}

/// Appends ledger entries in plan order, whatever order runs finish in, so that the same work makes the same ledger.
pub struct LedgerOrder<'a> {
    ledger: Ledger,
    provenance: &'a Provenance,
    order: Vec<String>,
    done: BTreeSet<String>,
}

impl<'a> LedgerOrder<'a> {
    /// Opens the ledger and checks what it attests already, before anything is built on it.
    pub fn new(manifest: &Manifest, provenance: &'a Provenance, out: &Path) -> Result<Self> {
        let mut order = vec![BASE_RUN.to_string()];
        order.extend(manifest.jobs().iter().map(Job::to_string));
        as_written(out)?;
        let ledger = Ledger::open(&out.join(LEDGER))?;
        for entry in order.iter().filter_map(|run| ledger.find(run)) {
            entry.verify_outputs(out)?;
        }
        Ok(Self { ledger, provenance, order, done: BTreeSet::new() })
    }

    /// This piece is done: its entry is appended once all before it are. `files` are the plan's own inputs, beside those that every
    /// plan has.
    pub fn finished(&mut self, run: String, files: &BTreeMap<PathBuf, Sha256>) -> Result<()> {
        self.done.insert(run);
        while let Some(run) = self.order.first().filter(|r| self.done.contains(*r)).cloned() {
            self.order.remove(0);
            // An entry that stands was made by the program and from the inputs that it names: it is not made again.
            if self.ledger.find(&run).is_none() {
                self.ledger.append(self.entry(&run, files)?)?;
                let (folder, path) = (self.ledger.folder(), self.ledger.folder().join(LEDGER));
                Finished::of(folder).list_as(&path, Sha256::of_file(&path)?.0)?;
            }
        }
        Ok(())
    }

    /// Whether this piece is done.
    pub fn has(&self, run: &str) -> bool {
        self.done.contains(run)
    }

    fn entry(&self, run: &str, files: &BTreeMap<PathBuf, Sha256>) -> Result<LedgerEntry> {
        let root = self.ledger.folder();
        let mut outputs = BTreeMap::new();
        // What depends on the clock is no result, and what follows from other files may be made again at any time.
        let follows = |file: &PathBuf| [PER_MODE, PER_KIND].iter().any(|name| file == Path::new(name));
        let result = |file: &PathBuf| !file.starts_with(LOG) && !follows(file) && !files::is_unnamed(file);
        let results = files::list(&root.join(run))?.into_iter().filter(result);
        for file in results {
            let name = Path::new(run).join(file);
            outputs.insert(name.clone(), Sha256::of_file(&root.join(name))?.0);
        }
        let config = root.join(run).join("config.json");
        Ok(LedgerEntry {
            run: run.into(),
            config: if config.exists() { Sha256::of_file(&config)?.0 } else { Sha256::of(b"") },
            program: self.provenance.program,
            code: self.provenance.code.clone(),
            device: self.provenance.device.clone(),
            versions: self.provenance.versions.clone(),
            inputs: self.provenance.inputs.iter().chain(files).map(|(p, d)| (p.clone(), *d)).collect(),
            unsafe_without: self.provenance.unsafe_without.clone(),
            outputs,
        })
    }
}
