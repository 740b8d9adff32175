//! A zygote per core forks a process per job; results come back in the order of the jobs.

use crate::{Call, Ending, Job, Limits, Observed, Probe, Python, SandboxError, Value};
use serde::Deserialize;
use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// How often a job is tried when the zygote itself dies under it.
const TRIES: usize = 3;

/// Workers that wait for jobs. Dropping the pool ends every process and removes every file.
pub struct Pool {
    python: Python,
    limits: Limits,
    root: tempfile::TempDir,
    workers: Vec<Mutex<Option<Zygote>>>,
    jobs: AtomicUsize,
}

/// Jobs that every pool of this process has run.
static JOBS_RUN: AtomicUsize = AtomicUsize::new(0);

/// How many jobs this process has run, whoever asked: the no-cheat gate counts gradings with it.
pub fn jobs_run() -> usize {
    JOBS_RUN.load(Ordering::Relaxed)
}

struct Zygote {
    process: Child,
}

#[derive(Deserialize)]
struct Reply {
    events: Vec<(String, Option<String>)>,
    late: bool,
    signal: i32,
}

impl Pool {
    /// A pool with one zygote per worker, each started on its first job.
    pub fn new(workers: usize, limits: Limits) -> Result<Self, SandboxError> {
        let root = tempfile::Builder::new().prefix("gq-sandbox-").tempdir().map_err(SandboxError::Folder)?;
        let workers = (0..workers.max(1)).map(|_| Mutex::new(None)).collect();
        Ok(Self { python: Python::find()?, limits, root, workers, jobs: AtomicUsize::new(0) })
    }

    pub fn python(&self) -> &Python {
        &self.python
    }

    /// Runs every job, on all workers, and returns what was observed in the order given.
    pub fn run(&self, jobs: &[Job]) -> Vec<Observed> {
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Observed>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
        std::thread::scope(|scope| {
            for worker in self.workers.iter().take(jobs.len()) {
                scope.spawn(|| {
                    let mut zygote = lock(worker);
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(job) = jobs.get(i) else { break };
                        *lock(&results[i]) = Some(self.attempt(&mut zygote, job));
                    }
                });
            }
        });
        let unrun = |job: &Job| Observed::nothing(Ending::InfraFailed, job.calls.len());
        results
            .into_iter()
            .zip(jobs)
            .map(|(r, job)| r.into_inner().unwrap_or_else(|e| e.into_inner()).unwrap_or_else(|| unrun(job)))
            .collect()
    }

    fn attempt(&self, slot: &mut Option<Zygote>, job: &Job) -> Observed {
        for _ in 0..TRIES {
            let number = self.jobs.fetch_add(1, Ordering::Relaxed);
            JOBS_RUN.fetch_add(1, Ordering::Relaxed);
            let (folder, stdout) =
                (self.root.path().join(number.to_string()), self.root.path().join(format!("{number}.out")));
            let started = Instant::now();
            let reply = self.zygote(slot).and_then(|z| z.ask(&self.request(job, &folder, &stdout)));
            let observed = reply.map(|reply| self.observe(job, reply, &folder, &stdout));
            let _ = std::fs::remove_dir_all(&folder);
            let _ = std::fs::remove_file(&stdout);
            match observed {
                Ok(seen) => return Observed { seconds: started.elapsed().as_secs_f64(), ..seen },
                Err(_) => *slot = None, // the zygote is gone or talks nonsense: start another
            }
        }
        Observed::nothing(Ending::InfraFailed, job.calls.len())
    }

    fn zygote<'a>(&self, slot: &'a mut Option<Zygote>) -> std::io::Result<&'a mut Zygote> {
        match slot {
            Some(zygote) => Ok(zygote),
            None => Ok(slot.insert(Zygote::start(&self.python, self.root.path())?)),
        }
    }

    fn request(&self, job: &Job, folder: &Path, stdout: &Path) -> serde_json::Value {
        let calls: Vec<_> = job.calls.iter().map(|Call { method, arguments }| json!([method, arguments])).collect();
        let probe = job.probe.as_ref().map(|p| match p {
            Probe::Attribute(name) => json!(["attribute", name]),
            Probe::WithStub(name) => json!(["stub", name]),
        });
        let Limits { cpu_seconds, wall, memory_bytes, file_bytes } = self.limits;
        json!({
            "source": job.source, "setup": job.setup, "calls": calls, "probe": probe,
            "folder": folder, "stdout": stdout,
            "cpu": cpu_seconds, "wall": wall.as_secs_f64(), "memory": memory_bytes, "file": file_bytes,
        })
    }

    fn observe(&self, job: &Job, reply: Reply, folder: &Path, stdout: &Path) -> Observed {
        let mut seen = Observed::nothing(Ending::Graded, job.calls.len());
        let (mut at, mut memory) = (0, false);
        for (kind, text) in reply.events {
            let value = text.as_deref().and_then(|t| Value::parse(t).ok());
            match kind.as_str() {
                "compiled" => seen.compiles = true,
                "memory" => memory = true,
                "probe" => seen.probe = value,
                "value" if at < seen.values.len() => {
                    seen.values[at] = value;
                    at += 1;
                }
                _ => {}
            }
        }
        seen.ending = match reply.signal {
            _ if reply.late => Ending::Timeout,
            libc::SIGXCPU => Ending::Timeout,
            _ if memory => Ending::Memory,
            0 => Ending::Graded,
            libc::SIGKILL if at < job.calls.len() => Ending::Timeout,
            _ => Ending::Crashed,
        };
        seen.stdout = self.text(stdout);
        seen.files = self.files(folder);
        seen
    }

    fn files(&self, folder: &Path) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<PathBuf> =
            entries.filter(|e| e.file_type().is_ok_and(|t| t.is_file())).map(|e| e.path()).take(64).collect();
        names.sort();
        names.iter().filter_map(|p| Some((p.file_name()?.to_str()?.to_string(), self.text(p)))).collect()
    }

    fn text(&self, path: &Path) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = std::fs::File::open(path) {
            let _ = file.take(self.limits.file_bytes).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Zygote {
    fn start(python: &Python, folder: &Path) -> std::io::Result<Self> {
        let process = Command::new(&python.path)
            .args(["-s", "-S", "-B", "-c", include_str!("zygote.py")])
            .env_clear()
            .env("PYTHONHASHSEED", "0")
            .env("PYTHONUTF8", "1")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { process })
    }

    fn ask(&mut self, request: &serde_json::Value) -> std::io::Result<Reply> {
        let gone = || std::io::Error::other("the zygote closed its pipe");
        let bytes = serde_json::to_vec(request)?;
        let stdin = self.process.stdin.as_mut().ok_or_else(gone)?;
        stdin.write_all(&(bytes.len() as u32).to_le_bytes())?;
        stdin.write_all(&bytes)?;
        stdin.flush()?;
        let stdout = self.process.stdout.as_mut().ok_or_else(gone)?;
        let mut head = [0; 4];
        stdout.read_exact(&mut head)?;
        let mut body = vec![0; u32::from_le_bytes(head) as usize];
        stdout.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A poisoned lock only means that a worker thread panicked; its data is replaced or dropped by the caller.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
