//! Claims whose labels were detected in a checkout.
//!
//! A port belongs to a checkout. So the service of such a claim is found by the checkout first, and by the labels only if
//! the checkout does not hold it.

use super::probe_cache::ProbeCache;
use crate::checkout::compare::CheckoutMatch;
use crate::checkout::holding;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::types::allocation::Allocation;
use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::CheckoutPath;
use crate::types::claim::Claim;
use crate::types::filter::Filter;
use crate::types::service_key::ServiceKey;

/// A claim with detected labels, and the allocations of its service in its checkout.
pub(super) struct CheckoutClaim<'a> {
    claim: &'a Claim,
    dir: &'a CheckoutPath,
    own: Vec<Allocation>,
    name: Option<CheckoutName>,
}

/// The place of a claim's service in the registry.
pub(super) enum Found {
    /// The checkout holds it.
    Held(Allocation),
    /// It passes on to the checkout, because it belongs to none or to one that is gone.
    PassesOn(Allocation),
    /// It is missing, and gets this key.
    Missing(ServiceKey),
    /// It cannot get a key, because other checkouts have them.
    Refused(Error),
    /// A folder has to be examined, which this phase has no time for.
    Defer,
}

impl<'a> CheckoutClaim<'a> {
    /// Returns `None` if the labels were not detected. Such a claim is for its key alone.
    pub(super) fn of(
        claim: &'a Claim,
        rows: &dyn Rows,
    ) -> Result<Option<CheckoutClaim<'a>>, Fault> {
        let Some(dir) = claim.dir().filter(|_| claim.label_origin().is_detected()) else {
            return Ok(None);
        };
        let service = claim.key().service();
        let filter = Filter::new().with_dir(dir.clone()).with_service(service);
        Ok(Some(CheckoutClaim {
            claim,
            dir,
            own: rows.matching(&filter)?,
            name: rows.checkout_name(dir)?,
        }))
    }

    /// Finds the service of the checkout, whatever its labels are.
    pub(super) fn find(&self, rows: &dyn Rows, cache: &mut ProbeCache) -> Result<Found, Fault> {
        if let Some(held) = holding::held(&self.own, self.claim) {
            return Ok(Found::Held(held.clone()));
        }
        if let Some(unowned) = rows.by_key(self.claim.key())?
            && unowned.dir.is_none()
        {
            return Ok(Found::PassesOn(unowned));
        }
        match &self.name {
            Some(name) => self.place(rekeyed(self.claim.key(), name), rows, cache),
            None => match self.moved(rows, cache)? {
                Some(found) => Ok(found),
                None => self.place(self.claim.key().clone(), rows, cache),
            },
        }
    }

    /// Finds the service of a checkout that is gone and had the labels of the claim with a mark. Another checkout has
    /// the labels without a mark. The one that is gone was most likely moved here.
    fn moved(&self, rows: &dyn Rows, cache: &mut ProbeCache) -> Result<Option<Found>, Fault> {
        let key = self.claim.key();
        match self.are_of_other(key, rows, cache)? {
            Some(true) => {}
            Some(false) => return Ok(None),
            None => return Ok(Some(Found::Defer)),
        }
        let of_app = Filter::new()
            .with_app(key.app())
            .with_service(key.service());
        for allocation in rows.matching(&of_app)? {
            let (Some(recorded), true) = (&allocation.dir, allocation.label_origin.is_detected())
            else {
                continue;
            };
            let instance = allocation.key.instance();
            if instance == key.instance() || allocation.unmarked_instance() != key.instance() {
                continue;
            }
            match cache.compare(self.dir, recorded) {
                Some(CheckoutMatch::Gone) => return Ok(Some(Found::PassesOn(allocation))),
                Some(CheckoutMatch::Same | CheckoutMatch::Other) => {}
                None => return Ok(Some(Found::Defer)),
            }
        }
        Ok(None)
    }

    /// Finds the service with exactly the labels of the claim, or with the marked instance if the labels are those of
    /// another checkout.
    pub(super) fn find_literally(
        &self,
        rows: &dyn Rows,
        cache: &mut ProbeCache,
    ) -> Result<Found, Fault> {
        // The mark may have become needed or needless since the allocation.
        if let Some(held) = holding::current(&self.own, self.claim) {
            return Ok(Found::Held(held.clone()));
        }
        self.place(self.claim.key().clone(), rows, cache)
    }

    /// Places the service at a key, or at the key with the marked instance if the first one is another checkout's.
    fn place(
        &self,
        key: ServiceKey,
        rows: &dyn Rows,
        cache: &mut ProbeCache,
    ) -> Result<Found, Fault> {
        let marked = self.claim.marked_instance();
        let marked = marked.and_then(|it| self.claim.key().with_instance(it).ok());
        let mut keys = vec![key];
        if let Some(marked) = marked {
            match self.are_of_other(&keys[0], rows, cache)? {
                Some(true) => keys = vec![marked],
                Some(false) => keys.push(marked),
                None => return Ok(Found::Defer),
            }
        }
        let mut refused = Error::NotApplied;
        for key in keys {
            let Some(holder) = rows.by_key(&key)? else {
                return Ok(Found::Missing(key));
            };
            let Some(recorded) = &holder.dir else {
                return Ok(Found::PassesOn(holder));
            };
            let found = if recorded == self.dir {
                Some(CheckoutMatch::Same)
            } else {
                cache.compare(self.dir, recorded)
            };
            match found {
                // Its labels were typed until now.
                Some(CheckoutMatch::Same) if recorded == self.dir => {
                    return Ok(Found::PassesOn(holder));
                }
                Some(CheckoutMatch::Same) => return Ok(Found::Held(holder)),
                Some(CheckoutMatch::Gone) => return Ok(Found::PassesOn(holder)),
                Some(CheckoutMatch::Other) => {
                    refused = Error::OtherCheckout {
                        holder: Box::new(holder),
                        wanted: self.dir.to_path_buf(),
                    };
                }
                None => return Ok(Found::Defer),
            }
        }
        Ok(Found::Refused(refused))
    }

    /// Tests if the labels of a key are the name of another existing checkout. Returns `None` if a folder has to be
    /// examined.
    ///
    /// A checkout is overlooked if none of its allocations has its name. The two checkouts then share the labels, and a
    /// service of both gets the marked instance in one of them.
    fn are_of_other(
        &self,
        key: &ServiceKey,
        rows: &dyn Rows,
        cache: &mut ProbeCache,
    ) -> Result<Option<bool>, Fault> {
        if self.name.as_ref().is_some_and(|name| name.is_of(key)) {
            return Ok(Some(false));
        }
        let labels = CheckoutName::of(key);
        let filter = Filter::new()
            .with_app(key.app())
            .with_instance(key.instance());
        for allocation in rows.matching(&filter)? {
            if allocation.checkout_name().as_ref() != Some(&labels) {
                continue;
            }
            let Some(recorded) = allocation.dir.as_ref().filter(|it| *it != self.dir) else {
                continue;
            };
            match cache.compare(self.dir, recorded) {
                Some(CheckoutMatch::Other) => return Ok(Some(true)),
                Some(CheckoutMatch::Same | CheckoutMatch::Gone) => {}
                None => return Ok(None),
            }
        }
        Ok(Some(false))
    }
}

/// Returns the key of a service under the name of its checkout.
fn rekeyed(key: &ServiceKey, name: &CheckoutName) -> ServiceKey {
    // The service of a key is valid.
    name.key(key.service()).unwrap_or_else(|_| key.clone())
}
