//! A service that `portctl wait` waits for.

use std::time::Duration;

use port_registry::{Allocation, Listener, Port, ServiceState};
use serde::Serialize;

use super::super::invocation::Invocation;
use super::server_report::{READ_LOG, described, foreign, silence};
use crate::backend::Backend;
use crate::command_error::CommandError;
use crate::report::Report;
use crate::server::{HttpAnswer, HttpPath, Server, get, look};
use crate::service_url::HostName;
use crate::whose::Whose;

/// A service that is waited for, and its last state.
#[derive(Debug)]
pub(in crate::command) struct Awaited {
    pub(in crate::command) allocation: Allocation,
    server: Option<Server>,
    /// The last answer to a request.
    answer: Option<HttpAnswer>,
    pub(in crate::command) is_ready: bool,
}

/// A service that answers, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(in crate::command) struct Answering<'a> {
    service: &'a str,
    port: Port,
    url: String,
    state: ServiceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<&'a Listener>,
}

impl Awaited {
    pub(in crate::command) fn new(allocation: Allocation) -> Awaited {
        Awaited {
            allocation,
            server: None,
            answer: None,
            is_ready: false,
        }
    }

    /// Looks for the server.
    ///
    /// # Errors
    ///
    /// Fails if it belongs to another checkout, or if nothing tells to which and `is_strict`.
    pub(in crate::command) fn look(
        &mut self,
        backend: &dyn Backend,
        invocation: &Invocation,
        limit: Duration,
    ) -> Result<(), CommandError> {
        let port = self.allocation.port;
        let server = look(backend, port, self.allocation.dir.as_deref(), limit)?;
        if let Some(server) = &server {
            match &server.owner {
                Whose::Foreign(_) => {
                    let report = foreign(invocation, &self.allocation, server);
                    return Err(CommandError::Foreign(report));
                }
                Whose::Unknown(_) | Whose::Daemon
                    if invocation.has_switch("--strict") && !server.addresses.is_empty() =>
                {
                    let report = Report::new(described(&self.allocation, server));
                    let report = report.holder(self.allocation.clone());
                    let report = report.in_use(Some(server.in_use.clone()));
                    return Err(report.hint("without --strict, it counts as ready").into());
                }
                Whose::Ours | Whose::Unknown(_) | Whose::Daemon | Whose::Nobody => {}
            }
        }
        self.answer = None;
        self.server = server;
        Ok(())
    }

    /// Asks the server that was found for a path, if one is given, and decides if it is ready.
    pub(in crate::command) fn ask(&mut self, path: Option<&HttpPath>, limit: Duration) {
        let server = self.server.as_ref();
        let Some(server) = server.filter(|it| !it.addresses.is_empty()) else {
            return;
        };
        let port = self.allocation.port;
        self.answer = path.map(|path| get(&server.addresses, port, path, limit));
        self.is_ready = self.answer.as_ref().is_none_or(HttpAnswer::is_ready);
    }

    /// Returns a note if it is unknown to whom the server belongs.
    pub(in crate::command) fn note(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        let is_unknown = matches!(server.owner, Whose::Unknown(_) | Whose::Daemon);
        is_unknown.then(|| described(&self.allocation, server))
    }

    pub(in crate::command) fn url(&self) -> String {
        HostName::Shared.url_of(&self.allocation)
    }

    /// Reports why the service is not ready, with the next step as its hint.
    pub(in crate::command) fn problem(
        &self,
        backend: &dyn Backend,
        path: Option<&HttpPath>,
    ) -> Report {
        let (port, key) = (self.allocation.port, &self.allocation.key);
        let path = path.map_or("", HttpPath::as_str);
        let (problem, step) = match &self.answer {
            None => {
                let silence = silence(backend, &self.allocation);
                (silence.problem, silence.cause.step("start it"))
            }
            Some(HttpAnswer::Status(status)) => {
                let problem =
                    format!("port {port} of {key} answers GET {path} with status {status}");
                (problem, READ_LOG)
            }
            Some(HttpAnswer::None(reason)) => {
                let problem = format!("port {port} of {key} does not answer GET {path}: {reason}");
                (problem, READ_LOG)
            }
        };
        let report = Report::new(problem).holder(self.allocation.clone());
        report.hint(step)
    }

    pub(in crate::command) fn answering(&self) -> Answering<'_> {
        let server = self.server.as_ref();
        Answering {
            service: self.allocation.key.service(),
            port: self.allocation.port,
            url: self.url(),
            state: match server.map(|it| &it.owner) {
                Some(Whose::Ours) => ServiceState::Up,
                _ => ServiceState::Unknown,
            },
            listener: server.and_then(|it| it.in_use.listener.as_ref()),
        }
    }
}
