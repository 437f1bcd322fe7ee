//! Finding a service among the allocations of its checkout.

use crate::types::allocation::Allocation;
use crate::types::claim::Claim;

/// Returns the allocations of a service whose labels were detected. The others are reached by their labels alone.
pub(crate) fn candidates<'a>(
    own: &'a [Allocation],
    service: &str,
) -> impl Iterator<Item = &'a Allocation> {
    own.iter()
        .filter(move |it| it.key.service() == service && it.label_origin.is_detected())
}

/// Returns the allocation of a claim's service: the one of the current branch, or else the [`usual`] one.
pub(crate) fn held<'a>(own: &'a [Allocation], claim: &Claim) -> Option<&'a Allocation> {
    // The app changes with the URL of origin, and the branch keeps its port.
    let found = current(own, claim).or_else(|| on_branch(own, claim).next());
    found.or_else(|| usual(own, claim.key().service()))
}

/// Returns the allocation of a claim's service with the labels of the claim, marked or not.
pub(crate) fn current<'a>(own: &'a [Allocation], claim: &Claim) -> Option<&'a Allocation> {
    on_branch(own, claim).find(|it| it.key.app() == claim.key().app())
}

fn on_branch<'a>(own: &'a [Allocation], claim: &Claim) -> impl Iterator<Item = &'a Allocation> {
    candidates(own, claim.key().service()).filter(|it| {
        let instance = it.key.instance();
        // The mark may have another length than that of the claim.
        instance == claim.key().instance()
            || it.unmarked_instance() == claim.key().instance()
            || Some(instance) == claim.marked_instance()
    })
}

/// Returns the allocation of a service on a branch without one of its own: the one with the name of the checkout, or else
/// the one with the lowest id.
pub(crate) fn usual<'a>(own: &'a [Allocation], service: &str) -> Option<&'a Allocation> {
    let has_name = |it: &&Allocation| it.checkout_name().is_some_and(|name| name.is_of(&it.key));
    let named = candidates(own, service).find(has_name);
    named.or_else(|| candidates(own, service).next())
}
