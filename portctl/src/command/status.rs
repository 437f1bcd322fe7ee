//! `portctl status`.

use std::borrow::Cow;

use port_registry::Builder;
use port_registry::daemon::api::HealthStatus;
use port_registry::daemon::{DaemonInfo, Presence};
use serde::Serialize;

use super::health;
use super::outcome::{CommandResult, Done};
use crate::address::Address;
use crate::args::StatusArgs;
use crate::backend::{Client, ClientError};
use crate::daemon::{self, Target, Unsure};
use crate::environment::{self, ADDRESS_VARIABLE};
use crate::output::{self, visible};

/// The state of the daemon.
#[derive(Debug, Default, Serialize)]
struct StatusDocument {
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    address: String,
    /// The address as text shows it.
    #[serde(skip)]
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    #[serde(flatten)]
    flags: Flags,
    /// The first problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// A daemon may run where this process cannot reach it.
    #[serde(skip)]
    may_be_elsewhere: bool,
    /// The daemon of another user refuses this one.
    #[serde(skip)]
    is_refused: bool,
}

/// The flags by which a daemon is open to more than its own user's programs.
#[derive(Debug, Default, Serialize)]
struct Flags {
    /// The users whom it serves besides its own and root, as `--allow-users` takes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_users: Option<String>,
    /// It answers to the names by which containers reach their host.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    container: bool,
    #[serde(skip)]
    description: Option<String>,
}

pub(crate) fn run(args: &StatusArgs) -> CommandResult {
    let target = Target::of_environment()?;
    let presence = target.presence();
    let unsure = presence.ok().and_then(|it| Unsure::of(&target, it));
    let document = match unsure {
        Some(unsure) => out_of_reach(&target, unsure),
        None => match target.client.identify_quickly() {
            Ok(daemon) => running(&target, daemon),
            Err(error) => not_answering(&target, &error),
        },
    };
    if args.json {
        return Ok(Done::Printed(output::print_json(&document)));
    }
    let printed = output::print(&document.headline());
    let flags = document.flags.description.as_deref().map(Cow::from);
    let mut notes = document.note().into_iter().chain(flags);
    let remarks = notes.try_for_each(|note| output::note(&visible(&note)));
    Ok(Done::Printed(printed.and(remarks)))
}

fn running(target: &Target, daemon: DaemonInfo) -> StatusDocument {
    let lock_problem = match target.presence() {
        Ok(Presence::Running { pid, .. }) if pid == daemon.pid => None,
        Ok(_) => Some("it does not hold the daemon's lock of this HOME, so it belongs to another user or another HOME".to_owned()),
        Err(report) => Some(report.error),
    };
    answering(&target.client, daemon, lock_problem)
}

/// The state of a daemon that answers. `problem` is one of its address.
fn answering(client: &Client, daemon: DaemonInfo, problem: Option<String>) -> StatusDocument {
    let (healthy, detail) = match health::check_health(client) {
        Ok(health) => (health.status == HealthStatus::Ok, health.detail),
        Err(error) => (false, Some(error.to_string())),
    };
    let difference = match Builder::from_env() {
        Ok(registry) => daemon::difference(&daemon, &registry).map(|what| format!("it {what}")),
        Err(error) => Some(error.to_string()),
    };
    StatusDocument {
        running: true,
        healthy: Some(healthy),
        pid: Some(daemon.pid),
        detail: problem.or(detail).or(difference),
        flags: Flags {
            description: daemon::describe_flags(&daemon),
            allow_users: daemon.allow_users,
            container: daemon.container,
        },
        version: Some(daemon.version),
        store: Some(daemon.store),
        ..StatusDocument::at(client.address())
    }
}

/// The state of a daemon whose address may lead to another server from here.
fn out_of_reach(target: &Target, unsure: Unsure) -> StatusDocument {
    let problem = format!("{}; {}", unsure.problem(), unsure.next_step());
    match unsure.by_socket {
        Some((client, daemon)) => answering(&client, daemon, Some(problem)),
        None => StatusDocument {
            may_be_elsewhere: true,
            detail: Some(problem),
            ..StatusDocument::at(target.address())
        },
    }
}

/// The state of a daemon that does not answer. It may run nevertheless.
fn not_answering(target: &Target, error: &ClientError) -> StatusDocument {
    let at_address = || StatusDocument::at(target.address());
    let denied = match error {
        ClientError::Denied { reason, .. } => Some(reason),
        _ => None,
    };
    let detail = match denied {
        Some(reason) => format!("{error}; {}", reason.next_step()),
        None => error.to_string(),
    };
    match target.presence() {
        Ok(Presence::Running { pid, address: at }) if target.is_of(at) => {
            StatusDocument {
                running: true,
                // The daemon may be healthy if this process cannot ask it.
                healthy: denied.is_none().then_some(false),
                pid: Some(pid),
                detail: Some(detail),
                ..at_address()
            }
        }
        Ok(Presence::Running { pid, address: at }) => StatusDocument {
            detail: Some(format!("a daemon of this user listens at {at} (pid {pid})")),
            ..at_address()
        },
        Ok(Presence::Starting) => StatusDocument {
            detail: Some("a daemon is starting".to_owned()),
            ..at_address()
        },
        Err(report) => StatusDocument {
            detail: Some(report.error),
            ..at_address()
        },
        Ok(Presence::Absent) if error.is_of_user() => StatusDocument {
            running: true,
            is_refused: true,
            detail: Some(detail),
            ..at_address()
        },
        Ok(Presence::Absent) => StatusDocument {
            // The headline says this already.
            detail: match error {
                ClientError::NothingListens { .. } => None,
                _ => Some(detail),
            },
            ..at_address()
        },
    }
}

impl StatusDocument {
    /// The state of a daemon that does not run.
    fn at(address: &Address) -> StatusDocument {
        StatusDocument {
            address: address.to_string(),
            url: address.url(),
            ..StatusDocument::default()
        }
    }

    /// The first problem, or the named address at which nothing listens.
    fn note(&self) -> Option<Cow<'_, str>> {
        if let Some(detail) = &self.detail {
            return Some(Cow::from(detail));
        }
        (!self.running && environment::is_address_named()).then(|| {
            Cow::from(format!(
                "nothing listens at {}, which {ADDRESS_VARIABLE} names",
                self.address
            ))
        })
    }

    fn headline(&self) -> String {
        if self.is_refused {
            return format!("Server is running at {}, but refuses this user", self.url);
        }
        let Some(pid) = self.pid else {
            let place = if self.may_be_elsewhere { " here" } else { "" };
            return format!("Server is not running{place}");
        };
        let health = match self.healthy {
            Some(true) => " healthy",
            Some(false) => " unhealthy",
            None => "",
        };
        format!("Server is running (pid {pid}){health} at {}", self.url)
    }
}
