//! `portctl health`.

use port_registry::daemon::api::{self, HealthStatus, path};

use super::outcome::{Done, Outcome};
use crate::args::Health;
use crate::backend::{Client, ClientError};
use crate::environment;
use crate::output;
use crate::report::Report;

pub(crate) fn run(args: &Health) -> Outcome {
    let client = Client::new(environment::address()?.unwrap_or_default());
    client.identify().map_err(|error| match error {
        ClientError::NothingListens { .. } if !environment::is_address_named() => {
            Report::new(error.to_string())
                .hint("`portctl start` starts the daemon; the other commands need none")
        }
        error => error.into(),
    })?;
    let health = examine(&client).map_err(Report::from)?;
    if health.status != HealthStatus::Ok {
        let detail = health.detail.unwrap_or_default();
        return Err(Report::new(format!("the daemon's store cannot serve: {detail}")).into());
    }
    Ok(Done::Printed(if args.json {
        output::print_json(&health)
    } else {
        output::print("healthy")
    }))
}

/// Asks a daemon for its health.
pub(super) fn examine(client: &Client) -> Result<api::Health, ClientError> {
    client.get(path::HEALTH, &[])?.document()
}
