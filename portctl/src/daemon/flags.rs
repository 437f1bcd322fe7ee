//! The flags of the daemon that `portctl start` passes on.

use port_registry::daemon::DaemonInfo;

/// Settings of a daemon that has to be started.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaemonFlags {
    /// The other users to serve, as the daemon reads them.
    pub(crate) allow_users: Option<String>,
    /// Answers to the names by which containers reach their host.
    pub(crate) container: bool,
}

impl DaemonFlags {
    /// Returns these settings with those of a running daemon where they are not given.
    pub(super) fn or_those_of(self, daemon: &DaemonInfo) -> DaemonFlags {
        DaemonFlags {
            allow_users: self.allow_users.or_else(|| daemon.allow_users.clone()),
            container: self.container || daemon.container,
        }
    }

    /// Returns the flags of the daemon's command line.
    pub(super) fn words(&self) -> Vec<String> {
        let users = self.allow_users.iter();
        let mut words: Vec<String> = users
            .map(|users| format!("--allow-users={users}"))
            .collect();
        if self.container {
            words.push("--container".to_owned());
        }
        words
    }
}
