//! Operations on a registry that only the daemon needs, because it answers many clients.

use std::time::Duration;

use crate::allocate::plan::Plan;
use crate::allocate::probe_cache::{Scout, Step};
use crate::allocate::request::{Answer, Request};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::registry::Registry;
use crate::store::Outcome;

impl Registry {
    /// Carries out the requests of many clients in one commit, including those that arrive while it
    /// waits for its turn to write ("group commit").
    ///
    /// Once the turn has come, `join` may change the requests. No other process can write until it
    /// returns. The answers are in the order of the requests. `None` means that a request was not carried
    /// out yet, because it needs more probing than there is time for while others wait to write. Pass
    /// such requests first in the next call.
    ///
    /// It waits for its turn for `wait` at most, whatever the registry's own deadline is.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply). None of the requests took effect, or, with
    /// [`OutcomeUnknown`](Error::OutcomeUnknown), none or all that could.
    #[doc(hidden)]
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

    /// Answers a request if that takes no write: a service has its port already, say, or a port is
    /// taken. Returns `None` for one that [`apply`](Self::apply) has to carry out.
    ///
    /// It waits for no other process. It may probe as many ports as a search for a free one takes, and
    /// it looks at a claim's folder, which may take up to a second.
    ///
    /// # Errors
    ///
    /// Those of the request, and [what a store can meet](Error#what-a-store-can-meet).
    #[doc(hidden)]
    pub fn answer_without_write(&self, request: &Request) -> Result<Option<Answer>, Error> {
        let planned = self.with_deadline(|deadline| {
            let mut scout = Scout::new(self.prober());
            scout.begin(Step::Look);
            self.store().read(deadline, |rows| {
                Ok(match Plan::of(request, rows, self.order(), &mut scout)? {
                    Plan::Answer(answer) => Ok(Some(answer)),
                    Plan::Refuse(error) => Err(error),
                    Plan::Insert { .. }
                    | Plan::SetDir { .. }
                    | Plan::Remove(_)
                    | Plan::ScoutMore => Ok(None),
                })
            })
        });
        planned?
    }

    /// Reads from the store, to find out whether that works.
    ///
    /// # Errors
    ///
    /// [What a store can meet](Error#what-a-store-can-meet).
    #[doc(hidden)]
    pub fn try_read(&self) -> Result<(), Error> {
        self.try_open()
    }
}
