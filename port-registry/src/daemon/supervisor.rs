//! The service manager of a daemon.

use std::fs;

/// A service manager that started a daemon as a service, and may restart it when it ends.
///
/// The daemon detects it by [`Supervisor::of_this_process`] and reports it to its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Supervisor {
    /// The name of the service manager: `systemd` or `launchd`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub name: String,
    /// The name of the service: a unit of systemd or a label of launchd. `None` if it is unknown.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub service: Option<String>,
    /// The scope of the service manager.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scope: Scope,
}

/// The scope of a service manager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Scope {
    /// The services of a user, as in `systemctl --user`.
    User,
    /// The services of the system, as in `systemctl`.
    System,
    /// The scope is unknown.
    #[default]
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// The circumstances in which a process was started.
struct ProcessStart<'a> {
    pid: u32,
    parent: u32,
    /// The text of `/proc/self/cgroup`.
    cgroup: &'a str,
    /// `SYSTEMD_EXEC_PID`: the process that systemd started (systemd.exec(5), since 248). Its children inherit the
    /// variable.
    systemd_exec_pid: Option<&'a str>,
    /// `true` if `MANAGERPID` is set, as in processes that a user's systemd starts (systemd.exec(5)).
    has_manager: bool,
    /// `XPC_SERVICE_NAME`: the launchd job that the process belongs to, or `0`.
    xpc_service_name: Option<&'a str>,
}

impl Supervisor {
    /// Returns the service manager that started this process. Children of a service have none, because nobody
    /// restarts them.
    pub fn of_this_process() -> Option<Supervisor> {
        let variable = |name| std::env::var(name).ok();
        let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Supervisor::of(&ProcessStart {
            pid: std::process::id(),
            parent: parent(),
            cgroup: &cgroup,
            systemd_exec_pid: variable("SYSTEMD_EXEC_PID").as_deref(),
            has_manager: variable("MANAGERPID").is_some(),
            xpc_service_name: variable("XPC_SERVICE_NAME").as_deref(),
        })
    }

    fn of(start: &ProcessStart) -> Option<Supervisor> {
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
        // Programs with a window have the name of a job too, and so have their children. Only the children of launchd
        // itself have process 1 as their parent from the start.
        let label = start.xpc_service_name.filter(|&label| label != "0")?;
        (start.parent == 1).then(|| Supervisor {
            name: "launchd".to_owned(),
            service: Some(label.to_owned()),
            scope: Scope::Unknown,
        })
    }
}

/// Returns the systemd unit of a process, according to its control groups (cgroups(7)): the last service on the
/// path to its own group.
fn unit_in(cgroup: &str) -> Option<&str> {
    let path = cgroup.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_of_systemd = matches!(controllers, "" | "name=systemd");
        (is_of_systemd && path != "/").then_some(path)
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
    use super::{ProcessStart, Scope, Supervisor};

    const IN_A_TERMINAL: ProcessStart<'_> = ProcessStart {
        pid: 4711,
        parent: 4000,
        cgroup: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/gnome-terminal-server.service\n",
        systemd_exec_pid: Some("3999"),
        has_manager: true,
        xpc_service_name: None,
    };

    #[track_caller]
    fn assert_kept(start: &ProcessStart, name: &str, service: Option<&str>, scope: Scope) {
        let expected = Supervisor {
            name: name.to_owned(),
            service: service.map(str::to_owned),
            scope,
        };
        assert_eq!(Supervisor::of(start), Some(expected));
    }

    #[test]
    fn the_child_of_a_service_has_no_supervisor() {
        assert_eq!(Supervisor::of(&IN_A_TERMINAL), None);
        let in_a_mac_terminal = ProcessStart {
            xpc_service_name: Some("application.com.apple.Terminal.1152921500311880804"),
            systemd_exec_pid: None,
            cgroup: "",
            ..IN_A_TERMINAL
        };
        assert_eq!(Supervisor::of(&in_a_mac_terminal), None);
        let orphan_of_no_job = ProcessStart {
            parent: 1,
            xpc_service_name: Some("0"),
            ..in_a_mac_terminal
        };
        assert_eq!(Supervisor::of(&orphan_of_no_job), None);
    }

    #[test]
    fn the_control_group_names_the_unit_of_systemd() {
        let started = |cgroup, has_manager| ProcessStart {
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
            // Both versions of control groups.
            (
                "12:pids:/x.service\n1:name=systemd:/app.slice/ports.service\n0::/\n",
                Some("ports.service"),
            ),
            (
                "0::/background.slice/a.service/payload\n",
                Some("a.service"),
            ),
            // A process in a container sees only its own group.
            ("0::/\n", None),
            ("", None),
        ] {
            assert_kept(&started(cgroup, true), "systemd", unit, Scope::User);
            assert_kept(&started(cgroup, false), "systemd", unit, Scope::System);
        }
    }

    #[test]
    fn launchd_is_the_parent_of_its_jobs() {
        let job = ProcessStart {
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
