//! The flags of the daemon that `portctl start` passes on.

use port_registry::daemon::{AllowedUsers, AllowedUsersError, DaemonInfo};

/// Settings of a daemon that has to be started.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaemonFlags {
    /// The other users to serve.
    pub(crate) allow_users: Option<AllowedUsers>,
    /// Answers to the names by which containers reach their host.
    pub(crate) container: bool,
}

impl DaemonFlags {
    /// Returns these settings with those of a running daemon where they are not given.
    ///
    /// # Errors
    ///
    /// Returns an error if the users that the daemon names are not in a form of this version.
    pub(super) fn or_those_of(self, daemon: &DaemonInfo) -> Result<DaemonFlags, AllowedUsersError> {
        let allow_users = match (self.allow_users, &daemon.allow_users) {
            (None, Some(users)) => Some(users.parse()?),
            (given, _) => given,
        };
        Ok(DaemonFlags {
            allow_users,
            container: self.container || daemon.container,
        })
    }

    /// Returns the flags of the daemon's command line.
    pub(super) fn words(&self) -> Vec<String> {
        let users = self.allow_users.as_ref().and_then(AllowedUsers::list);
        let mut words: Vec<String> = users
            .map(|users| format!("--allow-users={users}"))
            .into_iter()
            .collect();
        if self.container {
            words.push("--container".to_owned());
        }
        words
    }
}
