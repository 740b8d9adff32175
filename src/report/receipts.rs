//! Receipts: what the numbers of a finished tier stand on, packed so that the paper can be built where none of it was run. The
//! ledger, configurations, metrics and evaluations are in it; rollouts, states and checkpoints are not, and the ledger says
//! what their digests were.

use crate::statement::{NAME, PAPER, Statement};
use crate::{ReportError, Result};
use bundle::{BundleError, Ledger, Sha256, files, write_atomic};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Builder, EntryType, Header};

const ARCHIVE: &str = "receipts.tar.gz";
pub(crate) const DIGEST: &str = "receipts.sha256";
pub(crate) const LEDGER: &str = "ledger.jsonl";
pub(crate) const RESULTS: &str = "results.json";

/// Whether an output of a run goes into the receipts.
fn carried(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    matches!(name, "config.json" | "metrics.jsonl")
        || path.components().any(|c| ["eval", "evidence"].iter().any(|part| c.as_os_str() == *part))
}

/// Writes the digest of a file as `sha256sum` lists it.
pub fn state(path: &Path, digest: Sha256, of: &str) -> Result<()> {
    Ok(write_atomic(path, format!("{digest}  {of}\n").as_bytes())?)
}

/// The digest in such a list.
fn stated(path: &Path) -> Result<String> {
    Ok(files::read_text(path)?.split_whitespace().next().unwrap_or_default().to_string())
}

/// Packs the finished tier in `out` into `folder`, with the statement on its paper if there is one; returns the archive's size. The same
/// runs give the same bytes. Rollouts and checkpoints, which are not packed, may have been deleted.
///
/// # Errors
/// A file, in `out` or laid out in `folder`, that is not what the ledger or the statement says of it; a source in `root` that changed
/// since the paper was made.
pub fn pack(root: &Path, out: &Path, folder: &Path) -> Result<u64> {
    let paper = Statement::find(out)?;
    if paper.is_none() && out.join(PAPER).exists() {
        let hint = format!("it says what {PAPER} was made of: run `build-paper` again");
        return Err(BundleError::Missing { path: out.join(NAME), hint }.into());
    }
    paper.as_ref().map_or(Ok(()), |paper| paper.whole(root, out))?;
    let ledger = Ledger::open(&out.join(LEDGER))?;
    let mut names: BTreeSet<PathBuf> = [LEDGER, RESULTS].map(PathBuf::from).into();
    for entry in ledger.entries() {
        entry.verify_all_but(out, |name| !carried(name))?;
        // Knobs that were laid out beside the archive before must be of these runs too.
        entry.verify_all_but(folder, |_| true)?;
        names.extend(entry.outputs.keys().filter(|path| carried(path)).cloned());
    }
    let broken = |source| BundleError::Write { path: folder.join(ARCHIVE), source };
    let mut archive = Builder::new(GzEncoder::new(vec![], Compression::best()));
    for name in names {
        let bytes = files::read(&out.join(&name))?;
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, &name, &bytes[..]).map_err(broken)?;
    }
    let packed = archive.into_inner().and_then(GzEncoder::finish).map_err(broken)?;
    write_atomic(&folder.join(ARCHIVE), &packed)?;
    state(&folder.join(DIGEST), Sha256::of(&packed), ARCHIVE)?;
    paper.map_or(Ok(()), |paper| paper.copy(folder))?;
    Ok(packed.len() as u64)
}

/// Copies what `eval` reads of a finished run into a folder of its name below `folder`: configuration, identity, last checkpoint.
///
/// # Errors
/// No such run, or a file of these that is missing, that the ledger does not name, or that is not what it says.
pub fn lay_out(out: &Path, folder: &Path, run: &str) -> Result<()> {
    let path = out.join(LEDGER);
    let ledger = Ledger::open(&path)?;
    let no = |what: String| BundleError::Format { path: path.clone(), reason: format!("it has no {what}") };
    let entry = ledger.find(run).ok_or_else(|| no(format!("run {run:?}")))?;
    let at = Path::new(run);
    // By name, and so by update.
    let last = entry.outputs.keys().filter(|name| name.starts_with(at.join("checkpoints"))).max();
    let last = last.ok_or_else(|| no(format!("checkpoint of run {run:?}")))?.clone();
    let read = [at.join("config.json"), at.join("identity.json"), last];
    if let Some(name) = read.iter().find(|name| !entry.outputs.contains_key(*name)) {
        return Err(no(name.display().to_string()).into());
    }
    entry.verify_all_but(out, |name| !read.iter().any(|other| other == name))?;
    read.iter().try_for_each(|name| Ok(write_atomic(&folder.join(name), &files::read(&out.join(name))?)?))
}

/// Unpacks receipts into `out`, in place of what was unpacked there before, and checks every file of it against the ledger.
///
/// # Errors
/// An archive that is not what its digest says, a file that the ledger does not attest, a path that leads elsewhere, a folder in which
/// something else lies.
pub fn unpack(folder: &Path, out: &Path) -> Result<()> {
    let path = folder.join(ARCHIVE);
    let (packed, expected) = (files::read(&path)?, stated(&folder.join(DIGEST))?);
    let found = Sha256::of(&packed).to_string();
    if found != expected {
        let (expected, found) = (format!("sha256 {expected} ({DIGEST})"), format!("sha256 {found}"));
        return Err(BundleError::Digest { path, expected, found }.into());
    }
    make_room(out)?;
    // Whoever is killed half-way leaves nothing that looks like results.
    let apart = out.with_file_name(format!(".{}.unpacking", out.file_name().unwrap_or_default().display()));
    remove(&apart)?;
    let done = extract(&path, &packed, &apart).and_then(|()| attested(&apart)).and_then(|()| {
        std::fs::rename(&apart, out).map_err(|source| BundleError::Write { path: out.into(), source }.into())
    });
    if done.is_err() {
        remove(&apart)?;
    }
    done
}

/// Every file of an archive into a folder.
fn extract(path: &Path, packed: &[u8], folder: &Path) -> Result<()> {
    let damaged = |reason: String| ReportError::from(BundleError::Format { path: path.into(), reason });
    let mut archive = Archive::new(GzDecoder::new(packed));
    for entry in archive.entries().map_err(|e| damaged(e.to_string()))? {
        let mut entry = entry.map_err(|e| damaged(e.to_string()))?;
        let name = entry.path().map_err(|e| damaged(e.to_string()))?.into_owned();
        let plain = name.components().all(|c| matches!(c, Component::Normal(_)));
        if !plain || entry.header().entry_type() != EntryType::Regular {
            return Err(damaged(format!("{} is not a file inside it", name.display())));
        }
        let mut bytes = vec![];
        std::io::Read::read_to_end(&mut entry, &mut bytes).map_err(|e| damaged(e.to_string()))?;
        write_atomic(&folder.join(name), &bytes)?;
    }
    Ok(())
}

/// Removes what an earlier call unpacked and what was made of it. Runs have files beside those that the ledger names: they stay, and so
/// does what anybody else put there.
fn make_room(out: &Path) -> Result<()> {
    let occupied = || ReportError::from(BundleError::Occupied { folder: out.into() });
    let ledger = Ledger::open(&out.join(LEDGER)).map_err(|_| occupied())?;
    let made =
        |name: &Path| name.starts_with("figures") || [LEDGER, RESULTS, PAPER, NAME].map(Path::new).contains(&name);
    let named = |name: &Path| ledger.entries().iter().any(|entry| entry.outputs.contains_key(name));
    let there = if out.exists() { files::list(out)? } else { vec![] };
    match there.iter().all(|name| made(name) || named(name)) {
        true => remove(out),
        false => Err(occupied()),
    }
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(BundleError::Write { path: folder.into(), source }.into())
        }
        _ => Ok(()),
    }
}

/// Every file below `out` is the ledger, the results, or what an entry says it is.
fn attested(out: &Path) -> Result<()> {
    let ledger = Ledger::open(&out.join(LEDGER))?;
    for name in files::list(out)?.into_iter().filter(|name| ![LEDGER, RESULTS].map(Path::new).contains(&name.as_path()))
    {
        let expected = ledger.entries().iter().rev().find_map(|entry| entry.outputs.get(&name));
        let path = out.join(&name);
        match (expected, Sha256::of_file(&path)?.0) {
            (Some(expected), found) if *expected == found => {}
            (Some(expected), found) => {
                let (expected, found) = (format!("sha256 {expected} (ledger)"), format!("sha256 {found}"));
                return Err(BundleError::Digest { path, expected, found }.into());
            }
            (None, _) => return Err(BundleError::Extra { path }.into()),
        }
    }
    Ok(())
}
