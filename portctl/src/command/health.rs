//! `portctl health`.

use port_registry::daemon::api::{self, HealthStatus, path};

use super::outcome::{CommandResult, Done};
use crate::args::HealthArgs;
use crate::backend::{Client, ClientError};
use crate::environment;
use crate::output;
use crate::report::Report;

pub(crate) fn run(args: &HealthArgs) -> CommandResult {
    let client = Client::new(environment::address()?.unwrap_or_default());
    client.identify().map_err(|error| match error {
        ClientError::NothingListens { .. } if !environment::is_address_named() => {
            Report::new(error.to_string())
                .hint("`portctl start` starts the daemon; other commands need none")
        }
        error => error.into(),
    })?;
    let health = check_health(&client).map_err(Report::from)?;
    if health.status != HealthStatus::Ok {
        let detail = health.detail.unwrap_or_default();
        return Err(Report::new(format!("the daemon cannot use its store: {detail}")).into());
    }
    Ok(Done::Printed(if args.json {
        output::print_json(&health)
    } else {
        output::print("healthy")
    }))
}

/// Asks a daemon for its health.
pub(super) fn check_health(client: &Client) -> Result<api::Health, ClientError> {
    client.get(path::HEALTH, &[])?.document()
}
