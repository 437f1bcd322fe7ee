//! The flags of the daemon that `portctl start` passes on.

use port_registry::daemon::{AllowedUsers, AllowedUsersError, DaemonInfo, passwd};

use super::supervisor::{self, LifecycleAction};

/// Settings of a daemon that has to be started.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaemonFlags {
    /// The other users to serve.
    allow_users: Option<AllowedUsers>,
    /// Answers to the names by which containers reach their host.
    container: bool,
    /// The range, unless that of the environment applies.
    pub(super) range: Option<String>,
}

impl DaemonFlags {
    /// Makes those that a command line gives.
    pub(crate) fn given(allow_users: Option<&AllowedUsers>, container: bool) -> DaemonFlags {
        DaemonFlags {
            allow_users: allow_users.cloned(),
            container,
            range: None,
        }
    }

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
            range: self.range,
        })
    }

    /// Tests if a running daemon has other values of the flags that are given.
    pub(super) fn differ_from(&self, daemon: &DaemonInfo) -> bool {
        let running = daemon.allow_users.as_deref().map(str::parse);
        let other_users = self
            .allow_users
            .as_ref()
            .is_some_and(|given| running != Some(Ok(given.clone())));
        other_users || (self.container && !daemon.container)
    }

    /// Advises to restart a daemon with the flags that are given.
    pub(super) fn advise_restart(&self, daemon: &DaemonInfo) -> String {
        let words = self.shared_words().join(" ");
        match supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Restart) {
            Some(command) => format!("add {words} to the service's command, then run `{command}`"),
            None => format!("`portctl restart {words}` changes that"),
        }
    }

    /// Returns the flags of the daemon's command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = self.shared_words();
        if let Some(range) = &self.range {
            words.extend(["--range".to_owned(), range.clone()]);
        }
        words
    }

    /// Returns the flags that portctl has, too.
    fn shared_words(&self) -> Vec<String> {
        let users = self.allow_users.as_ref().and_then(AllowedUsers::list);
        words(users.as_deref(), self.container)
    }
}

/// Describes the flags by which a daemon is open to more than its own user's programs on this machine.
pub(crate) fn describe(daemon: &DaemonInfo) -> Option<String> {
    let users = daemon.allow_users.as_deref().map(|users| match users {
        passwd::ALL => "serves every user of this machine".to_owned(),
        users => format!("serves {}, too", describe_users(users)),
    });
    let names = "answers to the names by which containers reach their host".to_owned();
    let names = daemon.container.then_some(names);
    let parts: Vec<String> = users.into_iter().chain(names).collect();
    (!parts.is_empty()).then(|| format!("it {}", parts.join(", and ")))
}

fn describe_users(list: &str) -> String {
    let describe = |user: &str| match user.parse() {
        Ok(id) => passwd::describe(id),
        // The daemon has another version.
        Err(_) => user.to_owned(),
    };
    list.split(',')
        .map(describe)
        .collect::<Vec<_>>()
        .join(" and ")
}

/// Returns the flags with which a daemon runs, but for its range.
pub(super) fn words_of(daemon: &DaemonInfo) -> Vec<String> {
    words(daemon.allow_users.as_deref(), daemon.container)
}

fn words(allow_users: Option<&str>, container: bool) -> Vec<String> {
    let users = allow_users.map(|users| ["--allow-users", users]);
    let container = container.then_some("--container");
    let words = users.into_iter().flatten().chain(container);
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use port_registry::daemon::DaemonInfo;
    use serde_json::{Value, json};

    use super::{DaemonFlags, describe};

    fn daemon(flags: &Value) -> DaemonInfo {
        let mut daemon = json!({"version": "1", "pid": 1, "store": "/x", "range": "1-2"});
        let fields = daemon.as_object_mut().unwrap();
        fields.extend(flags.as_object().unwrap().clone());
        serde_json::from_value(daemon).unwrap()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_flags_that_are_given_are_compared_with_those_of_the_daemon() {
        let flags = |users: Option<&str>, container| {
            let users = users.map(|it| it.parse().unwrap());
            DaemonFlags::given(users.as_ref(), container)
        };
        let closed = daemon(&json!({}));
        let open = daemon(&json!({"allow_users": "7,8", "container": true}));
        for same in [flags(None, false), flags(Some("8,7"), true)] {
            assert!(!same.differ_from(&open));
        }
        for other in [flags(Some("7"), true), flags(Some("all"), false)] {
            assert!(other.differ_from(&open));
        }
        assert!(!flags(None, false).differ_from(&closed));
        for other in [flags(None, true), flags(Some("7"), false)] {
            assert!(other.differ_from(&closed));
        }
        let newer = daemon(&json!({"allow_users": "@staff"}));
        assert!(flags(Some("7"), false).differ_from(&newer));
        assert!(flags(None, false).or_those_of(&newer).is_err());
    }

    #[test]
    fn daemon_that_is_open_to_others_is_described() {
        let describe = |flags: Value| describe(&daemon(&flags));
        assert_eq!(describe(json!({})), None);
        let users = describe(json!({"allow_users": "54320,54321"})).unwrap();
        assert_eq!(users, "it serves user 54320 and user 54321, too");
        let both = describe(json!({"allow_users": "all", "container": true})).unwrap();
        let names = "answers to the names by which containers reach their host";
        let all = "it serves every user of this machine";
        assert_eq!(both, format!("{all}, and {names}"));
        assert_eq!(
            describe(json!({"container": true})),
            Some(format!("it {names}"))
        );
    }
}
