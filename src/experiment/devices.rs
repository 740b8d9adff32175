//! A plan's pieces shared out over devices: a process on each, as our CUDA code has one context a process. This process has the
//! schedule and the ledger and computes nothing; the others are workers (`worker`).
//!
//! A device has failed when its process ends unasked, or says that it cannot compute; what it was at is taken up by another, from
//! where it stands on disk. Any other failure is the plan's own, and ends it as it would on one device.

use crate::ledger_order::Provenance;
use crate::runner::BASE_RUN;
use crate::schedule::{Files, Schedule};
use crate::worker::Message;
use crate::{Event, ExperimentError, Manifest, Result, leftovers};
use bundle::Owner;
use failure::Kind;
use parking_lot::Mutex;
use rustix::net::{SendFlags, send};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use train::RunFolder;

/// How often whoever waits for a device looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// The devices that a plan is run on.
#[derive(Clone, Copy)]
pub struct Devices<'a> {
    /// Their names.
    pub names: &'a [String],
    /// The command that is a worker on the device of this name.
    pub command: &'a (dyn Fn(&str) -> Command + Sync),
    /// Set from outside: the updates in progress are the last.
    pub stop: &'a AtomicBool,
    /// Who is told what happens.
    pub events: &'a (dyn Fn(Event) + Sync),
}

impl Devices<'_> {
    /// Does what [`crate::run_plan`] does, to the same bytes. To be called by the program's first thread: the kernel kills workers
    /// when the thread ends that started them, so that none is left whatever becomes of this process.
    ///
    /// # Errors
    /// The first failure that is the plan's own; or all devices have failed, each with its reason.
    pub fn run_plan(&self, manifest: &Manifest, provenance: &Provenance, out: &Path) -> Result<()> {
        let _owner = Owner::of(out, out)?;
        leftovers::remove_of_plan(out, &manifest.jobs());
        let schedule = Schedule::new(manifest, provenance, out)?;
        let fleet = Fleet { devices: *self, schedule: &schedule, lost: Mutex::default() };
        let (devices, children): (Vec<Device>, Vec<Child>) = self.names.iter().filter_map(|n| fleet.start(n)).unzip();
        std::thread::scope(|scope| {
            for (device, child) in devices.iter().zip(children) {
                let fleet = &fleet;
                scope.spawn(move || fleet.listen(device, child));
            }
            fleet.work(&devices, provenance.jobs).unwrap_or_else(|error| schedule.fail(error));
            devices.iter().for_each(Device::end);
        });
        let reasons = fleet.lost.into_inner().join("; ");
        match schedule.end()? {
            None => Ok(()),
            Some(job) if self.stop.load(Ordering::Relaxed) => {
                let updates_completed = RunFolder::at(&out.join(job.to_string())).updates_completed()?;
                Err(ExperimentError::Interrupted { run: job.to_string(), updates_completed })
            }
            Some(_) => Err(ExperimentError::NoneLeft { reasons }),
        }
    }
}

/// A process that computes on one device.
struct Device<'a> {
    name: &'a str,
    /// Where it is told pieces; closed, it ends after the update that it is at.
    orders: Mutex<Option<UnixStream>>,
    /// Who waits for which piece; nobody can once it has ended.
    waiting: Mutex<Option<BTreeMap<String, Sender<Files>>>>,
}

impl Device<'_> {
    fn order(&self, piece: &str) {
        if let Some(orders) = &*self.orders.lock() {
            // One that is just ending hears nothing, which whoever listens to it finds out. A signal would end this process.
            let _ = send(orders, format!("{piece}\n").as_bytes(), SendFlags::NOSIGNAL);
        }
    }

    fn end(&self) {
        self.orders.lock().take();
    }
}

/// What the threads of this process share.
struct Fleet<'a, 's> {
    devices: Devices<'a>,
    schedule: &'a Schedule<'s>,
    /// What failed and why.
    lost: Mutex<Vec<String>>,
}

impl Fleet<'_, '_> {
    fn start<'n>(&self, name: &'n str) -> Option<(Device<'n>, Child)> {
        let spawn = || {
            let ((orders, input), parent) = (UnixStream::pair()?, std::process::id());
            let mut command = (self.devices.command)(name);
            let dies_with_parent = move || {
                // SAFETY: two system calls that touch no memory of ours.
                let still_there = unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    libc::getppid().cast_unsigned() == parent
                };
                if still_there { Ok(()) } else { Err(std::io::ErrorKind::NotFound.into()) }
            };
            // SAFETY: between fork and exec it makes system calls and allocates nothing.
            unsafe { command.pre_exec(dies_with_parent) };
            // In a group of its own, so that Ctrl-C reaches this process alone, which tells the workers.
            command.process_group(0).stdin(OwnedFd::from(input)).stdout(Stdio::piped()).stderr(Stdio::piped());
            Ok::<_, std::io::Error>((orders, command.spawn()?))
        };
        match spawn() {
            Ok((orders, child)) => Some((
                Device { name, orders: Mutex::new(Some(orders)), waiting: Mutex::new(Some(BTreeMap::new())) },
                child,
            )),
            Err(error) => {
                self.lose(name, format!("its process could not be started: {error}"));
                None
            }
        }
    }

    /// The base first, by one device, then all pieces, so many at a time on each.
    fn work(&self, devices: &[Device], jobs: usize) -> Result<()> {
        let Some(files) = devices.iter().find_map(|device| self.does(device, BASE_RUN)) else { return Ok(()) };
        self.schedule.finished_base(&files)?;
        std::thread::scope(|scope| {
            for device in devices {
                (0..jobs).for_each(|_| drop(scope.spawn(|| self.work_on(device))));
            }
        });
        Ok(())
    }

    fn work_on(&self, device: &Device) {
        while let Some(job) = self.schedule.take() {
            match self.does(device, &job.to_string()).map(|files| self.schedule.finished(job, &files)) {
                Some(Ok(())) => (self.devices.events)(Event::Finished { job }),
                Some(Err(error)) => self.schedule.fail(error),
                None => return self.schedule.give_back(job),
            }
        }
    }

    /// Has a piece done; nothing if the device's process ends before it is.
    fn does(&self, device: &Device, piece: &str) -> Option<Files> {
        let (done, answer) = channel();
        device.waiting.lock().as_mut()?.insert(piece.into(), done);
        device.order(piece);
        loop {
            match answer.recv_timeout(LOOK) {
                Ok(files) => return Some(files),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.is_over() => device.end(),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        self.devices.stop.load(Ordering::Relaxed) || self.schedule.is_over()
    }

    /// Hears a process to its end, then tells who still waits for it.
    fn listen(&self, device: &Device, mut child: Child) {
        let (mut failed, pipes) = (None, (child.stdout.take(), child.stderr.take()));
        let last_words = std::thread::scope(|scope| {
            let said = scope.spawn(|| self.relay(device, pipes.1));
            for line in lines(pipes.0) {
                match serde_json::from_str(&line) {
                    Ok(Message::Event(event)) => (self.devices.events)(event),
                    Ok(Message::Done { piece, files }) => {
                        let waiting = device.waiting.lock().as_mut().and_then(|all| all.remove(&piece));
                        waiting.and_then(|waiting| waiting.send(files).ok());
                    }
                    Ok(Message::Failed { kind, words }) => {
                        failed.get_or_insert((kind, words));
                        device.end();
                    }
                    Err(_) => (self.devices.events)(Event::Said { device: device.name.into(), line }),
                }
            }
            said.join().unwrap_or_default()
        });
        let asked_to_end = device.orders.lock().is_none();
        let ended = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        match failed {
            _ if self.devices.stop.load(Ordering::Relaxed) => {}
            Some((Kind::NoDevice | Kind::DeviceFailed, words)) => self.lose(device.name, words),
            Some((kind, reason)) => {
                self.schedule.fail(ExperimentError::OnDevice { device: device.name.into(), reason, kind });
            }
            None if asked_to_end => {}
            None if last_words.is_empty() => self.lose(device.name, format!("its process ended ({ended})")),
            None => self.lose(device.name, format!("its process ended ({ended}): {last_words}")),
        }
        device.waiting.lock().take();
    }

    /// Passes on what is no message; the last line of it may be why the process ends.
    fn relay(&self, device: &Device, from: Option<impl Read>) -> String {
        let mut last = String::new();
        for line in lines(from).filter(|line| !line.trim().is_empty()) {
            (self.devices.events)(Event::Said { device: device.name.into(), line: line.clone() });
            last = line;
        }
        last
    }

    fn lose(&self, device: &str, reason: String) {
        self.lost.lock().push(format!("{device}: {reason}"));
        (self.devices.events)(Event::Lost { device: device.into(), reason });
    }
}

fn lines(from: Option<impl Read>) -> impl Iterator<Item = String> {
    from.map(|from| BufReader::new(from).lines().map_while(std::result::Result::ok)).into_iter().flatten()
}
