//! Published ports in the short syntax of Compose and Docker, `[[HOST_IP:]HOST:]CONTAINER[/PROTOCOL]`. `HOST` and
//! `CONTAINER` may be ranges (the Compose Specification, "ports").

use std::ops::RangeInclusive;

use port_registry::Port;

/// A host port that is forwarded to a container port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortMapping {
    pub(super) host: Port,
    pub(super) container: u16,
}

/// The text is not a published port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidMapping;

/// Parses the short syntax. Returns the fixed TCP host ports: none if the system chooses the port, or for UDP and
/// SCTP.
pub(super) fn parse(text: &str) -> Result<Vec<PortMapping>, InvalidMapping> {
    let (ports, protocol) = match text.trim().split_once('/') {
        Some((ports, protocol)) => (ports, protocol),
        None => (text.trim(), "tcp"),
    };
    let (before, container) = match ports.rsplit_once(':') {
        Some((before, container)) => (Some(before), container),
        None => (None, ports),
    };
    // Skip the address before the host port.
    let host = before.map(|it| it.rsplit_once(':').map_or(it, |(_, host)| host));
    of(host.unwrap_or_default(), container, protocol)
}

/// Like [`parse`], but takes the parts. An empty `host` lets the system choose the port.
pub(super) fn of(
    host: &str,
    container: &str,
    protocol: &str,
) -> Result<Vec<PortMapping>, InvalidMapping> {
    let container = range(container)?;
    let is_tcp = match protocol.to_ascii_lowercase().as_str() {
        "tcp" | "" => true,
        "udp" | "sctp" => false,
        _ => return Err(InvalidMapping),
    };
    if host.is_empty() {
        return Ok(Vec::new());
    }
    let host = range(host)?;
    let (hosts, containers) = (host.len(), container.len());
    if containers != 1 && hosts != containers {
        return Err(InvalidMapping);
    }
    if !is_tcp {
        return Ok(Vec::new());
    }
    let containers = container.clone().chain(std::iter::repeat(*container.end()));
    let mappings = host.zip(containers).filter_map(|(host, container)| {
        // The system chooses a port for 0, so it is not fixed.
        let host = Port::new(host).ok()?;
        Some(PortMapping { host, container })
    });
    Ok(mappings.collect())
}

/// Finds the published ports in the arguments of `docker run`, each with the index of its argument. Accepts
/// `-p 80:80`, `--publish 80:80`, `-p80:80`, `--publish=80:80`, and `-dp 80:80` with other one-letter flags.
pub(super) fn published<'a>(arguments: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut published = Vec::new();
    let mut indexes = 0..arguments.len();
    while let Some(index) = indexes.next() {
        let argument = arguments[index];
        let takes_next = argument == "--publish" || is_cluster_before_p(argument.strip_suffix('p'));
        if !takes_next {
            published.extend(attached(argument).map(|value| (index, value)));
        } else if let Some(next) = indexes.next() {
            published.push((next, arguments[next]));
        }
    }
    published
}

/// Returns the value of a publish flag within the same argument.
fn attached(argument: &str) -> Option<&str> {
    let value = argument.strip_prefix("--publish=").or_else(|| {
        let (cluster, value) = argument.split_once('p')?;
        let value = value.strip_prefix('=').unwrap_or(value);
        let is_address = value.starts_with(|c: char| c.is_ascii_digit() || c == '[');
        (is_cluster_before_p(Some(cluster)) && is_address).then_some(value)
    });
    value.filter(|value| !value.is_empty())
}

/// Accepts `-`, optionally followed by one-letter flags of `docker run` that take no value.
fn is_cluster_before_p(text: Option<&str>) -> bool {
    const WITHOUT_VALUE: &[char] = &['d', 'i', 't', 'P', 'q'];
    let letters = text.and_then(|text| text.strip_prefix('-'));
    letters.is_some_and(|letters| {
        letters
            .chars()
            .all(|letter| WITHOUT_VALUE.contains(&letter))
    })
}

/// Parses a port, or a range such as `9000-9002`.
pub(super) fn range(text: &str) -> Result<RangeInclusive<u16>, InvalidMapping> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(InvalidMapping);
    }
    Ok(first..=last)
}

fn number(text: &str) -> Result<u16, InvalidMapping> {
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number {
        return Err(InvalidMapping);
    }
    text.parse().map_err(|_| InvalidMapping)
}

#[cfg(test)]
mod tests {
    use super::{InvalidMapping, parse};

    fn ports(text: &str) -> Vec<(u16, u16)> {
        let mappings = parse(text).unwrap();
        mappings
            .iter()
            .map(|it| (it.host.get(), it.container))
            .collect()
    }

    #[test]
    fn host_ports_are_parsed_in_every_form() {
        for (text, expected) in [
            ("8080:80", &[(8080, 80)][..]),
            ("127.0.0.1:8080:80/tcp", &[(8080, 80)]),
            ("[::1]:8080:80/TCP", &[(8080, 80)]),
            ("::1:8080:80", &[(8080, 80)]),
            ("3000-3001:4000-4001", &[(3000, 4000), (3001, 4001)]),
            ("3000-3001:80", &[(3000, 80), (3001, 80)]),
            ("80", &[]),
            ("3000-3005", &[]),
            ("127.0.0.1::80", &[]),
            ("0:80", &[]),
            ("53:53/udp", &[]),
            ("1-65535:1-65535/sctp", &[]),
        ] {
            assert_eq!(ports(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_ports_are_rejected() {
        for text in [
            "",
            "abc",
            "abc:80",
            "80:abc",
            "70000:80",
            "80:70000",
            "+80:80",
            "80:80/http",
            "2-1:2-1",
            "1-3:1-2",
            "1-:80",
            "80:",
            "8080:80:",
            "-1:80",
            "8 0:80",
        ] {
            assert_eq!(parse(text), Err(InvalidMapping), "{text}");
        }
    }
}
