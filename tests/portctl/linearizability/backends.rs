//! Clients that use the registry in process and over HTTP.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use port_registry::{Allocation, AllocationId, Atomicity, Error, Filter, Registry};
use serde_json::{Value, json};

use super::daemon::RestartableDaemon;
use fastrand::Rng;
use test_support::daemon::{Client, Response};
use test_support::model::{ModelAnswer, Operation, Record, Want, WantedMove};

/// Outcome of an operation.
#[derive(Clone, Debug)]
pub(crate) enum OperationOutcome {
    Answered(ModelAnswer),
    /// The operation failed, and the registry guarantees that it had no effect.
    NothingDone,
    /// The operation has taken effect, or may do so later, or never.
    Unknown,
}

/// A client that performs one operation at a time.
pub(crate) trait RegistryClient: Send {
    fn ask(&mut self, op: &Operation) -> OperationOutcome;
}

/// A registry of this process. Each opens the store's files for itself, and so competes for locks as if in another
/// process.
pub(crate) struct InProcessClient(Registry);

impl InProcessClient {
    /// Opens a registry that waits this long for the writer lock.
    pub(crate) fn open(
        store: &Path,
        range: &RangeInclusive<u16>,
        wait: Duration,
    ) -> InProcessClient {
        let range = format!("{}-{}", range.start(), range.end());
        let builder = Registry::builder().with_path(store).with_wait(wait);
        InProcessClient(builder.with_range(range.parse().unwrap()).open().unwrap())
    }

    fn try_ask(&self, op: &Operation) -> Result<ModelAnswer, Error> {
        if let Some(request) = op.request() {
            let answer = self.0.apply(&[request], Atomicity::Each)?.pop().unwrap();
            return ModelAnswer::of(&answer).map_or_else(|| Err(answer.unwrap_err()), Ok);
        }
        Ok(match op {
            Operation::Find(id) => match self.0.get(AllocationId::new(*id).unwrap())? {
                Some(allocation) => ModelAnswer::Found((&allocation).into()),
                None => ModelAnswer::NotFound(*id),
            },
            Operation::List(filter) => ModelAnswer::Listed(Record::of_all(&self.0.list(filter)?)),
            _ => unreachable!("writes have a request"),
        })
    }
}

impl RegistryClient for InProcessClient {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        match self.try_ask(op) {
            Ok(answer) => OperationOutcome::Answered(answer),
            Err(Error::Busy { .. }) => OperationOutcome::NothingDone,
            Err(Error::OutcomeUnknown { .. }) => OperationOutcome::Unknown,
            Err(error) => panic!("{op} failed: {error}"),
        }
    }
}

/// A client of the daemon that keeps its connection open.
pub(crate) struct HttpClient<'a> {
    daemon: &'a RestartableDaemon,
    connection: Option<Client>,
    random: Rng,
    timeout: AnswerTimeout,
    /// Receives a message after each request is sent, before its answer.
    pub(crate) sent: Option<Sender<()>>,
}

/// Timeout of a client for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerTimeout {
    Long,
    /// Long for most operations, a few milliseconds for some.
    Varying,
}

impl HttpClient<'_> {
    pub(crate) fn new(
        daemon: &RestartableDaemon,
        seed: u64,
        timeout: AnswerTimeout,
    ) -> HttpClient<'_> {
        HttpClient {
            daemon,
            connection: None,
            random: Rng::with_seed(seed),
            timeout,
            sent: None,
        }
    }

    fn text_of(&mut self, op: &Operation) -> (&'static str, String) {
        let (method, path, body) = match op {
            Operation::Allocate(want) => ("POST", String::new(), body_of_want(want)),
            Operation::GetOrAllocate(want) => ("PUT", String::new(), body_of_want(want)),
            Operation::Move(wanted) => {
                let WantedMove { port, prefer, .. } = wanted;
                let body = json!({"port": port, "prefer": prefer, "adopt": wanted.adopt});
                ("PATCH", format!("/{}", wanted.id), body.to_string())
            }
            Operation::Release(id) => ("DELETE", format!("/{id}"), String::new()),
            Operation::ReleaseMatching(filter) => ("DELETE", String::new(), body_of_filter(filter)),
            Operation::Find(id) => ("GET", format!("/{id}"), String::new()),
            Operation::List(filter) => ("GET", query_of(filter), String::new()),
        };
        let prefer = if self.random.u8(..2) == 0 {
            "Prefer: return=representation\r\n"
        } else {
            ""
        };
        let head =
            format!("{method} /v1/allocations{path} HTTP/1.1\r\nHost: localhost\r\n{prefer}");
        let length = body.len();
        (
            method,
            format!("{head}Content-Length: {length}\r\n\r\n{body}"),
        )
    }
}

impl RegistryClient for HttpClient<'_> {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        let (method, text) = self.text_of(op);
        let is_hasty = self.timeout == AnswerTimeout::Varying && self.random.u8(..6) == 0;
        let timeout = if is_hasty {
            Duration::from_micros(500 + self.random.u64(..3000))
        } else {
            Duration::from_secs(60)
        };
        let daemon = self.daemon;
        let client = self.connection.get_or_insert_with(|| daemon.connect());
        client.stream().set_read_timeout(Some(timeout)).unwrap();
        client.send(text.as_bytes());
        if let Some(sent) = &self.sent {
            // The receiver is gone once the daemon has been killed.
            let _ = sent.send(());
        }
        if let Ok(response) = client.try_receive(method) {
            outcome(op, &response)
        } else {
            self.connection = None;
            OperationOutcome::Unknown
        }
    }
}

fn body_of_want(want: &Want) -> String {
    let Want { key, port, .. } = want;
    let (prefer, avoid) = (want.prefer, &want.avoid);
    let (app, instance, service) = (key.app(), key.instance(), key.service());
    json!({"app": app, "instance": instance, "service": service, "port": port,
           "prefer": prefer, "avoid": avoid})
    .to_string()
}

fn body_of_filter(filter: &Filter) -> String {
    let (app, instance, service) = (filter.app(), filter.instance(), filter.service());
    let mut body = json!({"app": app, "instance": instance, "service": service});
    if let Some(port) = filter.port() {
        body["port"] = port.get().into();
    }
    body.to_string()
}

/// Formats a filter as a query string. The names in these tests need no escapes.
fn query_of(filter: &Filter) -> String {
    let port = filter.port().map(|port| port.to_string());
    let parts = [
        ("app", filter.app()),
        ("instance", filter.instance()),
        ("service", filter.service()),
        ("port", port.as_deref()),
    ];
    let parts = parts.map(|(name, value)| format!("{name}={}", value.unwrap_or("")));
    format!("?{}", parts.join("&"))
}

fn outcome(op: &Operation, response: &Response) -> OperationOutcome {
    let document = response.json(response.status);
    match response.status {
        // The daemon is busy or stopping, and guarantees that the operation had no effect.
        503 => return OperationOutcome::NothingDone,
        500 if response.body.contains("it is unknown whether") => return OperationOutcome::Unknown,
        _ => {}
    }
    let record = |value: &Value| {
        let allocation: Allocation = serde_json::from_value(value.clone()).unwrap();
        Record::from(&allocation)
    };
    let records = |values: &[Value]| values.iter().map(record).collect();
    let error = document["error"].as_str();
    OperationOutcome::Answered(match (op, response.status) {
        (Operation::Allocate(_) | Operation::GetOrAllocate(_), 201) => {
            ModelAnswer::Allocated(record(&document))
        }
        (Operation::GetOrAllocate(_), 200) => ModelAnswer::Existing(record(&document)),
        (Operation::Move(wanted), 200) if document["id"] == wanted.id => {
            ModelAnswer::Existing(record(&document))
        }
        (Operation::Move(_), 200) => ModelAnswer::Moved(record(&document)),
        (Operation::Allocate(_) | Operation::GetOrAllocate(_) | Operation::Move(_), 507) => {
            ModelAnswer::NoFreePort
        }
        (Operation::Allocate(_) | Operation::GetOrAllocate(_) | Operation::Move(_), 409) => {
            let holder = record(&document["holder"]);
            match error {
                Some("service already allocated") => ModelAnswer::ServiceTaken(holder),
                Some("port already allocated") => ModelAnswer::PortTaken(holder),
                _ => panic!("{op}: {response:?}"),
            }
        }
        (
            Operation::Release(id) | Operation::Find(id) | Operation::Move(WantedMove { id, .. }),
            404,
        ) if error == Some("allocation not found") => ModelAnswer::NotFound(*id),
        (Operation::Release(_), 200) if document == json!({"status": "deleted"}) => {
            ModelAnswer::Deleted(1)
        }
        (Operation::Release(_), 200) => ModelAnswer::Released(vec![record(&document)]),
        (Operation::ReleaseMatching(_), 200) => match document.as_array() {
            Some(released) => ModelAnswer::Released(records(released)),
            None => ModelAnswer::Deleted(document["deleted"].as_u64().unwrap().try_into().unwrap()),
        },
        (Operation::Find(_), 200) => ModelAnswer::Found(record(&document)),
        (Operation::List(_), 200) => ModelAnswer::Listed(records(document.as_array().unwrap())),
        _ => panic!("{op}: {response:?}"),
    })
}
