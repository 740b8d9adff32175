//! One zygote: a Python process that isolates itself, then forks a child for each response. This side of it speaks JSON
//! over a socket, with descriptors attached; the children speak for themselves (see [`crate::conversation`]).

use crate::confine::{self, Files};
use crate::step::{Step, Watch};
use crate::threads::Threads;
use crate::{Isolation, Layers, Limits, Python, SandboxError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Error, IoSlice, IoSliceMut, Result};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A zygote that does not answer within this time is broken; its own work takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the process outside may take to tidy up when it is told to end.
const TIDYING: Duration = Duration::from_secs(30);
const ANSWER_BYTES: usize = 1 << 18;

pub(crate) struct Zygote {
    process: Child,
    control: Option<OwnedFd>,
    pub layers: Layers,
    /// What asks for threads of its children, if the kernel can.
    pub threads: Option<Threads>,
    filters: bool,
    watch: Option<Arc<Watch>>,
    /// Removed by whichever lives longer: this program, or the process outside of the zygote.
    _folder: tempfile::TempDir,
}

/// How a child ended.
#[derive(Debug, Deserialize)]
pub(crate) struct End {
    pub exit: Option<i32>,
    pub signal: Option<i32>,
    /// It had to be killed: it was still running when its time was up.
    pub killed: bool,
    pub cpu: f64,
    pub files: Vec<(String, String)>,
}

impl End {
    /// Whether the limit of CPU time ended it. The kernel looks tick by tick: one killed for it may have used a little less.
    pub(crate) fn is_out_of_time(&self, limits: &Limits) -> bool {
        let spent = self.cpu > limits.cpu_seconds as f64 - 0.1;
        self.signal == Some(libc::SIGXCPU) || (self.signal == Some(libc::SIGKILL) && !self.killed && spent)
    }

    /// Whether a signal ended it that nothing inside can bring about.
    pub(crate) fn is_from_outside(&self) -> bool {
        const OWN: [i32; 10] = [
            libc::SIGSEGV,
            libc::SIGABRT,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGSYS,
            libc::SIGXFSZ,
            libc::SIGXCPU,
            libc::SIGPIPE,
        ];
        !self.killed && self.signal.is_some_and(|signal| !OWN.contains(&signal))
    }

    /// Whether it left with a status of the harness's own: it failed, or could not confine itself.
    pub(crate) fn is_harness(&self) -> bool {
        matches!(self.exit, Some(70 | 99))
    }

    /// Whether what ran in it ended it, and not the machine; of a test's judge.
    pub(crate) fn is_own(&self, limits: &Limits) -> bool {
        self.is_out_of_time(limits) || !(self.is_from_outside() || self.is_harness())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match (self.exit, self.signal) {
            (Some(status), _) => write!(f, "exit status {status}"),
            (None, signal) => write!(f, "signal {}", signal.unwrap_or_default()),
        }
    }
}

#[derive(Deserialize)]
struct Forked {
    pid: i32,
}

#[derive(Deserialize)]
struct Spent {
    cpu: f64,
}

impl Zygote {
    pub(crate) fn start(
        python: &Python,
        isolation: Isolation,
        limits: &Limits,
        watch: Option<Arc<Watch>>,
    ) -> std::result::Result<Self, SandboxError> {
        let folder = tempfile::Builder::new().prefix("gq-sandbox-").tempdir().map_err(SandboxError::Folder)?;
        let work = folder.path().join("work");
        std::fs::create_dir(&work).map_err(SandboxError::Folder)?;
        let rules = |e: &dyn std::fmt::Display| SandboxError::Rules(e.to_string());
        let landlock = confine::landlock(python, folder.path()).map_err(|e| rules(&e))?;
        let mut filters = BTreeMap::new();
        let hex = |program: Vec<u8>| program.iter().map(|b| format!("{b:02x}")).collect::<String>();
        filters.insert("threads".to_string(), hex(confine::ask_for_threads()));
        for (files, threads) in [Files::Read, Files::Write].into_iter().flat_map(|f| [(f, false), (f, true)]) {
            let name = files.filter().to_string() + if threads { " with threads" } else { "" };
            filters.insert(name, hex(confine::seccomp(files, threads).map_err(|e| rules(&e))?));
        }
        let failed = |e: Error| SandboxError::Start { python: python.path.clone(), reason: e.to_string() };
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|e| failed(e.into()))?;
        let process = spawn(python, &work, theirs, landlock).map_err(failed)?;
        let (control, layers) = (Some(ours), Layers::default());
        let mut zygote = Self { process, control, layers, threads: None, filters: true, watch, _folder: folder };
        zygote.reached(Step::Spawned);
        let config = json!({
            "filters": filters, "seccomp": libc::SYS_seccomp, "child": include_str!("child.py"), "limits": limited(limits, 0), "modules": python.modules,
        });
        zygote.layers = zygote.ask(&config, &[]).map_err(failed)?;
        zygote.filters = zygote.layers.is_active(crate::IsolationLayer::Seccomp);
        if isolation == Isolation::Required {
            zygote.layers.require()?;
        }
        zygote.reached(Step::Started);
        Ok(zygote)
    }

    /// Tells whoever watches.
    pub(crate) fn reached(&self, step: Step) {
        if let Some(watch) = &self.watch {
            watch(step, self.process.id());
        }
    }

    /// Forks a child that holds `link` and prints to `out`; its process id as the zygote sees it.
    pub(crate) fn fork(&mut self, files: Files, limits: &Limits, link: &OwnedFd, out: &OwnedFd) -> Result<i32> {
        let bytes = if files == Files::Write || !self.filters { limits.file_bytes } else { 0 };
        let mut request = limited(limits, bytes);
        request["fork"] = files.filter().into();
        Ok(self.ask::<Forked>(&request, &[link.as_fd(), out.as_fd()])?.pid)
    }

    /// Waits for a child's own end as long as `grace`, then kills it.
    pub(crate) fn reap(&mut self, pid: i32, grace: Duration) -> Result<End> {
        self.ask(&json!({ "reap": pid, "grace": grace.as_secs_f64() }), &[])
    }

    /// CPU seconds that a child has used.
    pub(crate) fn spent(&mut self, pid: i32) -> Result<f64> {
        Ok(self.ask::<Spent>(&json!({ "spent": pid }), &[])?.cpu)
    }

    /// The closed socket ends the zygote and its children; the process outside tidies up and ends too.
    pub(crate) fn end(&mut self) {
        self.control = None;
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &serde_json::Value, attached: &[BorrowedFd]) -> Result<T> {
        let gone = || Error::other("the zygote is gone");
        let control = self.control.as_ref().ok_or_else(gone)?;
        let text = serde_json::to_vec(request)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !attached.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(attached)) {
            return Err(Error::other("too many descriptors"));
        }
        sendmsg(control, &[IoSlice::new(&text)], &mut ancillary, SendFlags::NOSIGNAL)?;
        if !readable(control.as_fd(), PATIENCE)? {
            return Err(Error::other("the zygote does not answer"));
        }
        let (mut answer, mut space) =
            (vec![0; ANSWER_BYTES], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(control, &mut [IoSliceMut::new(&mut answer)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.threads = descriptors.last().map(Threads::new);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Error::other("this process may have no more open files (ulimit -n)"));
        }
        if received.bytes == 0 {
            return Err(gone());
        }
        Ok(serde_json::from_slice(&answer[..received.bytes])?)
    }
}

/// What the kernel is asked to limit, under its own names.
fn limited(limits: &Limits, file_bytes: u64) -> serde_json::Value {
    json!({
        "CPU": limits.cpu_seconds, "AS": limits.memory_bytes, "FSIZE": file_bytes, "NOFILE": limits.descriptors,
    })
}

/// The descriptors travel as standard input and output: nothing has to be left open across an exec.
fn spawn(python: &Python, work: &Path, control: OwnedFd, landlock: Option<OwnedFd>) -> Result<Child> {
    Command::new(&python.path)
        .args(["-s", "-S", "-B", "-X", "utf8", "-c", include_str!("zygote.py")])
        .arg(work)
        .env_clear()
        .env("PYTHONHASHSEED", "0")
        .current_dir("/")
        .stdin(control)
        .stdout(landlock.map_or_else(Stdio::null, Stdio::from))
        .stderr(Stdio::null())
        .spawn()
}

/// Whether `descriptor` has something to read before the time is up.
fn readable(descriptor: BorrowedFd, patience: Duration) -> Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&wait)) {
            Err(Errno::INTR) => continue,
            ready => return Ok(ready? > 0),
        }
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        self.end();
        let deadline = Instant::now() + TIDYING;
        while Instant::now() < deadline {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
