//! Requests until a file is whole: each goes on where the one before was cut off.

use crate::client::{Client, Reply, Trouble, failed};
use crate::part::{Finished, Part};
use crate::run::Fetch;
use crate::{Event, FetchError, Result, Wanted};
use bundle::Sha256;
use std::io::Read;
use std::time::{Duration, Instant};
use url::Url;

/// Tries in a row that bring nothing worth mentioning, before it is given up.
const TRIES: u32 = 6;

/// What makes a try worth mentioning.
const PROGRESS: u64 = 1 << 20;

/// The longest wait between tries that the server did not ask for.
const LONGEST: Duration = Duration::from_secs(30);

/// One file on its way.
pub(crate) struct Download<'a> {
    pub(crate) fetch: &'a Fetch<'a>,
    pub(crate) client: &'a Client,
    pub(crate) wanted: &'a Wanted,
}

impl Download<'_> {
    /// Receives what is missing of a part, and puts it into its place.
    pub(crate) fn finish(&self, mut part: Part) -> Result<Sha256> {
        self.client.reaches(&self.wanted.url)?;
        let mut tries = 0;
        // Bytes of several answers may be of several files: then the whole is asked for once more.
        let (mut patched, mut again) = (part.size() > 0, true);
        loop {
            self.fetch.go_on()?;
            let before = part.size();
            match self.receive(&mut part) {
                Ok(()) => match part.finish()? {
                    Finished::Placed(digest) => return Ok(digest),
                    Finished::Wrong(wrong, _) if patched && again => {
                        part = wrong;
                        self.drop(&mut part)?;
                        again = false;
                    }
                    Finished::Wrong(wrong, found) => {
                        wrong.discard();
                        return Err(self.other(self.wanted.digest.to_string(), found));
                    }
                },
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing { reason, wait }) => {
                    // What ends when everything is stopped has no other fault.
                    self.fetch.go_on()?;
                    patched |= part.size() > 0;
                    tries = if part.size() >= before + PROGRESS { 1 } else { tries + 1 };
                    if tries == TRIES {
                        let reason = format!("{reason}, after {tries} tries");
                        self.client.lose(&self.wanted.url, &reason)?;
                        return Err(FetchError::Unreachable { url: self.wanted.url.clone(), reason });
                    }
                    let doubled = self.fetch.settings.first_wait.saturating_mul(1 << (tries - 1)).min(LONGEST);
                    self.pause(&reason, wait.unwrap_or(doubled))?;
                }
            }
        }
    }

    /// One request; what it brings is appended.
    fn receive(&self, part: &mut Part) -> std::result::Result<(), Trouble> {
        let from = part.size();
        if self.wanted.bytes == Some(from) && from > 0 {
            return Ok(());
        }
        let Reply { start, total, body } = self.client.get(&self.wanted.url, from)?;
        let expected = self.expected(total)?;
        let Some(body) = body else {
            // The server has no more: either this is all, or what is here is of something else.
            if expected == Some(from) {
                return Ok(());
            }
            self.drop(part)?;
            return Err(Trouble::Passing { reason: format!("it has nothing from byte {from} on"), wait: None });
        };
        if start != from {
            self.drop(part)?;
        }
        if start > 0 && start != from {
            let reason = format!("it was asked for bytes from {from} on and sends those from {start} on");
            return Err(Trouble::Passing { reason, wait: None });
        }
        if let (None, Some(total)) = (self.wanted.bytes, expected) {
            self.fetch.tell(Event::Learned { bytes: total.saturating_sub(part.size()) });
        }
        self.copy(body.into_reader(), part, expected)?;
        self.whole(part, expected)
    }

    fn copy(&self, mut body: impl Read, part: &mut Part, expected: Option<u64>) -> std::result::Result<(), Trouble> {
        let mut piece = vec![0; 1 << 17];
        loop {
            self.fetch.go_on()?;
            let read = body.read(&mut piece).map_err(|e| self.cut(e))?;
            if read == 0 {
                return Ok(());
            }
            part.append(&piece[..read])?;
            self.fetch.tell(Event::Received { bytes: read as u64 });
            if let Some(expected) = expected.filter(|&size| part.size() > size) {
                self.drop(part)?;
                return Err(self.other(format!("{expected} bytes"), "more".into()).into());
            }
        }
    }

    /// A connection that ended where the file does not is one to go on from.
    fn whole(&self, part: &Part, expected: Option<u64>) -> std::result::Result<(), Trouble> {
        match expected.filter(|&size| size != part.size()) {
            None => Ok(()),
            Some(size) => {
                let reason = format!("the connection was cut at {} of {size} bytes", part.size());
                Err(Trouble::Passing { reason, wait: None })
            }
        }
    }

    /// The size that the file will have. One that differs from the pinned one is told before a byte is received.
    fn expected(&self, total: Option<u64>) -> std::result::Result<Option<u64>, Trouble> {
        match (self.wanted.bytes, total) {
            (Some(pinned), Some(stated)) if pinned != stated => {
                Err(self.other(format!("{pinned} bytes"), format!("{stated} bytes")).into())
            }
            (pinned, stated) => Ok(pinned.or(stated)),
        }
    }

    fn cut(&self, error: std::io::Error) -> Trouble {
        match Url::parse(&self.wanted.url) {
            Ok(at) => failed(&at, ureq::Error::from(error)),
            Err(_) => Trouble::Passing { reason: error.to_string(), wait: None },
        }
    }

    fn drop(&self, part: &mut Part) -> Result<()> {
        self.fetch.tell(Event::Dropped { bytes: part.size() });
        part.restart()
    }

    fn other(&self, expected: String, found: String) -> FetchError {
        FetchError::OtherBytes { path: self.wanted.path.clone(), url: self.wanted.url.clone(), expected, found }
    }

    fn pause(&self, reason: &str, wait: Duration) -> Result<()> {
        self.fetch.tell(Event::Retry { path: &self.wanted.path, reason, wait });
        let begun = Instant::now();
        while let Some(left) = wait.checked_sub(begun.elapsed()) {
            self.fetch.go_on()?;
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        Ok(())
    }
}
