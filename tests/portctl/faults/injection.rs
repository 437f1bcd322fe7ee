//! Fault injection with strace: system calls fail, or kill the process.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use test_support::{Sandbox, is_available};

/// The effect of an injected fault on a system call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InjectedFault {
    /// The call fails with this error.
    Error(&'static str),
    /// The process is killed just before the call.
    Kill,
    /// The process is stopped just after the call.
    Stop,
}

/// A fault in one kind of system call on the store's files.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) call: &'static str,
    pub(crate) fault: InjectedFault,
    /// Selects among a thread's calls, in the syntax of strace's `when=`.
    pub(crate) when: String,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Injection { call, fault, when } = self;
        match fault {
            InjectedFault::Error(error) => write!(f, "{call}:error={error}:when={when}"),
            InjectedFault::Kill => write!(f, "{call}:signal=SIGKILL:when={when}"),
            InjectedFault::Stop => write!(f, "{call}:signal=SIGSTOP:when={when}"),
        }
    }
}

impl Injection {
    /// Returns a command that runs its arguments with this fault. [`recorded_calls`] then lists the calls of
    /// this kind.
    pub(crate) fn command(&self, sandbox: &Sandbox) -> Command {
        let store = sandbox.store();
        let folder = store.parent().unwrap().to_owned();
        let beside = |suffix| folder.join(format!("ports.redb{suffix}"));
        let mut command = sandbox.command("strace");
        command
            .args(["-f", "-qq", "--signal=SIGSTOP", "-o"])
            .arg(call_log(sandbox));
        // Hide git, because running it takes as long as everything else.
        command.args(["-E", "PATH=/nowhere"]);
        if let InjectedFault::Error(_) = self.fault {
            // Faster, because other calls do not stop the program. Cannot be combined with signals.
            command.arg("--seccomp-bpf");
        }
        command
            .arg(format!("--trace={}", self.call))
            .arg(format!("--inject={self}"));
        let files = [
            sandbox.home(),
            folder.clone(),
            beside(""),
            beside(".journal"),
            beside(".lock"),
            beside(".draft-of-port-registry"),
            beside(".journal.draft-of-port-registry"),
            folder.join("port-registry.pid"),
            folder.join("port-registry.pid.lock"),
        ];
        // Leave out files that the program itself does not use, such as those of its loader.
        for file in files {
            command.arg("-P").arg(file);
        }
        command
    }
}

/// Returns true if strace can inject faults on this system.
pub(crate) fn can_inject() -> bool {
    let injection = Injection {
        call: "fsync",
        fault: InjectedFault::Error("EIO"),
        when: "1".to_owned(),
    };
    let sandbox = Sandbox::in_memory();
    is_available("strace", injection.command(&sandbox).arg("/bin/true"))
}

fn call_log(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("calls")
}

/// Returns the calls of the selected kind that a program made. Call this after the program has ended.
pub(crate) fn recorded_calls(sandbox: &Sandbox) -> Vec<String> {
    let log = fs::read(call_log(sandbox)).unwrap();
    let log = String::from_utf8_lossy(&log);
    log.lines().map(str::to_owned).collect()
}

/// Returns the id of the process that was stopped, as soon as it is.
pub(crate) fn stopped_process(sandbox: &Sandbox) -> Option<String> {
    let log = fs::read_to_string(call_log(sandbox)).ok()?;
    let stop = log
        .lines()
        .find(|line| line.ends_with("--- stopped by SIGSTOP ---"))?;
    Some(stop.split_whitespace().next()?.to_owned())
}

/// Returns true if strace made a call fail.
pub(crate) fn has_failed(sandbox: &Sandbox) -> bool {
    let is_injected = |call: &String| call.ends_with("(INJECTED)");
    recorded_calls(sandbox).iter().any(is_injected)
}
