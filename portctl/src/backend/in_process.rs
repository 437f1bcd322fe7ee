//! The backend that opens the registry's file.

use port_registry::{
    Allocation, AllocationId, AllocationStatus, Answer, Atomicity, Builder, Claim, Error, Filter,
    Move, Port, PortStatus, Registry, Request,
};

use super::error::BackendError;
use super::operations::{Backend, BatchOutcome, Claimed, ItemError};
use crate::output;

/// A registry in this process.
#[derive(Debug)]
pub(super) struct InProcess {
    registry: Registry,
}

impl InProcess {
    pub(super) fn open(registry: Builder) -> Result<InProcess, Error> {
        let registry = registry.open()?;
        if registry.lacks_journal()? {
            let path = registry.path().display();
            let note =
                format!("the latest changes are missing, because {path}.journal is; restore it");
            let _ = output::note(&note);
        }
        Ok(InProcess { registry })
    }

    /// Applies all requests, or none. `read` converts an answer.
    fn apply<T>(
        &self,
        requests: impl Iterator<Item = Request>,
        read: impl Fn(Answer) -> Option<T>,
    ) -> Result<BatchOutcome<T>, BackendError> {
        let requests: Vec<Request> = requests.collect();
        let answers = self.registry.apply(&requests, Atomicity::AllOrNothing)?;
        let mut done = Vec::with_capacity(answers.len());
        let mut errors = Vec::new();
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(answer) => done.extend(read(answer)),
                // This request failed only because another one did.
                Err(Error::NotApplied) => {}
                Err(error) => errors.push(ItemError {
                    index,
                    error: error.into(),
                }),
            }
        }
        Ok(if errors.is_empty() {
            Ok(done)
        } else {
            Err(errors)
        })
    }
}

impl Backend for InProcess {
    fn allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Allocation>, BackendError> {
        let claims = claims.iter().copied().cloned();
        self.apply(claims.map(Request::Allocate), Answer::into_allocation)
    }

    fn get_or_allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Claimed>, BackendError> {
        let claims = claims.iter().copied().cloned();
        self.apply(claims.map(Request::GetOrAllocate), |answer| {
            let is_new = matches!(answer, Answer::Allocated(_));
            let allocation = answer.into_allocation()?;
            Some(Claimed { allocation, is_new })
        })
    }

    fn move_service(&self, wanted: &Move) -> Result<Allocation, BackendError> {
        Ok(self.registry.move_service(*wanted)?)
    }

    fn release(&self, id: AllocationId) -> Result<Allocation, BackendError> {
        Ok(self.registry.release(id)?)
    }

    fn release_all(&self, ids: &[AllocationId]) -> Result<BatchOutcome<()>, BackendError> {
        self.apply(ids.iter().copied().map(Request::Release), |_| Some(()))
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, BackendError> {
        Ok(self.registry.list(filter)?)
    }

    fn status(&self, allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, BackendError> {
        Ok(self.registry.status_of(allocations)?)
    }

    fn check(&self, port: Port) -> Result<PortStatus, BackendError> {
        Ok(self.registry.check(port)?)
    }
}

#[cfg(test)]
mod tests {
    use port_registry::{Claim, Error, Filter, ListenerPolicy, Port, Registry, ServiceKey};

    use super::{Backend, BackendError, InProcess};

    #[test]
    fn failed_batch_reports_each_failed_claim_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::builder().with_path(folder.path().join("ports.redb"));
        let backend = InProcess::open(registry).unwrap();
        let claim = |service: &str, port: u16| {
            let key = ServiceKey::new("shop", "main", service).unwrap();
            Claim::new(key)
                .with_port(Port::new(port).unwrap())
                .with_listener_policy(ListenerPolicy::Adopt)
        };
        let web = claim("web", 4000);
        let made = backend.get_or_allocate(&[&web]).unwrap().unwrap();
        assert!(made[0].is_new);
        let again = backend.get_or_allocate(&[&web]).unwrap().unwrap();
        assert!(!again[0].is_new);

        let claims = [claim("web", 4001), claim("api", 4002), claim("db", 4000)];
        let claims: Vec<&Claim> = claims.iter().collect();
        let errors = backend.get_or_allocate(&claims).unwrap().unwrap_err();
        let indices: Vec<usize> = errors.iter().map(|it| it.index).collect();
        assert_eq!(indices, [0, 2]);
        assert!(matches!(
            &errors[0].error,
            BackendError::Registry(Error::ServiceTaken { .. })
        ));
        assert!(matches!(
            &errors[1].error,
            BackendError::Registry(Error::PortTaken { .. })
        ));
        assert_eq!(backend.list(&Filter::new()).unwrap().len(), 1);
    }
}
