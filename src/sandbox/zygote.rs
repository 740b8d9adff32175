//! One zygote: a Python process that isolates itself, then forks a child for each response. This side of it speaks JSON
//! over a socket, with descriptors attached; the children speak for themselves (see [`crate::conversation`]).

use crate::confine;
use crate::step::{Step, Watch};
use crate::supervisor::{Supervisor, supervise};
use crate::{Files, Isolation, Layers, Limits, Python, SandboxError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
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
    /// What answers for the kernel; nothing where it confines nobody.
    pub supervisor: Option<Supervisor>,
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
        self.exit == Some(70)
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
        let hex = |program: Vec<u8>| program.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let pass = confine::pass().map_err(|e| rules(&e))?;
        let failed = |e: Error| SandboxError::Start { python: python.path.clone(), reason: e.to_string() };
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|e| failed(e.into()))?;
        let process = spawn(python, &work, theirs, landlock).map_err(failed)?;
        let (control, layers) = (Some(ours), Layers::default());
        let mut zygote = Self { process, control, layers, supervisor: None, watch, _folder: folder };
        zygote.reached(Step::Spawned);
        let config = json!({
            "ask": hex(confine::ask()), "pass": hex(pass), "seccomp": libc::SYS_seccomp, "child": include_str!("child.py"),
            "limits": { "AS": limits.memory_bytes, "NOFILE": limits.descriptors }, "modules": python.modules,
        });
        zygote.send(&config, &[]).map_err(failed)?;
        zygote.hear::<()>().map_err(failed)?;
        zygote.layers = zygote.hear().map_err(failed)?;
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
        // Where nothing stops a response from opening a file to write, it is as if it had been allowed to.
        let writes = files == Files::Write || self.supervisor.is_none();
        self.supervisor.iter_mut().for_each(|supervisor| supervisor.expect(files));
        let file_bytes = if writes { limits.file_bytes } else { 0 };
        self.send(&json!({ "fork": { "CPU": limits.cpu_seconds, "FSIZE": file_bytes } }), &[])?;
        self.send(&json!(null), &[link.as_fd(), out.as_fd()])?;
        Ok(self.hear::<Forked>()?.pid)
    }

    /// Waits for a child's own end as long as `grace`, then kills it.
    pub(crate) fn reap(&mut self, pid: i32, grace: Duration) -> Result<End> {
        self.send(&json!({ "reap": pid, "grace": grace.as_secs_f64() }), &[])?;
        self.hear()
    }

    /// CPU seconds that a child has used.
    pub(crate) fn spent(&mut self, pid: i32) -> Result<f64> {
        self.send(&json!({ "spent": pid }), &[])?;
        Ok(self.hear::<Spent>()?.cpu)
    }

    /// The closed socket ends the zygote and its children; the process outside tidies up and ends too.
    pub(crate) fn end(&mut self) {
        // Whoever waits for leave is refused.
        (self.control, self.supervisor) = (None, None);
    }

    fn control(&self) -> Result<&OwnedFd> {
        self.control.as_ref().ok_or_else(gone)
    }

    fn send(&self, message: &serde_json::Value, attached: &[BorrowedFd]) -> Result<()> {
        let text = serde_json::to_vec(message)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !attached.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(attached)) {
            return Err(Error::other("too many descriptors"));
        }
        sendmsg(self.control()?, &[IoSlice::new(&text)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message; meanwhile the kernel's questions are answered.
    fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        while !self.wait(deadline.saturating_duration_since(Instant::now()))? {}
        let (mut answer, mut space) =
            (vec![0; ANSWER_BYTES], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let into = &mut [IoSliceMut::new(&mut answer)];
        let received = recvmsg(self.control()?, into, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.supervisor = descriptors.last().map(Supervisor::new);
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

    /// Whether a message is there, or something else happened.
    fn wait(&mut self, left: Duration) -> Result<bool> {
        let wait = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut watched = vec![PollFd::new(self.control()?, PollFlags::IN)];
        watched.extend(self.supervisor.as_ref().map(|s| PollFd::new(&s.listener, PollFlags::IN)));
        match poll(&mut watched, Some(&wait)) {
            Ok(0) => return Err(Error::other("the zygote does not answer")),
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let seen: Vec<PollFlags> = watched.iter().map(PollFd::revents).collect();
        supervise(&mut self.supervisor, seen.get(1).copied().unwrap_or(PollFlags::empty()));
        Ok(!seen[0].is_empty())
    }
}

fn gone() -> Error {
    Error::other("the zygote is gone")
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
