//! A daemon that a service manager keeps running is that one's to stop and to restart.

use port_registry::daemon::{DaemonInfo, Scope, Supervisor};

use crate::failure::Report;
use crate::wording::quoted;

/// What somebody wants to do to a daemon.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Stop,
    Restart,
}

/// That a daemon is supervised, if it is: to end it would have it started again, or leave its manager
/// with a wrong idea of it.
pub(super) fn objection(daemon: &DaemonInfo, deed: Deed) -> Option<Report> {
    let supervisor = daemon.supervisor.as_ref()?;
    let (stopped, stops) = match deed {
        Deed::Stop => ("stopped", "stops it"),
        Deed::Restart => ("restarted", "restarts it"),
    };
    let service = match &supervisor.service {
        Some(service) => format!(" as {service}"),
        None => String::new(),
    };
    Some(
        Report::new(format!(
            "the daemon (pid {}) is kept running by {}{service}, and was not {stopped}",
            daemon.pid, supervisor.name
        ))
        .hint(match command(supervisor, deed) {
            Some(command) => format!("`{command}` {stops}"),
            None => format!("see `{}` for the way to do it", supervisor.name),
        }),
    )
}

/// The command by which the manager does it.
fn command(supervisor: &Supervisor, deed: Deed) -> Option<String> {
    let service = supervisor.service.as_deref()?;
    let verb = match deed {
        Deed::Stop => "stop",
        Deed::Restart => "restart",
    };
    Some(match (supervisor.name.as_str(), supervisor.scope) {
        ("systemd", Scope::User) => format!("systemctl --user {verb} {}", quoted(service)),
        ("systemd", Scope::System) => format!("systemctl {verb} {}", quoted(service)),
        ("launchd", _) => match (service.strip_prefix("homebrew.mxcl."), deed) {
            (Some(formula), _) => format!("brew services {verb} {}", quoted(formula)),
            (None, Deed::Stop) => format!("launchctl bootout gui/$(id -u)/{}", quoted(service)),
            (None, Deed::Restart) => {
                format!("launchctl kickstart -k gui/$(id -u)/{}", quoted(service))
            }
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Deed, objection};
    use port_registry::daemon::DaemonInfo;

    /// What is told of a daemon that says this of its supervisor.
    fn told(supervisor: &serde_json::Value, deed: Deed) -> (String, Option<String>) {
        let daemon: DaemonInfo = serde_json::from_value(json!({
            "version": "1.0.0",
            "pid": 4711,
            "store": "/x",
            "range": "1-65535",
            "supervisor": supervisor,
        }))
        .unwrap();
        let report = objection(&daemon, deed).unwrap();
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
        let job = |label| json!({"name": "launchd", "service": label, "scope": "user"});
        let hint = "`brew services stop port-registry` stops it";
        assert_hint(&job("homebrew.mxcl.port-registry"), Deed::Stop, hint);
        let hint = "`launchctl bootout gui/$(id -u)/port-registry` stops it";
        assert_hint(&job("port-registry"), Deed::Stop, hint);
        let hint = "`launchctl kickstart -k gui/$(id -u)/port-registry` restarts it";
        assert_hint(&job("port-registry"), Deed::Restart, hint);
        let nameless = json!({"name": "systemd", "scope": "user"});
        let hint = "see `systemd` for the way to do it";
        assert_hint(&nameless, Deed::Stop, hint);
    }
}
