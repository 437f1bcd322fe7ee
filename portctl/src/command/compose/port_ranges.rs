//! Published ranges that have to stay ranges of consecutive ports.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use port_registry::{Allocation, Builder, Port, PortRange};

use super::super::invocation::Invocation;
use crate::compose::host_ports::HostPort;
use crate::report::Report;

/// The first port that is tried for a range, as the registry does for single ports.
const FIRST_PORT: u16 = 3000;

/// A service that is to have a port.
#[derive(Debug)]
pub(super) struct WantedPort {
    pub(super) name: String,
    /// `None` for a service that only the project file declares.
    pub(super) host_port: Option<HostPort>,
    pub(super) held: Option<Allocation>,
}

/// A published range, and the services that have its ports.
#[derive(Debug)]
pub(super) struct RangeOfPorts<'a> {
    range: &'a RangeInclusive<u16>,
    members: Vec<Member<'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    /// The position among the wanted ports.
    index: usize,
    /// The distance from the begin of the range.
    offset: u16,
    wanted: &'a WantedPort,
}

impl<'a> RangeOfPorts<'a> {
    pub(super) fn of(range: &'a RangeInclusive<u16>, wanted: &'a [WantedPort]) -> RangeOfPorts<'a> {
        let members = wanted.iter().enumerate().filter_map(|(index, wanted)| {
            let published = wanted.host_port.as_ref()?.published.get();
            range.contains(&published).then(|| Member {
                index,
                offset: published - range.start(),
                wanted,
            })
        });
        RangeOfPorts {
            range,
            members: members.collect(),
        }
    }

    pub(super) fn first(&self) -> u16 {
        *self.range.start()
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.members.iter().all(|it| it.wanted.held.is_some())
    }

    pub(super) fn has_held(&self) -> bool {
        self.members.iter().any(|it| it.wanted.held.is_some())
    }

    pub(super) fn has_one_of(&self, names: &BTreeSet<&str>) -> bool {
        self.members
            .iter()
            .any(|it| names.contains(&*it.wanted.name))
    }

    /// Returns the port at which the range begins by the ports that are allocated already, if they agree.
    pub(super) fn start_of_held(&self) -> Option<u16> {
        let starts = self.members.iter().filter_map(|it| {
            let port = it.wanted.held.as_ref()?.port.get();
            Some(port.checked_sub(it.offset))
        });
        let starts: BTreeSet<Option<u16>> = starts.collect();
        starts
            .first()
            .copied()
            .flatten()
            .filter(|_| starts.len() == 1)
    }

    /// Returns the ports for the services without one, by their positions, if the range begins at this port.
    pub(super) fn missing_at(&self, start: u16) -> Option<Vec<(usize, Port)>> {
        let missing = self.members.iter().filter(|it| it.wanted.held.is_none());
        let ports = missing.map(|it| {
            let port = start.checked_add(it.offset)?;
            Some((it.index, Port::new(port).ok()?))
        });
        ports.collect()
    }

    /// The error of a range whose other ports cannot follow those that are allocated.
    pub(super) fn cannot_grow(&self, invocation: &Invocation) -> Report {
        let held = self.members.iter().filter(|it| it.wanted.held.is_some());
        let held = held.filter_map(|it| it.wanted.held.as_ref());
        let names: Vec<&str> = held.map(|it| it.key.service()).collect();
        let line = invocation.of("release").with(&names);
        let (first, last) = (self.range.start(), self.range.end());
        Report::new(format!(
            "the range {first}-{last} cannot get consecutive ports, because some of its services have ports whose neighbours are allocated or in use"
        ))
        .hint(format!("`{line}` releases these, so that the range gets others"))
    }
}

/// Returns the first of so many consecutive ports that are in the registry's range and not among these. Those below the usual
/// ones come last.
pub(super) fn consecutive(unusable: &BTreeSet<u16>, length: usize) -> Result<u16, Report> {
    let allowed = Builder::from_env()?.range().unwrap_or(PortRange::ALL);
    first_gap(unusable, allowed, length).ok_or_else(|| {
        Report::new(format!(
            "no {length} consecutive ports are available in the range {allowed}"
        ))
        .hint(
            "`portctl prune` shows those that nothing needs; PORT_REGISTRY_RANGE widens the range",
        )
    })
}

fn first_gap(unusable: &BTreeSet<u16>, allowed: PortRange, length: usize) -> Option<u16> {
    let last_offset = u16::try_from(length).ok()?.checked_sub(1)?;
    let allowed = allowed.first().get()..=allowed.last().get();
    let is_gap = |start: &u16| {
        let last = start.checked_add(last_offset);
        last.is_some_and(|last| {
            let are_allowed = allowed.contains(start) && allowed.contains(&last);
            are_allowed && unusable.range(*start..=last).next().is_none()
        })
    };
    let mut starts = (FIRST_PORT..=u16::MAX).chain(1024..FIRST_PORT);
    starts.find(is_gap)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use port_registry::PortRange;

    use super::first_gap;

    #[test]
    fn range_begins_at_the_first_gap_that_is_long_enough() {
        for (unusable, length, expected) in [
            (&[][..], 3, Some(3000)),
            (&[3001, 3004], 3, Some(3005)),
            (&[3001, 3004], 2, Some(3002)),
            (&[3001], 1, Some(3000)),
        ] {
            let unusable: BTreeSet<u16> = unusable.iter().copied().collect();
            assert_eq!(first_gap(&unusable, PortRange::ALL, length), expected);
        }
        let high: BTreeSet<u16> = (3000..=u16::MAX).collect();
        assert_eq!(first_gap(&high, PortRange::ALL, 2), Some(1024));
        let allowed = "4000-4001".parse().unwrap();
        assert_eq!(first_gap(&BTreeSet::new(), allowed, 2), Some(4000));
        assert_eq!(first_gap(&BTreeSet::new(), allowed, 3), None);
        let all: BTreeSet<u16> = (0..=u16::MAX).collect();
        assert_eq!(first_gap(&all, PortRange::ALL, 1), None);
    }
}
