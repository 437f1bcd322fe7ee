//! Leaves stopping and restarting a supervised daemon to its service manager.

use port_registry::daemon::{Scope, Supervisor};

use crate::output::wording::quoted;
use crate::report::Report;

/// The action that a command performs on the daemon.
#[derive(Clone, Copy, Debug)]
pub(super) enum LifecycleAction {
    Stop,
    Restart,
}

/// Refuses to act on a supervised daemon, because its manager would start it again or lose track of it.
pub(super) fn objection(
    pid: u32,
    supervisor: Option<&Supervisor>,
    action: LifecycleAction,
) -> Option<Report> {
    let supervisor = supervisor?;
    let (stopped, stops) = match action {
        LifecycleAction::Stop => ("stopped", "stops it"),
        LifecycleAction::Restart => ("restarted", "restarts it"),
    };
    let by = match (supervisor.name.as_str(), &supervisor.service) {
        ("", _) => "a service manager".to_owned(),
        (name, Some(service)) => format!("{name} as {service}"),
        (name, None) => name.to_owned(),
    };
    let report = Report::new(format!(
        "the daemon (pid {pid}) is managed by {by}, so it was not {stopped}"
    ));
    Some(match command(Some(supervisor), action) {
        Some(command) => report.hint(format!("`{command}` {stops}")),
        None if supervisor.name == "systemd" => {
            report.hint(format!("`systemctl --user status {pid}` names its unit"))
        }
        None => report,
    })
}

/// Returns the manager's command for the action, if it is known.
pub(super) fn command(supervisor: Option<&Supervisor>, action: LifecycleAction) -> Option<String> {
    let supervisor = supervisor?;
    let service = supervisor.service.as_deref()?;
    let verb = match action {
        LifecycleAction::Stop => "stop",
        LifecycleAction::Restart => "restart",
    };
    Some(match (supervisor.name.as_str(), supervisor.scope) {
        ("systemd", Scope::User) => format!("systemctl --user {verb} {}", quoted(service)),
        ("systemd", _) => format!("systemctl {verb} {}", quoted(service)),
        ("launchd", _) => match (service.strip_prefix("homebrew.mxcl."), action) {
            (Some(formula), _) => format!("brew services {verb} {}", quoted(formula)),
            (None, LifecycleAction::Stop) => {
                format!("launchctl bootout {}/{}", domain(), quoted(service))
            }
            (None, LifecycleAction::Restart) => {
                format!("launchctl kickstart -k {}/{}", domain(), quoted(service))
            }
        },
        _ => return None,
    })
}

/// Returns the launchd domain of this user's services (launchctl(1)).
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

    use super::{LifecycleAction, domain, objection};

    /// Returns the error and hint for a daemon with this supervisor.
    fn refusal(
        supervisor: &serde_json::Value,
        action: LifecycleAction,
    ) -> (String, Option<String>) {
        let supervisor = Supervisor::deserialize(supervisor).unwrap();
        let report = objection(4711, Some(&supervisor), action).unwrap();
        (report.error, report.hint)
    }

    #[track_caller]
    fn assert_hint(supervisor: &serde_json::Value, action: LifecycleAction, hint: &str) {
        assert_eq!(refusal(supervisor, action).1.as_deref(), Some(hint));
    }

    #[test]
    fn hint_is_the_managers_own_command() {
        let unit = json!({"name": "systemd", "service": "port-registry.service", "scope": "user"});
        let (error, _) = refusal(&unit, LifecycleAction::Stop);
        let expected = "the daemon (pid 4711) is managed by systemd as port-registry.service, \
                        so it was not stopped";
        assert_eq!(error, expected);
        let hint = "`systemctl --user stop port-registry.service` stops it";
        assert_hint(&unit, LifecycleAction::Stop, hint);
        let unit = json!({"name": "systemd", "service": "ports.service", "scope": "system"});
        let hint = "`systemctl restart ports.service` restarts it";
        assert_hint(&unit, LifecycleAction::Restart, hint);
        let job = |label| json!({"name": "launchd", "service": label, "scope": "unknown"});
        let hint = "`brew services stop port-registry` stops it";
        assert_hint(
            &job("homebrew.mxcl.port-registry"),
            LifecycleAction::Stop,
            hint,
        );
        let domain = domain();
        let hint = format!("`launchctl bootout {domain}/port-registry` stops it");
        assert_hint(&job("port-registry"), LifecycleAction::Stop, &hint);
        let hint = format!("`launchctl kickstart -k {domain}/port-registry` restarts it");
        assert_hint(&job("port-registry"), LifecycleAction::Restart, &hint);
        let nameless = json!({"name": "systemd", "scope": "user"});
        let hint = "`systemctl --user status 4711` names its unit";
        assert_hint(&nameless, LifecycleAction::Stop, hint);
        // A later version may send unknown values.
        for other in [
            json!({"name": "runit", "scope": "galaxy", "service": "x"}),
            json!({}),
        ] {
            let (error, hint) = refusal(&other, LifecycleAction::Stop);
            assert!(error.contains("so it was not stopped"), "{error}");
            assert_eq!(hint, None);
        }
    }
}
