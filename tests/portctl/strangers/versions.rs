//! Daemons of another version.

use crate::machine::{Machine, pid_in};

use super::fixture::Stranger;

#[test]
fn daemon_of_another_version_can_be_replaced() {
    let machine = Machine::new();
    let Some(mut other) = Stranger::of_another_version(&machine, "{}") else {
        return;
    };
    let complaint = machine.complaint(&["list"]);
    assert!(
        complaint.ends_with("`portctl restart` replaces it"),
        "{complaint}"
    );
    let complaint = machine.complaint(&["start"]);
    assert_eq!(
        complaint,
        format!(
            "error: the daemon (pid {}) has another version than portctl, and they are not \
             compatible\nhint: `portctl restart` replaces it",
            other.pid()
        )
    );
    let restarted = machine.run(&["restart"]);
    assert_ne!(pid_in(restarted.printed(), "Server restarted"), other.pid());
    test_support::wait_for_exit(&mut other.0);
    machine.run(&["get", "web"]).printed();
}

#[test]
fn supervised_daemon_of_another_version_is_not_stopped() {
    let machine = Machine::new();
    let body = r#"{"supervisor":{"name":"systemd","service":"x.service","scope":"galaxy"}}"#;
    let Some(mut other) = Stranger::of_another_version(&machine, body) else {
        return;
    };
    for command in ["stop", "restart"] {
        let complaint = machine.complaint(&[command]);
        let supervisor = format!("(pid {}) is managed by systemd as x.service", other.pid());
        assert!(complaint.contains(&supervisor), "{complaint}");
    }
    let complaint = machine.complaint(&["start"]);
    assert!(
        complaint.ends_with("`systemctl restart x.service` replaces it"),
        "{complaint}"
    );
    other.assert_unharmed();
}
