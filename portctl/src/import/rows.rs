//! Allocations as they are written to files: by `portctl export`, by the server of the Go program of the
//! same name, and by `sqlite3 -json` from its database.

use std::path::Path;

use port_registry::{Claim, ListenerPolicy, Port, ServiceKey, Timestamp};
use serde::Deserialize;

use crate::report::Report;

/// An allocation of a file. What else the file says of it, such as its id, is left out.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
struct Row {
    app: String,
    instance: String,
    service: String,
    port: i64,
    created_at: Option<String>,
    dir: Option<String>,
}

/// The claims that the allocations of a file make, in their order.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Claim>, Report> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(Report::new("it is empty, so there is nothing to import"));
    }
    let rows: Vec<serde_json::Value> = serde_json::from_slice(text).map_err(|error| {
        Report::new(format!("it is no JSON array of allocations: {error}"))
            .hint("`portctl export`, `sqlite3 -json` and GET /v1/allocations print one")
    })?;
    let mut claims = Vec::with_capacity(rows.len());
    let mut problems = Vec::new();
    for (number, row) in (1..).zip(rows) {
        match claim(row) {
            Ok(claim) => claims.push(claim),
            Err(problem) => {
                problems.push(Report::new(format!("allocation {number}: {problem}")));
            }
        }
    }
    if problems.is_empty() {
        return Ok(claims);
    }
    let count = problems.len();
    Err(
        Report::new(format!("{count} of its allocations cannot be read"))
            .hint("mend them; none was imported")
            .conflicts(problems),
    )
}

fn claim(row: serde_json::Value) -> Result<Claim, String> {
    let row: Row = serde_json::from_value(row).map_err(|error| error.to_string())?;
    let key = ServiceKey::new(row.app, row.instance, row.service);
    let key = key.map_err(|error| error.to_string())?;
    let port = u16::try_from(row.port).ok();
    let port = port.and_then(|port| Port::new(port).ok());
    let port = port.ok_or("the port must be between 1 and 65535")?;
    // What is imported may be running.
    let mut claim = Claim::new(key)
        .with_port(port)
        .with_listener_policy(ListenerPolicy::Adopt);
    if let Some(text) = row.created_at.filter(|text| !text.is_empty()) {
        let time = time(&text).ok_or_else(|| format!("created_at is no time: {text}"))?;
        claim = claim.with_created_at(time);
    }
    if let Some(dir) = row.dir.filter(|dir| !dir.is_empty()) {
        if !Path::new(&dir).is_absolute() {
            return Err(format!("dir must be an absolute path: {dir}"));
        }
        claim = claim.with_dir(dir).map_err(|error| error.to_string())?;
    }
    Ok(claim)
}

/// A time as RFC 3339 has it; as `SQLite`'s `CURRENT_TIMESTAMP` has it, in UTC and with a space; or as Go
/// prints one, `2026-11-24 12:00:00.5 +0100 CET m=+0.1` (package time, `Time.String`).
fn time(text: &str) -> Option<Timestamp> {
    /// As long as `2026-11-24T12:00:00`.
    const LENGTH: usize = 19;
    let (date_and_time, rest) = text.trim().split_at_checked(LENGTH)?;
    let date_and_time = date_and_time.replace(' ', "T");
    let seconds = format!("{date_and_time}Z").parse::<Timestamp>().ok()?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let zone = rest.split_ascii_whitespace().next().unwrap_or("Z");
    let seconds = seconds.unix_seconds();
    let offset = offset(zone)?;
    let shift = offset.unsigned_abs();
    // A zone ahead of UTC is at the same time of day earlier.
    let seconds = if offset < 0 {
        seconds.checked_add(shift)?
    } else {
        seconds.checked_sub(shift)?
    };
    Timestamp::from_unix_seconds(seconds)
}

/// The seconds that a zone is ahead of UTC: `Z`, `UTC`, `+01:00`, `-0730`.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let is_offset = hours < 24 && minutes < 60;
    is_offset.then_some(sign * (hours * 60 + minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::{parse, time};

    #[test]
    fn times_are_read_in_all_the_ways_that_they_are_written() {
        for (text, expected) in [
            ("2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"),
            ("2026-11-24 12:00:00", "2026-11-24T12:00:00Z"),
            ("2026-11-24 12:00:00.987654321", "2026-11-24T12:00:00Z"),
            (
                "2026-11-24T12:00:00.123456789+01:00",
                "2026-11-24T11:00:00Z",
            ),
            ("2026-11-24 12:00:00+00:00", "2026-11-24T12:00:00Z"),
            ("2026-11-24 00:30:00.5 -0730 -0730", "2026-11-24T08:00:00Z"),
            (
                "2026-11-24 12:00:00.5 +0100 CET m=+0.012345678",
                "2026-11-24T11:00:00Z",
            ),
            ("2026-11-24 12:00:00 +0000 UTC", "2026-11-24T12:00:00Z"),
        ] {
            let time = time(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(time.to_string(), expected, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-11-24",
            "2026-13-24 12:00:00",
            "2026-11-24 12:00:00 CET",
            "2026-11-24 12:00:00+1",
            "2026-11-24 12:00:00+24:00",
            "1969-12-31 23:59:59",
            "1970-01-01 00:00:00 +0100",
            "2026-11-24 12:00:0\u{e9}",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let problem = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert!(problem(" \n").error.contains("empty"));
        assert!(problem("{}").error.contains("no JSON array"));
        let rows = r#"[
            {"app": "a", "instance": "i", "service": "s", "port": 0},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "id": "x"},
            {"app": "", "instance": "i", "service": "s", "port": 1},
            {"app": "a", "instance": "i", "service": "s"},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "created_at": "now"},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "dir": "here"}
        ]"#;
        let report = problem(rows);
        let told: Vec<&str> = report.conflicts.iter().map(|it| &*it.error).collect();
        assert_eq!(
            told,
            [
                "allocation 1: the port must be between 1 and 65535",
                "allocation 3: the app name must not be empty",
                "allocation 4: missing field `port`",
                "allocation 5: created_at is no time: now",
                "allocation 6: dir must be an absolute path: here",
            ]
        );
    }
}
