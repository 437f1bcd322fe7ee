//! Who keeps a daemon running.

use std::fs;

/// A service manager that started a daemon as a service, and may start it again when it ends.
///
/// Both sides speak of it by this type: the daemon by [`Supervisor::of_this_process`], and who is to stop
/// it by what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Supervisor {
    /// What it is called: `systemd` or `launchd`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub name: String,
    /// What it calls the daemon: a unit of systemd, a label of launchd. `None` if that cannot be told.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub service: Option<String>,
    /// Whether it is the one of a user, or that of the system.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scope: Scope,
}

/// Whose services a supervisor keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Scope {
    /// A user's: what `systemctl --user` is for.
    User,
    /// The system's: what `systemctl` is for.
    System,
    /// It cannot be told.
    #[default]
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// What a process knows of how it was started.
struct Start<'a> {
    pid: u32,
    parent: u32,
    /// The text of `/proc/self/cgroup`.
    cgroup: &'a str,
    /// `SYSTEMD_EXEC_PID`: the process that systemd started (systemd.exec(5), since 248). Those that
    /// process starts inherit the variable.
    systemd_exec_pid: Option<&'a str>,
    /// Whether `MANAGERPID` is set: the process of a user's systemd, in what that one starts
    /// (systemd.exec(5)).
    has_manager: bool,
    /// `XPC_SERVICE_NAME`: the job of launchd that a process belongs to, `0` if to none.
    xpc_service_name: Option<&'a str>,
}

impl Supervisor {
    /// The one that started this very process. A process that a supervised one started has none: it is
    /// not missed when it ends.
    pub fn of_this_process() -> Option<Supervisor> {
        let variable = |name| std::env::var(name).ok();
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Supervisor::of(&Start {
            pid: std::process::id(),
            parent: parent(),
            cgroup: &cgroup,
            systemd_exec_pid: variable("SYSTEMD_EXEC_PID").as_deref(),
            has_manager: variable("MANAGERPID").is_some(),
            xpc_service_name: variable("XPC_SERVICE_NAME").as_deref(),
        })
    }

    fn of(start: &Start) -> Option<Supervisor> {
        if start.systemd_exec_pid == Some(start.pid.to_string().as_str()) {
            return Some(Supervisor {
                name: "systemd".to_owned(),
                service: unit_in(start.cgroup).map(str::to_owned),
                scope: if start.has_manager {
                    Scope::User
                } else {
                    Scope::System
                },
            });
        }
        // Programs with a window have a job's name too, and hand it down to what they start; launchd's own
        // children alone have process 1 as their parent from the start.
        let label = start.xpc_service_name.filter(|&label| label != "0")?;
        (start.parent == 1).then(|| Supervisor {
            name: "launchd".to_owned(),
            service: Some(label.to_owned()),
            scope: Scope::Unknown,
        })
    }
}

/// The unit of systemd that a process is in, by its control groups (cgroups(7)): the last service on the
/// way to its own group.
fn unit_in(cgroup: &str) -> Option<&str> {
    let path = cgroup.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_systemds = matches!(controllers, "" | "name=systemd");
        (is_systemds && path != "/").then_some(path)
    })?;
    path.rsplit('/').find(|part| part.ends_with(".service"))
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::{Scope, Start, Supervisor};

    const IN_A_TERMINAL: Start<'_> = Start {
        pid: 4711,
        parent: 4000,
        cgroup: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/gnome-terminal-server.service\n",
        systemd_exec_pid: Some("3999"),
        has_manager: true,
        xpc_service_name: None,
    };

    #[track_caller]
    fn assert_kept(start: &Start, name: &str, service: Option<&str>, scope: Scope) {
        let expected = Supervisor {
            name: name.to_owned(),
            service: service.map(str::to_owned),
            scope,
        };
        assert_eq!(Supervisor::of(start), Some(expected));
    }

    #[test]
    fn what_a_supervised_process_started_is_not_supervised() {
        assert_eq!(Supervisor::of(&IN_A_TERMINAL), None);
        let in_a_mac_terminal = Start {
            xpc_service_name: Some("application.com.apple.Terminal.1152921500311880804"),
            systemd_exec_pid: None,
            cgroup: "",
            ..IN_A_TERMINAL
        };
        assert_eq!(Supervisor::of(&in_a_mac_terminal), None);
        let orphan_of_no_job = Start {
            parent: 1,
            xpc_service_name: Some("0"),
            ..in_a_mac_terminal
        };
        assert_eq!(Supervisor::of(&orphan_of_no_job), None);
    }

    #[test]
    fn systemd_names_the_unit_by_the_control_group_and_its_user() {
        let started = |cgroup, has_manager| Start {
            systemd_exec_pid: Some("4711"),
            has_manager,
            cgroup,
            ..IN_A_TERMINAL
        };
        for (cgroup, unit) in [
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/port-registry.service\n",
                Some("port-registry.service"),
            ),
            // Both versions of control groups at once.
            (
                "12:pids:/x.service\n1:name=systemd:/app.slice/ports.service\n0::/\n",
                Some("ports.service"),
            ),
            (
                "0::/background.slice/a.service/payload\n",
                Some("a.service"),
            ),
            // In a container its own group is all that is seen.
            ("0::/\n", None),
            ("", None),
        ] {
            assert_kept(&started(cgroup, true), "systemd", unit, Scope::User);
            assert_kept(&started(cgroup, false), "systemd", unit, Scope::System);
        }
    }

    #[test]
    fn launchd_is_the_parent_of_its_jobs() {
        let job = Start {
            parent: 1,
            xpc_service_name: Some("homebrew.mxcl.port-registry"),
            systemd_exec_pid: None,
            cgroup: "",
            ..IN_A_TERMINAL
        };
        assert_kept(
            &job,
            "launchd",
            Some("homebrew.mxcl.port-registry"),
            Scope::Unknown,
        );
    }
}
