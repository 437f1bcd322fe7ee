//! The registry's file, opened by this process.

use port_registry::{
    Allocation, AllocationId, Answer, Atomicity, Builder, Claim, Error, Filter, Port, PortStatus,
    Registry, Request,
};

use super::{Backend, Fault};

/// The registry, opened by this process.
#[derive(Debug)]
pub(super) struct InProcess {
    registry: Registry,
}

impl InProcess {
    pub(super) fn open(registry: Builder) -> Result<InProcess, Error> {
        let registry = registry.open()?;
        Ok(InProcess { registry })
    }
}

/// All answers, or the first failure that is one of its own: what was only not done because another
/// request failed comes with that one.
fn first_failure(answers: Vec<Result<Answer, Error>>) -> Result<Vec<Answer>, Error> {
    answers
        .into_iter()
        .filter(|answer| !matches!(answer, Err(Error::NotApplied)))
        .collect()
}

impl Backend for InProcess {
    fn allocate(&self, claim: &Claim) -> Result<Allocation, Fault> {
        Ok(self.registry.allocate(claim.clone())?)
    }

    fn get_or_allocate(&self, claims: &[Claim]) -> Result<Vec<Allocation>, Fault> {
        let claims = claims.iter().cloned();
        let requests: Vec<Request> = claims.map(Request::GetOrAllocate).collect();
        let answers = self.registry.apply(&requests, Atomicity::AllOrNothing)?;
        let answers = first_failure(answers)?.into_iter();
        let allocations = answers.filter_map(Answer::into_allocation);
        Ok(allocations.collect())
    }

    fn release(&self, id: AllocationId) -> Result<Allocation, Fault> {
        Ok(self.registry.release(id)?)
    }

    fn release_all(&self, ids: &[AllocationId]) -> Result<(), Fault> {
        let requests: Vec<Request> = ids.iter().copied().map(Request::Release).collect();
        let answers = self.registry.apply(&requests, Atomicity::AllOrNothing)?;
        first_failure(answers)?;
        Ok(())
    }

    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        Ok(self.registry.release_matching(filter.clone())?)
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        Ok(self.registry.list(filter)?)
    }

    fn check(&self, port: Port) -> Result<PortStatus, Fault> {
        Ok(self.registry.check(port)?)
    }
}
