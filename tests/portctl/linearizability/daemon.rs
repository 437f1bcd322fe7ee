//! A daemon that can be killed and restarted.

use std::ops::RangeInclusive;
use std::sync::Mutex;

use test_support::Sandbox;
use test_support::daemon::{Client, Daemon};

pub(crate) struct RestartableDaemon {
    pub(crate) sandbox: Sandbox,
    range: String,
    daemon: Mutex<Daemon>,
}

impl RestartableDaemon {
    /// Starts a daemon in a new sandbox.
    pub(crate) fn start(range: &RangeInclusive<u16>) -> RestartableDaemon {
        let sandbox = Sandbox::new();
        let range = format!("{}-{}", range.start(), range.end());
        let daemon = Mutex::new(start(&sandbox, &range));
        RestartableDaemon {
            sandbox,
            range,
            daemon,
        }
    }

    /// Opens a connection. Waits for a restart in progress, because the address of a killed daemon may belong to
    /// another program by now.
    pub(crate) fn connect(&self) -> Client {
        self.daemon.lock().unwrap().client()
    }

    /// Kills the daemon, and starts another one at another address.
    pub(crate) fn kill_and_restart(&self) {
        let mut daemon = self.daemon.lock().unwrap();
        daemon.child.kill().unwrap();
        daemon.wait();
        *daemon = start(&self.sandbox, &self.range);
    }
}

fn start(sandbox: &Sandbox, range: &str) -> Daemon {
    Daemon::start_with(sandbox, &["--range", range])
}
