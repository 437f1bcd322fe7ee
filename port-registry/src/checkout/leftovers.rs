//! Allocations of branches and commits that a checkout has left for good.

use super::detect::Checkout;
use super::holding;
use crate::error::Error;
use crate::types::allocation::Allocation;
use crate::types::label_origin::LabelOrigin;

impl Checkout {
    /// Returns those of the checkout's allocations whose branch is deleted, or whose commit is no longer checked out, and
    /// that [`get_or_allocate`](Self::get_or_allocate) finds no more.
    ///
    /// Git runs only if the checkout holds a service on several branches.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if git fails.
    pub fn leftovers<'a>(&self, own: &'a [Allocation]) -> Result<Vec<&'a Allocation>, Error> {
        let mut leftovers = Vec::new();
        for allocation in own {
            if self.is_leftover(own, allocation)? {
                leftovers.push(allocation);
            }
        }
        Ok(leftovers)
    }

    fn is_leftover(&self, own: &[Allocation], allocation: &Allocation) -> Result<bool, Error> {
        let origin = allocation.label_origin;
        if !matches!(origin, LabelOrigin::Branch | LabelOrigin::Detached) {
            return Ok(false);
        }
        let usual = holding::usual(own, allocation.key.service());
        if usual.is_some_and(|it| it.id == allocation.id) {
            return Ok(false);
        }
        let label = allocation.unmarked_instance();
        if self.labels()?.instance.as_deref() == Some(label) {
            return Ok(false);
        }
        Ok(origin == LabelOrigin::Detached || !self.has_branch(label)?)
    }
}
