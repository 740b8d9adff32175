//! A server, a folder to fetch into, and all that is told meanwhile. Each test program uses a part.
#![allow(dead_code)]

pub(crate) mod server;
mod tls;

use bundle::{Sha256, Swhid};
use failure::Kind;
use fetch::{Digest, Event, Fetch, FetchError, Placed, Progress, Settings, Wanted};
use server::{Answer, Server};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Bytes that are in no order that a mistake would keep.
pub(crate) fn bytes(size: usize, seed: u8) -> Vec<u8> {
    (0..size).map(|i| (i.wrapping_mul(i).wrapping_add(i >> 5) as u8).wrapping_mul(31) ^ seed).collect()
}

#[derive(Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<String>>);

impl Progress for Told {
    fn tell(&self, event: Event) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) server: Server,
    pub(crate) settings: Settings,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) told: Told,
    pub(crate) stop: AtomicBool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With a server that speaks TLS; the certificate that it has.
    pub(crate) fn secure() -> (Self, String) {
        let (server, certificate) = tls::server();
        (Self::of(server, &[]), certificate)
    }

    /// With these variables in the environment beside the ones that keep the machine's own out.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        Self::of(Server::new(), variables)
    }

    fn of(server: Server, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (home, endpoint) = (folder.path().join("hf").display().to_string(), server.url(""));
        let all = [("HF_HOME", home.as_str()), ("HF_ENDPOINT", endpoint.as_str())];
        let get = |name: &str| {
            let mut known = variables.iter().chain(&all);
            known.find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        };
        let mut settings = Settings::from_env(get).unwrap();
        (settings.patience, settings.first_wait) = (Duration::from_millis(400), Duration::from_millis(1));
        Self { folder, server, settings, folders: vec![], told: Told::default(), stop: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the server's, by its SHA-256.
    pub(crate) fn wanted(&self, name: &str, bytes: &[u8]) -> Wanted {
        Wanted {
            path: self.path("to").join(name),
            url: self.server.url(&format!("/{name}")),
            bytes: Some(bytes.len() as u64),
            digest: Digest::Sha256(Sha256::of(bytes)),
            packages: vec![],
        }
    }

    /// A file of the server's that is known by git's id alone.
    pub(crate) fn by_git_id(&self, name: &str, bytes: &[u8]) -> Wanted {
        Wanted { bytes: None, digest: Digest::Git(Swhid::of(bytes)), ..self.wanted(name, bytes) }
    }

    /// The same file as one of the hub's, which the server stands in for.
    pub(crate) fn of_hub(&self, name: &str, bytes: &[u8]) -> Wanted {
        let url = format!("https://huggingface.co/own/model/resolve/abc/{name}");
        Wanted { url, ..self.wanted(name, bytes) }
    }

    /// Serves a file under its name with these answers, and wants it.
    pub(crate) fn served(&self, name: &str, bytes: &[u8], answers: impl IntoIterator<Item = Answer>) -> Wanted {
        self.server.on(&format!("/{name}"), answers);
        self.wanted(name, bytes)
    }

    pub(crate) fn fetch(&self, wanted: &[Wanted]) -> fetch::Result<Vec<Placed>> {
        let Self { settings, folders, told, stop, .. } = self;
        Fetch { settings, folders, progress: told, stop }.all(wanted)
    }

    /// The one failure of a call, which must be of this kind and say all this.
    pub(crate) fn fails(&self, wanted: &[Wanted], kind: Kind, says: &[&str]) -> FetchError {
        let error = self.fetch(wanted).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        for part in says {
            assert!(error.to_string().contains(part), "`{error}` does not say `{part}`");
        }
        error
    }

    pub(crate) fn told(&self, part: &str) -> usize {
        self.told.0.lock().unwrap().iter().filter(|told| told.contains(part)).count()
    }

    /// Every file of the folder that is fetched into.
    pub(crate) fn there(&self) -> Vec<String> {
        let found = bundle::files::list(&self.path("to")).unwrap_or_default();
        found.iter().map(|file| file.display().to_string()).collect()
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
