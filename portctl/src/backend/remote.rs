//! A daemon, asked over HTTP.

use port_registry::{Allocation, AllocationId, Claim, Error, Filter, Port, PortStatus};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::client::{Client, ClientError, Reply};
use super::{Backend, Fault};
use crate::address::Address;

const ALLOCATIONS: &str = "/v1/allocations";
const BATCH: &str = "/v1/batch";

/// The registry, asked through a daemon.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
}

/// Several requests that take effect together, or none.
#[derive(Serialize)]
struct Batch<T> {
    requests: Vec<Item<T>>,
}

#[derive(Serialize)]
struct Item<T> {
    method: &'static str,
    body: T,
}

impl<T> Batch<T> {
    fn new(method: &'static str, bodies: impl IntoIterator<Item = T>) -> Batch<T> {
        let requests = bodies.into_iter().map(|body| Item { method, body });
        Batch {
            requests: requests.collect(),
        }
    }
}

/// What names an allocation.
#[derive(Serialize)]
struct Id {
    id: AllocationId,
}

#[derive(Deserialize)]
struct Answers<T> {
    answers: Vec<ItemAnswer<T>>,
}

#[derive(Deserialize)]
struct ItemAnswer<T> {
    body: T,
}

/// What a daemon says is wrong.
#[derive(Deserialize)]
struct Problem {
    error: String,
    holder: Option<Box<Allocation>>,
    /// Which request of a batch it is.
    #[serde(default)]
    request: usize,
}

impl Remote {
    /// Makes sure that a daemon answers at the address, before anything is sent to it.
    pub(super) fn connect(address: Address) -> Result<Remote, ClientError> {
        let client = Client::new(address);
        client.identify()?;
        Ok(Remote { client })
    }
}

/// What a daemon was asked for.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// A port for a service that has none.
    New(&'a Claim),
    /// The ports that services have, or new ones.
    Kept(&'a [Claim]),
    /// Something else.
    Other,
}

impl<'a> Asked<'a> {
    /// The claim that a request of it makes.
    fn claim(self, request: usize) -> Option<&'a Claim> {
        match self {
            Asked::New(claim) => Some(claim),
            Asked::Kept(claims) => claims.get(request),
            Asked::Other => None,
        }
    }
}

/// The document of an answer that says that something was done, or else what was in the way.
fn done<T: DeserializeOwned>(
    reply: Result<Reply, ClientError>,
    status: u16,
    asked: Asked,
) -> Result<T, Fault> {
    let reply = reply.map_err(|error| match error {
        ClientError::NothingListens { .. } => Fault::Client(error),
        error => Fault::Lost(error),
    })?;
    if reply.status == status {
        return reply.document().map_err(Fault::Lost);
    }
    Err(refusal(&reply, asked))
}

/// The document of an answer to a question.
fn found<T: DeserializeOwned>(reply: &Reply) -> Result<T, Fault> {
    if reply.status == 200 {
        return Ok(reply.document()?);
    }
    Err(refusal(reply, Asked::Other))
}

/// What the registry says, as it would in process.
fn refusal(reply: &Reply, asked: Asked) -> Fault {
    let problem: Problem = match reply.document() {
        Ok(problem) => problem,
        Err(error) => return Fault::Client(error),
    };
    let claim = asked.claim(problem.request);
    let error = match (&*problem.error, problem.holder, claim) {
        ("port already allocated", Some(holder), _) => Error::PortTaken { holder },
        ("service already allocated", Some(holder), Some(_)) => Error::ServiceTaken { holder },
        ("port in use on system", _, Some(claim)) => match claim.wanted_port() {
            Some(port) => Error::PortInUse { port },
            None => return Fault::Daemon(problem.error),
        },
        ("registry is busy", ..) => return Fault::Busy(problem.error),
        _ if reply.status == 413 => return Fault::TooMuch(problem.error),
        // It is stopping, or has no room.
        _ if reply.status == 503 => return Fault::Undone(problem.error),
        _ => return Fault::Daemon(problem.error),
    };
    let fault = Fault::Registry(error);
    match (asked, claim) {
        // The API has one word for a service that has a port, and for one that another checkout has.
        (Asked::Kept(_), Some(claim)) => fault.of_other_checkout(claim),
        _ => fault,
    }
}

impl Backend for Remote {
    fn allocate(&self, claim: &Claim) -> Result<Allocation, Fault> {
        let reply = self.client.post(ALLOCATIONS, claim);
        done(reply, 201, Asked::New(claim))
    }

    fn get_or_allocate(&self, claims: &[Claim]) -> Result<Vec<Allocation>, Fault> {
        let reply = self.client.post(BATCH, &Batch::new("PUT", claims));
        let answers: Answers<Allocation> = done(reply, 200, Asked::Kept(claims))?;
        let allocations = answers.answers.into_iter().map(|answer| answer.body);
        Ok(allocations.collect())
    }

    fn release_all(&self, ids: &[AllocationId]) -> Result<(), Fault> {
        let batch = Batch::new("DELETE", ids.iter().map(|&id| Id { id }));
        let reply = self.client.post(BATCH, &batch);
        if let Ok(reply) = &reply
            && reply.status == 404
            && let Ok(problem) = reply.document::<Problem>()
            && problem.error == "allocation not found"
            && let Some(&id) = ids.get(problem.request)
        {
            return Err(Error::NotFound { id }.into());
        }
        let _: Answers<IgnoredAny> = done(reply, 200, Asked::Other)?;
        Ok(())
    }

    fn release(&self, id: AllocationId) -> Result<Allocation, Fault> {
        let reply = self.client.delete(&format!("{ALLOCATIONS}/{id}"));
        // Numbers beyond those of the API are of no allocation either.
        if reply
            .as_ref()
            .is_ok_and(|reply| [404, 400].contains(&reply.status))
        {
            return Err(Error::NotFound { id }.into());
        }
        done(reply, 200, Asked::Other)
    }

    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        done(
            self.client.delete_by(ALLOCATIONS, filter),
            200,
            Asked::Other,
        )
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        let port = filter.port.map(|port| port.to_string());
        let parts = [
            ("app", &filter.app),
            ("instance", &filter.instance),
            ("service", &filter.service),
            ("port", &port),
        ];
        let query: Vec<(&str, &str)> = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        found(&self.client.get(ALLOCATIONS, &query)?)
    }

    fn check(&self, port: Port) -> Result<PortStatus, Fault> {
        found(&self.client.get(&format!("/v1/ports/{port}"), &[])?)
    }
}
