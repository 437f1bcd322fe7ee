//! Names for the ports of a Compose service.

use std::collections::BTreeSet;

use port_registry::Port;

use crate::compose::port_names::port_names;
use crate::scan::port_mapping::PortMapping;

/// Gives each port of a service a name of its own.
pub(super) struct PortNames<'a> {
    service: &'a str,
    ports: BTreeSet<Port>,
    given: BTreeSet<String>,
}

impl PortNames<'_> {
    pub(super) fn of(service: &str) -> PortNames<'_> {
        PortNames {
            service,
            ports: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }

    /// Names the next port. Returns `None` for a repeated port, such as one published on a second address.
    pub(super) fn name(&mut self, mapping: PortMapping) -> Option<String> {
        if !self.ports.insert(mapping.host) {
            return None;
        }
        let names = port_names(self.service, mapping.host, mapping.container);
        let mut names = names.into_iter();
        names.find(|name| self.given.insert(name.clone()))
    }
}
