//! Ports of this machine in the values of env files.

use super::env_text::OutsideAssignment;

/// The hosts that mean this machine, as they stand before a port. A container's name means a network of its own.
pub(crate) const LOCAL_HOSTS: [&str; 5] = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "0.0.0.0",
    "host.docker.internal",
];

/// Returns the ports of this machine that a value mentions: behind a host, or as the value of a variable for a port.
pub(crate) fn mentioned_ports(assignment: &OutsideAssignment) -> Vec<u16> {
    let value = String::from_utf8_lossy(&assignment.value);
    let mut ports: Vec<u16> = LOCAL_HOSTS
        .into_iter()
        .flat_map(|host| ports_behind(&value, host))
        .collect();
    if assignment.name.ends_with("PORT") {
        let number = value.trim_matches(['"', '\'', '`']);
        ports.extend(number.parse::<u16>());
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn ports_behind<'a>(value: &'a str, host: &'a str) -> impl Iterator<Item = u16> + 'a {
    value.match_indices(host).filter_map(move |(at, _)| {
        // `mylocalhost` and `my.localhost` are other hosts.
        let before = value[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || ".-_".contains(it)) {
            return None;
        }
        let behind = value[at + host.len()..].strip_prefix(':')?;
        let end = behind.find(|it: char| !it.is_ascii_digit());
        behind[..end.unwrap_or(behind.len())].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::{OutsideAssignment, mentioned_ports};

    #[test]
    fn only_ports_of_this_machine_are_mentioned() {
        for (name, value, expected) in [
            ("URL", "postgres://app:dev@localhost:5432/shop", &[5432][..]),
            (
                "URL",
                "\"http://127.0.0.1:3000,http://[::1]:4000\"",
                &[3000, 4000],
            ),
            ("URL", "localhost:5432", &[5432]),
            ("URL", "http://localhost:99999/", &[]),
            ("URL", "postgres://db:5432/shop", &[]),
            ("URL", "http://shop.localhost:5432/", &[]),
            ("URL", "http://localhost/5432", &[]),
            ("URL", "5432", &[]),
            ("PGPORT", "'5432'", &[5432]),
            ("PORT", "localhost:3000", &[3000]),
            ("PORT", "${DB_PORT}", &[]),
        ] {
            let assignment = OutsideAssignment {
                line: 1,
                name: name.to_owned(),
                value: value.as_bytes().to_owned(),
            };
            assert_eq!(mentioned_ports(&assignment), expected, "{name}={value}");
        }
    }
}
