//! `portctl health`.

use serde::{Deserialize, Serialize};

use super::{Done, Outcome};
use crate::args::Health;
use crate::backend::{Client, ClientError};
use crate::environment;
use crate::failure::Report;
use crate::output;

/// What a daemon says of its store.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Document {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl Document {
    pub(super) fn is_healthy(&self) -> bool {
        self.status == "ok"
    }
}

pub(super) fn run(args: &Health) -> Outcome {
    let client = Client::new(environment::address()?.unwrap_or_default());
    client.identify().map_err(|error| match error {
        ClientError::NothingListens { .. } if !environment::is_address_named() => {
            Report::new(error.to_string())
                .hint("`portctl start` starts the daemon; the other commands need none")
        }
        error => error.into(),
    })?;
    let health = examine(&client).map_err(Report::from)?;
    if !health.is_healthy() {
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
pub(super) fn examine(client: &Client) -> Result<Document, ClientError> {
    let reply = client.get("/healthz", &[])?;
    reply.json(if reply.status == 503 { 503 } else { 200 })
}
