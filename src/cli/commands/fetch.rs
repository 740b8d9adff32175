//! `fetch`: what a tier reads and the project does not ship, brought to where the tier looks for it, or made there of what was
//! brought.

use crate::args::{ExperimentArgs, Fetch as Args};
use crate::commands::plan;
use crate::commands::stop::Stop;
use crate::progress::Transfer;
use anyhow::{Result, bail};
use bundle::{BundleError, Pin, Pins, Sha256, pins};
use experiment::Manifest;
use failure::Failure;
use fetch::{Digest, Fetch, Placed, Settings, Source, Wanted};
use std::path::{Path, PathBuf};

/// A folder that is made of one file.
struct Made {
    folder: PathBuf,
    files: Vec<Wanted>,
    of: Wanted,
}

/// What a tier reads.
#[derive(Default)]
struct Reads {
    files: Vec<Wanted>,
    made: Vec<Made>,
}

pub(super) fn run(root: &Path, args: &Args) -> Result<()> {
    let pins = Pins::load(&root.join(pins::FILE))?;
    let (tier, folders) = folders(root, args)?;
    if folders.is_empty() {
        println!("tier {tier}: everything that it reads is shipped, there is nothing to fetch");
        return Ok(());
    }
    let mut settings = Settings::from_env(|name| std::env::var(name).ok())?;
    settings.offline |= args.offline;
    let mirror = args.from.as_deref().filter(|from| from.starts_with("http://") || from.starts_with("https://"));
    if let Some(mirror) = mirror.filter(|_| settings.offline) {
        bail!(Failure::usage(format!("--from {mirror} and --offline (or HF_HUB_OFFLINE) contradict each other")));
    }
    let copies: Vec<PathBuf> = args.from.iter().filter(|_| mirror.is_none()).map(PathBuf::from).collect();
    let Reads { mut files, made } = reads(&pins, &folders, mirror)?;
    let count = files.len() + made.iter().map(|made| made.files.len()).sum::<usize>();
    println!("tier {tier}: {count} files; what of them is on this machine is found first");
    let stop = Stop::new("stopping; Ctrl-C again stops at once")?.flag();
    let progress = Transfer::new();
    let fetch = Fetch { settings: &settings, folders: &copies, progress: &progress, stop: &stop };
    let (mut brought, mut to_make) = (vec![], vec![]);
    for made in made {
        match fetch.local(&made.files)? {
            Some(placed) => brought.extend(made.files.into_iter().zip(placed)),
            None => to_make.push(made),
        }
    }
    files.extend(to_make.iter().map(|made| made.of.clone()));
    let placed = fetch.all(&files);
    progress.finish();
    brought.extend(files.into_iter().zip(placed?));
    to_make.iter().try_for_each(make)?;
    tell(&brought);
    Ok(())
}

/// The tier's name, and the folders that it reads: as the pins call them, and where they are to be.
fn folders(root: &Path, args: &Args) -> Result<(String, Vec<(PathBuf, PathBuf)>)> {
    let chosen = ExperimentArgs { tier: args.tier.clone(), plan: args.plan.clone(), out: None };
    let (manifest, _) = plan::open(root, &chosen)?;
    let folders = manifest.fetched().map(|folder| placed(root, args.to.as_deref(), folder)).collect();
    Ok((manifest.name.clone(), folders))
}

/// The files that a plan reads and is not shipped, where it looks for them.
pub(super) fn files(root: &Path, manifest: &Manifest) -> Result<Vec<Wanted>> {
    let folders: Vec<(PathBuf, PathBuf)> = manifest.fetched().map(|folder| placed(root, None, folder)).collect();
    let Reads { mut files, made } = reads(&Pins::load(&root.join(pins::FILE))?, &folders, None)?;
    files.extend(made.into_iter().flat_map(|made| made.files));
    Ok(files)
}

/// A folder as the pins call it, and where it is to be.
fn placed(root: &Path, to: Option<&Path>, folder: &Path) -> (PathBuf, PathBuf) {
    let name = PathBuf::from(folder.file_name().unwrap_or_default());
    let to = to.map_or_else(|| root.join(folder), |to| to.join(&name));
    (name, to)
}

/// The files of these folders, each by its pin.
fn reads(pins: &Pins, folders: &[(PathBuf, PathBuf)], mirror: Option<&str>) -> Result<Reads> {
    let mut reads = Reads::default();
    for (name, to) in folders {
        let files = fetch::wanted(pins, name, to, mirror);
        let made: Vec<&Pin> = pins.of(name).filter(|pin| pin.made_of.is_some()).collect();
        if files.is_empty() && made.is_empty() {
            bail!(BundleError::Extra { path: to.clone() });
        }
        reads.files.extend(files);
        // Whatever is made of one file is one folder.
        let source =
            made.first().and_then(|pin| pins.pins.iter().find(|other| Some(&other.path) == pin.made_of.as_ref()));
        let of = source.and_then(|pin| Wanted::of(pin, &beside(to, &pin.path), mirror));
        let files = made.iter().filter_map(|pin| Wanted::made(pin, to)).collect();
        reads.made.extend(of.map(|of| Made { folder: to.clone(), files, of }));
    }
    Ok(reads)
}

/// The folder of a pinned file, beside another folder.
fn beside(folder: &Path, pinned: &Path) -> PathBuf {
    folder.with_file_name(pinned.parent().and_then(Path::file_name).unwrap_or_default())
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes a folder's files apart from it, and moves them in when all have their pinned bytes.
fn make(made: &Made) -> Result<()> {
    let apart = made.folder.with_file_name(format!("{}.making", last(&made.folder)));
    println!("{} is made of {}", made.folder.display(), made.of.path.display());
    let progress = Transfer::new();
    let record = import::import(&made.of.path, &apart, &|bytes, all| progress.made(bytes, all));
    progress.finish();
    let record = record?;
    for file in &made.files {
        let (found, _) = Sha256::of_file(&apart.join(last(&file.path)))?;
        if Digest::Sha256(found) != file.digest {
            let (made, pinned) = (apart.join(last(&file.path)), &file.digest);
            bail!(Failure::check(format!("{}: this program makes sha256 {found}, pinned is {pinned}", made.display())));
        }
    }
    let fail = |source| BundleError::Write { path: made.folder.clone(), source };
    std::fs::create_dir_all(&made.folder).map_err(fail)?;
    for file in &made.files {
        std::fs::rename(apart.join(last(&file.path)), &file.path).map_err(fail)?;
    }
    std::fs::remove_dir_all(&apart).map_err(fail)?;
    println!("{}: {}; {} files have their pinned bytes", made.folder.display(), record.provenance, made.files.len());
    Ok(())
}

fn tell(brought: &[(Wanted, Placed)]) {
    let count = |is: fn(&Source) -> bool| brought.iter().filter(|(_, placed)| is(&placed.source)).count();
    let there = count(|source| *source == Source::There);
    let copied = count(|source| matches!(source, Source::Copy(_)));
    let came = brought.len() - there - copied;
    println!(
        "{there} files were there, {copied} come from this machine, {came} were downloaded; all have their pinned bytes"
    );
    for (file, placed) in brought.iter().filter(|(file, _)| matches!(file.digest, Digest::Git(_))) {
        println!(
            "{}: sha256 {}, which upstream does not publish; checked by {} and written down beside it",
            placed.path.display(),
            placed.sha256,
            file.digest
        );
    }
}
