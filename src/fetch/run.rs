//! All files of a list, several at a time: what is there stays, what is on this machine is used, what is left is downloaded.

use crate::client::Client;
use crate::download::Download;
use crate::local::{Copies, matching};
use crate::part::{Part, path_of};
use crate::{Digest, FetchError, Result, Settings, Wanted, room};
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

/// What is told while files are brought.
#[derive(Debug)]
pub enum Event<'a> {
    /// What was found out before the first byte: so much is to be brought, so much of it an earlier call received.
    Planned {
        /// Of sizes that are known.
        bytes: u64,
        /// Of those, what lies in parts.
        received: u64,
    },
    /// A file's size was not known before: so much more is to be brought.
    Learned {
        /// More than planned.
        bytes: u64,
    },
    /// Bytes came.
    Received {
        /// How many.
        bytes: u64,
    },
    /// Bytes that had come were of no use.
    Dropped {
        /// How many.
        bytes: u64,
    },
    /// A try failed, and another will be made.
    Retry {
        /// The file.
        path: &'a Path,
        /// What was wrong.
        reason: &'a str,
        /// Before the next try.
        wait: Duration,
    },
    /// Another fetch is bringing this file; it is waited for.
    Waiting {
        /// The file.
        path: &'a Path,
    },
    /// A file is in its place.
    Placed(&'a Placed),
    /// A file will not come; the others go on.
    Failed {
        /// The file.
        path: &'a Path,
        /// Why.
        error: &'a FetchError,
    },
}

/// Who hears of it.
pub trait Progress: Sync {
    /// Called from several threads.
    fn tell(&self, event: Event);
}

/// Where a file was had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was in its place.
    There,
    /// This file of the same machine.
    Copy(PathBuf),
    /// The web.
    Web(String),
}

/// A file in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, also where the pin has another digest.
    pub sha256: Sha256,
    /// Where it was had from.
    pub source: Source,
}

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
        let copies = Copies::of(&self.settings.cache, self.folders)?;
        let client = Client::new(self.settings)?;
        let found = in_turn(wanted, |file, _| self.find(file, &copies).map(Some))?;
        self.plan(wanted, &found)?;
        let files: Vec<(&Wanted, &Found)> = wanted.iter().zip(&found).collect();
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
        match copies.find(wanted, self.stop)? {
            Some((copy, digest)) => Ok(Found::Copy(copy, digest)),
            None if self.settings.offline => {
                let folders = self.folders.iter().map(|folder| format!(" or {}", folder.display()));
                let looked = format!("{}{}", self.settings.cache.display(), folders.collect::<String>());
                Err(FetchError::Offline { path: wanted.path.clone(), looked })
            }
            None => Ok(Found::Nowhere),
        }
    }

    /// Tells what is to come, if there is room for it.
    fn plan(&self, wanted: &[Wanted], found: &[Found]) -> Result<()> {
        let (mut bytes, mut received, mut needs) = (0, 0, vec![]);
        for (file, found) in wanted.iter().zip(found) {
            let size = file.bytes.unwrap_or_default();
            let folder = file.path.parent().unwrap_or(Path::new("")).to_path_buf();
            match found {
                Found::There(_) => {}
                // One disk needs no second copy.
                Found::Copy(copy, _) if room::on_one_disk(copy, &folder)? => {}
                Found::Copy(..) => needs.push((folder, size)),
                Found::Nowhere => {
                    let part = path_of(file).metadata().map_or(0, |about| about.len()).min(size);
                    needs.push((folder, size - part));
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
            _ => {
                let digest = Download { fetch: self, client, wanted }.finish(part)?;
                placed(digest, Source::Web(wanted.url.clone()))
            }
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
