//! Two ways to ask the registry, and what comes of it.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use port_registry::{Allocation, AllocationId, Atomicity, Error, Filter, Registry};
use serde_json::{Value, json};

use super::server::Server;
use fastrand::Rng;
use test_support::daemon::{Client, Response};
use test_support::model::{Answer, Op, Record, Want};

/// How an operation ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Answered(Answer),
    /// It was given up, and it is promised that it had no effect.
    NothingDone,
    /// Nobody can tell what it did, or will do.
    Unknown,
}

/// A client of the registry, which asks one thing after the other.
pub(crate) trait Backend: Send {
    fn ask(&mut self, op: &Op) -> Outcome;
}

/// A registry of this process. Each has files of its own open, and competes with the others as if it
/// was in another process.
pub(crate) struct InProcess(Registry);

impl InProcess {
    /// One that gives up after so long a wait for its turn to write.
    pub(crate) fn open(store: &Path, range: &RangeInclusive<u16>, wait: Duration) -> InProcess {
        let range = format!("{}-{}", range.start(), range.end());
        let builder = Registry::builder().with_path(store).with_wait(wait);
        InProcess(builder.with_range(range.parse().unwrap()).open().unwrap())
    }

    fn try_ask(&self, op: &Op) -> Result<Answer, Error> {
        if let Some(request) = op.request() {
            let answer = self.0.apply(&[request], Atomicity::Each)?.pop().unwrap();
            return Answer::of(&answer).map_or_else(|| Err(answer.unwrap_err()), Ok);
        }
        Ok(match op {
            Op::Find(id) => match self.0.get(AllocationId::new(*id).unwrap())? {
                Some(allocation) => Answer::Found((&allocation).into()),
                None => Answer::NotFound(*id),
            },
            Op::List(filter) => Answer::Listed(Record::of_all(&self.0.list(filter)?)),
            _ => unreachable!("it has a request"),
        })
    }
}

impl Backend for InProcess {
    fn ask(&mut self, op: &Op) -> Outcome {
        match self.try_ask(op) {
            Ok(answer) => Outcome::Answered(answer),
            Err(Error::Busy { .. }) => Outcome::NothingDone,
            Err(Error::OutcomeUnknown { .. }) => Outcome::Unknown,
            Err(error) => panic!("{op} failed: {error}"),
        }
    }
}

/// A client of the daemon that keeps its connection for as long as it holds.
pub(crate) struct OverHttp<'a> {
    server: &'a Server,
    connection: Option<Client>,
    random: Rng,
    patience: Patience,
    /// Is told of each request that was sent and not answered yet.
    pub(crate) sent: Option<Sender<()>>,
}

/// How long a client waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    Enough,
    /// Hardly at all, now and then.
    Varying,
}

impl OverHttp<'_> {
    pub(crate) fn new(server: &Server, seed: u64, patience: Patience) -> OverHttp<'_> {
        OverHttp {
            server,
            connection: None,
            random: Rng::with_seed(seed),
            patience,
            sent: None,
        }
    }

    fn text_of(&mut self, op: &Op) -> (&'static str, String) {
        let (method, path, body) = match op {
            Op::Allocate(want) => ("POST", String::new(), body_of_want(want)),
            Op::GetOrAllocate(want) => ("PUT", String::new(), body_of_want(want)),
            Op::Release(id) => ("DELETE", format!("/{id}"), String::new()),
            Op::ReleaseMatching(filter) => ("DELETE", String::new(), body_of_filter(filter)),
            Op::Find(id) => ("GET", format!("/{id}"), String::new()),
            Op::List(filter) => ("GET", query_of(filter), String::new()),
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

impl Backend for OverHttp<'_> {
    fn ask(&mut self, op: &Op) -> Outcome {
        let (method, text) = self.text_of(op);
        let is_hasty = self.patience == Patience::Varying && self.random.u8(..6) == 0;
        let patience = if is_hasty {
            Duration::from_micros(500 + self.random.u64(..3000))
        } else {
            Duration::from_secs(60)
        };
        let server = self.server;
        let client = self.connection.get_or_insert_with(|| server.connect());
        client.stream().set_read_timeout(Some(patience)).unwrap();
        client.send(text.as_bytes());
        if let Some(sent) = &self.sent {
            // Nobody listens any more once the daemon has been killed.
            let _ = sent.send(());
        }
        if let Ok(response) = client.try_receive(method) {
            outcome(op, &response)
        } else {
            self.connection = None;
            Outcome::Unknown
        }
    }
}

fn body_of_want(want: &Want) -> String {
    let Want { key, port, .. } = want;
    let (app, instance, service) = (key.app(), key.instance(), key.service());
    json!({"app": app, "instance": instance, "service": service, "port": port}).to_string()
}

fn body_of_filter(filter: &Filter) -> String {
    let (app, instance, service) = (filter.app(), filter.instance(), filter.service());
    let mut body = json!({"app": app, "instance": instance, "service": service});
    if let Some(port) = filter.port() {
        body["port"] = port.get().into();
    }
    body.to_string()
}

/// Its names need no escapes.
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

fn outcome(op: &Op, response: &Response) -> Outcome {
    let document = response.json(response.status);
    match response.status {
        // It is busy, or stopping, and has promised that nothing was done.
        503 => return Outcome::NothingDone,
        500 if response.body.contains("it is unknown whether") => return Outcome::Unknown,
        _ => {}
    }
    let record = |value: &Value| {
        let allocation: Allocation = serde_json::from_value(value.clone()).unwrap();
        Record::from(&allocation)
    };
    let all = |values: &[Value]| values.iter().map(record).collect();
    let error = document["error"].as_str();
    Outcome::Answered(match (op, response.status) {
        (Op::Allocate(_) | Op::GetOrAllocate(_), 201) => Answer::Allocated(record(&document)),
        (Op::GetOrAllocate(_), 200) => Answer::Existing(record(&document)),
        (Op::Allocate(_) | Op::GetOrAllocate(_), 507) => Answer::NoFreePort,
        (Op::Allocate(_) | Op::GetOrAllocate(_), 409) => {
            let holder = record(&document["holder"]);
            match error {
                Some("service already allocated") => Answer::ServiceTaken(holder),
                Some("port already allocated") => Answer::PortTaken(holder),
                _ => panic!("{op}: {response:?}"),
            }
        }
        (Op::Release(id) | Op::Find(id), 404) if error == Some("allocation not found") => {
            Answer::NotFound(*id)
        }
        (Op::Release(_), 200) if document == json!({"status": "deleted"}) => Answer::Deleted(1),
        (Op::Release(_), 200) => Answer::Released(vec![record(&document)]),
        (Op::ReleaseMatching(_), 200) => match document.as_array() {
            Some(released) => Answer::Released(all(released)),
            None => Answer::Deleted(document["deleted"].as_u64().unwrap().try_into().unwrap()),
        },
        (Op::Find(_), 200) => Answer::Found(record(&document)),
        (Op::List(_), 200) => Answer::Listed(all(document.as_array().unwrap())),
        _ => panic!("{op}: {response:?}"),
    })
}
