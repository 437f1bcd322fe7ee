//! Requests to the writer, and the clients that wait for their answers.

use std::iter;
use std::time::{Duration, Instant};

use port_registry::{Answer, Request};
use tokio::sync::oneshot;

use crate::api_error::ApiError;

/// A request and the client that waits for its answer.
#[derive(Debug)]
pub(super) struct WriteJob {
    pub(super) request: Request,
    pub(super) client: WaitingClient,
}

/// The client that waits for the answer to a request.
#[derive(Debug)]
pub(super) struct WaitingClient {
    /// Time at which the client gives up waiting for its turn.
    pub(super) due: Instant,
    pub(super) answer: oneshot::Sender<Result<Answer, ApiError>>,
}

impl WaitingClient {
    pub(super) fn send(self, answer: Result<Answer, ApiError>) {
        // If the client is gone, nobody needs the answer.
        let _ = self.answer.send(answer);
    }
}

/// Jobs that are committed together. The registry takes the requests as one list, so they are kept apart
/// from their clients; both are in the same order.
#[derive(Debug, Default)]
pub(super) struct JobGroup {
    pub(super) requests: Vec<Request>,
    pub(super) clients: Vec<WaitingClient>,
}

impl JobGroup {
    pub(super) fn add(&mut self, job: WriteJob) {
        self.requests.push(job.request);
        self.clients.push(job.client);
    }

    /// Returns the time until the first client gives up.
    pub(super) fn time_left(&self) -> Duration {
        let due = self.clients.iter().map(|client| client.due).min();
        due.map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(Instant::now())
        })
    }

    pub(super) fn into_jobs(self) -> impl Iterator<Item = WriteJob> {
        iter::zip(self.requests, self.clients).map(|(request, client)| WriteJob { request, client })
    }
}
