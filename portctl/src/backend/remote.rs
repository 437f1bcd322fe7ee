//! The backend that asks a daemon over HTTP.

use std::collections::HashMap;

use port_registry::daemon::api::{
    Batch, BatchAnswer, BatchAnswers, ById, CREATED, ErrorBody, Method, Subject, path,
};
use port_registry::{
    Allocation, AllocationId, AllocationStatus, CheckoutPath, Claim, Error, Filter, Move, Port,
    PortStatus,
};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::client::{Client, ClientError, Reply};
use super::error::BackendError;
use super::operations::{Backend, BatchOutcome, Claimed, ItemError};
use crate::address::Address;

/// A registry behind a daemon.
#[derive(Debug)]
pub(super) struct Remote {
    client: Client,
}

impl Remote {
    /// Connects to a daemon. Never send anything to a server that has not identified itself as a daemon.
    pub(super) fn connect(address: Address) -> Result<Remote, ClientError> {
        let client = Client::new(address);
        client.identify()?;
        Ok(Remote { client })
    }

    /// Sends requests of one method as a batch that succeeds or fails as a whole. `subject` returns the subject of
    /// the request at a position.
    fn batch<'a, T: DeserializeOwned>(
        &self,
        method: Method,
        bodies: impl ExactSizeIterator<Item = impl Serialize>,
        subject: impl Fn(usize) -> Option<Subject<'a>>,
    ) -> Result<BatchOutcome<BatchAnswer<T>>, BackendError> {
        let count = bodies.len();
        let reply = self.client.post(path::BATCH, &Batch::new(method, bodies));
        let outcome = reply.and_then(|reply| match reply.outcome::<BatchAnswers<T>>()? {
            Ok(done) if done.answers.len() != count => Err(reply.not_understood()),
            outcome => Ok(outcome),
        });
        let body = match outcome.map_err(lost)? {
            Ok(done) => return Ok(Ok(done.answers)),
            Err(body) => body,
        };
        let errors = body.errors.iter().map(|error| {
            let index = error.request?;
            let error = backend_error(error, subject(index)?);
            Some(ItemError { index, error })
        });
        match errors.collect::<Option<Vec<_>>>() {
            Some(errors) if !errors.is_empty() => Ok(Err(errors)),
            // The batch failed as a whole.
            _ => Err(backend_error(&body, Subject::Other)),
        }
    }
}

/// Reads the response to a request that changes something.
fn changed<T: DeserializeOwned>(
    reply: Result<Reply, ClientError>,
) -> Result<Result<T, ErrorBody>, BackendError> {
    reply.and_then(|reply| reply.outcome()).map_err(lost)
}

/// The error of a change whose response is missing or not understood. The change may have taken effect, unless nothing
/// listens at the address.
fn lost(error: ClientError) -> BackendError {
    match error {
        ClientError::NothingListens { .. } | ClientError::Socket { .. } => {
            BackendError::Client(error)
        }
        error => BackendError::Lost(error),
    }
}

/// Converts an error that the daemon reports into the one of the in-process backend.
fn backend_error(body: &ErrorBody, subject: Subject) -> BackendError {
    match body.to_error(subject) {
        Some(error) => BackendError::Registry(error),
        None => BackendError::Refused {
            code: body.code,
            error: body.error.clone(),
        },
    }
}

/// Returns the path of an allocation. The API rejects greater ids than this path can have, and no allocation has one.
fn path_of(id: AllocationId) -> Result<String, Error> {
    match i64::try_from(id.get()) {
        Ok(_) => Ok(path::allocation(id)),
        Err(_) => Err(Error::NotFound { id }),
    }
}

fn claim_at<'a>(claims: &[&'a Claim]) -> impl Fn(usize) -> Option<Subject<'a>> {
    |index| claims.get(index).map(|claim| Subject::Claim(claim))
}

impl Backend for Remote {
    fn allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Allocation>, BackendError> {
        let outcome = self.batch(Method::Post, claims.iter(), claim_at(claims))?;
        Ok(outcome.map(|answers| answers.into_iter().map(|answer| answer.body).collect()))
    }

    fn get_or_allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Claimed>, BackendError> {
        let outcome = self.batch(Method::Put, claims.iter(), claim_at(claims))?;
        let claimed = |answer: BatchAnswer<Allocation>| Claimed {
            is_new: answer.status == CREATED,
            allocation: answer.body,
        };
        Ok(outcome.map(|answers| answers.into_iter().map(claimed).collect()))
    }

    fn move_service(&self, wanted: &Move) -> Result<Allocation, BackendError> {
        let moved = changed(self.client.patch(&path_of(wanted.id())?, wanted))?;
        moved.map_err(|body| backend_error(&body, Subject::Move(wanted)))
    }

    fn release(&self, id: AllocationId) -> Result<Allocation, BackendError> {
        let released = changed(self.client.delete(&path_of(id)?))?;
        released.map_err(|body| backend_error(&body, Subject::Id(id)))
    }

    fn release_all(&self, ids: &[AllocationId]) -> Result<BatchOutcome<()>, BackendError> {
        let bodies = ids.iter().map(|&id| ById { id });
        let subject = |index: usize| ids.get(index).map(|&id| Subject::Id(id));
        let outcome = self.batch::<IgnoredAny>(Method::Delete, bodies, subject)?;
        Ok(outcome.map(|answers| answers.into_iter().map(|_| ()).collect()))
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, BackendError> {
        let mut found: Vec<Allocation> = self.get_matching(path::ALLOCATIONS, filter)?;
        // A daemon ignores parameters that it does not know.
        found.retain(|it| filter.matches(it));
        Ok(found)
    }

    fn status(&self, allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, BackendError> {
        let mut dirs = allocations.iter().map(|it| it.dir.as_ref());
        let filter = match dirs.next().flatten() {
            Some(dir) if dirs.all(|it| it == Some(dir)) => Filter::new().with_dir(dir.clone()),
            _ => Filter::new(),
        };
        let found: Vec<AllocationStatus> = self.get_matching(path::STATUS, &filter)?;
        let found = found.into_iter().map(|it| (it.allocation.id, it));
        let mut found: HashMap<AllocationId, AllocationStatus> = found.collect();
        let wanted = allocations.iter();
        Ok(wanted.filter_map(|it| found.remove(&it.id)).collect())
    }

    fn check(&self, port: Port) -> Result<PortStatus, BackendError> {
        let found = self.client.get(&path::port(port), &[])?.outcome()?;
        found.map_err(|body| backend_error(&body, Subject::Other))
    }
}

impl Remote {
    /// Gets the documents of the allocations that match, or of more.
    fn get_matching<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &Filter,
    ) -> Result<Vec<T>, BackendError> {
        let port = filter.port().map(|port| port.to_string());
        let parts = [
            ("app", filter.app()),
            ("instance", filter.instance()),
            ("service", filter.service()),
            ("port", port.as_deref()),
            ("dir", filter.dir().map(CheckoutPath::as_str)),
        ];
        let query: Vec<(&str, &str)> = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let found = self.client.get(path, &query)?.outcome()?;
        found.map_err(|body| backend_error(&body, Subject::Other))
    }
}

#[cfg(test)]
mod tests {
    use port_registry::daemon::api::ErrorCode;
    use port_registry::{AllocationId, Claim, Error, Filter, Port, ServiceKey};
    use serde_json::{Value, json};

    use super::{Backend, BackendError, Remote};
    use crate::address::Address;
    use crate::backend::{Client, canned};

    /// A registry behind a server that answers every request with these bytes.
    fn served(answer: String) -> Remote {
        let address = Address::of(canned::serve(answer));
        Remote {
            client: Client::new(address),
        }
    }

    fn answering(status: u16, body: &Value) -> Remote {
        served(canned::response(
            status,
            "X-Port-Registry: 1; pid=1\r\n",
            body,
        ))
    }

    fn claim(service: &str) -> Claim {
        Claim::new(ServiceKey::new("shop", "main", service).unwrap())
    }

    fn allocation(service: &str, port: u16) -> Value {
        json!({"id": 7, "app": "shop", "instance": "main", "service": service, "port": port,
               "created_at": "2026-01-01T12:00:00Z", "dir": "/b"})
    }

    #[test]
    fn failed_batch_names_each_failed_claim_by_its_code() {
        let error = |code: &str, request: usize| json!({"error": "any text", "code": code, "request": request, "holder": allocation("web", 4000)});
        let errors = [
            error("port_taken", 0),
            error("service_taken", 1),
            error("other_checkout", 2),
            error("port_in_use", 3),
            error("no_free_port", 4),
        ];
        let mut body = errors[0].clone();
        body["errors"] = errors.into();
        let port = Port::new(4000).unwrap();
        let claims = ["a", "b", "c", "d", "e", "f"].map(|it| claim(it).with_port(port));
        let claims = claims.map(|claim| claim.with_dir("/a").unwrap());
        let claims: Vec<&Claim> = claims.iter().collect();
        let remote = answering(409, &body);
        let errors = remote.get_or_allocate(&claims).unwrap().unwrap_err();
        let indices: Vec<usize> = errors.iter().map(|it| it.index).collect();
        assert_eq!(indices, [0, 1, 2, 3, 4]);
        let errors: Vec<&BackendError> = errors.iter().map(|it| &it.error).collect();
        assert!(matches!(
            errors[..],
            [
                BackendError::Registry(Error::PortTaken { .. }),
                BackendError::Registry(Error::ServiceTaken { .. }),
                BackendError::Registry(Error::OtherCheckout { .. }),
                BackendError::Registry(Error::PortInUse { .. }),
                BackendError::Refused {
                    code: ErrorCode::NoFreePort,
                    ..
                },
            ]
        ));
        assert_eq!(errors[0].holder().unwrap().port, port);
    }

    #[test]
    fn answers_tell_which_allocations_are_new() {
        let body = json!({"answers": [
            {"status": 200, "body": allocation("web", 4000)},
            {"status": 201, "body": allocation("api", 4001)},
        ]});
        let remote = answering(200, &body);
        let (web, api) = (claim("web"), claim("api"));
        let claimed = remote.get_or_allocate(&[&web, &api]).unwrap().unwrap();
        let is_new: Vec<bool> = claimed.iter().map(|it| it.is_new).collect();
        assert_eq!(is_new, [false, true]);
        assert_eq!(claimed[1].allocation.port.get(), 4001);
    }

    #[test]
    fn released_ids_that_are_gone_are_named() {
        let gone = json!({"error": "x", "code": "allocation_not_found", "request": 1});
        let mut body = gone.clone();
        body["errors"] = json!([gone]);
        let ids = [1, 2].map(|id| AllocationId::new(id).unwrap());
        let errors = answering(404, &body).release_all(&ids).unwrap();
        let errors = errors.unwrap_err();
        assert_eq!((errors.len(), errors[0].index), (1, 1));
        let not_found = |error: &BackendError| matches!(error, BackendError::Registry(Error::NotFound { id }) if *id == ids[1]);
        assert!(not_found(&errors[0].error));
        let error = answering(404, &gone).release(ids[1]).unwrap_err();
        assert!(not_found(&error));
    }

    #[test]
    fn errors_are_told_apart_by_codes_and_not_by_texts() {
        for (code, expected) in [
            (json!("busy"), ErrorCode::Busy),
            (json!("too_large"), ErrorCode::TooLarge),
            (json!("of a later version"), ErrorCode::Unknown),
        ] {
            let body = json!({"error": "port already allocated", "code": code, "holder": allocation("web", 4000)});
            let remote = answering(409, &body);
            let error = remote.allocate(&[&claim("web")]).unwrap_err();
            let BackendError::Refused { code, error } = error else {
                panic!("{error:?}");
            };
            assert_eq!((code, &*error), (expected, "port already allocated"));
            let error = remote.list(&Filter::new()).unwrap_err();
            assert!(matches!(error, BackendError::Refused { .. }), "{error:?}");
        }
    }

    #[test]
    fn change_without_an_answer_has_an_unknown_outcome() {
        let web = claim("web");
        for remote in [
            served(String::new()),
            answering(200, &json!({})),
            answering(200, &json!({"answers": []})),
            answering(500, &json!({})),
        ] {
            let error = remote.get_or_allocate(&[&web]).unwrap_err();
            assert!(matches!(error, BackendError::Lost(_)), "{error:?}");
            let error = remote.release(AllocationId::new(1).unwrap()).unwrap_err();
            assert!(matches!(error, BackendError::Lost(_)), "{error:?}");
            let error = remote.list(&Filter::new()).unwrap_err();
            assert!(matches!(error, BackendError::Client(_)), "{error:?}");
        }
    }
}
