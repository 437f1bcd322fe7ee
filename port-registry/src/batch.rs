//! Carrying out requests: look, then write.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::plan::Plan;
use crate::registry::Registry;
use crate::request::{Answer, Atomicity, Request};
use crate::scout::{Scout, Step};
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

    /// Carries out requests of many clients in one commit, those that come while it waits for its
    /// turn to write included ("group commit").
    ///
    /// Once the turn has come, `join` may add to the requests; nobody else can write until it
    /// returns. The answers are in the order of the requests. `None` means not carried out yet: it takes
    /// probing for which there is no time while others wait to write. Pass such requests first in the
    /// next call.
    ///
    /// It waits for its turn as long as `wait` at most, instead of what the [builder] says.
    ///
    /// ```
    /// use std::time::Duration;
    /// use port_registry::{Claim, Registry, Request, ServiceKey};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().path(folder.path().join("ports.redb")).open()?;
    /// let claim = |service| Ok::<_, port_registry::NameError>(
    ///     Request::Allocate(Claim::new(ServiceKey::new("shop", "main", service)?))
    /// );
    /// let late = claim("api")?;
    /// let mut requests = vec![claim("web")?];
    /// let answers = registry.apply_group(&mut requests, Duration::from_secs(1), |requests| {
    ///     requests.push(late.clone());
    /// })?;
    /// assert_eq!(answers.iter().flatten().flatten().count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply): none of the requests took effect, or, where it is
    /// [`OutcomeUnknown`](Error::OutcomeUnknown), none or all that could.
    ///
    /// [builder]: crate::Builder::wait
    pub fn apply_group(
        &self,
        requests: &mut Vec<Request>,
        wait: Duration,
        join: impl FnOnce(&mut Vec<Request>),
    ) -> Result<Vec<Option<Result<Answer, Error>>>, Error> {
        self.within(Deadline::after(wait), |deadline| {
            let mut scout = Scout::new(self.prober());
            if let Some(answers) = self.look_ahead(requests, &mut scout, deadline)? {
                return Ok(answers.into_iter().map(Some).collect());
            }
            scout.begin(Step::Write);
            self.store().write(deadline, |ledger| {
                join(requests);
                let answers = self.carry_out(ledger, requests, &mut scout)?;
                Ok(Outcome::Commit(answers))
            })
        })
    }

    /// Answers each of the requests, as if it was the only one, if that takes no write: a question, say,
    /// a service that has its port already, or a port that is taken. `None` for one that
    /// [`apply`](Self::apply) has to carry out. It waits for no other process; but it probes as many ports
    /// as a search for a free one takes, and looks at a claim's folder, which may take up to a second.
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    pub fn look(&self, requests: &[Request]) -> Result<Vec<Option<Result<Answer, Error>>>, Error> {
        self.with_deadline(|deadline| {
            let mut scout = Scout::new(self.prober());
            scout.begin(Step::Look);
            self.store().read(deadline, |rows| {
                let plans = requests
                    .iter()
                    .map(|request| Plan::of(request, rows, self.order(), &mut scout));
                let answers = plans.map(|plan| {
                    Ok(match plan? {
                        Plan::Answer(answer) => Some(Ok(answer)),
                        Plan::Refuse(error) => Some(Err(error)),
                        Plan::Insert { .. }
                        | Plan::SetDir { .. }
                        | Plan::Remove(_)
                        | Plan::ScoutMore => None,
                    })
                });
                answers.collect()
            })
        })
    }

    /// Probes ahead what the requests will need, and answers them if none of them needs a write.
    fn look_ahead(
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

    /// What the requests come to, one after the other.
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

    /// Carries out the requests, except for those that take more scouting first: `None`.
    fn carry_out(
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

/// What looking at a batch came to.
#[derive(Debug)]
enum Look {
    /// Nothing has to be written: these are the answers.
    Settled(Vec<Result<Answer, Error>>),
    NeedsWrite,
    ScoutMore,
}

impl Atomicity {
    /// Whether what the requests of a batch did is to be kept, given how they ended.
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
