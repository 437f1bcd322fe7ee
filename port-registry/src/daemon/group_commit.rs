//! Operations on a registry that only the daemon needs, because it answers many clients.

use std::time::Duration;

use crate::allocate::request::{Answer, Request};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::registry::Registry;

impl Registry {
    /// Carries out the requests of many clients in one commit, including those that arrive while it waits for the
    /// writer lock ("group commit").
    ///
    /// Once it has the lock, it calls `join`, which may change the requests. No other process can write until `join`
    /// returns. The answers are in the order of the requests. The answer `None` means that a request was not carried
    /// out, because it needs more probes than there is time for while others wait to write, or has to examine folders.
    /// Pass such requests first in the next call.
    ///
    /// It waits for the lock for at most `wait`, regardless of the registry's own wait.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply). None of the requests took effect. After
    /// [`OutcomeUnknown`](Error::OutcomeUnknown), either none of them did or all that could.
    #[doc(hidden)]
    pub fn apply_group(
        &self,
        requests: &mut Vec<Request>,
        wait: Duration,
        join: impl FnOnce(&mut Vec<Request>),
    ) -> Result<Vec<Option<Result<Answer, Error>>>, Error> {
        let deadline = Deadline::after(wait);
        self.allocator().apply_group(requests, deadline, join)
    }

    /// Answers a request that needs no write, for example because the service holds a port already. Returns `None`
    /// for a request that [`apply`](Self::apply) has to carry out.
    ///
    /// It waits for other processes only as [every read](Registry) does. It may probe as many ports as the search for a
    /// free one takes, and it examines a claim's folder, which may take up to a second.
    ///
    /// # Errors
    ///
    /// Those of the request, and [store errors](Error#store-errors).
    #[doc(hidden)]
    pub fn answer_without_write(&self, request: &Request) -> Result<Option<Answer>, Error> {
        let deadline = self.deadline();
        self.allocator().answer_without_write(request, deadline)
    }

    /// Reads from the store, to find out if that works.
    ///
    /// # Errors
    ///
    /// [Store errors](Error#store-errors).
    #[doc(hidden)]
    pub fn try_read(&self) -> Result<(), Error> {
        self.open_store()
    }

    /// Returns how often the store's file was found to be removed or replaced under this registry.
    #[doc(hidden)]
    pub fn file_replacements(&self) -> u64 {
        self.allocator().store().replacements()
    }
}
