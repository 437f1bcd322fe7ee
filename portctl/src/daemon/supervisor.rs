//! A daemon that a service manager keeps running is that one's to stop and to restart.

use port_registry::daemon::{Scope, Supervisor};

use crate::output::wording::quoted;
use crate::report::Report;

/// What somebody wants to do to a daemon.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Stop,
    Restart,
}

/// That a daemon is supervised, if it is: to end it would have it started again, or leave its manager
/// with a wrong idea of it.
pub(super) fn objection(pid: u32, supervisor: Option<&Supervisor>, deed: Deed) -> Option<Report> {
    let supervisor = supervisor?;
    let (stopped, stops) = match deed {
        Deed::Stop => ("stopped", "stops it"),
        Deed::Restart => ("restarted", "restarts it"),
    };
    let by = match (supervisor.name.as_str(), &supervisor.service) {
        ("", _) => "a service manager".to_owned(),
        (name, Some(service)) => format!("{name} as {service}"),
        (name, None) => name.to_owned(),
    };
    let report = Report::new(format!(
        "the daemon (pid {pid}) is kept running by {by}, and was not {stopped}"
    ));
    Some(match command(Some(supervisor), deed) {
        Some(command) => report.hint(format!("`{command}` {stops}")),
        None if supervisor.name == "systemd" => report.hint(format!(
            "`systemctl --user status {pid}` tells which of its units it is"
        )),
        None => report,
    })
}

/// The command by which the manager does it, where there is one and it is known.
pub(super) fn command(supervisor: Option<&Supervisor>, deed: Deed) -> Option<String> {
    let supervisor = supervisor?;
    let service = supervisor.service.as_deref()?;
    let verb = match deed {
        Deed::Stop => "stop",
        Deed::Restart => "restart",
    };
    Some(match (supervisor.name.as_str(), supervisor.scope) {
        ("systemd", Scope::User) => format!("systemctl --user {verb} {}", quoted(service)),
        ("systemd", _) => format!("systemctl {verb} {}", quoted(service)),
        ("launchd", _) => match (service.strip_prefix("homebrew.mxcl."), deed) {
            (Some(formula), _) => format!("brew services {verb} {}", quoted(formula)),
            (None, Deed::Stop) => format!("launchctl bootout {}/{}", domain(), quoted(service)),
            (None, Deed::Restart) => {
                format!("launchctl kickstart -k {}/{}", domain(), quoted(service))
            }
        },
        _ => return None,
    })
}

/// The domain of launchd whose services this user has (launchctl(1)).
fn domain() -> String {
    #[cfg(unix)]
    {
        let user = rustix::process::getuid();
        if !user.is_root() {
            return format!("gui/{}", user.as_raw());
        }
    }
    "system".to_owned()
}

#[cfg(test)]
mod tests {
    use port_registry::daemon::Supervisor;
    use serde::Deserialize;
    use serde_json::json;

    use super::{Deed, domain, objection};

    /// What is told of a daemon that says this of its supervisor.
    fn told(supervisor: &serde_json::Value, deed: Deed) -> (String, Option<String>) {
        let supervisor = Supervisor::deserialize(supervisor).unwrap();
        let report = objection(4711, Some(&supervisor), deed).unwrap();
        (report.error, report.hint)
    }

    #[track_caller]
    fn assert_hint(supervisor: &serde_json::Value, deed: Deed, hint: &str) {
        assert_eq!(told(supervisor, deed).1.as_deref(), Some(hint));
    }

    #[test]
    fn the_way_out_is_the_managers_own_command() {
        let unit = json!({"name": "systemd", "service": "port-registry.service", "scope": "user"});
        let (error, _) = told(&unit, Deed::Stop);
        let expected = "the daemon (pid 4711) is kept running by systemd as port-registry.service, \
                        and was not stopped";
        assert_eq!(error, expected);
        let hint = "`systemctl --user stop port-registry.service` stops it";
        assert_hint(&unit, Deed::Stop, hint);
        let unit = json!({"name": "systemd", "service": "ports.service", "scope": "system"});
        let hint = "`systemctl restart ports.service` restarts it";
        assert_hint(&unit, Deed::Restart, hint);
        let job = |label| json!({"name": "launchd", "service": label, "scope": "unknown"});
        let hint = "`brew services stop port-registry` stops it";
        assert_hint(&job("homebrew.mxcl.port-registry"), Deed::Stop, hint);
        let domain = domain();
        let hint = format!("`launchctl bootout {domain}/port-registry` stops it");
        assert_hint(&job("port-registry"), Deed::Stop, &hint);
        let hint = format!("`launchctl kickstart -k {domain}/port-registry` restarts it");
        assert_hint(&job("port-registry"), Deed::Restart, &hint);
        let nameless = json!({"name": "systemd", "scope": "user"});
        let hint = "`systemctl --user status 4711` tells which of its units it is";
        assert_hint(&nameless, Deed::Stop, hint);
        // Of a later version, perhaps.
        for other in [
            json!({"name": "runit", "scope": "galaxy", "service": "x"}),
            json!({}),
        ] {
            let (error, hint) = told(&other, Deed::Stop);
            assert!(error.contains("and was not stopped"), "{error}");
            assert_eq!(hint, None);
        }
    }
}
