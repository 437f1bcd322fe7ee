//! Calls of the system that fail, or that a process does not survive, by strace.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use test_support::{Sandbox, is_to_be_had};

/// What a call comes to that is not let through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It fails with this error.
    Error(&'static str),
    /// The process is killed just before it.
    Kill,
}

/// A fault of one kind of call about the store's files.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) call: &'static str,
    pub(crate) fault: Fault,
    /// Which of the calls of a thread it meets, as strace takes it.
    pub(crate) when: String,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Injection { call, fault, when } = self;
        match fault {
            Fault::Error(error) => write!(f, "{call}:error={error}:when={when}"),
            Fault::Kill => write!(f, "{call}:signal=SIGKILL:when={when}"),
        }
    }
}

impl Injection {
    /// The command that runs what is added to it with this fault. The calls that it may meet are noted
    /// in [`noted`].
    pub(crate) fn command(&self, sandbox: &Sandbox) -> Command {
        let store = sandbox.store();
        let folder = store.parent().unwrap().to_owned();
        let beside = |suffix| folder.join(format!("ports.redb{suffix}"));
        let mut command = sandbox.command("strace");
        command
            .args(["-f", "-qq", "--signal=none", "-o"])
            .arg(notes(sandbox));
        // No git is to be found, for that takes as long as all the rest.
        command.args(["-E", "PATH=/nowhere"]);
        if let Fault::Error(_) = self.fault {
            // Spares the program a stop at all the other calls. No signal can be sent that way.
            command.arg("--seccomp-bpf");
        }
        command
            .arg(format!("--trace={}", self.call))
            .arg(format!("--inject={self}"));
        let files = [
            sandbox.home(),
            folder.clone(),
            beside(""),
            beside(".lock"),
            beside(".draft-of-port-registry"),
            folder.join("port-registry.pid"),
            folder.join("port-registry.pid.lock"),
        ];
        // Others are none of the program's, such as what its loader reads, or what git does.
        for file in files {
            command.arg("-P").arg(file);
        }
        command
    }
}

/// Whether strace can do this here.
pub(crate) fn is_possible() -> bool {
    let injection = Injection {
        call: "fsync",
        fault: Fault::Error("EIO"),
        when: "1".to_owned(),
    };
    let sandbox = Sandbox::new();
    is_to_be_had("strace", injection.command(&sandbox).arg("/bin/true"))
}

fn notes(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("calls")
}

/// The calls that a program made of the kind that was to fail, once it has ended.
pub(crate) fn noted(sandbox: &Sandbox) -> Vec<String> {
    let notes = fs::read(notes(sandbox)).unwrap();
    let notes = String::from_utf8_lossy(&notes);
    notes.lines().map(str::to_owned).collect()
}

/// Whether a call failed as it was to.
pub(crate) fn has_failed(sandbox: &Sandbox) -> bool {
    let is_injected = |call: &String| call.ends_with("(INJECTED)");
    noted(sandbox).iter().any(is_injected)
}
