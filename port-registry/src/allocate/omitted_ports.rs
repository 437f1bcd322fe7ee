//! The ports that are allocated only when no other port is left.

use std::fmt;
use std::ops::RangeInclusive;

/// The "bad ports" of the Fetch standard, which browsers refuse to open
/// (<https://fetch.spec.whatwg.org/#port-blocking>).
const BLOCKED_BY_BROWSERS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

/// The ports on which macOS itself listens, for `AirPlay`.
const AIRPLAY: [u16; 2] = [5000, 7000];

/// A set of ports, by number, because a search may ask for each of the 65,535 ports.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OmittedPorts {
    is_omitted: Vec<bool>,
}

impl OmittedPorts {
    /// Returns the ports to omit on this machine, and the daemon's.
    pub(super) fn of_this_system(daemon: u16) -> OmittedPorts {
        OmittedPorts::new(daemon, cfg!(target_os = "macos"), &reserved_ports())
    }

    pub(super) fn new(
        daemon: u16,
        airplay: bool,
        reserved: &[RangeInclusive<u16>],
    ) -> OmittedPorts {
        let mut is_omitted = vec![false; usize::from(u16::MAX) + 1];
        let airplay = AIRPLAY.into_iter().filter(|_| airplay);
        let reserved = reserved.iter().cloned().flatten();
        for port in BLOCKED_BY_BROWSERS
            .into_iter()
            .chain(airplay)
            .chain(reserved)
        {
            is_omitted[usize::from(port)] = true;
        }
        is_omitted[usize::from(daemon)] = true;
        OmittedPorts { is_omitted }
    }

    pub(super) fn contains(&self, port: u16) -> bool {
        self.is_omitted[usize::from(port)]
    }
}

impl fmt::Debug for OmittedPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = (0..=u16::MAX).filter(|&port| self.contains(port));
        f.debug_set().entries(ports).finish()
    }
}

/// Returns the ports that the administrator keeps the kernel from choosing, because a service is to have them.
fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports")
        .ok()
        .and_then(|text| parse_reserved_ports(&text))
        .unwrap_or_default()
}

/// Parses a list such as `8080,9148-9200`. Returns `None` if any part of it is something else.
fn parse_reserved_ports(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parse = |part: &str| -> Option<RangeInclusive<u16>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(first..=last)
    };
    text.split(',').map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::{BLOCKED_BY_BROWSERS, OmittedPorts, parse_reserved_ports};

    #[test]
    fn each_port_is_omitted_for_a_reason() {
        let omitted = OmittedPorts::new(51234, true, &[8080..=8080, 65530..=65535]);
        let ports: Vec<u16> = (0..=u16::MAX).filter(|&it| omitted.contains(it)).collect();
        let mut expected = BLOCKED_BY_BROWSERS.to_vec();
        expected.extend([5000, 7000, 8080, 51234]);
        expected.extend(65530..=65535);
        expected.sort_unstable();
        assert_eq!(ports, expected);
        assert!(format!("{omitted:?}").starts_with("{1, 7, 9,"));
        let without_airplay = OmittedPorts::new(51234, false, &[]);
        assert!(!without_airplay.contains(5000) && !without_airplay.contains(7000));
    }

    #[test]
    fn reserved_ports_are_read_as_a_list_of_ranges() {
        let parse = parse_reserved_ports;
        assert_eq!(parse("\n"), Some(vec![]));
        assert_eq!(parse("8080\n"), Some(vec![8080..=8080]));
        assert_eq!(
            parse("8080,9148-9200,65535\n"),
            Some(vec![8080..=8080, 9148..=9200, 65535..=65535])
        );
        for text in [
            "x", "1,", ",1", "1-", "-1", "9-1", "1 2", "1-2-3", "65536", "1,,2",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
