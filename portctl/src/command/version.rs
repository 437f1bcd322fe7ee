//! `portctl version`.

use port_registry::daemon::{DaemonInfo, default_pidfile};
use serde::Serialize;

use super::outcome::{CommandResult, Done};
use crate::address::Address;
use crate::args::VersionArgs;
use crate::backend::Client;
use crate::daemon::{self, Target};
use crate::environment;
use crate::output::{self, visible};
use crate::report::Report;
use crate::version;

/// The versions of portctl and of the daemon.
#[derive(Serialize)]
struct VersionDocument<'a> {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    /// The day of the commit, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daemon: Option<DaemonVersion<'a>>,
}

#[derive(Serialize)]
struct DaemonVersion<'a> {
    version: &'a str,
    pid: u32,
}

pub(crate) fn run(args: &VersionArgs) -> CommandResult {
    let daemon = match environment::address()? {
        // A daemon that the environment names has to answer.
        Some(address) => Some(Client::new(address).identify().map_err(Report::from)?),
        None => default_pidfile()
            .ok()
            .and_then(|pidfile| daemon::find_own(&Target::at(Address::default(), pidfile))),
    };
    Ok(Done::Printed(if args.json {
        output::print_json(&VersionDocument {
            version: env!("CARGO_PKG_VERSION"),
            commit: version::COMMIT,
            date: version::COMMIT_DATE,
            daemon: daemon.as_ref().map(|daemon| DaemonVersion {
                version: &daemon.version,
                pid: daemon.pid,
            }),
        })
    } else {
        output::print(&text(daemon.as_ref()))
    }))
}

fn text(daemon: Option<&DaemonInfo>) -> String {
    let own = version::version_line();
    match daemon {
        Some(daemon) => format!(
            "{own}\nport-registry {} (pid {})",
            visible(&daemon.version),
            daemon.pid
        ),
        None => own,
    }
}
