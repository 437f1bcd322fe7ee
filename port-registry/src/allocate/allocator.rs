//! Carrying out requests: plan them on a snapshot first, then write.

use std::path::Path;
use std::time::Duration;

use super::assignment_order::AssignmentOrder;
use super::plan::Plan;
use super::probe_cache::{PlanningPhase, ProbeCache};
use super::request::{Answer, Atomicity, Request};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::store::tables::write_txn::WriteTxn;
use crate::store::transaction::{Outcome, Store};
use crate::system::probe::{Probe, Verdict};
use crate::types::port::Port;
use crate::types::range::PortRange;

/// Carries out requests on a store.
#[derive(Debug)]
pub(crate) struct Allocator {
    store: Store,
    order: AssignmentOrder,
    probe: Box<dyn Probe>,
}

/// The result of planning a batch on a snapshot.
#[derive(Debug)]
enum Preview {
    /// The batch writes nothing, and has these answers.
    Answers(Vec<Result<Answer, Error>>),
    /// The batch has to be carried out in a write transaction.
    NeedsWrite,
    /// The plan reached the limit of probes. Planning again goes on from there.
    Deferred,
}

impl Allocator {
    pub(crate) fn new(store: Store, order: AssignmentOrder, probe: Box<dyn Probe>) -> Allocator {
        Allocator {
            store,
            order,
            probe,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }

    pub(crate) fn range(&self) -> PortRange {
        self.order.range()
    }

    pub(crate) fn wait(&self) -> Duration {
        self.store.wait()
    }

    #[cfg(feature = "listeners")]
    pub(crate) fn probe(&self) -> &dyn Probe {
        &*self.probe
    }

    /// Probes a port that is named.
    pub(crate) fn probe_named(&self, port: Port) -> Result<Verdict, Error> {
        let mut cache = ProbeCache::new(&*self.probe);
        cache.begin(PlanningPhase::Read);
        let verdict = cache.verdict_of_named(port, &self.order)?;
        // This phase allows more probes than it takes.
        Ok(verdict.unwrap_or(Verdict::Denied))
    }

    /// Carries out a batch in one commit. Fails as a whole only if the store fails.
    pub(crate) fn apply(
        &self,
        requests: &[Request],
        atomicity: Atomicity,
        deadline: Deadline,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        let mut cache = ProbeCache::new(&*self.probe);
        // Ends because the cache knows more after each round.
        loop {
            if let Some(answers) = self.answer_by_reading(requests, &mut cache, deadline)? {
                return Ok(atomicity.apply_to(answers));
            }
            cache.begin(PlanningPhase::Write);
            let written = self.store.write(deadline, |txn| {
                let answers = self.carry_out(txn, requests, &mut cache)?;
                Ok(outcome(answers, atomicity))
            })?;
            if let Some(answers) = written {
                return Ok(atomicity.apply_to(answers));
            }
        }
    }

    /// Like [`apply`](Self::apply), but `join` may change the requests once the writer lock is held, and a request
    /// whose plan is deferred is left out with the answer `None`.
    #[cfg(feature = "daemon")]
    pub(crate) fn apply_group(
        &self,
        requests: &mut Vec<Request>,
        deadline: Deadline,
        join: impl FnOnce(&mut Vec<Request>),
    ) -> Result<Vec<Option<Result<Answer, Error>>>, Error> {
        let mut cache = ProbeCache::new(&*self.probe);
        if let Some(answers) = self.answer_by_reading(requests, &mut cache, deadline)? {
            return Ok(answers.into_iter().map(Some).collect());
        }
        cache.begin(PlanningPhase::Write);
        self.store.write(deadline, |txn| {
            join(requests);
            let answers = self.carry_out(txn, requests, &mut cache)?;
            Ok(Outcome::Commit(answers))
        })
    }

    /// Answers a request if that takes no write, and returns `None` otherwise.
    #[cfg(feature = "daemon")]
    pub(crate) fn answer_without_write(
        &self,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Option<Answer>, Error> {
        let mut cache = ProbeCache::new(&*self.probe);
        cache.begin(PlanningPhase::Read);
        let preview = self.store.read(deadline, |rows| {
            self.plan_all(rows, std::slice::from_ref(request), &mut cache)
        })?;
        match preview {
            Preview::Answers(answers) => answers.into_iter().next().transpose(),
            Preview::NeedsWrite | Preview::Deferred => Ok(None),
        }
    }

    /// Plans the requests on snapshots until all needed probes are cached. Returns the answers if none of the
    /// requests needs a write.
    fn answer_by_reading(
        &self,
        requests: &[Request],
        cache: &mut ProbeCache,
        deadline: Deadline,
    ) -> Result<Option<Vec<Result<Answer, Error>>>, Error> {
        loop {
            cache.begin(PlanningPhase::Read);
            let preview = self
                .store
                .read(deadline, |rows| self.plan_all(rows, requests, cache))?;
            match preview {
                Preview::Answers(answers) => return Ok(Some(answers)),
                Preview::NeedsWrite => return Ok(None),
                Preview::Deferred => {}
            }
        }
    }

    /// Plans the requests one after the other.
    fn plan_all(
        &self,
        rows: &dyn Rows,
        requests: &[Request],
        cache: &mut ProbeCache,
    ) -> Result<Preview, Fault> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match Plan::of(request, rows, &self.order, cache)? {
                Plan::Answer(answer) => answers.push(Ok(answer)),
                Plan::Refuse(error) => answers.push(Err(error)),
                Plan::Insert { claim, port, .. } => {
                    cache.reserve(claim.port().or(claim.prefer()), port);
                }
                Plan::Move { wanted, port, .. } => {
                    cache.reserve(wanted.port().or(wanted.prefer()), port);
                }
                Plan::PassOn { .. } | Plan::Remove(_) => {}
                Plan::Defer => return Ok(Preview::Deferred),
            }
        }
        Ok(if answers.len() == requests.len() {
            Preview::Answers(answers)
        } else {
            Preview::NeedsWrite
        })
    }

    /// Carries out the requests. The answer is `None` for those whose plan is deferred.
    fn carry_out(
        &self,
        txn: &mut WriteTxn,
        requests: &[Request],
        cache: &mut ProbeCache,
    ) -> Result<Vec<Option<Result<Answer, Error>>>, Fault> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let plan = Plan::of(request, txn.rows(), &self.order, cache)?;
            answers.push(match plan {
                Plan::Answer(answer) => Some(Ok(answer)),
                Plan::Refuse(error) => Some(Err(error)),
                Plan::Insert { key, claim, port } => {
                    Some(Ok(Answer::Allocated(txn.insert(key, claim, port)?)))
                }
                Plan::PassOn { allocation, claim } => {
                    Some(Ok(Answer::Existing(txn.pass_on(allocation, claim)?)))
                }
                Plan::Move {
                    allocation, port, ..
                } => Some(Ok(Answer::Moved(txn.move_to(&allocation, port)?))),
                Plan::Remove(allocations) => {
                    for allocation in &allocations {
                        txn.remove(allocation)?;
                    }
                    Some(Ok(Answer::Released(allocations)))
                }
                Plan::Defer => None,
            });
        }
        Ok(answers)
    }
}

/// Decides if a transaction is committed, given its answers. `None` abandons it, because a plan is deferred.
fn outcome(
    answers: Vec<Option<Result<Answer, Error>>>,
    atomicity: Atomicity,
) -> Outcome<Option<Vec<Result<Answer, Error>>>> {
    let answers: Option<Vec<_>> = answers.into_iter().collect();
    match answers {
        Some(answers) if atomicity.commits(&answers) => Outcome::Commit(Some(answers)),
        answers => Outcome::Abandon(answers),
    }
}

impl Atomicity {
    /// Decides if the changes of a batch are kept.
    fn commits(self, answers: &[Result<Answer, Error>]) -> bool {
        match self {
            Atomicity::Each => true,
            Atomicity::AllOrNothing => answers.iter().all(Result::is_ok),
        }
    }

    /// Replaces the answers of an abandoned batch by [`Error::NotApplied`].
    fn apply_to(self, answers: Vec<Result<Answer, Error>>) -> Vec<Result<Answer, Error>> {
        if self.commits(&answers) {
            return answers;
        }
        answers
            .into_iter()
            .map(|answer| answer.and(Err(Error::NotApplied)))
            .collect()
    }
}
