//! What stands in the way of claims on certain ports, all of it.

use std::collections::HashMap;
use std::path::Path;

use port_registry::{Allocation, Claim, Error, Filter, Port, ServiceKey};

use crate::backend::{Backend, Fault};
use crate::failure::{Failure, Report};

/// What is held already, and what earlier ones of several claims will hold.
pub(crate) struct Taken<'a> {
    by_key: HashMap<&'a ServiceKey, &'a Allocation>,
    by_port: HashMap<Port, &'a Allocation>,
    claimed_by_key: HashMap<&'a ServiceKey, Port>,
    claimed_by_port: HashMap<Port, &'a ServiceKey>,
}

/// What a claim meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met<'a> {
    Free,
    /// The service has the port already.
    Own,
    /// The service has another port.
    OtherPort(&'a Allocation),
    /// The service is another checkout's, which comes out with the same names.
    OtherCheckout(&'a Allocation),
    /// Another service has the port; and this one may have another.
    Held {
        holder: &'a Allocation,
        own: Option<&'a Allocation>,
    },
    /// An earlier claim is one of the same service on this port.
    ClaimedPort(Port),
    /// An earlier claim is one of this service on the same port.
    ClaimedBy(&'a ServiceKey),
}

impl<'a> Taken<'a> {
    pub(crate) fn by(held: &'a [Allocation]) -> Taken<'a> {
        Taken {
            by_key: held.iter().map(|it| (&it.key, it)).collect(),
            by_port: held.iter().map(|it| (it.port, it)).collect(),
            claimed_by_key: HashMap::new(),
            claimed_by_port: HashMap::new(),
        }
    }

    /// What a claim on a certain port meets; if it is nothing, later ones meet it.
    pub(crate) fn meet(&mut self, claim: &'a Claim) -> Met<'a> {
        let (key, Some(port)) = (claim.key(), claim.wanted_port()) else {
            return Met::Free;
        };
        if let Some(own) = self.by_key.get(key) {
            let checkout = claim.checkout().map(Path::new);
            return if checkout.is_some_and(|root| own.belongs_to_other_checkout(root)) {
                Met::OtherCheckout(own)
            } else if own.port == port {
                Met::Own
            } else {
                // Then it would not help to free its own port.
                let own = *own;
                match (self.by_port.get(&port), self.claimed_by_port.get(&port)) {
                    (Some(holder), _) => Met::Held {
                        holder,
                        own: Some(own),
                    },
                    (None, Some(other)) => Met::ClaimedBy(other),
                    (None, None) => Met::OtherPort(own),
                }
            };
        }
        if let Some(holder) = self.by_port.get(&port) {
            return Met::Held { holder, own: None };
        }
        match (
            self.claimed_by_key.get(key),
            self.claimed_by_port.get(&port),
        ) {
            (Some(other), _) if *other == port => Met::Own,
            (Some(other), _) => Met::ClaimedPort(*other),
            (None, Some(other)) => Met::ClaimedBy(other),
            (None, None) => {
                self.claimed_by_key.insert(key, port);
                self.claimed_by_port.insert(port, key);
                Met::Free
            }
        }
    }
}

/// Makes the claims that `choose` makes of what is held, all of them or none. It chooses again when somebody
/// else has taken a port or a name meanwhile.
pub(crate) fn claim_all<T>(
    backend: &dyn Backend,
    choose: impl Fn(&[Allocation]) -> Result<(Vec<Claim>, T), Failure>,
) -> Result<(Vec<Allocation>, T), Failure> {
    /// How often others may be quicker.
    const ROUNDS: usize = 100;
    for _ in 0..ROUNDS {
        let (claims, chosen) = choose(&backend.list(&Filter::default())?)?;
        match backend.get_or_allocate(&claims) {
            Ok(allocations) => return Ok((allocations, chosen)),
            Err(Fault::Registry(
                Error::PortTaken { .. } | Error::ServiceTaken { .. } | Error::OtherCheckout { .. },
            )) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Report::gave_up(ROUNDS).into())
}
