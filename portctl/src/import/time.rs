//! Times in files of allocations.

use port_registry::Timestamp;

/// Parses a time in RFC 3339; in the form of `SQLite`'s `CURRENT_TIMESTAMP`, in UTC and with a space; or in that of Go,
/// `2026-11-24 12:00:00.5 +0100 CET m=+0.1` (package time, `Time.String`).
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    /// The length of `2026-11-24T12:00:00`.
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
    // Clocks in a zone ahead of UTC reach a time of day earlier.
    let seconds = if offset < 0 {
        seconds.checked_add(shift)?
    } else {
        seconds.checked_sub(shift)?
    };
    Timestamp::from_unix_seconds(seconds).ok()
}

/// The seconds by which a zone is ahead of UTC: `Z`, `UTC`, `+01:00`, `-0730`.
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
    use super::parse_time;

    #[test]
    fn times_are_parsed_in_all_forms() {
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
            let time = parse_time(text).unwrap_or_else(|| panic!("{text}"));
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
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
