//! The order in which free ports are allocated to claims on any port.
//!
//! Ports are ordered by preference class, and by number within a class. The classes together cover the whole range
//! 1-65535, so that even the last free port is found.

use std::ops::RangeInclusive;

use super::omitted_ports::OmittedPorts;
use crate::types::port::Port;
use crate::types::range::PortRange;

/// The default port of the daemon, 51234. It is among the last ports to be allocated.
pub(crate) const DAEMON_PORT: u16 = 51234;

/// The first of the ports that dev servers commonly use.
const FIRST_PREFERRED: u16 = 3000;
/// The first port that every user may bind, because system ports end at 1023 (RFC 6335, section 6).
const FIRST_USER_PORT: u16 = 1024;

/// The order in which free ports are allocated.
#[derive(Clone, Debug)]
pub(crate) struct AssignmentOrder {
    range: PortRange,
    ephemeral: RangeInclusive<u16>,
    omitted: OmittedPorts,
}

/// The preference class of a port, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// From 3000 up to the ephemeral range.
    Preferred,
    /// 1024-2999.
    Low,
    /// The ephemeral range, from which the kernel chooses the ports of clients, and the ports above it.
    Spare,
    /// 1-1023, which only privileged users may bind.
    System,
    /// The ports that all other classes omit.
    Omitted,
}

impl Class {
    const ALL: [Class; 5] = [
        Class::Preferred,
        Class::Low,
        Class::Spare,
        Class::System,
        Class::Omitted,
    ];
}

impl AssignmentOrder {
    /// Returns the order for this machine, within `range`.
    pub(crate) fn of_this_system(range: PortRange) -> AssignmentOrder {
        AssignmentOrder::new(
            range,
            ephemeral_range(),
            OmittedPorts::of_this_system(DAEMON_PORT),
        )
    }

    fn new(
        range: PortRange,
        ephemeral: RangeInclusive<u16>,
        omitted: OmittedPorts,
    ) -> AssignmentOrder {
        AssignmentOrder {
            range,
            ephemeral,
            omitted,
        }
    }

    /// Returns the range that ports are allocated from.
    pub(crate) fn range(&self) -> PortRange {
        self.range
    }

    /// Returns the intervals in which to search for a free port, the best first. With `after`, the search goes on
    /// behind that port, which an earlier search ended with.
    pub(crate) fn spans(&self, after: Option<Port>) -> impl Iterator<Item = ClassSpan<'_>> {
        let after = after.map(|port| (self.class(port.get()), port.get()));
        Class::ALL.into_iter().filter_map(move |class| {
            let span = self.span(class)?;
            let ports = match after {
                Some((reached, _)) if class < reached => return None,
                Some((reached, port)) if class == reached => {
                    let next = port.checked_add(1)?;
                    (next <= *span.end()).then_some(next..=*span.end())?
                }
                _ => span,
            };
            Some(ClassSpan {
                order: self,
                class,
                ports,
            })
        })
    }

    /// Returns all ports of the range, the best first.
    pub(crate) fn ports(&self) -> impl Iterator<Item = Port> {
        self.spans(None).flat_map(|it| it.of_class(it.ports()))
    }

    /// Returns the smallest interval of the range that contains all ports of a class.
    fn span(&self, class: Class) -> Option<RangeInclusive<u16>> {
        let (first, last) = match class {
            Class::Preferred => (FIRST_PREFERRED, self.ephemeral.start() - 1),
            Class::Low => (FIRST_USER_PORT, FIRST_PREFERRED - 1),
            Class::Spare => (FIRST_USER_PORT.max(*self.ephemeral.start()), u16::MAX),
            Class::System => (1, FIRST_USER_PORT - 1),
            Class::Omitted => (1, u16::MAX),
        };
        let first = first.max(self.range.first().get());
        let last = last.min(self.range.last().get());
        (first <= last).then_some(first..=last)
    }

    fn class(&self, port: u16) -> Class {
        if self.omitted.contains(port) {
            Class::Omitted
        } else if port < FIRST_USER_PORT {
            Class::System
        } else if port >= *self.ephemeral.start() {
            Class::Spare
        } else if port < FIRST_PREFERRED {
            Class::Low
        } else {
            Class::Preferred
        }
    }
}

/// An interval of ports, of which only those of one class count.
#[derive(Debug)]
pub(crate) struct ClassSpan<'a> {
    order: &'a AssignmentOrder,
    class: Class,
    ports: RangeInclusive<u16>,
}

impl<'a> ClassSpan<'a> {
    /// Returns the interval.
    pub(crate) fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }

    /// Returns the ports of the class in a part of the interval, in ascending order.
    pub(crate) fn of_class(
        &self,
        part: RangeInclusive<u16>,
    ) -> impl Iterator<Item = Port> + use<'a> {
        let (order, class) = (self.order, self.class);
        let of_class = part.filter(move |&port| order.class(port) == class);
        of_class.filter_map(|port| Port::new(port).ok())
    }
}

/// Returns the ports that the kernel chooses for clients.
fn ephemeral_range() -> RangeInclusive<u16> {
    // Linux: ip(7), ip_local_port_range. macOS and Windows use the range of RFC 6335.
    const LINUX_DEFAULT: RangeInclusive<u16> = 32768..=60999;
    const DYNAMIC_PORTS: RangeInclusive<u16> = 49152..=65535;
    if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
            .ok()
            .and_then(|text| parse_ephemeral_range(&text))
            .unwrap_or(LINUX_DEFAULT)
    } else {
        DYNAMIC_PORTS
    }
}

fn parse_ephemeral_range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ends = text.split_whitespace().map(str::parse);
    let (Some(Ok(first)), Some(Ok(last)), None) = (ends.next(), ends.next(), ends.next()) else {
        return None;
    };
    (1 <= first && first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::super::omitted_ports::OmittedPorts;
    use super::{AssignmentOrder, DAEMON_PORT, parse_ephemeral_range};
    use crate::types::port::Port;

    /// Returns all ports of a range in their order.
    fn order(range: &str, ephemeral: RangeInclusive<u16>, airplay: bool) -> Vec<u16> {
        let omitted = OmittedPorts::new(DAEMON_PORT, airplay, &[]);
        ports_after(&assignment(range, ephemeral, omitted), None)
    }

    fn assignment(
        range: &str,
        ephemeral: RangeInclusive<u16>,
        omitted: OmittedPorts,
    ) -> AssignmentOrder {
        AssignmentOrder::new(range.parse().unwrap(), ephemeral, omitted)
    }

    fn ports_after(order: &AssignmentOrder, after: Option<Port>) -> Vec<u16> {
        let mut ports = Vec::new();
        for span in order.spans(after) {
            ports.extend(span.of_class(span.ports()).map(Port::get));
        }
        ports
    }

    #[test]
    fn every_port_is_ordered_once_with_every_ephemeral_range() {
        for ephemeral in [
            32768..=60999,
            1024..=65535,
            1..=65535,
            49152..=65535,
            2000..=2500,
        ] {
            let mut ports = order("1-65535", ephemeral.clone(), true);
            ports.sort_unstable();
            assert!(ports.into_iter().eq(1..=65535), "{ephemeral:?}");
        }
    }

    #[test]
    fn a_search_goes_on_behind_a_port() {
        let all = order("2990-6700", 32768..=60999, false);
        let omitted = OmittedPorts::new(DAEMON_PORT, false, &[]);
        let assignment = assignment("2990-6700", 32768..=60999, omitted);
        for at in [0, 1, 1000, all.len() - 20, all.len() - 2, all.len() - 1] {
            let rest = ports_after(&assignment, Some(Port::new(all[at]).unwrap()));
            assert_eq!(rest, all[at + 1..]);
        }
    }

    #[test]
    fn the_classes_follow_each_other() {
        let ports = order("1-65535", 32768..=60999, false);
        let at = |port| ports.iter().position(|&p| p == port).unwrap();
        assert_eq!(ports[0], 3000);
        assert_eq!(at(1024), at(32767) + 1);
        assert_eq!(at(32768), at(2999) + 1);
        assert_eq!(at(2), at(65535) + 1);
        assert_eq!(at(1), at(1023) + 1, "blocked ports come last of all");
        let mut omitted = ports[at(1)..].to_vec();
        assert_eq!(omitted.len(), 83);
        assert!(omitted.is_sorted(), "by number within a class");
        // The Fetch standard's list above 1023, and the daemon's own port.
        omitted.retain(|&port| port > 1023);
        let blocked = [
            1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
            6668, 6669, 6679, 6697, 10080, 51234,
        ];
        assert_eq!(omitted, blocked);
    }

    #[test]
    fn ports_that_browsers_block_come_last_in_a_range() {
        assert_eq!(
            order("6664-6670", 32768..=60999, false),
            [6664, 6670, 6665, 6666, 6667, 6668, 6669]
        );
        assert_eq!(order("1023-1024", 32768..=60999, false), [1024, 1023]);
        assert_eq!(order("993-996", 32768..=60999, false), [994, 996, 993, 995]);
        assert_eq!(order("51234-51235", 60000..=61000, false), [51235, 51234]);
        assert_eq!(order("4999-5001", 49152..=65535, true), [4999, 5001, 5000]);
    }

    #[test]
    fn ports_that_browsers_block_come_last_where_every_port_is_ephemeral() {
        assert_eq!(
            order("5999-6002", 1024..=65535, false),
            [5999, 6001, 6002, 6000]
        );
        assert_eq!(
            order("6664-6670", 1024..=65535, false),
            [6664, 6670, 6665, 6666, 6667, 6668, 6669]
        );
    }

    #[test]
    fn reserved_ports_come_last_of_all() {
        let omitted = OmittedPorts::new(DAEMON_PORT, false, &[3000..=3001, 1000..=1000]);
        assert_eq!(
            ports_after(
                &assignment("3000-3003", 32768..=60999, omitted.clone()),
                None
            ),
            [3002, 3003, 3000, 3001]
        );
        assert_eq!(
            ports_after(&assignment("998-1001", 32768..=60999, omitted), None),
            [998, 999, 1001, 1000]
        );
    }

    #[test]
    fn ports_above_the_ephemeral_range_come_with_it() {
        assert_eq!(
            order("2999-4003", 3001..=4001, false)[..3],
            [3000, 2999, 3001]
        );
        assert_eq!(order("3999-4003", 4000..=4001, false)[0], 3999);
    }

    #[test]
    fn an_early_ephemeral_range_comes_after_the_low_ports() {
        let ports = order("1024-4000", 2000..=60999, false);
        assert_eq!(ports[0], 1024);
        assert_eq!(
            ports.last(),
            Some(&3659),
            "the highest blocked port of the range"
        );
    }

    #[test]
    fn the_kernel_setting_is_read_as_two_ports() {
        assert_eq!(parse_ephemeral_range("32768\t60999\n"), Some(32768..=60999));
        for text in ["", "1", "0 5", "9 5", "1 2 3", "x y", "1 65536"] {
            assert_eq!(parse_ephemeral_range(text), None, "{text:?}");
        }
    }
}
