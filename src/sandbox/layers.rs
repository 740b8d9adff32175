//! The layers of isolation, and whether each one holds here: the zygote tries what a layer must stop and reports.

use crate::SandboxError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One layer. Later ones are a second wall behind the earlier ones; they need kernel features that containers often lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IsolationLayer {
    /// The kernel's `no_new_privs` flag: no program that is started gains rights.
    NoNewPrivs,
    /// A filter of system calls: what a computation does not need fails with EPERM.
    Seccomp,
    /// File access by path: Python's files may be read and the job's folder written. No TCP, no signals to the outside.
    Landlock,
    /// Ceilings that the kernel keeps for each process: see [`crate::Limits`].
    Rlimits,
    /// Its own view of users, processes, network and mounts, in which those of the machine do not exist.
    Namespaces,
    /// The folder that responses write into is a file system of its own in memory, 1 MiB large.
    Tmpfs,
}

impl IsolationLayer {
    /// In the order of reports, the mandatory ones first.
    pub const ALL: [IsolationLayer; 6] =
        [Self::NoNewPrivs, Self::Seccomp, Self::Landlock, Self::Rlimits, Self::Namespaces, Self::Tmpfs];

    /// Without it nothing untrusted runs, unless the user lifts that rule by name.
    pub fn is_mandatory(self) -> bool {
        !matches!(self, Self::Namespaces | Self::Tmpfs)
    }

    /// As reports show it and the zygote names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoNewPrivs => "no_new_privs",
            Self::Seccomp => "seccomp",
            Self::Landlock => "landlock",
            Self::Rlimits => "rlimits",
            Self::Namespaces => "namespaces",
            Self::Tmpfs => "tmpfs",
        }
    }

    /// What it stops.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::NoNewPrivs => "no privileges to be gained",
            Self::Seccomp => "only system calls that compute",
            Self::Landlock => "only Python's files to read",
            Self::Rlimits => "memory, CPU time, file size, descriptors",
            Self::Namespaces => "no network, processes or mounts in sight (a second wall)",
            Self::Tmpfs => "written files live in memory of their own (a second wall)",
        }
    }
}

/// Which layers hold, and why the others do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Layers(BTreeMap<IsolationLayer, String>);

impl Layers {
    /// Whether this layer was tried here and held.
    pub fn is_active(&self, layer: IsolationLayer) -> bool {
        self.0.get(&layer).is_some_and(String::is_empty)
    }

    /// Why a layer does not hold; nothing if it does.
    pub fn fault(&self, layer: IsolationLayer) -> Option<&str> {
        let reason = self.0.get(&layer).map_or("it was not tried", String::as_str);
        (!reason.is_empty()).then_some(reason)
    }

    /// Mandatory layers that do not hold: what a lifted rule lets through, and what every report must then say.
    pub fn missing(&self) -> Vec<IsolationLayer> {
        IsolationLayer::ALL.into_iter().filter(|l| l.is_mandatory() && !self.is_active(*l)).collect()
    }

    pub(crate) fn require(&self) -> Result<(), SandboxError> {
        match self.missing().first() {
            None => Ok(()),
            Some(&layer) => {
                Err(SandboxError::Layer { layer: layer.name(), reason: self.fault(layer).unwrap_or_default().into() })
            }
        }
    }
}

/// `seccomp landlock ...`, the missing mandatory ones as `NO seccomp`.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let shown = IsolationLayer::ALL.into_iter().filter(|l| l.is_mandatory() || self.is_active(*l));
        for (i, layer) in shown.enumerate() {
            let (gap, no) = (if i > 0 { " " } else { "" }, if self.is_active(layer) { "" } else { "NO " });
            write!(f, "{gap}{no}{}", layer.name())?;
        }
        Ok(())
    }
}
