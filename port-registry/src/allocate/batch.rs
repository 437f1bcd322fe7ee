//! Carrying out requests: look, then write.

use crate::allocate::plan::Plan;
use crate::allocate::probe_cache::{Scout, Step};
use crate::allocate::request::{Answer, Atomicity, Request};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::registry::Registry;
use crate::store::{Fault, Ledger, Outcome, Rows};

impl Registry {
    /// Carries out several requests, in their order, in one commit. Each gets its own answer, in
    /// the same order; later requests see what earlier ones did.
    ///
    /// With [`Atomicity::AllOrNothing`], one failed request undoes the others, and they answer
    /// [`NotApplied`](Error::NotApplied).
    ///
    /// ```
    /// use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// let mut requests = Vec::new();
    /// for service in ["web", "db"] {
    ///     let key = ServiceKey::new("shop", "main", service)?;
    ///     requests.push(Request::GetOrAllocate(Claim::new(key)));
    /// }
    /// for answer in registry.apply(&requests, Atomicity::AllOrNothing)? {
    ///     if let Some(allocation) = answer?.into_allocation() {
    ///         println!("{} {}", allocation.port, allocation.key);
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet); then none of the requests took effect, or, where it is
    /// [`OutcomeUnknown`](Error::OutcomeUnknown), none or all that could.
    pub fn apply(
        &self,
        requests: &[Request],
        atomicity: Atomicity,
    ) -> Result<Vec<Result<Answer, Error>>, Error> {
        self.with_deadline(|deadline| {
            let mut scout = Scout::new(self.prober());
            // Each round leaves less that the scout does not know.
            loop {
                if let Some(answers) = self.look_ahead(requests, &mut scout, deadline)? {
                    return Ok(atomicity.applied_to(answers));
                }
                scout.begin(Step::Write);
                let answers = self.store().write(deadline, |ledger| {
                    let answers = self.carry_out(ledger, requests, &mut scout)?;
                    let answers: Option<Vec<_>> = answers.into_iter().collect();
                    Ok(match answers {
                        Some(answers) if atomicity.keeps(&answers) => {
                            Outcome::Commit(Some(answers))
                        }
                        answers => Outcome::Abandon(answers),
                    })
                })?;
                if let Some(answers) = answers {
                    return Ok(atomicity.applied_to(answers));
                }
            }
        })
    }

    /// Probes the ports that the requests will need, and answers the requests if none of them needs a
    /// write.
    pub(crate) fn look_ahead(
        &self,
        requests: &[Request],
        scout: &mut Scout,
        deadline: Deadline,
    ) -> Result<Option<Vec<Result<Answer, Error>>>, Fault> {
        loop {
            scout.begin(Step::Look);
            let look = self
                .store()
                .read(deadline, |rows| self.plan_all(rows, requests, scout))?;
            match look {
                Look::Settled(answers) => return Ok(Some(answers)),
                Look::NeedsWrite => return Ok(None),
                Look::ScoutMore => {}
            }
        }
    }

    /// Plans the requests, one after the other.
    fn plan_all(
        &self,
        rows: &dyn Rows,
        requests: &[Request],
        scout: &mut Scout,
    ) -> Result<Look, Fault> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match Plan::of(request, rows, self.order(), scout)? {
                Plan::Answer(answer) => answers.push(Ok(answer)),
                Plan::Refuse(error) => answers.push(Err(error)),
                Plan::Insert { claim, port } => scout.speak_for(claim, port),
                Plan::SetDir { .. } | Plan::Remove(_) => {}
                Plan::ScoutMore => return Ok(Look::ScoutMore),
            }
        }
        Ok(if answers.len() == requests.len() {
            Look::Settled(answers)
        } else {
            Look::NeedsWrite
        })
    }

    /// Carries out the requests. Answers `None` for those that need more scouting first.
    pub(crate) fn carry_out(
        &self,
        ledger: &mut Ledger,
        requests: &[Request],
        scout: &mut Scout,
    ) -> Result<Vec<Option<Result<Answer, Error>>>, Fault> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let plan = Plan::of(request, ledger.rows(), self.order(), scout)?;
            answers.push(match plan {
                Plan::Answer(answer) => Some(Ok(answer)),
                Plan::Refuse(error) => Some(Err(error)),
                Plan::Insert { claim, port } => {
                    Some(Ok(Answer::Allocated(ledger.insert(claim, port)?)))
                }
                Plan::SetDir { allocation, dir } => {
                    Some(Ok(Answer::Existing(ledger.set_dir(allocation, dir))))
                }
                Plan::Remove(allocations) => {
                    for allocation in &allocations {
                        ledger.remove(allocation)?;
                    }
                    Some(Ok(Answer::Released(allocations)))
                }
                Plan::ScoutMore => None,
            });
        }
        Ok(answers)
    }
}

/// The outcome of looking at a batch.
#[derive(Debug)]
enum Look {
    /// Nothing has to be written: these are the answers.
    Settled(Vec<Result<Answer, Error>>),
    NeedsWrite,
    ScoutMore,
}

impl Atomicity {
    /// Decides if the changes of a batch are kept, given how its requests ended.
    fn keeps(self, answers: &[Result<Answer, Error>]) -> bool {
        match self {
            Atomicity::Each => true,
            Atomicity::AllOrNothing => answers.iter().all(Result::is_ok),
        }
    }

    /// The answers as they are told.
    fn applied_to(self, answers: Vec<Result<Answer, Error>>) -> Vec<Result<Answer, Error>> {
        if self.keeps(&answers) {
            return answers;
        }
        answers
            .into_iter()
            .map(|answer| answer.and(Err(Error::NotApplied)))
            .collect()
    }
}
