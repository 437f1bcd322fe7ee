//! `portctl status`.

use port_registry::Builder;
use port_registry::daemon::api::HealthStatus;
use port_registry::daemon::{DaemonInfo, Presence};
use serde::Serialize;

use super::health;
use super::outcome::{Done, Outcome};
use crate::args::Status;
use crate::backend::ClientError;
use crate::daemon::{self, Target};
use crate::output;
use crate::output::visible;

/// The state of the daemon.
#[derive(Debug, Default, Serialize)]
struct Document {
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    /// The first thing that is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

pub(crate) fn run(args: &Status) -> Outcome {
    let target = Target::of_environment()?;
    let document = match target.client.identify_quickly() {
        Ok(daemon) => running(&target, daemon),
        Err(error) => not_answering(&target, &error),
    };
    if args.json {
        return Ok(Done::Printed(output::print_json(&document)));
    }
    let printed = output::print(&document.headline());
    let remark = match &document.detail {
        Some(detail) => output::remark(&visible(detail)),
        None => Ok(()),
    };
    Ok(Done::Printed(printed.and(remark)))
}

fn running(target: &Target, daemon: DaemonInfo) -> Document {
    let (healthy, detail) = match health::examine(&target.client) {
        Ok(health) => (health.status == HealthStatus::Ok, health.detail),
        Err(error) => (false, Some(error.to_string())),
    };
    let difference = match Builder::from_env() {
        Ok(registry) => daemon::difference(&daemon, &registry).map(|what| format!("it {what}")),
        Err(error) => Some(error.to_string()),
    };
    let stranger = match target.presence() {
        Ok(Presence::Running { pid, .. }) if pid == daemon.pid => None,
        Ok(_) => Some("it does not hold the daemon's lock of this HOME, so it is another user's or another HOME's".to_owned()),
        Err(report) => Some(report.error),
    };
    Document {
        running: true,
        healthy: Some(healthy),
        pid: Some(daemon.pid),
        detail: detail.or(difference).or(stranger),
        address: target.address().to_string(),
        version: Some(daemon.version),
        store: Some(daemon.store),
    }
}

/// It does not answer, but may run all the same.
fn not_answering(target: &Target, error: &ClientError) -> Document {
    let address = target.address().to_string();
    match target.presence() {
        Ok(Presence::Running { pid, address: at }) if target.address().is_of(at) => Document {
            running: true,
            healthy: Some(false),
            pid: Some(pid),
            address,
            detail: Some(error.to_string()),
            ..Document::default()
        },
        Ok(Presence::Running { pid, address: at }) => Document {
            address,
            detail: Some(format!("a daemon of this user listens at {at} (pid {pid})")),
            ..Document::default()
        },
        Ok(Presence::Starting) => Document {
            address,
            detail: Some("a daemon is starting".to_owned()),
            ..Document::default()
        },
        Err(report) => Document {
            address,
            detail: Some(report.error),
            ..Document::default()
        },
        Ok(Presence::Absent) => Document {
            address,
            // The headline says that nothing is there.
            detail: match error {
                ClientError::NothingListens { .. } => None,
                error => Some(error.to_string()),
            },
            ..Document::default()
        },
    }
}

impl Document {
    fn headline(&self) -> String {
        match (self.pid, self.healthy) {
            (Some(pid), Some(true)) => format!("Server is running (pid {pid}) healthy"),
            (Some(pid), _) => format!("Server is running (pid {pid}) unhealthy"),
            (None, _) => "Server is not running".to_owned(),
        }
    }
}
